"""Every dollar that a log names is in one counter, and what cannot be read as dollars is counted."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from audit.core.settings import FieldMap, IngestSettings
from audit.core.traffic import Apart
from audit.ingest.values import written_amount, written_number
from audit.mix.run import measure_mix
from tests.ingest.reading import payload, read, sample, write_jsonl

FAILED = {"status": "failure", "error_information": {"error_code": "500", "error_class": "InternalServerError"}}
OUTCOMES: tuple[dict[str, Any], ...] = (
    {},
    FAILED,
    {"status": None},
    {"cache_hit": True},
    {"cache_hit": "True", **FAILED},
)


def call(n: int, cost: Any, **changes: Any) -> dict[str, Any]:
    """A call of its own, by LiteLLM."""
    named = {"id": f"c-{n}", "litellm_call_id": f"l-{n}", "startTime": 1_790_000_000 + n, "endTime": 1_790_000_001 + n}
    return payload(**named, response_cost=cost, **changes)


def unpriced(record: dict[str, Any]) -> dict[str, Any]:
    """The same call, written down before anybody knew its cost or tokens."""
    bare = {key: value for key, value in record["response"].items() if key != "usage"}
    return record | {"response_cost": None, "prompt_tokens": None, "completion_tokens": None, "response": bare}


@pytest.mark.parametrize("seed", range(3))
def test_every_logged_dollar_is_in_one_counter(tmp_path: Path, seed: int) -> None:
    """Answered, failed, of no known outcome, from a cache, written twice: spend and what stands beside it are the sum
    of the log's own figures, and the model mix says the same as the ingest."""
    rng = random.Random(seed)
    records = []
    for n in range(60):
        record = call(n, round(rng.uniform(0.001, 2.0), 6), **rng.choice(OUTCOMES))
        records += [record] * rng.choice((1, 1, 1, 2, 3))
    rng.shuffle(records)
    got = read(write_jsonl(tmp_path / "log.jsonl", records), tmp_path / "run")
    logged = math.fsum(record["response_cost"] for record in records)
    assert math.fsum([*got.report.spend_usd.values(), *got.report.apart_usd.values()]) == pytest.approx(
        logged, abs=1e-9
    )
    assert set(got.report.apart_usd) == set(Apart)
    mix = measure_mix(got.folder.traffic_files(), ())
    assert mix.apart_usd == got.report.apart_usd
    assert (mix.unknown, mix.failures, mix.duplicates) == (
        got.report.unknown,
        got.report.failures,
        got.report.duplicates,
    )


@pytest.mark.parametrize("changes", OUTCOMES[1:])
def test_dollars_stand_beside_the_count_of_their_rows(tmp_path: Path, changes: dict[str, Any]) -> None:
    """What a row cost that is no request is told with the number of such rows, also of a failure behind a cache."""
    got = read(write_jsonl(tmp_path / "log.jsonl", [call(1, 0.5, **changes)]), tmp_path / "run").report
    counts = {Apart.FAILED: got.failures, Apart.CACHE: got.cache_hits, Apart.UNKNOWN: got.unknown}
    told = {kind for kind, number in counts.items() if number}
    assert {Apart(kind) for kind in got.apart_usd} == told
    assert got.apart_usd[told.pop()] == 0.5


@pytest.mark.parametrize("priced_first", [True, False])
def test_of_two_copies_the_one_with_the_bill_is_kept(tmp_path: Path, priced_first: bool) -> None:
    """A gateway may write a call when it begins and when it ends: the request has its dollars, in whatever order."""
    whole = call(1, 0.5)
    copies = [whole, unpriced(whole)] if priced_first else [unpriced(whole), whole]
    got = read(write_jsonl(tmp_path / "log.jsonl", copies), tmp_path / "run")
    assert got.report.spend_usd == {"gateway_pricetable": 0.5}
    assert (got.report.requests, got.report.duplicates, got.report.not_priced, got.report.apart_usd) == (1, 1, 0, {})


@pytest.mark.parametrize(
    "written", ["€0.02", "0,02", "$0.02", "1_000", -0.5, "-0.5", {"eur": 1}, [0.1], True, 1e9, "n/a"]
)
def test_what_is_no_cost_is_counted(tmp_path: Path, written: Any) -> None:
    """Text, a negative number, more than any call costs: no dollars, and a count of them, in every kind of log."""
    pair = sample("openai_pairs.jsonl")[0] | {"cost_usd": written}
    pair.pop("cost", None)
    for number, record in enumerate((call(1, written), pair)):
        got = read(write_jsonl(tmp_path / f"{number}.jsonl", [record]), tmp_path / f"run{number}")
        assert got.report.warnings["unreadable_cost_usd"] == 1
        assert got.traffic["cost_usd_logged"].null_count() == 1


@pytest.mark.parametrize(
    ("written", "amount"),
    [("$1,234.50", 1234.5), ("1,234,567", 1_234_567.0), ("0.02 USD", 0.02), ("1,234", None), ("0,012", None)],
)
def test_a_comma_that_may_be_decimal_is_no_amount(tmp_path: Path, written: str, amount: float | None) -> None:
    """In half of Europe 0,012 is twelve thousandths and 1,234 a little more than one: neither is thousands."""
    assert written_amount(written) == amount
    fields = FieldMap(prompt="q", response="a", model="m", cost_usd="c")
    got = read(
        write_jsonl(tmp_path / "log.jsonl", [{"q": "x", "a": "y", "m": "acme", "c": written}]),
        tmp_path / "run",
        IngestSettings(map=fields),
    )
    known = amount if amount is not None and amount <= 1e6 else None
    assert got.traffic["cost_usd_logged"].to_list() == [known]
    assert got.report.warnings.get("unreadable_cost_usd", 0) == (known is None)


def test_counts_keep_their_thousands() -> None:
    """Tokens are whole, so that a comma in them can only part thousands; a group never begins with a zero."""
    assert (written_number("1,234"), written_number("0,123"), written_number("1_234")) == (1234.0, None, None)
