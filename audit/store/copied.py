"""This machine's copy of a shared store: a store like any other, which knows what of it was shared.

The file of answers has three tables more: the objects that were taken in, the marks of erased requests, and which
answers were not shared yet. A trigger fills the last one, so that whoever puts an answer need know nothing of sharing,
and a killed command's answers are shared by the next one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from audit.core.artifacts import private_folder
from audit.store.answers import FILE, connect, unreadable
from audit.store.erased import Marks, is_erased, mark_of, united
from audit.store.pieces import SharedAnswer

_SCHEMA = (
    "CREATE TABLE taken (name TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE erased (mark TEXT PRIMARY KEY, until REAL) WITHOUT ROWID",
    "CREATE TABLE unshared (id INTEGER PRIMARY KEY)",
    "INSERT INTO unshared SELECT id FROM answers",
    "CREATE TRIGGER put_here AFTER INSERT ON answers BEGIN INSERT OR REPLACE INTO unshared VALUES (new.id); END",
)
_COLUMNS = "answers_key, address, request, repeat, redacted, asked_at, usd, run, completion, sum"
_NAMED = "tier = ? AND request = ? AND repeat = ? AND redacted = ?"
_ERASED = (
    "EXISTS (SELECT 1 FROM erased WHERE erased.mark = mark_of(answers.request) "
    "AND (until IS NULL OR answers.asked_at <= until))"
)
_ROW = "(SELECT 1 FROM answers WHERE answers.id = unshared.id)"
_AT_ONCE = 200
"""Answers that are read into memory together."""


class AnswersCopy:
    """The file of answers of a copy, opened for what is taken in and shared. One thread uses it.

    Every method raises InputError where the file cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        """Open it; made where it is not there.

        Raises:
            InputError: What is there is no store, or one of another version.
        """
        self.path = folder / FILE
        private_folder(folder)
        self._database = connect(self.path, make=True)
        self._database.create_function("mark_of", 1, mark_of, deterministic=True)
        with self._written():
            if not self._database.execute("SELECT 1 FROM sqlite_master WHERE name = 'unshared'").fetchone():
                for statement in _SCHEMA:
                    self._database.execute(statement)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def taken(self) -> frozenset[str]:
        """Names of the objects that were taken in, or were put from here."""
        return frozenset(name for (name,) in self._asked("SELECT name FROM taken"))

    def marks(self) -> Marks:
        """Of requests that were erased."""
        return dict(self._asked("SELECT mark, until FROM erased"))

    def unshared(self) -> int:
        """How many answers were not shared yet."""
        return int(self._asked("SELECT count(*) FROM unshared JOIN answers USING (id)")[0][0])

    def to_share(self) -> Iterator[tuple[int, SharedAnswer]]:
        """Answers that were not shared yet, with the number of their row; damaged ones are left out."""
        ids = [number for (number,) in self._asked("SELECT id FROM unshared ORDER BY id")]
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            rows = self._asked(
                f"SELECT answers.id, {_COLUMNS} FROM answers JOIN tiers ON tiers.id = answers.tier "
                f"WHERE answers.id IN ({','.join('?' * len(some))}) ORDER BY answers.id",
                some,
            )
            for number, *values in rows:
                with suppress(AttributeError, UnicodeError):  # a column that holds something else
                    values[-2] = values[-2].decode()
                    answer = SharedAnswer(*values)
                    if answer.is_whole():
                        yield number, answer

    def shared(self, name: str | None, rows: Iterable[tuple[int, int]]) -> None:
        """These rows, each with its sum, are in an object now; one that was replaced meanwhile is not.

        Args:
            name: Of the object; None where nothing of them was left to put.
        """
        with self._written():
            if name is not None:
                self._database.execute("INSERT OR IGNORE INTO taken VALUES (?)", (name,))
            self._database.executemany(
                "DELETE FROM unshared WHERE id = ? AND EXISTS "
                "(SELECT 1 FROM answers WHERE answers.id = unshared.id AND sum = ?)",
                rows,
            )
            self._database.execute(f"DELETE FROM unshared WHERE NOT EXISTS {_ROW}")

    def take_in(self, name: str, answers: Sequence[SharedAnswer]) -> int:
        """Keep the answers of an object, all or none; how many are new here. Of two under one name the later stays, on
        all machines the same."""
        count = 0
        with self._written():
            for one in answers:
                tier = self._tier(one)
                named = (tier, one.request, one.repeat, one.redacted)
                row = self._database.execute(f"SELECT asked_at, sum FROM answers WHERE {_NAMED}", named).fetchone()
                if row is not None and _is_later(row, one):
                    continue
                cursor = self._database.execute(
                    "INSERT OR REPLACE INTO answers (tier, request, repeat, redacted, asked_at, usd, run, completion, "
                    "sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*named, one.asked_at, one.usd, one.run, one.completion.encode(), one.sum),
                )
                self._database.execute("DELETE FROM unshared WHERE id = ?", (cursor.lastrowid,))
                count += row is None
            self._database.execute("INSERT OR IGNORE INTO taken VALUES (?)", (name,))
        return count

    def forget(self, name: str, marks: Marks) -> None:
        """Take in an erasure: answers to its requests leave the file, and their bytes with them."""
        both = united(self.marks(), marks)
        with self._written():
            rows = [(mark, both[mark]) for mark in marks]
            self._database.executemany("INSERT OR REPLACE INTO erased VALUES (?, ?)", rows)
            self._database.execute("INSERT OR IGNORE INTO taken VALUES (?)", (name,))
        self._forget_rows("1")

    def forget_unshared(self) -> None:
        """Drop answers that were put here after their request was erased elsewhere."""
        if self._asked("SELECT EXISTS (SELECT 1 FROM erased)")[0][0]:
            self._forget_rows("id IN (SELECT id FROM unshared)")

    def names(self, marks: Marks) -> set[tuple[Any, ...]]:
        """What names the answers to some requests, as `SharedAnswer.key`."""
        named = _COLUMNS.partition(", usd")[0]
        rows = self._asked(f"SELECT {named} FROM answers JOIN tiers ON tiers.id = answers.tier")
        return {tuple(key) for *key, asked_at in rows if is_erased(marks, key[2], asked_at)}

    def _forget_rows(self, where: str) -> None:
        self._asked("PRAGMA secure_delete = ON")
        with self._written():
            gone = self._database.execute(f"DELETE FROM answers WHERE {where} AND {_ERASED}").rowcount
            self._database.execute(f"DELETE FROM unshared WHERE NOT EXISTS {_ROW}")
        if gone:
            # What was deleted is in the log of writes until that is folded into the file.
            self._asked("PRAGMA wal_checkpoint(TRUNCATE)")

    def _tier(self, one: SharedAnswer) -> int:
        values = (one.answers_key, one.address)
        self._database.execute("INSERT OR IGNORE INTO tiers (answers_key, address) VALUES (?, ?)", values)
        found = self._database.execute("SELECT id FROM tiers WHERE answers_key = ? AND address = ?", values)
        return int(found.fetchone()[0])

    def _asked(self, question: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise unreadable(self.path, error) from None

    @contextmanager
    def _written(self) -> Iterator[None]:
        """A change of the file, whole or not at all."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise unreadable(self.path, error) from None


def _is_later(row: tuple[Any, ...], one: SharedAnswer) -> bool:
    """Whether an answer here, by time and sum, goes before one that comes under its name."""
    try:
        return row >= (one.asked_at, one.sum)
    except TypeError:  # a column that holds something else
        return False
