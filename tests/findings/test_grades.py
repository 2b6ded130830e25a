"""Graded criteria: a loss that stays above the threshold is no loss of accepted answers, and is one of their grades."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.certificate.grades import scores_of
from audit.core.finding import RouteFinding, Verdict
from audit.core.schemas import SCORES
from audit.findings.routes import RouteTraffic, find_route
from audit.pairing.replayed import replayed
from tests.findings.world import Planted, World, make_world

EQUAL = {"small": Planted(regress=0.002, gain=0.018)}


def graded_world(path: Path, *, after: float, graded: bool = True, seed: int = 0) -> World:
    """Both tiers are accepted alike; accepted answers score .9 today and `after` on average with the candidate."""
    world = make_world(path, EQUAL, n=6000, seed=seed, extra={"graded": graded})
    rng = np.random.default_rng([seed, 4])
    accepted = world.tables.accepted
    mean = np.where(accepted["arm"].to_numpy() == "incumbent", 0.9, after)
    value = np.where(accepted["accepted"].to_numpy(), rng.uniform(mean - 0.05, mean + 0.05), 0.2)
    empty = pl.DataFrame(pl.from_arrow(SCORES.empty_table())).with_columns(pl.col(pl.Categorical).cast(pl.String))
    own = accepted.select("exchange_id", "route", "arm", "tier", "repeat", status=pl.lit("scored"))
    rows = own.with_columns(
        criterion=pl.lit("similar"), position=pl.lit(0, pl.Int16), weight=pl.lit(1.0), value=pl.Series(value)
    )
    whole = own.with_columns(criterion=pl.lit("answered"), position=pl.lit(-1, pl.Int16), passed=pl.lit(value=True))
    scores = pl.concat(
        [empty, rows.with_columns(pl.col("weight").cast(empty["weight"].dtype)), whole], how="diagonal_relaxed"
    )
    return replace(world, tables=replace(world.tables, scores=scores.select(SCORES.names)))


def found(world: World) -> RouteFinding:
    """The finding of the world's route."""
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    return find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding


def test_a_loss_of_grades_withholds_what_accepted_answers_alone_would_give(tmp_path: Path) -> None:
    """Nine points of score are lost above the threshold: Switch by accepted answers, Not proven by grades."""
    assert found(graded_world(tmp_path, after=0.81, graded=False)).verdict is Verdict.SWITCH
    route = found(graded_world(tmp_path, after=0.81))
    assert route.verdict is Verdict.NOT_PROVEN
    assert "its mean score moves by" in route.reason
    score = route.recommendation.score_delta
    assert score is not None
    # What the planted regressions and gains do to the mean is part of it.
    assert score.est == pytest.approx(0.93 * -0.09 + 0.016 * 0.7, abs=0.01)


def test_equal_grades_are_certified_and_said(tmp_path: Path) -> None:
    """The same mean score: Switch, with the change of the score beside the verdict."""
    route = found(graded_world(tmp_path, after=0.9))
    assert route.verdict is Verdict.SWITCH
    score = route.recommendation.score_delta
    assert score is not None
    assert score.lo is not None
    assert score.lo > -route.margin
    assert any("the mean score moves by" in caveat for caveat in route.recommendation.caveats)


@pytest.mark.parametrize("loss", [0.03, 0.035])
def test_no_loss_of_the_margin_is_certified_by_chance(tmp_path: Path, loss: float) -> None:
    """At a true loss of the margin's grades and a little more, few seeds are certified."""
    certified = 0
    for seed in range(6):
        world = graded_world(tmp_path / str(seed), after=0.9 - (loss + 0.016 * 0.7) / 0.92, seed=seed)
        certified += found(world).verdict is Verdict.SWITCH
    assert certified <= 1


def test_scores_are_weighted_and_a_cut_answer_has_none(tmp_path: Path) -> None:
    """Two criteria with weights 1 and 3; one that does not apply is left out; what is no whole answer scores 0."""
    world = graded_world(tmp_path, after=0.9)
    draws = replayed(world.tables, world.tables.slice.filter(pl.col("purpose") == "quality").head(4), ["small"], {})
    ids = list(draws.exchange_ids)
    base = world.tables.scores.filter((pl.col("position") == 0) & pl.col("exchange_id").is_in(ids))
    whole = world.tables.scores.filter((pl.col("position") < 0) & pl.col("exchange_id").is_in(ids))
    second = base.with_columns(
        pl.lit(1, pl.Int16).alias("position"),
        pl.lit(3.0).cast(base["weight"].dtype).alias("weight"),
        value=pl.lit(0.5),
        status=pl.when(pl.col("exchange_id") == ids[1])
        .then(pl.lit("not_applicable"))
        .when(pl.col("exchange_id") == ids[3])
        .then(pl.lit("errored"))
        .otherwise(pl.lit("scored")),
    )
    first = base.with_columns(value=pl.lit(0.9))
    whole = whole.with_columns(passed=pl.col("exchange_id") != ids[2])
    tables = replace(world.tables, scores=pl.concat([first, second, whole], how="vertical_relaxed"))
    scores = scores_of(tables, draws, "small")
    for one in (scores.incumbent, scores.candidate):
        assert one[:3] == pytest.approx([(0.9 + 3 * 0.5) / 4, 0.9, 0.0])
        assert np.isnan(one[3])
