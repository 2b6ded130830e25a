"""The client against a real language model behind a server that others wrote."""

from __future__ import annotations

import asyncio
import json

import pytest

from audit.core.exchange import Request
from audit.core.fingerprint import request_fp
from audit.core.tier import Price, Tier
from audit.llm.client import ClientOptions, open_client
from audit.llm.reply import Reply
from audit.llm.retry import Backoff
from tests.real_model import MODEL, needs_real_model, real_model

pytestmark = [pytest.mark.model, needs_real_model]

SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "city",
        "schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def request(text: str, **rest: object) -> Request:
    """One question with a temperature of 0."""
    messages = [{"role": "user", "content": text}]
    params = {"temperature": 0, "seed": 1, "max_tokens": 24, **rest.pop("params", {})}  # type: ignore[dict-item]
    return Request(request_fp=request_fp(messages, None, None, None, params), messages=messages, params=params, **rest)  # type: ignore[arg-type]


def ask(base_url: str, *requests: Request) -> list[Reply]:
    """Several calls at once, with patience for a server that is still loading."""
    tier = Tier(
        name="smol",
        model=MODEL,
        provider="openai-compatible",
        price=Price(input=1.0, output=1.0),
        base_url=base_url,
        concurrency=4,
        timeout_s=60,
    )
    options = ClientOptions(attempts=60, backoff=Backoff(base_s=0.1, cap_s=0.5), environ={})

    async def main() -> list[Reply]:
        async with open_client([tier], options=options) as client:
            await client.reach([tier])
            return await asyncio.gather(*(client.complete(one, tier) for one in requests))

    return asyncio.run(main())


def test_a_model_that_is_still_loading_is_waited_for() -> None:
    """503 "Loading model" is a transient failure: the same calls end as answers, with tokens and a cost."""
    with real_model(wait=False) as base_url:
        replies = ask(base_url, *(request(f"Say the number {n}.") for n in range(4)))
    assert {reply.status for reply in replies} <= {"ok", "truncated"}
    for reply in replies:
        completion = reply.completion
        assert completion is not None
        assert completion.text
        assert completion.usage is not None
        assert not completion.usage.estimated
        assert completion.usage.completion_tokens > 0
        assert completion.cost_usd == reply.spent_usd > 0
        assert completion.latency_ms is not None


def test_limits_schemas_and_repeats() -> None:
    """A limit of 3 tokens truncates, a JSON schema gives JSON, and temperature 0 answers the same twice."""
    with real_model() as base_url:
        short, schema = ask(
            base_url,
            request("Tell me a long story about the sea.", params={"max_tokens": 3}),
            request("Name a city in France, as JSON.", response_format=SCHEMA, params={"max_tokens": 60}),
        )
        first = ask(base_url, request("What is the capital of France?"))[0]
        second = ask(base_url, request("What is the capital of France?"))[0]
    assert (short.status, short.completion and short.completion.finish_reason) == ("truncated", "length")
    assert schema.completion is not None
    assert "city" in json.loads(schema.completion.text or "")
    assert first.completion is not None
    assert second.completion is not None
    assert first.completion.text == second.completion.text
