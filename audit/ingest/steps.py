"""Reading in steps: each is taken by many records before the next one begins.

A record that goes through all of a reader at once walks through more of the interpreter and of our code than the
processor keeps at hand, and the next record does so again. Step by step, the same work takes a third less time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from audit.ingest.files.text_files import whole
from audit.ingest.row import Row

Step = Callable[[Any], Any]
"""From what the step before made of a record, which for the first is its bytes; the last one makes rows of it."""

CHUNK_RECORDS = 64
CHUNK_BYTES = 1 << 19
"""Records that take a step together: as many as stay in the processor's second cache."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """What became of a record that a step stumbled over."""

    error: Exception


class Stepwise:
    """A reader made of steps; called with one record it is a reader like any other.

    Args:
        steps: In their order. What one raises ends the reading of that record alone.
    """

    def __init__(self, *steps: Step) -> None:
        self._steps = steps

    def __call__(self, record: bytes) -> Sequence[Row]:
        """The rows of one record; raises what a step does."""
        (rows,) = self.read((record,))
        if isinstance(rows, NotRead):
            raise rows.error
        return rows

    def read(self, records: Sequence[bytes]) -> list[Sequence[Row] | NotRead]:
        """The rows of each record."""
        found: list[Any] = list(records)
        for step in self._steps:
            _take(step, found)
        return found


def _take(step: Step, found: list[Any]) -> None:
    for at, made in enumerate(found):
        if type(made) is not NotRead:
            # The adapter boundary: one record that a format stumbles over costs one record.
            try:
                found[at] = step(made)
            except Exception as error:
                found[at] = NotRead(error)


def of_each(step: Callable[[Any], None]) -> Step:
    """A step over records of several calls: it is taken by one call after the other."""

    def take(calls: Sequence[Any]) -> Sequence[Any]:
        for call in calls:
            step(call)
        return calls

    return take


def stepwise(reader: Callable[[bytes], Sequence[Row]]) -> Stepwise:
    """Any reader as one of steps: what is one function is one step."""
    return reader if isinstance(reader, Stepwise) else Stepwise(reader)


def chunks(records: Iterable[tuple[int, bytes]]) -> Iterator[tuple[list[int], list[bytes]]]:
    """Row numbers and records, as many as take a step together."""
    numbers: list[int] = []
    held: list[bytes] = []
    size = 0
    for number, record in records:
        numbers.append(number)
        held.append(record)
        size += len(record)
        if len(held) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
            yield numbers, held
            numbers, held, size = [], [], 0
    if held:
        yield numbers, held


_OF_A_CALL = re.compile(
    rb"(?i)\b(model\w*|messages|prompt\w*|usage\w*|\w*tokens\w*|choices|completions?|candidates|contents)\b"
)


def may_be_a_call(record: bytes) -> bool:
    """Whether a record that could not be used may be one of the log's own: another line of the program that wrote it
    says nothing of the file. What is neither JSON nor plain text is damaged."""
    return _OF_A_CALL.search(record) is not None or (b"{" in record and not whole(record))
