"""Servers that keep books of their own: what each answers, and what it bills for that. A habit is a function from a
draw of chance and the request's token limit to an answer."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.protocols.test_chat_reply import chunks_of, sse

INPUT_USD, OUTPUT_USD = 1.0 / 1e6, 2.0 / 1e6
"""Of the tiers of `tests.replay.world`."""
ENGLISH, CHINESE = "four", "\u4eca"
"""A token of English in four bytes, and one of Chinese in three."""


@dataclass(frozen=True)
class Said:
    """One reply.

    Attributes:
        tokens: Output tokens that are billed.
        text: What the answer says.
        usage: As reported; None for no word about it.
        status: HTTP status.
        lost: Billed, and the connection dropped.
        streamed: Sent as events.
    """

    tokens: int
    text: str
    usage: dict[str, Any] | None
    status: int = 200
    lost: bool = False
    streamed: bool = False


Habit = Callable[[random.Random, int, int], Said]
"""Draw, prompt tokens, token limit."""


def usage(prompt: int, completion: int, **rest: Any) -> dict[str, Any]:
    """A plain report."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, **rest}


def honest(rng: random.Random, prompt: int, limit: int) -> Said:
    """Keeps the limit, reports what it bills."""
    tokens = rng.randint(limit // 4, limit)
    return Said(tokens, ENGLISH * tokens, usage(prompt, tokens))


def streamed(rng: random.Random, prompt: int, limit: int) -> Said:
    """The same as a stream."""
    tokens = rng.randint(limit // 4, limit)
    return Said(tokens, ENGLISH * tokens, usage(prompt, tokens), streamed=True)


def no_limit(rng: random.Random, prompt: int, limit: int) -> Said:
    """Takes no notice of the limit."""
    tokens = rng.randint(limit, limit * 10)
    return Said(tokens, ENGLISH * tokens, usage(prompt, tokens))


def thinking(rng: random.Random, prompt: int, limit: int) -> Said:
    """Thinks beside the limit; the total alone says so."""
    tokens, hidden = rng.randint(1, limit), rng.randint(limit, limit * 8)
    return Said(tokens + hidden, ENGLISH * tokens, usage(prompt, tokens, total_tokens=prompt + tokens + hidden))


def silent(rng: random.Random, prompt: int, limit: int) -> Said:
    """Reports nothing."""
    tokens = rng.randint(limit // 2, limit)
    return Said(tokens, ENGLISH * tokens, None)


def silent_chinese(rng: random.Random, prompt: int, limit: int) -> Said:
    """Reports nothing, and takes no notice of the limit, in Chinese."""
    tokens = rng.randint(limit, limit * 4)
    return Said(tokens, CHINESE * tokens, None)


def liar(rng: random.Random, prompt: int, limit: int) -> Said:
    """Says one token, bills them all, and takes no notice of the limit."""
    tokens = rng.randint(limit, limit * 10)
    return Said(tokens, ENGLISH * tokens, usage(1, 1))


def zero(rng: random.Random, prompt: int, limit: int) -> Said:
    """Says nothing was used."""
    tokens = rng.randint(limit // 2, limit)
    return Said(tokens, ENGLISH * tokens, usage(0, 0, total_tokens=0))


def negative(rng: random.Random, prompt: int, limit: int) -> Said:
    """Says less than nothing."""
    tokens = rng.randint(limit // 2, limit)
    return Said(tokens, ENGLISH * tokens, usage(-prompt, -tokens))


def billed_errors(rng: random.Random, prompt: int, limit: int) -> Said:
    """Fails half of the time, bills it and says so."""
    tokens = rng.randint(limit // 4, limit)
    return Said(tokens, ENGLISH * tokens, usage(prompt, tokens), status=rng.choice([200, 500]))


def lost(rng: random.Random, prompt: int, limit: int) -> Said:
    """Bills, and drops a third of the connections."""
    tokens = rng.randint(limit // 4, limit)
    return Said(tokens, ENGLISH * tokens, usage(prompt, tokens), lost=rng.random() < 1 / 3)


def runaway(rng: random.Random, prompt: int, limit: int) -> Said:
    """One answer in fifty runs on for forty limits."""
    tokens = limit * 40 if rng.random() < 0.02 else rng.randint(limit // 4, limit)
    return Said(tokens, ENGLISH * tokens, usage(prompt, tokens))


def silent_errors(rng: random.Random, prompt: int, limit: int) -> Said:
    """Fails half of the time, bills it and says nothing."""
    said = billed_errors(rng, prompt, limit)
    return said if said.status == 200 else Said(said.tokens, said.text, None, status=500)


def plausible_liar(rng: random.Random, prompt: int, limit: int) -> Said:
    """Says a third of what it bills."""
    tokens = rng.randint(limit // 4, limit)
    return Said(tokens, ENGLISH * tokens, usage(prompt, tokens // 3))


HELD: tuple[Habit, ...] = (
    *(honest, streamed, no_limit, thinking, silent, silent_chinese, liar, zero, negative, billed_errors, lost),
)
"""Servers whose bill the cap holds."""
NOT_HELD: tuple[Habit, ...] = (runaway, silent_errors, plausible_liar)
"""Those that no client can hold to a cap from what it is told."""


class Biller(httpx.AsyncBaseTransport):
    """A server with one habit. `billed_usd` is its own book."""

    def __init__(self, habit: Habit, seed: int) -> None:
        self.habit = habit
        self.rng = random.Random(seed)
        self.billed_usd = 0.0
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"data": []})
        body = json.loads(request.content)
        prompt = -(-len(body["messages"][-1]["content"]) // 4)
        said = self.habit(self.rng, prompt, body["max_tokens"])
        self.calls += 1
        self.billed_usd += prompt * INPUT_USD + said.tokens * OUTPUT_USD
        for _ in range(self.rng.randint(0, 5)):
            await asyncio.sleep(0)
        if said.lost:
            raise httpx.ReadError("gone")
        report = {} if said.usage is None else {"usage": said.usage}
        if said.status != 200:
            return httpx.Response(said.status, json={"error": {"message": "x"}, **report})
        choice = {"index": 0, "message": {"role": "assistant", "content": said.text}, "finish_reason": "stop"}
        plain = {"model": body["model"], "choices": [choice], **report}
        if said.streamed:
            return httpx.Response(
                200, content=sse(chunks_of(plain, 4_000)), headers={"content-type": "text/event-stream"}
            )
        return httpx.Response(200, json=plain)
