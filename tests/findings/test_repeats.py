"""A candidate that samples, asked each request several times: its value is the share of its answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit.certificate.certified import certify_route, prepare
from audit.certificate.claims import delta_of, observed
from audit.certificate.grades import scores_of
from audit.certificate.policies import PolicyInputs
from audit.core.discrimination import PERFECT
from audit.core.finding import RouteFinding, Verdict
from audit.core.policy import RoutePolicy, VerifierSpec
from audit.core.schemas import NOT_ASKED
from audit.findings.routes import RouteTraffic, find_route
from audit.pairing.evidence import Tables, pair_up, quality_draws
from audit.pairing.replayed import pairs_of, replayed, walk
from tests.findings.planted import TIERS, planted, useless_signals
from tests.findings.test_content import formed
from tests.findings.test_grades import graded_world
from tests.findings.world import Planted, World, make_world

ASKED = 3
STEADY = {"small": Planted(regress=0.0, gain=0.0)}


@dataclass(frozen=True)
class Sampling:
    """A world whose candidate samples, with the chance that an answer to each request is accepted."""

    world: World
    chance: np.ndarray

    @property
    def truth(self) -> float:
        """Candidate minus the log's answers, over all requests."""
        return float(self.chance.mean() - self.world.records["y0"].mean())


def sampling(path: Path, *, loss: float = 0.0, seed: int = 0, n: int = 5000, draw: int = 0) -> Sampling:
    """A third of the requests are answered now right, now wrong; a loss falls on those that are right today.

    Args:
        path: For the world.
        loss: Points lost by every request alike.
        seed: Of the world.
        n: Requests.
        draw: Of the answers alone: another run over the same world.
    """
    made = make_world(path, STEADY, n=n, seed=seed)
    rng = np.random.default_rng([seed, 21])
    passes = made.records["y0"].to_numpy()
    wavering = rng.random(n) < 0.33
    chance = np.where(wavering, passes.mean(), passes.astype(float))
    chance = np.where(wavering, chance - loss / wavering.mean(), chance)
    answers = np.random.default_rng([seed, 22, draw]).random((ASKED, n)) < chance
    tables = made.tables
    mine = pl.col("arm") == "candidate"
    ids = {name: i for i, name in enumerate(f"{i:08x}{seed:08x}" for i in range(n))}
    drawn = tables.accepted.filter(mine)
    rows = [ids[name] for name in drawn["exchange_id"]]
    accepted = [
        drawn.with_columns(
            repeat=pl.lit(repeat, pl.Int16),
            accepted=pl.Series(answers[repeat][rows]),
            accepted_content=pl.Series(answers[repeat][rows]),
        )
        for repeat in range(ASKED)
    ]
    calls = [tables.replays.with_columns(repeat=pl.lit(repeat, pl.Int16)) for repeat in range(ASKED)]
    return Sampling(
        world=replace(
            made,
            tables=replace(
                tables,
                accepted=pl.concat([tables.accepted.filter(~mine), *accepted]),
                replays=pl.concat(calls),
                repeats={"small": ASKED},
            ),
        ),
        chance=chance,
    )


def judged(world: World) -> RouteFinding:
    """The finding of the world's route."""
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    return find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding


def once(world: World) -> World:
    """The same world, whose tier has no `repeats`: the further answers are still in its tables."""
    return replace(world, tables=world.tables.first_answers())


def test_a_request_counts_by_the_share_of_its_answers(tmp_path: Path) -> None:
    """Delta, cells, rates and the recommendation are one mean over requests, and the interval holds the truth."""
    made = sampling(tmp_path)
    route = judged(made.world)
    tables, tier = made.world.tables, "small"
    draws = quality_draws(tables, "certification")
    shares = (
        tables.accepted.filter(
            (pl.col("arm") == "candidate") & pl.col("exchange_id").is_in(draws["exchange_id"].implode())
        )
        .group_by("exchange_id")
        .agg(share=pl.col("accepted").mean())
    )
    log = tables.accepted.filter(pl.col("arm") == "incumbent").select("exchange_id", "accepted")
    pairs = shares.join(log, on="exchange_id")
    told, row = route.recommendation, route.candidates[0]
    assert told.pairs.n == row.n == pairs.height
    assert told.quality_delta is not None
    assert told.quality_delta.est == pytest.approx(float((pairs["share"] - pairs["accepted"]).mean()))
    assert told.quality_delta == row.quality_delta
    assert (row.c - row.b) / row.n == pytest.approx(told.quality_delta.est, abs=1e-6)
    assert row.both_pass + row.b == pytest.approx(float(pairs["accepted"].sum()), abs=1e-4)
    assert row.candidate_rate is not None
    assert row.candidate_rate.est == pytest.approx(float(pairs["share"].mean()), abs=1e-6)
    assert told.quality_delta.lo is not None
    assert told.quality_delta.hi is not None
    assert told.quality_delta.lo <= made.truth <= told.quality_delta.hi
    assert told.repeats == row.repeats
    assert row.repeats is not None
    disagree = int(((pairs["share"] > 0) & (pairs["share"] < 1)).sum())
    assert (row.repeats.asked, row.repeats.requests, row.repeats.disagree) == (ASKED, pairs.height, disagree)
    assert row.repeats.once == pytest.approx(row.repeats.moves * ASKED**0.5)
    assert any("3 answers to each request" in caveat for caveat in route.caveats)
    assert tier == told.tier


def test_further_answers_say_nothing_where_the_tier_has_no_repeats(tmp_path: Path) -> None:
    """What an earlier plan paid for is not taken in silently: the first answers count, as if they were alone."""
    world = sampling(tmp_path).world
    tables = world.tables
    without = replace(
        tables,
        accepted=tables.accepted.filter(pl.col("repeat") == 0),
        replays=tables.replays.filter(pl.col("repeat") == 0),
        repeats={},
    )
    route = judged(once(world))
    lean = judged(replace(world, tables=without))
    assert route.recommendation == lean.recommendation
    assert route.recommendation.repeats is None
    assert isinstance(route.recommendation.pairs.only_today, int)


def test_both_pairings_agree(tmp_path: Path) -> None:
    """Pairs from tables and pairs of a policy that moves everything are the same, answers missing or not."""
    made = sampling(tmp_path, n=1500)
    tables = _without_answers(made.world, share=0.03, reason="errored")
    draws = quality_draws(tables, "certification")
    one = pair_up(tables, draws, arm="candidate", tier="small")
    side = replayed(tables, draws, ["small"], {})
    policy = RoutePolicy(route="/r", kind="static", tier="small", otherwise="large")
    other = pairs_of(policy, side, walk(policy, side, None))
    assert one.exchange_ids == other.exchange_ids
    assert one.missing == other.missing
    assert one.missing.total > 0
    assert np.array_equal(one.candidate, other.candidate)
    assert one.spread is not None
    assert other.spread is not None
    assert np.array_equal(one.spread.worst, other.spread.worst)
    assert np.array_equal(one.spread.best, other.spread.best)


def _without_answers(world: World, *, share: float, reason: str, seed: int = 5) -> Tables:
    """The tables with a share of the candidate's second answers unmeasured."""
    tables = world.tables
    accepted = tables.accepted.with_row_index("row")
    second = accepted.filter((pl.col("arm") == "candidate") & (pl.col("repeat") == 1))["row"].to_numpy()
    lost = np.random.default_rng(seed).choice(second, round(share * len(second)), replace=False)
    gone = pl.col("row").is_in(pl.Series(lost).implode())
    return replace(
        tables,
        accepted=accepted.with_columns(
            accepted=pl.when(~gone).then(pl.col("accepted")),
            reason=pl.when(gone).then(pl.lit(reason)).otherwise(pl.col("reason")),
        ).drop("row"),
    )


@pytest.mark.parametrize("reason", ["errored", "timeout", NOT_ASKED])
def test_a_missing_answer_is_no_mean_over_fewer(tmp_path: Path, reason: str) -> None:
    """The request is outside the estimate, with its missing answer at its worst and its best at the ends."""
    made = sampling(tmp_path, n=1500)
    whole, some = made.world.tables, _without_answers(made.world, share=0.04, reason=reason)
    draws = quality_draws(whole, "certification")
    before, after = (pair_up(one, draws, arm="candidate", tier="small") for one in (whole, some))
    assert after.n == before.n - after.missing.total
    assert sum(after.excluded.values()) == after.missing.total > 0
    # A third of each of them is missing: the limit of 2 % is one of answers.
    assert after.missing_share == pytest.approx(after.missing.total / before.n / ASKED)
    assert after.unasked == 0
    told = delta_of(after, 0.95, shown=PERFECT)
    ends = after.spread
    assert told is not None
    assert ends is not None
    assert told.est == pytest.approx(float((after.candidate - after.incumbent).mean()))
    assert ends.worst.size == before.n
    assert (ends.best - ends.worst).sum() == pytest.approx(after.missing.total / ASKED)
    every = delta_of(before, 0.95, shown=PERFECT)
    assert every is not None
    assert every.lo is not None
    assert told.lo is not None
    assert told.lo < every.lo


def test_requests_that_were_not_asked_stay_outside(tmp_path: Path) -> None:
    """Not asked at all is not a missing answer."""
    made = sampling(tmp_path, n=1500)
    tables = made.world.tables
    draws = quality_draws(tables, "certification")
    out = draws["exchange_id"][:7]
    mine = (pl.col("arm") == "candidate") & pl.col("exchange_id").is_in(out.implode())
    refused = tables.accepted.with_columns(
        accepted=pl.when(~mine).then(pl.col("accepted")),
        reason=pl.when(mine).then(pl.lit(NOT_ASKED)).otherwise("reason"),
    )
    pairs = pair_up(replace(tables, accepted=refused), draws, arm="candidate", tier="small")
    assert (pairs.unasked, pairs.missing.total, pairs.n) == (7, 0, draws.height - 7)
    assert pairs.spread is not None
    assert pairs.spread.worst.size == pairs.n


def test_one_answer_flips_where_several_hold(tmp_path: Path) -> None:
    """Two draws of the same world by its first answers differ by more than by all of them, as is said of both."""
    apart: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(6):
        first, second = (sampling(tmp_path, seed=seed, draw=draw, n=1500).world.tables for draw in (0, 1))
        for several in (True, False):
            found = [
                delta_of(
                    pair_up(
                        one if several else one.first_answers(),
                        quality_draws(one, "certification"),
                        arm="candidate",
                        tier="small",
                    ),
                    0.95,
                    shown=PERFECT,
                )
                for one in (first, second)
            ]
            estimates = [one.est for one in found if one is not None]
            apart[several].append(abs(estimates[0] - estimates[1]))
    assert np.mean(apart[True]) < np.mean(apart[False])


def test_the_verdict_is_tested_by_betting_in_draw_order(tmp_path: Path) -> None:
    """An equal candidate is certified, one that loses the margin on every request is not; p and interval agree."""
    good, bad = (judged(sampling(tmp_path / str(loss), loss=loss).world) for loss in (0.0, 0.05))
    assert good.verdict is Verdict.SWITCH
    assert bad.verdict is not Verdict.SWITCH
    for route in (good, bad):
        told = route.recommendation
        assert told.quality_delta is not None
        assert told.quality_delta.lo is not None
        assert told.p_noninferior is not None
        assert (told.p_noninferior <= 0.05) == (told.quality_delta.lo > -route.margin)


def test_the_frozen_order_and_the_looks_do_not_hang_on_the_number_of_answers(tmp_path: Path) -> None:
    """The same policies at the same looks: what repeats change is how each request is valued."""
    world = sampling(tmp_path).world
    found = []
    for one in (world, once(world)):
        ready = prepare(one.tables, [one.design], PolicyInputs())
        found.append(certify_route(one.tables, one.design, one.tiers, one.settings, ready, None))
    several, single = found
    assert several.sealed.order.names == single.sealed.order.names
    assert several.terms.schedule == single.terms.schedule
    # Dollars are of the first answer, so they are the same.
    assert [one.saving_usd for one in several.evidence] == [one.saving_usd for one in single.evidence]


def test_a_check_is_judged_on_the_first_answer(tmp_path: Path) -> None:
    """In production a check sees one answer, so its policy has whole pairs: those of the first answers."""
    world = sampling(tmp_path, n=1500).world
    draws = quality_draws(world.tables, "certification")
    side = replayed(world.tables, draws, ["small"], {})
    checked = replace(
        RoutePolicy(route="/r", kind="static", tier="small", otherwise="large"),
        kind="cascade",
        verifier=VerifierSpec(name="answered", params={}),
    )
    moved = walk(replace(checked, kind="static", verifier=None), side, None)
    pairs = pairs_of(checked, side, moved)
    assert pairs.spread is None
    assert observed(pairs) == observed(pairs_of(checked, side.first_answers(), moved))
    assert float(observed(pairs).b).is_integer()


def test_every_policy_is_valued_by_what_it_can_see(tmp_path: Path) -> None:
    """Policies that decide before the call have split cells that give their delta; those that check have whole ones."""
    log = planted({"/r": useless_signals(np.random.default_rng([1, 77]))}, 1)
    rng, mine = np.random.default_rng(3), pl.col("arm") == "candidate"
    first = log.tables.accepted.filter(mine)
    answers = [first]
    for repeat in range(1, ASKED):
        other = first["accepted"].to_numpy() ^ (rng.random(first.height) < 0.2)
        answers.append(
            first.with_columns(
                repeat=pl.lit(repeat, pl.Int16), accepted=pl.Series(other), accepted_content=pl.Series(other)
            )
        )
    tables = replace(
        log.tables, accepted=pl.concat([log.tables.accepted.filter(~mine), *answers]), repeats={"small": ASKED}
    )
    (design,) = log.designs
    ready = prepare(tables, [design], log.prepared.bench)
    tested = certify_route(tables, design, TIERS, log.settings, ready, None).policies.tested
    single = certify_route(tables.first_answers(), design, TIERS, log.settings, ready, None).policies.tested
    assert {"static", "rules", "cascade"} <= {one.tuned.policy.kind for one in tested}
    for one, alone in zip(tested, single, strict=True):
        cells = (one.table.both_pass, one.table.only_today, one.table.only_after, one.table.both_fail)
        assert one.delta is not None
        assert sum(cells) == pytest.approx(one.n, abs=1e-5)
        assert (one.table.only_after - one.table.only_today) / one.n == pytest.approx(one.delta.est, abs=1e-8)
        # Dollars, and what a random choice of the same share would do, are of the first answers.
        assert one.saving_usd == alone.saving_usd
        assert one.moved.p_mix == alone.moved.p_mix or None in (one.moved.p_mix, alone.moved.p_mix)
        if one.tuned.policy.verifier is not None:
            assert (one.table, one.delta, one.moved.table) == (alone.table, alone.delta, alone.moved.table)
        elif one.tuned.policy.kind == "static":
            assert any(isinstance(value, float) for value in cells)


def test_scores_of_several_answers_are_their_mean(tmp_path: Path) -> None:
    """Graded criteria: the mean of the answers' scores, unknown where one of them could not be measured."""
    world = graded_world(tmp_path, after=0.9)
    draws = replayed(world.tables, world.tables.slice.filter(pl.col("purpose") == "quality").head(3), ["small"], {})
    mine = pl.col("exchange_id").is_in(list(draws.exchange_ids))
    scores = world.tables.scores.filter(mine)
    ours = (pl.col("arm") == "candidate") & (pl.col("position") == 0)
    failed = ours & (pl.col("repeat") == 2) & (pl.col("exchange_id") == draws.exchange_ids[1])
    several = pl.concat(
        [
            scores.filter(pl.col("arm") != "candidate"),
            *(
                scores.filter(pl.col("arm") == "candidate").with_columns(
                    repeat=pl.lit(repeat, pl.Int16),
                    value=pl.when(ours).then(pl.lit(value)).otherwise(pl.col("value")),
                )
                for repeat, value in enumerate((0.9, 0.6, 0.0))
            ),
        ]
    ).with_columns(status=pl.when(failed).then(pl.lit("errored")).otherwise(pl.col("status")))
    found = scores_of(replace(world.tables, scores=several, repeats={"small": ASKED}), draws, "small")
    alone = scores_of(replace(world.tables, scores=several), draws, "small")
    assert found.candidate[[0, 2]] == pytest.approx(0.5)
    assert np.isnan(found.candidate[1])
    assert alone.candidate == pytest.approx(0.9)
    assert np.array_equal(found.incumbent, alone.incumbent)


def test_form_does_not_pay_for_wrong_answers_of_any_repeat(tmp_path: Path) -> None:
    """By all criteria a gain; further answers are wrong where the first is right, and comparing criteria see that."""
    world = formed(tmp_path, loss=0.0, form=(0.5, 1.0))
    mine = pl.col("arm") == "candidate"
    first = world.tables.accepted.filter(mine)
    wrong = np.random.default_rng(8).random(first.height) < 0.15
    further = [
        first.with_columns(
            repeat=pl.lit(repeat, pl.Int16),
            accepted=pl.col("accepted") & ~pl.Series(wrong),
            accepted_content=pl.col("accepted_content") & ~pl.Series(wrong),
        )
        for repeat in range(1, ASKED)
    ]
    tables = replace(
        world.tables,
        accepted=pl.concat([world.tables.accepted.filter(~mine), first, *further]),
        repeats={"small": ASKED},
    )
    several = replace(world, tables=tables)
    assert judged(once(several)).verdict is Verdict.SWITCH
    route = judged(several)
    whole, content = route.recommendation.quality_delta, route.recommendation.content_delta
    assert whole is not None
    assert whole.est > 0.3
    assert content is not None
    assert content.est == pytest.approx(-0.15 * 0.98 * 2 / 3, abs=0.02)
    assert route.verdict is not Verdict.SWITCH
