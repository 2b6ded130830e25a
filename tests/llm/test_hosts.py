"""Text and keys go to the host that the user named, and to no other."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from audit.llm.client import ClientOptions, open_client
from audit.llm.reply import Reply
from audit.llm.retry import Backoff
from tests.llm.world import request, tier


@contextmanager
def listening(
    status: int, headers: dict[str, str], context: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything alike: its address, and the heads of the requests that it got."""
    heads: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heads.append(f"{self.path} {self.headers}")
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'http' if context is None else 'https'}://127.0.0.1:{server.server_address[1]}/v1", heads
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(url: str) -> Reply:
    """One call with a key, over the real transport."""
    asked = tier(base_url=url, api_key_env="TIER_KEY", timeout_s=5.0)
    options = ClientOptions(attempts=1, backoff=Backoff(base_s=0.001), environ={"TIER_KEY": "violet-anchor-lantern"})

    async def main() -> Reply:
        async with open_client([asked], options=options) as client:
            return await client.complete(request(), asked)

    return asyncio.run(main())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    """Where an endpoint points to another host, no request is made there, with or without the key."""
    with (
        listening(200, {}) as (other, there),
        listening(status, {"Location": f"{other}/chat/completions"}) as (url, here),
    ):
        reply = ask(url)
    assert reply.completion is None
    assert (len(here), there) == (1, [])


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """Nothing is sent to a server whose certificate is its own word, and no setting says otherwise."""
    with listening(200, {}, self_signed(tmp_path)) as (url, heads):
        reply = ask(url)
    assert reply.completion is None
    assert heads == []


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
