"""The few calls that show what endpoints take: the first of every shape of request, one after the other per tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.tiers import is_local
from audit.replay.learned import shape_of
from audit.replay.plan import Call

MOST_SHAPES = 8
"""Shapes of requests per tier that are asked first, one by one."""


def first_of_each_shape(
    calls: Sequence[Call],
    requests: Mapping[str, Request],
    tiers: Mapping[str, Tier],
    known: dict[str, set[str]] | None = None,
) -> list[Call]:
    """By tier the first call of every shape, `MOST_SHAPES` at most, in the order of the calls.

    Args:
        calls: That would go over the network.
        requests: By fingerprint.
        tiers: By name; those in this process take everything.
        known: Shapes by tier that have been asked already; those that are found now are added.
    """
    known = {} if known is None else known
    found = []
    for call in calls:
        mine = known.setdefault(call.tier, set())
        if len(mine) >= MOST_SHAPES or is_local(tiers[call.tier]):
            continue
        shape = shape_of(requests[call.request_fp])
        if shape not in mine:
            mine.add(shape)
            found.append(call)
    return found
