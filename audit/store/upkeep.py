"""What a store holds, whether it is whole, and what of it is deleted by age and size."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from audit.core.adaptation import AskedAs
from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.fingerprint import file_sha256
from audit.store.answers import FILE, connect, unreadable, whole_answer
from audit.store.kept import AnswerName
from audit.store.readings import FOLDER, LOGS, facts_of, files_of
from audit.store.results import results_in, whole
from audit.store.shared import CheckedPieces, PrunedPieces, SharedFacts

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTier:
    """The answers of a tier.

    Attributes:
        answers_key: Its model, with the settings that decide its answers.
        address: Where it was asked.
        usd: What was billed for them.
        first: When the oldest was asked, seconds since 1970; `last` the newest.
    """

    answers_key: str
    address: str
    answers: int
    bytes: int
    usd: float
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """One reading of logs.

    Attributes:
        name: Of its folder.
        logs: Names of the files that were read.
        requests: Billable ones.
        used: When a command last took it, seconds since 1970.
        whole: False where files are missing or of another size: it is read again.
        results: What was worked out from it and is kept beside it; their size is in `bytes`.
        made_from: Everything that it follows from, by name: digests of the logs, of how they were read, of the program.
    """

    name: str
    logs: tuple[str, ...]
    requests: int
    bytes: int
    used: float
    whole: bool
    results: int = 0
    made_from: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a store holds.

    Attributes:
        shared: Of a store that machines share, what lies at its address; the rest is of this machine's copy.
    """

    path: str
    tiers: tuple[StoredTier, ...]
    readings: tuple[StoredReading, ...]
    shared: SharedFacts | None = None

    @property
    def bytes(self) -> int:
        """Of answers and readings; a reading that a run folder shares is freed when both are deleted."""
        return sum(one.bytes for one in self.tiers) + sum(one.bytes for one in self.readings)

    def differences(self, reading: StoredReading) -> tuple[str, ...]:
        """In what a reading was made otherwise than the last used one of the same logs; nothing for that one itself."""
        same = [one for one in self.readings if one.made_from.get(LOGS) == reading.made_from.get(LOGS)]
        last = max(same, key=lambda one: (one.used, one.name))
        return tuple(name for name in last.made_from if last.made_from[name] != reading.made_from.get(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedStore:
    """Whether a store is whole.

    Attributes:
        answers: That were looked at.
        readings: The same.
        damaged: What is not as it was written, one sentence each. None of it is ever used: it is asked, read or worked
            out again.
        shared: As in `Stored`.
    """

    answers: int
    readings: int
    damaged: tuple[str, ...]
    shared: CheckedPieces | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was deleted; `shared` as in `Stored`."""

    answers: int
    readings: int
    bytes: int
    shared: PrunedPieces | None = None


def contents(store: Path) -> Stored:
    """What a store holds.

    Raises:
        InputError: There is none, or it cannot be read.
    """
    return Stored(path=str(store), tiers=tuple(_tiers(_there(store))), readings=tuple(_readings(store)))


def verify(store: Path) -> CheckedStore:
    """Read everything of a store, and hold it against the checksums that were written with it.

    Raises:
        InputError: There is none, or its answers cannot be read at all.
    """
    damaged: list[str] = []
    answers = 0
    if (_there(store) / FILE).exists():
        with closing(connect(store / FILE)) as database:
            answers = _verify_answers(store / FILE, database, damaged)
    readings = list(_readings(store))
    for reading in readings:
        folder = RunFolder(store / FOLDER / reading.name)
        facts = facts_of(folder)
        if facts is None:
            damaged.append(f"the reading {reading.name} lacks files, or has others")
            continue
        for path in results_in(folder):
            if whole(path) is None:
                damaged.append(f"{path.name}, worked out from the reading {reading.name}, is not as it was written")
        for name, path in files_of(folder).items():
            if file_sha256(path) != facts["files"][name][1]:
                damaged.append(f"{name} of the reading {reading.name} is not as it was written")
    return CheckedStore(answers=answers, readings=len(readings), damaged=tuple(damaged))


def prune(store: Path, *, older_than_days: float | None = None, most_bytes: int | None = None) -> Pruned:
    """Delete what is old, then the oldest until the rest is small enough. Run folders keep what they hold.

    The age of an answer is counted from when it was asked, that of a reading from its last use. Readings go first where
    size asks for it: they cost time and no money.

    Args:
        older_than_days: None for no limit.
        most_bytes: None for no limit.

    Raises:
        InputError: There is no store, or it cannot be read.
    """
    before = contents(store)
    limit = None if older_than_days is None else time.time() - older_than_days * DAY_S
    gone = [one for one in before.readings if not one.whole or (limit is not None and one.used < limit)]
    kept = sorted((one for one in before.readings if one not in gone), key=lambda one: one.used)
    size = before.bytes - sum(one.bytes for one in gone)
    while most_bytes is not None and kept and size > most_bytes:
        gone.append(kept.pop(0))
        size -= gone[-1].bytes
    for reading in gone:
        shutil.rmtree(store / FOLDER / reading.name)
    answers = 0
    if (store / FILE).exists():
        with closing(connect(store / FILE)) as database:
            left = None if most_bytes is None else max(most_bytes - sum(one.bytes for one in kept), 0)
            answers = _prune_answers(store / FILE, database, limit, left)
    after = contents(store)
    return Pruned(answers=answers, readings=len(gone), bytes=before.bytes - after.bytes)


def _there(store: Path) -> Path:
    if not ((store / FILE).exists() or (store / FOLDER).is_dir()):
        raise InputError(
            f"there is no store at {store}",
            code="store.missing",
            hint="name its folder; without one it is runs/store, beside the run folders",
        )
    return store


_SIZE = "length(completion) + length(request) + length(run) + 64"
"""Bytes of a row, with its places in the indexes."""


def _tiers(store: Path) -> Iterator[StoredTier]:
    if not (store / FILE).exists():
        return
    with closing(connect(store / FILE)) as database:
        try:
            rows = database.execute(
                f"SELECT answers_key, address, count(*), sum({_SIZE}), sum(usd), min(asked_at), max(asked_at) "
                "FROM answers JOIN tiers ON tiers.id = answers.tier GROUP BY tier ORDER BY answers_key, address"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise unreadable(store / FILE, error) from None
    for key, address, answers, size, usd, first, last in rows:
        yield StoredTier(answers_key=key, address=address, answers=answers, bytes=size, usd=usd, first=first, last=last)


def _readings(store: Path) -> Iterator[StoredReading]:
    folders = sorted((store / FOLDER).iterdir()) if (store / FOLDER).is_dir() else []
    for path in folders:
        if path.name.startswith(".") or not path.is_dir():
            continue
        folder = RunFolder(path)
        facts = facts_of(folder)
        report = (facts or {}).get("report") or {}
        yield StoredReading(
            name=path.name,
            logs=tuple(report.get("inputs") or ()),
            requests=report.get("requests") or 0,
            bytes=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()),
            used=folder.manifest.stat().st_mtime if folder.manifest.exists() else 0.0,
            whole=facts is not None,
            results=sum(1 for _ in results_in(folder)),
            made_from=(facts or {}).get("made_from") or {},
        )


def _verify_answers(path: Path, database: sqlite3.Connection, damaged: list[str]) -> int:
    count = 0
    try:
        damaged += [f"{path.name}: {word}" for (word,) in database.execute("PRAGMA integrity_check") if word != "ok"]
        rows = database.execute(
            "SELECT answers_key, address, request, repeat, redacted, asked_at, usd, run, completion, sum "
            "FROM answers JOIN tiers ON tiers.id = answers.tier ORDER BY answers.id"
        )
        for key, address, request, repeat, redacted, asked_at, usd, run, completion, sum_ in rows:
            count += 1
            asked = AskedAs(answers_key=key, base_url=address or None)
            name = AnswerName(asked=asked, request_fp=request, repeat=repeat)
            if whole_answer(name, redacted, (asked_at, usd, run, completion, sum_)) is None:
                damaged.append(f"the answer of `{key}` to request {str(request)[:12]} is not as it was written")
    except sqlite3.DatabaseError as error:
        damaged.append(f"{path.name} cannot be read to its end: {error}")
    return count


def _prune_answers(path: Path, database: sqlite3.Connection, limit: float | None, most_bytes: int | None) -> int:
    deleted = 0
    try:
        database.execute("BEGIN IMMEDIATE")
        if limit is not None:
            deleted += database.execute("DELETE FROM answers WHERE asked_at < ?", (limit,)).rowcount
        if most_bytes is not None:
            deleted += database.execute(
                "DELETE FROM answers WHERE id IN (SELECT id FROM (SELECT id, sum("
                f"{_SIZE}) OVER (ORDER BY asked_at DESC, id DESC) AS total FROM answers) WHERE total > ?)",
                (most_bytes,),
            ).rowcount
        database.execute("COMMIT")
    except sqlite3.Error as error:
        raise unreadable(path, error) from None
    with suppress(sqlite3.OperationalError):  # a replay has it open: the room is used for what comes
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return deleted
