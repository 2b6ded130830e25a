"""Units that carry a verdict, its course over the window, and the models that it replaces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.core.finding import RouteFinding, Verdict
from audit.core.robustness import UnitKind
from audit.pairing.evidence import Pairs, unasked_limit
from tests.findings.test_routes import judge
from tests.findings.world import Planted, World, make_world

CLEAN = Planted(regress=0.002, gain=0.002)


def judged(world: World, **columns: object) -> RouteFinding:
    """The finding of a world whose slice has some more columns."""
    series = [pl.Series(name, values) for name, values in columns.items()]
    return judge(replace(world, tables=replace(world.tables, slice=world.tables.slice.with_columns(series))))


def failing(world: World, rows: pl.Series) -> World:
    """The world with the candidate failing on some requests of the slice, on which the incumbent passes."""
    ids = world.tables.slice.filter(rows)["exchange_id"].implode()
    mine = pl.col("exchange_id").is_in(ids)
    accepted = world.tables.accepted.with_columns(
        accepted=pl.when(mine).then(pl.col("arm") == "incumbent").otherwise(pl.col("accepted"))
    )
    return replace(world, tables=replace(world.tables, accepted=accepted))


def test_a_session_that_fails_entirely_is_named(tmp_path: Path) -> None:
    """One session of 3 % fails: it is the largest, named as failing entirely, and the effective sessions are few."""
    world = make_world(tmp_path, {"small": CLEAN}, n=6000)
    slice_ = world.tables.slice
    rng = np.random.default_rng(0)
    batch = pl.Series(rng.random(slice_.height) < 0.025)
    sessions = ["batch" if one else f"s{i % 400}" for i, one in enumerate(batch)]
    route = judged(failing(world, batch), session_id=sessions)
    assert route.recommendation.robustness is not None
    (units,) = route.recommendation.robustness.units
    assert units.kind is UnitKind.SESSION
    assert units.n_large == 1
    assert units.large[0].name == "batch"
    assert units.large[0].fails_entirely
    assert units.large[0].share == pytest.approx(0.025, abs=0.015)
    assert units.effective < units.total
    assert units.future is not None
    assert route.recommendation.quality_delta is not None
    assert units.future.lo is not None
    assert route.recommendation.quality_delta.lo is not None
    assert units.future.lo <= route.recommendation.quality_delta.lo


def test_a_verdict_says_which_session_it_hangs_on(tmp_path: Path) -> None:
    """A session on which only the candidate passes carries the claim: without it nothing would be certified."""
    world = make_world(tmp_path, {"small": Planted(regress=0.03, gain=0.0)}, n=6000, pass_rate=0.97)
    slice_ = world.tables.slice
    gains = pl.Series(np.random.default_rng(0).random(slice_.height) < 0.04)
    ids = slice_.filter(gains)["exchange_id"].implode()
    mine = pl.col("exchange_id").is_in(ids)
    turned = pl.when(mine).then(pl.col("arm") != "incumbent")
    accepted = world.tables.accepted.with_columns(
        turned.otherwise(pl.col(name)).alias(name) for name in ("accepted", "accepted_content")
    )
    changed = replace(world, tables=replace(world.tables, accepted=accepted))
    sessions = ["fixed" if one else f"s{i % 400}" for i, one in enumerate(gains)]
    route = judged(changed, session_id=sessions)
    assert route.verdict is Verdict.SWITCH
    assert route.recommendation.robustness is not None
    assert route.recommendation.robustness.units[0].hangs_on == ("fixed",)
    assert "Without the session fixed the verdict would not be certified." in route.caveats


def at(n: int, days: float = 28) -> list[datetime]:
    """Times over a window, in the order of rows."""
    return [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=days * i / n) for i in range(n)]


def test_a_mean_that_the_last_week_contradicts_is_no_ground(tmp_path: Path) -> None:
    """Equal for three weeks and ten points worse in the last: certified over the window, and not recommended."""
    world = make_world(tmp_path, {"small": Planted(regress=0.0, gain=0.006)}, n=6000)
    n = world.tables.slice.height
    late = pl.Series(np.arange(n) > 0.75 * n)
    bad = late & pl.Series(np.random.default_rng(1).random(n) < 0.055)
    shuffled = np.random.default_rng(2).permutation(n)
    when, order = at(n), np.empty(n, dtype=int)
    order[shuffled] = np.arange(n)
    route = judged(failing(world, bad.gather(order)), started_at=[when[i] for i in order])
    assert route.verdict is Verdict.NOT_PROVEN
    assert "which the mean over the window hides" in route.reason
    assert route.avoidable_usd.est == 0


def test_a_form_that_becomes_better_hides_no_answers_that_became_wrong(tmp_path: Path) -> None:
    """In the last week a twentieth of the answers is wrong, and as many more keep the form: by all criteria nothing."""
    world = make_world(tmp_path, {"small": Planted(regress=0.0, gain=0.006)}, n=6000)
    n = world.tables.slice.height
    order = np.random.default_rng(2).permutation(n)
    late = pl.Series(order > 0.75 * n)
    rng = np.random.default_rng(1)
    wrong, formless = (late & pl.Series(rng.random(n) < share) for share in (0.055, 0.075))
    ids = {name: world.tables.slice.filter(rows)["exchange_id"].implode() for name, rows in
           (("wrong", wrong), ("formless", formless & ~wrong))}  # fmt: skip
    candidate, today = pl.col("arm") == "candidate", pl.col("arm") == "incumbent"
    said = pl.col("accepted_content") & ~(candidate & pl.col("exchange_id").is_in(ids["wrong"]))
    both = pl.col("accepted") & said & ~(today & pl.col("exchange_id").is_in(ids["formless"]))
    tables = replace(world.tables, accepted=world.tables.accepted.with_columns(accepted=both, accepted_content=said))
    when = at(n)
    route = judged(replace(world, tables=tables), started_at=[when[i] for i in order])
    assert route.recommendation.quality_delta is not None
    assert route.recommendation.quality_delta.est > -0.005
    assert route.verdict is Verdict.NOT_PROVEN
    assert "which the mean over the window hides" in route.reason


def test_a_steady_candidate_is_recommended_with_its_course(tmp_path: Path) -> None:
    """The same losses in every week: no alarm, and a delta by week on the same draws."""
    world = make_world(tmp_path, {"small": Planted(regress=0.008, gain=0.006)}, n=6000)
    n = world.tables.slice.height
    when = at(n)
    order = np.random.default_rng(2).permutation(n)
    route = judged(world, started_at=[when[i] for i in order])
    assert route.verdict is Verdict.SWITCH
    assert route.recommendation.robustness is not None
    drift = route.recommendation.robustness.drift
    assert drift is not None
    assert len(drift.periods) == 4
    assert sum(period.pairs for period in drift.periods) == route.recommendation.pairs.n
    assert (drift.changed_at, drift.contradicts) == (None, False)


def test_each_model_that_is_replaced_has_its_delta(tmp_path: Path) -> None:
    """Where two models serve a route, the candidate is held against each on its own requests."""
    world = make_world(tmp_path, {"small": CLEAN}, n=4000)
    half = ["large-1" if i % 3 else "large-0" for i in range(world.tables.slice.height)]
    route = judged(world, incumbent_model=half)
    assert route.recommendation.robustness is not None
    found = route.recommendation.robustness.incumbents
    assert {one.model for one in found} == {"large-0", "large-1"}
    assert sum(one.pairs for one in found) == route.recommendation.pairs.n
    (said,) = [caveat for caveat in route.caveats if caveat.startswith("Against each model that it replaces: ")]
    assert all(f"on the requests of {one.model} ({round(one.share * 100)}%)" in said for one in found)


def test_a_mean_that_hides_a_loss_against_one_of_two_models_says_so(tmp_path: Path) -> None:
    """Better where one model answers today, worse where the other does: the route switches, and the loss is named."""
    world = make_world(tmp_path, {"small": CLEAN}, n=4000)
    names = ["large-1" if i % 2 else "large-0" for i in range(world.tables.slice.height)]
    rng = np.random.default_rng(5)
    hit = rng.random(len(names)) < 0.1
    slice_ = world.tables.slice
    accepted = world.tables.accepted
    for model, right in (("large-1", "incumbent"), ("large-0", "candidate")):
        rows = pl.Series([bool(bad) and name == model for bad, name in zip(hit, names, strict=True)])
        mine = pl.col("exchange_id").is_in(slice_.filter(rows)["exchange_id"].implode())
        accepted = accepted.with_columns(
            pl.when(mine).then(pl.col("arm") == right).otherwise(pl.col(name)).alias(name)
            for name in ("accepted", "accepted_content")
        )
    route = judged(replace(world, tables=replace(world.tables, accepted=accepted)), incumbent_model=names)
    assert route.verdict is Verdict.SWITCH
    (said,) = [caveat for caveat in route.caveats if caveat.startswith("The mean hides a loss where large-1 answers")]
    assert said.index("large-1 (") < said.index("large-0 (")


@pytest.mark.parametrize("wholly", [True, False])
def test_a_tenant_that_pays_for_the_mean_is_named(wholly: bool, tmp_path: Path) -> None:
    """Just above 1 % of a route that switches, on which every answer becomes wrong; not where one of them is right."""
    world = make_world(tmp_path, {"small": Planted(regress=0.0, gain=0.006)}, n=6000)
    n = world.tables.slice.height
    tenants = ["desk" if i % 75 == 0 else f"t{i % 7}" for i in range(n)]
    bad = pl.Series([name == "desk" and (wholly or i % 150 == 0) for i, name in enumerate(tenants)])
    route = judged(failing(world, bad), tenant=tenants)
    assert route.verdict is Verdict.SWITCH
    assert route.recommendation.robustness is not None
    lost = route.recommendation.robustness.lost
    assert [(one.kind, one.name) for one in lost] == ([("tenant", "desk")] if wholly else [])
    said = [caveat for caveat in route.caveats if "of the tenant desk" in caveat]
    assert len(said) == wholly
    if wholly:
        assert f"All {lost[0].requests} measured requests of the tenant desk" in said[0]
        assert lost[0].share == pytest.approx(1 / 75, abs=0.005)
        assert lost[0].p < 1e-6


def test_what_was_not_asked_is_no_more_than_the_margin_forgives() -> None:
    """A margin below two points allows no more unasked requests than itself."""
    assert [unasked_limit(margin) for margin in (0.005, 0.02, 0.03)] == [0.005, 0.02, 0.02]
    pairs = replace(Pairs.measured(np.ones(990, dtype=bool), np.ones(990, dtype=bool)), unasked=10)
    assert not pairs.unmeasurable(0.01)
    assert pairs.unmeasurable(0.009)


@pytest.mark.parametrize(("share", "told"), [(0.0, False), (0.02, False), (0.06, True)])
def test_one_answer_that_counts_for_many_requests_is_told(tmp_path: Path, share: float, told: bool) -> None:
    """Equal requests are sent once: with 6 % of a route one sampled answer could use up a margin of 3 points."""
    world = make_world(tmp_path, {"small": CLEAN}, n=6000)
    equal = np.random.default_rng(0).random(world.tables.slice.height) < share
    fps = world.tables.slice["request_fp"].to_list()
    route = judged(world, request_fp=[fps[0] if one else fp for one, fp in zip(equal, fps, strict=True)])
    assert route.verdict is Verdict.SWITCH
    assert [("Equal requests are sent once" in one) for one in route.caveats].count(True) == told
