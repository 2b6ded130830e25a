"""Tiers, requests and replies for tests of the client."""

from __future__ import annotations

import json
from typing import Any

import httpx

from audit.core.exchange import Request
from audit.core.tier import Price, Tier
from audit.llm.provider import HttpReply

URL = "http://tier.test/v1"


def tier(name: str = "small", **rest: Any) -> Tier:
    """A tier at $1 and $2 per million tokens."""
    plain = {"model": "m", "provider": "openai-compatible", "base_url": URL, "price": Price(input=1.0, output=2.0)}
    return Tier(**{**plain, "name": name, **rest})


def request(text: str = "hello", **rest: Any) -> Request:
    """A request of one user message."""
    return Request(**{"request_fp": f"fp-{text}", "messages": [{"role": "user", "content": text}], **rest})


def body(content: Any = "fine", *, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion with usage."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return {"model": "m-2026", "choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}


def reply(plain: Any, status: int = 200, **headers: str) -> HttpReply:
    """An HTTP reply with a JSON body."""
    return HttpReply(status=status, headers=headers, body=json.dumps(plain).encode())


class Script(httpx.AsyncBaseTransport):
    """Plays replies in order, the last one for ever; an exception is raised."""

    def __init__(self, *steps: httpx.Response | Exception) -> None:
        self.steps = list(steps)
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, Exception):
            raise step
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)


def ok(**rest: Any) -> httpx.Response:
    """A good answer."""
    return httpx.Response(200, json=body(**rest))
