"""Escalations: planted ones are found to the last cent, and what only looks like one is none."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.core.mixture import Escalation, Escalations
from audit.mix.escalations import escalations_of
from tests.mix.test_mix import COLUMNS, START, row

MORE = {
    "session_id": pl.String,
    "trace_id": pl.String,
    "prompt_hash": pl.String,
    "ended_at": pl.Datetime("us", "UTC"),
}
COSTS = {"small": 0.01, "big": 0.1, "small-2": 0.011}


def call(at: float, model: str = "small", session: str | None = "s", prompt: str | None = "p", **more: Any) -> Any:
    """A call at a second of the log that takes two."""
    own = {"started_at": START + timedelta(seconds=at), "latency_ms": 2_000.0, "model_key": model}
    return row(cost=COSTS[model]) | {"session_id": session, "prompt_hash": prompt, "trace_id": None} | own | more


def found(folder: Path, rows: list[dict[str, Any]]) -> Escalations:
    """The escalations of a log."""
    pl.DataFrame(rows, schema=COLUMNS | MORE).write_parquet(folder / "traffic-0.parquet")
    return escalations_of([folder / "traffic-0.parquet"])


OTHERS = [call(5_000, session="other"), call(6_000, "big", session="other", prompt="q")]
"""Calls by which the log shows which model is dearer."""


@pytest.mark.parametrize(
    ("rows", "pairs"),
    [
        ([call(0), call(2, "big")], 1),
        ([call(0), call(602, "big")], 1),
        ([call(0, session=None, trace_id="t"), call(9, "big", session=None, trace_id="t")], 1),
        ([call(0), call(9, "big"), call(20), call(29, "big")], 2),
        ([call(0), call(1, "big")], 0),  # side by side
        ([call(0, latency_ms=0.0), call(0, "small-2", latency_ms=0.0)], 0),  # at once, by a clock of whole seconds
        ([call(0), call(2.5, "big")], 1),
        ([call(0, latency_ms=2_400.5), call(2.4, "big")], 0),
        ([call(0), call(603, "big")], 0),  # too late
        ([call(0, "big"), call(9)], 0),  # to a cheaper one
        ([call(0), call(9)], 0),
        ([call(0), call(9, "big", session="t")], 0),
        ([call(0), call(9, "big", prompt="q")], 0),
        ([call(0, status="error"), call(9, "big")], 0),  # a fallback
        ([call(0, cache_hit=True), call(9, "big")], 0),
        ([call(0), call(9, "big", duplicate_of="x")], 0),
    ],
)
def test_what_is_an_escalation(rows: list[dict[str, Any]], pairs: int, tmp_path: Path) -> None:
    """A dearer model, the same question, one session or trace, after the answer and soon."""
    told = [Escalation(asked="small", then="big", requests=pairs, first_usd=0.01 * pairs, second_usd=0.1 * pairs)]
    assert found(tmp_path, [*rows, *OTHERS]) == Escalations(pairs=tuple(told if pairs else ()), not_looked_at=0)


def test_what_cannot_be_looked_at_is_counted(tmp_path: Path) -> None:
    """No session and no trace, no prompt, no cost, no time: each is one, and none is an escalation."""
    blind = [
        call(9, "big", session=None),
        call(9, "big", prompt=None),
        call(9, "big", cost_usd_logged=None),
        call(9, "big", started_at=None),
        call(9, "big", latency_ms=None),
        call(9, "big", ended_at=START),
    ]
    assert found(tmp_path, [call(0), *blind, *OTHERS]) == Escalations(pairs=(), not_looked_at=6)


@pytest.mark.parametrize("names", [("one", "two"), ("two", "one")])
def test_models_of_one_price_are_none(names: tuple[str, str], tmp_path: Path) -> None:
    """A retry at another place that costs the same is no escalation, in whatever order sums of dollars are rounded."""
    first, then = names
    rows = [call(0, "small-2") | {"model_key": first}, call(9, "small-2") | {"model_key": then}]
    # Three times 0.011 is a little more than 0.033 in floating-point numbers.
    rows += [call(at, "small-2", session="other") | {"model_key": then} for at in (5_000, 6_000)]
    assert found(tmp_path, rows) == Escalations(pairs=(), not_looked_at=0)


@pytest.mark.parametrize("seed", range(6))
def test_planted_escalations_are_found_exactly(seed: int, tmp_path: Path) -> None:
    """In any order of rows, among sessions without one."""
    rng = random.Random(seed)
    rows, planted = [], 0
    for number in range(200):
        start, then = 700.0 * number, rng.choice([None, "small", "big"])
        rows.append(call(start, session=f"s{number % 7}", prompt=f"p{number}"))
        rows += [] if then is None else [call(start + 60, then, session=f"s{number % 7}", prompt=f"p{number}")]
        planted += then == "big"
    rng.shuffle(rows)
    told = found(tmp_path, rows)
    assert [(pair.asked, pair.then, pair.requests) for pair in told.pairs] == [("small", "big", planted)]
    assert told.pairs[0].second_usd == pytest.approx(0.1 * planted)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_is_found_whatever_is_held(seed: int, tmp_path: Path) -> None:
    """In any files, held or on disk: the same pairs, to the last bit of their dollars."""
    rng = random.Random(seed)
    rows = [
        call(rng.randrange(4_000), rng.choice(["small", "big", "small-2"]), rng.choice(["s", "t", None]), prompt)
        | {"cost_usd_logged": rng.choice([0.1, 0.3, 0.7, None])}
        for prompt in ("p", "q", "r", None)
        for _ in range(60)
    ]
    whole = found(tmp_path, rows)
    assert len(whole.pairs) > 1
    assert whole.not_looked_at
    rng.shuffle(rows)
    files = []
    for number, start in enumerate(range(0, len(rows), 50)):
        files.append(tmp_path / f"some-{number}.parquet")
        pl.DataFrame(rows[start : start + 50], schema=COLUMNS | MORE).write_parquet(files[-1])
    assert [escalations_of(files, at_once) for at_once in (1 << 20, 100, 7, 1)] == [whole] * 4
