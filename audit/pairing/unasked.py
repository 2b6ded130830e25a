"""What a candidate was not asked: which share of a route, how many dollars, and for which reasons.

None of it is an answer. It is outside the claim, and above `unasked_limit` there is no claim about the route.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from audit.core.finding import NotAsked
from audit.core.plan import RouteDesign
from audit.core.reason import Reason, because
from audit.core.schemas import NOT_ASKED
from audit.pairing.evidence import Tables, dollar_sample, quality_draws


def not_asked(tables: Tables, design: RouteDesign, tier: str) -> tuple[NotAsked, ...]:
    """By reason, the largest share first; empty where the candidate was asked everything that had its turn.

    Shares are of the quality draws that had their turn, dollars of the route's auditable spend by the dollar draws,
    each of which stands for the same amount.

    Args:
        tables: Of the route.
        design: Of the route.
        tier: The candidate.
    """
    mine = (pl.col("tier") == tier) & (pl.col("arm") == "candidate") & (pl.col("repeat") == 0)
    calls = tables.replays.filter(mine).select("request_fp", "status", "reason", "about")
    refused = calls.filter(pl.col("status") == NOT_ASKED)
    if refused.is_empty():
        return ()
    requests = quality_draws(tables).join(calls, on="request_fp")
    dollars = dollar_sample(tables).join(calls, on="request_fp")
    found = []
    for reason, about in refused.select("reason", "about").unique().sort("reason", "about").iter_rows():
        this = (pl.col("reason") == reason) & pl.col("about").eq_missing(about)
        share = _share(requests.filter(this).height, requests.height)
        weight = _share(float(dollars.filter(this)["weight"].sum()), float(dollars["weight"].sum()))
        found.append(
            NotAsked(
                because=because(Reason(reason), **({} if about is None else {"name": about})),
                requests=requests.filter(this).height,
                share=share,
                usd=(weight if dollars.height else share) * design.auditable_usd,
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.share, one.because.sentence)))


def unasked_share(found: Sequence[NotAsked]) -> float:
    """Share of a route's draws that a candidate was not asked, in [0, 1]."""
    return min(sum(one.share for one in found), 1.0)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
