"""Lines that add up others of a bill are not counted again, wherever they stand; what only might is questioned."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import pytest

from audit.core.reconciliation import Bill, BillLine, ChargeKind, Uncounted
from audit.reconcile.run import reconcile
from audit.reconcile.summaries import without_sums
from tests.reconcile.planted import DAYS, START, Plan, World, world
from tests.reconcile.test_planted import causes, check_sums

DAY = timedelta(days=1)
MONTH = {"start": START, "end": START + DAYS * DAY}
LAST = {"start": START + (DAYS - 1) * DAY, "end": START + DAYS * DAY}


def usd_of(lines: list[BillLine]) -> float:
    """What lines come to, in cents."""
    return round(sum(line.usd for line in lines), 2)


def usage_of(lines: list[BillLine]) -> list[BillLine]:
    """Those of usage."""
    return [line for line in lines if line.kind is ChargeKind.USAGE]


def of_models(lines: list[BillLine]) -> list[list[BillLine]]:
    """The usage of each model."""
    usage = sorted(usage_of(lines), key=lambda line: line.item)
    return [list(own) for _, own in groupby(usage, key=lambda line: line.item)]


def months(lines: list[BillLine]) -> list[BillLine]:
    """A line a model for the whole time."""
    return [BillLine(**MONTH, usd=usd_of(own), item=own[0].item) for own in of_models(lines)]


def weeks(lines: list[BillLine], item: str | None = None) -> list[BillLine]:
    """A line a model and week."""
    made = []
    for own in of_models(lines):
        for week in range(DAYS // 7):
            start = START + 7 * week * DAY
            held = [line for line in own if start <= line.start < start + 7 * DAY]
            made += [BillLine(start=start, end=start + 7 * DAY, usd=usd_of(held), item=item or own[0].item)]
    return made


def days(lines: list[BillLine], item: str) -> list[BillLine]:
    """A line a day, of all its models."""
    usage = sorted(usage_of(lines), key=lambda line: line.start)
    held = [list(own) for _, own in groupby(usage, key=lambda line: line.start)]
    return [BillLine(start=own[0].start, end=own[0].end, usd=usd_of(own), item=item) for own in held]


SUMS: dict[str, Callable[[list[BillLine]], list[BillLine]]] = {
    "months of models": months,
    "months of models, with another word": lambda lines: [
        replace(one, item=f"{one.item}, input tokens") for one in months(lines)
    ],
    "weeks and months of models": lambda lines: [*weeks(lines), *months(lines)],
    "a month of no model": lambda lines: [BillLine(**MONTH, usd=usd_of(usage_of(lines)))],
    "a month under a name": lambda lines: [BillLine(**MONTH, usd=usd_of(usage_of(lines)), item="Platform consumption")],
    "a month with tax and credit": lambda lines: [BillLine(**MONTH, usd=usd_of(lines))],
    "days of no model": lambda lines: days(lines, ""),
    "days under a name": lambda lines: days(lines, "Everything used"),
    "days, weeks and months": lambda lines: [*days(lines, ""), *weeks(lines), *months(lines)],
    "the last day": lambda lines: [BillLine(**LAST, usd=usd_of(usage_of(lines)))],
    "the last day, with tax and credit": lambda lines: [BillLine(**LAST, usd=usd_of(lines), item="September")],
    "totals of models on the last day": lambda lines: [
        BillLine(**LAST, usd=usd_of(own), item=f"{own[0].item} total") for own in of_models(lines)
    ],
    "totals of models, and of all": lambda lines: [
        *(BillLine(**LAST, usd=usd_of(own), item=f"Subtotal {own[0].item}") for own in of_models(lines)),
        BillLine(**LAST, usd=usd_of(lines)),
    ],
}


def summed(made: World, kind: str, first: bool) -> tuple[Bill, list[BillLine]]:
    """A bill with sums of a kind, above the lines or below, and those sums."""
    lines = list(made.bill.lines)
    sums = SUMS[kind](lines)
    return replace(made.bill, lines=tuple([*sums, *lines] if first else [*lines, *sums])), sums


@pytest.mark.parametrize("kind", SUMS)
@pytest.mark.parametrize(
    "planted",
    [{}, {"tax": 0.19, "credit_line": 20.0}, {"credit": 0.05, "hidden": "other", "ahead": -8.0}],
    ids=["plain", "with tax and credit", "beside causes"],
)
def test_sums_are_not_counted_again(kind: str, planted: dict[str, object], tmp_path: Path) -> None:
    """A bill with sums is the bill without them: the same dollars, places and causes; the sums are counted apart."""
    made = world(2, Plan(**planted))  # type: ignore[arg-type]
    files = made.files(tmp_path)
    plain = reconcile(files, made.bill, {})
    for first in (True, False):
        bill, sums = summed(made, kind, first)
        found = reconcile(files, bill, {})
        assert (causes(found), found.cells) == (causes(plain), plain.cells)
        assert found.bill_usd == plain.bill_usd
        (apart,) = (one for one in found.left_out if one.why is Uncounted.TOTAL)
        assert (apart.lines, round(apart.usd, 2)) == (len(sums), usd_of(sums))
        assert any("not counted again" in note for note in found.notes)
        check_sums(found)


def test_a_sum_of_other_figures_is_questioned(tmp_path: Path) -> None:
    """A month that is not what its days are may be a charge: it counts, and is told with both figures."""
    made = world(2, Plan())
    month = replace(months(list(made.bill.lines))[0], usd=300.0)
    found = reconcile(made.files(tmp_path), replace(made.bill, lines=(*made.bill.lines, month)), {})
    assert math.isclose(found.bill_usd, sum(line.usd for line in made.bill.lines) + 300.0)
    assert any("$300" in note and "if it is a total" in note for note in found.notes)


def test_no_charge_is_taken_for_a_sum() -> None:
    """Over many bills without sums: small amounts that happen to add up, two charges alike, a model's only line."""
    for seed in range(300):
        rng = random.Random(seed)
        most, models = rng.choice([0.05, 0.5, 20.0]), [f"model-{letter}" for letter in "abc"[: rng.randrange(1, 4)]]
        lines = []
        for day in range(rng.randrange(1, 12)):
            for model in rng.sample([*models, "", "Search calls"], rng.randrange(1, len(models) + 2)):
                start = START + day * DAY
                usd = round(rng.uniform(0.01, most), 2)
                lines.append(BillLine(start=start, end=start + DAY, usd=usd, item=model))
        bill = Bill(name="b", format="x", read_as="", lines=tuple(lines), unit_usd=0.01)
        found = without_sums(bill, {line.item: line.item for line in lines})
        assert found == bill, (seed, set(bill.lines) - set(found.lines))


def test_two_views_of_one_bill_are_one(tmp_path: Path) -> None:
    """Days without a model and months of models: one of the two is taken, and nothing is doubled."""
    made = world(2, Plan())
    lines = list(made.bill.lines)
    found = reconcile(made.files(tmp_path), replace(made.bill, lines=(*days(lines, ""), *months(lines))), {})
    assert round(found.bill_usd, 2) == usd_of(lines)
