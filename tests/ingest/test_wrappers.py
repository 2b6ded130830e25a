"""Pairs under the wrappers that teams write: what stands around request and answer, in whatever spelling and place."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.core.doubts import Doubt
from audit.core.settings import IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.row import Row
from tests.ingest.reading import read, write_jsonl

ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
SAID = {
    "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 10},
}  # fmt: skip
WHEN = "2026-11-02T10:00:00Z"
AT = int(datetime(2026, 11, 2, 10, tzinfo=UTC).timestamp() * 1e6)


def spellings(name: str) -> list[str]:
    """A name of small letters and underscores, as other teams write it."""
    first, *rest = name.split("_")
    camel = first + "".join(map(str.title, rest))
    return list(dict.fromkeys([name, camel, camel[0].upper() + camel[1:], name.replace("_", "-"), name.upper()]))


def row_of(record: dict[str, Any]) -> Row:
    """The row of one record, in the format that it is recognised as."""
    name = next(name for name in FORMATS.names if FORMATS.get(name).detects(record))
    (row,) = FORMATS.get(name).open(IngestSettings())(json.dumps(record).encode())
    return row


def wrapped(answer: Any = SAID, **beside: Any) -> dict[str, Any]:
    """A request, what stands in the place of its answer, and what a team wrote beside both."""
    return {"request": ASKED, "response": answer, **beside}


@pytest.mark.parametrize(
    "name", ["timestamp", "created_at", "started_at", "request_time", "event_time", "date_time", "logged_at", "time"]
)
def test_a_time_is_read_under_any_name(name: str) -> None:
    """In any spelling, of the record or of what it keeps beside the bodies."""
    for written in spellings(name):
        assert row_of(wrapped(**{written: WHEN})).started_at == AT, written
        assert row_of(wrapped(meta={written: WHEN})).started_at == AT, written
    assert row_of(wrapped(**{"@timestamp": WHEN})).started_at == AT
    assert row_of({"request": {name: WHEN, "body": ASKED}, "response": {"body": SAID}}).started_at == AT


def test_without_a_time_the_answer_tells_when_it_was_made() -> None:
    """The vendor's own time, of whole answers and of streams."""
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": AT // 10**6, "model": "gpt-4o"}
    stream = [{**chunk, "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}]
    for answer in ({**SAID, "created": AT // 10**6}, stream):
        assert row_of(wrapped(answer)).started_at == AT
    later = {**SAID, "created": AT // 10**6 + 60}
    assert row_of(wrapped(later, timestamp=WHEN)).started_at == AT


def test_a_price_of_no_day_is_noted(tmp_path: Path) -> None:
    """Prices fall: a call without its time is priced by today's list, which is said; one with a logged cost is not."""
    records = [wrapped(), wrapped(cost_usd=0.5), wrapped(timestamp=WHEN), wrapped(timestamp="02/11/2026")]
    found = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run")
    assert found.report.warnings == {Doubt.UNDATED: 2, "unreadable_started_at": 1}


@pytest.mark.parametrize(
    ("beside", "kind"),
    [
        ({"status_code": 429}, "rate_limit"),
        ({"http_status": "503"}, "overloaded"),
        ({"status": "429 Too Many Requests"}, "rate_limit"),
        ({"status": "timeout"}, "timeout"),
        ({"success": False, "error_message": "rate limit"}, "rate_limit"),
        ({"ok": "false"}, "server_error"),
        ({"exception": "openai.RateLimitError: 429"}, "rate_limit"),
    ],
)
def test_a_failure_is_one_under_any_name(beside: dict[str, Any], kind: str) -> None:
    """No row of unknown outcome where the wrapper tells it, and no failure where there is an answer all the same."""
    for name, value in beside.items():
        others = {key: one for key, one in beside.items() if key != name}
        for written in spellings(name):
            row = row_of(wrapped(None, **{written: value}, **others))
            assert (row.status, row.error_type) == ("error", kind), written
    assert row_of(wrapped(success=False, outcome="failed")).status == "ok"


def test_the_status_may_stand_at_the_response() -> None:
    """Beside headers and body, as HTTP clients log it."""
    failed = {"statusCode": 429, "headers": {}, "body": json.dumps({"error": {"message": "slow down", "code": "x"}})}
    row = row_of(wrapped(failed))
    assert (row.status, row.http_status, row.error_type) == ("error", 429, "rate_limit")
    assert row_of(wrapped({"status": 200, "body": SAID})).status == "ok"


@pytest.mark.parametrize("name", ["cost_usd", "cost", "total_cost", "response_cost"])
def test_a_cost_is_read_under_any_name(name: str) -> None:
    """As a number, as text of one, with its currency; a cost in another currency is none, and is noted."""
    for written in spellings(name):
        for value in (0.5, "0.5", {"total": 0.5}, {"amount": 0.5, "currency": "USD"}):
            assert row_of(wrapped(**{written: value})).cost_usd_logged == 0.5, written
    for beside in ({name: {"amount": 0.5, "currency": "EUR"}}, {name: 0.5, "currency": "eur"}):
        row = row_of(wrapped(**beside))
        assert (row.cost_usd_logged, tuple(row.ingest_warnings)) == (None, ("cost_in_another_currency",))
    assert row_of(wrapped(cost_cents=50)).cost_usd_logged == 0.5
    assert row_of(wrapped(usage={"prompt_tokens": 100, name: 0.5})).cost_usd_logged == 0.5


@pytest.mark.parametrize(
    ("beside", "hit"),
    [
        ({"cache_hit": True}, True),
        ({"cacheHit": "true"}, True),
        ({"cached": True}, True),
        ({"from-cache": True}, True),
        ({"cache_status": "HIT"}, True),
        ({"cache": {"hit": True}}, True),
        ({"cached": 64}, None),
        ({"cache_status": "MISS"}, None),
        ({"cache_hit": False}, None),
        ({"cache_hit": True, "cost": 0.5}, None),
        ({}, None),
    ],
)
def test_what_a_gateway_had_at_hand_was_not_paid_again(beside: dict[str, Any], hit: bool | None) -> None:
    """A flag, or a word; a number may be one of tokens, and what has a cost was paid."""
    assert row_of(wrapped(**beside)).cache_hit is hit


def test_a_providers_cache_is_no_gateways() -> None:
    """`cached` beside tokens that were read from the provider's cache may be of those."""
    read_some = {**SAID, "usage": {**SAID["usage"], "prompt_tokens_details": {"cached_tokens": 64}}}
    assert row_of(wrapped(read_some, cached=True)).cache_hit is None
    assert row_of(wrapped(read_some, cache_hit=True)).cache_hit is True
    assert row_of(wrapped({"headers": {"x-portkey-cache-status": "HIT"}, "body": read_some})).cache_hit is True


@pytest.mark.parametrize("beside", [{"batch": True}, {"is_batch": "true"}, {"batchId": "b"}, {"mode": "batch"}])
def test_a_batch_is_one_under_any_name(beside: dict[str, Any]) -> None:
    """It costs half; a name of something else is none."""
    assert row_of(wrapped(**beside)).batch is True
    assert row_of(wrapped(batch=False, mode="online")).batch is None


@pytest.mark.parametrize(
    ("asked", "said", "operation"),
    [
        ({"model": "m", "input": "hi"}, {"object": "list", "data": [{"embedding": [0.1]}]}, "embeddings"),
        ({"model": "m", "input": ["hi"]}, {"embeddings": [[0.1]]}, "embeddings"),
        ({"model": "m", "input": ["hi"]}, {"object": "list", "data": []}, "embeddings"),
        ({"model": "m", "input": "hi"}, {"results": [{"flagged": False}]}, "moderation"),
        ({"model": "m", "query": "q", "documents": ["a"]}, {"results": [{"relevance_score": 0.5}]}, "rerank"),
        ({"model": "m", "query": "q", "documents": ["a"]}, {"data": [{"relevance_score": 0.5}]}, "rerank"),
        ({"model": "m", "file": "call.mp3"}, {"text": "spoken words", "duration": 63.2}, "transcription"),
        ({"model": "m", "input": "say this", "voice": "alloy"}, {"content_type": "audio/mpeg"}, "speech"),
        ({"model": "m", "prompt": "hi"}, {"object": "text_completion", "choices": [{"text": "a"}]}, "text_completion"),
    ],
)
def test_a_call_of_another_kind_is_paid_too(asked: dict[str, Any], said: dict[str, Any], operation: str) -> None:
    """It is not replayed, and its tokens are in the sums."""
    answer = {"model": "m", "usage": {"prompt_tokens": 100, "completion_tokens": 0}, **said}
    row = row_of({"timestamp": WHEN, "request": asked, "response": answer})
    assert (row.operation, row.status, row.prompt_tokens, row.replayable) == (operation, "ok", 100, "none")
    assert row.model_key == "m"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "whisper-1"}, {"text": "spoken words"}),
        ({"model": "m", "input": "say this", "voice": "alloy"}, "<binary>"),
    ],
)
def test_sound_is_paid_whatever_stands_in_the_place_of_its_answer(asked: dict[str, Any], said: Any) -> None:
    """It has no tokens, so it is a call without a price; where it was refused it is a failure."""
    assert row_of({"timestamp": WHEN, "request": asked, "response": said}).status == "ok"
    refused = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
    assert row_of({"timestamp": WHEN, "request": asked, "response": refused}).status == "error"


def test_a_deployment_is_named_by_its_address() -> None:
    """Azure's bodies leave the model out: the address names the deployment, the answer what is deployed."""
    url = "https://acme.openai.azure.com/openai/deployments/acme-prod/chat/completions?api-version=1"
    row = row_of({"url": url, "request": {"messages": ASKED["messages"]}, "response": SAID})
    named = (row.model_requested, row.model_responded, row.provider, row.status, row.replayable)
    assert named == ("acme-prod", "gpt-4o", "azure", "ok", "exact")


NAMELESS = {"messages": ASKED["messages"]}
PARTS = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
REFUSED = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}


@pytest.mark.parametrize(
    ("url", "asked", "failed", "read"),
    [
        ("https://a.openai.azure.com/openai/deployments/acme/chat/completions", NAMELESS, REFUSED,
         ("acme", "error", "rate_limit")),
        ("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent", PARTS,
         {"error": {"code": 429, "message": "exhausted"}}, ("gemini-2.5-flash", "error", "rate_limit")),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.claude-haiku-4-5-v1%3A0/converse",
         {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
         {"error": {"message": "Too many requests", "type": "ThrottlingException"}},
         ("eu.anthropic.claude-haiku-4-5-v1:0", "error", "rate_limit")),
    ],
)  # fmt: skip
def test_a_refused_call_is_a_failure_where_the_address_names_the_model(
    url: str, asked: dict[str, Any], failed: dict[str, Any], read: tuple[str, str, str]
) -> None:
    """Bodies without a model are requests beside an error as they are beside an answer."""
    row = row_of({"timestamp": WHEN, "url": url, "request": asked, "response": failed})
    assert (row.model_requested, row.status, row.error_type) == read


def test_an_image_is_a_call_too() -> None:
    """Its request is one of a text to complete, and its tokens have prices."""
    usage = {"input_tokens": 50, "output_tokens": 4160, "input_tokens_details": {"image_tokens": 40, "text_tokens": 10}}
    asked, said = {"model": "gpt-image-1", "prompt": "a cat"}, {"data": [{"b64_json": "AAAA"}], "usage": usage}
    row = row_of({"timestamp": WHEN, "request": asked, "response": said})
    found = (row.operation, row.status, row.prompt_tokens, row.image_tokens, row.completion_tokens)
    assert found == ("images", "ok", 50, 40, 4160)


def gemini(answer: Any) -> Row:
    """The row of an answer of Gemini's."""
    return row_of({"timestamp": WHEN, "model": "gemini-2.5-flash", "request": PARTS, "response": answer})


def test_an_answer_without_a_word_has_no_tokens_of_an_answer() -> None:
    """Blocked and broken answers of Gemini's: the total says that nothing came; of a cut stream nobody knows."""
    counts = {"promptTokenCount": 100, "totalTokenCount": 100}
    blocked = gemini({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": counts})
    assert (blocked.status, blocked.finish_reason) == ("ok", "content_filter")
    broken = gemini({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}], "usageMetadata": counts})
    assert (blocked.completion_tokens, broken.completion_tokens) == (0, 0)
    cut = gemini([{"candidates": [{"content": {"parts": [{"text": "a"}]}}], "usageMetadata": counts}])
    assert (cut.status, cut.prompt_tokens, cut.completion_tokens) == ("partial", 100, None)


def response(**changes: Any) -> Row:
    """The row of an answer of the Responses API."""
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}
    body = {
        "id": "resp_1", "object": "response", "model": "gpt-5", "status": "completed", "output": [said],
        "usage": {"input_tokens": 1000, "output_tokens": 200},
    }  # fmt: skip
    asked = {"model": "gpt-5", "input": "hi"}
    return row_of({"timestamp": WHEN, "request": asked, "response": body | changes})


def test_a_conversation_made_shorter_is_paid_and_not_replayed() -> None:
    """It holds what the vendor alone can read."""
    item = {"type": "compaction", "encrypted_content": "x"}
    row = response(object="response.compaction", status=None, output=[item])
    assert (row.status, row.prompt_tokens, row.completion_tokens, row.replayable) == ("ok", 1000, 200, "none")


def test_a_cancelled_response_is_no_whole_answer() -> None:
    """What came until then is paid; it is nothing to compare with."""
    assert (response(status="cancelled").status, response().status) == ("partial", "ok")


@pytest.mark.parametrize("kind", ["web_search_call", "file_search_call", "code_interpreter_call"])
def test_fees_of_tools_at_the_vendor_are_told_of(kind: str) -> None:
    """Whoever's tools they are: the price of the tokens is not the whole."""
    assert Doubt.TOOL_FEES in response(output=[{"type": kind, "status": "completed"}]).ingest_warnings
    assert Doubt.TOOL_FEES not in response().ingest_warnings
    searched = {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}
    grounded = {**searched, "groundingMetadata": {"webSearchQueries": ["x"]}}
    assert Doubt.TOOL_FEES in gemini({"candidates": [grounded]}).ingest_warnings
    assert Doubt.TOOL_FEES not in gemini({"candidates": [searched]}).ingest_warnings
    for counts in ({"num_sources_used": 3}, {"server_side_tool_usage": {"web_search": 1}}, {"num_search_queries": 2}):
        row = row_of(wrapped({**SAID, "usage": {**SAID["usage"], **counts}}))
        assert Doubt.TOOL_FEES in row.ingest_warnings, counts


def test_one_answer_that_was_exported_twice_is_one_call(tmp_path: Path) -> None:
    """The vendor's id and time tell it, whatever time the exporter writes; short ids begin anew."""
    for name, duplicates in (("chatcmpl-" + "a" * 20, 1), ("chatcmpl-7", 0)):
        records = [
            wrapped({**SAID, "id": name, "created": 1_793_613_600}, timestamp=f"2026-11-02T1{n}:00:00Z") for n in (0, 1)
        ]
        assert read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run").report.duplicates == duplicates


COUNTS: list[dict[str, Any]] = [
    {"usage": {"prompt_tokens": 100, "completion_tokens": 10}},
    {"tokens": {"input": 100, "output": 10}},
    {"prompt_tokens": 100, "completion_tokens": 10},
    {"inputTokens": "100", "outputTokens": "10"},
]


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("said", ["a", {"text": "a"}, {"role": "assistant", "content": "a"}])
def test_a_team_may_keep_the_words_of_an_answer_alone(said: Any, counts: dict[str, Any]) -> None:
    """With its counts beside it, such a call is answered and paid, and can be replayed."""
    for name in ("response", "completion", "output"):
        row = row_of({"timestamp": WHEN, "request": ASKED, name: said, "cost": 0.5, **counts})
        found = (row.status, row.response_text, row.prompt_tokens, row.completion_tokens, row.cost_usd_logged)
        assert found == ("ok", "a", 100, 10, 0.5), name
        assert row.replayable == "exact"
    failed = row_of({"request": ASKED, "response": "timed out", "success": False, **counts})
    assert failed.status == "error"
    assert row_of({"request": ASKED, "response": said, "status": 503, **counts}).status == "error"


def test_the_answer_may_be_the_last_message() -> None:
    """It is no part of what was asked."""
    talk = [*ASKED["messages"], {"role": "assistant", "content": "a"}]
    row = row_of({"timestamp": WHEN, "model": "gpt-4o", "messages": talk, **COUNTS[0]})
    assert (row.status, row.response_text, row.prompt_tokens) == ("ok", "a", 100)
    assert json.loads(row.messages or "") == ASKED["messages"]


def test_counts_beside_a_stream_without_them_are_its_own() -> None:
    """Clients ask for usage in streams seldom, and teams count themselves; the vendor's own counts come first."""
    chunk = {"id": "c", "object": "chat.completion.chunk", "model": "gpt-4o"}
    stream = [{**chunk, "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}]
    row = row_of(wrapped(stream, timestamp=WHEN, **COUNTS[0]))
    assert (row.status, row.prompt_tokens, row.completion_tokens) == ("ok", 100, 10)
    assert row_of(wrapped(prompt_tokens=7, completion_tokens=7)).prompt_tokens == 100


@pytest.mark.parametrize("nothing", ["null", "NULL", "None", "nan", "{}", "", "\\N"])
def test_a_cell_without_an_error_is_none(nothing: str, tmp_path: Path) -> None:
    """Tables write something where there is nothing: every call of such a log had failed."""
    record = {**wrapped(), "timestamp": WHEN, "error": nothing}
    got = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run")
    assert (got.report.requests, got.report.failures) == (1, 0)


def test_answers_alone_are_a_log(tmp_path: Path) -> None:
    """What clients dump of each call, and OpenAI's list of stored completions: paid, and not replayed."""
    answers = [{**SAID, "id": f"chatcmpl-{n}", "created": AT // 10**6 + n} for n in range(3)]
    for name, text in {
        "lines.jsonl": "".join(json.dumps(answer) + "\n" for answer in answers),
        "list.json": json.dumps({"object": "list", "data": answers, "has_more": False}),
    }.items():
        (tmp_path / name).write_text(text)
        got = read(tmp_path / name, tmp_path / f"run-{name}")
        assert (got.report.requests, got.traffic["prompt_tokens"].sum()) == (3, 300)
        assert set(got.traffic["replayable"]) == {"none"}


@pytest.mark.parametrize(
    "event",
    [
        {"object": "chat.completion.chunk", "choices": [], "usage": SAID["usage"]},
        {"type": "message", "role": "assistant", "content": [], "stop_reason": None, "usage": {"input_tokens": 1}},
    ],
)
def test_an_event_of_a_stream_is_no_answer_alone(event: dict[str, Any]) -> None:
    """A file of one stream would be as many calls as it has events: only what puts them together may take it."""
    others = [name for name in FORMATS.names if name != "streams"]
    assert not any(FORMATS.get(name).detects(found) for name in others for found in (event, {"data": event}))


def test_pairs_in_fields_of_one_record_are_calls_each(tmp_path: Path) -> None:
    """Steps of one task, and a call that failed with the one that took its place; an envelope around them is none."""
    steps = {"plan": wrapped(), "answer": wrapped({**SAID, "id": "chatcmpl-2"}, model="x"), "meta": {"route": "/r"}}
    tried = {"primary": wrapped({"error": {"message": "slow", "code": "429"}}), "fallback": wrapped()}
    for record, counts in (
        (steps, (2, 0)),
        (tried, (1, 1)),
        ({"log": json.dumps(wrapped()), "host": {"a": 1}}, (1, 0)),
    ):
        got = read(write_jsonl(tmp_path / "log.jsonl", [{**record, "timestamp": WHEN}]), tmp_path / "run")
        assert (got.report.requests, got.report.failures) == counts
        assert got.traffic["row_id"].n_unique() == len(got.traffic)
