"""What a candidate would have cost: caches, batches, contracts, retries, and answers of another length."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.core.cost import CostBreakdown
from audit.core.finding import CandidateFinding, RouteFinding
from audit.core.policy import VerifierSpec
from audit.core.settings import Settings
from audit.core.tier import Price, PriceStep, Tier
from audit.core.trim import Trim
from audit.findings.routes import RouteTraffic, find_route
from audit.llm.tiers import resolve_tiers
from audit.pairing.costing import costing_of
from audit.pairing.evidence import Tables
from tests.findings.routed import make_routed
from tests.findings.world import Planted, World, make_world

LIST = Price(input=1.0, output=4.0, cached_input=0.1)
CANDIDATE = Price(input=0.16, output=0.64, cached_input=0.016)
"""At 16 % of the incumbent's list price in every class."""

PROMPT, COMPLETION = 4_000, 300
HOLDS = {"mini": Planted(regress=0.0, gain=0.0)}


def counted(
    tmp_path: Path,
    *,
    hits: float = 0.0,
    replay_hits: float = 0.0,
    longer: float = 1.0,
    lost_usd: float = 0.0,
    settings: dict[str, Any] | None = None,
    price: Price = CANDIDATE,
    planted: dict[str, Planted] | None = None,
) -> World:
    """A route on which every request has the same tokens, so that every figure can be worked out by hand."""
    world = make_world(tmp_path, planted or HOLDS)
    cached, answer = round(PROMPT * hits), round(COMPLETION * longer)
    billed = ((PROMPT - cached) * LIST.input + cached * 0.1 + COMPLETION * LIST.output) / 1e6
    own = round(PROMPT * replay_hits)
    rates = price.at(PROMPT)
    call = ((PROMPT - own) * rates.input + own * rates.cached_rate + answer * rates.output) / 1e6
    slice_ = world.tables.slice.with_columns(
        cost_usd=pl.lit(billed),
        logged_prompt_tokens=pl.lit(PROMPT),
        logged_cached_tokens=pl.lit(cached),
        logged_completion_tokens=pl.lit(COMPLETION),
        logged_reasoning_tokens=pl.lit(100),
    )
    replays = world.tables.replays.with_columns(
        prompt_tokens=pl.lit(PROMPT, dtype=pl.Int64),
        cached_tokens=pl.lit(own, dtype=pl.Int64),
        completion_tokens=pl.lit(answer, dtype=pl.Int64),
        reasoning_tokens=pl.lit(0, dtype=pl.Int64),
        attempts=pl.lit(1, dtype=pl.Int16),
        lost_usd=pl.lit(lost_usd),
        cost_usd=pl.when(pl.col("cost_usd").is_not_null()).then(pl.lit(call)),
    )
    changed = Settings.model_validate(settings or {})
    own_settings = world.settings.model_copy(update={name: getattr(changed, name) for name in settings or {}})
    tiers = world.tiers | {"mini": replace(world.tiers["mini"], price=price, batch_discount=0.5)}
    tables = replace(world.tables, slice=slice_, replays=replays)
    tables = replace(tables, costing=costing_of(tiers.values(), own_settings, ["/r"], replays))
    design = replace(world.design, auditable_usd=1000.0, spend_usd=1000.0)
    return replace(world, tables=tables, tiers=tiers, settings=own_settings, design=design)


def judge(world: World) -> RouteFinding:
    """The finding of the route."""
    traffic = RouteTraffic(spend_by_model={"large-1": 1000.0}, unreplayable={})
    return find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding


def cost_of(world: World) -> tuple[CandidateFinding, CostBreakdown]:
    """The candidate and where its cost comes from."""
    (candidate,) = judge(world).candidates
    assert candidate.cost is not None
    return candidate, candidate.cost


@pytest.mark.parametrize(("hits", "cold"), [(0.5, 0.755), (0.8, 0.641), (0.9, 0.576)])
def test_a_cold_cache_eats_into_the_saving(tmp_path: Path, hits: float, cold: float) -> None:
    """At list prices the candidate saves .84; of the bill it saves less the more the incumbent read from its cache."""
    _, cost = cost_of(counted(tmp_path, hits=hits))
    saved = {one.prompt_cache: one.saving_usd.est / 1000 for one in cost.scenarios}
    assert saved["cold"] == pytest.approx(cold, abs=5e-4)
    assert saved["warm"] == pytest.approx(0.84, abs=1e-9)


def test_the_headline_believes_in_no_cache(tmp_path: Path) -> None:
    """The verdict's dollars are the cold ones, also where the replay happened to hit the candidate's own cache."""
    world = counted(tmp_path, hits=0.8, replay_hits=0.9)
    candidate, cost = cost_of(world)
    assert candidate.saving_usd is not None
    assert candidate.saving_usd.est == pytest.approx(641, abs=0.5)
    assert [one.prompt_cache for one in cost.scenarios if one.used] == ["cold"]
    assert judge(world).avoidable_usd == candidate.saving_usd
    warm = counted(tmp_path, hits=0.8, replay_hits=0.9, settings={"cost": {"prompt_cache": "warm"}})
    assert judge(warm).avoidable_usd.est == pytest.approx(840, abs=0.1)
    assert cost_of(warm)[1].assumptions[0].text.startswith("warm")


def test_a_prompt_whose_beginning_moves_is_read_from_no_cache(tmp_path: Path) -> None:
    """Where the last turns alone are sent, each prompt begins otherwise than the one before: the log's reads say
    nothing of it, whatever the settings assume. Fewer tools leave the beginning as it is."""
    warm = counted(tmp_path, hits=0.8, settings={"cost": {"prompt_cache": "warm"}})
    for trim, saved, said in ((Trim(history=2), 641, "cold"), (Trim(tools=("look",)), 840, "warm")):
        tiers = warm.tiers | {"mini": replace(warm.tiers["mini"], trim=trim)}
        costing = costing_of(tiers.values(), warm.settings, ["/r"], warm.tables.replays)
        world = replace(warm, tiers=tiers, tables=replace(warm.tables, costing=costing))
        candidate, cost = cost_of(world)
        assert candidate.saving_usd is not None
        assert candidate.saving_usd.est == pytest.approx(saved, abs=0.5)
        assert cost.assumptions[0].text.startswith(said)


def test_dollars_are_those_of_the_prompts_length(tmp_path: Path) -> None:
    """A price that rises below every prompt of the route is the higher price, in every figure; one that rises above
    all of them is the lower one."""
    step = PriceStep(above=PROMPT - 1, input=0.16, output=0.64, cached_input=0.016)
    low = Price(input=0.016, output=0.064, cached_input=0.0016, steps=(step,))
    high = replace(CANDIDATE, steps=(replace(step, above=PROMPT, input=9.0, output=9.0),))
    plain = cost_of(counted(tmp_path / "plain", hits=0.5, replay_hits=0.3))[1]
    for name, price in (("low", low), ("high", high)):
        found = cost_of(counted(tmp_path / name, hits=0.5, replay_hits=0.3, price=price))[1]
        assert [one.saving_usd for one in found.scenarios] == [one.saving_usd for one in plain.scenarios]
        assert found.classes == plain.classes


@pytest.mark.parametrize(
    ("asked", "longest"), [({}, 4096), ({"max_tokens": 200}, 200), ({"max_tokens": 200, "thinking_tokens": 1000}, 1200)]
)
def test_the_longest_answer_is_what_the_tier_is_asked_for(asked: dict[str, int], longest: int) -> None:
    """The bound on rambling answers is the limit that is sent, thinking included, and not the log's."""
    candidate = Tier(name="mini", model="m", provider="simulated", price=CANDIDATE, **asked)  # type: ignore[arg-type]
    replays = pl.DataFrame(schema={"arm": pl.String, "tier": pl.String, "lost_usd": pl.Float64, "cost_usd": pl.Float64})
    costing = costing_of([candidate], Settings(), ["/r"], replays)
    row = {"prompt_tokens": 1000, "logged_prompt_tokens": 900, "logged_max_tokens": None, "route": "/r"}
    found = pl.DataFrame([row]).with_columns(pl.col("logged_max_tokens").cast(pl.Int64))
    expected = (1000 * CANDIDATE.input + longest * CANDIDATE.output) / 1e6
    assert found.select(costing.at_most_usd(candidate.name)).item() == pytest.approx(expected)


def test_a_cache_without_a_price_of_its_own_saves_nothing(tmp_path: Path) -> None:
    """Where cached tokens are billed as input, warm is no better than cold."""
    plain = replace(CANDIDATE, cached_input=None)
    _, cost = cost_of(counted(tmp_path, hits=0.8, price=plain))
    cold, warm = (one.cost_usd.est for one in cost.scenarios)
    assert warm == pytest.approx(cold)


def test_tokens_written_to_a_cache_cost_what_they_cost(tmp_path: Path) -> None:
    """Cold pays for what the replay wrote; warm writes the share that the log's call wrote."""
    price = replace(CANDIDATE, cache_write=0.2)
    world = counted(tmp_path, price=price)
    tables = replace(
        world.tables,
        slice=world.tables.slice.with_columns(logged_cache_write_tokens=pl.lit(2_000)),
        replays=world.tables.replays.with_columns(
            cache_write_tokens=pl.lit(1_000, dtype=pl.Int64), cost_usd=pl.col("cost_usd") + 1_000 * 0.04 / 1e6
        ),
    )
    _, cost = cost_of(replace(world, tables=tables))
    bill = (PROMPT * 1.0 + COMPLETION * 4.0) / 1e6
    cold, warm = (one.cost_usd.est * bill / 1000 * 1e6 for one in cost.scenarios)
    assert cold == pytest.approx(3_000 * 0.16 + 1_000 * 0.2 + COMPLETION * 0.64)
    assert warm == pytest.approx(2_000 * 0.16 + 2_000 * 0.2 + COMPLETION * 0.64)
    written = next(one for one in cost.classes if one.name == "cache_write")
    assert (written.today, written.candidate) == (2_000, 1_000)


def test_classes_add_up_to_the_cost(tmp_path: Path) -> None:
    """Every dollar of the candidate's cost is in a class, or stays with the incumbent because it was not served."""
    candidate, cost = cost_of(counted(tmp_path, hits=0.5))
    assert candidate.cost_usd_full_log is not None
    assert [one.name for one in cost.classes] == ["input", "cached_input", "output", "reasoning"]
    assert sum(one.usd for one in cost.classes) == pytest.approx(candidate.cost_usd_full_log.est)
    assert cost.not_split_usd == 0
    tokens = {one.name: (one.today, one.candidate) for one in cost.classes}
    assert tokens["input"] == (2_000, 4_000)
    assert tokens["cached_input"] == (2_000, 0)
    assert tokens["reasoning"] == (100, 0)
    some = {"mini": Planted(regress=0.0, gain=0.0, statuses={"too_long": 0.3})}
    candidate, cost = cost_of(counted(tmp_path, planted=some))
    assert candidate.cost_usd_full_log is not None
    assert 200 < cost.not_split_usd < 400
    total = sum(one.usd for one in cost.classes) + cost.not_split_usd
    assert total == pytest.approx(candidate.cost_usd_full_log.est)


def test_batches_and_retries_are_named_and_counted(tmp_path: Path) -> None:
    """Half the route by batch at half price is three quarters; failed attempts that were billed come on top."""
    plain, _ = cost_of(counted(tmp_path))
    assert plain.cost_usd_full_log is not None
    entry = {"match": "*", "candidates": ["mini"], "batch_share": "50%", "assert": [{"type": "equals", "value": "x"}]}
    batch, cost = cost_of(counted(tmp_path, settings={"routes": [entry]}))
    assert batch.cost_usd_full_log is not None
    assert batch.cost_usd_full_log.est == pytest.approx(0.75 * plain.cost_usd_full_log.est)
    assert {one.name: one.factor for one in cost.assumptions} == {"prompt_cache": 1, "price": 1, "batch": 0.75}
    again, cost = cost_of(counted(tmp_path, lost_usd=0.1 * 832e-6))
    assert again.cost_usd_full_log is not None
    assert cost.retries.multiplier == pytest.approx(1.1)
    assert again.cost_usd_full_log.est == pytest.approx(1.1 * plain.cost_usd_full_log.est)
    assert cost.assumptions[-1].name == "retries"
    assert sum(one.usd for one in cost.classes) == pytest.approx(again.cost_usd_full_log.est)


def test_a_contract_takes_its_share_off_every_class() -> None:
    """`discount` lowers the tier's price, so that quotes, caps and findings all go by it."""
    tier = {"name": "a", "model": "m", "provider": "simulated", "discount": "12%"}
    price = {"input": 1, "output": 4, "cached_input": 0.1}
    (found,) = resolve_tiers(Settings.model_validate({"tiers": [{**tier, "price": price}]}))
    assert (found.price.input, found.price.output) == pytest.approx((0.88, 3.52))
    assert found.price.cached_input == pytest.approx(0.088)
    assert (found.price.cache_write, found.price.discount) == (None, 0.12)


def test_longer_answers_are_shown(tmp_path: Path) -> None:
    """The candidate's own tokens are billed, and how much longer its answers are is said with an interval."""
    _, cost = cost_of(counted(tmp_path, longer=1.5))
    assert cost.output is not None
    assert cost.output.ratio.est == pytest.approx(1.5)
    assert (cost.output.today, cost.output.candidate) == (300, 450)
    assert cost.output.n > 100


def test_calls_without_counted_tokens_cost_what_they_were_billed(tmp_path: Path) -> None:
    """Where nobody counted tokens there are no classes and no shift, and the dollars stand as billed."""
    world = make_world(tmp_path, {"mini": Planted(regress=0.0, gain=0.0, cost_share=0.2)})
    candidate, cost = cost_of(world)
    assert (cost.classes, cost.output) == ((), None)
    assert candidate.cost_usd_full_log is not None
    assert cost.not_split_usd == pytest.approx(candidate.cost_usd_full_log.est)
    assert [one.cost_usd for one in cost.scenarios] == [candidate.cost_usd_full_log] * 2


def test_latency_has_its_tail(tmp_path: Path) -> None:
    """The 99th percentile of both arms stands beside the money."""
    (candidate,) = judge(make_world(tmp_path, HOLDS)).candidates
    assert candidate.latency_ms.p99 == 300
    assert candidate.incumbent_latency_ms.p99 == 900


def test_savings_at_risk_are_what_the_lower_bound_withholds(tmp_path: Path) -> None:
    """Less than the two-sided interval's lower half, more than nothing."""
    found = judge(make_world(tmp_path, {"mini": Planted(regress=0.0, gain=0.0, cost_share=0.2)}))
    saving = found.avoidable_usd
    assert saving.lo is not None
    assert 0 < found.savings_at_risk_usd < saving.est - saving.lo
    static = next(policy for policy in found.policies if policy.kind == "static")
    assert static.savings_at_risk_usd == found.savings_at_risk_usd


def test_a_cascade_says_where_it_breaks_even(tmp_path: Path) -> None:
    """A free check before a tier at 0.3 of the incumbent breaks even near 0.7."""
    refusing = Planted(regress=0.0, gain=0.0, statuses={"refused": 0.2}, cost_share=0.3)
    made = make_routed(tmp_path, {"small": refusing}, shows=True, n=4000)
    finding, _ = made.judge(made.bench([VerifierSpec(name="answered", params={})]))
    cascade = next(policy for policy in finding.policies if policy.kind == "cascade")
    assert cascade.break_even is not None
    assert cascade.break_even.rate == pytest.approx(0.7, abs=0.02)
    assert cascade.break_even.escalated.est == cascade.params["share_escalated"]
    assert cascade.break_even.saves
    assert next(policy for policy in finding.policies if policy.kind == "static").break_even is None
    dear = make_routed(tmp_path / "dear", {"small": replace(refusing, cost_share=0.79)}, shows=True, n=4000)
    finding, _ = dear.judge(dear.bench([VerifierSpec(name="answered", params={})]))
    found = [policy.break_even for policy in finding.policies if policy.break_even is not None]
    assert found
    assert not any(one.saves for one in found)


def test_the_assumptions_survive_the_split_of_tables(tmp_path: Path) -> None:
    """What orders the policies is paid for like what certifies them."""
    world = counted(tmp_path, settings={"cost": {"prompt_cache": "warm"}})
    tables: Tables = world.tables.before_certification().of_route("/r")
    assert (tables.costing.prompt_cache, tables.costing.prices) == ("warm", world.tables.costing.prices)


def test_an_unpriced_tier_costs_what_it_was_billed() -> None:
    """A tier that the settings no longer name keeps the replay's own figure."""
    tier = Tier(name="a", model="m", provider="simulated", price=CANDIDATE)
    empty = pl.DataFrame(schema={"arm": pl.String, "tier": pl.String, "lost_usd": pl.Float64, "cost_usd": pl.Float64})
    costing = costing_of([tier], Settings(), ["/r"], empty)
    row = pl.DataFrame({"call_usd": [2.0], "route": ["/r"]})
    assert row.select(costing.usd("gone")).item() == 2.0
    assert costing.classes_usd("gone") == {}
