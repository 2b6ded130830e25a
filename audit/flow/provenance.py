"""What the findings repeat of the earlier stages: counts, prices, versions, digests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from audit import __version__
from audit.config.load import settings_digest
from audit.core.artifacts import RunFolder
from audit.core.finding import IngestCounts, Provenance
from audit.core.mixture import Mix
from audit.core.plain import from_plain, to_plain
from audit.core.plan import Plan
from audit.core.policy import LESSON
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.findings.methods import methods_of
from audit.findings.routes import RouteTraffic
from audit.findings.run import FindingsInputs
from audit.ingest.run import IngestReport
from audit.llm.tiers import host_of
from audit.replay.plan import Call
from audit.replay.table import changed_models, cost_at_mean, money_spent, replay_counts
from audit.sampling.frame import RouteFrame, recomputed_usd

SIMULATED = ("simulated", "simulated-judge")
"""Providers whose completions no model wrote."""

PACKAGES = ("numpy", "scipy", "polars", "pyarrow", "rapidfuzz", "genai-prices")
"""Libraries that numbers depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsContext:
    """What is at hand when the findings are made.

    Attributes:
        calls: Calls that had their turn.
        spared: Calls of the plan that were not needed.
    """

    folder: RunFolder
    settings: Settings
    plan: Plan
    tiers: tuple[Tier, ...]
    calls: Sequence[Call]
    spared: Sequence[Call]
    frames: Sequence[RouteFrame]
    mix: Mix
    run_id: str
    embedder: str | None
    embedding_shift: tuple[str, ...]
    notes: tuple[str, ...]


def context_of(at_hand: FindingsContext) -> FindingsInputs:
    """The context that `findings.run.find` wants."""
    folder = at_hand.folder
    facts = folder.facts("traffic") or {}
    report = from_plain(IngestReport, facts["report"])
    spend = money_spent(folder.journal)
    asked = {call.tier for call in at_hand.calls}
    asked |= {name for one in at_hand.plan.designs if one.criteria for name in one.criteria.judges}
    return FindingsInputs(
        run_id=at_hand.run_id,
        demo=bool(facts.get("demo")),
        simulated=tuple(t.name for t in at_hand.tiers if t.name in asked and t.provider in SIMULATED),
        mix=at_hand.mix,
        ingest=IngestCounts(
            read=report.read,
            rejected=report.rejected,
            rejects=report.rejects,
            requests=report.requests,
            failures=report.failures,
            duplicates=report.duplicates,
            cache_hits=report.cache_hits,
            not_priced=report.not_priced,
            secrets_masked=report.secrets_masked,
            formats=report.formats,
            apart_usd=report.apart_usd,
        ),
        replay=replace(
            replay_counts(folder.journal, at_hand.calls),
            spared=len(at_hand.spared),
            spared_usd=cost_at_mean(folder.replay_table, at_hand.spared),
            earlier_usd=spend.earlier_usd,
        ),
        replay_cost_usd=spend.spent_usd,
        replay_cost_estimated=spend.estimated,
        replay_cost_at_most_usd=spend.spent_usd + spend.lost_usd,
        replay_cap_usd=at_hand.plan.max_spend_usd if spend.spent_usd + spend.lost_usd else 0.0,
        recomputed_usd=recomputed_usd(folder.traffic_files()),
        traffic={
            f.route: RouteTraffic(
                days=at_hand.mix.days,
                spend_by_model=f.models,
                unreplayable=f.unreplayable,
                segments=f.segments,
                shape=f.shape,
                weights=f.weights,
            )
            for f in at_hand.frames
        },
        unreplayable_usd={f.route: f.unreplayable_usd for f in at_hand.frames},
        provenance=_provenance(at_hand, report),
    )


def tier_facts(tier: Tier) -> dict[str, Any]:
    """What the findings repeat of a tier: model, provider, host, and its price with any discount taken off."""
    price: dict[str, Any] = {
        "input": tier.price.input,
        "output": tier.price.output,
        "source": tier.price.source,
        "as_of": tier.price.as_of,
    }
    if tier.price.steps:
        price["steps"] = to_plain(tier.price.steps)
    if tier.price.discount:
        price["discount"] = tier.price.discount
    facts = {"model": tier.model, "provider": tier.provider, "host": host_of(tier), "price": price}
    facts |= {"settings": settings} if (settings := tier.request_settings) else {}
    facts |= {LESSON: lesson} if (lesson := tier.options.get(LESSON)) else {}
    return facts | ({"repeats": tier.repeats} if tier.repeats > 1 else {})


def _provenance(at_hand: FindingsContext, report: IngestReport) -> Provenance:
    plan, settings = at_hand.plan, at_hand.settings
    return Provenance(
        inputs=report.inputs,
        config_sha256=settings_digest(settings),
        seed=settings.seed,
        tool_version=__version__,
        packages={name: found for name in PACKAGES if (found := _version(name))},
        tiers={tier.name: tier_facts(tier) for tier in at_hand.tiers},
        plan_sha256=plan.plan_id,
        quote=plan.whole_usd,
        embedder=at_hand.embedder,
        embedding_shift=at_hand.embedding_shift,
        methods=dict(methods_of(at_hand.tiers, drawn=at_hand.folder.drawn.exists())),
        notes=(*at_hand.notes, *changed_models(at_hand.folder.replay_table)),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
