"""What shards have left: their results go into the journal of the run, and their leases are settled."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from audit.core.artifacts import RunFolder, private_file, private_folder
from audit.core.exchange import Completion, recorded_completion
from audit.replay.journal import Journal, JournalLedger, JournalLocked, done_events
from audit.replay.lending import STOP, LenderSignal
from audit.replay.plan import Call

LOCK_WAIT_S = 180.0
"""Seconds that a shard has to end the calls that it has on the wire."""
LOOK_EVERY_S = 0.5
ROUNDING_USD = 1e-12

TakeIn = Callable[[Call, Mapping[str, Any], Completion | None], None]
"""Takes a call, its result as a row of the journal, and the answer if there is one."""


def new_name() -> str:
    """Of a session or a lease; no other has it."""
    return secrets.token_hex(8)


def signal_of(folder: RunFolder, session: str) -> LenderSignal:
    """The file that the shards of a run look at."""
    return LenderSignal(folder.shards.absolute(), session)


def begin(folder: RunFolder, journal: Journal, mark: str, usd: float, calls: Collection[str]) -> None:
    """Write a lease down, and make the journal of its shard, empty.

    Args:
        calls: Ids of those that may be made for the money.
    """
    shard = folder.shard(mark)
    for path in (folder.shards, shard.path, shard.replays):
        private_folder(path)
    private_file(shard.journal)
    journal.lend(mark, usd, calls)


def take_in_shard(folder: RunFolder, journal: Journal, mark: str, take_in: TakeIn) -> tuple[float, float]:
    """Copy a shard's results into the journal of the run, settle its lease, and remove it.

    Results that a session has copied already, before it was killed, are not copied again.

    Returns:
        What the shard spent, and what it may have lost, USD.

    Raises:
        JournalLocked: It is at work.
    """
    shard, lease = folder.shard(mark), journal.ledger.leases[mark]
    if not shard.journal.exists():  # it was there before the lease was, so nobody knows what was in it
        journal.repay(mark, 0.0, lease.left_usd)
        return 0.0, lease.left_usd
    own = Journal(shard.journal)
    try:
        ledger = own.ledger
        rows = {event["call_id"]: event for event in done_events(shard.journal)}
    finally:
        own.close()
    for row in rows.values():
        if row["call_id"] in lease.calls:
            take_in(*_read(row, mark))
    journal.repay(mark, *_beside(ledger, rows.values()))
    shutil.rmtree(shard.path, ignore_errors=True)
    return ledger.spent_usd, ledger.lost_usd


async def recover(folder: RunFolder, journal: Journal, take_in: TakeIn, said: LenderSignal | None = None) -> int:
    """Take in every shard whose lease is open; how many that were.

    Their session is gone, but they may still be at work: they are told to end, and waited for.

    Args:
        said: Of a session that has told them to end already; None at the start of one.

    Raises:
        JournalLocked: A shard does not end.
    """
    found = list(journal.ledger.leases)
    if found and said is None:
        # Before any journal is looked at: a shard that begins after that sees that it may not.
        signal_of(folder, new_name()).say(STOP)
    for mark in found:
        until = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                take_in_shard(folder, journal, mark, take_in)
                break
            except JournalLocked:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(LOOK_EVERY_S)
    shutil.rmtree(folder.shards, ignore_errors=True)
    return len(found)


def _read(event: dict[str, Any], mark: str) -> tuple[Call, dict[str, Any], Completion | None]:
    """A result of a shard: its call, its row in the journal of the run, and its answer."""
    row = {name: value for name, value in event.items() if name not in ("event", "starts", "recording")}
    call = Call(**{name: row[name] for name in ("call_id", "request_fp", "route", "tier", "arm", "repeat")})
    recording = event.get("recording")
    return call, {**row, "lease": mark}, None if recording is None else recorded_completion(recording)


def _beside(ledger: JournalLedger, rows: Collection[Mapping[str, Any]]) -> tuple[float, float]:
    """What a shard spent and may have lost beside its calls' results: attempts of calls without one, and those that
    were on the wire when it was lost."""
    spent_usd = ledger.spent_usd - sum(row["spent_usd"] for row in rows)
    lost_usd = ledger.lost_usd - sum(row["lost_usd"] for row in rows)
    return (spent_usd if spent_usd > ROUNDING_USD else 0.0), (lost_usd if lost_usd > ROUNDING_USD else 0.0)
