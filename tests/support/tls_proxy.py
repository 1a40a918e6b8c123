"""An HTTPS proxy on loopback that leads every host to one simulator.

Vendors' clients with a fixed https address reach it so. It answers CONNECT, shows a certificate of its own authority
for the host, and passes the bytes on.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@contextlib.contextmanager
def leading_to(port: int, host: str, folder: Path) -> Iterator[dict[str, str]]:
    """Serve the proxy; gives the environment variables that make a Python client use and trust it."""
    authority, chain = _certificates(host, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[str] = []
    thread = threading.Thread(target=_serve, args=(listener, context, port, asked), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield {"HTTPS_PROXY": address, "NO_PROXY": "", "no_proxy": "", "REQUESTS_CA_BUNDLE": str(authority)}
    finally:
        # A thread that waits in `accept` is woken by a last visitor.
        with contextlib.suppress(OSError):
            socket.create_connection(listener.getsockname(), timeout=1).close()
        listener.close()
        thread.join(timeout=5)


def _serve(listener: socket.socket, context: ssl.SSLContext, port: int, asked: list[str]) -> None:
    while listener.fileno() != -1:
        try:
            visitor, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_one, args=(visitor, context, port, asked), daemon=True).start()


def _one(visitor: socket.socket, context: ssl.SSLContext, port: int, asked: list[str]) -> None:
    with visitor, contextlib.suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = visitor.recv(4096)
            if not chunk:
                return
            head += chunk
        asked.append(head.split(b"\r\n")[0].decode())
        visitor.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with (
            context.wrap_socket(visitor, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", port)) as simulator,
        ):
            back = threading.Thread(target=_pump, args=(simulator, inside), daemon=True)
            back.start()
            _pump(inside, simulator)
            back.join(timeout=5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _certificates(host: str, folder: Path) -> tuple[Path, Path]:
    """Files of an authority's certificate, and of the host's with its key."""
    now = datetime.now(UTC)

    def certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, *, authority: bool):
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return built

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate("Tests", root_key, "Tests", authority=True).sign(root_key, hashes.SHA256())
    own = certificate(host, key, "Tests", authority=False).sign(root_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    authority, chain = folder / "authority.pem", folder / "host.pem"
    authority.write_bytes(root.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    chain.write_bytes(key.private_bytes(pem, *plain) + own.public_bytes(pem))
    return authority, chain
