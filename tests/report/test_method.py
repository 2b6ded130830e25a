"""Method, limits and provenance."""

import dataclasses

import pytest

from audit.core.criteria import CriteriaCheck, Grade
from audit.core.finding import NeedsMore
from audit.report.html import render_html
from audit.report.method import method
from audit.report.words import warning
from tests.report import fixtures


def test_the_buckets_add_up_to_what_was_paid() -> None:
    """Audited, extrapolated and not auditable are the spend; the reasons are the last bucket."""
    rows = dict(method(fixtures.proven(), ()).ledger.rows)
    amounts = {name: int(text.replace("$", "").replace(",", "")) for name, text in rows.items()}
    parts = [amounts[name] for name in ("Audited: in the sample", "Extrapolated from it", "Not auditable")]
    assert sum(parts) == amounts["Paid in all"] == 30_629
    assert amounts["– truncated"] + amounts["– redacted"] == amounts["Not auditable"]


def test_what_is_unknown_says_so() -> None:
    """No field of the provenance is blank."""
    bare = dataclasses.replace(
        fixtures.proven().provenance,
        inputs={},
        config_sha256="",
        plan_sha256=None,
        quote={},
        tiers={"x": {"model": None, "host": None, "price": None}},
    )
    made = method(dataclasses.replace(fixtures.proven(), provenance=bare), ())
    facts = dict(made.provenance)
    assert facts["Logs, SHA-256"] == facts["Configuration"] == ("unknown",)
    assert facts["Plan"] == ("unknown",)
    assert facts["Replay cost"][1] == "quoted: unknown"
    assert made.prices is not None
    assert made.prices.rows == (("x", "unknown", "no endpoint", "unknown", "unknown", "unknown"),)
    assert all(line for _, lines in made.provenance for line in lines)


def test_prices_are_read_flat_or_nested() -> None:
    """Source and date stand beside the price or in it."""
    nested = {
        "small": {"model": "m", "host": "h", "price": {"input": 0.05, "output": 2.0, "source": "s", "as_of": "d"}}
    }
    provenance = dataclasses.replace(fixtures.proven().provenance, tiers=nested)
    made = method(dataclasses.replace(fixtures.proven(), provenance=provenance), ())
    assert made.prices is not None
    assert made.prices.rows == (("small", "m", "h", "$0.0500 in, $2.00 out", "s", "d"),)


def test_limits_come_from_the_data() -> None:
    """Undecided routes, unreplayable requests and the margin are named; a scan has no such limits."""
    limits = " ".join(method(fixtures.proven(), ("Judges were not calibrated.",)).limits)
    assert limits.startswith("Judges were not calibrated.")
    assert "More replays could decide weekly-digest." in limits
    assert "53 requests could not be replayed" in limits
    assert "fixed at 3 points before anything was replayed" in limits
    assert method(fixtures.scan_only(), ()).limits == ()


@pytest.mark.parametrize("need", [None, NeedsMore(replays=638, usd=None, requests_missing=319)])
def test_more_replays_are_not_named_where_they_would_not_decide(need: NeedsMore | None) -> None:
    """What stands in the way may be the criteria, or the length of the log."""
    proven = fixtures.proven()
    routes = tuple(dataclasses.replace(route, needs_more=need) for route in proven.routes)
    assert "More replays" not in " ".join(method(dataclasses.replace(proven, routes=routes), ()).limits)


def test_a_warning_about_criteria_is_no_floor() -> None:
    """That a route fails its own floor is said of one that has a floor and is below it."""
    made = fixtures.all_open()
    first = dataclasses.replace(made.routes[0], candidates=(), criteria=CriteriaCheck(grade=Grade.FORM))
    html = render_html(dataclasses.replace(made, routes=(first, *made.routes[1:])), ())
    assert warning(first)
    assert "Fails its own floor" not in html
    assert "Fails its own floor" in render_html(fixtures.below_floor(), ())
