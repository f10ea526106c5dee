"""An HTTP server that people sign in to by NTLM, as pyspnego understands it. How it is talked to stands in web.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import spnego
from spnego._ntlm_raw.messages import Authenticate, AvFlags, AvId, NTClientChallengeV2
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

import web


class Ntlm:
    """The method."""

    def prepare(self, settings: dict[str, Any], folder: Path) -> dict[str, Any]:
        self.checks: str = settings["binding"]
        self.users = folder / "users"
        os.environ["NTLM_USER_FILE"] = str(self.users)
        return {}

    def change(self, users: dict[str, str]) -> None:
        # pyspnego's list: DOMAIN:user:password.
        lines = []
        for name, password in users.items():
            domain, _, user = name.rpartition("\\")
            lines.append(f"{domain}:{user}:{password}\n")
        self.users.write_text("".join(lines), encoding="utf-8")

    def begin(self, binding: bytes | None) -> Exchange:
        return Exchange(self.checks, GssChannelBindings(application_data=binding) if binding else None)


class Exchange:
    """The three messages of one connection."""

    def __init__(self, checks: str, binding: GssChannelBindings | None) -> None:
        self.checks = checks
        self.binding = binding
        self.context = spnego.server(protocol="ntlm")
        self.begun = False

    def step(self, message: bytes, seen: web.Connection) -> bytes | str:
        if not self.begun:
            self.begun = True
            seen.begun += 1
            return self.context.step(message) or b""
        seen.tried += 1
        try:
            return self.check(message, seen)
        except SpnegoError as error:
            raise web.Refused(f"{type(error).__name__}: {error}") from error

    def check(self, message: bytes, seen: web.Connection) -> str:
        """Takes the third message; who it is."""
        authenticate = Authenticate.unpack(message)
        answer = authenticate.nt_challenge_response or b""
        if len(answer) <= 24 or any(authenticate.lm_challenge_response or b""):
            raise web.Refused("an answer of LM or NTLMv1")
        pairs = NTClientChallengeV2.unpack(answer[16:]).av_pairs
        if not pairs.get(AvId.flags, 0) & AvFlags.mic:
            raise web.Refused("no seal")
        sent = pairs.get(AvId.channel_bindings)
        seen.bound = sent is not None
        if self.checks != "none" and sent == b"\0" * 16:
            # pyspnego lets zeros pass, Windows does not.
            raise web.Refused("a binding of zeros")
        checked = self.checks == "require" or (self.checks == "allow" and sent is not None)
        self.context.step(message, channel_bindings=self.binding if checked else None)
        return str(self.context.client_principal)


if __name__ == "__main__":
    web.run(Ntlm())
