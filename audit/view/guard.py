"""Who may talk to the local server: this machine's browser, with the token, from a page of this server.

A page on the internet can make a browser send requests to 127.0.0.1, and can make a name of its own resolve to it. So
the name in `Host` must be one of ours, an `Origin` must be ours, and the first part of the path is a secret. Only what
passes reaches the application; its answers get headers that let nothing be loaded, framed, kept or read from outside.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

NAMES = ("127.0.0.1", "localhost", "[::1]")
"""How this machine may be called."""

HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Content policy of what is no page."""


class Guard:
    """The application behind the checks. The token is cut off the path before it sees a request.

    Args:
        inner: The application.
        token: First part of every path.
        port: That the server listens on.
    """

    def __init__(self, inner: Application, *, token: str, port: int) -> None:
        self.inner = inner
        self.token = token.encode()
        self.hosts = {f"{name}:{port}".encode() for name in NAMES}
        self.origins = {b"http://" + host for host in self.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        path = scope["path"][len(self.token) + 1 :]
        inner = {**scope, "path": path or "/", "raw_path": path.encode(), "root_path": ""}
        await self.inner(inner, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and words for a request that may not pass; None where it may."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return 403, "this server answers to its own address alone"
        if any(origin not in self.origins for origin in origins):
            return 403, "this server answers its own pages alone"
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "not a way to ask this server"
        if scope["method"] == "POST" and not origins:
            return 403, "this server takes words from its own pages alone"
        given = scope["path"].encode("utf-8", "surrogatepass")[1:].partition(b"/")[0]
        if not secrets.compare_digest(given, self.token):
            return 404, "there is nothing here: open the address that the command printed"
        return None


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            added = {**HEADERS, "content-security-policy": NOTHING}
            message["headers"] = [
                *message["headers"],
                *((name.encode(), value.encode()) for name, value in added.items() if name.encode() not in own),
            ]
        await send(message)

    return sending


async def _refuse(send: Send, status: int, words: str) -> None:
    body = f"{words}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    sending = _with_headers(send)
    await sending({"type": "http.response.start", "status": status, "headers": headers})
    await sending({"type": "http.response.body", "body": body})
