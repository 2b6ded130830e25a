"""Answers as several machines share them: pieces that are named by their digest and never changed.

A piece is JSON Lines, compressed: a line that names the form, then an answer a line, each with the checksum that its
row has in every store. What was cut, changed, or put under another name does not fit its name, and is believed in no
part.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass

from audit.core.adaptation import AskedAs
from audit.core.errors import InputError
from audit.store.answers import checksum
from audit.store.kept import AnswerName

SCHEMA = "audit-answers/1"
SUFFIX = ".jsonl.gz"
PIECE_BYTES = 8 << 20
"""Of answers in one piece, before they are compressed; a longer answer has a piece to itself."""
MOST_BYTES = 32 * PIECE_BYTES
"""What is longer, or expands to more, was not made here."""
_NAME = re.compile(r"[0-9a-f]{64}" + re.escape(SUFFIX))
_INTEGERS = range(1 << 63)
"""That a store's file can hold, and of which it has some use."""
_TIMES = range(253_402_300_800)
"""Seconds since 1970, as long as a year has four digits."""


class DamagedPiece(Exception):
    """It is not what its name says; the message says in which way."""


@dataclass(frozen=True, slots=True)
class SharedAnswer:
    """A row of answers as it travels: its name, what is known of it, the recording as JSON, and the sum of all that."""

    answers_key: str
    address: str
    request: str
    repeat: int
    redacted: str
    asked_at: int
    usd: float
    run: str
    completion: str
    sum: int

    @property
    def key(self) -> tuple[str, str, str, int, str]:
        """What names the answer in all stores."""
        return self.answers_key, self.address, self.request, self.repeat, self.redacted

    @property
    def size(self) -> int:
        """Bytes, nearly."""
        return len(self.completion) + len(self.answers_key) + len(self.request) + 64

    def is_whole(self) -> bool:
        """Whether it is as it was written, and can be written again: whoever made it had a file of answers too."""
        numbers, usd = (self.repeat, self.asked_at, self.sum), self.usd
        if any(type(one) is not int or one not in _INTEGERS for one in numbers) or self.asked_at not in _TIMES:
            return False
        if type(usd) is not float or not math.isfinite(usd) or usd < 0:
            return False
        asked = AskedAs(answers_key=self.answers_key, base_url=self.address or None)
        name = AnswerName(asked=asked, request_fp=self.request, repeat=self.repeat)
        try:
            for text in (self.answers_key, self.address, self.request, self.redacted, self.run):
                text.encode()  # SQLite takes no half of a character
            facts = (self.asked_at, usd, self.run)
            return checksum(name, self.redacted, facts, self.completion.encode()) == self.sum
        except (AttributeError, TypeError, ValueError):  # a field of another type
            return False


def is_piece(name: str) -> bool:
    """Whether an object is named as a piece is. Any other is somebody else's, and never read, used or deleted."""
    return _NAME.fullmatch(name) is not None


def piece_of(answers: Iterable[SharedAnswer]) -> tuple[str, bytes]:
    """The name and the bytes of a piece; equal answers in the same order make the same."""
    lines = [json.dumps({"schema": SCHEMA}), *(json.dumps(astuple(one), separators=(",", ":")) for one in answers)]
    data = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
    return f"{hashlib.sha256(data).hexdigest()}{SUFFIX}", data


def answers_of(name: str, data: bytes) -> list[SharedAnswer]:
    """The answers of a piece.

    Raises:
        DamagedPiece: It is not what its name says.
        InputError: It is whole, and of another version.
    """
    if f"{hashlib.sha256(data).hexdigest()}{SUFFIX}" != name:
        raise DamagedPiece("is not what was put there")
    try:
        expander = zlib.decompressobj(zlib.MAX_WBITS | 16)
        text = expander.decompress(data, MOST_BYTES)
        if not expander.eof:
            raise DamagedPiece("expands to more than a piece holds, or was cut")
        head, *lines = text.decode().splitlines()
        schema = json.loads(head)["schema"]
        if schema != SCHEMA:
            raise InputError(
                f"the piece {name} of the store is of another version: {schema}, this is {SCHEMA}",
                code="store.version",
                hint="use the version of `audit` that made it, or another store:  --store DIR",
            )
        answers = [SharedAnswer(*json.loads(line)) for line in lines]
    except (zlib.error, KeyError, TypeError, ValueError, RecursionError):
        raise DamagedPiece("holds something else than answers") from None
    if not all(one.is_whole() for one in answers):
        raise DamagedPiece("holds an answer that is not as it was written")
    return answers


def in_pieces(answers: Iterable[SharedAnswer]) -> Iterator[list[SharedAnswer]]:
    """Answers, as many at a time as one piece holds."""
    some: list[SharedAnswer] = []
    size = 0
    for one in answers:
        if some and size + one.size > PIECE_BYTES:
            yield some
            some, size = [], 0
        some.append(one)
        size += one.size
    if some:
        yield some
