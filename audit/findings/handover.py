"""The routing policy that follows from the findings: only what is certified, with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from audit.certificate.bakeoff import loss_of
from audit.core.adaptation import Adaptation
from audit.core.discrimination import PERFECT, Discrimination
from audit.core.finding import Findings, Recommendation
from audit.core.plain import to_plain
from audit.core.policy import LESSON, Endpoint, RoutePolicy, RoutingPolicy
from audit.core.tier import Tier

FRESH_DAYS = 30
"""A mix of traffic drifts; after this many days the certificate is about another one (`statistics.md` P8)."""


def hand_over(
    findings: Findings,
    policies: Mapping[str, RoutePolicy],
    evidences: Mapping[str, RouteEvidence],
    tiers: Sequence[Tier],
) -> RoutingPolicy:
    """The policy of a run: of each route that moves, what moves it, with the figures of its recommendation.

    Args:
        findings: The run's.
        policies: By route that moves, the policy that its recommendation is about.
        evidences: By route, what the log says of it.
        tiers: The run's.
    """
    routes = [
        route_policy(policies[route.route], route.recommendation, evidences[route.route])
        for route in findings.routes
        if route.recommendation.moves_traffic
    ]
    # An incumbent that no tier serves is named by its model.
    models = {name: name for route in routes for name in route.today} | {tier.name: tier.model for tier in tiers}
    until = findings.window.get("to")
    return RoutingPolicy(
        run_id=findings.run_id,
        default_tier=default_of(findings, models, {tier.name for tier in tiers if tier.request_settings}),
        models=dict(sorted(models.items())),
        routes=tuple(sorted(routes, key=lambda route: route.route)),
        made_at=until[:10] if until else None,
        expires_at=(date.fromisoformat(until[:10]) + timedelta(days=FRESH_DAYS)).isoformat() if until else None,
        prices={tier.name: price_dict(tier) for tier in sorted(tiers, key=lambda tier: tier.name)},
        demo=findings.demo,
        simulated=findings.simulated,
        endpoints={
            tier.name: Endpoint(provider=tier.provider, base_url=tier.base_url, api_key_env=tier.api_key_env)
            for tier in sorted(tiers, key=lambda tier: tier.name)
        },
        settings={tier.name: settings for tier in tiers if (settings := settings_of(tier))},
    )


def settings_of(tier: Tier) -> dict[str, Any]:
    """What a tier was certified with beside its model: its settings, or the digest of the rules that it has learned,
    which no gateway carries."""
    lesson = tier.options.get(LESSON) if tier.only_route is not None else None
    return tier.request_settings | ({LESSON: lesson} if lesson else {})


def default_of(findings: Findings, models: Mapping[str, str], set_otherwise: Collection[str] = ()) -> str | None:
    """The tier for what no entry is about: the one that serves all the rest of the log; None where several do.

    A gateway that must have a default would otherwise move routes that the audit leaves alone.

    Args:
        findings: The run's.
        models: By tier.
        set_otherwise: Tiers that ask their model with settings of their own, such as a lower effort: they serve none of
            the log.
    """
    staying = {
        model
        for route in findings.routes
        if not route.recommendation.moves_traffic
        for model, share in route.incumbents.items()
        if share > 0
    }
    named = [
        name
        for name, model in models.items()
        if name not in set_otherwise and ({model} == staying or {name} == staying)
    ]
    return named[0] if len(staying) == 1 and named else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteEvidence:
    """What log, configuration and replay say of a route, as far as its policies carry it with them.

    Attributes:
        requests: Billable, in the log's window.
        spend_usd: Billed for them.
        days: Of the window.
        margin: Accepted loss, in [0, 1].
        alpha: One-sided error rate of a certificate.
        sealed: Digest of the list that its policies were tested from.
        shape: Histograms of its requests, against which later traffic is held.
        models: That served it in the log.
        adaptations: By tier, how requests were changed in the replays; what is routed to it must be changed so too.
        criteria_digest: Of everything that decides whether its criteria accept an answer; "" where that is not known.
        reported: By tier, what the endpoints called themselves in the replays: a snapshot behind a model's name.
    """

    requests: int
    spend_usd: float
    days: int
    margin: float
    alpha: float
    sealed: str
    shape: Mapping[str, Sequence[int]]
    models: Sequence[str] = ()
    reported: Mapping[str, Sequence[str]] = field(default_factory=dict)
    adaptations: Mapping[str, Sequence[Adaptation]] = field(default_factory=dict)
    criteria_digest: str = ""
    shown: Discrimination = PERFECT


def route_policy(policy: RoutePolicy, made: Recommendation, route: RouteEvidence) -> RoutePolicy:
    """A policy with the evidence that it rests on.

    Args:
        policy: What a router runs.
        made: The recommendation of it: every figure of its certification comes from here.
        route: What else is known of the route.
    """
    changes = route.adaptations.get(policy.tier, ())
    evidence: dict[str, Any] = {
        "criteria": None if made.grade is None else made.grade.value,
        **({"criteria_digest": route.criteria_digest} if route.criteria_digest else {}),
        "n": made.pairs.n,
        **({"repeats": made.repeats.asked} if made.repeats else {}),
        "share_moved": made.moves.share,
        "share_escalated": made.moves.share_escalated,
        "requests_moved": made.moves.requests,
        "quality_loss": to_plain(loss_of(made.quality_delta)),
        **({} if made.content_delta is None else {"content_loss": to_plain(loss_of(made.content_delta))}),
        "saving_usd": to_plain(made.saving_usd),
        "p_value": made.p_noninferior,
        **({} if made.p_content is None else {"p_content": made.p_content}),
        "margin": route.margin,
        # What later pairs, measured by the same criteria, are held to.
        **({} if route.shown.perfect else {"measured_margin": route.shown.shown(route.margin)}),
        "alpha": round(route.alpha, 12),
        "sealed": route.sealed,
        "requests": route.requests,
        "spend_usd": route.spend_usd,
        "days": route.days,
        "models": sorted({*route.models, *route.reported.get(policy.tier, ())}),
        **({"adaptations": [one.sentence for one in changes]} if changes else {}),
        "shape": {name: list(counts) for name, counts in route.shape.items()},
    }
    return replace(policy, evidence=evidence)


def price_dict(tier: Tier) -> Mapping[str, float | None]:
    """A tier's price as `policy.json` has it: USD per million tokens by class, and by length where it rises with it."""
    named: dict[str, float | None] = {}
    for low, _, rates in tier.price.spans():
        suffix = f" above {low}" if low >= 0 else ""
        named |= {
            f"input{suffix}": rates.input,
            f"output{suffix}": rates.output,
            f"cached_input{suffix}": rates.cached_input,
            f"cache_write{suffix}": rates.cache_write,
        }
    return named
