"""What every acceptor is: an HTTP server on loopback with a certificate, perhaps something that ends TLS in front of it,
and a record of what happened on each connection.

An acceptor is started with one argument, a JSON object:

    tls          whether it speaks HTTPS
    certificate  the kind of its certificate: rsa-sha256, rsa-sha512, ecdsa-sha384
    proxy        whether something in front of it ends TLS with a certificate of its own
    binding      what it does with channel bindings: none, allow (checks one that is sent), require
    schemes      what it offers in WWW-Authenticate, one header line each
    users        user names with their passwords

It prints one line of JSON when it is ready (`port`; `fingerprint` of the certificate that clients see; what else the
method has to say), then one for each line that it reads: what happened up to then, connection by connection. Each line
is a JSON object like `users` that replaces it, or `null`. It ends when its input ends.

Every path answers a signed-in request with what it knows of it. `/401` refuses it in the middle of the session,
`/hangup` closes the connection after the answer without saying so.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import select
import socket
import ssl
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

HASHES = {"rsa-sha256": hashes.SHA256(), "rsa-sha512": hashes.SHA512(), "ecdsa-sha384": hashes.SHA384()}


@dataclass
class Connection:
    """What happened on one connection."""

    #: First messages of several.
    begun: int = 0
    #: Messages that are a client's last word.
    tried: int = 0
    #: Whether the last one bore a binding.
    bound: bool | None = None
    #: Why they were refused.
    refusals: list[str] = field(default_factory=list)
    #: Who is signed in.
    user: str | None = None
    #: Requests of that user.
    requests: int = 0
    #: Requests that came with a token although somebody was signed in.
    tokens_too_many: int = 0
    #: Bytes of bodies that came before the last word.
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


def end_point(certificate: bytes) -> bytes:
    """The binding tls-server-end-point: the hash is the one of the certificate's own signature."""
    algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    assert algorithm is not None
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return b"tls-server-end-point:" + digest.finalize()


def server_context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


class Refused(Exception):
    """A sign-in that comes to nothing, with its reason."""


class Conversation(Protocol):
    """The sign-in of one connection."""

    def step(self, message: bytes, seen: Connection) -> bytes | str:
        """A challenge, or who is signed in. Raises Refused."""


class Method(Protocol):
    """A way of signing in."""

    def prepare(self, settings: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Sets up; what is told when everything is ready."""

    def change(self, users: dict[str, str]) -> None:
        """Replaces the users."""

    def begin(self, binding: bytes | None) -> Conversation:
        """A connection; `binding` is what binds to it."""


class Acceptor(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings: dict[str, Any], method: Method, pem: Path, certificate: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.settings = settings
        self.method = method
        self.binding = end_point(certificate) if settings["tls"] else None
        self.connections: list[Connection] = []
        self.lock = threading.Lock()
        if settings["tls"]:
            # The handshake is done by the connection's own thread.
            self.socket = server_context(pem).wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection, from its first to its last byte."""

    protocol_version = "HTTP/1.1"
    server: Acceptor

    def setup(self) -> None:
        super().setup()
        self.seen = Connection()
        self.conversation: Conversation | None = None
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
        self.conversation = self.conversation or self.server.method.begin(self.server.binding)
        try:
            answer = self.conversation.step(base64.b64decode(token, validate=True), self.seen)
        except Refused as refusal:
            self.seen.refusals.append(str(refusal))
            self.conversation = None
            self.ask()
            return
        if isinstance(answer, bytes):
            self.seen.early_bytes += len(body)
            self.ask(f"{scheme} {base64.b64encode(answer).decode()}")
            return
        self.seen.user = answer
        self.answer_user(body)

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
        with front, back:
            try:
                carry(front, back)
            except OSError:
                pass


def carry(front: ssl.SSLSocket, back: ssl.SSLSocket) -> None:
    """Carries bytes both ways until one side ends. By one thread: OpenSSL lets nobody read a connection while somebody
    else writes to it."""
    other = {front: back, back: front}
    while True:
        ready = [end for end in other if end.pending()] or select.select(list(other), [], [])[0]
        for source in ready:
            # What has come may be none of the other side's bytes, but TLS's own.
            source.settimeout(0)
            try:
                data = source.recv(65536)
            except ssl.SSLWantReadError:
                continue
            if not data:
                return
            other[source].settimeout(None)
            other[source].sendall(data)


def run(method: Method) -> None:
    """The whole program."""
    settings = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="busylamp-acceptor-") as name:
        folder = Path(name)
        told = method.prepare(settings, folder)
        method.change(settings["users"])
        pem, certificate = make_certificate(settings["certificate"], folder)
        server = Acceptor(settings, method, pem, certificate)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port, shown = server.server_address[1], certificate
        if settings["proxy"]:
            pem, shown = make_certificate("rsa-sha256", folder)
            port = Proxy(pem, port).port
        print(json.dumps({"port": port, "fingerprint": hashlib.sha256(shown).hexdigest(), **told}), flush=True)
        for line in sys.stdin:
            if (users := json.loads(line)) is not None:
                method.change(users)
            with server.lock:
                seen = [asdict(connection) for connection in server.connections]
            print(json.dumps(seen), flush=True)
