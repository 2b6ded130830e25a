"""The model mix: share of traffic per model, by route and tenant, against cost per request, over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from audit.core.levers import LeverLedger
from audit.core.reconciliation import Reconciliation


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShare:
    """One model's part of a group."""

    model: str
    requests: int
    spend_usd: float
    request_share: float
    spend_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixRow:
    """One group (a route, a tenant, a model, or everything).

    Attributes:
        name: The group's value; "" where the log has none.
        requests: Billable requests: answered, not duplicates, not served by the gateway's cache.
        spend_usd: What was billed for them.
        cost_per_1k_usd: Per 1,000 requests with a known cost; None without any.
        first_week_cost_per_1k_usd: In the log's first seven days; None without requests there.
        last_week_cost_per_1k_usd: In its last seven days. None too when the window is shorter than 14 days.
        models: Largest spend first.
        unpriced_requests: Of `requests`, those that nobody knows the cost of.
    """

    name: str
    requests: int
    spend_usd: float
    cost_per_1k_usd: float | None
    first_week_cost_per_1k_usd: float | None
    last_week_cost_per_1k_usd: float | None
    models: tuple[ModelShare, ...]
    unpriced_requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MixDay:
    """One UTC day. A day without traffic is present with zeros, so that a chart can show the gap."""

    day: str
    requests: int
    spend_usd: float
    cost_per_1k_usd: float | None
    shares: dict[str, float]  # model -> share of requests


@dataclass(frozen=True, slots=True, kw_only=True)
class UpperBound:
    """What moving everything to one cheap tier would have cut, at the logged tokens. Nothing about it was tested."""

    tier: str
    model: str
    cost_usd: float
    saving_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """All of it, as `audit mix --json` prints it and as `findings.json` carries it.

    Attributes:
        unknown: Rows of which the log tells neither an answer nor an error.
        unpriced: Requests without a known cost, by the reason (`core.reason.Reason`).
        apart_usd: What the log says that rows cost which are no billable request, by `core.traffic.Apart`; in no sum.
        priced_by_usd: Of `spend_usd`, the dollars by who says so, by `core.traffic.PricedBy`; they add up to it.
        levers: What the log alone shows to be avoidable; None where nobody asked.
        reconciliation: The log beside a bill; None where nobody gave one.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("levers", "reconciliation", "priced_by_usd", "by_region")

    window_from: str | None
    window_to: str | None
    days: int
    requests: int
    spend_usd: float
    unpriced_requests: int
    failures: int
    duplicates: int
    cache_hits: int
    total: MixRow
    by_model: tuple[MixRow, ...]
    by_route: tuple[MixRow, ...]
    by_tenant: tuple[MixRow, ...]
    by_environment: tuple[MixRow, ...]
    trend: tuple[MixDay, ...]
    upper_bound: UpperBound | None
    unpriced: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    apart_usd: dict[str, float] = field(default_factory=dict)
    priced_by_usd: dict[str, float] = field(default_factory=dict)
    by_region: tuple[MixRow, ...] = ()
    levers: LeverLedger | None = None
    reconciliation: Reconciliation | None = None
