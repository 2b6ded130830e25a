"""Whole audits that try to prove something wrong, or to blame a candidate that loses nothing.

What the truth allows is written beside each world: right answers that are not right, grades, schemas that say little,
answers that are sampled, and checks that a criterion all but repeats.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.core.finding import Verdict
from tests.e2e.test_hostile import NUMERIC, Asked, World, losing, verdict_of

STAYS = {Verdict.KEEP, Verdict.NOT_PROVEN}
SWITCH, SPLIT = {Verdict.SWITCH}, {Verdict.SPLIT}
References = list[dict[str, Any]]


def wrong(share: float) -> Callable[[References, random.Random], References]:
    """A share of the right answers is another figure."""

    def spoil(rows: References, rng: random.Random) -> References:
        return [{**row, "reference": row["reference"] + 7} if rng.random() < share else row for row in rows]

    return spoil


def slipped(share: float) -> Callable[[References, random.Random], References]:
    """A share of the right answers stands beside the next of these prompts."""

    def spoil(rows: References, rng: random.Random) -> References:
        places = [n for n in range(len(rows)) if rng.random() < share]
        moved = [rows[n]["reference"] for n in places[1:] + places[:1]]
        new = dict(zip(places, moved, strict=True))
        return [{**row, "reference": new.get(n, row["reference"])} for n, row in enumerate(rows)]

    return spoil


def twice(rows: References, rng: random.Random) -> References:
    """Three prompts in ten have two right answers that differ."""
    return rows + [{**row, "reference": row["reference"] + 5} for row in rows if rng.random() < 0.3]


def both_wrong(n: int, rng: random.Random) -> Asked:
    """Both err on three requests in ten, each in its own way twice out of three times."""
    found = losing(0.0)(n, rng)
    if rng.random() >= 0.3:
        return found
    return replace(found, today=f"Total: {found.total + 3}", then=f"Total: {found.total + 3 + rng.randrange(3)}")


LONG = "Your order was placed in spring and has been delivered to the address on file. No further payment is due. "


def prose(n: int, rng: random.Random) -> Asked:
    """A long text around one figure, which every fifth answer gets wrong."""
    total = rng.randrange(10_000, 99_999)
    said = [f"{LONG}The total is {figure}." for figure in (total, total + 5 * (rng.random() < 0.2))]
    return Asked(total=total, today=said[0], then=said[1], right=said[0])


def order(bad: float, broken: float = 0.0) -> Callable[[int, random.Random], Asked]:
    """JSON of three fields: some answers have another total, some are cut."""

    def ask(n: int, rng: random.Random) -> Asked:
        total, currency = rng.randrange(10_000, 99_999), rng.choice(["EUR", "USD", "GBP"])
        right = {"total": total, "currency": currency, "day": f"2026-0{rng.randrange(1, 9)}-1{rng.randrange(9)}"}
        other = right | {"total": total + 5 * (rng.random() < bad)}
        then = json.dumps(other)[: 7 if rng.random() < broken else None]
        return Asked(total=total, today=json.dumps(right), then=then, right=right)

    return ask


def sampled(hard: float) -> Callable[[int, random.Random], Asked]:
    """Requests of which some are answered rightly half of the time, whenever they are asked."""

    def ask(n: int, rng: random.Random) -> Asked:
        return replace(losing(0.0)(n, rng), wrong="Total: 1", hard=rng.random() < hard)

    return ask


def shaped(bad: float, broken: float) -> Callable[[int, random.Random], Asked]:
    """A figure behind a word: some figures are wrong, some answers have another form."""

    def ask(n: int, rng: random.Random) -> Asked:
        found = losing(bad)(n, rng)
        return replace(found, then="unknown") if rng.random() < broken else found

    return ask


FUZZY = '{type: fuzzy, value: "{{reference}}", threshold: 0.9}'
ORDER = '{type: json-fields, value: "{{reference}}", fields: [total, currency, day]}'
SCHEMAS = [
    "{}",
    "{type: object}",
    "{properties: {day: {format: date}}}",
    "{properties: {currency: {enum: [EUR, USD, GBP]}}}",
]
FORM = '{type: regex, value: "^Total: [0-9]+$"}'
TIER = ", repeats: 3"
RATES = "{add/easy: 0.0, add/hard: 0.5}, run_to_run: 1.0"

WORLDS: dict[str, tuple[World, set[Verdict]]] = {
    "most labels are wrong": (World(losing(0.1), NUMERIC, references=wrong(0.85)), STAYS),
    "a fifth of the labels is wrong, nothing is lost": (World(losing(0.0), NUMERIC, references=wrong(0.2)), SWITCH),
    "labels slipped": (World(losing(0.15), NUMERIC, references=slipped(0.8)), STAYS),
    "all labels slipped": (World(losing(0.0), NUMERIC, references=slipped(1.0)), STAYS),
    "two labels to a text": (World(losing(0.0), NUMERIC, references=twice), STAYS),
    "a hard route": (World(both_wrong, NUMERIC), SWITCH),
    "a figure in a long text, graded": (World(prose, FUZZY, ", graded: true"), STAYS),
    "the meaning of a long text, graded": (
        World(prose, '{type: rouge-n, value: "{{reference}}", threshold: 0.7}', ", graded: true"),
        STAYS,
    ),
    "most of the fields, graded": (World(order(0.2), f"{ORDER[:-1]}, threshold: 0.6}}", ", graded: true"), STAYS),
    **{
        f"a schema that says little, {schema}": (World(order(0.2), f"{{type: is-json, value: {schema}}}"), STAYS)
        for schema in SCHEMAS
    },
    "a check of JSON, wrong totals": (World(order(0.12, 0.12), f"{{type: is-json}}, {ORDER}"), STAYS),
    "a check of JSON, right totals": (World(order(0.0, 0.12), f"{{type: is-json}}, {ORDER}"), SPLIT),
    "sampled, often wrong": (World(sampled(0.3), NUMERIC, tier=TIER, rates=RATES), STAYS),
    "sampled, never wrong": (World(sampled(0.0), NUMERIC, tier=TIER, rates=RATES), SWITCH),
    "a check of the form that the figure is read by": (
        World(
            shaped(0.12, 0.12),
            f'{FORM}, {{type: numeric, extract: {{regex: "^Total: ([0-9]+)$"}}, value: "{{{{reference}}}}"}}',
        ),
        STAYS,
    ),
    "a check of the form, right figures": (
        World(
            shaped(0.0, 0.12),
            f'{FORM}, {{type: numeric, extract: {{regex: "^Total: ([0-9]+)$"}}, value: "{{{{reference}}}}"}}',
        ),
        SPLIT,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_the_verdict_is_one_that_the_truth_allows(name: str, tmp_path: Path) -> None:
    """Losses are four times the margin and more; who loses nothing is not kept out by what the files get wrong."""
    world, allowed = WORLDS[name]
    verdict, reason = verdict_of(world, tmp_path)
    print(f"{name}: {verdict}, {reason}")
    assert verdict in allowed, reason
