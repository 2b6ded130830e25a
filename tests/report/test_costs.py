"""The table of what each candidate would cost."""

from __future__ import annotations

import dataclasses

from audit.core.finding import Latency
from audit.report.costs import CostTable, cost_table
from tests.report import fixtures


def table(*tiers: str) -> CostTable:
    """Of a route with these candidates."""
    tested = [fixtures.candidate(tier) for tier in tiers]
    route = fixtures.route("invoice-fields", 1000.0, 90_000, tested[0], candidates=tuple(tested))
    found = cost_table(route)
    assert found is not None
    return found


def test_both_caches_stand_there_and_one_is_used() -> None:
    """Today's spend beside every candidate's cost, cold and warm, and which of them the dollars are."""
    found = table("mini", "local")
    rows = {row[0]: row[1:] for row in found.numbers.rows}
    assert found.numbers.head == ("Figure", "Today", "mini", "local")
    assert rows["Cost, prompt cache cold, used here"] == ("$980", "$340 [$300, $380]", "$340 [$300, $380]")
    assert rows["Cost, prompt cache warm"][1] == "$251 [$213, $289]"
    assert found.summary == "What it would cost: today $980 (of $1,000 paid), mini $340, local $340"


def test_classes_lengths_and_latency() -> None:
    """What makes up the cost adds up; classes without dollars are left out."""
    rows = {row[0]: row[1:] for row in table("mini").numbers.rows}
    assert rows["Cost by class: input / output / not split"] == ("–", "$200 / $128 / $12.00")
    assert rows["Tokens an answer"] == ("310", "402, 1.30 times [1.25, 1.35]")
    assert rows["Latency, p50 / p95 / p99"] == ("1.5 s / 5.9 s / 9.4 s", "640 ms / 2.2 s / 4.2 s")


def test_every_assumption_is_named() -> None:
    """With its factor, and with the candidates it is about where it is not about all."""
    lines = table("mini", "local").assumptions
    assert lines == (
        "Prompt cache: cold: nothing is read from the candidate's cache.",
        "Batch: 50% of the requests wait for a batch, at 50% off (cost × 0.75).",
        "Attempts: 1.04 a call.",
        "Tokens: estimated on 5% of the calls.",
    )
    one, other = fixtures.candidate("mini"), fixtures.candidate("local")
    assert other.cost is not None
    other = dataclasses.replace(other, cost=dataclasses.replace(other.cost, assumptions=()))
    found = cost_table(fixtures.route("r", 10.0, 10, one, candidates=(one, other)))
    assert found is not None
    assert "Batch, mini: 50% of the requests wait for a batch, at 50% off (cost × 0.75)." in found.assumptions


def test_unknown_is_a_dash_or_no_table() -> None:
    """Findings of an earlier version have no breakdown; endpoints may count no tokens and measure no time."""
    one = fixtures.candidate("mini")
    assert one.cost is not None
    assert cost_table(fixtures.route("r", 10.0, 10, dataclasses.replace(one, cost=None))) is None
    bare = dataclasses.replace(one.cost, output=None, classes=(), not_split_usd=0.0)
    never = Latency(p50=None, p95=None)
    found = cost_table(fixtures.route("r", 10.0, 10, dataclasses.replace(one, cost=bare, latency_ms=never)))
    assert found is not None
    rows = {row[0]: row[1:] for row in found.numbers.rows}
    assert "Tokens an answer" not in rows
    assert rows["Latency, p50 / p95 / p99"][1] == "– / – / –"
