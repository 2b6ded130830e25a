"""What traffic alone tells: the model mix, with the lever ledger and a bill beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.artifacts import RunFolder
from audit.core.mixture import Mix
from audit.core.settings import Settings
from audit.flow.reading import ingest
from audit.flow.reconciling import reconcile
from audit.levers.run import measure_levers
from audit.llm.logprices import rates_of
from audit.llm.tiers import resolve_tiers
from audit.mix.run import measure_mix


def mix(sources: Sequence[Path], settings: Settings, *, prompts: bool = False, bill: Sequence[Path] = ()) -> Mix:
    """The model mix of some logs, with the lever ledger: free, local, nothing kept.

    Args:
        prompts: Take the levers that read prompts too.
        bill: An invoice or a cost export to hold against the log; one file, or several of one format.
    """
    with tempfile.TemporaryDirectory(prefix="audit-mix-") as scratch:
        folder = RunFolder(scratch)
        ingest(sources, settings, folder)
        files = folder.traffic_files()
        levers = measure_levers(files, rates_of(settings.tiers), folder.body_files() if prompts else ())
        found = replace(measure_mix(files, resolve_tiers(settings)), levers=levers)
        return replace(found, reconciliation=reconcile(folder, bill, settings)) if bill else found
