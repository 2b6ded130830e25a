"""No secret that a tier says comes further than the client, and the log's answer and a tier's are masked alike."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

import httpx
import pytest

from audit.core.clock import ManualClock
from audit.core.errors import EndpointError
from audit.core.note import AnswerNote
from audit.llm.client import ClientOptions, open_client
from audit.llm.reply import Reply
from audit.masking.redact import Redactor
from tests.llm.world import Script, body, request, tier

KEY = "violet-anchor-lantern"
"""A key that looks like words: only its value gives it away."""
SHAPED = "gsk" + "_" + "aB3dE5gH7jK9mN1pQ3rS5tU7vW9xY1zA3bC5dE7f"
ECHOES = [KEY, f"Bearer {KEY}", SHAPED, f"Authorization: Bearer {KEY}"]


def ask(*steps: httpx.Response, redact: tuple[str, ...] = (), **options: Any) -> Reply:
    """One call of a tier with a key, and with a header that has another."""
    asked = tier(api_key_env="TIER_KEY", options={"headers": {"X-Team": "env:TEAM_KEY"}, **options})
    environ = {"TIER_KEY": KEY, "TEAM_KEY": "amber-" + KEY}
    client_options = ClientOptions(environ=environ, redact=redact, attempts=2)

    async def main() -> Reply:
        async with open_client(
            [asked], clock=ManualClock(), transport=Script(*steps), options=client_options
        ) as client:
            return await client.complete(request(), asked)

    return asyncio.run(main())


def everything(reply: Reply) -> str:
    """All that is known of a reply, as one text."""
    return json.dumps(asdict(reply), default=str) + str(reply.because and reply.because.sentence)


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("place", ["text", "refusal", "arguments", "tool name", "call id", "model"])
def test_an_answer_that_says_a_key(echo: str, place: str) -> None:
    """Wherever in an answer it stands, it is masked before anybody sees it, and a note says so."""
    function = {"name": echo if place == "tool name" else "f", "arguments": json.dumps({"note": f"x {echo}"})}
    plain = body(f"it is {echo}.")
    if place == "refusal":
        plain = body(None, refusal=f"never {echo}")
    elif place in ("arguments", "tool name", "call id"):
        call = {"id": echo if place == "call id" else "1", "type": "function", "function": function}
        plain = body(None, finish="tool_calls", tool_calls=[call])
    elif place == "model":
        plain = {**body("fine"), "model": echo}
    reply = ask(httpx.Response(200, json=plain))
    text = everything(reply)
    assert KEY not in text
    assert SHAPED not in text
    assert "<secret:" in text
    assert reply.completion is not None
    assert AnswerNote.SECRET_MASKED.value in reply.completion.notes
    assert reply.status in ("ok", "refused")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 200])
@pytest.mark.parametrize("echo", ECHOES)
def test_an_error_that_says_a_key(status: int, echo: str) -> None:
    """In a body, in the name of a parameter, in a header: nothing of it is in the reply or the error."""
    errors: list[Any] = [
        {"error": {"message": f"Incorrect key: {echo}", "code": echo, "type": echo}},
        {"error": {"message": f"Unsupported parameter: '{echo}'", "param": echo, "code": "unsupported_parameter"}},
        {"error": {"message": f"Unknown parameter {echo.replace('-', '_')}", "param": echo.replace("-", "_")}},
        {"detail": [{"loc": ["body", echo], "msg": echo}]},
        echo,
    ]
    for error in errors:
        step = httpx.Response(status, json=error, headers={"x-amzn-errortype": echo, "x-request-id": echo})
        try:
            said = everything(ask(step))
        except EndpointError as raised:
            said = repr([str(raised), raised.what, raised.notes, raised.hint, raised.parameter, raised.args])
        assert KEY not in said
        assert SHAPED not in said


def test_a_stream_that_says_a_key_in_pieces() -> None:
    """Each piece is harmless; what they make together is masked."""
    pieces = [KEY[:5], KEY[5:9], KEY[9:]]
    events = [{"model": "m", "choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    events.append({"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    reply = ask(httpx.Response(200, text=text, headers={"content-type": "text/event-stream"}), stream=True)
    assert reply.completion is not None
    assert reply.completion.text == "<secret:key-in-use>"


def test_money_is_counted_by_what_came_and_not_by_the_mask() -> None:
    """Without usage, spend is bounded by the bytes of the answer as it was sent."""
    plain = body(SHAPED + "aB3" * 700)
    del plain["usage"]
    long, short = ask(httpx.Response(200, json=plain)), ask(httpx.Response(200, json={**body("x"), "usage": None}))
    assert long.completion is not None
    assert long.completion.text == "<secret:groq-key>"
    assert long.spent_usd > 20 * short.spent_usd


@pytest.mark.parametrize("redact", [(), ("email", "phone")])
def test_both_sides_of_a_comparison_are_masked_alike(redact: tuple[str, ...]) -> None:
    """The log's answer and the same answer of a tier are equal after masking, in text and in arguments."""
    said = f"mail ada@example.com or +49 30 1234567, key {SHAPED}"
    arguments = json.dumps({"to": "ada@example.com", "password": "s3cret-word9", "note": [said]})
    logged = Redactor(redact)
    call = {"id": "1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    reply = ask(httpx.Response(200, json=body(said, tool_calls=[call])), redact=redact)
    assert reply.completion is not None
    assert reply.completion.text == logged.text(said)
    assert list(reply.completion.tool_calls) == logged.value([call])
    assert ("ada@example.com" in everything(reply)) == (not redact)


def test_an_answer_without_secrets_is_the_same() -> None:
    """Nothing is touched, and no note is made."""
    said = '{"b": 1, "a": "max_tokens: 4096"}'
    reply = ask(httpx.Response(200, json=body(said)))
    assert reply.completion is not None
    assert (reply.completion.text, reply.completion.notes) == (said, ())
