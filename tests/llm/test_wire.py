"""What a server may send beside an answer, over a real socket."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from audit.core.clock import SystemClock
from audit.llm.provider import HttpCall, HttpReply
from audit.llm.wire import Wire, open_carrier


class _Headed(BaseHTTPRequestHandler):
    """Answers with as many headers as the path says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        for number in range(int(self.path.strip("/"))):
            self.send_header(f"x-gateway-{number}", "said")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("count", [1, 127, 128, 129, 2_000])
def test_an_answer_may_have_many_headers(count: int) -> None:
    """A chain of gateways adds them."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Headed)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    async def asked() -> HttpReply:
        url = f"http://127.0.0.1:{server.server_port}/{count}"
        async with open_carrier(1, None) as carrier:
            return await Wire(carrier(url), "h", SystemClock()).exchange(HttpCall(url=url, headers={}, body=b"{}"), 10)

    try:
        reply = asyncio.run(asked())
    finally:
        server.shutdown()
        server.server_close()
    assert sum(name.startswith("x-gateway-") for name in reply.headers) == count
