"""Two thousand damaged replies of every protocol: answers, streams and errors, in structure and in bytes.

Whatever comes, an adapter gives an answer or the one error; what cannot be read is no answer; and nothing costs less
than the usage that stands in it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import EndpointError
from audit.core.exchange import Request
from audit.core.note import AnswerNote
from audit.core.tier import Price, Tier
from audit.llm.provider import HttpReply, WireProvider
from audit.llm.providers import PROVIDERS
from audit.llm.reply import failed, measured
from audit.protocols import PROTOCOLS
from audit.protocols.faults import Fault
from tests.protocols.speakers import SPEAKERS, put
from tests.protocols.streaming import bytes_of, events_of
from tests.protocols.test_chat_reply import CASES, body_of
from tests.protocols.test_matrix import ANSWERS

REPLIES, ERRORS = 1_400, 600
"""Of each protocol."""

PRICE = Price(input=1.0, output=2.0, cached_input=0.1, cache_write=1.2)
REQUEST = Request(request_fp="f", messages=[{"role": "user", "content": "What is two and two?"}])
ODD: list[Any] = [
    *(None, True, -1, 0, 2.5, float("nan"), 10**30, "", "x", "7", "\ud800"),
    *([], [[]], {}, {"a": None}, [None], ["x"], {"text": 3}, [{"text": None}]),
]
FILE = Path(__file__).parent / "cases/errors.jsonl"
BODIES = [json.loads(line).get("body", "") for line in FILE.read_text("utf-8").splitlines()]
COUNTED = {
    "usage": (("prompt_tokens", "input_tokens", "inputTokens"), ("completion_tokens", "output_tokens", "outputTokens")),
    "usageMetadata": (("promptTokenCount",), ("candidatesTokenCount",)),
}


def mutated(rng: random.Random, value: Any) -> Any:
    """A JSON value with one thing in it replaced, dropped or nested."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.1:
        return rng.choice(ODD)
    if isinstance(value, dict):
        name = rng.choice(list(value))
        if rng.random() < 0.15:
            return {key: child for key, child in value.items() if key != name}
        return {**value, name: mutated(rng, value[name])}
    place = rng.randrange(len(value))
    if rng.random() < 0.15:
        return [*value[:place], *value[place + 1 :]]
    return [*value[:place], mutated(rng, value[place]), *value[place + 1 :]]


def damaged(rng: random.Random, raw: bytes) -> bytes:
    """Bytes with one of them changed, and the end cut off."""
    changed = bytearray(raw or b"x")
    changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed) + 1)])


def least_usd(body: Any) -> float:
    """What the plainest reading of a body's usage costs at least; 0 where either count is none."""
    for field, (prompts, completions) in COUNTED.items():
        usage = body.get(field) if isinstance(body, Mapping) else None
        usage = usage.get("billed_units", usage) if isinstance(usage, Mapping) else None  # Cohere's
        if isinstance(usage, Mapping):
            asked, wrote = (next((usage[n] for n in names if n in usage), None) for names in (prompts, completions))
            if type(asked) is type(wrote) is int and min(asked, wrote) >= 0 and max(asked, wrote) < 10**8:
                return (asked * 0.1 + wrote * 2.0) / 1e6
    return 0.0


def judged(provider: WireProvider, tier: Tier, reply: HttpReply) -> tuple[str, float]:
    """What becomes of a reply, as the client makes it: a status, and what it is priced at."""
    try:
        error = provider.classify(reply)
        if error is None:
            done = measured(provider.decode(reply, tier), tier, REQUEST, "network")
            assert done.completion is not None
            assert {AnswerNote(note) for note in done.completion.notes} <= set(AnswerNote)
            assert isinstance(done.completion.text, str | None)
            assert all(isinstance(call["function"]["arguments"], str) for call in done.completion.tool_calls)
            (done.completion.model_reported or "").encode()
            assert done.spent_usd >= 0
            return done.status, min(done.spent_usd, done.completion.cost_usd or 0.0)
    except EndpointError as raised:
        error = raised
    assert Fault(error.kind)
    billed = tier.price.cost_usd(error.billed) if error.billed else 0.0
    return failed(error, 1, billed).status, billed


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_whatever_comes_is_an_answer_or_the_one_error_and_costs_what_it_says(name: str) -> None:
    """Whole bodies and streams of answers."""
    rng, protocol, provider = (
        random.Random(f"mutations of {name}"),
        PROTOCOLS.get(name),
        PROVIDERS.get(SPEAKERS[name].provider),
    )
    assert isinstance(provider, WireProvider)
    tier = Tier(name="t", model="m-1", provider=SPEAKERS[name].provider, price=PRICE, base_url="http://x/v1")
    bodies = [json.loads(json.dumps(protocol.answer_to(answer)[0])) for answer in ANSWERS.values()]
    if name == "openai_chat":
        bodies += [body_of(case) for case in CASES]
    ends: Counter[str] = Counter()
    for number in range(REPLIES):
        body = rng.choice(bodies)
        if number % 3 == 0:
            events: Any = events_of(name, rng.choice(bodies[: len(ANSWERS)]))
            for _ in range(rng.randrange(1, 4)):
                place = rng.randrange(len(events))
                events = [*events[:place], mutated(rng, events[place]), *events[place + 1 :]]
            if name == "bedrock_converse":
                events = [event for event in events if isinstance(event, dict) and event]
            raw, least = bytes_of(name, events), least_usd(protocol.stream_from(events).body)
        else:
            for _ in range(rng.randrange(1, 4)):
                body = mutated(rng, body)
            raw, least = json.dumps(body).encode(), least_usd(body)
        if rng.random() < 0.3:
            raw, least = damaged(rng, raw), 0.0
        status, usd = judged(provider, tier, HttpReply(status=200, headers={}, body=raw))
        ends[status] += 1
        ends["priced"] += least > 0
        assert usd >= least * (1 - 1e-9), (status, raw[:2_000])
    assert ends["ok"] > REPLIES / 20
    assert ends["priced"] > REPLIES / 4
    assert ends["undecodable"] > REPLIES / 20


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_whatever_an_error_looks_like_it_is_no_answer(name: str) -> None:
    """Error bodies of every endpoint, damaged, under any status, as a reply or inside one."""
    rng, provider = random.Random(f"errors of {name}"), PROVIDERS.get(SPEAKERS[name].provider)
    assert isinstance(provider, WireProvider)
    tier = Tier(name="t", model="m-1", provider=SPEAKERS[name].provider, price=PRICE, base_url="http://x/v1")
    usage = {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49}
    for _ in range(ERRORS):
        body: Any = rng.choice(BODIES)
        for _ in range(rng.randrange(3)):
            body = mutated(rng, body)
        if isinstance(body, dict) and rng.random() < 0.3:
            body = {**body, "usage": usage}
        raw = body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()
        least = least_usd(body)
        if rng.random() < 0.2:
            raw, least = damaged(rng, raw), 0.0
        status = rng.choice([400, 401, 403, 404, 405, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529, 301])
        word, usd = judged(provider, tier, HttpReply(status=status, headers={}, body=raw))
        assert word not in ("ok", "truncated")
        assert usd >= least * (1 - 1e-9)
        word, _ = judged(provider, tier, HttpReply(status=200, headers={}, body=raw))
        assert word not in ("ok", "truncated"), raw


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("value", [7, True, 2.5])
def test_a_text_that_is_none_is_no_empty_answer(name: str, value: Any) -> None:
    """What stands where the text should be cannot be read: nothing is scored in its place, and its tokens are paid."""
    body = json.loads(json.dumps(PROTOCOLS.get(name).answer_to(ANSWERS["text"])[0]))
    put(body, SPEAKERS[name].text, value)
    provider = PROVIDERS.get(SPEAKERS[name].provider)
    assert isinstance(provider, WireProvider)
    tier = Tier(name="t", model="m-1", provider=SPEAKERS[name].provider, price=PRICE, base_url="http://x/v1")
    status, usd = judged(provider, tier, HttpReply(status=200, headers={}, body=json.dumps(body).encode()))
    assert status == "undecodable"
    assert usd > 0
