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
from audit.ingest.base64_json import encoded_json
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
    "wrapped and bare": (lambda text: {"log": {"record": json.loads(text)}}, json.loads),
    "one envelope and two": (lambda text: docker(text), lambda text: docker(logger(text))),
    "two envelopes and one": (lambda text: docker(logger(text)), lambda text: docker(text)),
    "two envelopes and other two": (lambda text: docker(logger(text)), lambda text: {"_source": {"m": logger(text)}}),
}  # fmt: skip
"""How the records of a file lie: the ones, and the others."""
SEQUENCES = {"codex", "gemini-cli", "streams"}
"""Formats whose lines go on with those before them: they are told by their neighbours, where these lie as they do."""


def docker(text: str) -> dict[str, Any]:
    """A line in a shipper's envelope."""
    return {"log": f"{text}\n", "stream": "stdout", "time": AT}


def logger(text: str) -> str:
    """A line in a logger's, which has fields that records have too."""
    return json.dumps({"level": "info", "timestamp": AT, "type": "log", "message": text})


@pytest.mark.parametrize("how", ["by turns", "one half each"])
@pytest.mark.parametrize("places", TWO_PLACES)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in OFTEN[0] or FORMATS.get(name).join is not None else [pytest.mark.slow])
        for name in FORMATS.names
    ],
)
def test_records_may_lie_in_several_places_of_one_file(name: str, places: str, how: str, tmp_path: Path) -> None:
    """What lay elsewhere than the first record of a file was a reject, or was read without what belongs to it."""
    file, settings = BY_FORMAT[name]
    texts = (SAMPLES / file).read_text("utf-8").splitlines()
    plain = read(SAMPLES / file, tmp_path / "plain", settings, rates_of=rates_of())
    wraps = TWO_PLACES[places]
    log = tmp_path / "log.txt"
    turns = [number % 2 if how == "by turns" else 2 * number // len(texts) for number in range(len(texts))]
    log.write_text(lines([wraps[turn](text) for turn, text in zip(turns, texts, strict=True)]), "utf-8")
    got = read(log, tmp_path / "run", settings, rates_of=rates_of())
    assert seen(got).equals(seen(plain))
    assert got.report.rejected == plain.report.rejected


def two_formats() -> Iterator[Any]:
    """Every format before every other one; transcripts, most of whose lines are told by their neighbours alone, stand
    first or in the midst."""
    named = [name for name in FORMATS.names if name != "generic"]
    for one in named:
        for other in named:
            if one != other:
                often = one in OFTEN[0] and other not in ("claude-code", "gemini-cli")
                yield pytest.param(one, other, marks=[] if often else [pytest.mark.slow])


@pytest.mark.parametrize(("one", "other"), list(two_formats()))
def test_a_file_of_two_formats_is_both_logs(one: str, other: str, tmp_path: Path) -> None:
    """Objects of a bucket put together, a gateway that was replaced: the second one's records were rejects, or were
    read as the first's, without their costs or with cents for dollars."""
    texts = [(SAMPLES / BY_FORMAT[name][0]).read_text("utf-8") for name in (one, other)]
    if other in ("claude-code", "gemini-cli"):
        texts.append(texts[0])  # its last line says whether a file has records that belong together
    paths = [tmp_path / f"{number}.jsonl" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    (tmp_path / "both.jsonl").write_text("".join(texts), "utf-8")
    apart = read(paths, tmp_path / "apart", rates_of=rates_of())
    got = read(tmp_path / "both.jsonl", tmp_path / "run", rates_of=rates_of())
    assert seen(got).equals(seen(apart))
    if not {one, other} <= PAIRS:  # these are one reader
        assert got.report.formats == apart.report.formats
    assert (got.report.rejected, got.report.not_calls) == (apart.report.rejected, apart.report.not_calls)


PAIRS = {name for name in FORMATS.names if FORMATS.get(name).any_wrapper}


def test_a_format_without_routes_beside_one_with_them_is_told(tmp_path: Path) -> None:
    """A path that is one format's leaves another's without a route: a second one, behind it, is that one's."""
    paths = [SAMPLES / BY_FORMAT[name][0] for name in ("openai-chat", "codex")]
    one = read(paths, tmp_path / "one", IngestSettings(route="request.metadata.route"))
    assert set(one.report.unrouted) == {"codex"}
    both = read(paths, tmp_path / "both", IngestSettings(route="request.metadata.route|cwd"))
    assert both.report.unrouted == {}
    assert both.traffic["route"].null_count() == 0
    assert set(both.traffic["route_source"]) == {"request.metadata.route", "cwd"}


def test_a_person_names_the_format(tmp_path: Path) -> None:
    """What is not of the format that was asked for stays a reject."""
    texts = [(SAMPLES / BY_FORMAT[name][0]).read_text("utf-8") for name in ("openai-chat", "litellm")]
    log = tmp_path / "both.jsonl"
    log.write_text("".join(texts), "utf-8")
    got = read(log, tmp_path / "run", IngestSettings(format="litellm"))
    assert set(got.report.formats) == {"litellm"}
    assert got.report.rejected == len(texts[0].splitlines())


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
