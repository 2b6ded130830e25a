"""A store that several machines share: answers in object storage, and on each machine a copy of them.

    ADDRESS/answers/DIGEST.jsonl.gz    answers, in pieces that never change
    ADDRESS/erased/DIGEST.json         marks of requests whose answers were erased; they stay

There is no index, because two machines that write one would lose each other's: what is listed is what there is. A piece
is put whole and named by its digest, so that none overwrites another, one that is half there is found out, and the same
answer in two pieces is one answer. Pieces are gathered into fewer by putting the new ones first and deleting the old
ones then; who meets a piece that has gone lists again.

Erased stays erased, whichever machine writes when: an erasure is put before the pieces are looked through, and whoever
puts a piece looks for erasures once more afterwards. Whichever of the two came last sees the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import InputError
from audit.storage.address import ObjectAddress
from audit.storage.objects import ObjectFacts, ObjectFolder
from audit.store.copied import AnswersCopy
from audit.store.erased import Marks, erasure_of, is_erased, mark_of, marks_of
from audit.store.pieces import (
    MOST_BYTES,
    PIECE_BYTES,
    DamagedPiece,
    SharedAnswer,
    answers_of,
    in_pieces,
    is_piece,
    piece_of,
)

ANSWERS, ERASED = "answers", "erased"
DAY_S = 86_400.0
SMALL_BYTES = PIECE_BYTES // 8
"""Of an object: below that a piece is gathered with others."""
_LISTINGS = 5
"""Times that pieces are listed again because one has gone in between."""
_AT_ONCE = 8
"""Pieces that are on their way together."""

Keep = Callable[[SharedAnswer], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What a machine took in.

    Attributes:
        answers: That were new to it.
        pieces: That they came in.
        damaged: Pieces that were not used, one sentence each.
    """

    answers: int
    pieces: int
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFacts:
    """What lies at the address of a shared store.

    Attributes:
        bytes: Of the pieces, compressed.
        erased: Requests whose answers were erased for good or for a time.
        unshared: Answers of this machine's copy that are not there yet.
    """

    address: str
    pieces: int
    bytes: int
    erased: int
    unshared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPieces:
    """Whether what lies at the address is whole: as `CheckedStore`, of pieces.

    Attributes:
        foreign: Objects among the pieces that are not named as one, and are left alone.
    """

    address: str
    answers: int
    pieces: int
    damaged: tuple[str, ...]
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedPieces:
    """What was deleted at the address; `bytes` of pieces."""

    address: str
    answers: int
    bytes: int


class SharedStore:
    """The store at an address, with this machine's copy. Every method raises InputError where either refuses."""

    def __init__(self, address: ObjectAddress, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.address = address
        self.folder = folder
        self._objects = ObjectFolder(address)
        self._now = now

    def take_in(self) -> TakenIn:
        """Bring the copy what others have shared and erased since; nothing of a damaged piece is believed.

        Raises:
            InputError: There is no such bucket, an erasure is damaged, or a piece is of another version.
        """
        self._objects.require_bucket()
        answers, pieces = 0, 0
        damaged: dict[str, str] = {}
        erased: list[str] = []
        with closing(AnswersCopy(self.folder)) as copy:
            marks = self._learn(copy)
            for _ in range(_LISTINGS):
                before = copy.taken() | damaged.keys()
                gone = False
                for name, data in self._got([one.name for one in self._pieces() if one.name not in before]):
                    if data is None:
                        gone = True  # gathered with others meanwhile
                        continue
                    try:
                        whole = answers_of(name, data)
                    except DamagedPiece as error:
                        damaged[name] = f"{ANSWERS}/{name} {error}"
                        continue
                    left = [one for one in whole if not is_erased(marks, one.request, one.asked_at)]
                    erased += [name] if len(left) < len(whole) else []
                    answers += copy.take_in(name, left)
                    pieces += 1
                if not gone:
                    break
            else:
                damaged[""] = "pieces that are listed are not there"
            # Whoever put them was stopped before it saw the erasure. Who may only read leaves it to the next.
            with suppress(InputError):
                self._gather(copy, erased, lambda _: True)
        return TakenIn(answers=answers, pieces=pieces, damaged=tuple(damaged.values()))

    def share(self) -> Mapping[str, int]:
        """Put what the copy has and nobody was given yet; the pieces by name, each with the number of its answers."""
        names: dict[str, int] = {}
        numbers: dict[tuple[object, ...], int] = {}

        def waiting(copy: AnswersCopy) -> Iterator[SharedAnswer]:
            for number, one in copy.to_share():
                numbers[one.key] = number
                yield one

        with closing(AnswersCopy(self.folder)) as copy:
            self._learn(copy)
            copy.forget_unshared()
            for some in in_pieces(waiting(copy)):
                name = self._put(copy, some)
                copy.shared(name, [(numbers[one.key], one.sum) for one in some])
                names |= {name: len(some)} if name else {}
        return names

    def gather(self, names: Sequence[str]) -> None:
        """Make fewer pieces of these."""
        with closing(AnswersCopy(self.folder)) as copy:
            self._gather(copy, names, lambda _: True)

    def forget(self, always: Iterable[str], so_far: Iterable[str] = (), *, sure: bool) -> int:
        """Erase the answers to some requests, here and there, so that no other machine brings them back; how many.

        Args:
            always: Fingerprints of requests whose answers are never kept again.
            so_far: Of those of which answers that are asked from a day after now on may be kept.
            sure: Do it; False counts alone.
        """
        until = self._now() + DAY_S
        marks: dict[str, float | None] = dict.fromkeys(map(mark_of, so_far), until)
        marks |= dict.fromkeys(map(mark_of, always))
        if not marks:
            return 0
        with closing(AnswersCopy(self.folder)) as copy:
            found = copy.names(marks)
            if sure:
                name, data = erasure_of(marks)
                self._objects.put(f"{ERASED}/{name}", data)
                self._learn(copy)
            names, damaged = [], []
            for name, answers in self._read():
                if answers is None:
                    damaged.append(name)
                    continue
                meant = {one.key for one in answers if is_erased(marks, one.request, one.asked_at)}
                found |= meant
                names += [name] if meant else []
            if sure:
                self._gather(copy, names, lambda _: True)
                for name in damaged:  # nobody uses it, and nobody can say that it holds nothing of them
                    self._objects.drop(f"{ANSWERS}/{name}")
        return len(found)

    def facts(self) -> SharedFacts:
        """What lies there."""
        pieces = self._pieces()
        with closing(AnswersCopy(self.folder)) as copy:
            erased, unshared = len(copy.marks()), copy.unshared()
        size = sum(one.size for one in pieces)
        return SharedFacts(address=str(self.address), pieces=len(pieces), bytes=size, erased=erased, unshared=unshared)

    def verify(self) -> CheckedPieces:
        """Read every piece and every erasure, and hold it against its name and its sums."""
        self._objects.require_bucket()
        answers, pieces, damaged = 0, 0, []
        for name, data in self._got([one.name for one in self._pieces()]):
            if data is None:
                continue
            pieces += 1
            try:
                answers += len(answers_of(name, data))
            except DamagedPiece as error:
                damaged.append(f"{ANSWERS}/{name} {error}")
        for one in self._objects.listed(ERASED):
            try:
                marks_of(one.name, self._objects.get(f"{ERASED}/{one.name}") or b"")
            except ValueError:
                damaged.append(f"{ERASED}/{one.name} is not what was put there, so that nothing can be taken or shared")
        foreign = (f"{ANSWERS}/{one.name}" for one in self._objects.listed(ANSWERS) if not is_piece(one.name))
        return CheckedPieces(
            address=str(self.address), answers=answers, pieces=pieces, damaged=tuple(damaged), foreign=tuple(foreign)
        )

    def prune(self, *, older_than_days: float | None = None, most_bytes: int | None = None) -> PrunedPieces:
        """Delete what is old, then the oldest until the rest is small enough; gather what is left in small pieces.

        Copies of other machines keep what they have, and do not bring it back.

        Args:
            older_than_days: Counted from when an answer was asked; None for no limit.
            most_bytes: Of the pieces; None for no limit.
        """
        self._objects.require_bucket()
        sizes = {one.name: one.size for one in self._pieces()}
        ages: list[tuple[int, float, str]] = []
        damaged = []
        for name, answers in self._read(list(sizes)):
            if answers is None:
                damaged.append(name)
                continue
            whole = sum(one.size for one in answers) or 1
            ages += [(one.asked_at, sizes[name] * one.size / whole, name) for one in answers]
        limit = _age_limit(ages, None if older_than_days is None else self._now() - older_than_days * DAY_S, most_bytes)
        old = {name for asked_at, _, name in ages if asked_at < limit}
        small = {name for name, size in sizes.items() if size < SMALL_BYTES} - set(damaged)
        with closing(AnswersCopy(self.folder)) as copy:
            self._gather(copy, sorted(old | small if len(small) > 1 else old), lambda one: one.asked_at >= limit)
        for name in damaged:
            self._objects.drop(f"{ANSWERS}/{name}")
        gone = sum(asked_at < limit for asked_at, _, _ in ages)
        size = sum(sizes.values()) - sum(one.size for one in self._pieces())
        return PrunedPieces(address=str(self.address), answers=gone, bytes=size)

    def _gather(self, copy: AnswersCopy, names: Sequence[str], keep: Keep) -> None:
        """Put what is kept of some pieces, and was not erased, into new ones, then delete these. Damaged ones stay."""
        read, new = [], set()
        known = copy.taken().issuperset(names)

        def kept() -> Iterator[SharedAnswer]:
            for name, answers in self._read(names):
                if answers is not None:
                    read.append(name)
                    yield from filter(keep, answers)

        for some in in_pieces(kept()):
            name = self._put(copy, some)
            new.add(name)
            if known:  # else it holds answers that the copy has not
                copy.shared(name, ())
        for name in read:
            if name not in new:
                self._objects.drop(f"{ANSWERS}/{name}")

    def _put(self, copy: AnswersCopy, answers: Sequence[SharedAnswer]) -> str | None:
        """Put answers as a piece, without those that were erased, be it in this moment; its name, None for nothing."""
        while True:
            marks = copy.marks()
            answers = [one for one in answers if not is_erased(marks, one.request, one.asked_at)]
            if not answers:
                return None
            name, data = piece_of(answers)
            self._objects.put(f"{ANSWERS}/{name}", data)
            marks = self._learn(copy)
            if not any(is_erased(marks, one.request, one.asked_at) for one in answers):
                return name
            self._objects.drop(f"{ANSWERS}/{name}")

    def _learn(self, copy: AnswersCopy) -> Marks:
        """Take in the erasures that are new to the copy; the marks of all."""
        taken = copy.taken()
        for one in self._objects.listed(ERASED):
            if one.name not in taken:
                try:
                    marks = marks_of(one.name, self._objects.get(f"{ERASED}/{one.name}") or b"")
                except ValueError:
                    raise self._unknown_erasure(one.name) from None
                copy.forget(one.name, marks)
        return copy.marks()

    def _unknown_erasure(self, name: str) -> InputError:
        return InputError(
            f"{self.address}/{ERASED}/{name} is not what was put there: it says what was erased",
            code="store.damaged",
            notes=["nothing was taken from there and nothing shared, so that nothing erased comes back"],
            hint="delete that object, then run audit erase again on the runs that it was about",
        )

    def _pieces(self) -> Sequence[ObjectFacts]:
        return [one for one in self._objects.listed(ANSWERS) if is_piece(one.name)]

    def _read(self, names: Sequence[str] | None = None) -> Iterator[tuple[str, list[SharedAnswer] | None]]:
        """Pieces with their answers, None for damaged ones; those that have gone are left out."""
        for name, data in self._got([one.name for one in self._pieces()] if names is None else names):
            if data is not None:
                try:
                    yield name, answers_of(name, data)
                except DamagedPiece:
                    yield name, None

    def _got(self, names: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Pieces with their bytes, some at a time; None for those that have gone. Of one that is longer than any piece
        the beginning, which does not fit its name."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for start in range(0, len(names), _AT_ONCE):
                some = names[start : start + _AT_ONCE]
                yield from zip(some, pool.map(self._piece, some), strict=True)

    def _piece(self, name: str) -> bytes | None:
        return self._objects.get(f"{ANSWERS}/{name}", most=MOST_BYTES)


def _age_limit(ages: Sequence[tuple[int, float, str]], limit: float | None, most_bytes: int | None) -> float:
    """Before which time answers are deleted, by their age and by the room of all that are younger."""
    found = float("-inf") if limit is None else limit
    size = 0.0
    for asked_at, bytes_, _ in sorted(ages, reverse=True) if most_bytes is not None else ():
        size += bytes_
        if size > (most_bytes or 0):
            return max(found, asked_at + 1)
    return found
