"""An HTTP server that people sign in to by NTLM: Microsoft's protocol as pyspnego understands it.

Started with one argument, a JSON object:

    tls          whether it speaks HTTPS
    certificate  the kind of its certificate: rsa-sha256, rsa-sha512, ecdsa-sha384
    proxy        whether something in front of it ends TLS with a certificate of its own
    binding      what it does with channel bindings: none, allow (checks one that is sent), require
    schemes      what it offers in WWW-Authenticate, one header line each
    users        user names (DOMAIN\\user, user@domain, user) with their passwords

It prints one line of JSON when it is ready (`port`; `fingerprint` of the certificate that clients see), then one for
each line that it reads: what happened up to then, connection by connection. Each line is a JSON object like `users` that
replaces it, or `null`. It ends when its input ends.

Every path answers a signed-in request with what it knows of it. `/401` refuses it in the middle of the session,
`/hangup` closes the connection after the answer without saying so.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
import socket
import ssl
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from spnego._ntlm_raw.messages import Authenticate, AvFlags, AvId, NTClientChallengeV2
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

HASHES = {"rsa-sha256": hashes.SHA256(), "rsa-sha512": hashes.SHA512(), "ecdsa-sha384": hashes.SHA384()}


@dataclass
class Connection:
    """What happened on one connection."""

    #: First messages.
    begun: int = 0
    #: Third messages.
    tried: int = 0
    #: Whether the last third message bore a binding.
    bound: bool | None = None
    #: Why third messages were refused.
    refusals: list[str] = field(default_factory=list)
    #: Who is signed in.
    user: str | None = None
    #: Requests of that user.
    requests: int = 0
    #: Requests that came with a token although somebody was signed in.
    tokens_too_many: int = 0
    #: Bytes of bodies that came before the third message.
    early_bytes: int = 0


def make_certificate(kind: str, folder: Path) -> tuple[Path, bytes]:
    """A self-signed certificate with its key as a PEM file, and the certificate as DER."""
    rsa_key = kind.startswith("rsa")
    key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, HASHES[kind])
    )
    pem = folder / f"{kind}-{certificate.serial_number}.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return pem, certificate.public_bytes(serialization.Encoding.DER)


def binding_to(certificate: bytes) -> GssChannelBindings:
    """tls-server-end-point: the hash is the one of the certificate's own signature."""
    algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    assert algorithm is not None
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())


def server_context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class Acceptor(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings: dict[str, Any], pem: Path, certificate: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.settings = settings
        self.binding = binding_to(certificate) if settings["tls"] else None
        self.connections: list[Connection] = []
        self.lock = threading.Lock()
        if settings["tls"]:
            # The handshake is done by the connection's own thread.
            self.socket = server_context(pem).wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


class Refused(Exception):
    """A sign-in that comes to nothing, with its reason."""


class Handler(BaseHTTPRequestHandler):
    """One connection, from its first to its last byte."""

    protocol_version = "HTTP/1.1"
    server: Acceptor

    def setup(self) -> None:
        super().setup()
        self.seen = Connection()
        self.context: Any = None
        with self.server.lock:
            self.server.connections.append(self.seen)

    def log_message(self, *_: Any) -> None:
        """Standard error is for faults."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if self.seen.user is not None:
            self.seen.tokens_too_many += bool(token)
            self.answer_user(body)
            return
        if not token or scheme.lower() not in (offered.lower() for offered in self.server.settings["schemes"]):
            self.seen.early_bytes += len(body)
            self.ask()
            return
        message = base64.b64decode(token, validate=True)
        if self.context is None:
            self.seen.begun += 1
            self.seen.early_bytes += len(body)
            self.context = spnego.server(protocol="ntlm")
            challenge = self.context.step(message)
            self.ask(f"{scheme} {base64.b64encode(challenge).decode()}")
            return
        self.seen.tried += 1
        try:
            self.seen.user = self.check(message)
        except (Refused, SpnegoError) as refusal:
            self.seen.refusals.append(f"{type(refusal).__name__}: {refusal}")
            self.context = None
            self.ask()
            return
        self.answer_user(body)

    def check(self, message: bytes) -> str:
        """Takes the third message; who it is."""
        authenticate = Authenticate.unpack(message)
        answer = authenticate.nt_challenge_response or b""
        if len(answer) <= 24 or any(authenticate.lm_challenge_response or b""):
            raise Refused("an answer of LM or NTLMv1")
        pairs = NTClientChallengeV2.unpack(answer[16:]).av_pairs
        if not pairs.get(AvId.flags, 0) & AvFlags.mic:
            raise Refused("no seal")
        sent = pairs.get(AvId.channel_bindings)
        self.seen.bound = sent is not None
        mode = self.server.settings["binding"]
        if mode != "none" and sent == b"\0" * 16:
            # pyspnego lets zeros pass, Windows does not.
            raise Refused("a binding of zeros")
        checked = self.server.binding if mode == "require" or (mode == "allow" and sent is not None) else None
        self.context.step(message, channel_bindings=checked)
        return str(self.context.client_principal)

    def ask(self, challenge: str | None = None) -> None:
        self.send_response(401)
        for scheme in [challenge] if challenge else self.server.settings["schemes"]:
            self.send_header("WWW-Authenticate", scheme)
        self.end_with(b"not signed in")

    def answer_user(self, body: bytes) -> None:
        if self.path == "/401":
            self.ask()
            return
        self.seen.requests += 1
        self.send_response(200)
        answer = {"user": self.seen.user, "body": hashlib.sha256(body).hexdigest(), "request": self.seen.requests}
        self.end_with(json.dumps(answer).encode())
        self.close_connection = self.path == "/hangup"

    def end_with(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Proxy:
    """Something in front that ends TLS with a certificate of its own and speaks TLS to the server behind it."""

    def __init__(self, pem: Path, behind: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._front = server_context(pem)
        self._back = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._back.check_hostname = False
        self._back.verify_mode = ssl.CERT_NONE
        self._behind = behind
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            front = self._front.wrap_socket(client, server_side=True)
            back = self._back.wrap_socket(socket.create_connection(("127.0.0.1", self._behind)))
        except OSError:
            client.close()
            return
        for source, sink in ((front, back), (back, front)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def write_users(users: dict[str, str], path: Path) -> None:
    """pyspnego's list of users: DOMAIN:user:password."""
    lines = []
    for name, password in users.items():
        domain, _, user = name.rpartition("\\")
        lines.append(f"{domain}:{user}:{password}\n")
    path.write_text("".join(lines), encoding="utf-8")


def main() -> None:
    settings = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="busylamp-acceptor-") as name:
        folder = Path(name)
        write_users(settings["users"], folder / "users")
        os.environ["NTLM_USER_FILE"] = str(folder / "users")
        pem, certificate = make_certificate(settings["certificate"], folder)
        server = Acceptor(settings, pem, certificate)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port, shown = server.server_address[1], certificate
        if settings["proxy"]:
            pem, shown = make_certificate("rsa-sha256", folder)
            port = Proxy(pem, port).port
        print(json.dumps({"port": port, "fingerprint": hashlib.sha256(shown).hexdigest()}), flush=True)
        for line in sys.stdin:
            if (users := json.loads(line)) is not None:
                write_users(users, folder / "users")
            with server.lock:
                seen = [asdict(connection) for connection in server.connections]
            print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
