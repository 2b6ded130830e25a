"""Every protocol to every other: the value is the same, or what is lost is named. Cases are data.

A line of `cases/requests.jsonl` holds a request in the typed form, and a line of `cases/bodies/PROTOCOL.jsonl` its body
in a protocol, with what that body loses of it. A case tests each protocol as a writer, as a reader, on the way to every
other, and against its vendor's SDK.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from audit.core.exchange import (
    Loss,
    Losses,
    ModelAnswer,
    ModelRequest,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    Usage,
    completion_of,
)
from audit.protocols import PROTOCOLS
from audit.protocols.openai_chat import request_to as chat_to
from tests.protocols import sdk

FOLDER = Path(__file__).parent / "cases"


def lines_of(name: str) -> list[dict[str, Any]]:
    """The lines of a file of cases."""
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


def cases() -> list[dict[str, Any]]:
    """The requests, each with its `bodies` and `losses` by protocol."""
    found = {case["says"]: {**case, "bodies": {}, "losses": {}} for case in lines_of("requests.jsonl")}
    for name in PROTOCOLS.names:
        for line in lines_of(f"bodies/{name}.jsonl"):
            found[line["says"]]["bodies"][name] = line["body"]
            found[line["says"]]["losses"] |= {name: line["losses"]} if "losses" in line else {}
    assert all(set(case["bodies"]) == set(PROTOCOLS.names) for case in found.values()), "every case in every protocol"
    return list(found.values())


CASES = cases()
NAMES = [case["says"] for case in CASES]
WAYS = list(itertools.product(PROTOCOLS.names, repeat=2))


def value_of(case: dict[str, Any]) -> ModelRequest:
    """The case in the typed form."""
    return msgspec.convert(case["value"], ModelRequest)


def named(losses: Losses) -> list[str]:
    """Losses as the cases write them."""
    return [" ".join(filter(None, (lost.loss.value, lost.what))) for lost in losses]


def same(value: Any) -> Any:
    """A request for comparison: arguments of calls as JSON where they are, and no vendor's own fields."""
    if isinstance(value, dict):
        kept = {k: said for k, v in value.items() if k != "vendor" and (said := same(v)) != {}}
        if kept.get("type") == "tool" and kept.get("schema") == {"type": "object"}:
            del kept["schema"]  # a function without parameters, however that is written
        if kept.get("tool_choice") == {"mode": "auto"}:
            del kept["tool_choice"]  # what no choice means, so that not every protocol has a word for it
        if kept.get("type") == "tool_call":
            with contextlib.suppress(ValueError):
                kept["arguments"] = json.loads(kept["arguments"])
        return kept
    return [same(item) for item in value] if isinstance(value, list | tuple) else value


def builtins(value: Any) -> Any:
    """A typed value as plain data, compared as `same` says."""
    return same(msgspec.to_builtins(value))


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_request_is_written_as_the_case_says(case: dict[str, Any], name: str) -> None:
    """The body and the losses are the case's, and the vendor's SDK takes the body."""
    body, losses = PROTOCOLS.get(name).request_to(value_of(case))
    assert json.loads(json.dumps(body)) == case["bodies"][name]
    assert named(losses) == case["losses"].get(name, [])
    sdk.accept(name, body)


@pytest.mark.parametrize(("start", "end"), WAYS, ids=lambda name: name)
def test_every_way_keeps_the_value_or_names_the_loss(start: str, end: str) -> None:
    """A body read and written for another protocol says what the case says, as far as the first could say it."""
    for case in CASES:
        read, _ = PROTOCOLS.get(start).request_from(case["bodies"][start])
        body, losses = PROTOCOLS.get(end).request_to(read)
        back, _ = PROTOCOLS.get(end).request_from(body)
        lost_before, lost_now = set(case["losses"].get(start, [])), set(named(losses))
        if not lost_before:
            assert builtins(read) == builtins(value_of(case)), case["says"]
            assert lost_now == set(case["losses"].get(end, [])), case["says"]
        if not lost_now:
            assert builtins(back) == builtins(read), case["says"]
        sdk.accept(end, body)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_kept_shape_loses_nothing(case: dict[str, Any]) -> None:
    """What is written into this program's own files is read back to the last field."""
    value = value_of(case)
    body, losses = chat_to(value, extended=True)
    back, _ = PROTOCOLS.get("openai_chat").request_from(json.loads(json.dumps(body)))
    assert back == value
    assert not losses


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_a_protocol_gives_its_own_bodies_back(name: str) -> None:
    """Read and written in one protocol, a body is what it was: fields that only the vendor knows ride along."""
    protocol = PROTOCOLS.get(name)
    for case in CASES:
        read, read_losses = protocol.request_from(case["bodies"][name])
        body, losses = protocol.request_to(read)
        assert body == case["bodies"][name], case["says"]
        # Arguments that were wrapped are unwrapped on reading, so that writing them is the same loss again.
        assert not [lost for lost in losses if lost.loss is not Loss.BROKEN_ARGUMENTS], case["says"]
        assert not read_losses, case["says"]


def test_every_loss_has_its_sentence_and_is_met() -> None:
    """Each kind of loss says what is lost, and a case shows it."""
    met = {words.split()[0] for case in CASES for losses in case["losses"].values() for words in losses}
    assert {loss.value for loss in Loss} == met | {Loss.SERVER_STATE.value, Loss.PART_ORDER.value}
    assert all(loss.sentence and loss.sentence[0].islower() for loss in Loss)
    assert len({loss.sentence for loss in Loss}) == len(Loss)


USAGE = Usage(prompt_tokens=100, completion_tokens=20)
ANSWERS = {
    "text": ModelAnswer(parts=(Text("Hello"),), finish_reason="stop", usage=USAGE),
    "cut": ModelAnswer(parts=(Text("Once upon"),), finish_reason="length", usage=USAGE),
    "empty": ModelAnswer(parts=(), finish_reason="stop", usage=USAGE),
    "two calls": ModelAnswer(
        parts=(ToolCall("c1", "weather", '{"town":"Lyon"}'), ToolCall("c2", "weather", '{"town":"Nice"}')),
        finish_reason="tool_calls",
        usage=USAGE,
    ),
    "text and a call": ModelAnswer(
        parts=(Text("I look."), ToolCall("c1", "weather", '{"town":"Lyon"}')), finish_reason="tool_calls", usage=USAGE
    ),
    "cached": ModelAnswer(
        parts=(Text("4"),),
        finish_reason="stop",
        usage=Usage(prompt_tokens=1000, completion_tokens=50, cached_tokens=600),
    ),
    "thinking": ModelAnswer(
        parts=(Thinking("Two and two.", signature="c2ln", origin="anthropic"), Text("4")),
        finish_reason="stop",
        usage=Usage(prompt_tokens=1000, completion_tokens=50, cached_tokens=600),
    ),
    "refusal": ModelAnswer(parts=(Refusal("I cannot."),), finish_reason="refusal", usage=USAGE),
    "filtered": ModelAnswer(parts=(), finish_reason="content_filter", usage=USAGE),
}


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("says", ANSWERS)
def test_an_answer_is_read_as_the_sdk_reads_it(name: str, says: str) -> None:
    """Text, calls, refusal and inclusive tokens are those that the vendor's SDK finds, and those that were written."""
    protocol, answer = PROTOCOLS.get(name), ANSWERS[says]
    body, losses = protocol.answer_to(answer)
    found, want = sdk.read(name, json.loads(json.dumps(body))), completion_of(answer)
    read, _ = protocol.answer_from(json.loads(json.dumps(body)))
    got = completion_of(read)
    assert got.usage == want.usage
    assert got.usage is not None
    assert found["tokens"] == (got.usage.prompt_tokens, got.usage.completion_tokens)
    assert found["text"] == (got.text or "")
    assert found["refusal"] == got.refusal
    assert found["calls"] == [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in got.tool_calls]
    if not losses:
        assert got.text == want.text
        assert got.tool_calls == want.tool_calls
    declined = ("refusal", "content_filter")
    assert got.finish_reason == want.finish_reason or {got.finish_reason, want.finish_reason} <= set(declined)
