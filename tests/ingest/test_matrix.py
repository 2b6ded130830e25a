"""The same calls seen through every format that carries them: one prompt, one fingerprint, one count, one answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.llm.logprices import rates_of
from sample_logs.make_exports import CALLS, otlp
from sample_logs.make_exports import EXPORTS as OF_VENDORS
from sample_logs.make_gateways import COUNTED, GATEWAYS
from tests.ingest.reading import SAMPLES, Read, read, write_jsonl

EXPORTS = OF_VENDORS | GATEWAYS
ANSWERED = [call for call in CALLS if not call.failed]
TABLES = ("prompt_tokens", "cached_tokens", "completion_tokens")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """Each export, read."""
    out = tmp_path_factory.mktemp("exports")
    return {name: read(SAMPLES / name, out / name, rates_of=rates_of()) for name in EXPORTS}


def rows(got: Read, *, answered: bool = True) -> list[dict[str, Any]]:
    """Rows in the order of the calls."""
    kept = [row for row in got.rows() if (row["status"] == "ok") == answered]
    return sorted(kept, key=lambda row: row["started_at"])


def test_the_samples_are_what_the_script_makes() -> None:
    """The files in the repository are those that the script writes."""
    for name, make in (EXPORTS | COUNTED).items():
        lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in make())
        assert (SAMPLES / name).read_text("utf-8") == lines, name


@pytest.mark.parametrize("name", EXPORTS)
def test_calls_are_the_same_through_every_format(name: str, seen: dict[str, Read]) -> None:
    """Tokens, answers, tools, routes and tenants are those of the calls; nothing is rejected or counted twice."""
    got = rows(seen[name])
    assert [tuple(row[column] or 0 for column in TABLES) for row in got] == [call.tokens for call in ANSWERED]
    assert [row["response_text"] for row in got] == [None if call.wants_tool else call.said for call in ANSWERED]
    called = [json.loads(row["tool_calls"])[0]["function"] for row in got if row["tool_calls"]]
    assert [(call["name"], json.loads(call["arguments"])) for call in called] == [("look_up_order", {"number": "4471"})]
    assert [json.loads(row["tools"])[0]["function"]["name"] for row in got if row["tools"]] == ["look_up_order"]
    assert [row["route"].removeprefix("/") for row in got] == [call.route for call in ANSWERED]
    assert [row["tenant"] for row in got] == [call.tenant for call in ANSWERED]
    assert {row["replayable"] for row in got} <= {"exact", "equivalent"}
    assert seen[name].report.rejected == seen[name].report.duplicates == seen[name].report.not_priced == 0


FLAGS = frozenset({"stream", "streamed", "stream_mode", "is_stream", "streaming"})


def streamed(value: Any) -> Any:
    """A record in which every place says that the answer was streamed: flags, bodies and bodies in JSON texts."""
    if isinstance(value, str):
        if value.startswith(("{", "[")):
            return json.dumps(streamed(json.loads(value)))
        return value.replace("generateContent", "streamGenerateContent")
    if isinstance(value, list):
        return [streamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    asked = {"stream": True} if "model" in value and {"messages", "input", "temperature"} & value.keys() else {}
    return {key: True if key in FLAGS else streamed(item) for key, item in value.items()} | asked


@pytest.mark.parametrize("name", EXPORTS)
def test_a_streamed_answer_is_whole_unless_the_log_shows_a_cut(
    name: str, seen: dict[str, Read], tmp_path: Path
) -> None:
    """A log that knows of the stream and not of its end says nothing about a cut: every call is what it was without."""
    got = read(write_jsonl(tmp_path / name, [streamed(record) for record in EXPORTS[name]()]), tmp_path / "run")
    for answered in (True, False):
        as_it_was = rows(seen[name], answered=answered)
        now = rows(got, answered=answered)
        assert [(row["status"], row["replayable"]) for row in now] == [
            (row["status"], row["replayable"]) for row in as_it_was
        ]


NO_FAILURES = ("bedrock.jsonl", "vertex.jsonl", "tensorzero.jsonl")
"""Logs that hold answers alone."""


@pytest.mark.parametrize("name", [name for name in EXPORTS if name not in NO_FAILURES])
def test_a_refused_call_is_a_failure_with_its_class(name: str, seen: dict[str, Read]) -> None:
    """The sixth call was refused for its rate, whatever each tool makes of that."""
    (failed,) = rows(seen[name], answered=False)
    assert (failed["status"], failed["error_type"]) == ("error", "rate_limit")


def test_one_prompt_has_one_hash(seen: dict[str, Read]) -> None:
    """The prompt is the same text in every protocol and in every format."""
    hashes = {name: [row["prompt_hash"] for row in rows(got)] for name, got in seen.items()}
    assert len({json.dumps(found) for found in hashes.values()}) == 1, hashes


def test_one_request_has_one_fingerprint(seen: dict[str, Read]) -> None:
    """Formats that carry the whole chat body give the same request, parameters and tools included."""
    carry = (
        "otlp.jsonl",
        "langsmith.jsonl",
        "mlflow.jsonl",
        "litellm_spend.jsonl",
        "langfuse.jsonl",
        "batch.jsonl",
        "openai_responses_pairs.jsonl",
        "bedrock.jsonl",
        *GATEWAYS,
    )
    prints = {name: [row["request_fp"] for row in rows(seen[name])] for name in carry}
    assert len({json.dumps(found) for found in prints.values()}) == 1, prints


def test_log_records_and_spans_may_be_in_files_of_their_own(tmp_path: Path, seen: dict[str, Read]) -> None:
    """A call's content in another file, read before its span, is the call's."""
    records = list(otlp())
    spans = write_jsonl(tmp_path / "spans.jsonl", [record for record in records if "resourceSpans" in record])
    logs = write_jsonl(tmp_path / "logs.jsonl", [record for record in records if "resourceLogs" in record])
    got = read([logs, spans], tmp_path / "run")
    assert [row["request_fp"] for row in rows(got)] == [row["request_fp"] for row in rows(seen["otlp.jsonl"])]
    assert got.report.not_calls == 1


def test_a_span_seen_twice_is_one_call(seen: dict[str, Read]) -> None:
    """The SDK's own span inside a framework's adds no row, no tokens and no request."""
    spans = sum(
        len(scope["spans"])
        for record in otlp()
        for part in record.get("resourceSpans", ())
        for scope in part["scopeSpans"]
    )
    assert spans == 2 * len(CALLS) + 1
    assert len(seen["otlp.jsonl"].traffic) == len(CALLS)


def test_a_score_is_the_feedback_of_its_trace(seen: dict[str, Read]) -> None:
    """Scores are no calls; what they say stands beside the call that they are of."""
    feedback = [row["feedback"] for row in rows(seen["langfuse.jsonl"])]
    assert [len(found) for found in feedback] == [1, 0, 0, 0, 0, 0, 0]
    assert feedback[0][0]["name"] == "helpful"
    assert feedback[0][0]["value"] == 1.0


def test_an_answer_without_its_request_stays_in_the_books(tmp_path: Path) -> None:
    """A batch's output alone has its tokens and its cost; that it cannot be replayed is said."""
    outputs = [record for record in EXPORTS["batch.jsonl"]() if "response" in record]
    got = read(write_jsonl(tmp_path / "output.jsonl", outputs), tmp_path / "run", rates_of=rates_of())
    assert got.report.requests == len(ANSWERED)
    assert got.traffic["batch"].all()
    assert got.report.not_priced == 0
    assert all("body_not_captured" in reasons for reasons in got.traffic["unreplayable_reasons"])
