"""What traffic alone tells: the model mix, with the lever ledger and a bill beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.mixture import Mix
from audit.core.settings import Settings
from audit.flow.reading import traffic_of
from audit.levers.run import measure_levers
from audit.llm.logprices import rates_of
from audit.llm.tiers import resolve_tiers
from audit.mix.run import measure_mix


def mix(sources: Sequence[Path], settings: Settings, *, prompts: bool = False, bill: Sequence[Path] = ()) -> Mix:
    """The model mix of some logs, with the lever ledger: free and local.

    Args:
        prompts: Take the levers that read prompts too.
        bill: An invoice or a cost export to hold against the log; one file, or several of one format.
    """
    with traffic_of(sources, settings) as (folder, _):
        files = folder.traffic_files()
        levers = measure_levers(files, rates_of(settings.tiers), folder.body_files() if prompts else ())
        found = replace(measure_mix(files, resolve_tiers(settings)), levers=levers)
        if not bill:
            return found
        # Imported here: a first look at a log needs neither bills nor the arrays that they are held against it with.
        from audit.flow.reconciling import compared

        return replace(found, reconciliation=compared(folder, bill, settings))
