"""Why the cost of a request changed from the log's first week to its last: other work, other models, tokens, price.

The cost per request is a sum over cells, one per route and model: the route's share of requests, times the model's
share within the route, times tokens per request, times what was paid per token. The change of such a sum divides
without a remainder by the logarithmic mean (LMDI-I, additive: Ang, "The LMDI approach to decomposition analysis: a
practical guide", Energy Policy 33, 2005; for cells that come or go: Ang and Liu, "Handling zero values in the
logarithmic mean Divisia index decomposition approach", Energy Policy 35, 2007).

Tokens are weighed by the price list, the same in both weeks: a token of an answer often costs five times a token of a
prompt, and answers that get longer must not look like a price that rises. What is left as price is what was paid over
that: another list price, a discount, a service tier, what the vendor's cache took off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import polars as pl

from audit.core.mixture import CostChange
from audit.core.rates import CallKind, RatesOf
from audit.core.reason import Reason
from audit.mix.grain import added, usd_column

Weights = Mapping[str, tuple[float, float]]
"""By model what a token of a prompt and one of an answer weigh; a model that no list has is not in it."""
Weeks = tuple[Sequence[date], Sequence[date]]
_CELL = ("route", "model")
_PER = 1_000
_UNLISTED = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A route and a model in one week."""

    requests: int = 0
    usd: float = 0.0
    weighed: float = 0.0


@dataclass(slots=True)
class _Parts:
    """What each cause adds to the cost of a request, in the order of `CostChange`."""

    routes: float = 0.0
    models: float = 0.0
    tokens: float = 0.0
    price: float = 0.0


def weights_of(models: Sequence[str], rates_of: RatesOf, at: date) -> Weights:
    """The list's rates of some models on one day, at its standard service tier and shortest prompts."""
    found = {}
    for model in models:
        kind = CallKind(
            models=(model,), provider=None, at=datetime.combine(at, time(12)), service_tier=None, batch=False
        )
        rates = rates_of(kind)
        if not isinstance(rates, Reason) and rates and rates[0].input > 0 and (written := rates[0].output or 0) > 0:
            found[model] = (rates[0].input, written)
    return found


def change_of(billable: pl.DataFrame, weeks: Weeks, weights: Weights) -> CostChange | None:
    """The change of the cost per request between two weeks, by cause.

    Args:
        billable: Billable rows of a grain; those without `span`, of unknown cost or tokens, are left out and counted.
        weeks: The days that are compared.
        weights: A model that is not in it has its tokens counted alike, and is told in `unlisted_share`.

    Returns:
        None where one of the weeks has no request with known cost and tokens.
    """
    of_weeks = [billable.filter(pl.col("day").is_in(list(week))) for week in weeks]
    known = [rows.drop_nulls("span") for rows in of_weeks]
    first, last = (_cells(rows, weights) for rows in known)
    if not first or not last:
        return None
    parts = _divided(first, last)
    unlisted, usd = 0.0, 0.0
    for week in (first, last):
        usd += math.fsum(cell.usd for cell in week.values())
        unlisted += math.fsum(cell.usd for (_, model), cell in week.items() if model not in weights)
    everything, compared = (sum(int(rows["requests"].sum()) for rows in frames) for frames in (of_weeks, known))
    return CostChange(
        first_per_1k_usd=_PER * _per_request(first),
        last_per_1k_usd=_PER * _per_request(last),
        routes_usd=_per_1k(parts.routes),
        models_usd=_per_1k(parts.models),
        tokens_usd=_per_1k(parts.tokens),
        price_usd=_per_1k(parts.price),
        left_out_requests=everything - compared,
        unlisted_share=unlisted / usd if usd else 0.0,
    )


def _per_1k(usd: float) -> float:
    """Logarithms leave a rest of some 1e-15 where nothing changed, another one on each machine."""
    return round(_PER * usd, 9) + 0.0


def _cells(known: pl.DataFrame, weights: Weights) -> dict[tuple[str, str], _Cell]:
    rows = added(known, _CELL)
    rows = rows.with_columns(usd_column(rows)).sort(_CELL)
    found = {}
    for row in rows.iter_rows(named=True):
        prompt, completion = weights.get(row["model"], _UNLISTED)
        weighed = prompt * row["prompt_tokens"] + completion * row["completion_tokens"]
        found[row["route"], row["model"]] = _Cell(row["requests"], row["usd"], weighed)
    return found


def _per_request(week: Mapping[tuple[str, str], _Cell]) -> float:
    requests = sum(cell.requests for cell in week.values())
    return math.fsum(cell.usd for cell in week.values()) / requests


def _divided(first: Mapping[tuple[str, str], _Cell], last: Mapping[tuple[str, str], _Cell]) -> _Parts:
    parts = _Parts()
    totals = [sum(cell.requests for cell in week.values()) for week in (first, last)]
    routes = [_by_route(week) for week in (first, last)]
    for route, model in sorted(first.keys() | last.keys()):
        cells = [week.get((route, model), _Cell()) for week in (first, last)]
        before, after = (cell.usd / total for cell, total in zip(cells, totals, strict=True))
        of_route = [asked.get(route, 0) for asked in routes]
        if not all(of_route):
            parts.routes += after - before
        elif not all(cell.requests for cell in cells):
            parts.models += after - before
        elif not (before and after):
            parts.price += after - before
        else:
            # Nothing is known of a token's price where one week has none: all of it counts as price.
            weighed = [cell.weighed / cell.requests for cell in cells]
            weighed = weighed if all(weighed) else [1.0, 1.0]
            mean = _logarithmic_mean(before, after)
            shares = [asked / total for asked, total in zip(of_route, totals, strict=True)]
            within = [cell.requests / asked for cell, asked in zip(cells, of_route, strict=True)]
            paid = [cell.usd / cell.requests / unit for cell, unit in zip(cells, weighed, strict=True)]
            parts.routes += mean * math.log(shares[1] / shares[0])
            parts.models += mean * math.log(within[1] / within[0])
            parts.tokens += mean * math.log(weighed[1] / weighed[0])
            parts.price += mean * math.log(paid[1] / paid[0])
    return parts


def _by_route(week: Mapping[tuple[str, str], _Cell]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (route, _), cell in week.items():
        found[route] = found.get(route, 0) + cell.requests
    return found


def _logarithmic_mean(one: float, other: float) -> float:
    """(a - b) / (ln a - ln b), and a where both are the same."""
    if math.isclose(one, other, rel_tol=1e-9):
        return (one + other) / 2
    return (one - other) / math.log(one / other)
