"""Shorter or cheaper answers must not pay for wrong ones: what compares answers holds the margin by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.core.finding import CandidateVerdict, RouteFinding, Verdict
from audit.findings.routes import RouteTraffic, find_route
from tests.findings.world import Planted, World, make_world


def formed(path: Path, *, loss: float, form: tuple[float, float], seen: float = 1.0) -> World:
    """A world in which what answers say and their form are judged apart.

    Args:
        path: For the run.
        loss: Of right answers.
        form: Share of today's answers, and of the candidate's, that keep the form.
        seen: Share of requests to which a criterion applies that compares what an answer says.
    """
    n, rng = 6000, np.random.default_rng(9)
    world = make_world(path, {"small": Planted(regress=loss, gain=0.0)}, n=n, pass_rate=0.98)
    keeps = {"incumbent": rng.random(n) < form[0], "candidate": rng.random(n) < form[1]}
    compared = rng.random(n) < seen
    accepted = world.tables.accepted
    places = [int(name[:8], 16) for name in accepted["exchange_id"]]
    kept = [bool(keeps[arm][place]) for arm, place in zip(accepted["arm"], places, strict=True)]
    accepted = accepted.with_columns(
        accepted=pl.col("accepted") & pl.Series(kept),
        accepted_content=pl.when(pl.Series([bool(compared[place]) for place in places])).then("accepted_content"),
    )
    return replace(world, tables=replace(world.tables, accepted=accepted))


def found(world: World) -> RouteFinding:
    """The finding of the world's route."""
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    return find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding


@pytest.mark.parametrize("today", [0.2, 0.4, 0.7])
def test_a_gain_of_form_does_not_pay_for_wrong_answers(tmp_path: Path, today: float) -> None:
    """By all criteria together the candidate gains tens of points; it gives a third of the right answers up."""
    route = found(formed(tmp_path, loss=0.3, form=(today, 1.0)))
    whole, content = route.recommendation.quality_delta, route.recommendation.content_delta
    assert whole is not None
    assert content is not None
    assert whole.est > 0 or today == 0.7
    assert content.est == pytest.approx(-0.3, abs=0.04)
    assert route.verdict is Verdict.KEEP
    assert route.candidates[0].verdict is CandidateVerdict.INFERIOR
    assert route.avoidable_usd.est == 0
    made, candidate = route.recommendation, route.candidates[0]
    assert candidate.deciding_delta == made.deciding_delta == content
    assert candidate.p_content == made.p_content is not None
    assert made.p_content > 0.5
    if whole.est > 0:
        assert made.p_noninferior is not None
        assert made.p_noninferior < made.p_content
        assert "by the criteria that compare what an answer says" in route.candidates[0].reason


def test_a_gain_where_nothing_compares_pays_for_no_wrong_answers(tmp_path: Path) -> None:
    """On a tenth of the requests only the form is judged, and there alone the candidate is better."""
    route = found(formed(tmp_path, loss=0.06, form=(0.3, 1.0), seen=0.9))
    content = route.recommendation.content_delta
    assert content is not None
    assert content.est == pytest.approx(-0.054, abs=0.02)
    assert route.verdict in (Verdict.KEEP, Verdict.NOT_PROVEN)


def test_a_gain_of_form_with_the_same_answers_is_a_switch(tmp_path: Path) -> None:
    """What the answers say holds the margin by itself, so a better form is no reason to withhold the verdict."""
    world = formed(tmp_path, loss=0.002, form=(0.6, 0.95))
    route, alpha = found(world), world.settings.alpha
    assert route.verdict is Verdict.SWITCH
    content = route.recommendation.content_delta
    assert content is not None
    assert content.lo is not None
    assert content.lo > -route.margin
    p_values = (route.recommendation.p_noninferior, route.recommendation.p_content)
    assert all(p is not None and p <= alpha for p in p_values)
    policy = next(one for one in route.policies if one.params["recommended"])
    assert (policy.params["p_value"], policy.params["p_content"]) == p_values
    assert any("By those that compare what it says" in caveat for caveat in route.recommendation.caveats)


def test_a_loss_of_form_is_a_loss(tmp_path: Path) -> None:
    """The same answers in a form that the program cannot read: the criteria together decide, as before."""
    route = found(formed(tmp_path, loss=0.0, form=(0.98, 0.85)))
    assert route.verdict is Verdict.KEEP


def test_where_every_criterion_compares_nothing_is_said_twice(tmp_path: Path) -> None:
    """One measure: no second delta and no sentence about it."""
    route = found(formed(tmp_path, loss=0.002, form=(1.0, 1.0)))
    assert route.verdict is Verdict.SWITCH
    assert route.recommendation.content_delta is None
    assert route.recommendation.p_content is None
    assert not any("compare what it says" in caveat for caveat in route.recommendation.caveats)


def test_requests_without_a_comparison_keep_the_verdict_of_the_other_criteria(tmp_path: Path) -> None:
    """A few answers that are judged by their form alone are not unmeasured: they have both verdicts."""
    route = found(formed(tmp_path, loss=0.002, form=(0.97, 0.97), seen=0.96))
    assert route.verdict is Verdict.SWITCH


def test_no_replays_are_promised_that_would_settle_nothing(tmp_path: Path) -> None:
    """The change that decides lies beyond the margin: more replays would not help, whatever form gains."""
    route = found(formed(tmp_path, loss=0.031, form=(0.6, 0.95)))
    made = route.recommendation
    assert route.verdict is Verdict.NOT_PROVEN
    assert made.by_content
    assert made.deciding_delta is made.content_delta
    assert made.deciding_delta is not None
    assert made.deciding_delta.est < -route.margin
    assert route.needs_more is None
