"""What one call of a candidate would cost: its own replayed tokens at its own price, under named assumptions.

A replay says what a call cost when it was made. Whether the same tokens come out of a prompt cache in production, may
wait for a batch, or have to be asked for twice, no replay can know; so these are assumptions, and by default the ones
that save least: no token from a cache, no batch, and every attempt that may have been billed paid for.

    usd = (call as billed + cached tokens at the full price - cached tokens assumed) x batch x retries
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from audit.core.columns import TOKEN_LIMIT
from audit.core.policy import bare
from audit.core.settings import Settings
from audit.core.tier import PER_MILLION, Price, Tier

COLD, WARM = "cold", "warm"

LOGGED = (
    "logged_prompt_tokens",
    "logged_cached_tokens",
    "logged_cache_write_tokens",
    "logged_completion_tokens",
    "logged_reasoning_tokens",
)
"""Columns of the log's own calls, beside those of the candidate's without the prefix."""

LIMIT = "logged_max_tokens"
"""Column of the slice with the token limit that a request names; null where it names none."""

LIMIT_READ = TOKEN_LIMIT.alias(LIMIT)
"""It, of the traffic's own columns."""


def logged_on(model: str) -> pl.Expr:
    """Of the rows of a slice, those that the log shows on a model, whatever provider stands before its name."""
    return pl.col("incumbent_model").str.split("/").list.last() == bare(model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costing:
    """What dollars assume of every candidate.

    All expressions are over rows with the columns of a call (`call_usd` and the tokens of `schemas.REPLAYS`), the
    `LOGGED` ones and `route`. A tier that is not priced here costs what its calls were billed.

    Attributes:
        prices: By tier, discounts taken off.
        prompt_cache: `cold` reads no token from the candidate's cache; `warm` reads and writes the same share of each
            prompt as the log's own call did.
        batch_shares: By route, the share of its requests that may wait for a batch.
        batch_discounts: By tier, what a batch takes off.
        retries: By tier, cost of a call over that of its answer, at least 1.
        models: By tier, its model.
        limits: By tier, the settings that say how long its answers may be, and what of a prompt it is not sent.
    """

    prices: Mapping[str, Price] = field(default_factory=dict)
    prompt_cache: str = COLD
    batch_shares: Mapping[str, float] = field(default_factory=dict)
    batch_discounts: Mapping[str, float] = field(default_factory=dict)
    retries: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Tier] = field(default_factory=dict)

    def at_most_usd(self, tier: str) -> pl.Expr:
        """A call whose answer runs to its limit; null where the price or the prompt is unknown."""
        price, limit = self.prices.get(tier), self.limits.get(tier)
        if price is None or limit is None:
            return pl.lit(None, dtype=pl.Float64)
        logged = pl.lit(limit.max_tokens) if limit.max_tokens else pl.coalesce(LIMIT, pl.lit(limit.max_output_tokens))
        prompt = pl.coalesce("prompt_tokens", "logged_prompt_tokens")
        longest = logged + (limit.thinking_tokens or 0)
        written = _rate(price, lambda one: max(one.input, one.written_rate))
        usd = (prompt * written + longest * _rate(price, lambda one: one.output)) / PER_MILLION
        return usd * self.factor(tier)

    def usd(self, tier: str, prompt_cache: str | None = None) -> pl.Expr:
        """A call with all assumptions; null where nobody knows what it cost."""
        return self._at_price(tier, self.cache_of(tier, prompt_cache)) * self.factor(tier)

    def cache_of(self, tier: str, prompt_cache: str | None = None) -> str:
        """What is assumed of a tier's cache; nothing is read from it where the tier is sent the last turns alone: with
        every turn such a prompt begins otherwise, so the log's reads say nothing of it."""
        asked = self.limits.get(tier)
        slides = asked is not None and asked.trim is not None and asked.trim.history is not None
        return COLD if slides else prompt_cache or self.prompt_cache

    def classes_usd(self, tier: str) -> dict[str, pl.Expr]:
        """The same by token class; classes of a call without counted tokens are null."""
        price = self.prices.get(tier)
        if price is None:
            return {}
        output = _rate(price, lambda one: one.output)
        rates = {
            "input": _rate(price, lambda one: one.input),
            "cached_input": _rate(price, lambda one: one.cached_rate),
            "cache_write": _rate(price, lambda one: one.written_rate),
            "output": output,
            "reasoning": output,
        }
        tokens = self.tokens(tier)
        return {name: tokens[name] * (rate / PER_MILLION) * self.factor(tier) for name, rate in rates.items()}

    def tokens(self, tier: str) -> dict[str, pl.Expr]:
        """Tokens of a call by class, as assumed; null where nobody counted them."""
        cached, written = _cache_tokens(self.cache_of(tier))
        reasoning = pl.col("reasoning_tokens").fill_null(0)
        return {
            "input": pl.col("prompt_tokens") - cached - written,
            "cached_input": pl.when(pl.col("prompt_tokens").is_not_null()).then(cached),
            "cache_write": pl.when(pl.col("prompt_tokens").is_not_null()).then(written),
            "output": pl.col("completion_tokens") - reasoning,
            "reasoning": pl.when(pl.col("completion_tokens").is_not_null()).then(reasoning),
        }

    def factor(self, tier: str) -> pl.Expr:
        """What batch and retries make of a call's cost, by the route of the row."""
        off = {route: self.batch_factor(route, tier) for route in self.batch_shares}
        batch = pl.col("route").replace_strict(off, default=1.0, return_dtype=pl.Float64) if off else pl.lit(1.0)
        return batch * self.retries.get(tier, 1.0)

    def batch_factor(self, route: str, tier: str) -> float:
        """1 less the discount on the share of the route that may wait."""
        return 1 - self.batch_shares.get(route, 0.0) * self.batch_discounts.get(tier, 0.0)

    def _at_price(self, tier: str, prompt_cache: str) -> pl.Expr:
        price = self.prices.get(tier)
        if price is None:
            return pl.col("call_usd")
        cached, written = _cache_tokens(prompt_cache)
        # The bill is corrected, not made anew: it stays what it was wherever no cache is involved.
        off = _rate(price, lambda one: one.input - one.cached_rate)
        read = (pl.col("cached_tokens").fill_null(0) - cached) * off
        on = _rate(price, lambda one: one.written_rate - one.input)
        wrote = (written - pl.col("cache_write_tokens").fill_null(0)) * on
        return pl.col("call_usd") + (read + wrote) / PER_MILLION


def logged_tokens() -> dict[str, pl.Expr]:
    """Tokens of the log's own call by class; null where the log does not say."""
    prompt, completion = pl.col("logged_prompt_tokens"), pl.col("logged_completion_tokens")
    cached, written = (pl.col(f"logged_{name}_tokens").fill_null(0) for name in ("cached", "cache_write"))
    reasoning = pl.col("logged_reasoning_tokens").fill_null(0)
    return {
        "input": prompt - cached - written,
        "cached_input": pl.when(prompt.is_not_null()).then(cached),
        "cache_write": pl.when(prompt.is_not_null()).then(written),
        "output": completion - reasoning,
        "reasoning": pl.when(completion.is_not_null()).then(reasoning),
    }


def foreseen_usd(costing: Costing, tier: str, rows: pl.DataFrame, route: str) -> pl.Series:
    """What requests would cost on a tier if its answers had the tokens that the log counted, with all assumptions.

    Args:
        costing: With the tier's price.
        tier: Its name.
        rows: Of a `RouteFrame`.
        route: Its name.

    Returns:
        USD, shape (n,), at least 0; what the log billed where it counted no tokens.
    """
    usd = pl.sum_horizontal(costing.classes_usd(tier).values(), ignore_nulls=False)
    return _as_calls(rows, route).select(usd.fill_null(pl.col("cost_usd")).clip(lower_bound=0.0).alias("usd"))["usd"]


def prompts_usd(costing: Costing, tier: str, rows: pl.DataFrame, route: str) -> float:
    """The least that the prompts of requests cost on a tier, whatever is assumed of its cache; its answers are free.

    Args as of `foreseen_usd`.

    Returns:
        USD; prompts that nobody counted cost nothing, nor do those of a tier that is sent less of each: how little is
        left of them, the log's counts do not say.
    """
    if (asked := costing.limits.get(tier)) is not None and asked.trim is not None:
        return 0.0
    calls = _as_calls(rows, route)
    found = []
    for prompt_cache in (COLD, WARM):
        classes = replace(costing, prompt_cache=prompt_cache).classes_usd(tier)
        usd = pl.sum_horizontal(classes["input"], classes["cached_input"], classes["cache_write"])
        found.append(float(calls.select(usd.clip(lower_bound=0.0).sum()).item()))
    return min(found)


def _as_calls(rows: pl.DataFrame, route: str) -> pl.DataFrame:
    """Rows of the log with the columns of a call that has the log's tokens, none of them from a cache."""
    logged = {name: name.removeprefix("logged_") for name in LOGGED if name != "logged_reasoning_tokens"}
    return rows.with_columns(**{name: pl.col(own) for name, own in logged.items()}, route=pl.lit(route)).with_columns(
        cached_tokens=pl.lit(0), cache_write_tokens=pl.lit(0), reasoning_tokens=pl.lit(0)
    )


def costing_of(
    tiers: Iterable[Tier], settings: Settings, routes: Iterable[str], replays: pl.DataFrame | None
) -> Costing:
    """What a run's settings and replays say of the candidates' costs; before there are replays, no attempt fails."""
    shares = {name: entry.batch_share for name in routes if (entry := settings.route(name)) and entry.batch_share}
    named = {tier.name: tier for tier in tiers}
    return Costing(
        prices={name: tier.price for name, tier in named.items()},
        prompt_cache=settings.cost.prompt_cache,
        batch_shares=shares,
        batch_discounts={name: tier.batch_discount for name, tier in named.items() if tier.batch_discount},
        retries={} if replays is None else retry_multipliers(replays),
        models={name: tier.identity for name, tier in named.items()},
        limits=named,
    )


def retry_multipliers(replays: pl.DataFrame) -> dict[str, float]:
    """By tier: 1 + what may have been billed for failed attempts / what the answers cost; 1 where nothing was."""
    calls = replays.filter(pl.col("arm") == "candidate").group_by("tier").agg(pl.col("lost_usd", "cost_usd").sum())
    return {
        tier: 1 + (lost / cost if cost else 0.0)
        for tier, lost, cost in calls.select("tier", "lost_usd", "cost_usd").sort("tier").iter_rows()
    }


def _cache_tokens(prompt_cache: str) -> tuple[pl.Expr, pl.Expr]:
    """Prompt tokens read from the candidate's cache, and written to it. Written without being read is as replayed."""
    if prompt_cache == COLD:
        return pl.lit(0.0), pl.col("cache_write_tokens").fill_null(0)
    return tuple(  # type: ignore[return-value]
        (pl.col("prompt_tokens") * (pl.col(f"logged_{name}_tokens") / pl.col("logged_prompt_tokens")).clip(0, 1))
        .fill_nan(0)
        .fill_null(0)
        for name in ("cached", "cache_write")
    )


def _rate(price: Price, of: Callable[[Price], float]) -> pl.Expr:
    """A rate of a price, by the length of the row's prompt; where nobody counted it, the first step's."""
    prompt = pl.coalesce("prompt_tokens", "logged_prompt_tokens").fill_null(0)
    spans = list(price.spans())
    rate = pl.lit(of(spans[0][2]))
    for low, _, step in spans[1:]:
        rate = pl.when(prompt > low).then(pl.lit(of(step))).otherwise(rate)
    return rate
