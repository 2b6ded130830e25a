"""Logs to a quoted plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.artifacts import RunFolder, write_json
from audit.core.plan import Plan
from audit.core.settings import Settings
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
    """Logs to a quoted plan."""
    resolve_tiers(settings)  # a wrong tier is told before minutes are spent on reading logs
    folder = folder or run_folder(sources, settings)
    ingest(sources, settings, folder, demo=demo)
    begin_fresh(settings, folder)
    run = prepare(sources, settings, folder)
    least = least_cap_usd(run)
    if least is None:
        return run
    run = replace(run, plan=replace(run.plan, least_cap_usd=least))
    write_json(folder.plan, run.plan)
    return run
