"""The one open socket: an HTTP call is sent, and its answer read to the end, within its time and its size.

The seam is httpx's transport interface. `httpx.AsyncClient` itself is left out: its redirects, cookies, auth flows and
URL merging cost 0.35 ms of CPU a call, none is wanted here, and its own pool collapses at 128 connections, so the
transport below is aiohttp's.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from audit.core.clock import Clock
from audit.llm.compression import LONGEST_BODY, decompressed, in_utf8, too_long
from audit.llm.provider import HttpCall, HttpReply
from audit.llm.translation import FOREIGN, translated
from audit.protocols.sse import has_token

Transport = httpx.AsyncBaseTransport
"""What carries HTTP: request in, response out."""
Carrier = Callable[[str], Transport]
"""The transport for an address, through the proxy that the environment names for it."""

CONNECT_S = 15.0
STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")
LONGEST_HEADER = 1 << 18
"""Bytes of one header."""
MOST_HEADERS = 4_096
"""Headers of one answer; aiohttp takes 128 by itself, and a chain of gateways sends more."""
TOKEN_TAIL = 64
"""Bytes of a stream's last piece that are looked at again with the next one: words may be cut between them."""


@asynccontextmanager
async def open_carrier(connections: int, transport: Transport | None) -> AsyncIterator[Carrier]:
    """Transports that share one pool; leaving the block closes its connections.

    Args:
        connections: At most, over all addresses.
        transport: Takes the place of the network, for every address.
    """
    if transport is not None:
        yield lambda url: transport
        return
    context = httpx.create_ssl_context()
    connector = aiohttp.TCPConnector(limit=max(connections, 1), ssl=context, keepalive_timeout=30)
    # Cookies would make an answer depend on the calls before it.
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Gateways put what they did into headers, and aiohttp takes lines of 8 KB.
        max_line_size=LONGEST_HEADER,
        max_field_size=LONGEST_HEADER,
        **_more_headers(),
    ) as session:

        def carrier(url: str) -> Transport:
            proxy = proxy_of(url)
            return AiohttpTransport(verify=context, client=session, proxy=httpx.Proxy(proxy) if proxy else None)

        yield carrier


def _more_headers() -> dict[str, Any]:
    """The limit of headers, as an argument of aiohttp's session; nothing for releases that have none."""
    known = "max_headers" in inspect.signature(aiohttp.ClientSession.__init__).parameters
    return {"max_headers": MOST_HEADERS} if known else {}


class Wire:
    """The way to one host."""

    def __init__(self, transport: Transport, host: str, clock: Clock) -> None:
        self._transport = transport
        self._host = host
        self._clock = clock
        self._parsed: dict[str, httpx.URL] = {}

    async def exchange(self, call: HttpCall, timeout_s: float, longest: int | None = None) -> HttpReply:
        """Send and read; the only place where anything of httpx or aiohttp is awaited.

        Args:
            longest: Bytes that the body may have; default: those of an answer.

        Raises:
            EndpointError: No answer, a cut one, or one that is too large.
        """
        longest = LONGEST_BODY if longest is None else longest
        reading = False
        started = self._clock.now()
        try:
            # Over the whole exchange: a per-read time-out never ends a server that drips.
            async with asyncio.timeout(timeout_s):
                response = await self._transport.handle_async_request(self._request(call, timeout_s))
                reading = True
                try:
                    body, first_token_s = await self._read(response, longest)
                finally:
                    await response.aclose()
        except FOREIGN as error:
            raise translated(error, self._host, reading=reading) from error
        body = decompressed(body, response.headers.get("content-encoding", ""), self._host, longest)
        body = in_utf8(body, response.headers.get("content-type", ""))
        return HttpReply(
            status=response.status_code,
            headers=response.headers,
            body=body,
            first_token_ms=None if first_token_s is None else (first_token_s - started) * 1000,
        )

    async def _read(self, response: httpx.Response, longest: int) -> tuple[bytes, float | None]:
        """The body as it came, and the moment of the first token where it is a stream that can be looked into."""
        headers = response.headers
        kind = headers.get("content-type", "")
        stream = any(name in kind for name in STREAMS) and "content-encoding" not in headers
        chunks: list[bytes] = []
        size, first_s, tail = 0, None, b""
        async for chunk in response.stream:  # type: ignore[union-attr]
            size += len(chunk)
            if size > longest:
                raise too_long(self._host, longest)
            chunks.append(chunk)
            if stream and first_s is None:
                if has_token(tail + chunk):
                    first_s = self._clock.now()
                tail = chunk[-TOKEN_TAIL:]
        return b"".join(chunks), first_s

    def _request(self, call: HttpCall, timeout_s: float) -> httpx.Request:
        """The call as httpx's request.

        Given a parsed address and a stream, httpx does not work out both anew each time, which is a third of a call's
        CPU; `Host` and `Content-Length` are aiohttp's to add.
        """
        url = self._parsed.get(call.url)
        if url is None:
            url = self._parsed[call.url] = httpx.URL(call.url)
        request = httpx.Request(
            call.method,
            url,
            headers=call.headers,
            stream=httpx.ByteStream(call.body),
            extensions={"timeout": {"connect": min(CONNECT_S, timeout_s)}},
        )
        request.read()
        return request


def proxy_of(url: str) -> str | None:
    """The proxy that the environment names for a URL; looked up once per tier, since aiohttp would do it per call."""
    parsed = httpx.URL(url)
    return None if proxy_bypass(parsed.host) else getproxies().get(parsed.scheme)
