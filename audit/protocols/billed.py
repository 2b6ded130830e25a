"""What a reply says that it cost: the vendor's own bill, which stands beside its counts of tokens."""

from __future__ import annotations

from typing import Any

from audit.protocols.shared import finite_number, obj

LARGEST_USD = 1e6
"""A cost above this is none: no call costs so much."""
_TICKS_PER_USD = 10**10


def reported_cost(usage: Any) -> float | None:
    """USD that the provider says it billed; with the upstream's bill where the key is the user's.

    A zero alone is no price: it is what a gateway writes for a model that it knows none of.

    Source:
        https://openrouter.ai/docs/use-cases/usage-accounting, Perplexity's `usage.cost` with its `total_cost`, and
        https://docs.x.ai/developers/cost-tracking, `cost_in_usd_ticks`
    """
    said = obj(usage)
    parts = obj(said.get("cost"))
    if parts.get("currency", said.get("currency")) not in (None, "", "USD", "usd"):
        return None
    billed = finite_number(parts.get("total_cost", parts.get("total")) if parts else said.get("cost"))
    if billed is None and (ticks := finite_number(said.get("cost_in_usd_ticks"))) is not None:
        billed = ticks / _TICKS_PER_USD
    upstream = finite_number(obj(said.get("cost_details")).get("upstream_inference_cost"))
    own_key = said.get("is_byok") is True
    whole = (billed or 0) + ((upstream or 0) if own_key else 0)
    return whole if 0 < whole <= LARGEST_USD else None
