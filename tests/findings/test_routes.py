"""Verdicts of routes, on worlds whose truth is planted."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from audit.certificate.claims import optimistic, pessimistic
from audit.core.finding import CandidateVerdict, RouteFinding, Verdict
from audit.core.policy import RoutePolicy
from audit.findings.routes import RouteTraffic, find_route
from audit.pairing.evidence import Pairs, pair_up, quality_draws
from audit.pairing.replayed import pairs_of, replayed, walk
from audit.stats.exact import p_fail
from audit.stats.missing import Missing
from tests.findings.world import Planted, World, make_world
from tests.shared import REPOSITORY


def judge(world: World) -> RouteFinding:
    """The finding of the world's route."""
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    return find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding


def test_a_candidate_that_loses_nothing_is_a_switch(tmp_path: Path) -> None:
    """Whole interval above the margin, saving above $0: Switch, and the truth is inside both intervals."""
    world = make_world(tmp_path, {"small": Planted(regress=0.01, gain=0.01)}, n=4000)
    route = judge(world)
    assert route.verdict is Verdict.SWITCH
    assert route.candidate == "small"
    delta, saved = route.quality_delta, route.avoidable_usd
    assert delta is not None
    assert delta.lo is not None
    assert delta.hi is not None
    assert delta.lo > -0.03
    assert delta.lo <= world.true_delta["small"] <= delta.hi
    assert saved.lo is not None
    assert saved.hi is not None
    assert saved.lo <= world.true_saving_usd["small"] <= saved.hi
    assert route.up_to_usd == 0


def test_a_candidate_that_loses_much_is_a_keep(tmp_path: Path) -> None:
    """Whole interval below the margin: Keep, and nothing is avoidable."""
    route = judge(make_world(tmp_path, {"small": Planted(regress=0.15, gain=0.01)}))
    assert route.verdict is Verdict.KEEP
    assert route.candidates[0].verdict is CandidateVerdict.INFERIOR
    assert (route.avoidable_usd.est, route.avoidable_usd.lo, route.avoidable_usd.hi) == (0, 0, 0)


@pytest.mark.parametrize(("turns", "told"), [([0, 97, 2, 1], ""), ([0, 40, 50, 10], "60%"), ([5], ""), ([], "")])
def test_what_earlier_turns_leave_unmeasured_is_said(tmp_path: Path, turns: list[int], told: str) -> None:
    """A replay keeps the turns that today's model has answered; bins are 0, 1, 2 to 3, 4 to 7 turns."""
    world = make_world(tmp_path, {"small": Planted(regress=0.01, gain=0.01)}, n=400)
    traffic = RouteTraffic(spend_by_model={"large-1": 1.0}, unreplayable={}, shape={"n_turns": turns})
    caveats = find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding.caveats
    assert [caveat.split()[0] for caveat in caveats if "earlier turns" in caveat] == ([told] if told else [])


def test_the_teaching_case(tmp_path: Path) -> None:
    """No observed difference in a small sample is Not proven, counted as $0, with what would settle it."""
    route = judge(make_world(tmp_path, {"small": Planted(regress=0.0, gain=0.0)}, n=62))
    assert route.quality_delta is not None
    assert route.quality_delta.est == 0
    assert route.verdict is Verdict.NOT_PROVEN
    assert route.avoidable_usd.est == 0
    assert route.up_to_usd > 0
    assert route.needs_more is not None
    assert route.needs_more.replays > 62
    # All 62 requests of the log are in the sample already: it takes more traffic, not more replays of this log.
    assert route.needs_more.requests_missing == route.needs_more.replays
    assert route.up_to_usd == route.candidates[0].saving_usd.hi


def test_a_stricter_certificate_needs_more(tmp_path: Path) -> None:
    """What would decide a route is planned at the level that the route is tested at."""
    world = make_world(tmp_path, {"small": Planted(regress=0.01, gain=0.01)}, n=150)
    portfolio = replace(world, design=replace(world.design, alpha=world.settings.alpha / 5))
    needs = [judge(one).needs_more for one in (world, portfolio)]
    assert needs[0] is not None
    assert needs[1] is not None
    assert needs[1].replays > 1.2 * needs[0].replays


def test_no_switch_to_what_costs_more(tmp_path: Path) -> None:
    """A candidate that holds the margin but uses more money is not recommended, and its saving is negative."""
    route = judge(make_world(tmp_path, {"chatty": Planted(regress=0.0, gain=0.02, cost_share=1.4)}, n=4000))
    assert route.verdict is Verdict.KEEP
    saving = route.candidates[0].saving_usd
    assert saving is not None
    assert saving.est < 0


def test_the_best_saving_among_the_certified_is_chosen(tmp_path: Path) -> None:
    """Of two candidates that hold the margin, the one with the larger lower bound of saving is the recommendation."""
    good = Planted(regress=0.005, gain=0.005, cost_share=0.4)
    better = Planted(regress=0.005, gain=0.005, cost_share=0.1)
    route = judge(make_world(tmp_path, {"medium": good, "small": better}, n=4000))
    assert route.candidate == "small"
    assert {c.verdict for c in route.candidates} == {CandidateVerdict.NON_INFERIOR}
    assert {c.tested for c in route.candidates} == {1, 2}


def test_failures_to_measure_are_not_scores(tmp_path: Path) -> None:
    """Above 2 % unmeasured calls nothing is certified, however good the measured ones are."""
    flaky = Planted(regress=0.0, gain=0.0, statuses={"timeout": 0.06})
    route = judge(make_world(tmp_path, {"small": flaky}, n=4000))
    candidate = route.candidates[0]
    assert candidate.verdict is CandidateVerdict.INSUFFICIENT
    assert candidate.excluded["timeout"] > 0
    assert candidate.b == 0
    assert route.verdict is Verdict.NOT_PROVEN


@pytest.mark.acceptance(27)
def test_a_few_unmeasured_calls_lower_the_bound(tmp_path: Path) -> None:
    """Below 2 % they are outside the estimate and count as failures in the lower end."""
    clean = judge(make_world(tmp_path, {"small": Planted(regress=0.0, gain=0.0)}, n=4000)).candidates[0]
    flaky = judge(
        make_world(tmp_path, {"small": Planted(regress=0.0, gain=0.0, statuses={"http_error": 0.01})}, n=4000)
    ).candidates[0]
    assert clean.quality_delta is not None
    assert flaky.quality_delta is not None
    assert clean.quality_delta.lo is not None
    assert flaky.quality_delta.lo is not None
    assert flaky.quality_delta.est == clean.quality_delta.est == 0
    assert flaky.quality_delta.lo < clean.quality_delta.lo


def test_an_incumbent_that_was_not_scored_widens_both_ends(tmp_path: Path) -> None:
    """It might have passed or failed: against one that passed, the lower end stays and the upper end rises."""
    world = make_world(tmp_path, {"small": Planted(regress=0.06, gain=0.01)}, n=4000)
    draws = quality_draws(world.tables, "certification")
    logged = (pl.col("arm") == "incumbent") & pl.col("accepted")
    some = world.tables.accepted.filter(logged & pl.col("exchange_id").is_in(draws["exchange_id"].implode()))
    gone = some["exchange_id"].unique().sort()[:5]

    def without(arm: str) -> Pairs:
        lost = pl.col("exchange_id").is_in(gone.implode()) & (pl.col("arm") == arm)
        accepted = world.tables.accepted.with_columns(accepted=pl.when(~lost).then("accepted"))
        return pair_up(replace(world.tables, accepted=accepted), draws, arm="candidate", tier="small")

    unscored, unmeasured = without("incumbent"), without("candidate")
    assert unscored.missing == Missing(unknown=5)
    assert unmeasured.missing == Missing(passed=5)
    assert unscored.excluded == {"incumbent_unscored": 5}
    assert pessimistic(unscored) == pessimistic(unmeasured)
    assert optimistic(unscored).c == optimistic(unmeasured).c + 5
    assert p_fail(optimistic(unscored), margin=0.03) > p_fail(optimistic(unmeasured), margin=0.03)


def test_a_policy_counts_missing_draws_as_its_tier_does(tmp_path: Path) -> None:
    """Walked over all draws, a whole-route policy has the candidate's own counts, whatever could not be measured."""
    world = make_world(tmp_path, {"small": Planted(regress=0.02, gain=0.02, statuses={"timeout": 0.05})}, n=1000)
    unscored = (pl.col("arm") == "incumbent") & (pl.col("exchange_id").str.slice(7, 1) == "a")
    accepted = world.tables.accepted.with_columns(accepted=pl.when(~unscored).then("accepted"))
    tables = replace(world.tables, accepted=accepted)
    draws = replayed(tables, quality_draws(tables), ["small"], {})
    policy = RoutePolicy(route="/r", kind="static", tier="small", otherwise="large")
    walked = pairs_of(policy, draws, walk(policy, draws, None)).missing
    assert walked == pair_up(tables, quality_draws(tables), arm="candidate", tier="small").missing
    assert min(walked.passed, walked.failed, walked.unknown) > 0


@pytest.mark.acceptance(27)
def test_refusals_count_against_the_candidate(tmp_path: Path) -> None:
    """A refused or truncated answer is a failure of the candidate, not a missing pair."""
    refusing = Planted(regress=0.0, gain=0.0, statuses={"refused": 0.1})
    candidate = judge(make_world(tmp_path, {"small": refusing})).candidates[0]
    assert candidate.verdict is CandidateVerdict.INFERIOR
    assert candidate.counted_against["refused"] > 0
    assert candidate.excluded == {}


def test_a_route_below_its_own_floor_is_kept_and_says_so(tmp_path: Path) -> None:
    """A cheaper tier is not the question where the incumbent itself fails."""
    world = make_world(
        tmp_path, {"small": Planted(regress=0.005, gain=0.005)}, n=4000, pass_rate=0.85, extra={"floor": "92%"}
    )
    route = judge(world)
    assert route.below_floor
    assert route.verdict is Verdict.KEEP
    assert "below its own floor" in route.reason
    assert route.avoidable_usd.est == 0


@pytest.mark.acceptance(25)
def test_an_incumbent_that_contradicts_itself_forbids_a_verdict(tmp_path: Path) -> None:
    """When the incumbent loses more than the margin against its own log, the replay is not production."""
    world = make_world(
        tmp_path,
        {"small": Planted(regress=0.0, gain=0.0)},
        n=4000,
        noise=Planted(regress=0.2, gain=0.0),
    )
    route = judge(world)
    assert route.noise_floor is not None
    assert route.noise_floor.shifted
    assert route.verdict is Verdict.NOT_PROVEN
    assert "does not reproduce its own answers" in route.reason


@pytest.mark.parametrize("hidden", [False, True])
def test_placeholders_that_make_requests_easier_forbid_a_verdict(tmp_path: Path, hidden: bool) -> None:
    """When today's model gains more than the margin by them, a candidate's answers to them prove nothing."""
    world = make_world(
        tmp_path,
        {"small": Planted(regress=0.0, gain=0.0)},
        n=4000,
        noise=Planted(regress=0.0, gain=0.09),
    )
    if hidden:
        noted = pl.when(pl.col("arm") == "incumbent_replay").then(pl.lit(["placeholders"])).otherwise(pl.col("notes"))
        world = replace(world, tables=replace(world.tables, replays=world.tables.replays.with_columns(notes=noted)))
    route = judge(world)
    assert route.noise_floor is not None
    assert route.noise_floor.shifted
    assert (route.verdict is Verdict.SWITCH) is not hidden
    assert ("does not reproduce its own answers" in route.reason) is hidden


@pytest.mark.acceptance(25)
def test_the_floor_of_a_quiet_incumbent_is_reported(tmp_path: Path) -> None:
    """A little noise of the incumbent is reported beside the verdict and does not stop it."""
    world = make_world(
        tmp_path, {"small": Planted(regress=0.005, gain=0.005)}, n=4000, noise=Planted(regress=0.005, gain=0.005)
    )
    route = judge(world)
    assert route.noise_floor is not None
    assert not route.noise_floor.shifted
    assert route.verdict is Verdict.SWITCH


@pytest.mark.acceptance(29)
@pytest.mark.parametrize("seed", range(3))
def test_row_order_changes_nothing(tmp_path: Path, seed: int) -> None:
    """Shuffled tables give the same finding, to the last digit."""
    world = make_world(tmp_path, {"small": Planted(regress=0.02, gain=0.01)}, n=1000, seed=seed)
    tables = world.tables
    shuffled = type(tables)(
        slice=tables.slice.sample(fraction=1, shuffle=True, seed=1),
        replays=tables.replays.sample(fraction=1, shuffle=True, seed=2),
        accepted=tables.accepted.sample(fraction=1, shuffle=True, seed=3),
        scores=tables.scores,
    )
    other = World(**{**{f: getattr(world, f) for f in world.__dataclass_fields__}, "tables": shuffled})
    assert judge(other) == judge(world)


@pytest.mark.acceptance(29)
def test_threads_change_nothing() -> None:
    """One thread or four of the table engine: the same finding, to the last digit."""
    code = (
        "import tempfile, pathlib; from tests.findings.world import Planted, make_world;"
        "from tests.findings.test_routes import judge;"
        "place = pathlib.Path(tempfile.mkdtemp());"
        "print(repr(judge(make_world(place, {'small': Planted(regress=0.02, gain=0.01)}, n=1000))))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for threads in ("1", "4")
    ]
    assert b"delta" in told[0]
    assert told[0] == told[1]
