"""Whatever an endpoint sends, a call comes to an end in our own words: through the wire, the decoder and the masks."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from audit.core.clock import ManualClock
from audit.core.errors import AuditError
from audit.core.tier import Tier
from audit.llm.client import ClientOptions, open_client
from audit.protocols import PROTOCOLS
from tests.llm.world import request
from tests.protocols.speakers import SPEAKERS
from tests.protocols.streaming import bytes_of, events_of
from tests.protocols.test_matrix import ANSWERS
from tests.protocols.test_mutations import BODIES, PRICE, damaged, mutated

FEW, MANY = 60, 1_700
"""Calls of each protocol; over all of them more than ten thousand."""
HEADERS = (
    "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", "anthropic-ratelimit-requests-reset", "retry-after",
    "content-type", "content-encoding", "date", "location", "x-request-id",
)  # fmt: skip
VALUES = (
    b"", b"-1", b"nan", b"inf", b"1e999", b"\x7f", b"9" * 400, b"gzip", b"br", b"zstd", b"text/event-stream",
    b"application/json; charset=utf-16", b"2026-13-45", b"6m0s", b"http://elsewhere.test/", b"\xe9",
)  # fmt: skip
STATUSES = (*[200] * 8, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503, 529, 599)
ENVIRON = {"KEY": "sk-1234567890abcdefghij", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "x"}


class Raw(httpx.AsyncBaseTransport):
    """Sends bytes as they are, in order, the last ones for ever."""

    def __init__(self, replies: list[tuple[int, bytes, dict[str, bytes]]]) -> None:
        self.replies = replies

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        status, body, headers = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        raw = [(name.encode(), value) for name, value in headers.items()]
        return httpx.Response(status, headers=raw, stream=Sent(body))


class Sent(httpx.AsyncByteStream):
    """A body that nobody has looked into."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body


def reply(name: str, bodies: list[Any], rng: random.Random) -> tuple[int, bytes, dict[str, bytes]]:
    """An answer, a stream or an error of a protocol, mutated, under any status and with strange headers."""
    kind = rng.random()
    if kind < 1 / 3:
        events: list[Any] = list(events_of(name, rng.choice(bodies)))
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(events))
            events[place] = mutated(rng, events[place])
        if name == "bedrock_converse":
            events = [event for event in events if isinstance(event, dict) and event]
        raw = bytes_of(name, events)
    else:
        body: Any = rng.choice(bodies) if kind < 0.8 else rng.choice(BODIES)
        for _ in range(rng.randrange(1, 4)):
            body = mutated(rng, body)
        raw = json.dumps(body).encode()
    raw = damaged(rng, raw) if rng.random() < 0.3 else raw
    headers = {rng.choice(HEADERS): rng.choice(VALUES) for _ in range(rng.randrange(3))}
    return rng.choice(STATUSES), raw, headers


def check(name: str, calls: int) -> Counter[str]:
    """Make so many calls, with and without placeholders; how they ended."""
    rng, protocol = random.Random(f"calls of {name}"), PROTOCOLS.get(name)
    bodies = [json.loads(json.dumps(protocol.answer_to(answer)[0])) for answer in ANSWERS.values()]
    plain: dict[str, Any] = {
        "name": "t",
        "model": "m-1",
        "provider": SPEAKERS[name].provider,
        "price": PRICE,
        "api_key_env": "KEY",
    }
    tiers = [Tier(**plain, base_url="http://x/v1", redact=redact) for redact in (None, "personal")]
    ends: Counter[str] = Counter()

    async def call(tier: Tier) -> None:
        transport = Raw([reply(name, bodies, rng) for _ in range(rng.randrange(1, 4))])
        options = ClientOptions(environ=ENVIRON, attempts=3)
        async with open_client([tier], clock=ManualClock(), transport=transport, options=options) as client:
            try:
                got = await client.complete(request("My name is Ada Lovelace." if tier.redact else "Two?"), tier)
            except AuditError as error:  # nothing more can be had from the tier
                ends[error.code] += 1
            else:
                ends[got.status] += 1
                assert got.spent_usd >= 0
                assert ENVIRON["KEY"] not in str(got)

    for _ in range(calls):
        asyncio.run(call(rng.choice(tiers)))
    return ends


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_a_call_ends_in_our_own_words(name: str) -> None:
    """A reply with a status, or an error of ours; some of each."""
    ends = check(name, FEW)
    assert ends.total() == FEW
    assert ends["ok"] > 0
    assert ends["undecodable"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_thousands_of_calls_end_in_our_own_words(name: str) -> None:
    """The same over as many as find what is rare."""
    ends = check(name, MANY)
    assert ends.total() == MANY
    print(f"{name}: {MANY:,} calls, no escape; " + ", ".join(f"{end} {n}" for end, n in ends.most_common(6)))
