"""The journal: one line per event of a call, appended, checked and resumable.

Events of a call: `start` (an attempt is about to be sent, with its worst case), `back` (it came back and was not
billed), `void` (its call ends without a result) and `done` (the result, with every column of `schemas.REPLAYS`). Events
of a batch: `submit` (it is about to be handed in, with its calls and their worst cases), `accept` (the vendor's id of
it) and `drop` (it is known to have never arrived); its calls end like any other. Events of a lease, which is money that
was lent to another process with the calls to make for it: `lend` (before it begins) and `repay` (what it has cost
beside the results of its calls, which came in before this). A line counts only when it is whole:
`{"sum":"<crc32>","event":{...}}`, newline.

A line is one `write` to a file opened for appending, so a killed process loses nothing that finished. What a power cut
could lose is bounded by group commit: while lines are unsynced, a thread syncs the file every 50 ms, and no call waits
for the disk. A `start` without an end is an attempt that was in flight at a kill; its worst case counts as spent, so
that the spend cap holds across kills too.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import msgspec

from audit.core.artifacts import OWNER_FILE, private_folder, write_atomic
from audit.core.errors import AuditError
from audit.core.reason import Reason
from audit.core.schemas import MEASURED
from audit.llm.batch import StoredFile

COMMIT_EVERY_S = 0.05
JUDGE = "judge"
"""Arm of the calls that ask judges."""
ANSWER = ("text", "tool_calls", "error", "recording")
"""Fields of a result that hold what was answered."""
BATCH_EVENTS = ("submit", "accept", "drop")
LEASE_EVENTS = ("lend", "repay")
BLOCK_BYTES = 1 << 20
"""Read at a time where a checksum is taken."""
_HEAD = b'{"sum":"%08x","event":'
_HEAD_BYTES = len(_HEAD % 0)
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class JournalLocked(AuditError):
    """Another process writes this journal."""

    default_code = "replay.locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The latest result of a call, and where its line is.

    Attributes:
        spent_usd: Billed for it over the network.
        lost_usd: What attempts without an answer report that they were billed, and the worst case of those that may
            have been; those of its earlier results included: a call that failed in one session and was asked again in
            the next has cost both. What was in flight when a session was stopped is not in it, because nothing failed
            there.
        earlier_usd: What an earlier run was billed for it; 0 where that is not known, or this run asked.
    """

    status: str
    attempts: int
    served_from: str
    estimated: bool
    spent_usd: float
    lost_usd: float
    offset: int
    length: int
    earlier_usd: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether the status says something of the tier; what does not is asked again on a resume. So is what was too
        long by the tier's own `context_tokens` and was never sent: that setting may be another one now."""
        return self.status in MEASURED and not (self.status == Reason.TOO_LONG and not self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A batch that was handed in, and the calls of it that have not ended.

    Attributes:
        mark: Our name of it; the custom id of its request number n is `MARK-n`.
        tier: By name.
        at: When it was written down, seconds since 1970.
        numbers: Requests in it.
        batch_id: The vendor's name of it; None while nobody knows whether it arrived.
        shelf: The file in object storage that its requests were put into, and beside which its results will be,
            whatever the tier says later; None where there is none.
        calls: By call id: its number in the batch, and its worst case in USD.
    """

    mark: str
    tier: str
    at: float
    numbers: int
    batch_id: str | None
    calls: dict[str, tuple[int, float]]
    shelf: StoredFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Money that was lent to another process, which has not been settled.

    Attributes:
        mark: Our name of it, and of the folder of its journal.
        usd: How much.
        calls: Ids of the calls that it was lent for, whose results are in its own journal alone.
        booked_usd: What the results that came in before a kill say was spent or lost of it.
    """

    mark: str
    usd: float
    calls: frozenset[str]
    booked_usd: float = 0.0

    @property
    def left_usd(self) -> float:
        """What of it may be gone without a word."""
        return max(self.usd - self.booked_usd, 0.0)


class JournalLedger:
    """What a journal says, folded: latest result per call, and the money of all of them.

    Attributes:
        results: By call id.
        spent_usd: Billed for answers.
        lost_usd: Worst case of attempts that may have been billed: lost ones, and those in flight at a kill.
        submissions: Batches with calls that have not ended, by mark. Their worst cases are in no sum here.
        batch_ids: The vendors' names of all batches of this journal, ended ones included.
        leases: Money that another process has, by mark. What is left of it counts as lost: nobody knows here yet.
        damaged: Lines left out, the torn last one not counted.
        end: Length in bytes of the whole lines.
    """

    def __init__(self) -> None:
        self.results: dict[str, Result] = {}
        self.spent_usd = 0.0
        self.lost_usd = 0.0
        self.submissions: dict[str, Submission] = {}
        self.batch_ids: set[str] = set()
        self.leases: dict[str, Lease] = {}
        self.damaged = 0
        self.end = 0
        self._started: dict[str, list[float]] = {}

    @classmethod
    def read(cls, path: Path) -> JournalLedger:
        """Fold a journal file; no file is an empty ledger.

        A round asks for the ledger several times, and a journal only grows: what this process has folded of it is
        recognised by its checksum, and the lines behind it are folded.
        """
        if not path.exists():
            return cls()
        folded = _FOLDED.get(path.absolute()) or _Folded(ledger=cls())
        with path.open("rb") as file:
            if _checksum(file, folded.ledger.end) != folded.checksum:
                folded = _Folded(ledger=cls())
            folded.go_on(file)
        _FOLDED.clear()  # one at a time: a ledger is as long as its journal
        _FOLDED[path.absolute()] = folded
        return folded.ledger.closed()

    def closed(self) -> JournalLedger:
        """A ledger of its own for one reader, where attempts without an end count as lost."""
        ledger = JournalLedger()
        ledger.results = dict(self.results)
        ledger.spent_usd, ledger.lost_usd = self.spent_usd, self.lost_usd
        ledger.submissions = {mark: replace(one, calls=dict(one.calls)) for mark, one in self.submissions.items()}
        ledger.batch_ids = set(self.batch_ids)
        ledger.damaged, ledger.end = self.damaged, self.end
        ledger._started = {call_id: list(stakes) for call_id, stakes in self._started.items()}
        ledger.lost_usd += sum(sum(stakes) for stakes in ledger._started.values())
        ledger.leases = dict(self.leases)
        ledger.lost_usd += sum(lease.left_usd for lease in self.leases.values())
        return ledger

    def take(self, line: bytes, offset: int) -> None:
        """Fold one line."""
        event = parse_line(line)
        if event is None:
            self.damaged += line.endswith(b"\n")
            if line.endswith(b"\n"):
                self.end = offset + len(line)
            return
        self.end = offset + len(line)
        kind = event["event"]
        if kind in BATCH_EVENTS:
            self.take_batch(event)
            return
        if kind in LEASE_EVENTS:
            self.take_lease(event)
            return
        call_id = event["call_id"]
        self.end_in_batch(event)
        if kind == "start":
            self._started.setdefault(call_id, []).append(event["worst_usd"])
            return
        # What a session's own attempts may have cost is in the event that ends the call; a start that an earlier
        # session left stays lost.
        stakes = self._started.get(call_id, [])
        ended = 1 if kind == "back" else event.get("starts", 1)
        del stakes[max(len(stakes) - ended, 0) :]
        if kind == "back":
            return
        self.lost_usd += event["lost_usd"]
        if kind == "done":
            self.spent_usd += event["spent_usd"]
            self.keep(event, offset, len(line))
            self.book(event)

    def take_lease(self, event: dict[str, Any]) -> None:
        """Fold an event of a lease."""
        mark = event["mark"]
        if event["event"] == "lend":
            self.leases[mark] = Lease(mark=mark, usd=event["usd"], calls=frozenset(event["calls"]))
        else:
            self.spent_usd += event["spent_usd"]
            self.lost_usd += event["lost_usd"]
            self.leases.pop(mark, None)

    def book(self, event: dict[str, Any]) -> None:
        """A result came in that was paid from a lease; it is not to come in again."""
        lease = self.leases.get(event.get("lease") or "")
        if lease is not None and event["call_id"] in lease.calls:
            booked = lease.booked_usd + event["spent_usd"] + event["lost_usd"]
            self.leases[lease.mark] = replace(lease, booked_usd=booked, calls=lease.calls - {event["call_id"]})

    def take_batch(self, event: dict[str, Any]) -> None:
        """Fold an event of a batch."""
        mark = event["mark"]
        if event["event"] == "submit":
            calls = {call_id: (number, worst) for number, (call_id, worst) in enumerate(event["calls"])}
            self.submissions[mark] = Submission(
                mark=mark,
                tier=event["tier"],
                at=event["at"],
                numbers=len(calls),
                batch_id=None,
                calls=calls,
                shelf=StoredFile(**event["shelf"]) if "shelf" in event else None,
            )
        elif event["event"] == "accept":
            self.batch_ids.add(event["batch_id"])
            if mark in self.submissions:
                self.submissions[mark] = replace(self.submissions[mark], batch_id=event["batch_id"])
        else:
            self.submissions.pop(mark, None)

    def end_in_batch(self, event: dict[str, Any]) -> None:
        """A call ended; it is not in its batch any more."""
        found = self.submissions.get(event.get("mark") or "")
        if found is not None:
            found.calls.pop(event["call_id"], None)
            if not found.calls:
                del self.submissions[found.mark]

    def keep(self, event: dict[str, Any], offset: int, length: int) -> None:
        """Take a result for the latest of its call."""
        call_id = event["call_id"]
        before = self.results.get(call_id)
        lost = event["lost_usd"] + event.get("failed_usd", 0.0) + (before.lost_usd if before else 0.0)
        self.results[call_id] = _result(event, lost, offset, length)


@dataclass(slots=True)
class _Folded:
    """What this process has folded of a journal, and the checksum of these bytes."""

    ledger: JournalLedger
    checksum: int = 0

    def go_on(self, file: BinaryIO) -> None:
        """Fold the lines from the end of the ledger on. What is behind the last whole line is left for another time."""
        file.seek(self.ledger.end)
        for line in file:
            self.ledger.take(line, self.ledger.end)
            if line.endswith(b"\n"):
                self.checksum = zlib.crc32(line, self.checksum)


_FOLDED: dict[Path, _Folded] = {}


def _checksum(file: BinaryIO, end: int) -> int:
    """Of the bytes before `end`; of all where there are fewer."""
    checksum = 0
    while end > 0 and (block := file.read(min(end, BLOCK_BYTES))):
        checksum, end = zlib.crc32(block, checksum), end - len(block)
    return checksum


class Journal:
    """An open journal with its single writer. Use as an async context manager.

    Raises:
        JournalLocked: Another process has it open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        private_folder(path.parent)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, OWNER_FILE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise JournalLocked(
                f"another audit is writing {path}", hint="wait for it, or give this one another folder with --out"
            ) from None
        self.ledger = JournalLedger.read(path)
        os.ftruncate(self._descriptor, self.ledger.end)
        self._end = self.ledger.end
        self._open: dict[str, int] = {}
        self._dirty = asyncio.Event()
        self._unsynced: OSError | None = None
        self._committer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Journal:
        self._committer = asyncio.create_task(self._commit())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._committer is not None
        self._committer.cancel()
        with suppress(asyncio.CancelledError):
            await self._committer
        os.fsync(self._descriptor)
        self.close()

    def close(self) -> None:
        """Let others write it. For whoever has not entered the journal."""
        os.close(self._descriptor)

    def start(self, call_id: str, worst_usd: float) -> None:
        """A call with money set aside is about to be sent."""
        self._open[call_id] = self._open.get(call_id, 0) + 1
        self._append({"event": "start", "call_id": call_id, "worst_usd": worst_usd})

    def back(self, call_id: str) -> None:
        """An attempt came back and was not billed; another may follow."""
        self._open[call_id] -= 1
        self._append({"event": "back", "call_id": call_id})

    def void(self, call_id: str, lost_usd: float) -> None:
        """A started call ends without a result; nothing of it is on the wire."""
        starts = self._open.pop(call_id, 0)
        event = {"event": "void", "call_id": call_id, "lost_usd": lost_usd, "starts": starts, **self._mark(call_id)}
        self._append(event)
        self.ledger.end_in_batch(event)

    def done(self, row: dict[str, Any]) -> None:
        """A call has its result. Takes the columns of `schemas.REPLAYS`, `call_id`, `spent_usd` and `lost_usd`; `lease`
        where it was paid from one."""
        call_id = row["call_id"]
        event = {"event": "done", **row, "starts": self._open.pop(call_id, 0), **self._mark(call_id)}
        offset = self._end
        length = self._append(event)
        self.ledger.keep(event, offset, length)
        self.ledger.end_in_batch(event)
        self.ledger.book(event)

    def lend(self, mark: str, usd: float, calls: Collection[str]) -> None:
        """Money is about to be lent for calls, by their ids; on the disk when this returns."""
        self._lease({"event": "lend", "mark": mark, "usd": usd, "calls": list(calls)})

    def repay(self, mark: str, spent_usd: float, lost_usd: float) -> None:
        """A lease is settled, and its results are in: what it cost beside them. On the disk when this returns."""
        self._lease({"event": "repay", "mark": mark, "spent_usd": spent_usd, "lost_usd": lost_usd})

    def _lease(self, event: dict[str, Any]) -> None:
        self._append(event)
        self.ledger.take_lease(event)
        os.fsync(self._descriptor)

    def submit(
        self, mark: str, tier: str, at: float, calls: Sequence[tuple[str, float]], shelf: StoredFile | None = None
    ) -> None:
        """A batch is about to be handed in; on the disk when this returns, whatever becomes of the machine.

        Args:
            calls: Ids and worst cases, in the order of their numbers in the batch.
            shelf: The file in object storage that its requests are put into.
        """
        event = {"event": "submit", "mark": mark, "tier": tier, "at": at, "calls": [list(one) for one in calls]}
        self._batch(event if shelf is None else event | {"shelf": {"address": shelf.address, "region": shelf.region}})
        os.fsync(self._descriptor)

    def accept(self, mark: str, batch_id: str) -> None:
        """The vendor has the batch, under this name."""
        self._batch({"event": "accept", "mark": mark, "batch_id": batch_id})

    def drop(self, mark: str) -> None:
        """The batch never arrived: nothing of it is billed."""
        self._batch({"event": "drop", "mark": mark})

    def _batch(self, event: dict[str, Any]) -> None:
        self._append(event)
        self.ledger.take_batch(event)

    def _mark(self, call_id: str) -> dict[str, str]:
        """The batch that a call is in, for the event that ends it."""
        marks = (mark for mark, submission in self.ledger.submissions.items() if call_id in submission.calls)
        mark = next(marks, None)
        return {} if mark is None else {"mark": mark}

    def _append(self, event: dict[str, Any]) -> int:
        """Write a line whole or not at all.

        Raises:
            OSError: The disk takes no more, now or when earlier lines were to reach it.
        """
        if self._unsynced is not None:
            raise self._unsynced
        line = format_line(event)
        written = 0
        try:
            while written < len(line):  # a full disk takes a part and raises on the next write
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            # Half a line would swallow the one that is written when there is room again.
            os.ftruncate(self._descriptor, self._end)
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        self._end += len(line)
        self._dirty.set()
        return len(line)

    async def _commit(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await asyncio.to_thread(os.fsync, self._descriptor)
            except OSError as error:
                self._unsynced = OSError(error.errno, error.strerror, str(self.path))
                return
            await asyncio.sleep(COMMIT_EVERY_S)


def format_line(event: dict[str, Any]) -> bytes:
    """A journal line. ASCII, so that lone surrogates in an answer survive as escapes."""
    body = _ENCODER.encode(event).encode()
    return _HEAD % zlib.crc32(body) + body + b"}\n"


def parse_line(line: bytes) -> dict[str, Any] | None:
    """The event of a line, or None when the line is not whole."""
    body = line[_HEAD_BYTES:-2]
    if not line.endswith(b"}\n") or line[:_HEAD_BYTES] != _HEAD % zlib.crc32(body):
        return None
    try:
        event: dict[str, Any] = msgspec.json.decode(body)
    except msgspec.DecodeError:  # a lone surrogate, which an answer may hold
        event = json.loads(body)
    return event


def done_events(path: Path, arm: str | None = None) -> Iterator[dict[str, Any]]:
    """Every result that a journal holds, in its order; none where there is no journal.

    Args:
        arm: Only results of this arm; None for all.
    """
    if not path.exists():
        return
    # Within a text quotes are escaped, so no other line has these bytes, and most lines need not be parsed.
    mark = b"" if arm is None else b'"arm":%s' % _ENCODER.encode(arm).encode()
    for _, line in _lines(path):
        event = parse_line(line) if mark in line else None
        if event is not None and event["event"] == "done" and arm in (None, event["arm"]):
            yield event


def judge_requests(path: Path) -> frozenset[str]:
    """Fingerprints of what judges were asked: their requests quote the answers."""
    return frozenset(event["request_fp"] for event in done_events(path, JUDGE))


def forget_texts(path: Path, request_fps: Collection[str], *, sure: bool) -> int:
    """Take the answers out of the results of requests, and out of all that judges replied, who quote them.

    Statuses, tokens and money stay. A damaged line, which might hold one, goes.

    Args:
        path: Of a journal; none holds nothing.
        request_fps: Of the requests.
        sure: Do it; False counts alone.

    Returns:
        Results that held an answer.

    Raises:
        JournalLocked: Another process writes it.
    """
    if not path.exists():
        return 0
    journal, changed = Journal(path), 0
    lines = []
    try:
        for _, line in _lines(path):
            event = parse_line(line)
            if event is None:
                continue
            meant = event["event"] == "done" and (event["arm"] == JUDGE or event["request_fp"] in request_fps)
            if meant and any(event.get(name) is not None for name in ANSWER):
                changed += 1
                line = format_line({name: value for name, value in event.items() if name not in ANSWER})
            lines.append(line)
        if sure and changed:
            write_atomic(path, b"".join(lines))
    finally:
        journal.close()
    return changed


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    offset = 0
    with path.open("rb") as file:
        for line in file:
            yield offset, line
            offset += len(line)


def _result(event: dict[str, Any], lost_usd: float, offset: int, length: int) -> Result:
    return Result(
        status=_one(event["status"]),
        attempts=event["attempts"],
        served_from=_one(event["served_from"]),
        estimated=event["usage_estimated"],
        spent_usd=event["spent_usd"] or 0.0,
        lost_usd=lost_usd or 0.0,
        offset=offset,
        length=length,
        earlier_usd=(event.get("earlier") or {}).get("usd") or 0.0,
    )


def _one(word: str) -> str:
    """The same word, as one object for all the results that say it; those of this session may be members of an enum."""
    return sys.intern(word) if type(word) is str else word
