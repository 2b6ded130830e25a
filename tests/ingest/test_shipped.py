"""A log is the same log whatever brought it here: shippers' envelopes, queues, tables, and lines that were cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.core.errors import InputError
from audit.core.settings import IngestSettings
from audit.ingest.encoded import encoded_json
from audit.ingest.formats import FORMATS
from audit.ingest.values import unpacked
from audit.llm.logprices import rates_of
from tests.ingest.envelopes import AT, ENVELOPES, in_base64, lines
from tests.ingest.reading import BY_FORMAT, SAMPLES, Read, read, write_jsonl

SAME = (
    *("request_id", "status", "error_type", "route", "tenant", "environment", "session_id", "model_key", "provider"),
    *("operation", "prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd_logged", "cost_usd_recomputed"),
    *("cost_basis", "started_at", "latency_ms", "batch", "cache_hit", "is_duplicate", "request_fp", "replayable"),
)
COUNTERS = ("requests", "failures", "duplicates", "cache_hits", "unknown", "not_priced", "spend_usd")
OTHER_LINES = ("kubernetes",)
"""Envelopes in which other lines lie between those of the log."""
NOT_WITHIN = {
    "opentelemetry": {"otlp"},
    "kubernetes": {"generic"},
}
"""Formats that an envelope cannot hold: itself; and beside other lines a map, which would be taken for a wrong one."""
OFTEN = ("litellm", "openai-chat"), ("docker", "loki")
"""Formats that are held in every envelope, and envelopes that hold every format, each time; the rest is slow."""


def pairings() -> Iterator[Any]:
    """Every format in every envelope."""
    for name in FORMATS.names:
        for envelope in ENVELOPES:
            if name not in NOT_WITHIN.get(envelope, ()):
                seldom = name not in OFTEN[0] and envelope not in OFTEN[1]
                yield pytest.param(name, envelope, marks=[pytest.mark.slow] if seldom else [])


def seen(got: Read) -> pl.DataFrame:
    """What must be the same."""
    columns = [name for name in SAME if name in got.traffic.columns]
    return got.traffic.select(pl.col(columns).cast(pl.String)).sort(columns)


@pytest.mark.parametrize(("name", "envelope"), list(pairings()))
def test_a_record_is_what_it_is_in_any_envelope(name: str, envelope: str, tmp_path: Path) -> None:
    """Every format, in every envelope: outcome, labels, tokens, dollars and counters are those without it."""
    file, settings = BY_FORMAT[name]
    plain = read(SAMPLES / file, tmp_path / "plain", settings, rates_of=rates_of())
    log = tmp_path / "log.txt"
    log.write_text(ENVELOPES[envelope]((SAMPLES / file).read_text("utf-8").splitlines()), "utf-8")
    got = read(log, tmp_path / "run", settings, rates_of=rates_of())
    assert seen(got).equals(seen(plain))
    assert [getattr(got.report, counter) for counter in COUNTERS] == [
        getattr(plain.report, counter) for counter in COUNTERS
    ]
    if envelope not in OTHER_LINES:
        assert got.report.rejected == plain.report.rejected


TWO_PLACES = {
    "payloads": (lambda text: {"timestamp": AT, "jsonPayload": json.loads(text)},
                 lambda text: {"timestamp": AT, "textPayload": text}),
    "indexes": (lambda text: {"_index": "a", "_source": json.loads(text)},
                lambda text: {"_index": "b", "_source": {"event": {"original": text}}}),
    "bare and wrapped": (json.loads, lambda text: {"log": {"record": json.loads(text)}}),
}  # fmt: skip
JOINED = {"otlp", "langfuse", "phoenix", "batch"}
TRANSCRIPTS = {"codex", "gemini-cli"}
"""Most of their lines are told by those around them alone."""


@pytest.mark.parametrize("places", TWO_PLACES)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in OFTEN[0] or name in JOINED else [pytest.mark.slow])
        for name in FORMATS.names
        if name not in TRANSCRIPTS
    ],
)
def test_records_may_lie_in_several_places_of_one_file(name: str, places: str, tmp_path: Path) -> None:
    """What lay elsewhere than the first record of a file was a reject: half of a log was in no sum."""
    if places == "bare and wrapped" and FORMATS.get(name).join is not None:
        pytest.skip("what belongs together is put together where the first record of a file lies within another")
    file, settings = BY_FORMAT[name]
    texts = (SAMPLES / file).read_text("utf-8").splitlines()
    plain = read(SAMPLES / file, tmp_path / "plain", settings, rates_of=rates_of())
    wraps = TWO_PLACES[places]
    log = tmp_path / "log.txt"
    log.write_text(lines([wraps[number % 2](text) for number, text in enumerate(texts)]), "utf-8")
    got = read(log, tmp_path / "run", settings, rates_of=rates_of())
    assert seen(got).equals(seen(plain))
    assert got.report.rejected == plain.report.rejected


def pair(number: int, **beside: Any) -> dict[str, Any]:
    """A request and its answer, with a team's own words around them."""
    said = {
        "id": f"chatcmpl-{number:024d}", "object": "chat.completion", "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }  # fmt: skip
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    return {"request": asked, "response": said, **beside}


def row_of(record: dict[str, Any], tmp_path: Path, settings: IngestSettings | None = None) -> dict[str, Any]:
    """The row of one record."""
    (row,) = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run", settings).rows()
    return row


def test_what_is_nearer_to_the_call_knows_more_of_it(tmp_path: Path) -> None:
    """The team's own words count before those of the envelope, and those of the envelope where it has none."""
    inner = pair(1, route="/own", ts="2026-11-02T11:00:00Z", cost_usd=0.5)
    row = row_of({"log": json.dumps(inner), "time": AT, "route": "/outer", "team": "t", "status": 200}, tmp_path)
    found = (row["route"], row["tenant"], row["cost_usd_logged"], row["started_at"].hour, row["http_status"])
    assert found == ("/own", "t", 0.5, 11, 200)


def test_a_path_may_lead_into_the_envelope(tmp_path: Path) -> None:
    """What a person names as the route may stand at the shipper's own fields."""
    record = {"log": json.dumps(pair(1)), "time": AT, "kubernetes": {"labels": {"app": "checkout"}}}
    row = row_of(record, tmp_path, IngestSettings(route="kubernetes.labels.app"))
    assert (row["route"], row["started_at"].hour) == ("checkout", 10)


def test_an_error_of_the_envelope_is_none_of_the_call(tmp_path: Path) -> None:
    """A shipper that could not read a line says so beside a call that went well."""
    assert row_of({"message": json.dumps(pair(1)), "error": {"message": "no key"}}, tmp_path)["status"] == "ok"


def test_other_lines_of_the_program_are_counted_and_do_not_refuse_the_log(tmp_path: Path) -> None:
    """A pod's output is mostly other lines; where nothing at all can be read, the log is still refused."""
    said = ["GET /health 200"] * 40
    calls = [json.dumps(pair(number, timestamp=AT)) for number in range(3)]
    for name, text in {
        "docker.log": lines([{"log": f"{line}\n", "stream": "stdout", "time": AT} for line in said + calls]),
        "kubectl.log": "\n".join(said + calls),
        "own.jsonl": lines([{"event": line} for line in said]) + "\n".join(calls),
    }.items():
        (tmp_path / name).write_text(text)
        report = read(tmp_path / name, tmp_path / f"run-{name}").report
        assert (report.requests, report.rejected, report.read) == (3, 40, 43), name
    (tmp_path / "none.log").write_text("\n".join(said))
    with pytest.raises(InputError):
        read(tmp_path / "none.log", tmp_path / "none")


def test_what_people_say_is_no_record(tmp_path: Path) -> None:
    """A prompt that quotes a gateway's log is a prompt: the record around it is the call."""
    quoted = (SAMPLES / "litellm.jsonl").read_text("utf-8").splitlines()[0]
    record = pair(1, timestamp=AT, prompt=quoted, output=quoted)
    record["request"]["messages"][0]["content"] = quoted
    got = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run")
    assert (got.report.formats, got.report.requests) == ({"openai-chat": 1}, 1)


def test_a_line_whose_end_is_missing_is_in_the_books(tmp_path: Path) -> None:
    """The last part of a file, and a part without the rest: one reject each, the calls between them are read."""
    whole = [{"log": json.dumps(pair(n, timestamp=AT)) + "\n", "stream": "stdout", "time": AT} for n in range(2)]
    cut = {"log": '{"request": {"model": "gpt-4o", "mess', "stream": "stdout", "time": AT}
    got = read(write_jsonl(tmp_path / "log.jsonl", [*whole, cut]), tmp_path / "run")
    assert (got.report.requests, got.report.rejected) == (2, 1)


@pytest.mark.parametrize("text", ["eyJhbGciOi.eyJzdWIi.c2ln", "ey", "eyes", "ewoK", "H4sIAAAA", "W3", "e" * 4097])
def test_what_only_looks_like_base64_stays_text(text: str) -> None:
    """Tokens of other kinds begin as JSON does in base64."""
    assert encoded_json(text) is None
    assert unpacked(text) == text
    assert unpacked(in_base64('{"a": 1}')) == {"a": 1}
