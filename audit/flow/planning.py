"""Logs to a quoted plan, and what it promised before anything was replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.artifacts import RunFolder, read_plan, write_json
from audit.core.display import percent_brief
from audit.core.errors import PlanStale
from audit.core.plan import Plan
from audit.core.settings import Settings
from audit.flow.evidence.as_read import keep_settings
from audit.flow.keeping.answers import begin_fresh
from audit.flow.preparation import PreparedRun, prepare
from audit.flow.reading import ingest, run_folder
from audit.flow.rounds import least_cap_usd
from audit.llm.tiers import resolve_tiers

Consent = Callable[[Plan], bool]


def plan(sources: Sequence[Path], settings: Settings, folder: RunFolder | None = None) -> Plan:
    """Logs to a quoted plan. Spends nothing, sends nothing."""
    return prepared(sources, settings, folder).plan


def prepared(
    sources: Sequence[Path], settings: Settings, folder: RunFolder | None, *, demo: bool = False
) -> PreparedRun:
    """Logs to a quoted plan.

    Raises:
        PlanStale: The folder holds answers of a plan that promised otherwise.
    """
    resolve_tiers(settings)  # a wrong tier is told before minutes are spent on reading logs
    folder = folder or run_folder(sources, settings)
    if folder.replay_table.exists():
        refuse_other_promises(read_plan(folder.plan), settings)
    ingest(sources, settings, folder, demo=demo)
    begin_fresh(settings, folder)
    run = prepare(sources, settings, folder)
    keep_settings(folder, settings)
    least = least_cap_usd(run)
    if least is None:
        return run
    run = replace(run, plan=replace(run.plan, least_cap_usd=least))
    write_json(folder.plan, run.plan)
    return run


def refuse_other_promises(plan: Plan, settings: Settings) -> None:
    """See that the settings promise what the plan did.

    Criteria may change: what an answer is worth can be looked at again. The loss that is accepted, and how sure a
    verdict is of it, may not: chosen with the answers in sight, they would make any verdict come true.

    Raises:
        PlanStale: The margin, the confidence or the guarantee is another one.
    """
    changed = list(_changed(plan, settings))
    if changed:
        raise PlanStale(
            f"{changed[0]}; it is fixed before the replay",
            code="plan.promise",
            notes=[*changed[1:], "chosen with the answers in sight, it would prove nothing; nothing was changed"],
            hint="set it back; the report has what other margins would have bought. To prove one, declare it for a log "
            "whose answers nobody has seen:  audit replay LOGS",
        )


def _changed(plan: Plan, settings: Settings) -> Iterator[str]:
    """One sentence without its full stop for each promise that differs."""
    if settings.margin != plan.margin:
        yield _differs("the margin", _points(plan.margin), _points(settings.margin))
    for design in plan.designs:
        margin = settings.margin_of(design.route)
        if margin != design.margin and (design.margin, margin) != (plan.margin, settings.margin):
            yield _differs(f"the margin of {design.route}", _points(design.margin), _points(margin))
    if settings.confidence != plan.confidence:
        yield _differs("the confidence", percent_brief(plan.confidence), percent_brief(settings.confidence))
    planned = "portfolio" if any(design.alpha is not None for design in plan.designs) else "route"
    if plan.designs and settings.guarantee != planned:
        yield _differs("the guarantee", f"`{planned}`", f"`{settings.guarantee}`")


def _differs(what: str, planned: str, now: str) -> str:
    return f"{what} is {now} now, and was {planned} when the replay was planned"


def _points(margin: float) -> str:
    return f"{margin * 100:.3g}pt"
