"""The work of a shard: make its calls, as far as its money goes, and keep what came of them in its journal."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from audit.core.errors import AuditError, EndpointError, Interrupted
from audit.llm.budget import CapReached
from audit.replay.journal import JournalLocked
from audit.replay.learned import Learned
from audit.replay.lending import DROP, STOP, KnownOfTiers, LenderSignal, ShardJob, ShardReport
from audit.replay.meter import SilentMeter
from audit.replay.options import Lent, PartStopped, ReplayOptions
from audit.replay.run import ReplaySession

LOOK_EVERY_S = 0.5
LOCK_WAIT_S = 120.0
"""Seconds that a shard waits for the process that had it before, which was taken for lost."""


class _Notes(SilentMeter):
    """Keeps what is worth a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        """Keep it."""
        self.lines.append(text)


def ask_shard(job: ShardJob) -> ShardReport:
    """Make the calls of a shard that have no result in its journal.

    It ends early when its money is used up, when its tiers are stopped, and when whoever lent the money is gone.

    Raises:
        AuditError: The run folder is not to be seen here (`executor.other-storage`), or somebody else has the shard.
    """
    if LenderSignal(job.folder.path.parent, job.session).heard() is None and not job.folder.journal.exists():
        raise AuditError(
            f"a process that is to make calls does not see {job.run}",
            code="executor.other-storage",
            notes=["nothing was sent by it"],
            hint="keep the run folder on storage that all machines of the cluster share, under the same path",
        )
    with _not_interrupted():
        return asyncio.run(_ask(job))


async def _ask(job: ShardJob) -> ShardReport:
    known, said = job.known, LenderSignal(job.folder.path.parent, job.session)
    learned = Learned(
        path=job.folder.tiers,
        notes=dict(known.notes),
        shapes={tier: set(shapes) for tier, shapes in known.shapes.items()},
        refused_marks={tier: dict(marks) for tier, marks in known.refused_marks.items()},
    )
    meter = _Notes()
    options = ReplayOptions(
        cap_usd=job.usd,
        tokens=job.tokens,
        client=job.client,
        meter=meter,
        learned=learned,
        models=job.models,
        table=False,
        lent=Lent(trust=known.trust, still=lambda: _goes_on(said.heard())),
    )
    session = await _run(job, options, said)
    return ShardReport(
        mark=job.mark,
        known=KnownOfTiers(
            notes=learned.notes,
            refused_marks=learned.refused_marks,
            shapes={tier: frozenset(shapes) for tier, shapes in learned.shapes.items()},
            trust=session.budget.trust,
        ),
        stops=learned.stops,
        notes=meter.lines,
    )


async def _run(job: ShardJob, options: ReplayOptions, said: LenderSignal) -> ReplaySession:
    """Replay, once nobody else has the journal."""
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        session = ReplaySession(job.calls, job.requests, job.tiers, job.settings, job.folder, options)
        watcher = asyncio.create_task(_watch(session, said, job.silent_s))
        try:
            await session.run()
        except (CapReached, Interrupted, PartStopped, EndpointError):
            pass  # its calls without a result go back to whoever lent the money, with what is left of it
        except JournalLocked:
            if time.monotonic() > until:
                raise
            if _goes_on(said.heard()):
                await asyncio.sleep(LOOK_EVERY_S)
                continue
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
        return session


async def _watch(session: ReplaySession, said: LenderSignal, silent_s: float) -> None:
    """End the session when whoever lent the money wants it, or is gone: at once where that shows."""
    parent = multiprocessing.parent_process()
    last, since, ending = said.heard(), time.monotonic(), False
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        word = said.heard()
        if word != last:
            last, since = word, time.monotonic()
        alone = parent is not None and not parent.is_alive()
        if not ending and (alone or not _goes_on(word) or time.monotonic() - since > silent_s):
            session.interrupt(signal.SIGTERM)
            ending = True
        if word == DROP:
            session.interrupt(signal.SIGTERM)  # the second one drops what is on the wire
            return


def _goes_on(word: str | None) -> bool:
    return word not in (None, STOP, DROP)


@contextmanager
def _not_interrupted() -> Iterator[None]:
    """Ctrl-C at a terminal reaches every process there. What it means for a shard is for who lent the money to say."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
