"""Logs to traffic.

The log is read again only when it, or how it is read, has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit import __version__
from audit.config.load import settings_digest
from audit.core.artifacts import (
    RunFolder,
)
from audit.core.fingerprint import combined, file_sha256, fingerprint
from audit.core.plain import from_plain, to_plain
from audit.core.settings import Settings
from audit.ingest.run import IngestReport
from audit.ingest.run import ingest as read_logs
from audit.ingest.source import find_sources
from audit.llm.logprices import own_prices, rates_of
from audit.llm.tiers import variables_of


def ingest(sources: Sequence[Path], settings: Settings, folder: RunFolder, *, demo: bool = False) -> IngestReport:
    """Logs to `traffic/`; skipped when the folder has been made from the same logs, read in the same way."""
    made_from = {
        "logs": digest_of(sources),
        "ingest settings": fingerprint([settings.ingest.model_dump(mode="json"), own_prices(settings.tiers)]),
        "version": __version__,
    }
    folder.create()
    if folder.is_current("traffic", made_from):
        facts = folder.facts("traffic") or {}
        return from_plain(IngestReport, facts["report"])
    folder.forget("traffic", "reconciliation")
    report = read_logs(
        sources,
        settings.ingest,
        folder,
        executor=settings.executor,
        rates_of=rates_of(settings.tiers),
        variables=sorted({name for tier in settings.tiers for name in variables_of(tier)}),
    )
    folder.record("traffic", made_from, report=to_plain(report), demo=demo)
    return report


def run_folder(sources: Sequence[Path], settings: Settings) -> RunFolder:
    """The default folder of a run: named by its logs and settings, so that the same command finds it again."""
    return RunFolder(Path("runs") / run_id_of(digest_of(sources), settings))


def digest_of(sources: Sequence[Path]) -> str:
    """One digest for the logs: of their names and their bytes."""
    return combined(f"{source.name} {file_sha256(source.path)}" for source in find_sources(sources))


def run_id_of(logs: str, settings: Settings) -> str:
    """Name a run by its logs, what decides its numbers, and the version."""
    return fingerprint([logs, settings_digest(settings), __version__])[:12]
