"""Logs to traffic.

A log is read once: by its bytes and by how it is read, its reading is in the store, for every run and every command.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path

from audit import __version__
from audit.config.load import settings_digest
from audit.core.artifacts import TRAFFIC, RunFolder
from audit.core.fingerprint import combined, digest, file_sha256, fingerprint
from audit.core.plain import from_plain, to_plain
from audit.core.settings import Settings
from audit.flow.places import RUNS, store_folder
from audit.ingest.files.source import find_sources
from audit.ingest.run import IngestReport
from audit.ingest.run import ingest as read_logs
from audit.llm.logprices import own_prices, rates_of
from audit.llm.pricing import catalogue_version
from audit.llm.tiers import variables_of
from audit.store.readings import LOGS, ReadingStore, lend

READERS = ("core", "ingest", "llm", "masking", "protocols")
"""Rooms whose code decides what a log says."""


def ingest(sources: Sequence[Path], settings: Settings, folder: RunFolder, *, demo: bool = False) -> IngestReport:
    """Logs to `traffic/`; skipped when the folder has been made from the same logs, read in the same way."""
    made_from = _made_from(sources, settings)
    folder.create()
    if folder.is_current(TRAFFIC, made_from) and folder.traffic_is_whole():
        return _report(folder)
    folder.forget("traffic", "reconciliation")
    store = None if demo else store_folder(settings, folder)
    if store is None:
        report = _read(sources, settings, folder)
    else:
        reading = _kept(sources, settings, store, made_from)
        lend(reading, folder)
        report = _report(reading)
    folder.record(TRAFFIC, made_from, report=to_plain(report), demo=demo)
    folder.note_traffic()
    return report


@contextmanager
def traffic_of(sources: Sequence[Path], settings: Settings) -> Iterator[tuple[RunFolder, IngestReport]]:
    """The traffic of logs, for a command that has no run folder: the store's reading; where nothing is kept, a folder
    that is gone at the end. It is looked at and not written to."""
    store = store_folder(settings)
    if store is not None:
        reading = _kept(sources, settings, store, _made_from(sources, settings))
        yield reading, _report(reading)
        return
    with tempfile.TemporaryDirectory(prefix="audit-traffic-") as scratch:
        folder = RunFolder(scratch)
        yield folder, _read(sources, settings, folder)


def run_folder(sources: Sequence[Path], settings: Settings) -> RunFolder:
    """The default folder of a run: named by its logs and settings, so that the same command finds it again."""
    return RunFolder(RUNS / run_id_of(digest_of(sources), settings))


def digest_of(sources: Sequence[Path]) -> str:
    """One digest for the logs: of their names and their bytes."""
    return combined(f"{source.name} {_file_digest(source.path)}" for source in find_sources(sources))


def run_id_of(logs: str, settings: Settings) -> str:
    """Name a run by its logs, what decides its numbers, and the version."""
    return fingerprint([logs, settings_digest(settings), __version__])[:12]


def _made_from(sources: Sequence[Path], settings: Settings) -> dict[str, str]:
    """Everything that a reading of logs follows from."""
    masked = sorted({name for tier in settings.tiers for name in variables_of(tier)})
    values = [os.environ.get(name) for name in masked]
    return {
        LOGS: digest_of(sources),
        "ingest settings": fingerprint([settings.ingest.model_dump(mode="json"), own_prices(settings.tiers)]),
        "price catalogue": catalogue_version(),
        # A log that was read without a key may hold it: with the key it is read again, and masked.
        "masked values": fingerprint([digest(value) for value in values if value]),
        "version": f"{__version__} {code_of(READERS)}",
    }


def _read(sources: Sequence[Path], settings: Settings, folder: RunFolder) -> IngestReport:
    return read_logs(
        sources,
        settings.ingest,
        folder,
        executor=settings.executor,
        rates_of=rates_of(settings.tiers),
        variables=sorted({name for tier in settings.tiers for name in variables_of(tier)}),
    )


def _kept(sources: Sequence[Path], settings: Settings, store: Path, made_from: Mapping[str, str]) -> RunFolder:
    """The store's reading; read now where it has none."""
    readings = ReadingStore(store)
    if (found := readings.find(made_from)) is not None:
        return found
    with readings.making(made_from) as folder:
        report = _read(sources, settings, folder)
        return readings.publish(folder, made_from, {"report": to_plain(report), "demo": False})


def _report(folder: RunFolder) -> IngestReport:
    return from_plain(IngestReport, (folder.facts("traffic") or {})["report"])


def _file_digest(path: Path) -> str:
    """SHA-256 of a file; taken once by a process for each state of it, since a plan asks for it several times."""
    state = path.stat()
    return _digest_of_state(path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


@lru_cache(maxsize=4096)
def _digest_of_state(path: Path, *_state: int) -> str:
    return file_sha256(path)


@cache
def code_of(rooms: tuple[str, ...]) -> str:
    """A digest of the code of some rooms: a program that was changed works again, whatever its version says."""
    root = Path(__file__).parents[1]
    files = [path for room in rooms for path in sorted((root / room).rglob("*.py"))]
    return combined(f"{path.relative_to(root).as_posix()} {file_sha256(path)}" for path in files)[:16]
