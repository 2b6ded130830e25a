"""The replay: every planned call asked once, journaled, and written as a table.

Starting and resuming are one code path: what the journal has a measured result for is not asked again; calls that
failed to measure are, as are those that were in flight when a run was killed.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter, deque
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from audit.core.artifacts import RunFolder
from audit.core.display import plural, usd
from audit.core.errors import AuditError, EndpointError, InputError, Interrupted
from audit.core.exchange import Completion, Request
from audit.core.finding import ReplayCounts
from audit.core.schemas import FAILED_TO_MEASURE, MEASURED
from audit.core.settings import ReplaySettings
from audit.core.tier import Tier
from audit.llm.budget import Budget, CapReached
from audit.llm.client import Client, Drained, open_client
from audit.llm.reply import failed
from audit.llm.tiers import check_keys, is_local
from audit.replay.asker import Asker
from audit.replay.batches import BatchesWaiting, BatchReplay
from audit.replay.journal import Journal, JournalLedger
from audit.replay.kept import kept_for
from audit.replay.learned import Learned
from audit.replay.lending import ShardTerms
from audit.replay.meter import SessionCounts, Totals
from audit.replay.options import OUTAGE, RESUME, PartStopped, ReplayOptions
from audit.replay.otherwise import asked_otherwise
from audit.replay.plan import Call, waiting
from audit.replay.preflight import first_of_each_shape
from audit.replay.results import SessionResults
from audit.replay.shards import Shards, on_one_machine, processes_for, take_in_left
from audit.replay.table import replay_counts, write_replays


async def replay(
    calls: Sequence[Call],
    requests: Mapping[str, Request],
    tiers: Sequence[Tier],
    settings: ReplaySettings,
    folder: RunFolder,
    options: ReplayOptions,
) -> ReplayCounts:
    """Make the calls that have no result yet, and write `replays/replays.parquet`.

    However it ends, what is done is in the journal and in the table, and the same call again goes on from there.

    Args:
        calls: In the order in which they are made.
        requests: Every call's request, by fingerprint.

    Raises:
        EndpointError: A tier cannot be reached, or refuses its key, its model or the bill, and nothing was measured.
        PartStopped: That, or too many failures, of some tiers or routes; the others are done. Exit code 4.
        MissingKey: A key is not in the environment. Nothing was sent.
        InputError: Offline, and calls are not recorded; the message says how many.
        Incomplete: The spend cap; exit code 4.
        JournalLocked: Another process runs this folder.
    """
    return await ReplaySession(calls, requests, tiers, settings, folder, options).run()


def run_replay(
    calls: Sequence[Call],
    requests: Mapping[str, Request],
    tiers: Sequence[Tier],
    settings: ReplaySettings,
    folder: RunFolder,
    options: ReplayOptions,
) -> ReplayCounts:
    """As `replay`, from synchronous code, with SIGINT and SIGTERM dealt with.

    The first signal stops starting calls and waits for those on the wire, which are paid for; the second drops them.

    Raises:
        Interrupted: A signal came; exit code 130 or 143.
    """

    async def main() -> ReplayCounts:
        session = ReplaySession(calls, requests, tiers, settings, folder, options)
        loop = asyncio.get_running_loop()
        handled = []
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError, RuntimeError, NotImplementedError):  # not in the main thread, or no such signals
                loop.add_signal_handler(number, session.interrupt, number)
                handled.append(number)
        try:
            return await session.run()
        finally:
            for number in handled:
                loop.remove_signal_handler(number)

    return asyncio.run(main())


class ReplaySession:
    """One run of `replay`: the state that its workers share. Arguments as there."""

    def __init__(
        self,
        calls: Sequence[Call],
        requests: Mapping[str, Request],
        tiers: Sequence[Tier],
        settings: ReplaySettings,
        folder: RunFolder,
        options: ReplayOptions,
    ) -> None:
        self.calls = calls
        self.requests = requests
        self.tiers = {tier.name: tier for tier in tiers}
        self.settings = settings
        self.folder = folder
        self.options = options
        self.meter = options.meter
        self.error: BaseException | None = None
        self.stopping = False
        self.learned = options.learned or Learned.open(folder.tiers, self.tiers)
        self.tally = SessionCounts()
        self.shards: Shards | None = None
        self.workers: list[asyncio.Task[None]] = []
        self.done = 0
        self.asked: set[str] = set()
        self.answered: Counter[str] = Counter()
        self.budget = Budget(options.cap_usd)
        self.ahead = [] if settings.offline else self._ahead(options.ahead)
        self.known = frozenset(call.call_id for call in (*calls, *self.ahead))
        self.client: Client
        self.results: SessionResults
        self.asker: Asker

    async def run(self) -> ReplayCounts:
        """Open everything, ask, close, and write the table."""
        async with Journal(self.folder.journal) as journal:
            if self.options.lent is not None and not self.options.lent.still():
                raise Interrupted(exit_code=128 + signal.SIGTERM, hint=RESUME)
            kept = self.options.answers.open(list(self.tiers.values()))
            self.results = SessionResults(journal=journal, kept=kept, tiers=self.tiers, known=self.known)
            try:
                if await take_in_left(self.folder, journal, self.results.book):
                    journal.ledger = JournalLedger.read(self.folder.journal)
                await self._ask_all()
            finally:
                if kept is not None:
                    kept.close()
                if self.options.table:
                    write_replays(self.folder.journal, self.calls, self.folder.replay_table)
        self.error = self.error or self._stopped_parts()
        if isinstance(self.error, AuditError):
            spent = usd(self.budget.spent_usd)
            note = f"{self.done:,} of {len(self.calls):,} calls are done and kept, {spent} spent"
            self.error.notes = (*self.error.notes, note, *self._with_vendors())
        if self.error is not None:
            raise self.error
        return replay_counts(self.folder.journal, self.calls)

    def _ahead(self, calls: Sequence[Call]) -> list[Call]:
        """Calls of later rounds whose tiers ask in batches."""
        known = {call.call_id for call in self.calls}
        return [c for c in calls if c.call_id not in known and c.tier in self.tiers and self.tiers[c.tier].batch]

    def interrupt(self, number: int) -> None:
        """A signal: the first one lets the calls on the wire finish, the second drops them."""
        if isinstance(self.error, Interrupted):
            for worker in self.workers:
                worker.cancel()
            if self.shards is not None:
                self.shards.drop()
            return
        self.error = None
        self.stop(Interrupted(exit_code=128 + number, hint=RESUME))

    def stop(self, error: BaseException) -> None:
        """Start no more calls; the first reason is the one that is raised."""
        if self.error is not None:
            return
        self.error = error
        self._wind_up()
        in_flight = sum(self.client.on_wire(worker) for worker in self.workers) if self.workers else 0
        self.meter.stopping(in_flight, getattr(error, "what", str(error)))

    def _wind_up(self) -> None:
        self.stopping = True
        if self.shards is not None:
            self.shards.wind_up()
        if not self.workers:
            return
        self.client.drain()
        for worker in self.workers:
            if not self.client.on_wire(worker) and worker is not asyncio.current_task():
                worker.cancel()

    async def _ask_all(self) -> None:
        ledger, kept = self.results.journal.ledger, self.results.kept
        settled = self.options.settled if self.options.lent is None else ledger.results
        done = {call_id for call_id, result in ledger.results.items() if result.measured or call_id in settled}
        pending = list(waiting((*self.calls, *self.ahead), done))
        self.done = sum(call.call_id in ledger.results for call in (*self.calls, *self.ahead))
        trust = None if self.options.lent is None else self.options.lent.trust
        self.budget = Budget(self.options.cap_usd, spent_usd=ledger.spent_usd, lost_usd=ledger.lost_usd, trust=trust)
        unused = asked_otherwise(pending, self.tiers, ledger, self.learned.notes, kept)
        known = self._told()
        for text in (*self._damage(ledger), *known, *(one.sentence for one in unused)):
            self.meter.note(text)
        client_options = replace(
            self.options.client,
            attempts=self.settings.attempts,
            offline=self.settings.offline,
            on_throttle=self.meter.throttled,
            on_note=self.meter.note,
        )
        tiers = list(self.tiers.values())
        async with open_client(
            tiers, clock=self.options.clock, transport=self.options.transport, options=client_options
        ) as self.client:
            self.asker = self._asker()
            paid = self._paid(pending)
            if paid and kept is not None and not self.settings.offline:
                kept.claim()
                paid = self._paid(pending)
            if self.settings.offline:
                self._refuse_missing(paid)
            elif paid and not self.stopping:
                asked = [self.tiers[name] for name in dict.fromkeys(call.tier for call in paid)]
                check_keys(asked, client_options.environ)
                for one in asked:
                    self.learned.asking(one)
                if self.options.lent is None:
                    await self.client.reach(asked)
            self._tell_totals()
            await self._ask_pending(pending, paid)
            for text in (*self.tally.oddities, *self._told()[len(known) :]):
                self.meter.note(text)

    def _asker(self) -> Asker:
        return Asker(
            client=self.client,
            results=self.results,
            budget=self.budget,
            learned=self.learned,
            meter=self.meter,
            requests=self.requests,
            tokens=self.options.tokens,
            models=self.options.models,
            lent=self.options.lent is not None,
            took=self._took,
        )

    def _told(self) -> Sequence[str]:
        """What was wrong with kept answers so far."""
        return [] if self.results.kept is None else list(self.results.kept.notes())

    def _paid(self, pending: Sequence[Call]) -> list[Call]:
        """The calls that go over the network, as it looks now: an answer is looked for again when its turn comes."""
        kept = kept_for(pending, self.tiers, self.results.kept)
        return [c for c in pending if not (is_local(self.tiers[c.tier]) or c.call_id in kept)]

    async def _ask_pending(self, pending: Sequence[Call], paid: Sequence[Call]) -> None:
        """What batches of earlier sessions have, then what is asked online, then the batches: they take longest."""
        batches = self._batches()
        batches.readmit()
        if batches.open and not self.settings.offline:
            await self._run([self._guarded(batches.collect())])
        ledger = self.results.journal.ledger
        away = batches.put_back | {call_id for one in ledger.submissions.values() for call_id in one.calls}
        away |= {call_id for call_id, result in ledger.results.items() if result.measured}
        costly = {call.call_id for call in paid} - away
        to_batch = [call for call in pending if call.call_id in costly and self.tiers[call.tier].batch]
        away |= {call.call_id for call in to_batch}
        if not self.stopping:
            await self._work_through([call for call in pending if call.call_id not in away], costly)
        if not self.stopping and not self.settings.offline and (to_batch or batches.busy):
            await self._run([self._guarded(batches.run(to_batch, wait=self.settings.wait))])

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Batches at work: what ends them ends the session in order."""
        try:
            await work
        except (CapReached, BatchesWaiting) as error:
            self.stop(error)
        except Exception as error:
            self.stop(error)
            raise

    def _batches(self) -> BatchReplay:
        return BatchReplay(
            client=self.client,
            journal=self.results.journal,
            budget=self.budget,
            learned=self.learned,
            meter=self.meter,
            calls={call.call_id: call for call in (*self.calls, *self.ahead)},
            requests=self.requests,
            tiers=self.tiers,
            tokens=self.options.tokens,
            finish=self.asker.finish,
            stopping=lambda: self.stopping,
            pace=self.options.pace,
        )

    def _with_vendors(self) -> list[str]:
        """What is left in batches, in a note."""
        waiting = sum(len(one.calls) for one in self.results.journal.ledger.submissions.values())
        return [f"{plural(waiting, 'call')} with the vendor in batches; their answers are not lost"] if waiting else []

    async def _work_through(self, pending: Sequence[Call], paid: set[str]) -> None:
        queues: dict[str, deque[Call]] = {}
        # What costs nothing goes first: a cap that is reached later does not keep it from being done.
        for call in sorted(pending, key=lambda call: call.call_id in paid):
            queues.setdefault(call.tier, deque()).append(call)
        costly = [call for call in pending if call.call_id in paid]
        first: dict[str, deque[Call]] = {}
        for call in first_of_each_shape(costly, self.requests, self.tiers, self.learned.shapes):
            first.setdefault(call.tier, deque()).append(call)
        await self._run([self._work(self.tiers[name], queue, paid) for name, queue in first.items()])
        await self._run([self._work(self.tiers[name], deque([call]), paid) for name, call in self._seconds(costly)])
        shared = self._shared([call for call in costly if call.call_id not in self.asked])
        self.asked |= {call.call_id for call in shared}
        work = []
        for name, queue in queues.items():
            # A tier in this process never waits, so that more than one worker would only take turns.
            many = 1 if is_local(self.tiers[name]) else min(self.tiers[name].concurrency, len(queue))
            work += [self._work(self.tiers[name], queue, paid) for _ in range(many)]
        await self._run(work)
        if self.shards is not None and not self.stopping:
            await self._guarded(self.shards.run(shared))

    def _shared(self, calls: Sequence[Call]) -> list[Call]:
        """Of calls over the network, those that other processes make too, where they are worth it."""
        options = self.options
        if options.executor is None or options.transport is not None or options.clock is not None or not calls:
            return []
        asked = [self.tiers[name] for name in dict.fromkeys(call.tier for call in calls)]
        many = processes_for(options.executor, sum(tier.concurrency for tier in asked), len(calls))
        wide = {tier.name for tier in asked if tier.concurrency >= many}
        if many == 1 or not wide:
            return []
        together = self.client.shares_limits and on_one_machine(options.executor)
        self.shards = Shards(
            terms=ShardTerms(
                folder=self.folder,
                requests=self.requests,
                tiers=self.tiers,
                settings=self.settings,
                tokens=options.tokens,
                client=options.client,
                models=options.models,
                parts=1 if together else many,
            ),
            executor=options.executor,
            many=many,
            journal=self.results.journal,
            budget=self.budget,
            learned=self.learned,
            answered=self.answered,
            take_in=self._took,
            at_hand=self._at_hand,
            stopping=lambda: self.stopping,
            note=self.meter.note,
        )
        return [call for call in calls if call.tier in wide]

    async def _at_hand(self, call: Call) -> bool:
        """Take the answer of an earlier run that is there by now; whether one was."""
        tier = self.tiers[call.tier]
        if self.results.at_hand(call) is None:
            return False
        await self.asker.ask(call, tier)
        return True

    def _seconds(self, costly: Sequence[Call]) -> list[tuple[str, Call]]:
        """A different request for every tier that refused its first ones in a way that may be about all: asked alone,
        it tells which it is."""
        refused = {call.tier: set[str]() for call in costly if self.client.is_doubted(self.tiers[call.tier])}
        for call in costly:
            if call.tier in refused and call.call_id in self.asked:
                refused[call.tier].add(call.request_fp)
        found: dict[str, Call] = {}
        for call in costly:
            if call.request_fp not in refused.get(call.tier, {call.request_fp}):
                found.setdefault(call.tier, call)
        return list(found.items())

    async def _run(self, work: Sequence[Coroutine[Any, Any, None]]) -> None:
        self.workers = [asyncio.create_task(one) for one in work]
        results = await asyncio.gather(*self.workers, return_exceptions=True)
        bugs = [r for r in results if isinstance(r, BaseException) and not isinstance(r, asyncio.CancelledError)]
        if bugs:
            raise bugs[0]

    async def _work(self, tier: Tier, queue: deque[Call], paid: set[str]) -> None:
        """One worker of a tier: calls in order, one at a time."""
        call: Call | None = None
        try:
            while queue and not self.stopping:
                call = queue.popleft()
                if call.call_id in self.asked or self.learned.is_stopped(call.route, tier.name):
                    continue
                if tier.batch and self.results.at_hand(call) is None:
                    continue  # it was there a moment ago; the next session asks it in a batch, at that price
                self.asked.add(call.call_id)
                reply = await self.asker.ask(call, tier)
                if reply.served_from != "network" or not reply.attempts:
                    # An answer that was at hand never yielded; signals and other tiers must get their turn.
                    await asyncio.sleep(0)
        except Drained:
            return
        except CapReached as error:
            self.stop(error)
        except EndpointError as error:
            if error.code == OUTAGE and not queue and call is not None and self._answers(tier):
                # All that is left of the tier are calls that failed again and again: they are not an outage.
                self.asker.finish(call, failed(error, 0), None)
                return
            queue.clear()
            if self.learned.stop_tier(tier.name, error):
                self.meter.note(f"{error.what}; nothing more is sent to tier `{tier.name}`, the others go on")
        except Exception as error:
            self.stop(error)
            raise

    def _answers(self, tier: Tier) -> bool:
        """Whether a tier has given answers and was not stopped."""
        return bool(self.answered[tier.name]) and self.learned.of(tier.name).stopped is None

    def _took(self, call: Call, row: Mapping[str, Any], answer: Completion | None, *, recorded: bool = False) -> None:
        """Journal a result, and count it."""
        self.done += call.call_id not in self.results.journal.ledger.results
        self.results.book(call, row, answer)
        status = row["status"]
        self.answered[call.tier] += status in MEASURED
        self.tally.take(row, recorded=recorded)
        self.meter.finished(call, status, row.get("cost_usd"))
        self._tell_totals()
        limit = self.settings.max_failure_rate
        failure = (row["error"] or status) if status in FAILED_TO_MEASURE else None
        why = self.learned.count(call.route, call.tier, failed=failure, limit=limit)
        if why is not None:
            what = f"{call.route} on {call.tier} was stopped, because more than {limit:.0%} failed: {why.sentence}"
            self.learned.errors.append(PartStopped(what, code="replay.failures", hint=RESUME))
            self.meter.note(what)

    def _stopped_parts(self) -> AuditError | None:
        """What the tiers and routes that were stopped make of the run, if any were."""
        if not self.learned.errors:
            return None
        first, *more = self.learned.errors
        if not isinstance(first, PartStopped) and not any(
            r.measured for r in self.results.journal.ledger.results.values()
        ):
            return first
        notes = [*first.notes, *(error.what for error in more)]
        return PartStopped(first.what, code=first.code, notes=notes, hint=first.hint or RESUME)

    def _refuse_missing(self, paid: Sequence[Call]) -> None:
        if paid:
            raise InputError(
                f"offline, and {len(paid):,} of {len(self.calls):,} calls are not recorded",
                code="cassette.miss",
                hint="run once without `offline` to record them",
            )

    def _damage(self, ledger: JournalLedger) -> list[str]:
        if not ledger.damaged:
            return []
        return [f"{ledger.damaged} damaged lines of the journal are left out; their calls are made again"]

    def _tell_totals(self) -> None:
        self.meter.totals(
            Totals(
                planned=len(self.calls) + len(self.ahead),
                done=self.done,
                spent_usd=self.budget.spent_usd,
                lost_usd=self.budget.lost_usd,
                reserved_usd=self.budget.reserved_usd,
                cap_usd=self.options.cap_usd,
                recorded=self.tally.recorded,
                retried=self.tally.retried,
                failed=self.tally.failed,
                estimated=self.tally.estimated,
            )
        )
