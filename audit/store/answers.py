"""The store's answers: everything that any run was answered, to be taken by the next one.

One SQLite file, because that library already does what this needs and what is easily done wrong: several processes at
once, a kill in the middle of a write, deleting by age, finding one row among millions without reading the others. A row
is an answer with its name (`AnswerName`, and the kinds of personal data that were replaced in it), what it cost whom,
and when. Each row carries a checksum of all that; a row that does not fit its checksum is no answer.

Failures to measure are never kept: they say nothing of the tier, and the next run has to ask again. Nothing is kept of
tiers that answer in this process.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.core.adaptation import AskedAs
from audit.core.artifacts import OWNER_FILE, private_folder
from audit.core.errors import InputError
from audit.core.exchange import Completion, recorded_completion, recording_of
from audit.store.kept import AnswerName, Earlier, KeptAnswer

FILE = "answers.sqlite"
VERSION = 1
BUSY_S = 60.0
"""Seconds that a write waits for another process's."""

_SCHEMA = """
CREATE TABLE tiers (
    id INTEGER PRIMARY KEY,
    answers_key TEXT NOT NULL,
    address TEXT NOT NULL,
    UNIQUE (answers_key, address)
);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    tier INTEGER NOT NULL REFERENCES tiers (id),
    request TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    redacted TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    usd REAL NOT NULL,
    run TEXT NOT NULL,
    completion BLOB NOT NULL,
    sum INTEGER NOT NULL,
    UNIQUE (tier, request, repeat, redacted)
);
CREATE INDEX by_age ON answers (asked_at);
"""
_AT_ONCE = 500
"""Names in one question to SQLite, which takes no more than some thousands of values."""


class AnswerStore:
    """The answers of one store. Any number of processes may have it open; a process uses it from one thread.

    Nothing is written, and no file is made, before the first answer is put.
    """

    served_from = "store"

    def __init__(
        self,
        folder: Path,
        *,
        redacted: Iterable[str] = (),
        run: str = "",
        not_before: float = 0.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open what is there.

        Args:
            folder: Of the store.
            redacted: Kinds of personal data that this run replaces: an answer in another form is another answer.
            run: Name of the run that puts answers here.
            not_before: Answers older than this are not taken; seconds since 1970.

        Raises:
            InputError: What is there is no store, or one of another version.
        """
        self.path = folder / FILE
        self._redacted = ",".join(sorted(redacted))
        self._run = run
        self._not_before = not_before
        self._now = now
        self._tiers: dict[AskedAs, int] = {}
        self._damaged = 0
        self._refused: str | None = None
        self._database = connect(self.path) if self.path.exists() else None

    def known(self, names: Iterable[AnswerName]) -> Mapping[AnswerName, Earlier]:
        """Those of the names that have an answer which is young enough and as it was written."""
        asked: dict[AskedAs, dict[tuple[str, int], AnswerName]] = defaultdict(dict)
        for name in names:
            asked[name.asked][name.request_fp, name.repeat] = name
        found: dict[AnswerName, Earlier] = {}
        for settings, wanted in asked.items():
            if (tier := self._tier(settings)) is None:
                continue
            requests = list(dict.fromkeys(request for request, _ in wanted))
            for start in range(0, len(requests), _AT_ONCE):
                for request, repeat, *row in self._some(tier, requests[start : start + _AT_ONCE]):
                    there = wanted.get((request, repeat))
                    if there is not None and (kept := whole_answer(there, self._redacted, row)) is not None:
                        found[there] = kept.earlier
        return found

    def get(self, name: AnswerName) -> KeptAnswer | None:
        """The answer, or None: there is none, it is too old, or it is damaged, which is counted."""
        if (tier := self._tier(name.asked)) is None or self._database is None:
            return None
        try:
            row = self._database.execute(
                "SELECT asked_at, usd, run, completion, sum FROM answers "
                "WHERE tier = ? AND request = ? AND repeat = ? AND redacted = ? AND asked_at >= ?",
                (tier, name.request_fp, name.repeat, self._redacted, self._not_before),
            ).fetchone()
        except sqlite3.DatabaseError:  # a page of the file holds something else
            row = (None,) * 5
        if row is None:
            return None
        if (found := whole_answer(name, self._redacted, row)) is None:
            self._damaged += 1
            return None
        return found

    def put(self, name: AnswerName, completion: Completion, usd: float) -> None:
        """Keep an answer; it takes the place of an older one. In the file when this returns.

        A store that cannot be written costs the next run money and this one nothing, so the run goes on without.
        """
        if self._refused is not None:
            return
        data = json.dumps(recording_of(completion), sort_keys=True, separators=(",", ":")).encode()
        facts = (int(self._now()), float(usd), self._run)
        try:
            tier = self._tier(name.asked, make=True)
            self._open().execute(
                "INSERT OR REPLACE INTO answers (tier, request, repeat, redacted, asked_at, usd, run, completion, sum) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(tier, name.request_fp, name.repeat, self._redacted),
                    *(*facts, data, checksum(name, self._redacted, facts, data)),
                ),
            )
        except (sqlite3.Error, OSError) as error:
            self._refused = f"{type(error).__name__}: {error}"

    def forget(self, requests: Iterable[str], *, sure: bool) -> int:
        """Take all answers to some requests out of the file, and their bytes with them; how many there are.

        Args:
            requests: Fingerprints.
            sure: Do it; False counts alone.

        Raises:
            InputError: The file cannot be read or written.
        """
        if self._database is None:
            return 0
        wanted, found = sorted(set(requests)), 0
        try:
            self._database.execute("PRAGMA secure_delete = ON")
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                place = f"FROM answers WHERE request IN ({','.join('?' * len(some))})"
                found += self._database.execute(f"SELECT count(*) {place}", some).fetchone()[0]
                if sure:
                    self._database.execute(f"DELETE {place}", some)
            if sure and found:
                # What was deleted is in the log of writes until that is folded into the file.
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise unreadable(self.path, error) from None
        return found

    def other_settings(self, asked: AskedAs) -> list[AskedAs]:
        """With which other settings, or at which other addresses, the same model has been asked."""
        if self._database is None:
            return []
        model = asked.answers_key.partition(" {")[0]
        rows = self._database.execute("SELECT answers_key, address FROM tiers ORDER BY answers_key, address")
        found = [AskedAs(answers_key=key, base_url=address or None) for key, address in rows]
        return [one for one in found if one != asked and one.answers_key.partition(" {")[0] == model]

    def claim(self) -> None:
        """Nothing: any number of processes may write."""

    def notes(self) -> list[str]:
        """What was wrong and tolerated."""
        told = []
        if self._damaged:
            told.append(
                f"{self._damaged:,} damaged answers of the store {self.path.parent} were not used and asked again; "
                "audit store verify names them"
            )
        if self._refused is not None:
            told.append(f"new answers could not be kept in the store {self.path.parent} ({self._refused})")
        return told

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            private_folder(self.path.parent)
            self._database = connect(self.path, make=True)
        return self._database

    def _tier(self, asked: AskedAs, *, make: bool = False) -> int | None:
        """The row of a tier's settings; None where it has none and `make` is not set."""
        if asked not in self._tiers:
            database = self._open() if make else self._database
            if database is None:
                return None
            values = (asked.answers_key, asked.base_url or "")
            if make:
                database.execute("INSERT OR IGNORE INTO tiers (answers_key, address) VALUES (?, ?)", values)
            row = database.execute("SELECT id FROM tiers WHERE answers_key = ? AND address = ?", values).fetchone()
            if row is None:
                return None
            self._tiers[asked] = row[0]
        return self._tiers[asked]

    def _some(self, tier: int, requests: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        assert self._database is not None
        marks = ",".join("?" * len(requests))
        try:
            yield from self._database.execute(
                "SELECT request, repeat, asked_at, usd, run, completion, sum FROM answers "
                f"WHERE tier = ? AND redacted = ? AND asked_at >= ? AND request IN ({marks})",
                (tier, self._redacted, self._not_before, *requests),
            )
        except sqlite3.DatabaseError as error:
            raise unreadable(self.path, error) from None


def connect(path: Path, *, make: bool = False) -> sqlite3.Connection:
    """Open a file of answers.

    Args:
        make: Make it where it is not there; only its owner may read it.

    Raises:
        InputError: It is no such file, cannot be read, or is of another version.
    """
    try:
        if make:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_FILE))
        database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        if (version := _version(database)) == 0:
            # Without a version it is new, of somebody else, or was made by another process since it was asked for it.
            version = _begin(database) if _is_empty(database) else _version(database)
        # A kill loses nothing that was put; a power cut loses the last moments, which are asked again.
        database.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error as error:
        raise unreadable(path, error) from None
    if version != VERSION:
        database.close()
        raise InputError(
            f"the store's {path} is of another version: {version}, this is {VERSION}",
            code="store.version",
            hint="use the version of `audit` that made it, or another store:  --store DIR",
        )
    return database


def _begin(database: sqlite3.Connection) -> int:
    """Make the tables, unless another process has just made them; returns their version."""
    _write_ahead(database)
    database.execute("BEGIN IMMEDIATE")
    if _is_empty(database):
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")
    return _version(database)


def _write_ahead(database: sqlite3.Connection) -> None:
    """Switch the journal, which SQLite refuses at once, without the wait that was asked for, while another does it."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _is_empty(database: sqlite3.Connection) -> bool:
    return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def unreadable(path: Path, error: sqlite3.Error) -> InputError:
    """The error of a file of which nothing can be taken; to go on without would pay again for all that is in it."""
    return InputError(
        f"the store's {path} cannot be read: {error}",
        code="store.damaged",
        notes=["nothing was sent, $0.00 spent"],
        hint="move the file away, and its answers are asked again; or use no store:  --no-store",
    )


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def whole_answer(name: AnswerName, redacted: str, row: Sequence[Any]) -> KeptAnswer | None:
    """An answer by the columns behind its name; None where they are not as they were written, or hold none."""
    asked_at, usd, run, completion, sum_ = row
    try:
        if sum_ != checksum(name, redacted, (asked_at, usd, run), completion):
            return None
        answer = recorded_completion(json.loads(completion))
    except (KeyError, TypeError, ValueError, RecursionError):  # a column of another type, or an answer of none
        return None
    return KeptAnswer(completion=answer, earlier=Earlier(usd=usd, asked_at=asked_at, run=run or None))


def checksum(name: AnswerName, redacted: str, facts: tuple[int, float, str], completion: bytes) -> int:
    """Of a whole row, so that neither a flipped bit nor a row under another name is taken for an answer."""
    words = (name.asked.answers_key, name.asked.base_url or "", name.request_fp, name.repeat, redacted, *facts)
    return zlib.crc32(completion, zlib.crc32(json.dumps(words).encode()))
