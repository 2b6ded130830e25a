"""Calls that are made by several processes, here or on a cluster, with one cap, one journal and one limit of each host.

The session that holds the run folder lends: it sets a part of what is left of the cap aside, writes that down, and
hands out a shard (`lending.py`), whose cap is that money. So the sum cannot pass the cap, whatever a shard does and
however it ends. When it has ended, its results are copied from its journal into the run's, the rest of its money comes
back, and calls that it did not come to are lent for again. What a session did not live to take in, the next one does
first.

A shard has calls to all tiers, in the order of the plan, so that every tier is asked all the time. Limits: on one
machine processes see what is used up of a limit (`llm/allowance.py`), and nothing changes. Machines do not, so there
each shard has an equal part of every limit.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from audit.core.artifacts import RunFolder
from audit.core.display import plural
from audit.core.errors import AuditError
from audit.core.exchange import Completion
from audit.core.settings import ExecutorSettings
from audit.executors import EXECUTORS, Pool, open_pool
from audit.llm.budget import Budget
from audit.replay.journal import Journal, JournalLocked
from audit.replay.learned import Learned
from audit.replay.leases import TakeIn, begin, new_name, recover, signal_of, take_in_shard
from audit.replay.lending import BEAT_S, DROP, STOP, KnownOfTiers, LenderSignal, ShardJob, ShardReport, ShardTerms
from audit.replay.plan import Call

WORK = "audit.replay.shard:ask_shard"
SHARED_FROM = 2_000
"""Calls over the network from which they are shared: fewer are made before other processes have begun."""
IN_FLIGHT_EACH = 64
"""Calls in flight that are worth a process: one asks some hundreds a second, and waits for answers otherwise."""
FEWEST_CALLS, MOST_CALLS = 50, 1_000
"""Of one shard: few enough that all end at about the same time, as many as are worth its connections."""
SHARDS_EACH = 4
"""Shards per process at least, where there are calls enough."""
AT_ONCE = 2
"""Shards per process that are lent for at a time: one is made, one waits."""
FEW_IN_FLIGHT = 8
"""Worst cases that a shard's money holds at least, while there is money for others too."""


def processes_for(executor: ExecutorSettings, in_flight: int, calls: int) -> int:
    """How many processes share calls over the network: 1 where this one is enough.

    Args:
        in_flight: Calls at a time that their tiers allow.
        calls: To make.
    """
    worth = in_flight // IN_FLIGHT_EACH
    if calls < SHARED_FROM or worth < 2:
        return 1
    with open_pool(executor) as pool:
        return max(1, min(pool.workers, worth))


def on_one_machine(executor: ExecutorSettings) -> bool:
    """Whether all processes of an executor are on this machine."""
    return EXECUTORS.get(executor.name).here


async def take_in_left(folder: RunFolder, journal: Journal, take_in: TakeIn) -> bool:
    """Take in what shards of an earlier session have left; whether there was anything.

    Raises:
        JournalLocked: One is at work, and does not end.
    """
    return bool(journal.ledger.leases) and await recover(folder, journal, take_in) > 0


@dataclass(slots=True, kw_only=True)
class Shards:
    """The shards of one session.

    Attributes:
        terms: What they have in common.
        executor: Where they are made.
        many: At a time.
        answered: By tier, answers so far, as the session counts them.
        take_in: Journals a result.
        at_hand: Takes the answer of an earlier run, if there is one by now.
        stopping: Whether the session winds up.
        note: Told what is worth a line.
    """

    terms: ShardTerms
    executor: ExecutorSettings
    many: int
    journal: Journal
    budget: Budget
    learned: Learned
    answered: Mapping[str, int]
    take_in: TakeIn
    at_hand: Callable[[Call], Awaitable[bool]]
    stopping: Callable[[], bool]
    note: Callable[[str], None]
    _queue: deque[tuple[int, Call]] = field(default_factory=deque)
    _out: dict[str, tuple[float, list[tuple[int, Call]]]] = field(default_factory=dict)
    _signal: LenderSignal = field(init=False)
    _last_word: str | None = None
    _over: bool = False
    _each: int = MOST_CALLS
    _taken: int = 0

    def __post_init__(self) -> None:
        """The name of this session, which no other has."""
        self._signal = signal_of(self.terms.folder, new_name())

    async def run(self, calls: Sequence[Call]) -> None:
        """Make calls over the network; those whose tier or route is stopped meanwhile are left.

        Raises:
            CapReached: The next call does not fit under the cap.
            AuditError: Workers were lost again and again, or do not see the run folder.
        """
        self._queue = deque(enumerate(calls))
        self._each = min(MOST_CALLS, max(FEWEST_CALLS, math.ceil(len(calls) / (SHARDS_EACH * self.many))))
        beat = asyncio.create_task(self._beat())
        try:
            with open_pool(self.executor.model_copy(update={"workers": self.many})) as pool:
                try:
                    await self._rounds(pool)
                finally:
                    self._say(STOP)  # before the pool is closed, which waits for what it has begun
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            # One that does not end stays lent: the next session takes it in.
            with suppress(JournalLocked):
                await recover(self.terms.folder, self.journal, self.take_in, self._signal)
            self._over = True

    def wind_up(self) -> None:
        """Start no more calls; those on the wire may come back."""
        if self._last_word is None and self._out:
            self.note(f"{plural(len(self._out), 'shard')} of the calls: those on the wire are waited for")
        self._say(STOP)

    def drop(self) -> None:
        """Drop the calls on the wire."""
        self._say(DROP)

    def _say(self, word: str) -> None:
        if self._last_word in (None, STOP) and not self._over:
            self._last_word = word
            self._signal.say(word)

    async def _beat(self) -> None:
        number = 0
        while self._last_word is None:
            number += 1
            self._signal.say(str(number))
            await asyncio.sleep(BEAT_S)

    async def _rounds(self, pool: Pool) -> None:
        """Until nothing is left: a round ends when there is no money for another shard before those that are out come
        back."""
        self._signal.say("0")
        while self._queue and not self.stopping():
            before = self._taken
            await self._round(pool)
            if self._taken == before and not self.stopping():
                self._refuse()

    async def _round(self, pool: Pool) -> None:
        """Lend as long as there are calls and money, and take in what comes."""
        loop = asyncio.get_running_loop()

        def jobs() -> Iterator[ShardJob]:
            # Asked for in another thread, by the executor; all books are kept in this one.
            while (job := asyncio.run_coroutine_threadsafe(self._lease(), loop).result()) is not None:
                yield job

        reports = pool.run(jobs(), work=WORK)
        while (report := await asyncio.to_thread(next, reports, None)) is not None:
            self._settle(report)

    async def _lease(self) -> ShardJob | None:
        """The next shard, with its money set aside and written down; None where there is none now."""
        taken: list[tuple[int, Call]] = []
        while self._queue and len(taken) < self._each and not self.stopping():
            entry = self._queue.popleft()
            if not (self.learned.is_stopped(entry[1].route, entry[1].tier) or await self.at_hand(entry[1])):
                taken.append(entry)
        fit, usd = self._tranche([call for _, call in taken])
        fit = 0 if self.stopping() else fit
        self._queue.extendleft(reversed(taken[fit:]))
        if not fit:
            return None
        mark, calls = new_name(), [call for _, call in taken[:fit]]
        self.budget.lend(usd)
        self._out[mark] = usd, taken[:fit]
        begin(self.terms.folder, self.journal, mark, usd, [call.call_id for call in calls])
        learned = self.learned
        known = KnownOfTiers(
            notes=dict(learned.notes),
            refused_marks={tier: dict(marks) for tier, marks in learned.refused_marks.items()},
            shapes={tier: frozenset(shapes) for tier, shapes in learned.shapes.items()},
            trust=self.budget.trust,
            answered=frozenset(tier for tier, answers in self.answered.items() if answers),
        )
        return self.terms.job(self._signal.session, mark, usd, calls, known)

    def _tranche(self, calls: Sequence[Call]) -> tuple[int, float]:
        """How many of the calls to lend for now, and how much.

        Everything they could cost, where there is that much. Else each shard has an equal part of what is left, as long
        as that holds some calls in flight; at the end one shard alone has all of it.
        """
        free_usd = self.budget.free_usd
        needs = [self.budget.needs(self._worst_usd(call), call.tier) for call in calls]
        fit = next((n for n, (least_usd, _) in enumerate(needs) if least_usd > free_usd), len(calls))
        if not fit:
            return 0, 0.0
        part_usd = max(free_usd / (AT_ONCE * self.many), FEW_IN_FLIGHT * max(least for least, _ in needs[:fit]))
        usd = min(sum(wanted for _, wanted in needs[:fit]), part_usd)
        if usd > free_usd:
            return (0, 0.0) if self._out else (fit, free_usd)
        return fit, usd

    def _worst_usd(self, call: Call) -> float:
        terms = self.terms
        return terms.worst_usd(call, self.learned.sent(terms.requests[call.request_fp], terms.tiers[call.tier]))

    def _refuse(self) -> None:
        """Nothing came of a whole round.

        Raises:
            CapReached: The next call does not fit under the cap.
            AuditError: It would, and no shard made it.
        """
        left = [call for _, call in self._queue if not self.learned.is_stopped(call.route, call.tier)]
        if not left:
            self._queue.clear()
            return
        worst_usd = self._worst_usd(left[0])
        if self.budget.needs(worst_usd, left[0].tier)[0] > self.budget.free_usd:
            raise self.budget.refusal(worst_usd, left[0].tier)
        raise AuditError(
            "processes that share the calls end without making any",
            code="executor.nothing-done",
            hint="do they see the run folder as it is now?  To ask from here alone:  --executor local --workers 1",
        )

    def _settle(self, report: ShardReport) -> None:
        """A shard has ended: its results come in, its money comes back, its other calls wait again."""
        usd, lent_for = self._out.pop(report.mark)
        ended: set[str] = set()

        def take_in(call: Call, row: Mapping[str, Any], answer: Completion | None) -> None:
            ended.add(call.call_id)
            self.take_in(call, row, answer)

        cost = take_in_shard(self.terms.folder, self.journal, report.mark, take_in)
        self.budget.repaid(usd, *cost, report.known.trust)
        self._taken += len(ended) + (sum(cost) > 0)
        self._queue.extendleft(reversed([entry for entry in lent_for if entry[1].call_id not in ended]))
        self.learned.merge(report.known.notes, report.known.refused_marks)
        for tier, error in report.stops.items():
            if self.learned.stop_tier(tier, error):
                self.note(f"{error.what}; nothing more is sent to tier `{tier}`, the others go on")
        for text in report.notes:
            self.note(text)
