"""The two samples: seeded, stable when they grow, and apart where they must be."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from audit.core.plan import RouteDesign
from audit.core.reason import Reason, because
from audit.core.settings import Settings
from audit.core.tier import Price, PriceStep, Tier
from audit.sampling.design import RouteNeeds, cost_at, design_routes, sized
from audit.sampling.draw import Drawn, draw_route, quality_order
from audit.sampling.frame import RouteFrame
from audit.stats.quantiles import BoolArray
from audit.stats.risk_control import split_rows
from tests.held import held

SMALL = Tier(name="small", model="small-1", provider="simulated", price=Price(input=0.1, output=0.3))
DEAR = Tier(name="dear", model="dear-1", provider="simulated", price=Price(input=100, output=300))


def frame(n: int = 900, *, copies: int = 1, sessions: int | None = None, route: str = "/r") -> RouteFrame:
    """A route of n requests; each request repeated `copies` times; sessions of equal size if asked for."""
    rng = np.random.default_rng(1)
    cost = np.exp(rng.normal(-6, 1, n))
    rows = pl.DataFrame(
        {
            "row_id": [f"{i:064x}" for i in range(n)],
            "session": pl.Series([f"s{i * sessions // n}" if sessions else None for i in range(n)], dtype=pl.String),
            "request_fp": [f"fp{i // copies}" for i in range(n)],
            "prompt": [f"fp{i // copies}" for i in range(n)],
            "model": "large-1",
            "cost_usd": cost,
            "prompt_tokens": 1000,
            "completion_tokens": 100,
            "max_tokens": pl.Series([None] * n, dtype=pl.Int64),
        }
    )
    return held(rows, route=route)


def settings(**more: object) -> Settings:
    """Settings with one route for everything."""
    entry = {"match": "*", "assert": [{"type": "equals", "value": "x"}]}
    return Settings.model_validate({"routes": [entry], **more})


def design(of: RouteFrame, using: Settings, *tiers: Tier) -> RouteDesign:
    """The design of one route."""
    needs = {of.route: RouteNeeds(entry=using.route(of.route), unsupported=None)}
    return design_routes([of], needs, tiers or (SMALL,), using)[0]


def draw(of: RouteFrame, plan: RouteDesign, seed: int = 0) -> pl.DataFrame:
    """The slice of one route."""
    one = held(of.rows, route=of.route, seed=seed) if seed else of
    return draw_route(Drawn.of(one.pool, plan, seed), seed=seed, tuning_share=1 / 3)


def test_same_seed_same_slice() -> None:
    """A draw is a function of rows and seed."""
    one, plan = frame(), design(frame(), settings())
    assert draw(one, plan).equals(draw(one, plan))
    assert not draw(one, plan).equals(draw(one, plan, seed=1))


def test_a_larger_sample_keeps_the_earlier_draws() -> None:
    """Growing costs only the new replays: quality draws are a prefix, and no row changes its split."""
    one, using = frame(), settings()
    small, large = (sized(design(one, using), n, using) for n in (200, 500))
    first = draw(one, small).filter(pl.col("purpose") == "quality")
    second = draw(one, large).filter(pl.col("purpose") == "quality")
    assert second["exchange_id"].to_list()[:200] == first["exchange_id"].to_list()
    assert second["split"].to_list()[:200] == first["split"].to_list()


def test_every_row_is_as_likely_as_any_other() -> None:
    """Quality draws have equal probability: over seeds each row is drawn about equally often."""
    ids = [f"{i:064x}" for i in range(60)]
    hits = np.zeros(60)
    for seed in range(400):
        hits[quality_order(ids, seed)[:20]] += 1
    assert hits.sum() == 8000
    # 400 draws at probability 1/3 have a standard deviation of 9.4; sixty rows stay within five of them.
    assert np.abs(hits - 400 / 3).max() < 47


def test_dollar_draws_follow_the_dollars() -> None:
    """The dollar sample's mean cost is far above the log's, and multiplicities are weights."""
    one = frame()
    drawn = draw(one, design(one, settings())).filter(pl.col("purpose") == "dollars")
    assert drawn["weight"].sum() == 100
    assert drawn["exchange_id"].is_unique().all()
    assert drawn["cost_usd"].mean() > 1.5 * one.rows["cost_usd"].mean()  # type: ignore[operator]
    expected = drawn["cost_usd"] / one.rows["cost_usd"].sum()
    assert np.allclose(drawn["inclusion_prob"], expected)


def by_definition(one: RouteFrame, plan: RouteDesign) -> list[tuple[str, str]]:
    """The quality draws with their splits, row by row over the whole log."""
    rows = [one.rows.row(int(place), named=True) for place in quality_order(one.rows["row_id"].to_list(), 0)]
    tunes = split_rows([row["row_id"] for row in rows], tuning_share=1 / 3, seed=0)
    certifying = [row for row, tuning in zip(rows[: plan.quality_n], tunes, strict=False) if not tuning]
    taken = {(name, row[name]) for row in certifying for name in ("session", "prompt") if row[name]}
    left, found = int(tunes[: plan.quality_n].sum()), []
    for place, (row, tuning) in enumerate(zip(rows, tunes, strict=True)):
        free = bool(tuning) and not any((name, row[name]) in taken for name in ("session", "prompt"))
        if free and left:
            found.append((row["row_id"], "tuning"))
            left -= 1
        elif place < plan.quality_n:
            found.append((row["row_id"], "neither" if tuning else "certification"))
    return found


@pytest.mark.parametrize(
    "one",
    [frame(5000), frame(2000, sessions=120), frame(900, sessions=450, copies=2), frame(40), frame(900, copies=9)],
)
@pytest.mark.parametrize("wanted", [0, 7, 400, 900])
def test_of_a_long_log_only_the_beginning_of_the_order_is_looked_at(one: RouteFrame, wanted: int) -> None:
    """As many rows are split as the tuning draws need, and the draws are those of the whole order."""
    plan = replace(design(one, settings()), quality_n=min(wanted, one.rows.height))
    drawn = draw(one, plan).filter(pl.col("purpose") == "quality")
    assert list(drawn.select("exchange_id", "split").iter_rows()) == by_definition(one, plan)
    ids = one.rows["row_id"].to_list()
    places = {ids[place]: number for number, place in enumerate(quality_order(ids, 0).tolist())}
    assert drawn["draw_order"].to_list() == [places[name] for name in drawn["exchange_id"]]


def test_the_work_of_a_draw_does_not_follow_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a log ten times as long the same number of rows is split."""
    looked_at: list[int] = []

    def counted(ids: Sequence[str], **how: Any) -> BoolArray:
        looked_at.append(len(ids))
        return split_rows(ids, **how)

    monkeypatch.setattr("audit.sampling.draw.split_rows", counted)
    for n in (3_000, 30_000):
        one = frame(n)
        draw(one, replace(design(one, settings()), quality_n=300))
    assert looked_at == [600, 600]


@pytest.mark.acceptance(15)
@pytest.mark.parametrize("one", [frame(copies=4), frame(copies=3, sessions=220), frame(6000, sessions=1500)])
def test_no_session_and_no_prompt_is_in_both_splits(one: RouteFrame) -> None:
    """Nothing is chosen on what tests it, and a row that leaves the tuning split is replaced where one is left."""
    drawn = draw(one, design(one, settings())).filter(pl.col("purpose") == "quality")
    groups = one.rows.select("session", "prompt", exchange_id="row_id")
    both = drawn.join(groups, on="exchange_id").filter(pl.col("split") != "neither")
    for key in ("session", "prompt", "request_fp"):
        sides = [set(both.filter(pl.col("split") == side)[key].drop_nulls()) for side in ("tuning", "certification")]
        assert not sides[0] & sides[1]
    assert both.filter(pl.col("split") == "tuning").height > 0


def test_certification_is_a_random_sample_whatever_the_sessions() -> None:
    """The certification split is the same with one giant session as with none: only the tuning split loses rows."""
    alone, giant = frame(3000), frame(3000, sessions=1)
    plan = design(alone, settings())
    one, other = (draw(of, plan).filter(pl.col("split") == "certification") for of in (alone, giant))
    assert one.equals(other)
    tuned = draw(giant, plan).filter((pl.col("purpose") == "quality") & (pl.col("split") == "tuning"))
    assert tuned.is_empty()


def test_a_session_is_drawn_in_its_share() -> None:
    """Over seeds a session with 5 % of the requests has 5 % of the certification draws, spread as requests are."""
    one = frame(2000, sessions=20)
    plan = design(one, settings())
    mine = set(one.rows.filter(pl.col("session") == "s3")["row_id"])
    shares = []
    for seed in range(60):
        drawn = draw(one, plan, seed).filter((pl.col("purpose") == "quality") & (pl.col("split") == "certification"))
        shares.append(np.mean([name in mine for name in drawn["exchange_id"]]))
    # 60 seeds of about 1,050 of 2,000 draws: one standard error of the mean is below 0.0007.
    assert np.mean(shares) == pytest.approx(0.05, abs=0.003)
    assert np.std(shares) < 0.01


def test_a_dear_tier_is_no_default_candidate() -> None:
    """Without a list, candidates are the tiers that are cheaper at the logged tokens."""
    assert design(frame(), settings(), SMALL, DEAR).candidates == ("small",)
    only_dear = design(frame(), settings(), DEAR)
    assert only_dear.candidates == ()
    assert only_dear.why == because(Reason.NO_CHEAPER_TIER)


def test_a_tier_may_be_cheaper_by_its_cache_alone() -> None:
    """At `prompt_cache: warm` a tier is held against the log with the log's cached tokens, at `cold` without them."""
    rows = frame().rows.with_columns(cached_tokens=pl.col("prompt_tokens") * 9 // 10, cache_write_tokens=pl.lit(0))
    # As dear as the log without a cache, and a tenth of that with one.
    dollars, tokens = rows["cost_usd"].sum(), rows["prompt_tokens"].sum()
    rate = 1.5 * dollars / tokens * 1e6
    cached = replace(SMALL, price=Price(input=rate, cached_input=rate / 10, output=0.0))
    one = held(rows)
    cold, warm = cost_at(one.pool, cached), cost_at(one.pool, cached, warm=True)
    assert warm < dollars < cold
    for prompt_cache, chosen in (("cold", ()), ("warm", ("small",))):
        found = design(one, settings(cost={"prompt_cache": prompt_cache}), cached)
        assert found.candidates == chosen


def test_a_quote_is_made_by_length() -> None:
    """Rows are priced at the rates of their own prompts, not at those of their sum."""
    rows = pl.DataFrame({"prompt_tokens": [100, 101, None], "completion_tokens": [10, 10, 10]})
    steps = (PriceStep(above=100, input=10.0, output=20.0),)
    tier = replace(SMALL, price=Price(input=1.0, output=2.0, steps=steps))
    assert cost_at(held(rows, bounds=(100,)).pool, tier) == pytest.approx((100 + 20 + 1010 + 200 + 20) / 1e6)


def test_a_thin_route_says_that_it_cannot_be_decided() -> None:
    """Before any money is spent, the design says which routes cannot be decided, and why."""
    thin = design(frame(60), settings())
    assert thin.can_decide == "no"
    assert thin.reason == "about 40 certification pairs; a Switch needs at least 100"


def test_a_large_route_is_sampled_to_the_planned_size() -> None:
    """3 points, discordance 15 %, power 80 %: the score planner's pairs over the certification share."""
    plan = design(frame(9000), settings())
    assert plan.quality_n == pytest.approx(1575, abs=5)
    assert plan.can_decide == "yes"


def two_routes_under(**changed: object) -> dict[str, RouteDesign]:
    """A dear and a cheap route of the same size, designed under a cap."""
    using = settings(max_spend="$0.10", **changed)
    rich, poor = frame(3000, route="/rich"), frame(3000, route="/poor")
    cheap = held(poor.rows.with_columns(pl.col("cost_usd") / 5), route="/poor")
    needs = {name: RouteNeeds(entry=using.routes[0], unsupported=None) for name in ("/rich", "/poor")}
    return {d.route: d for d in design_routes([cheap, rich], needs, [SMALL], using)}


def test_the_budget_cuts_a_fixed_sample() -> None:
    """A cap that cannot pay for every route pays for the one that could save most per replay dollar."""
    designs = two_routes_under(slice={"looks": 1})
    assert designs["/rich"].quality_n > designs["/poor"].quality_n
    paid = sum((d.quality_n + d.dollars_n) * 1.3e-4 for d in designs.values())
    assert paid <= 0.1
    assert "the cap leaves money for" in designs["/poor"].reason


def test_a_route_behind_the_cap_waits_for_what_others_leave() -> None:
    """With several looks the sample is kept whole, and the design says how much of it is paid for."""
    designs = two_routes_under()
    assert designs["/rich"].priority < designs["/poor"].priority
    assert designs["/rich"].quality_n == designs["/poor"].quality_n
    assert designs["/poor"].can_decide == "maybe"
    assert "unless routes before it stop early" in designs["/poor"].reason


def test_looks_are_equal_steps_that_can_each_decide() -> None:
    """A large route is looked at five times, one with few pairs as often as each look can decide, a thin one once."""
    large, small, thin = (design(frame(n), settings()) for n in (9000, 330, 60))
    assert large.looks == (315, 630, 945, 1260, 1574)
    assert small.looks == (165, 330)
    assert thin.looks == (60,)
    assert design(frame(9000), settings(slice={"looks": 1})).looks == (1574,)


@pytest.mark.parametrize(("weights", "stops"), [((1.0, 1.0), False), ((20.0, 20.0), False), ((1.0, 20.0), True)])
def test_a_log_that_keeps_some_calls_more_often_is_no_sample_of_the_traffic(
    weights: tuple[float, float], stops: bool
) -> None:
    """A sampler that keeps every easy call and one hard one of twenty hides nineteen twentieths of a loss there."""
    found = design(replace(frame(), weights=weights), settings(), SMALL)
    assert (found.why == because(Reason.LOG_KEEPS_UNEVENLY, least="1", most="20")) is stops
    assert bool(found.quality_n) is not stops
