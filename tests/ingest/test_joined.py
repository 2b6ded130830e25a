"""Records of one format that belong together are joined as if nothing else stood in the file, and in bounded memory."""

from __future__ import annotations

import json
import tracemalloc
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import polars as pl
import pytest

from audit.core.doubts import Doubt
from audit.core.errors import InputError
from audit.core.settings import IngestSettings
from audit.ingest import join_notes
from audit.ingest.formats import FORMATS
from audit.ingest.join_notes import JoinNotes
from audit.ingest.telemetry.spans import WHOLE_CALL, SpanJoin
from tests.ingest.reading import BY_FORMAT, SAMPLES, read

JOINED = [name for name in FORMATS.names if FORMATS.get(name).join is not None]
BETWEEN = (b"", b"[1]", b"7", b"{", b'{"a": 1}', b"   ", b"\xff{}")
"""Lines that are no records of any format: blank, of another type, broken, of no known field, no text."""


@pytest.mark.parametrize("name", JOINED)
def test_what_stands_between_records_moves_nothing(name: str, tmp_path: Path) -> None:
    """What is seen of a record in the first pass comes back to the same record in the second one."""
    sample, settings = BY_FORMAT[name]
    lines = (SAMPLES / sample).read_bytes().splitlines()
    log = tmp_path / "log.jsonl"
    mixed = [part for at, line in enumerate(lines) for part in (line, BETWEEN[at % len(BETWEEN)])]
    log.write_bytes(b"\n".join(mixed) + b"\n")
    plain = tmp_path / "plain.jsonl"
    plain.write_bytes(b"\n".join(lines) + b"\n")
    apart, alone = (read(path, tmp_path / path.stem, settings) for path in (log, plain))
    left_out = ("source_file", "source_row", "source_sha256")
    assert apart.traffic.drop(left_out).rows() == alone.traffic.drop(left_out).rows()
    assert apart.bodies.rows() == alone.bodies.rows()


SAID = " " * 4_000
"""What each text of a record is longer by: the reader of a join's memory sees it."""
MOST_BYTES_A_RECORD = 700
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _another(value: Any, copy: int, key: str = "") -> Any:
    """A record with other ids and longer texts."""
    if isinstance(value, dict):
        return {name: _another(item, copy, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_another(item, copy, key) for item in value]
    if isinstance(value, str):
        if key.lower().endswith("id") and len(value) > 3:
            return f"{value}{copy}"
        return value + SAID if " " in value else value
    return value


HOLD_LITTLE = {"codex", "streams"}
"""Formats of whose records nothing is held, or all of them are short."""


@pytest.mark.parametrize("name", [name for name in JOINED if name not in HOLD_LITTLE])
def test_a_join_holds_little_of_a_record(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said in a log is longer than memory, and so is what a join must know of it."""
    monkeypatch.setattr(join_notes, "HELD_BYTES", 1)
    sample, _ = BY_FORMAT[name]
    lines = [json.loads(line) for line in (SAMPLES / sample).read_bytes().splitlines()]
    copies = max(60, 300 // len(lines))
    records = [_OBJECT.decode(json.dumps(_another(line, copy))) for copy in range(copies) for line in lines]
    assert sum(len(raw) for record in records for raw in record.values()) > 2_000 * len(records), "records say much"
    open_join = FORMATS.get(name).join
    assert open_join is not None
    tracemalloc.start()
    join = open_join()
    for record in records:
        join.see(record, "log.jsonl")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < MOST_BYTES_A_RECORD * len(records), f"{held / len(records):.0f} bytes a record"


def _reads(calls: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a note is read while a call with so many calls inside is joined."""
    join, reads = SpanJoin(), 0
    read = JoinNotes._read

    def counted(notes: JoinNotes, place: int) -> tuple[str, msgspec.Raw]:
        nonlocal reads
        reads += 1
        return read(notes, place)

    monkeypatch.setattr(JoinNotes, "_read", counted)
    attributes = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
    spans = [{"spanId": "outer", "attributes": attributes}]
    spans += [{"spanId": f"{at}", "parentSpanId": "outer", "attributes": attributes} for at in range(calls)]
    records = [_OBJECT.decode(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]})) for one in spans]
    seen = [join.see(record, "log.jsonl") for record in records]
    for record, one in zip(records, seen, strict=True):
        join.join(record, "log.jsonl", one)
    monkeypatch.setattr(JoinNotes, "_read", read)
    return reads


def test_calls_inside_a_call_are_looked_up_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent may make thousands: each asks what it is of the call around it, which asks all of them.

    Both numbers are more than the join remembers."""
    few, many = (_reads(calls, monkeypatch) for calls in (400, 3200))
    assert many < 10 * few


def test_notes_are_found_as_they_were_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory and in a file, with names that share a hash, with none at all."""
    draw = Random(5)
    for held in (1, 10_000_000):
        monkeypatch.setattr(join_notes, "HELD_BYTES", held)
        monkeypatch.setattr(join_notes, "hash", lambda name: len(name) - 3, raising=False)
        notes, expected = JoinNotes(), defaultdict(list)
        for at in range(400):
            name = draw.choice(("", "a", "b", "\ud800", "name " * draw.randrange(5), str(draw.randrange(90))))
            notes.note(name, {"at": at})
            expected[name].append(at)
        assert [msgspec.json.decode(value)["at"] for _, value in notes.items()] == list(range(400))
        for name in (*expected, "absent", "c"):
            found = [msgspec.json.decode(value)["at"] for value in notes.of(name)]
            assert found == expected.get(name, [])
            assert (name in notes) == bool(found)
            last = notes.last(name)
            assert (None if last is None else msgspec.json.decode(last)["at"]) == (found[-1] if found else None)
    assert JoinNotes().last("a") is None


def _batch(folder: Path, number: int, asked: str, answered: str, *, failed: bool = False) -> None:
    """The two files of a batch that asks three requests, named as the batch before named its own."""
    for path in (asked, answered):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    questions, answers = [], []
    for at in range(3):
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"question {at} of batch {number}"}]}
        told = {"role": "assistant", "content": f"answer {at} of batch {number}"}
        answer: dict[str, Any] = {
            "id": f"chatcmpl-{number}{at}", "object": "chat.completion", "created": 1_790_000_000 + 60 * number + at,
            "model": "gpt-4o", "choices": [{"index": 0, "message": told, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
        }  # fmt: skip
        code = 429 if failed else 200
        answer = {"error": {"message": "slow down", "type": "rate_limit"}} if failed else answer
        name = f"request-{at}"
        questions.append({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body})
        answers.append({"id": f"b-{number}{at}", "custom_id": name, "response": {"status_code": code, "body": answer}})
    for path, found in ((asked, questions), (answered, [one | {"error": None} for one in answers])):
        (folder / path).write_text("".join(json.dumps(one) + "\n" for one in found), "utf-8")


@pytest.mark.parametrize(
    ("asked", "answered", "told"),
    [
        ("day{}_input.jsonl", "day{}_output.jsonl", True),
        ("input-{}.jsonl", "results-{}.jsonl", True),
        ("day {}/input.jsonl", "day {}/output.jsonl", True),
        ("requests/{}.jsonl", "responses/{}.jsonl", True),
        ("day{}_input.jsonl", "day{}_output.ndjson", True),
        ("file-{}.jsonl", "output-{}.jsonl", False),
    ],
)
def test_an_answer_gets_the_request_of_its_own_batch(asked: str, answered: str, told: bool, tmp_path: Path) -> None:
    """Batches name their requests alike, day by day; where it cannot be told whose an answer is, it has no prompt."""
    for number in (1, 2):
        _batch(tmp_path / "log", number, asked.format(number), answered.format(number))
    got = read(tmp_path / "log", tmp_path / "run")
    assert got.traffic.height == 6
    for row, body in zip(got.traffic.iter_rows(named=True), got.bodies.iter_rows(named=True), strict=True):
        of = body["response_text"].removeprefix("answer")
        assert (body["messages"] or "").count(f"question{of}") == told
        assert row["ingest_warnings"] == ([] if told else [Doubt.NAMED_ALIKE])
        assert told or (body["messages"] is None and row["replayable"] == "none")


def test_a_request_that_failed_is_not_the_next_batchs_of_its_name(tmp_path: Path) -> None:
    """Six questions were asked, whatever became of them: the second batch's are no attempts at the first one's."""
    _batch(tmp_path / "log", 1, "1/input.jsonl", "1/output.jsonl", failed=True)
    _batch(tmp_path / "log", 2, "2/input.jsonl", "2/output.jsonl")
    assert read(tmp_path / "log", tmp_path / "run").traffic["logical_request_id"].n_unique() == 6


def test_a_rollout_without_its_head_is_nobodys_session(tmp_path: Path) -> None:
    """What the lines of another file said goes for that file alone."""
    sample, settings = BY_FORMAT["codex"]
    lines = (SAMPLES / sample).read_bytes().splitlines(keepends=True)
    log = tmp_path / "log"
    log.mkdir()
    (log / "a.jsonl").write_bytes(b"".join(lines))
    (log / "b.jsonl").write_bytes(b"".join(line for line in lines if b'"token_count"' in line))
    got = read(log, tmp_path / "run", settings).traffic
    of = got.filter(got["source_file"] == "b.jsonl")
    assert of.height
    assert of["session_id"].null_count() == of.height


def _told(number: int, *, span: bool, record: bool, response: str | None = "own") -> list[dict[str, Any]]:
    """A call of a Java service as OTLP export requests: its span inside a server's, and the log record about it."""

    def pairs(found: dict[str, Any]) -> list[dict[str, Any]]:
        kinds = {int: "intValue", str: "stringValue"}
        return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in found.items()]

    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": f"question {number}"}]}])
    told = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    told |= {"gen_ai.usage.input_tokens": 100 + number, "gen_ai.usage.output_tokens": 10}
    told |= {"gen_ai.response.id": f"resp-{number}"} if response else {}
    at, ids = 1_793_600_000_000_000_000 + number * 10**9, {"traceId": f"{number:032x}", "spanId": f"{number:016x}"}
    call = ids | {"name": "chat gpt-4o", "startTimeUnixNano": str(at), "endTimeUnixNano": str(at + 5 * 10**8)}
    event = ids | {"eventName": WHOLE_CALL, "timeUnixNano": str(at + 5 * 10**8)}
    event["attributes"] = pairs(told | {"gen_ai.input.messages": said})
    lines: list[dict[str, Any]] = []
    if span:
        lines.append({"resourceSpans": [{"scopeSpans": [{"spans": [call | {"attributes": pairs(told)}]}]}]})
    if record:
        lines.append({"resourceLogs": [{"scopeLogs": [{"logRecords": [event]}]}]})
    return lines


@pytest.mark.parametrize("response", ["own", None], ids=["ids", "no ids"])
@pytest.mark.parametrize("share", [0, 3, 10], ids=["logs alone", "traces of some", "traces of all"])
def test_a_call_counts_once_whoever_tells_it(share: int, response: str | None, tmp_path: Path) -> None:
    """Where traces are sampled and log records are not, calls and tokens are all there, none of them twice; what a
    record tells without a span is marked as such."""
    lines = [line for n in range(10) for line in _told(n, span=n < share, record=True, response=response)]
    lines += _told(9, span=False, record=True, response=response)  # exported once more
    Random(share).shuffle(lines)
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = read(log, tmp_path / "run", IngestSettings())
    kept = found.traffic.filter(pl.col("duplicate_of").is_null())
    assert len(kept) == 10
    assert kept["prompt_tokens"].sum() == sum(range(100, 110))
    assert kept["latency_ms"].is_not_null().sum() == share
    assert sum(Doubt.WITHOUT_SPAN in noted for noted in kept["ingest_warnings"]) == 10 - share
    assert sorted(json.loads(one)[0]["content"] for one in found.bodies["messages"])[:2] == ["question 0", "question 1"]


def _any_value(value: Any) -> dict[str, Any]:
    """A value as OTLP has it."""
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": _any_value(item)} for key, item in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any_value(item) for item in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def _nested(found: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in found.items():
        *way, last = key.split(".")
        place = made
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
    return made


WORDS = {
    "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}],
    "gen_ai.output.messages": [
        {"role": "assistant", "parts": [{"type": "text", "content": "yo"}], "finish_reason": "stop"}
    ],
}
TOLD = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.id": "chatcmpl-1", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10,
}  # fmt: skip
NAME = {"event.name": WHOLE_CALL}
BODIES: dict[str, tuple[dict[str, Any], Any]] = {
    "nothing": (NAME | TOLD | WORDS, None),
    "what was said": (NAME | TOLD, WORDS),
    "all but the name": (NAME, TOLD | WORDS),
    "the name too": ({}, NAME | TOLD | WORDS),
    "objects within objects": (NAME, _nested(TOLD | WORDS)),
    "a text": (NAME, json.dumps(TOLD | WORDS)),
    "a text with its name": ({}, json.dumps(NAME | TOLD | WORDS)),
    "a text of a whole record": ({}, json.dumps({"event_name": WHOLE_CALL, "attributes": TOLD | WORDS})),
}
"""What stands in the body of a record of operation details, and what is left for its attributes."""


@pytest.mark.parametrize("span", [False, True], ids=["alone", "beside its span"])
@pytest.mark.parametrize("body", BODIES)
def test_details_of_a_call_are_read_wherever_a_record_keeps_them(body: str, span: bool, tmp_path: Path) -> None:
    """Loggers that take plain values alone keep messages in the body, or everything: it was no call, or had no text."""
    found, held = BODIES[body]
    ids = {"traceId": "1" * 32, "spanId": "2" * 16}
    log = {**ids, "timeUnixNano": "1793600000000000000", "attributes": _any_value(found)["kvlistValue"]["values"]}
    log |= {} if held is None else {"body": _any_value(held)}
    lines: list[dict[str, Any]] = [{"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}]
    if span:
        times = {"startTimeUnixNano": "1793599999000000000", "endTimeUnixNano": "1793600000000000000"}
        call = {**ids, **times, "name": "chat", "attributes": _any_value(TOLD)["kvlistValue"]["values"]}
        lines.append({"resourceSpans": [{"scopeSpans": [{"spans": [call]}]}]})
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (row,) = read(path, tmp_path / "run", IngestSettings()).rows()
    assert (row["prompt_tokens"], row["completion_tokens"], row["response_text"]) == (100, 10, "yo")
    assert (row["status"], row["replayable"], json.loads(row["messages"])[0]["content"]) == ("ok", "equivalent", "hi")


def test_a_log_without_a_call_is_no_log_of_nothing(tmp_path: Path) -> None:
    """Log records that only say what was said have no model and no tokens: nothing is said to have cost $0."""
    line = _told(1, span=False, record=True)[0]
    line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["eventName"] = "gen_ai.choice"
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(line) + "\n", "utf-8")
    with pytest.raises(InputError, match="no record of these logs is a call of a model: 1 record of") as told:
        read(log, tmp_path / "run", IngestSettings())
    assert "traces" in (told.value.hint or "")


@pytest.mark.parametrize("before", [4, 16])
@pytest.mark.parametrize("name", [name for name in JOINED if name != "batch"])
def test_records_that_belong_together_are_read_wherever_they_begin(name: str, before: int, tmp_path: Path) -> None:
    """Behind some records of another log, with or without more of them after, each is read as what it is."""
    sample, settings = BY_FORMAT[name]
    others = (SAMPLES / "openai_pairs.jsonl").read_bytes().splitlines(keepends=True)
    held = (SAMPLES / sample).read_bytes()
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(others[:before]) + held + b"".join(others[before:]))
    alone = [read(SAMPLES / file, tmp_path / file, settings).report for file in ("openai_pairs.jsonl", sample)]
    got = read(log, tmp_path / "run", settings).report
    for figure in ("requests", "failures", "duplicates", "cache_hits", "unknown"):
        assert getattr(got, figure) == sum(getattr(one, figure) for one in alone), figure
    # A line that tells no format and might be a call is of the file's own, whose reader refuses it.
    assert got.rejected <= sum(one.rejected for one in alone) + 1
    assert sum(got.spend_usd.values()) == pytest.approx(sum(sum(one.spend_usd.values()) for one in alone))
