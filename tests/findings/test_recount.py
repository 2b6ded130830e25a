"""Findings hold their own figures: whoever changes one of them leaves a contradiction behind, and it is named."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.core.finding import Findings
from audit.core.plain import from_plain, to_plain
from audit.findings.recount import disagreements

GOLDEN = Path(__file__).parents[1] / "golden" / "findings.json"
"""A real run, with numbers of nine digits."""


def plain() -> dict[str, Any]:
    """The findings as JSON values, with every figure once."""
    value = json.loads(GOLDEN.read_text("utf-8"))
    value["provenance"]["packages"] = {}
    return dict(json.loads(json.dumps(to_plain(from_plain(Findings, value)))))


def changed(value: dict[str, Any], path: tuple[str | int, ...], new: Any) -> Findings:
    """The findings with one value changed."""
    value = copy.deepcopy(value)
    inner: Any = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return from_plain(Findings, value)


def numbers(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], float]]:
    """Every number with the way to it."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(item, (*path, key))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


def test_what_an_audit_writes_agrees_with_itself() -> None:
    """None of the sums, rates, p-values and verdicts of a run differs from what it comes down to."""
    assert disagreements(from_plain(Findings, plain())) == []


HELD = (
    *("avoidable_usd", "avoidable_share", "avoidable_by_grade", "yearly_usd", "not_proven_usd", "savings_at_risk_usd"),
    *("accepted_before", "accepted_after", "accepted_change", "requests", "spend_usd", "ledger", "frontier"),
)
OF_A_ROUTE = (
    *("pairs", "quality_delta", "accepted_today", "accepted_after", "p_noninferior", "p_inferior"),
    *("saving_usd", "cost_usd"),
)


def test_every_number_that_a_reader_acts_on_is_found_when_it_is_changed() -> None:
    """One by one: the totals, and of each route the pairs, the change of quality, its p-values and its dollars."""
    whole = plain()
    tried = []
    for path, number in numbers(whole):
        of_route = path[0] == "routes" and len(path) > 3 and path[2] == "recommendation" and path[3] in OF_A_ROUTE
        if path[0] in HELD or of_route or (path[0] == "routes" and path[2] in ("requests", "spend_usd")):
            new = number + 1 if isinstance(number, int) else number * 1.01 + 1e-4
            assert disagreements(changed(whole, path, new)), path
            tried.append(path)
    assert len(tried) > 150


@pytest.mark.parametrize(
    ("path", "new", "named"),
    [
        (("routes", 1, "recommendation", "verdict"), "switch", "routes[1].recommendation.verdict"),
        (("routes", 1, "recommendation", "grade"), "form", "routes[1].recommendation.grade"),
        (("routes", 1, "margin"), 0.2, "routes[1].recommendation.p_noninferior"),
        (("routes", 1, "candidates", 0, "n"), 9000, "routes[1].candidates[0].n"),
        (("mix", "by_model", 0, "requests"), 1, "mix.by_model"),
        (("mix", "trend", 0, "spend_usd"), 1e6, "mix.trend"),
        (("tested",), False, "tested"),
    ],
)
def test_a_contradiction_is_named_by_its_place(path: tuple[str | int, ...], new: Any, named: str) -> None:
    """As a path into `findings.json`, so that a reader can look."""
    assert named in disagreements(changed(plain(), path, new))
