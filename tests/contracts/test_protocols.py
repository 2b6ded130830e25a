"""What every protocol of the catalog promises to logs: its bodies are known as its own, whatever wraps them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audit.core.exchange import completion_of, content_text
from audit.ingest.calls.envelope import Envelope, row_of
from audit.ingest.formats import FORMATS
from audit.ingest.row import Row
from audit.protocols import PROTOCOLS
from audit.protocols.kept import kept_of
from audit.protocols.recognition import (
    fallback,
    in_order,
    protocol_of_answer,
    protocol_of_messages,
    protocol_of_request,
)
from tests.ingest.reading import read as ingested
from tests.ingest.reading import write_jsonl
from tests.protocols.speakers import SPEAKERS, leave_out, put
from tests.protocols.streaming import events_of
from tests.protocols.test_matrix import ANSWERS, CASES, NAMES

ASKED = {"messages": [{"role": "user", "content": "Hello"}], "model": "m-1"}


def plain(value: Any) -> Any:
    """A value as it comes out of a log."""
    return json.loads(json.dumps(value))


def answer(name: str, says: str = "text") -> dict[str, Any]:
    """The body of an answer."""
    body: dict[str, Any] = plain(PROTOCOLS.get(name).answer_to(ANSWERS[says])[0])
    return body


def read(request: Mapping[str, Any], said: Any, **more: Any) -> Row:
    """The row of an exchange that some gateway logged."""
    return row_of(Envelope(emitter="test", request=request, answer=said, **more))


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_a_protocol_says_how_it_is_told_from_others(name: str) -> None:
    """A name of its own for the tables, and a test for each kind of body."""
    shape = PROTOCOLS.get(name).shape
    assert shape.is_read
    assert "." in shape.api
    assert [other.shape.api for other in in_order()].count(shape.api) == 1
    assert not any(test({}) for test in (shape.asks, shape.answers, shape.streams, shape.speaks))


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_logged_request_is_read_in_its_own_protocol(case: dict[str, Any], name: str) -> None:
    """Beside an answer of its protocol a request says what it says: its texts, its tools, and no field is misread."""
    body, protocol = case["bodies"][name], PROTOCOLS.get(name)
    row = read(body, answer(name), model="m-1")
    kept = plain(kept_of(protocol.request_from(body)[0]))
    assert row.native_api == protocol.shape.api
    assert row.status == "ok"
    told = [(m["role"], content_text(m.get("content"))) for m in plain(json.loads(row.messages or "[]"))]
    assert told == [(m["role"], content_text(m.get("content"))) for m in kept["messages"]]
    assert bool(row.tools) is bool(kept.get("tools"))
    assert (row.response_text, row.prompt_tokens, row.completion_tokens) == ("Hello", 100, 20)


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("says", ANSWERS)
def test_a_logged_answer_is_read_in_its_own_protocol(says: str, name: str) -> None:
    """Whole or as the list of a stream's events, beside a request of any protocol or of none."""
    protocol, body = PROTOCOLS.get(name), answer(name, says)
    want = completion_of(protocol.answer_from(body)[0])
    assert want.usage is not None
    for said in (body, plain(events_of(name, body))):
        assert protocol_of_answer(said) is protocol
        row = read(ASKED, said)
        calls = json.loads(row.tool_calls or "[]")
        assert (row.response_text or "") == (want.text or "")
        assert [call["function"] for call in calls] == [call["function"] for call in want.tool_calls]
        assert (row.prompt_tokens, row.completion_tokens) == (want.usage.prompt_tokens, want.usage.completion_tokens)
        assert row.finish_reason == want.finish_reason
        assert (row.status, row.finish_reason_raw is None) == ("ok", False)


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_pairs_under_any_wrapper_are_told_by_one_format(name: str, tmp_path: Path) -> None:
    """A team's own log of a vendor's bodies needs no setting: it is known, and read in the vendor's protocol."""
    case = next(case for case in CASES if case["says"] == "parallel tool calls")
    line = {
        "at": {"request": plain(case["bodies"][name]), "response": answer(name)},
        "timestamp": "2026-11-01T00:00:00Z",
    }
    assert len([form for form in FORMATS.names if FORMATS.get(form).detects(line)]) == 1
    (row,) = ingested(write_jsonl(tmp_path / "log.jsonl", [line]), tmp_path / "run").rows()
    assert (row["native_api"], row["model_requested"]) == (PROTOCOLS.get(name).shape.api, "m-1")
    assert (row["status"], row["response_text"], row["prompt_tokens"]) == ("ok", "Hello", 100)
    assert (row["replayable"], len(json.loads(row["tools"]))) == ("exact", 1)


def test_no_answer_is_of_two_protocols() -> None:
    """So that the order of the catalog decides nothing about a vendor's own answers, nor about its streams."""
    for name, says in itertools.product(PROTOCOLS.names, ANSWERS):
        body = answer(name, says)
        first = events_of(name, body)[0]
        assert [other.name for other in in_order() if other.shape.answers(body)] == [name], says
        assert [other.name for other in in_order() if other.shape.streams(first)] == [name], says


def test_what_has_words_of_its_own_comes_before_what_is_like_many() -> None:
    """The order of the catalog: chat is last and takes what is left, so that nothing may come after it."""
    assert fallback().name == "openai_chat"
    assert in_order()[-1] is fallback()
    taken = [
        ({"input": [], "messages": []}, "openai_responses"),
        ({"contents": [], "messages": []}, "gemini"),
        ({"messages": [], "inferenceConfig": {}, "system": []}, "bedrock_converse"),
        ({"messages": [], "system": "x"}, "anthropic_messages"),
        ({"messages": [], "p": 0.9}, "cohere_chat"),
        ({"messages": [], "top_p": 0.9}, "openai_chat"),
    ]
    assert [name for _, name in taken] == list(PROTOCOLS.names)
    for body, name in taken:
        assert (protocol_of_request(body) or fallback()).name == name


@pytest.mark.parametrize("name", [name for name in PROTOCOLS.names if PROTOCOLS.get(name) is not fallback()])
def test_messages_with_words_of_their_own_are_known_without_their_body(name: str) -> None:
    """Where any message of a case is claimed, its own protocol claims it; and each protocol claims some."""
    claimed = 0
    for case in CASES:
        messages = case["bodies"][name][PROTOCOLS.get(name).shape.field]
        found = protocol_of_messages(messages)
        assert found in (PROTOCOLS.get(name), fallback()), case["says"]
        claimed += found.name == name
    own = {"cohere_chat": [{"role": "assistant", "tool_plan": "I look.", "tool_calls": []}]}.get(name)
    assert claimed or (own and protocol_of_messages(own).name == name)


def test_a_word_for_an_end_means_one_thing() -> None:
    """Vendors' words are read without asking whose they are."""
    meant: dict[str, set[str]] = {}
    for name in PROTOCOLS.names:
        for word, finish in PROTOCOLS.get(name).finish_words.items():
            assert word == word.lower()
            meant.setdefault(word, set()).add(finish)
    assert {word: found for word, found in meant.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_a_stream_was_cut_only_where_the_log_would_show_its_end(name: str) -> None:
    """An empty place for the end is a cut; an answer that was put together without such a place says nothing."""
    told, untold = answer(name), answer(name)
    leave_out(untold, SPEAKERS[name].end)
    if SPEAKERS[name].ends_always:
        assert read(ASKED, untold, streaming=True).status == "partial"
        return
    put(told, SPEAKERS[name].end, None)
    cut = read(ASKED, told, streaming=True)
    assert (cut.status, cut.replayable) == ("partial", "none")
    row = read(ASKED, untold, streaming=True)
    assert (row.status, row.streaming, row.replayable == "none") == ("ok", True, False)
    assert read(ASKED, untold, streaming=True, cut=True).status == "partial"


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_events_without_an_end_are_a_cut_stream(name: str) -> None:
    """The list of a stream's events shows by itself that it broke off."""
    events = plain(events_of(name, answer(name)))
    row = read(ASKED, events[: -SPEAKERS[name].closing])
    assert row.status in ("partial", "unknown")
    assert row.replayable == "none"
