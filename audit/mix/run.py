"""`measure_mix`: from the traffic's metadata alone, without a prompt and without a call."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from audit.core.errors import InputError
from audit.core.exchange import Usage
from audit.core.mixture import Mix, MixDay, MixRow, ModelShare, UpperBound
from audit.core.reason import Reason
from audit.core.tier import Price, Tier
from audit.core.traffic import BILLABLE_STATUSES, MODEL_COLUMNS, SPEND_COLUMNS, Apart, PricedBy, exact_sum

WEEK_DAYS = 7
_TOKENS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")
Weeks = tuple[tuple[date, ...], tuple[date, ...]] | None
_GROUPS = ("model", "route", "tenant", "environment")
_TOLD = ("model", "spend", "day")
"""What a row of the mix, and a day of its trend, is worked out from."""
_READ = (
    "status",
    "unpriced_reason",
    "duplicate_of",
    "cache_hit",
    "started_at",
    "route",
    "tenant",
    "environment",
    "cost_basis",
)


def measure_mix(traffic_files: Sequence[Path], tiers: Sequence[Tier]) -> Mix:
    """Share of traffic per model, by route, tenant and environment, against cost per request, over time.

    The model of a row is the first of `core.traffic.MODEL_COLUMNS` that is known: what was called, without the
    gateway's prefix. Spend is what was billed, recomputed where the log has no cost. Sums are exact to the cent: each
    is the correctly rounded sum of its rows, and does not depend on their order.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        tiers: Candidates for the upper bound; those without tokens to price change nothing.

    Returns:
        The mix. `upper_bound` is None without tiers or without token counts; week figures are None for windows
        shorter than 14 days. Unpriced requests count as requests, and in no cost per request.

    Raises:
        InputError: There is no traffic.
    """
    if not traffic_files:
        raise InputError("there is no traffic to measure", code="mix.no-traffic", hint="run `audit ingest` first")
    rows = _rows(traffic_files)
    billable = rows.filter("billable")
    days = _days(rows)
    weeks = _weeks(days)
    total = _row("total", billable, weeks)
    groups = {name: _rows_by(name, billable, weeks) for name in _GROUPS}
    return Mix(
        window_from=days[0].isoformat() if days else None,
        window_to=days[-1].isoformat() if days else None,
        days=len(days),
        requests=total.requests,
        spend_usd=total.spend_usd,
        unpriced_requests=billable["spend"].null_count(),
        failures=int((rows["single"] & (rows["status"] == "error")).sum()),
        duplicates=int((~rows["single"]).sum()),
        cache_hits=int((rows["single"] & rows["hit"] & rows["answered"]).sum()),
        total=total,
        by_model=groups["model"],
        by_route=groups["route"],
        by_tenant=groups["tenant"],
        by_environment=groups["environment"],
        trend=_trend(billable, days),
        upper_bound=_upper_bound(billable, tiers),
        unpriced=_unpriced(billable),
        unknown=rows.filter(pl.col("kind") == Apart.UNKNOWN).height,
        apart_usd=_apart_usd(rows),
        priced_by_usd=_priced_by_usd(billable),
    )


def _priced_by_usd(billable: pl.DataFrame) -> dict[str, float]:
    priced = billable.select("priced_by", "spend").drop_nulls("spend").partition_by("priced_by", as_dict=True)
    return {str(key[0]): exact_sum(part["spend"]) for key, part in sorted(priced.items())}


def _apart_usd(rows: pl.DataFrame) -> dict[str, float]:
    paid = rows.select("kind", "logged").filter(pl.col("logged") > 0).drop_nulls("kind")
    kinds = paid.partition_by("kind", as_dict=True)
    return {str(key[0]): exact_sum(part["logged"]) for key, part in sorted(kinds.items())}


def _unpriced(billable: pl.DataFrame) -> dict[str, int]:
    unknown = billable.filter(pl.col("spend").is_null())["unpriced_reason"]
    return dict(unknown.fill_null(Reason.COST_UNKNOWN.value).value_counts().sort("unpriced_reason").iter_rows())


def _rows(files: Sequence[Path]) -> pl.DataFrame:
    answered = pl.col("status").cast(pl.String).is_in(list(BILLABLE_STATUSES))
    hit, single = pl.col("cache_hit").fill_null(False), pl.col("duplicate_of").is_null()
    return (
        pl.scan_parquet(list(files))
        .select(*_READ, *MODEL_COLUMNS, *SPEND_COLUMNS, *_TOKENS)
        .select(
            pl.col("status", "unpriced_reason").cast(pl.String),
            answered.alias("answered"),
            hit.alias("hit"),
            single.alias("single"),
            (answered & single & ~hit).alias("billable"),
            pl.when(~single)
            .then(pl.lit(Apart.TWICE.value))
            .when(hit)
            .then(pl.lit(Apart.CACHE.value))
            .when(pl.col("status").cast(pl.String) == "error")
            .then(pl.lit(Apart.FAILED.value))
            .when(~answered)
            .then(pl.lit(Apart.UNKNOWN.value))
            .alias("kind"),
            pl.col("cost_usd_logged").alias("logged"),
            pl.when(pl.col("cost_usd_logged").is_null())
            .then(pl.lit(PricedBy.RECOMPUTED.value))
            .otherwise(pl.col("cost_basis").cast(pl.String))
            .alias("priced_by"),
            pl.coalesce(*SPEND_COLUMNS).alias("spend"),
            pl.coalesce(*MODEL_COLUMNS).fill_null("").alias("model"),
            pl.col("route", "tenant", "environment").fill_null(""),
            pl.col("started_at").dt.convert_time_zone("UTC").dt.date().alias("day"),
            *(pl.col(name).fill_null(0) for name in _TOKENS[2:]),
            *_TOKENS[:2],
        )
        .collect()
    )


def _days(rows: pl.DataFrame) -> list[date]:
    """Every UTC day from the log's first to its last; failures open the window too."""
    first, last = rows["day"].min(), rows["day"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return []
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _weeks(days: Sequence[date]) -> Weeks:
    """The first and the last seven days; None when they would overlap."""
    if len(days) < 2 * WEEK_DAYS:
        return None
    return tuple(days[:WEEK_DAYS]), tuple(days[-WEEK_DAYS:])


def _per_1k(rows: pl.DataFrame) -> float | None:
    priced = rows["spend"].drop_nulls()
    return exact_sum(priced) / len(priced) * 1000 if len(priced) else None


def _rows_by(column: str, billable: pl.DataFrame, weeks: Weeks) -> tuple[MixRow, ...]:
    """One row per value, largest spend first."""
    # Groups are copies, so they are made of the columns that a row of the mix is worked out from.
    told = billable.select(list(dict.fromkeys((column, *_TOLD))))
    made = [_row(str(key[0]), rows, weeks) for key, rows in told.group_by(column, maintain_order=True)]
    return tuple(sorted(made, key=lambda row: (-row.spend_usd, -row.requests, row.name)))


def _row(name: str, rows: pl.DataFrame, weeks: Weeks) -> MixRow:
    spend = exact_sum(rows["spend"])
    first, last = (rows.filter(pl.col("day").is_in(list(week))) for week in weeks) if weeks else (None, None)
    return MixRow(
        name=name,
        requests=len(rows),
        spend_usd=spend,
        cost_per_1k_usd=_per_1k(rows),
        first_week_cost_per_1k_usd=None if first is None else _per_1k(first),
        last_week_cost_per_1k_usd=None if last is None else _per_1k(last),
        models=_shares(rows, spend),
        unpriced_requests=rows["spend"].null_count(),
    )


def _shares(rows: pl.DataFrame, spend: float) -> tuple[ModelShare, ...]:
    shares = []
    for (model,), of_model in rows.select("model", "spend").group_by("model", maintain_order=True):
        part = exact_sum(of_model["spend"])
        shares.append(
            ModelShare(
                model=str(model),
                requests=len(of_model),
                spend_usd=part,
                request_share=len(of_model) / len(rows),
                spend_share=part / spend if spend else 0.0,
            )
        )
    return tuple(sorted(shares, key=lambda share: (-share.spend_usd, -share.requests, share.model)))


def _trend(billable: pl.DataFrame, days: Sequence[date]) -> tuple[MixDay, ...]:
    told = billable.select(_TOLD)
    by_day = {key[0]: rows for key, rows in told.group_by("day")}
    empty = told.clear()
    trend = []
    for day in days:
        rows = by_day.get(day, empty)
        counts = rows.group_by("model").len().sort("model")
        trend.append(
            MixDay(
                day=day.isoformat(),
                requests=len(rows),
                spend_usd=exact_sum(rows["spend"]),
                cost_per_1k_usd=_per_1k(rows),
                shares={model: count / len(rows) for model, count in counts.iter_rows()},
            )
        )
    return tuple(trend)


def _upper_bound(billable: pl.DataFrame, tiers: Sequence[Tier]) -> UpperBound | None:
    """All to the tier that would have been cheapest at the logged tokens.

    Rows without a cost or without tokens stay as they are: they are in neither side of the saving.
    """
    known = billable.filter(pl.col("spend").is_not_null() & pl.all_horizontal(pl.col(*_TOKENS[:2]).is_not_null()))
    if not len(known) or not tiers:
        return None
    spent = exact_sum(known["spend"])
    costs = {tier.name: _cost_at(known, tier.price) for tier in tiers}
    best = min(tiers, key=lambda tier: (costs[tier.name], tier.name))
    return UpperBound(
        tier=best.name, model=best.model, cost_usd=costs[best.name], saving_usd=max(spent - costs[best.name], 0.0)
    )


def _cost_at(rows: pl.DataFrame, price: Price) -> float:
    """What rows with tokens would have cost; within a span of lengths the sum can be priced instead of the rows."""
    total = 0.0
    for low, high, rates in price.spans():
        part = rows.filter((pl.col("prompt_tokens") > low) & (pl.col("prompt_tokens") <= high))
        prompt, completion, cached, written = (int(part[name].sum()) for name in _TOKENS)
        total += rates.cost_usd(
            Usage(
                prompt_tokens=prompt,
                completion_tokens=completion,
                cached_tokens=cached,
                cache_write_tokens=written,
            )
        )
    return total
