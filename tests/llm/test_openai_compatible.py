"""The chat-completions protocol: what is sent, what is read, what errors mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import EndpointError, TransientError
from audit.core.exchange import Request, Usage
from audit.core.tier import Supports
from audit.llm.provider import Unsupported, require_supported
from audit.llm.providers import openai
from audit.llm.providers.openai_compatible import classify, decode, encode
from audit.protocols.faults import Fault
from tests.llm.world import body, reply, request, tier

CASES = Path(__file__).parent / "cases"


def lines(name: str) -> list[dict[str, Any]]:
    """The cases of one file."""
    return [json.loads(line) for line in (CASES / name).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", lines("encode.jsonl"), ids=lambda case: case["says"])
def test_a_request_becomes_a_body(case: dict[str, Any]) -> None:
    """Every part of a request is carried, known to have no effect, or the reason why it is unsupported."""
    asked = Request(request_fp="fp", **{"messages": [{"role": "user", "content": "hi"}], **case["request"]})
    asking = tier(options=case.get("options", {}), max_output_tokens=77)
    if "unsupported" in case:
        with pytest.raises(Unsupported, match=case["unsupported"]):
            encode(asked, asking, None)
        return
    sent = json.loads(encode(asked, asking, None).body)
    assert sent.pop("model") == "m"
    assert sent.pop("messages") == asked.messages
    assert sent == case["sent"]


@pytest.mark.parametrize("case", lines("decode.jsonl"), ids=lambda case: case["says"])
def test_a_body_becomes_a_completion(case: dict[str, Any]) -> None:
    """Text, calls, refusal, finish reason and usage are read; what cannot be read is an error that names no content."""
    got = reply(case["body"])
    if "error" in case:
        with pytest.raises(EndpointError) as raised:
            decode(got, tier())
        assert raised.value.kind == case["error"]
        assert isinstance(raised.value, TransientError) == case.get("transient", True)
        return
    completion = decode(got, tier())
    for name, value in case["completion"].items():
        got_value = getattr(completion, name)
        if name == "usage":
            assert got_value == (None if value is None else Usage(**value))
        else:
            assert (list(got_value) if isinstance(got_value, tuple) else got_value) == value


@pytest.mark.parametrize(
    ("status", "error", "kind", "transient"),
    [
        (400, {"code": "context_length_exceeded"}, Fault.CONTEXT_TOO_LONG, False),
        (400, {"code": "secret prompt"}, Fault.BAD_REQUEST, False),
        (429, {"code": "insufficient_quota"}, Fault.QUOTA, False),
        (429, {}, Fault.RATE_LIMITED, True),
        (500, {}, Fault.SERVER, True),
        (504, {}, Fault.TIMEOUT, True),
        (302, {}, Fault.MOVED, False),
    ],
)
def test_a_status_becomes_an_error(status: int, error: dict[str, Any], kind: Fault, *, transient: bool) -> None:
    """The fault decides whether it is worth asking again, and nothing of the body is in the message."""
    raised = classify(reply({"error": {"message": "secret prompt", **error}}, status))
    assert raised is not None
    assert (raised.kind, isinstance(raised, TransientError), raised.status) == (kind, transient, status)
    assert "secret prompt" not in raised.what
    assert raised.billed is None


def test_an_error_with_usage_was_billed() -> None:
    """What the endpoint counted for a failure is money all the same."""
    raised = classify(reply({"error": {"message": "x"}, "usage": {"prompt_tokens": 7, "completion_tokens": 2}}, 500))
    assert raised is not None
    assert raised.billed == Usage(prompt_tokens=7, completion_tokens=2)


def test_success_is_no_error() -> None:
    """2xx is for `decode`."""
    assert classify(reply(body())) is None


def test_lone_surrogates_survive_both_ways() -> None:
    """Half an emoji in a prompt is sent as an escape, and one in an answer comes back as it was."""
    call = encode(request("half \ud83d"), tier(), None)
    assert json.loads(call.body)["messages"][0]["content"] == "half \ud83d"
    assert decode(reply(body("\ud83d")), tier()).text == "\ud83d"


def test_the_key_is_a_bearer_token_and_nowhere_else() -> None:
    """With a key there is an Authorization header; without one there is none."""
    assert encode(request(), tier(), "k").headers["Authorization"] == "Bearer k"
    assert "Authorization" not in encode(request(), tier(), None).headers
    assert b"Bearer" not in encode(request(), tier(), "k").body


def test_openai_itself_takes_one_name_of_the_limit() -> None:
    """`openai` sends `max_completion_tokens`, whichever name the log has."""
    call = openai.PROVIDER.encode(request(params={"max_tokens": 9}), tier(provider="openai"), "k")
    sent = json.loads(call.body)
    assert (sent.get("max_completion_tokens"), sent.get("max_tokens")) == (9, None)
    assert openai.PROVIDER.default_base_url == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("body_bytes", "kind", "transient"),
    [
        (b"", Fault.UNDECODABLE, True),
        (b"{", Fault.UNDECODABLE, True),
        (b"<html>", Fault.NOT_AN_API, False),
        (b"[]", Fault.UNDECODABLE, False),
        (b"\xff\xfe{", Fault.UNDECODABLE, False),
        (b'"text"', Fault.UNDECODABLE, False),
    ],
)
def test_what_is_no_completion_is_undecodable(body_bytes: bytes, kind: Fault, *, transient: bool) -> None:
    """A cut body is worth another try; one of another shape would not change."""
    got = reply({})
    with pytest.raises(EndpointError) as raised:
        decode(type(got)(status=200, headers={}, body=body_bytes), tier())
    assert (raised.value.kind, isinstance(raised.value, TransientError)) == (kind, transient)


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
AUDIO = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]
SCHEMA = {"type": "json_schema", "json_schema": {}}


@pytest.mark.parametrize(
    ("asked", "has", "reason"),
    [
        ({"tools": [{"type": "function"}]}, {"supports": Supports(tools=False)}, "tools"),
        ({"params": {"functions": [{}]}}, {"supports": Supports(tools=False)}, "tools"),
        ({"response_format": SCHEMA}, {"supports": Supports(json_schema=False)}, "JSON schemas"),
        ({"messages": IMAGE}, {}, "images"),
        ({"messages": AUDIO}, {"supports": Supports(images=True)}, "input_audio"),
        ({"messages": [{"role": "user", "content": "x" * 600}]}, {"context_tokens": 100}, "longer than"),
    ],
)
def test_what_a_tier_has_not_is_not_asked(asked: dict[str, Any], has: dict[str, Any], reason: str) -> None:
    """Tools, schemas, images, other media and too long a prompt are refused unasked, with the reason."""
    with pytest.raises(Unsupported, match=reason):
        require_supported(request(**asked), tier(**has))


def test_what_a_tier_has_is_supported() -> None:
    """The same needs pass where the tier has them."""
    has = tier(supports=Supports(images=True), context_tokens=100_000)
    require_supported(request(messages=IMAGE, tools=[{}], response_format=SCHEMA), has)
