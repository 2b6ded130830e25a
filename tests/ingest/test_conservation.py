"""Every record of every log is in exactly one visible counter, whatever stands in it; and no record ends an ingest."""

from __future__ import annotations

import gzip
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import AuditError
from audit.ingest.files.text_files import separator_of
from audit.ingest.formats import FORMATS
from audit.llm.logprices import rates_of
from tests.contracts.test_formats import mutated
from tests.ingest.reading import BY_FORMAT, SAMPLES, Read, payload, read, sample, write_jsonl
from tests.shared import SHARED, needs_shared

HOSTILE = (
    b"{", b"null", b"[1]", b'"x"', b"{}", b"\xff\xfe\x00", b'{"a": "\\ud800"}', b'{"a": 1, "a": 2}', b'{"a": NaN}',
    b'{"a": "\xd3"}', b'{"\xc3": 1}',
    b'{"a": ' + b"[" * 3000 + b"]" * 3000 + b"}", b'{"a": 1e999}', b'{"a": ' + b"9" * 400 + b"}", b'{"a": "\\u0000"}',
)  # fmt: skip
"""Lines that are no record of any format."""


def mutants(name: str, count: int, seed: str) -> list[bytes]:
    """Records of a format's sample, each with strange values in up to three places, and hostile lines among them."""
    return mutants_of(sample(BY_FORMAT[name][0]), count, f"{seed} {name}")


def mutants_of(records: list[Any], count: int, seed: str) -> list[bytes]:
    """The records as they are, so that their format is told by most of the lines; then so many mutated ones."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        record = rng.choice(records)
        for _ in range(rng.randrange(4)):
            record = mutated(record, rng)
        made.append(json.dumps(record).encode())
    made += HOSTILE
    rng.shuffle(made)
    return [json.dumps(record).encode() for record in records] * (1 + len(made) // len(records)) + made


def assert_conserved(got: Read, lines: int) -> None:
    """Records are rows, rejects or no calls; rows are requests, failures, repeats, cache hits or unknown."""
    report = got.report
    rows = set(got.traffic["source_row"])
    rejected = set(got.rejects["source_row"])
    assert report.read == lines
    assert len(rows | rejected) + report.not_calls == lines
    assert report.rejected == len(got.rejects)
    assert len(got.traffic) == sum(report.formats.values())
    counted = report.requests + report.failures + report.duplicates + report.cache_hits + report.unknown
    assert counted == len(got.traffic)
    priced = got.traffic.filter(got.traffic["cost_usd_logged"].is_not_null())
    assert (priced["cost_usd_logged"] >= 0).all()


@pytest.mark.parametrize("name", FORMATS.names)
def test_every_record_is_in_one_counter(name: str, tmp_path: Path) -> None:
    """Some mutated records of each format."""
    lines = mutants(name, 25, "quick")
    settings = BY_FORMAT[name][1].model_copy(update={"format": name})
    assert_conserved(read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run", settings), len(lines))


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS.names)
def test_thousands_of_records_are_each_in_one_counter(name: str, tmp_path: Path) -> None:
    """The same, over as many as find what is rare: 200,000 of all formats together."""
    lines = mutants(name, 200_000 // len(FORMATS.names) + 1, "slow")
    settings = BY_FORMAT[name][1].model_copy(update={"format": name})
    got = read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run", settings)
    assert_conserved(got, len(lines))
    print(f"{name}: {len(lines):,} records, {len(got.traffic):,} rows, {got.report.rejected:,} rejects")


EXPORTS = sorted(
    path
    for folder in ("logs", "cases/logs")
    for pattern in ("*.jsonl", "*/*.jsonl", "*.jsonl.gz", "*/*.json.gz")
    for path in (SHARED / folder).glob(pattern)
    if path.parent.name != "truth"
)
"""Logs that real programs wrote, and those that once broke the reading of them."""
MUTANTS_OF_EXPORTS = 60_000


def records_of(path: Path) -> list[Any]:
    """The records of a file of JSON lines; none where its lines are something else."""
    data = path.read_bytes()
    try:
        return [json.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]
    except ValueError:
        return []


@pytest.mark.slow
@needs_shared("logs")
@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_mutated_exports_are_conserved_too(path: Path, tmp_path: Path) -> None:
    """What real programs export, mutated, is read under the format that it is told to be, each record in one counter;
    what is no file of JSON lines is damaged by the byte, and is read or refused in our own words."""
    with suppress(AuditError):  # a few are of no format that is read
        read(path, tmp_path / "whole")
    if (tmp_path / "whole" / "traffic").exists() and (records := records_of(path)):
        lines = mutants_of(records, MUTANTS_OF_EXPORTS // len(EXPORTS) + 1, path.name)
        got = read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run")
        assert_conserved(got, len(lines))
        print(f"{path.name}: {len(lines):,} records, {len(got.traffic):,} rows, {got.report.rejected:,} rejects")
    data = path.read_bytes()
    # Of a file of few records each would be hit.
    rng, whole = random.Random(path.name), data * (1 + 20_000 // len(data))
    refused = 0
    for turn in range(20):
        damaged = bytearray(whole[: rng.randrange(1, len(whole) + 1)] if turn % 3 == 0 else whole)
        for _ in range(rng.randrange(1, 40)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (log := tmp_path / f"{turn}-{path.name}").write_bytes(damaged)
        try:
            got = read(log, tmp_path / f"run-{turn}")
        except AuditError:
            refused += 1
        else:
            assert_conserved(got, got.report.read)
    print(f"{path.name}: 20 times damaged by the byte, {refused} refused")


@pytest.mark.parametrize(
    ("name", "field"), [("langfuse", "total_cost"), ("langsmith", "total_cost"), ("portkey", "cost")]
)
def test_a_negative_cost_is_no_cost(name: str, field: str, tmp_path: Path) -> None:
    """Nobody is paid for a call: the row stays, and its cost is unknown."""
    records = [
        json.loads(line) | {field: -0.5} for line in (SAMPLES / BY_FORMAT[name][0]).read_text("utf-8").splitlines()
    ]
    got = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run")
    assert got.traffic["cost_usd_logged"].null_count() == len(got.traffic) > 0


TOO_MANY = 10**13


@pytest.mark.parametrize("name", ["litellm.jsonl", "litellm_spend.jsonl", "helicone.jsonl", "keywordsai.jsonl"])
def test_counts_that_no_call_has_are_no_dollars(name: str, tmp_path: Path) -> None:
    """Whichever field gives them: no price list is held against ten trillion tokens."""

    def larger(value: object) -> object:
        if isinstance(value, list):
            return [larger(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            key: item * TOO_MANY if key.endswith("_tokens") and type(item) is int and "max" not in key else larger(item)
            for key, item in value.items()
        }

    records = [larger(record) for record in sample(name)]
    got = read(write_jsonl(tmp_path / name, records), tmp_path / "run", rates_of=rates_of())
    assert not got.traffic["prompt_tokens"].max()
    assert sum(got.report.spend_usd.values()) < 1


def test_a_log_without_times_that_is_exported_twice_is_one_log(tmp_path: Path) -> None:
    """Equal records with one provider's id are one call; equal records with a short id may be two."""
    records = [
        {key: value for key, value in payload(id=name).items() if "Time" not in key}
        for name in ("chatcmpl-" + "a" * 20, "7")
    ]
    got = read(write_jsonl(tmp_path / "log.jsonl", records * 2), tmp_path / "run")
    assert (got.report.requests, got.report.duplicates) == (3, 1)


def test_a_first_line_that_is_no_utf8_costs_itself(tmp_path: Path) -> None:
    """The format is told by the lines behind it, in a list inside an export as well."""
    lines = [json.dumps(record).encode() for record in sample("litellm.jsonl")]
    bad = lines[0].replace(b'"model": "', b'"model": "\xe9')
    got = read(write_jsonl(tmp_path / "log.jsonl", [bad, *lines]), tmp_path / "run")
    assert (got.report.rejected, len(got.traffic)) == (1, len(lines))
    wrapped = b'{"data": [' + b",".join([bad, *lines]) + b"]}"
    got = read(write_jsonl(tmp_path / "more.jsonl", [b'{"data": [' + lines[0] + b"]}", wrapped]), tmp_path / "more")
    assert (got.report.rejected, len(got.traffic)) == (1, 1 + len(lines))


@pytest.mark.parametrize("first", [b"one,two\rthree,four", b"one,two," + b"x" * 200_000])
def test_a_first_line_that_csv_cannot_read_is_no_header(first: bytes) -> None:
    """It holds a line end of another kind, or a cell that is longer than any."""
    assert separator_of(first) is None


def test_rows_of_the_spend_table_may_lack_the_spend(tmp_path: Path) -> None:
    """An export of some columns is no payload of a callback: its bodies and cached tokens are read as before."""
    records = [
        {key: value for key, value in record.items() if key != "spend"} for record in sample("litellm_spend.jsonl")
    ]
    got = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run", rates_of=rates_of())
    whole = read(SAMPLES / "litellm_spend.jsonl", tmp_path / "whole", rates_of=rates_of())
    columns = ["source_format", "request_fp", "cached_tokens", "prompt_tokens", "cost_usd_recomputed", "status"]
    assert got.traffic.select(columns).equals(whole.traffic.select(columns))
    assert got.report.not_priced == 0
