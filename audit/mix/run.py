"""`measure_mix`: from the traffic's metadata alone, without a prompt and without a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from audit.core.exchange import Usage
from audit.core.mixture import CostChange, Mix, MixDay, MixRow, ModelShare, UnpricedModel, UpperBound, per_1k_usd
from audit.core.rates import RatesOf, unlisted
from audit.core.reason import Reason
from audit.core.tier import Price, Tier
from audit.mix.change import change_of, weights_of
from audit.mix.grain import COUNTERS, TOKENS, added, usd_of
from audit.mix.latency import latency_of
from audit.mix.tables import MixTables, tables_of

WEEK_DAYS = 7
Weeks = tuple[tuple[date, ...], tuple[date, ...]] | None
_GROUPS = ("model", "route", "tenant", "environment", "region")
_TOLD = ("model", "day")
"""What a row of the mix, and a day of its trend, is worked out from."""


def measure_mix(traffic_files: Sequence[Path], tiers: Sequence[Tier], rates_of: RatesOf = unlisted) -> Mix:
    """Share of traffic per model, by route, tenant, environment and region, against cost per request, over time.

    The model of a row is the first of `core.traffic.MODEL_COLUMNS` that is known: what was called, without the
    gateway's prefix. Spend is what was billed, recomputed where the log has no cost. Sums are exact to the cent: each
    is the correctly rounded sum of its rows, and does not depend on their order.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        tiers: Candidates for the upper bound; those without tokens to price change nothing.
        rates_of: The price list by which tokens of prompts and answers are weighed where a change of cost is explained.

    Returns:
        The mix. `upper_bound` is None without tiers or without token counts; week figures are None for windows
        shorter than 14 days. Unpriced requests count as requests, and in no cost per request.

    Raises:
        InputError: There is no traffic.
    """
    return mix_of(tables_of(traffic_files, tiers), tiers, rates_of)


def mix_of(tables: MixTables, tiers: Sequence[Tier], rates_of: RatesOf = unlisted) -> Mix:
    """As `measure_mix`, from the tables of a log that were made for the same tiers."""
    rows, binned = tables.grain, tables.latencies
    billable = rows.filter(pl.col("kind").is_null())
    days = _days(rows)
    weeks = _weeks(days)
    explain = _explainer(billable, weeks, rates_of)
    total = _row("total", added(billable, _TOLD), weeks)
    total = replace(total, change=explain(billable), latency=latency_of(binned))
    groups = {name: _told(_rows_by(name, billable, weeks), name, billable, binned, explain) for name in _GROUPS}
    apart = {str(kind): of_kind for kind, of_kind in _parts(rows, "kind")}
    counts = {name: _requests(rows.filter(pl.col("kind") == kind.value)) for name, kind in COUNTERS.items()}
    return Mix(
        window_from=days[0].isoformat() if days else None,
        window_to=days[-1].isoformat() if days else None,
        days=len(days),
        requests=total.requests,
        spend_usd=total.spend_usd,
        unpriced_requests=total.unpriced_requests,
        failures=counts["failures"],
        duplicates=counts["duplicates"],
        cache_hits=counts["cache_hits"],
        total=total,
        by_model=groups["model"],
        by_route=groups["route"],
        by_tenant=groups["tenant"],
        by_environment=groups["environment"],
        by_region=groups["region"],
        trend=_trend(billable, days),
        upper_bound=_upper_bound(billable, tables.bounds, tiers),
        unpriced=_unpriced(billable),
        unpriced_models=_unpriced_models(billable),
        unknown=counts["unknown"],
        apart_usd={kind: usd_of(part) for kind, part in apart.items() if part["priced"].sum()},
        priced_by_usd={str(who): usd_of(part) for who, part in _parts(billable, "priced_by") if part["priced"].sum()},
        providers=_providers(billable),
    )


def _providers(billable: pl.DataFrame) -> dict[str, str]:
    """By model the one provider that all of its billable requests name."""
    named = billable.group_by("model").agg(pl.col("provider").unique())
    return {model: names[0] for model, names in sorted(named.iter_rows()) if len(names) == 1 and names[0]}


def _parts(rows: pl.DataFrame, by: str) -> Iterator[tuple[object, pl.DataFrame]]:
    """The grain by one of its keys, in the order of its values; without those of which it is null."""
    parts = rows.drop_nulls(by).partition_by(by, as_dict=True, include_key=False)
    yield from sorted(((key[0], part) for key, part in parts.items()), key=lambda part: str(part[0]))


def _requests(rows: pl.DataFrame) -> int:
    return int(rows["requests"].sum())


def _unpriced(billable: pl.DataFrame) -> dict[str, int]:
    unknown = billable.with_columns(pl.col("unpriced_reason").fill_null(Reason.COST_UNKNOWN.value))
    counts = {str(why): _requests(part) - int(part["priced"].sum()) for why, part in _parts(unknown, "unpriced_reason")}
    return {why: number for why, number in counts.items() if number}


def _unpriced_models(billable: pl.DataFrame) -> tuple[UnpricedModel, ...]:
    """Whose price is not known, most requests first."""
    rows = (
        billable.with_columns(
            pl.col("unpriced_reason").fill_null(Reason.COST_UNKNOWN.value), pl.col("provider").fill_null("")
        )
        .group_by("model", "provider", reason="unpriced_reason")
        .agg(requests=pl.sum("requests") - pl.sum("priced"))
        .filter(pl.col("requests") > 0)
        .sort("requests", "model", "provider", "reason", descending=[True, False, False, False])
    )
    return tuple(UnpricedModel(**row) for row in rows.iter_rows(named=True))


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
    return per_1k_usd(usd_of(rows), int(rows["priced"].sum()))


def _explainer(billable: pl.DataFrame, weeks: Weeks, rates_of: RatesOf) -> Callable[[pl.DataFrame], CostChange | None]:
    """What explains the change between the weeks, for any part of the billable rows; nothing without two weeks."""
    if weeks is None:
        return lambda _: None
    compared = billable.filter(pl.col("day").is_in([*weeks[0], *weeks[1]]))
    weights = weights_of(sorted(set(compared["model"])), rates_of, weeks[1][-1])
    return lambda rows: change_of(rows, weeks, weights)


def _rows_by(column: str, billable: pl.DataFrame, weeks: Weeks) -> tuple[MixRow, ...]:
    """One row per value, largest spend first."""
    told = added(billable, tuple(dict.fromkeys((column, *_TOLD))))
    made = [_row(str(key[0]), rows, weeks) for key, rows in told.partition_by(column, as_dict=True).items()]
    return tuple(sorted(made, key=lambda row: (-row.spend_usd, -row.requests, row.name)))


def _told(
    rows: tuple[MixRow, ...],
    column: str,
    billable: pl.DataFrame,
    binned: pl.DataFrame,
    explain: Callable[[pl.DataFrame], CostChange | None],
) -> tuple[MixRow, ...]:
    """The rows with what changed their cost, and how long their answers took."""
    whole, times = (frame.partition_by(column, as_dict=True) for frame in (billable, binned))
    none = binned.clear()
    return tuple(
        replace(row, change=explain(whole[row.name,]), latency=latency_of(times.get((row.name,), none))) for row in rows
    )


def _row(name: str, rows: pl.DataFrame, weeks: Weeks) -> MixRow:
    spend = usd_of(rows)
    first, last = (rows.filter(pl.col("day").is_in(list(week))) for week in weeks) if weeks else (None, None)
    return MixRow(
        name=name,
        requests=_requests(rows),
        spend_usd=spend,
        cost_per_1k_usd=_per_1k(rows),
        first_week_cost_per_1k_usd=None if first is None else _per_1k(first),
        last_week_cost_per_1k_usd=None if last is None else _per_1k(last),
        models=_shares(rows, spend),
        unpriced_requests=_requests(rows) - int(rows["priced"].sum()),
    )


def _shares(rows: pl.DataFrame, spend: float) -> tuple[ModelShare, ...]:
    shares, requests = [], _requests(rows)
    for model, of_model in _parts(rows, "model"):
        part = usd_of(of_model)
        shares.append(
            ModelShare(
                model=str(model),
                requests=_requests(of_model),
                spend_usd=part,
                request_share=_requests(of_model) / requests,
                spend_share=part / spend if spend else 0.0,
                unpriced_requests=_requests(of_model) - int(of_model["priced"].sum()),
            )
        )
    return tuple(sorted(shares, key=lambda share: (-share.spend_usd, -share.requests, share.model)))


def _trend(billable: pl.DataFrame, days: Sequence[date]) -> tuple[MixDay, ...]:
    told = added(billable, _TOLD)
    by_day, empty = dict(_parts(told, "day")), told.clear()
    trend = []
    for day in days:
        rows = by_day.get(day, empty)
        requests = _requests(rows)
        trend.append(
            MixDay(
                day=day.isoformat(),
                requests=requests,
                spend_usd=usd_of(rows),
                cost_per_1k_usd=_per_1k(rows),
                shares={str(model): _requests(part) / requests for model, part in _parts(rows, "model")},
                unpriced_requests=requests - int(rows["priced"].sum()),
            )
        )
    return tuple(trend)


def _upper_bound(billable: pl.DataFrame, bounds: Sequence[int], tiers: Sequence[Tier]) -> UpperBound | None:
    """All to the tier that would have been cheapest at the logged tokens.

    Rows without a cost or without tokens stay as they are: they are in neither side of the saving.
    """
    known = billable.drop_nulls("span")
    if not len(known) or not tiers:
        return None
    spent, spans = usd_of(known), added(known, ("span",))
    costs = {tier.name: _cost_at(spans, bounds, tier.price) for tier in tiers}
    best = min(tiers, key=lambda tier: (costs[tier.name], tier.name))
    return UpperBound(
        tier=best.name, model=best.model, cost_usd=costs[best.name], saving_usd=max(spent - costs[best.name], 0.0)
    )


def _cost_at(spans: pl.DataFrame, bounds: Sequence[int], price: Price) -> float:
    """What rows with tokens would have cost; within a span of lengths the sum can be priced instead of the rows."""
    total = 0.0
    for low, high, rates in price.spans():
        # A row of the span `n` is longer than the first n bounds: it lies in (low, high] if it is longer than all
        # bounds up to `low`, and than none from `high` on.
        above, below = sum(bound <= low for bound in bounds), sum(bound < high for bound in bounds)
        part = spans.filter(pl.col("span").is_between(above, below))
        prompt, completion, cached, written = (int(part[name].sum()) for name in TOKENS)
        total += rates.cost_usd(
            Usage(
                prompt_tokens=prompt,
                completion_tokens=completion,
                cached_tokens=cached,
                cache_write_tokens=written,
            )
        )
    return total
