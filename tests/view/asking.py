"""Ask an application without a socket: one request in, status, headers and body out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import quote, unquote

from audit.view.guard import Application

HOST = ("host", "127.0.0.1:4321")
PORT, TOKEN = 4321, "t" * 32


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def text(self) -> str:
        """What a reader sees, roughly: no markup, white space as single spaces."""
        bare = re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", " ", self.body, flags=re.DOTALL)
        return " ".join(unescape(bare).split())


def ask(
    app: Application, path: str, *, method: str = "GET", headers: Sequence[tuple[str, str]] = (HOST,), body: bytes = b""
) -> Answer:
    """One request. `path` may have a query; it is sent as it stands."""
    path, _, query = path.partition("?")
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", PORT),
        "http_version": "1.1",
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def run() -> None:
        await app(scope, receive, send)

    asyncio.run(run())
    start = sent[0]
    data = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, data.decode())
