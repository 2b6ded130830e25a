"""A bill held against the traffic of a run folder, and what the folder keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.artifacts import RunFolder, read_json, write_json
from audit.core.fingerprint import combined, file_sha256, fingerprint
from audit.core.plain import from_plain
from audit.core.reconciliation import Reconciliation
from audit.core.settings import Settings
from audit.ingest.bill import read_bill
from audit.ingest.files.source import find_sources
from audit.reconcile.run import reconcile as hold_against

NAME = "reconciliation"
FORM = 2
"""Of what the folder keeps; what an older form holds is no longer read, and the bill is to be given again."""


def reconcile(folder: RunFolder, bill: Sequence[Path], settings: Settings) -> Reconciliation:
    """Hold a bill against a folder's traffic; `reconciliation.json` of the folder has every period and model.

    Args:
        folder: With traffic.
        bill: One file, or several of one format.
        settings: Says how the bill is to be read, and what it calls the models.
    """
    digest = combined(f"{source.name} {file_sha256(source.path)}" for source in find_sources(bill))
    found = compared(folder, bill, settings)
    write_json(folder.reconciliation, found)
    folder.record(NAME, {"traffic": _traffic(folder), "bill": digest}, form=FORM)
    return found


def compared(folder: RunFolder, bill: Sequence[Path], settings: Settings) -> Reconciliation:
    """The same, and nothing is written."""
    return hold_against(folder.traffic_files(), read_bill(bill, settings.reconcile), settings.reconcile.models)


def reconciliation_of(folder: RunFolder) -> Reconciliation | None:
    """What was reconciled with the folder's traffic, without its single places; None without, for other traffic, or of
    an older form."""
    facts = folder.facts(NAME)
    if facts is None or facts["made_from"].get("traffic") != _traffic(folder) or facts.get("form") != FORM:
        return None
    return replace(from_plain(Reconciliation, read_json(folder.reconciliation)), cells=())


def _traffic(folder: RunFolder) -> str:
    return fingerprint((folder.facts("traffic") or {}).get("made_from"))
