"""From paid to needed: the report's steps are the ledger's and the verdicts', and add up as they are shown."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from audit.core.finding import Findings
from audit.core.levers import LeverLedger, NeededBill, RouteLevers
from audit.findings.totals import needed_bill
from audit.report.html import render_html
from audit.report.mixing import waterfall
from tests.gate.world import example
from tests.levers.made import LEDGER
from tests.report.fixtures import changed


def route(name: str, paid: float, unused: float = 0.0, batch: float = 0.0) -> RouteLevers:
    """A route whose requests went by one lever, and whose prices went down by another."""
    usd = {"unused-answers": unused, "repeats": 0.0, "batch": batch}
    return RouteLevers(route=name, paid_usd=paid, usd=usd, left_usd=paid - unused - batch)


def ledger(*routes: RouteLevers) -> LeverLedger:
    """A ledger of these routes."""
    return replace(LEDGER, routes=routes, left_usd=sum(one.left_usd for one in routes))


@pytest.mark.parametrize(
    ("levers", "saves"),
    [
        (route("doc-extract", 1000.0), 900.0),  # nothing taken: all of it is left
        (
            route("doc-extract", 1000.0, unused=100.0),
            810.0,
        ),  # a tenth of the requests is gone, and a tenth of the saving
        (route("doc-extract", 1000.0, batch=200.0), 700.0),  # the log's model costs less, the candidate does not
        (route("doc-extract", 1000.0, unused=100.0, batch=200.0), 610.0),
        (route("doc-extract", 1000.0, batch=950.0), 0.0),  # the route would stay
        (route("doc-extract", 0.0), 0.0),
    ],
)
def test_a_saving_is_of_what_is_left(levers: RouteLevers, saves: float) -> None:
    """What the verdict saves after the levers, by plain arithmetic on 100 requests of $10 that would cost $1 each."""
    findings = example()
    one = next(r for r in findings.routes if r.route == "doc-extract")
    decided = changed(one, avoidable_usd=replace(one.avoidable_usd, est=900.0))
    needed = needed_bill(ledger(levers), [decided])
    assert needed.proven_usd == 900.0
    assert needed.model_usd == pytest.approx(saves)
    assert needed.needed_usd == pytest.approx(levers.left_usd - saves)


def with_levers(**changes: object) -> Findings:
    """Findings with a ledger of $100, of which the verdicts save $30 more."""
    found = example(**changes)
    needed = NeededBill(proven_usd=40.0, model_usd=30.0, needed_usd=57.5)
    return replace(found, mix=replace(found.mix, levers=LEDGER), needed=needed)


def dollars(text: str) -> float:
    """The amount that a cell begins with."""
    found = re.match(r"\$([\d,.]+)", text)
    return float(found[1].replace(",", "")) if found else 0.0


def test_the_steps_add_up() -> None:
    """Paid less what each step takes is what is needed, as it is shown, and each bar begins where the next one ends."""
    steps = (waterfall(with_levers()) or pytest.fail("no waterfall")).steps
    assert [step.name for step in steps] == [
        "Paid",
        "Unused answers",
        "Repeats",
        "Batch",
        "Cheaper models, proven",
        "Needed",
    ]
    assert dollars(steps[0].left) - sum(dollars(step.takes) for step in steps[1:-1]) == dollars(steps[-1].left)
    taken = [step.bar for step in steps[1:-1] if step.bar.width]
    for bar, later in pairwise(taken):
        assert bar.x == pytest.approx(later.x + later.width, abs=0.2)


def test_without_replays_nothing_is_needed_or_proven() -> None:
    """A log that was only read has what is left, and no word of models."""
    made = waterfall(with_levers(tested=False))
    assert made is not None
    assert [step.name for step in made.steps][-2:] == ["Batch", "Left"]
    assert waterfall(example()) is None


def test_the_section_says_what_nobody_looked_at() -> None:
    """The report has the section, what is at most, and the dollars without a look; without a ledger it has neither."""
    page = render_html(with_levers(), ())
    assert '<section id="levers"' in page
    assert "From paid to needed" in page
    assert "Not looked at, left in the bill, and in no upper end (* where it is most): unused answers $4.00." in page
    assert 'id="levers"' not in render_html(example(), ())
