"""Right answers that are wrong hide what a candidate loses: where both answers are rejected for saying the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.core.finding import RouteFinding, Verdict
from audit.core.schemas import AS_LOGGED
from audit.findings.routes import RouteTraffic, find_route
from tests.findings.world import Planted, World, make_world

N = 6000


def labelled(path: Path, *, loss: float, wrong: float, alike: float) -> World:
    """A world in which a share of the right answers is not right.

    Args:
        path: For the run.
        loss: Of truly right answers.
        wrong: Share of the right answers that reject whatever both say.
        alike: Share of today's truly wrong answers that the candidate gives too.
    """
    rng = np.random.default_rng(5)
    world = make_world(path, {"small": Planted(regress=loss, gain=0.0)}, n=N, pass_rate=0.9)
    records = world.records
    today, then = records["y0"].to_numpy(), records["y_small"].to_numpy()
    rejects, errs_alike = rng.random(N) < wrong, rng.random(N) < alike
    same = np.where(today, then, ~then & errs_alike)
    accepted = world.tables.accepted
    places = [int(name[:8], 16) for name in accepted["exchange_id"]]
    bad = pl.Series([bool(rejects[place]) for place in places])
    said = pl.Series([bool(same[place]) for place in places]) & (accepted["arm"] == "candidate")
    verdicts = [
        pl.when(bad).then(False).otherwise(pl.col(name)).alias(name) for name in ("accepted", "accepted_content")
    ]
    accepted = accepted.with_columns(verdicts)
    failed = (accepted["accepted"] == False).fill_null(False)  # noqa: E712
    accepted = accepted.with_columns(reason=pl.when(failed & said).then(pl.lit(AS_LOGGED)).otherwise("reason"))
    return replace(world, tables=replace(world.tables, accepted=accepted))


def found(world: World) -> RouteFinding:
    """The finding of the world's route."""
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    return find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding


@pytest.mark.parametrize(("wrong", "loss"), [(0.75, 0.05), (0.85, 0.08), (0.95, 0.3)])
def test_wrong_right_answers_hide_no_loss(tmp_path: Path, wrong: float, loss: float) -> None:
    """What is seen of the loss is inside the margin; by what both say where they are rejected it is not."""
    route = found(labelled(tmp_path, loss=loss, wrong=wrong, alike=0.4))
    made = route.recommendation
    assert route.verdict is Verdict.NOT_PROVEN
    assert route.avoidable_usd.est == 0
    assert made.robustness is not None
    assert made.robustness.doubted is not None
    doubted = made.robustness.doubted
    assert not doubted.holds
    # Where both truly err, each in its own way, it counts as a loss too.
    assert -loss - 0.08 < doubted.delta.est < -loss + 0.03
    assert "if today's answers are right where its right answers reject them" in route.reason


@pytest.mark.parametrize("wrong", [0.2, 0.7])
def test_wrong_right_answers_blame_no_candidate_that_loses_nothing(tmp_path: Path, wrong: float) -> None:
    """It says the same as today's model where both are rejected, and the report tells what that means."""
    route = found(labelled(tmp_path, loss=0.001, wrong=wrong, alike=0.9))
    assert route.verdict is Verdict.SWITCH
    assert any("the right answers may be wrong there" in caveat for caveat in route.recommendation.caveats)


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.6])
def test_right_answers_that_tell_are_not_doubted(tmp_path: Path, alike: float) -> None:
    """A hard route: both are wrong on a tenth, as models are, and less often alike there than elsewhere."""
    route = found(labelled(tmp_path, loss=0.002, wrong=0.0, alike=alike))
    made = route.recommendation
    assert route.verdict is Verdict.SWITCH
    assert made.robustness is not None
    assert made.robustness.doubted is None
