"""The model mix: share of traffic per model, by route and tenant, against cost per request, over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from audit.core.display import count, plural, usd_at
from audit.core.doubts import doubts_in
from audit.core.levers import LeverLedger
from audit.core.reconciliation import Reconciliation

_CENT = 0.01
_NAMED = 3
"""Models without a price that a sentence names."""
_SEEN = 0.05
"""Share of the dollars from which models without a list price are told."""


def per_1k_usd(spend_usd: float, priced: int) -> float | None:
    """What 1,000 requests cost, of those whose cost is known; None without any."""
    return spend_usd / priced * 1000 if priced > 0 else None


def is_cost_known(requests: int, unpriced: int) -> bool:
    """Whether anybody knows the cost of any of some requests: a sum without any is not $0."""
    return not requests or unpriced < requests


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShare:
    """One model's part of a group.

    Attributes:
        unpriced_requests: Of `requests`, those that nobody knows the cost of.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("unpriced_requests",)
    UNKNOWN: ClassVar[tuple[str, ...]] = ("spend_usd", "spend_share")

    model: str
    requests: int
    spend_usd: float
    request_share: float
    spend_share: float
    unpriced_requests: int = 0

    @property
    def cost_known(self) -> bool:
        """As `is_cost_known`."""
        return is_cost_known(self.requests, self.unpriced_requests)

    @property
    def cost_per_1k_usd(self) -> float | None:
        """Per 1,000 requests with a known cost, as everywhere; None without any."""
        return per_1k_usd(self.spend_usd, self.requests - self.unpriced_requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChange:
    """Why 1,000 requests cost something else in the log's last seven days than in its first: four causes that add up.

    Attributes:
        first_per_1k_usd: Of the first seven days' requests whose cost and tokens are known.
        last_per_1k_usd: Of the last seven days'.
        routes_usd: Other work: routes have other shares of the requests.
        models_usd: Within routes, other models were asked.
        tokens_usd: Longer or shorter prompts and answers, weighed by one price list.
        price_usd: Paid for the same tokens of the same model: lists, discounts, service tiers, prompt caches.
        left_out_requests: Of both weeks: those whose cost or tokens nobody knows.
        unlisted_share: Of both weeks' dollars: models without a list price. Their tokens of prompts and of answers
            count alike, so that answers that get longer show as price there.
    """

    first_per_1k_usd: float
    last_per_1k_usd: float
    routes_usd: float
    models_usd: float
    tokens_usd: float
    price_usd: float
    left_out_requests: int = 0
    unlisted_share: float = 0.0

    @property
    def parts_usd(self) -> dict[str, float]:
        """The four causes in words; they add up to the change."""
        return {
            "other work": self.routes_usd,
            "other models": self.models_usd,
            "tokens": self.tokens_usd,
            "price or cached share": self.price_usd,
        }

    @property
    def told(self) -> str:
        """`other models +$10.24, tokens −$0.08`, per 1,000 requests, the largest first; "" where no cause is a cent."""
        seen = [(cause, usd) for cause, usd in self.parts_usd.items() if abs(usd) >= _CENT / 2]
        seen.sort(key=lambda part: -abs(part[1]))
        return ", ".join(f"{cause} {'+' if usd > 0 else ''}{usd_at(usd, 2)}" for cause, usd in seen)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures do not hold, and what they take for alike; without a full stop."""
        notes = []
        if self.left_out_requests:
            notes.append(f"{plural(self.left_out_requests, 'request')} of unknown cost or tokens left out")
        if self.unlisted_share >= _SEEN:
            notes.append("without a list price, tokens of prompts and answers count alike")
        return tuple(notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTimes:
    """How long answers took.

    Attributes:
        requests: Those of known time.
        p50_ms: Half of them took at most so long.
        p95_ms: 95 % of them did.
        within: The share of a figure by which it can be wrong; 0 where both are exact.
    """

    requests: int
    p50_ms: float
    p95_ms: float
    within: float = 0.011


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
        change: From the first week to the last, by cause; None without both.
        latency: How long its answers took; None where the log does not tell.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("change", "latency")
    UNKNOWN: ClassVar[tuple[str, ...]] = ("spend_usd",)

    name: str
    requests: int
    spend_usd: float
    cost_per_1k_usd: float | None
    first_week_cost_per_1k_usd: float | None
    last_week_cost_per_1k_usd: float | None
    models: tuple[ModelShare, ...]
    unpriced_requests: int = 0
    change: CostChange | None = None
    latency: AnswerTimes | None = None

    @property
    def cost_known(self) -> bool:
        """As `is_cost_known`."""
        return is_cost_known(self.requests, self.unpriced_requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixDay:
    """One UTC day. A day without traffic is present with zeros, so that a chart can show the gap.

    Attributes:
        cost_per_1k_usd: Per 1,000 requests with a known cost; None without any.
        shares: Of the requests, by model.
        unpriced_requests: Of `requests`, those that nobody knows the cost of.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("unpriced_requests",)
    UNKNOWN: ClassVar[tuple[str, ...]] = ("spend_usd",)

    day: str
    requests: int
    spend_usd: float
    cost_per_1k_usd: float | None
    shares: dict[str, float]
    unpriced_requests: int = 0

    @property
    def cost_known(self) -> bool:
        """As `is_cost_known`."""
        return is_cost_known(self.requests, self.unpriced_requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpperBound:
    """What moving everything to one cheap tier would have cut, at the logged tokens. Nothing about it was tested."""

    tier: str
    model: str
    cost_usd: float
    saving_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpricedModel:
    """Requests of one model, as one provider served it, without a known cost.

    Attributes:
        model: As logged; "" where the log names none.
        provider: Under whose list a price was looked for, as logged; "" where the log names none.
        reason: Of `core.reason.Reason`.
        requests: Without a known cost.
    """

    model: str
    provider: str
    reason: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Answers of one model after which another, dearer one was asked the same in the same session, within ten minutes.

    Attributes:
        asked: The first model.
        then: The dearer one.
        requests: Answers of the first.
        first_usd: What they cost.
        second_usd: What the answers of the dearer one cost.
    """

    asked: str
    then: str
    requests: int
    first_usd: float
    second_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalations:
    """All of them.

    Attributes:
        pairs: Most dollars of second answers first.
        not_looked_at: Billable requests of no session and no trace, or of unknown prompt, cost, tokens or time.
    """

    pairs: tuple[Escalation, ...]
    not_looked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """All of it, as `audit mix --json` prints it and as `findings.json` carries it.

    Attributes:
        unknown: Rows of which the log tells neither an answer nor an error.
        unpriced: Requests without a known cost, by the reason (`core.reason.Reason`).
        unpriced_models: The same by model and provider too, most requests first.
        apart_usd: What the log says that rows cost which are no billable request, by `core.traffic.Apart`; in no sum.
        priced_by_usd: Of `spend_usd`, the dollars by who says so, by `core.traffic.PricedBy`; they add up to it.
        providers: Who served a model, as the log says; only models of which all billable requests say the same.
        rejected: Records that could not be used, by why; they are in no other number.
        questioned: Rows with a value that was read with a doubt or not read, by `core.doubts.Doubt`.
        escalations: Questions that were put to a dearer model after an answer; None where nobody looked.
        levers: What the log alone shows to be avoidable; None where nobody asked.
        reconciliation: The log beside a bill; None where nobody gave one.
    """

    SPARSE: ClassVar[tuple[str, ...]] = (
        *("levers", "reconciliation", "priced_by_usd", "by_region", "escalations", "rejected", "questioned"),
        *("providers", "unpriced_models"),
    )
    UNKNOWN: ClassVar[tuple[str, ...]] = ("spend_usd",)

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
    unpriced_models: tuple[UnpricedModel, ...] = ()
    unknown: int = 0
    apart_usd: dict[str, float] = field(default_factory=dict)
    priced_by_usd: dict[str, float] = field(default_factory=dict)
    by_region: tuple[MixRow, ...] = ()
    providers: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    questioned: dict[str, int] = field(default_factory=dict)
    escalations: Escalations | None = None
    levers: LeverLedger | None = None
    reconciliation: Reconciliation | None = None

    @property
    def cost_known(self) -> bool:
        """As `is_cost_known`."""
        return is_cost_known(self.requests, self.unpriced_requests)

    def unpriced_names(self, reason: str | None = None) -> list[str]:
        """Models whose price is not known, under whose list it was looked for, and their requests: the first few, and
        how many more there are; nothing where the log names no model.

        Args:
            reason: Of `core.reason.Reason`; None for all.
        """
        named = [one for one in self.unpriced_models if one.model and reason in (None, one.reason)]
        told = [f"{one.model}{f' at {one.provider}' if one.provider else ''} {count(one.requests)}" for one in named]
        if (more := len(told) - _NAMED) > 0:
            told[_NAMED:] = [f"{plural(more, 'more model')}, which --json has"]
        return told

    def read_as(self, rejected: Mapping[str, int], warnings: Mapping[str, int]) -> Mix:
        """With what reading the log left out, and of what it noted that which puts numbers into question."""
        return replace(self, rejected=dict(rejected), questioned=doubts_in(warnings))
