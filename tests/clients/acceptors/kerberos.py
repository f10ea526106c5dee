"""An HTTP server that people sign in to by Kerberos, with a realm of its own: MIT's KDC and its GSS-API. How it is talked
to stands in web.py; `users` are names in the realm EXAMPLE.TEST.

When it is ready it also tells the KDC's address (`kdc`) and the file in which the KDC writes down what it is asked
(`log`). Nothing runs as a service: all files are in a temporary folder, all ports on loopback.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import gssapi
from gssapi.raw import ChannelBindings

import web

REALM = "EXAMPLE.TEST"
#: Longest that the KDC may take to start, in seconds.
PATIENCE = 30


class Kerberos:
    """The method."""

    def prepare(self, settings: dict[str, Any], folder: Path) -> dict[str, Any]:
        self.checks: str = settings["binding"]
        self.known: set[str] = set()
        log, keytab = folder / "kdc.log", folder / "keytab"
        os.environ["PATH"] += ":/usr/sbin"
        os.environ["KRB5_CONFIG"] = str(folder / "krb5.conf")
        os.environ["KRB5_KDC_PROFILE"] = str(folder / "kdc.conf")
        os.environ["KRB5_KTNAME"] = str(keytab)
        os.environ["KRB5RCACHEDIR"] = str(folder)
        write_settings(folder, log, free_port())
        run("kdb5_util", "create", "-s", "-r", REALM, "-P", "only for tests")
        self.kadmin("addprinc -randkey HTTP/localhost")
        self.kadmin(f"ktadd -k {keytab} HTTP/localhost")
        for _ in range(5):
            port = free_port()
            write_settings(folder, log, port)
            if start(port):
                break
        else:
            raise RuntimeError("the KDC gets no port")
        return {"kdc": f"tcp://127.0.0.1:{port}", "log": str(log)}

    def kadmin(self, query: str) -> None:
        run("kadmin.local", "-r", REALM, "-q", query)

    def change(self, users: dict[str, str]) -> None:
        for name, password in users.items():
            # `name#aes128` is a user whose only key is of that kind.
            name, _, kind = name.partition("#")
            kinds = "-e aes128-cts-hmac-sha1-96:normal" if kind else ""
            verb = "cpw" if name in self.known else "addprinc"
            self.kadmin(f'{verb} {kinds} -pw "{password}" {name}')
            self.known.add(name)

    def begin(self, binding: bytes | None) -> Showing:
        return Showing(self.checks, ChannelBindings(application_data=binding) if binding else None)


class Showing:
    """The one message of a connection."""

    def __init__(self, checks: str, binding: ChannelBindings | None) -> None:
        self.checks = checks
        self.context = gssapi.SecurityContext(
            usage="accept", channel_bindings=binding if checks != "none" else None
        )
        # Else a refusal that has a token to it would only be told at the next step.
        self.context.__DEFER_STEP_ERRORS__ = False

    def step(self, message: bytes, seen: web.Connection) -> bytes | str:
        seen.tried += 1
        try:
            self.context.step(message)
        except gssapi.exceptions.GSSError as error:
            raise web.Refused(f"{type(error).__name__}: {error}") from error
        seen.bound = bool(self.context.actual_flags & gssapi.RequirementFlag.channel_bound)
        if self.checks == "require" and not seen.bound:
            raise web.Refused("no binding")
        if not self.context.complete:
            raise web.Refused("one message is not enough")
        return str(self.context.initiator_name)


def run(*command: str) -> None:
    done = subprocess.run(command, env=os.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    # kadmin.local says what failed and ends with 0.
    if done.returncode != 0 or "while" in done.stderr:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


def write_settings(folder: Path, log: Path, port: int) -> None:
    (folder / "krb5.conf").write_text(
        f"""[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
[realms]
  {REALM} = {{
    kdc = 127.0.0.1:{port}
  }}
[logging]
  kdc = FILE:{log}
"""
    )
    (folder / "kdc.conf").write_text(
        f"""[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {REALM} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
    default_principal_flags = +preauth
  }}
"""
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def start(port: int) -> bool:
    """Starts the KDC and waits for it. Whether it got its port."""
    command = ["krb5kdc", "-n", "-r", REALM]
    kdc = subprocess.Popen(command, env=os.environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    atexit.register(kdc.kill)
    deadline = time.monotonic() + PATIENCE
    while kdc.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError("the KDC does not start") from None
            time.sleep(0.02)
    return False


if __name__ == "__main__":
    web.run(Kerberos())
