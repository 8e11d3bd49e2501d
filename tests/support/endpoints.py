"""Endpoints on loopback that behave as told, however badly."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Behaviour = Callable[[socket.socket], None]
"""What an endpoint does with a connection, which is closed afterwards. ``OSError`` ends it."""


@dataclass
class Endpoint:
    """Counts the connections that reach it, and keeps the requests that were read."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def endpoint(
    behave: Behaviour, *, reads: bool = True, host: str = "127.0.0.1"
) -> Iterator[Endpoint]:
    """Listens until left. Unless it ``reads`` the request first, ``behave`` gets the connection
    as it came."""
    with socket.create_server((host, 0)) as listener:
        listener.settimeout(0.02)
        here = Endpoint(listener.getsockname()[1])
        is_left = threading.Event()

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                if reads:
                    here.requests.append(read_request(connection))
                behave(connection)

        def accept() -> None:
            while not is_left.is_set():
                with suppress(TimeoutError):
                    connection, _ = listener.accept()
                    connection.settimeout(None)
                    here.connections += 1
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield here
        finally:
            is_left.set()
            accepting.join()


def read_request(connection: socket.socket) -> bytes:
    """One request with its body, if that has a length."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += _received(connection)
    head, _, body = text.partition(b"\r\n\r\n")
    lengths = [
        int(value)
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))
        if name.lower() == b"content-length"
    ]
    while len(body) < sum(lengths):
        body += _received(connection)
    return head + b"\r\n\r\n" + body


def _received(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionError
    return piece


def answers(text: bytes) -> Behaviour:
    return lambda connection: connection.sendall(text)


def drips(first: bytes, then: bytes, *, every: float = 0.02) -> Behaviour:
    """Sends ``first``, and then ``then`` over and over until the other side has enough."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            time.sleep(every)
            connection.sendall(then)

    return behave


def floods(first: bytes, then: bytes) -> Behaviour:
    """Sends ``first``, and then ``then`` without end and as fast as it goes."""
    return drips(first, then, every=0)


def resets(connection: socket.socket) -> None:
    """Breaks the connection off without a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs_up(_connection: socket.socket) -> None:
    """Closes the connection without a word."""


def is_silent(_connection: socket.socket) -> None:
    """Neither reads nor writes, for a second."""
    time.sleep(1)


# -- TLS -------------------------------------------------------------------------------------------


def self_signed(file: Path, host: str) -> Path:
    """Writes a new key and its certificate for ``host``, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def tls_endpoint(certificate: Path, asked_for: list[str | None]) -> Iterator[Endpoint]:
    """Takes every message, behind TLS; notes which servers clients ask for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            there.requests.append(read_request(secured))
            secured.sendall(OK)

    with endpoint(behave, reads=False) as there:
        yield there
