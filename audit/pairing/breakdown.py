"""Where a candidate's dollars come from, for one route: token classes, assumptions, retries, length of answers."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from audit.core.cost import (
    PROMPT_CACHES,
    TOKEN_CLASSES,
    CacheScenario,
    CostAssumption,
    CostBreakdown,
    OutputShift,
    Retries,
    TokenCost,
)
from audit.core.display import count, listing, percent
from audit.core.plan import RouteDesign
from audit.core.tier import Tier
from audit.pairing.costing import logged_tokens
from audit.pairing.evidence import Tables, calls_on, dollar_draws, quality_draws, spend_sample
from audit.pairing.money import Saved, dollars_of
from audit.stats.ratios import ratio_of_totals

CACHE_WORDS = {
    "cold": "no token of a prompt comes from the candidate's prompt cache",
    "warm": "the candidate reads as large a part of each prompt from its cache as the log's own call did",
}


def breakdown(tables: Tables, design: RouteDesign, tier: Tier, level: float, before: int) -> CostBreakdown | None:
    """Break the cost of moving a whole route to a tier down.

    Args:
        tables: Of the route.
        design: Of the route.
        tier: The candidate.
        level: Of intervals.
        before: As in `spend_sample`.

    Returns:
        None without dollar draws: then nothing is known of what it would cost.
    """
    sample = spend_sample(tables, design, tier.name, before)
    scenarios = tuple(_scenarios(tables, sample, design, tier.name, level))
    if not scenarios:
        return None
    used = next(scenario for scenario in scenarios if scenario.used)
    dollars, quality = (
        calls_on(tables, draws, tier.name).with_columns(**{f"today_{k}": v for k, v in logged_tokens().items()})
        for draws in (sample, quality_draws(tables.moved_to(tier.name)))
    )
    classes = tuple(_classes(tables, dollars, quality, design.movable_usd(tier.name), tier.name))
    calls = tables.replays.filter((pl.col("tier") == tier.name) & (pl.col("arm") == "candidate"))
    return CostBreakdown(
        classes=classes,
        # What the classes leave; a sum of shares and the share of a sum differ in the last digit.
        not_split_usd=max(0.0, round(used.cost_usd.est - sum(one.usd for one in classes), 9)),
        scenarios=scenarios,
        assumptions=tuple(_assumptions(tables, design, tier)),
        retries=_retries(tables, calls, tier.name),
        output=_output(quality, level),
        estimated_calls=int(calls["usage_estimated"].sum()),
    )


def _scenarios(
    tables: Tables, sample: pl.DataFrame, design: RouteDesign, tier: str, level: float
) -> Iterator[CacheScenario]:
    for prompt_cache in PROMPT_CACHES:
        draws = dollar_draws(tables, sample, tier, prompt_cache)
        saved = Saved(z=draws.saved, mass=draws.mass, lowest=draws.lowest)
        saving = dollars_of(saved, design.movable_usd(tier), level)
        if saving is not None:
            yield CacheScenario(
                prompt_cache=prompt_cache,
                used=prompt_cache == tables.costing.prompt_cache,
                cost_usd=saving.taken_from(design.auditable_usd),
                saving_usd=saving,
            )


def _classes(
    tables: Tables, dollars: pl.DataFrame, quality: pl.DataFrame, spend: float, tier: str
) -> Iterator[TokenCost]:
    """Dollars from all draws of spend, by what each stands for; tokens per request from the quality draws."""
    costing = tables.costing
    served, weight = pl.col("usd").is_not_null(), pl.col("weight") * pl.col("mass")
    usd = dollars.select(
        ((pl.when(served).then(each) / pl.col("cost_usd")).fill_null(0) * weight).sum().alias(name)
        for name, each in costing.classes_usd(tier).items()
    )
    today = quality.select(pl.col(f"today_{name}").mean().alias(name) for name in TOKEN_CLASSES)
    mine = quality.select(pl.when(served).then(each).mean().alias(name) for name, each in costing.tokens(tier).items())
    drawn = float((dollars["weight"] * dollars["mass"]).sum())
    for name in usd.columns:
        found = TokenCost(
            name=name,
            today=today[name].item(),
            candidate=mine[name].item(),
            usd=float(usd[name].item()) / drawn * spend,
        )
        if found.today or found.candidate or found.usd:
            yield found


def _assumptions(tables: Tables, design: RouteDesign, tier: Tier) -> Iterator[CostAssumption]:
    costing, price = tables.costing, tier.price
    cache = costing.cache_of(tier.name)
    yield CostAssumption(name="prompt_cache", factor=1.0, text=f"{cache}: {CACHE_WORDS[cache]}")
    on = f", as of {price.as_of}" if price.as_of else ""
    less = f", less {percent(price.discount, 1)} by contract" if price.discount else ""
    longer = f"; other rates for prompts above {listing([count(step.above) for step in price.steps])} tokens"
    text = f"{price.source}{on}{less}{longer if price.steps else ''}"
    yield CostAssumption(name="price", factor=1 - price.discount, text=text)
    share = costing.batch_shares.get(design.route, 0.0)
    if share and tier.batch_discount:
        text = f"{percent(share)} of the requests wait for a batch, at {percent(tier.batch_discount)} off"
        yield CostAssumption(name="batch", factor=costing.batch_factor(design.route, tier.name), text=text)
    again = costing.retries.get(tier.name, 1.0)
    if again > 1:
        text = "every failed attempt of the replay that may have been billed was billed at its worst case"
        yield CostAssumption(name="retries", factor=again, text=text)


def _retries(tables: Tables, calls: pl.DataFrame, tier: str) -> Retries:
    return Retries(
        calls=calls.height,
        attempts=int(calls["attempts"].fill_null(1).sum()),
        retried=int((calls["attempts"].fill_null(1) > 1).sum()),
        lost_usd=float(calls["lost_usd"].fill_null(0.0).sum()),
        multiplier=tables.costing.retries.get(tier, 1.0),
    )


def _output(quality: pl.DataFrame, level: float) -> OutputShift | None:
    """On the quality draws, where every request counts alike; refused and cut answers are as long as they are."""
    both = quality.filter(pl.col("usd").is_not_null()).select("completion_tokens", "logged_completion_tokens")
    both = both.drop_nulls().cast(pl.Float64)
    mine, today = both["completion_tokens"].to_numpy(), both["logged_completion_tokens"].to_numpy()
    ratio = ratio_of_totals(mine, today, level=level)
    if ratio is None:
        return None
    return OutputShift(ratio=ratio, today=float(today.mean()), candidate=float(mine.mean()), n=both.height)
