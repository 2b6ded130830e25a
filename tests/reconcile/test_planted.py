"""Every planted difference is named, alone and among others; nothing else is; and every dollar stands in one step."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from audit.core.errors import InputError
from audit.core.reconciliation import Bill, BillLine, Cause, ChargeKind, Reconciliation
from audit.reconcile.run import reconcile
from tests.reconcile.planted import DAYS, PRICES, START, Plan, World, world

FREE = {Cause.ROUNDING, Cause.OUTSIDE_BILL, Cause.OUTSIDE_LOG}
"""Steps that follow from where days begin, or from cents, and are no cause of their own."""
ALONE: list[tuple[dict[str, Any], set[Cause | ChargeKind]]] = [
    ({}, set()),
    ({"credit": 0.05}, {Cause.SHARE_OFF}),
    ({"credit": -0.08}, {Cause.SHARE_ON}),
    ({"credit_line": 20.0}, {ChargeKind.CREDIT}),
    ({"tax": 0.19}, {ChargeKind.TAX}),
    ({"ahead": -8.0}, {Cause.TIME_ZONE}),
    ({"ahead": 5.5}, {Cause.TIME_ZONE}),
    ({"ahead": 14.0}, {Cause.TIME_ZONE}),
    ({"ahead": 5.75}, {Cause.TIME_ZONE}),
    ({"ahead": 12.75}, {Cause.TIME_ZONE}),
    ({"silent": (9,)}, {Cause.DAY_NOT_IN_LOG}),
    ({"unbilled": (5, 6)}, {Cause.DAY_NOT_ON_BILL}),
    ({"hidden": "other"}, {Cause.MODEL_NOT_IN_LOG}),
    ({"elsewhere": "large"}, {Cause.MODEL_NOT_ON_BILL}),
    ({"rates": {"small": 0.5}}, {Cause.MODEL_RATE}),
    ({"cached": 0.3}, {Cause.CACHE_CLASSES}),
    ({"batched": 0.3}, {Cause.BATCH}),
    ({"failed": 0.1}, {Cause.FAILED_CALLS}),
    ({"unpriced": "other"}, {Cause.UNPRICED}),
    ({"noise": 5}, {Cause.UNEXPLAINED}),
    ({"changed": {12: {"": 0.8}}}, {Cause.PRICE_CHANGED}),
    ({"changed": {14: {"large": 1.25}}}, {Cause.PRICE_CHANGED}),
    ({"changed": {12.6: {"large": 0.8}}}, {Cause.PRICE_CHANGED}),
    ({"changed": {7.5: {"large": 0.9}, 14.5: {"large": 0.8}}}, {Cause.PRICE_CHANGED}),
    (
        {"changed": {10: {"small": 0.5}}, "hidden": "other", "ahead": 2.0},
        {Cause.PRICE_CHANGED, Cause.MODEL_NOT_IN_LOG, Cause.TIME_ZONE},
    ),
    ({"named": False, "credit": 0.05, "ahead": 3.0}, {Cause.SHARE_OFF, Cause.TIME_ZONE}),
    (
        {"credit": 0.05, "ahead": -7.0, "silent": (9,), "hidden": "other"},
        {Cause.SHARE_OFF, Cause.TIME_ZONE, Cause.DAY_NOT_IN_LOG, Cause.MODEL_NOT_IN_LOG},
    ),
    (
        {"credit": 0.05, "ahead": 2.0, "unbilled": (9,), "hidden": "small", "noise": 3},
        {Cause.SHARE_OFF, Cause.TIME_ZONE, Cause.DAY_NOT_ON_BILL, Cause.MODEL_NOT_IN_LOG, Cause.UNEXPLAINED},
    ),
]


def of(made: World, folder: Path) -> Reconciliation:
    """The world, reconciled."""
    return reconcile(made.files(folder), made.bill, {})


def causes(found: Reconciliation) -> set[Cause | ChargeKind]:
    """What was named."""
    return {step.cause for step in found.steps} - FREE


def check_sums(found: Reconciliation) -> None:
    """The steps lead from the log to the bill, and places add up to what they are of."""
    assert math.isclose(found.log_usd + sum(step.usd for step in found.steps), found.bill_usd, abs_tol=1e-9)
    apart = sum(step.usd for step in found.steps if isinstance(step.cause, ChargeKind))
    assert math.isclose(sum(cell.bill_usd for cell in found.cells), found.bill_usd - apart, abs_tol=1e-9)


@pytest.mark.parametrize(("planted", "named"), ALONE, ids=[str(planted) for planted, _ in ALONE])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_planted_is_named(
    planted: dict[str, Any], named: set[Cause | ChargeKind], seed: int, tmp_path: Path
) -> None:
    """Alone and together, and no other cause beside it."""
    found = of(world(seed, Plan(**planted)), tmp_path)
    assert causes(found) == named
    assert found.shift_hours == planted.get("ahead", 0.0)
    check_sums(found)


def test_a_price_that_changed_says_whose_and_when(tmp_path: Path) -> None:
    """The model or all of them, the multiple, and the first or the last day of it."""
    told = {
        "all models: 0.8 times from 2026-09-13 on": Plan(changed={12: {"": 0.8}}),
        "large: 1.25 times from 2026-09-15 on": Plan(changed={14: {"large": 1.25}}),
        "large: 0.9 times until 2026-09-05": Plan(rates={"large": 0.9}, changed={5: {"large": 1 / 0.9}}),
    }
    for about, plan in told.items():
        found = of(world(2, plan), tmp_path)
        assert [step.about for step in found.steps if step.cause is Cause.PRICE_CHANGED] == [about]
        assert found.unexplained_gross_usd == 0


def test_any_mixture_is_named(tmp_path: Path) -> None:
    """Differences drawn at random, several at once: those and no others are named, with their figures."""
    for seed in range(12):
        rng = random.Random(seed)
        planted = drawn(rng)
        made = world(seed, planted)
        found = of(made, tmp_path)
        check_sums(found)
        told = {
            Cause.SHARE_OFF: planted.credit > 0,
            Cause.TIME_ZONE: planted.ahead != 0,
            Cause.DAY_NOT_IN_LOG: bool(planted.silent),
            Cause.DAY_NOT_ON_BILL: bool(planted.unbilled),
            Cause.MODEL_NOT_IN_LOG: planted.hidden is not None,
            Cause.CACHE_CLASSES: planted.cached > 0,
            ChargeKind.TAX: planted.tax > 0,
        }
        assert causes(found) == {cause for cause, there in told.items() if there}, (seed, planted)
        assert found.shift_hours == planted.ahead
        for step in found.steps:
            if step.cause is Cause.SHARE_OFF:
                assert step.about == f"{planted.credit:.1%}"
            if step.cause is Cause.MODEL_NOT_IN_LOG:
                hidden = sum(usd for (_, model), usd in made.places.items() if model == planted.hidden)
                assert math.isclose(step.usd, hidden, abs_tol=0.01 * DAYS)


def drawn(rng: random.Random) -> Plan:
    """A plan by chance; what the log lost and what the bill lost are never the same day, which nothing could tell."""
    days = rng.sample(range(3, 18), 4)
    return Plan(
        credit=rng.choice([0.0, 0.02, 0.05, 0.25]),
        ahead=rng.choice([0.0, -12.0, -5.0, -1.0, 2.0, 5.5, 5.75, 9.0, 12.75, 14.0]),
        silent=tuple(days[: rng.randrange(2)]),
        unbilled=tuple(day for day in days[2 : 2 + rng.randrange(2)] if abs(day - days[0]) > 1),
        hidden=rng.choice([None, *PRICES]),
        cached=rng.choice([0.0, 0.0, 0.3]),
        tax=rng.choice([0.0, 0.19]),
    )


@pytest.mark.slow
def test_nothing_is_named_where_there_is_nothing(tmp_path: Path) -> None:
    """Over many logs: a bill of the same calls has no cause, and one with noise alone has none but the unexplained."""
    for seed in range(100, 200):
        assert causes(of(world(seed, Plan()), tmp_path)) == set(), seed
        assert causes(of(world(seed, Plan(noise=12)), tmp_path)) == {Cause.UNEXPLAINED}, seed


def test_a_bill_of_something_else_is_unexplained(tmp_path: Path) -> None:
    """Amounts that have nothing to do with the log: no factor, hour or price is read into them."""
    for seed in range(6):
        rng = random.Random(seed)
        made = world(seed, Plan())
        lines = [
            BillLine(start=line.start, end=line.end, usd=line.usd * rng.uniform(0.2, 3), item=line.item)
            for line in made.bill.lines
        ]
        found = reconcile(made.files(tmp_path), Bill(name="b", format="invoice", read_as="", lines=tuple(lines)), {})
        assert causes(found) == {Cause.UNEXPLAINED}
        check_sums(found)


def test_one_figure_tells_no_cause(tmp_path: Path) -> None:
    """A bill of one amount is compared and not explained: one factor always fits it."""
    made = world(1, Plan(credit=0.05))
    total = sum(line.usd for line in made.bill.lines)
    line = BillLine(start=made.bill.lines[0].start, end=made.bill.lines[-1].end, usd=total)
    found = reconcile(made.files(tmp_path), Bill(name="b", format="invoice", read_as="", lines=(line,)), {})
    assert causes(found) == {Cause.UNEXPLAINED}
    assert any("too few figures" in note for note in found.notes)


def test_a_line_a_call_is_of_its_day(tmp_path: Path) -> None:
    """A bill that lists calls by their time is compared by day, as one that lists days is."""
    made = world(1, Plan(silent=(9,)))
    lines = [
        BillLine(start=row["started_at"], end=row["started_at"] + timedelta(days=1), usd=usd, item=row["model_key"])
        for row in world(1, Plan()).rows
        for usd in [row["cost_usd_logged"]]
    ]
    found = reconcile(made.files(tmp_path), Bill(name="b", format="x", read_as="", lines=tuple(lines)), {})
    assert causes(found) == {Cause.DAY_NOT_IN_LOG}
    assert len({cell.start for cell in found.cells}) == DAYS
    check_sums(found)


ZONED = [
    *(("America/Los_Angeles", -7.0), ("America/New_York", -4.0), ("Europe/Berlin", 2.0), ("Europe/London", 1.0)),
    *(("America/St_Johns", -2.5), ("Asia/Kolkata", 5.5), ("Australia/Adelaide", 10.5), ("UTC", 0.0)),
    *(("Asia/Kathmandu", 5.75), ("Australia/Eucla", 8.75), ("Pacific/Chatham", 13.75), ("Australia/Lord_Howe", 11.0)),
]


ZONED_DAYS = [
    *((zone, hours, 50) for zone, hours in ZONED),
    *(("Pacific/Auckland", 12.0, 17), ("Pacific/Chatham", 12.75, 17), ("Australia/Lord_Howe", 10.5, 23)),
]
"""A zone, by how much it is ahead of UTC when the bill begins, and how many days into September that is."""


@pytest.mark.parametrize(("zone", "hours", "days_later"), ZONED_DAYS)
@pytest.mark.parametrize("planted", [{}, {"credit": 0.05, "hidden": "other"}], ids=["alone", "beside others"])
def test_a_clock_that_is_changed_is_named(
    zone: str, hours: float, days_later: int, planted: dict[str, Any], tmp_path: Path
) -> None:
    """Days of a zone whose summer begins or ends within the bill are its days, before and after; of others too."""
    later, plan = timedelta(days=days_later), Plan(**planted)
    made = world(3, Plan(hidden=plan.hidden))
    rows = [row | {"started_at": row["started_at"] + later} for row in made.rows]
    days: dict[tuple[date, str], float] = defaultdict(float)
    for call in world(3, Plan()).rows:
        at = (call["started_at"] + later).astimezone(ZoneInfo(zone))
        days[at.date(), call["model_key"]] += call["cost_usd_logged"] * (1 - plan.credit)
    dates = {day for day, _ in days}
    lines = []
    for (day, model), usd in sorted(days.items()):
        if day not in (min(dates), max(dates)):
            start = datetime(day.year, day.month, day.day, tzinfo=UTC)
            lines.append(BillLine(start=start, end=start + timedelta(days=1), usd=round(usd, 2), item=model))
    bill = Bill(name="b", format="x", read_as="", lines=tuple(lines), unit_usd=0.01)
    found = reconcile(World(rows, bill, {}).files(tmp_path), bill, {})
    named = {Cause.TIME_ZONE} if hours else set()
    named |= {Cause.SHARE_OFF, Cause.MODEL_NOT_IN_LOG} if planted else set()
    assert causes(found) == named
    assert found.shift_hours == hours
    check_sums(found)


def test_days_with_their_zone_are_whole_where_clocks_change(tmp_path: Path) -> None:
    """A day of 25 hours is one: the hour between two days that begin at 7:00 and at 8:00 is of the first."""
    made, zone = world(3, Plan()), ZoneInfo("America/Los_Angeles")
    rows = [row | {"started_at": row["started_at"] + timedelta(days=50)} for row in made.rows]
    days: dict[tuple[date, str], float] = defaultdict(float)
    for row in rows:
        days[row["started_at"].astimezone(zone).date(), row["model_key"]] += row["cost_usd_logged"]
    lines = []
    for (day, model), usd in sorted(days.items()):
        start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        lines.append(BillLine(start=start, end=start + timedelta(days=1), usd=usd, item=model))
    bill = Bill(name="b", format="x", read_as="", lines=tuple(lines))
    assert causes(reconcile(World(rows, bill, {}).files(tmp_path), bill, {})) == set()


@pytest.mark.parametrize("part", [1.0, 0.2])
@pytest.mark.parametrize("planted", [{}, {"credit": 0.05, "ahead": -7.0}], ids=["alone", "beside others"])
def test_lines_that_stand_twice_are_named(part: float, planted: dict[str, Any], tmp_path: Path) -> None:
    """A page of an export that was given twice is no tax of a hundred per cent, and no riddle."""
    made = world(5, Plan(**planted))
    twice = made.bill.lines[: int(len(made.bill.lines) * part)]
    lines = (*made.bill.lines, *(replace(line, repeated=True) for line in twice))
    found = reconcile(made.files(tmp_path), replace(made.bill, lines=lines), {})
    assert causes(found) - {Cause.SHARE_OFF, Cause.TIME_ZONE} == {Cause.BILLED_TWICE}
    (step,) = (step for step in found.steps if step.cause is Cause.BILLED_TWICE)
    assert math.isclose(step.usd, sum(line.usd for line in twice))
    assert (Cause.SHARE_OFF in causes(found), Cause.TIME_ZONE in causes(found)) == (bool(planted), bool(planted))
    assert math.isclose(found.log_usd + sum(step.usd for step in found.steps), found.bill_usd, abs_tol=1e-9)
    assert math.isclose(sum(cell.bill_usd for cell in found.cells), found.bill_usd, abs_tol=1e-9)


def test_two_charges_that_are_alike_stay_two(tmp_path: Path) -> None:
    """Lines that the log has as often as the bill are none too many, though they are the same word for word."""
    made = world(5, Plan(cents=False))
    halves = [replace(line, usd=line.usd / 2, repeated=second) for line in made.bill.lines for second in (False, True)]
    found = reconcile(made.files(tmp_path), replace(made.bill, lines=tuple(halves)), {})
    assert causes(found) == set()
    check_sums(found)


def test_another_name_for_a_model_is_found_by_its_figures(tmp_path: Path) -> None:
    """A model that only the bill has and one that only the log has, alike day by day, are one."""
    made = world(3, Plan(credit=0.05))
    renamed = {"large": "Enterprise unit A"}
    lines = [
        BillLine(start=one.start, end=one.end, usd=one.usd, item=renamed.get(one.item, one.item))
        for one in made.bill.lines
    ]
    bill = Bill(name="b", format="invoice", read_as="", lines=tuple(lines), unit_usd=0.01)
    found = reconcile(made.files(tmp_path), bill, {})
    assert causes(found) == {Cause.SHARE_OFF}
    assert found.names == {"Enterprise unit A": "large"}


def test_cached_tokens_that_only_the_bill_counts(tmp_path: Path) -> None:
    """The bill has a model's cached tokens at a tenth, and the log priced them as others."""
    made, rng = world(4, Plan(cents=False)), random.Random(4)
    lines = []
    for line in made.bill.lines:
        share = rng.uniform(0.1, 0.7) if line.item == "large" else 0.0
        same = {"start": line.start, "end": line.end, "item": line.item}
        lines.append(BillLine(**same, usd=line.usd * (1 - share)))
        lines += [BillLine(**same, usd=line.usd * share / 10, cached=True)] if share else []
    found = reconcile(made.files(tmp_path), Bill(name="b", format="x", read_as="", lines=tuple(lines)), {})
    assert causes(found) == {Cause.CACHE_UNCOUNTED}
    check_sums(found)


def test_another_month_is_refused(tmp_path: Path) -> None:
    """A bill of another time is an error that names both times."""
    made = world(1, Plan())
    later = [
        BillLine(start=one.start.replace(month=11), end=one.end.replace(month=11), usd=one.usd, item=one.item)
        for one in made.bill.lines
        if one.end.month == START.month
    ]
    with pytest.raises(InputError) as caught:
        reconcile(made.files(tmp_path), Bill(name="b", format="x", read_as="", lines=tuple(later)), {})
    assert caught.value.code == "reconcile.other-time"
    assert "2026-09-01" in caught.value.notes[0]
    assert "2026-11-01" in caught.value.notes[0]
