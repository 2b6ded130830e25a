"""From traffic to a quoted plan: the sample, the calls, what they cost. Nothing here spends or sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from audit import __version__
from audit.config.load import settings_digest
from audit.core.artifacts import RunFolder, read_tier_notes, write_json
from audit.core.fingerprint import fingerprint, fingerprint_rows
from audit.core.plain import to_plain
from audit.core.plan import Plan, RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Price, Tier
from audit.flow.criteria import criteria_checks, read_judges
from audit.flow.drawing import Sample, draw_fitting
from audit.flow.judgecost import JudgeCosts, judge_costs, per_answer_usd
from audit.flow.keeping.frames import Frames, frames_of_run
from audit.flow.quoting import quoted
from audit.flow.reading import digest_of
from audit.flow.routeless import refuse_routeless
from audit.flow.trimming import tiers_of
from audit.llm.tiers import hosts
from audit.replay.plan import Call, TokenCounts, planned_calls
from audit.sampling.design import RouteNeeds, design_routes
from audit.scoring.criteria import unsupported

ROWS_AT_ONCE = 2_000

NOT_ASKED = "not asked"
"""In a plan's lineage: its judges have yet to be asked about labelled answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """A replay that is ready to be agreed to.

    Attributes:
        frames: The traffic by route; read once, because it is as long as the log.
        judging: What it costs to judge the answers of the calls.
    """

    folder: RunFolder
    settings: Settings
    tiers: tuple[Tier, ...]
    frames: Frames
    sample: Sample
    calls: list[Call]
    tokens: Mapping[str, TokenCounts]
    plan: Plan
    judging: JudgeCosts


def prepare(sources: Sequence[Path], settings: Settings, folder: RunFolder) -> PreparedRun:
    """Everything between the traffic and the quote: sample, calls, plan. The folder has been ingested."""
    tiers = tiers_of(folder, settings)
    frames = frames_of_run(folder, settings, tiers)
    refuse_routeless(frames, settings, folder)
    needs = _needs(frames, settings, tiers)
    read_judges(folder, tiers)
    checks = criteria_checks(folder, settings, frames, design_routes(frames, needs, tiers, _uncapped(settings)))
    needs = {route: replace(need, criteria=checks.get(route)) for route, need in needs.items()}
    drawn = draw_fitting(folder, settings, frames, needs, tiers)
    sample, tiers = drawn.sample, drawn.tiers
    calls = planned_calls(sample.designs, sample.table, tiers)
    tokens = _token_counts(sample.tokens)
    judging = judge_costs(sample.designs, settings, tiers, tokens)
    costs = quoted(sample.designs, calls, judging, settings, folder)
    asked = {call.tier for call in calls} | judging.judges
    plan_ = Plan(
        made_from={
            "logs": digest_of(sources),
            "audit.yaml": settings_digest(settings),
            "prices": fingerprint([to_plain(price) for tier in tiers for price in _prices(tier)]),
            "sample": fingerprint_rows(_rows(sample.table)),
            "version": __version__,
            **_judged_by(sample.designs),
            **drawn.made_from,
        },
        seed=settings.seed,
        margin=settings.margin,
        confidence=settings.confidence,
        expected_usd=sum(q.expected_usd for q in costs.quotes),
        at_most_usd=(at_most := sum(q.at_most_usd for q in costs.quotes)),
        max_spend_usd=at_most if settings.max_spend is None else settings.max_spend,
        calls=sum(q.calls for q in costs.quotes),
        tokens=sum(_logged(tokens[call.request_fp]) for call in costs.asked if call.call_id not in costs.done),
        whole_usd={name: sum(getattr(q, name) for q in costs.whole) for name in ("expected_usd", "at_most_usd")},
        hosts=hosts(tier for tier in tiers if tier.name in asked),
        designs=costs.designs,
        quotes=costs.quotes,
        config=None if settings.config_file is None else str(settings.config_file),
        sources=tuple(str(path) for path in sources),
        asked_otherwise=costs.otherwise,
        tiers={name: notes for name, notes in read_tier_notes(folder.tiers).items() if name in asked},
        batches=costs.batches,
        repeats=costs.repeats,
        trims=costs.trims,
        stored=costs.stored,
        personal=costs.personal,
        likely_usd=costs.likely_usd,
        idle=_idle(settings, sample.designs),
    )
    write_json(folder.plan, plan_)
    return PreparedRun(
        folder=folder,
        settings=settings,
        tiers=tiers,
        frames=frames,
        sample=sample,
        calls=calls,
        tokens=costs.tokens,
        plan=plan_,
        judging=judging,
    )


def _idle(settings: Settings, designs: Sequence[RouteDesign]) -> tuple[str, ...]:
    """Entries of `routes:` that decide nothing: no route is so called, or an entry before them fits it.

    An entry for all that is left may have nothing left.
    """
    deciding = [settings.route(design.route) for design in designs]
    return tuple(entry.match for entry in settings.routes if entry.match != "*" and entry not in deciding)


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows of a table, some thousands of them at a time as objects."""
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _logged(counts: TokenCounts) -> int:
    """Tokens of a request and its logged answer, as far as they were counted."""
    return (counts.prompt or 0) + (counts.completion or 0)


def _prices(tier: Tier) -> list[Price]:
    """All that a quote rests on."""
    return [tier.price, *([tier.batch_price] if tier.batch_price is not None else [])]


def _judged_by(designs: Sequence[RouteDesign]) -> dict[str, str]:
    """What is known of the judges that decide some route, as lineage; nothing where none does."""
    labelled = [one.criteria.labelled for one in designs if one.criteria and one.criteria.judges and one.candidates]
    if not labelled:
        return {}
    if any(one is not None and one.waiting for one in labelled):
        return {"judges": NOT_ASKED}
    return {"judges": fingerprint(to_plain(labelled))}


def _uncapped(settings: Settings) -> Settings:
    """What the cap leaves of a sample does not matter to what may be read of the log for nothing."""
    return settings.model_copy(update={"max_spend": None})


def _needs(frames: Frames, settings: Settings, tiers: Sequence[Tier]) -> dict[str, RouteNeeds]:
    """What the settings say of each route of the log."""
    needs = {}
    for frame in frames:
        entry = settings.route(frame.route)
        missing = None if entry is None else unsupported(entry.criteria)
        needs[frame.route] = RouteNeeds(
            entry=entry, unsupported=missing, judge_usd=per_answer_usd(settings, frame, tiers)
        )
    return needs


def _token_counts(tokens: pl.DataFrame) -> dict[str, TokenCounts]:
    return {
        row["request_fp"]: TokenCounts(
            prompt=row["prompt_tokens"], completion=row["completion_tokens"], max_tokens=row["max_tokens"]
        )
        for row in tokens.iter_rows(named=True)
    }
