"""What the proven moves take away from a vendor, and the models that are switched off in the term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from audit.core.contract import VendorSettings
from audit.core.interval import Estimate
from audit.core.renewal import Retirement
from audit.renewal.demand import Demand, month_of
from audit.renewal.rates import Rate
from audit.stats.quantiles import FloatArray

SETTLED_SHARE = 0.01
"""Of a retiring model's use: less than that left over needs no further proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """The moves that leave one vendor. A move to another of its own models leaves it no more than before: the offer is
    for both of them, so that no level of its prices makes staying cheaper.

    Attributes:
        models: Of the vendor, sorted.
        routes: That leave models of this vendor for those of another.
        walk_away: Price, of the offer's, at which staying costs what moving does; None without such routes.
    """

    models: tuple[str, ...]
    routes: tuple[str, ...]
    walk_away: Estimate | None


def leaving_of(vendor: VendorSettings, demand: Demand, rates: Mapping[str, Rate], level: float) -> Leaving:
    """Compare staying with moving, route by route, at both vendors' offers; of moves whose verdict is right."""
    models = tuple(sorted(model for model in demand.monthly if rates[model].vendor == vendor.name))
    volumes = expected_starts(demand)
    stays, goes = 0.0, np.zeros(demand.worlds)
    routes = []
    for move in demand.moves:
        total = sum(move.freed.values())
        here = sum(usd for model, usd in move.freed.items() if model in models)
        if here <= 0 or total <= 0 or move.model in models:
            continue
        routes.append(move.name)
        volume = volumes[move.route]
        stays += volume * sum(usd * rates[model].offer for model, usd in move.freed.items() if model in models)
        goes += volume * here / total * move.arriving * rates[move.model].offer
    if stays <= 0:
        return Leaving(models=models, routes=(), walk_away=None)
    price = goes / stays
    low, high = np.quantile(price, [(1 - level) / 2, (1 + level) / 2])
    found = Estimate(est=float(price.mean()), lo=float(low), hi=float(high), level=level)
    return Leaving(models=models, routes=tuple(routes), walk_away=found)


def expected_starts(demand: Demand) -> FloatArray:
    """Expected multiple at which each route starts, shape (routes,)."""
    mean: FloatArray = demand.paths.starts[demand.paths.scenario].mean(axis=0)
    return mean


def retirements(vendor: VendorSettings, demand: Demand, leaving: Leaving) -> tuple[Retirement, ...]:
    """Models of the vendor that end within the term, with what is left on them then."""
    found = []
    for entry in vendor.retires:
        month = month_of(demand, entry.on)
        if month is None or entry.model not in leaving.models:
            continue
        course = demand.paths.volume[:, month:].sum(axis=1)
        use = float((demand.monthly[entry.model][demand.paths.scenario] * course).mean())
        made = demand.paths.volume[:, max(month, demand.moves_after) :].sum(axis=1)
        use -= float((demand.pulled[entry.model][demand.paths.scenario] * made).mean())
        left, moved = use, 0.0
        settled = use
        for move in demand.moves:
            volume = float((demand.paths.starts[demand.paths.scenario, move.route] * made).mean())
            freed, arrived = volume * move.freed.get(entry.model, 0.0), 0.0
            if move.model == entry.model:
                arrived = volume * float(move.arriving.mean())
            stands = float(move.stands.mean())
            moved += stands * freed
            left += stands * (arrived - freed)
            settled += arrived - freed
        found.append(
            Retirement(
                model=entry.model,
                on=entry.on,
                spend_usd=max(left, 0.0),
                moved_usd=moved,
                # There is a proven successor for what moves, also where its verdict may be wrong.
                proven=settled <= SETTLED_SHARE * use,
            )
        )
    return tuple(found)
