"""A small world to replay in: one tier, some requests, and their calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from audit.core import schemas
from audit.core.artifacts import rows_table
from audit.core.exchange import Request
from audit.core.fingerprint import request_fp
from audit.core.plan import RouteDesign
from audit.core.tier import Price, Tier
from audit.replay.plan import Call, planned_calls


@dataclass(frozen=True)
class World:
    tiers: tuple[Tier, ...]
    requests: dict[str, Request]
    calls: list[Call]


def tier(base_url: str, name: str = "small", **rest: object) -> Tier:
    """A tier at a local endpoint: $1 and $2 per million tokens."""
    settings = {"model": f"model-{name}", "provider": "openai-compatible", "price": Price(input=1.0, output=2.0)}
    return Tier(**{**settings, "name": name, "base_url": base_url, "max_output_tokens": 100, **rest})  # type: ignore[arg-type]


def design(route: str = "r", **rest: object) -> RouteDesign:
    """A design with one candidate, `small`, and no incumbent replay."""
    plain = {
        "route": route,
        "requests": 100,
        "replayable": 100,
        "spend_usd": 1.0,
        "auditable_usd": 1.0,
        "incumbent": "large",
        "incumbent_tier": None,
        "incumbent_n": 0,
        "margin": 0.03,
        "candidates": ("small",),
        "quality_n": 100,
        "dollars_n": 0,
        "distinct": 100,
        "can_decide": "yes",
    }
    return RouteDesign(**{**plain, **rest})  # type: ignore[arg-type]


def request(text: str, **rest: object) -> Request:
    """A request of one user message."""
    messages = [{"role": "user", "content": text}]
    return Request(request_fp=request_fp(messages), messages=messages, **rest)  # type: ignore[arg-type]


def slice_of(rows: Sequence[tuple[str, str, str]]) -> pa.Table:
    """A slice from (route, purpose, request_fp), draw order as given per route and purpose."""
    orders: dict[tuple[str, str], int] = {}
    plain = []
    for route, purpose, fp in rows:
        order = orders[route, purpose] = orders.get((route, purpose), -1) + 1
        plain.append(
            {
                "exchange_id": f"{route}-{purpose}-{order}",
                "route": route,
                "purpose": purpose,
                "stratum": route,
                "inclusion_prob": 1.0,
                "weight": 1.0,
                "draw_order": order,
                "split": "certification",
                "request_fp": fp,
                "incumbent_model": "large",
            }
        )
    return rows_table(plain, schemas.SLICE)


def world(base_url: str, n: int, *tiers: Tier, text: str = "question") -> World:
    """`n` requests of one route, each to go to every tier."""
    return world_of([request(f"{text} {i}") for i in range(n)], *(tiers or (tier(base_url),)))


def world_of(asked: Sequence[Request], *tiers: Tier) -> World:
    """These requests as one route, each to go to every tier."""
    requests = {r.request_fp: r for r in asked}
    slice_ = slice_of([("r", "quality", fp) for fp in requests])
    candidates = tuple(t.name for t in tiers)
    return World(tiers, requests, planned_calls([design(candidates=candidates)], slice_, tiers))
