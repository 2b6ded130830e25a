"""The client against a real language model behind a server that others wrote."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from audit.core.exchange import Request
from audit.core.fingerprint import request_fp
from audit.core.note import AnswerNote
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


def ask(base_url: str, *requests: Request, **changes: Any) -> list[Reply]:
    """Several calls at once, with patience for a server that is still loading."""
    given: dict[str, Any] = {"provider": "openai-compatible", "concurrency": 4, "timeout_s": 60, **changes}
    tier = Tier(name="smol", model=MODEL, price=Price(input=1.0, output=1.0), base_url=base_url, **given)
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


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """Address of a server with its model loaded."""
    with real_model() as base_url:
        yield base_url


def test_limits_schemas_and_repeats(model: str) -> None:
    """A limit of 3 tokens truncates, a JSON schema gives JSON, and temperature 0 answers the same twice."""
    short, schema = ask(
        model,
        request("Tell me a long story about the sea.", params={"max_tokens": 3}),
        request("Name a city in France, as JSON.", response_format=SCHEMA, params={"max_tokens": 60}),
    )
    first = ask(model, request("What is the capital of France?"))[0]
    second = ask(model, request("What is the capital of France?"))[0]
    assert (short.status, short.completion and short.completion.finish_reason) == ("truncated", "length")
    assert schema.completion is not None
    assert "city" in json.loads(schema.completion.text or "")
    assert first.completion is not None
    assert second.completion is not None
    assert first.completion.text == second.completion.text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("provider", ["openai-compatible", "openai-responses", "anthropic"])
def test_every_route_of_the_server_is_read(model: str, provider: str, stream: bool) -> None:
    """Its routes for chat, Responses and Messages give the same answer with the same tokens; where one calls an answer
    completed that has all the tokens of its limit, that is noted.
    """
    (reply,) = ask(
        model,
        request("Tell me a long story about the sea.", params={"max_tokens": 12}),
        provider=provider,
        options={"stream": True} if stream else {},
    )
    assert reply.completion is not None
    assert reply.completion.text
    assert reply.completion.usage is not None
    tokens = (reply.completion.usage.prompt_tokens, reply.completion.usage.completion_tokens)
    assert (tokens, reply.completion.usage.estimated) == ((39, 12), False)
    said_whole = provider == "openai-responses"
    assert reply.status == ("ok" if said_whole else "truncated")
    assert (AnswerNote.AT_LIMIT.value in reply.completion.notes) is said_whole
