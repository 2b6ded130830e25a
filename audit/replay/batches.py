"""Calls that are asked in batches: handed in, waited for, and joined with their answers, over as many processes as it
takes.

A batch is in the journal before it is handed in, with the worst case of each of its calls. Whatever happens after that,
a later run asks for it by the vendor's name of it, or, where a kill came between the two, looks for it among the
vendor's batches; only what certainly never arrived is handed in again. Every answer ends its call in the journal as an
answer online does.

Nothing is handed in whose worst case does not fit under the cap. What was not processed (expired, a passing error of
one line) is handed in once more; what was cancelled is not, because somebody wanted that.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from audit.core.display import plural
from audit.core.errors import EndpointError, Incomplete, TerminalError, TransientError
from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.batch import (
    BatchInterface,
    BatchLine,
    BatchState,
    Unserved,
    missing,
    named_by_a_key,
    no_answer,
    read_as,
    refused,
    too_few,
    too_large,
)
from audit.llm.batches import BATCHES
from audit.llm.budget import Budget, Reservation
from audit.llm.client import Client
from audit.llm.provider import HttpCall, Unsupported
from audit.llm.reply import Reply, failed, unasked
from audit.llm.translation import NEVER_ARRIVED, TIER_WIDE, tier_wide
from audit.replay import batch_files
from audit.replay.journal import Journal, Submission
from audit.replay.learned import Learned
from audit.replay.meter import Meter
from audit.replay.plan import Call, TokenCounts, counts_of, worst_case_usd

TRIES = 2
"""Batches that a call goes into in one run of the command, where the first did not process it."""
MOST_BYTES = 64_000_000
"""Of one batch, below every vendor's own limit: it is held in memory, and so are its answers. As many requests as the
vendor takes at least may have more, up to its own limit."""
CLOCK_SKEW_S = 600.0
"""How far a vendor's clock may be behind this machine's."""
MARK_BYTES = 8
PAGES = 50
"""Pages of a vendor's list of batches that are looked through at most."""


class BatchesWaiting(Incomplete):
    """Batches are with their vendors, and this run was not to wait for them. Exit code 4."""

    default_code = "replay.batches-waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPace:
    """How long is waited between looks at batches, seconds.

    Attributes:
        first_s: Before the second look; every further wait is half as long again.
        longest_s: At most.
        arrival_s: After which a batch that is in no list certainly never arrived.
        now: Seconds since 1970, as vendors count.
    """

    first_s: float = 10.0
    longest_s: float = 300.0
    arrival_s: float = 60.0
    now: Callable[[], float] = time.time


class _Full(Enum):
    """Why a batch takes no more."""

    CAP = "the spend cap holds no more"
    BYTES = "it has as many bytes as it may have"


@dataclass(slots=True, kw_only=True)
class _Packed:
    """Requests that go into one batch: calls, what they were online, their lines and their money.

    `full` is why the next call was not taken; None where nothing was in its way but the number of calls.
    """

    mark: str
    calls: list[Call] = field(default_factory=list)
    https: list[HttpCall] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    stakes: list[Reservation] = field(default_factory=list)
    full: _Full | None = None

    def leave(self, kept: int) -> list[Call]:
        """Take all calls out but the first `kept`; nothing is set aside for them any more."""
        left = self.calls[kept:]
        for stake in self.stakes[kept:]:
            stake.settle(0.0)
        for held in (self.calls, self.https, self.entries, self.stakes):
            del held[kept:]
        return left


@dataclass(slots=True, kw_only=True)
class BatchReplay:
    """The batches of one session of a replay.

    Attributes:
        calls: All that may be in a batch, by id.
        requests: As logged, by fingerprint.
        tiers: By name; a tier need not ask in batches any more to have its batches collected.
        tokens: Logged counts by request.
        finish: Journals a result.
        stopping: Whether the session winds up: nothing more is handed in, and nothing waited for.
    """

    client: Client
    journal: Journal
    budget: Budget
    learned: Learned
    meter: Meter
    calls: Mapping[str, Call]
    requests: Mapping[str, Request]
    tiers: Mapping[str, Tier]
    tokens: Mapping[str, TokenCounts]
    finish: Callable[[Call, Reply, Reservation | None], None]
    stopping: Callable[[], bool]
    pace: BatchPace = field(default_factory=BatchPace)
    _queues: dict[str, deque[Call]] = field(default_factory=dict)
    _stakes: dict[str, Reservation] = field(default_factory=dict)
    _most: dict[str, int] = field(default_factory=dict)
    _foreign: set[str] = field(default_factory=set)

    def readmit(self) -> None:
        """Set the money of batches aside that earlier sessions handed in."""
        for submission in self.journal.ledger.submissions.values():
            for call_id, (_, worst_usd) in submission.calls.items():
                self._stakes[call_id] = self.budget.readmit(worst_usd, submission.tier, worst_usd)
                self.learned.tries[call_id] = max(self.learned.tries[call_id], 1)

    @property
    def put_back(self) -> set[str]:
        """Calls that left a batch without a result and wait for the next."""
        return {call.call_id for queue in self._queues.values() for call in queue}

    @property
    def busy(self) -> bool:
        """Whether anything is open or waits."""
        return bool(self.open or self.put_back)

    @property
    def open(self) -> list[Submission]:
        """Batches of this session's tiers with calls that have not ended."""
        found = self.journal.ledger.submissions.values()
        return [one for one in found if one.tier in self.tiers and self.tiers[one.tier].provider in BATCHES]

    async def collect(self) -> None:
        """Look at every open batch once, and end the calls of those that have ended."""
        for submission in self.open:
            tier = self.tiers[submission.tier]
            try:
                await self._look(submission, tier)
            except TransientError:
                continue  # the next look may be answered
            except EndpointError as error:
                self._stop(tier, error)

    async def run(self, calls: Iterable[Call], *, wait: bool) -> None:
        """Hand in, and wait until every batch has ended.

        Args:
            calls: To ask; those that are in a batch already must not be among them.
            wait: Without it, what is handed in is left to a later run.

        Raises:
            CapReached: The next call does not fit under the cap, and no batch is open whose answers could make room.
            BatchesWaiting: Batches are open, and this run was not to wait.
        """
        for call in calls:
            if self.learned.tries[call.call_id] < TRIES:
                self._queues.setdefault(call.tier, deque()).append(call)
        pause_s, told = self.pace.first_s, 0
        while not self.stopping():
            for name in list(self._queues):
                await self._submit(self.tiers[name])
            waiting = [one for one in self.open if not self.learned.of(one.tier).stopped]
            if not waiting:
                return
            n = sum(len(one.calls) for one in waiting)
            words = f"{plural(n, 'call')} in {plural(len(waiting), 'batch', 'batches')}"
            if not wait:
                raise BatchesWaiting(
                    f"{words} wait for their answers", hint="run the same command again: it takes what is there"
                )
            if n != told:
                self.meter.note(f"Waiting for {words}; stop whenever you like, the same command goes on from here")
                told = n
            await self.client.pause(pause_s)
            pause_s = min(pause_s * 1.5, self.pace.longest_s)
            await self.collect()

    async def _submit(self, tier: Tier) -> None:
        """Hand in what waits for a tier, in as many batches as it takes and the cap allows."""
        queue = self._queues[tier.name]
        mine = [one for one in self.open if one.tier == tier.name]
        while queue and not (self.stopping() or self.learned.of(tier.name).stopped):
            if tier.name in self._most and mine:
                return  # the vendor has no room for more than one at a time
            packed = self._pack(tier, queue)
            if len(packed.calls) < BATCHES.get(tier.provider).least(tier):
                if packed.full is _Full.CAP or mine:
                    # Answers may make room, and what their batches leave unprocessed may make it enough.
                    capped = packed.full is _Full.CAP
                    queue.extendleft(reversed(packed.leave(0)))
                    if capped and not self.open:
                        call = queue[0]
                        worst_usd = self._worst_usd(call, self.requests[call.request_fp], tier)
                        raise self.budget.refusal(worst_usd, tier.name)
                    return
                if packed.calls:
                    self._short(packed, tier)
                continue
            try:
                await self._hand_in(tier, packed)
            except EndpointError as error:
                self._stop(tier, error)
            mine = [one for one in self.open if one.tier == tier.name]
        if self.learned.of(tier.name).stopped:
            queue.clear()

    def _pack(self, tier: Tier, queue: deque[Call]) -> _Packed:
        """Take calls from the queue that fit into one batch and under the cap.

        All calls of a batch go to one address with the same headers, as they would online. Where the vendor has a least
        number and less than that would be left, the rest is shared evenly between this batch and the next.
        """
        interface = BATCHES.get(tier.provider)
        least = interface.least(tier)
        most = min(interface.most_requests, self._most.get(tier.name, interface.most_requests))
        packed, later, size = _Packed(mark=secrets.token_hex(MARK_BYTES)), [], 0
        while queue and len(packed.calls) < most:
            call = queue.popleft()
            asked = self._asked(call, tier)
            if asked is None:
                continue
            request, http = asked
            entry = interface.entry(f"{packed.mark}-{len(packed.calls)}", http)
            like = packed.https[0] if packed.https else http
            if (http.url, http.headers) != (like.url, like.headers):
                later.append(call)
                continue
            n = len(packed.calls)
            most_bytes = interface.most_bytes if n < least else min(interface.most_bytes, MOST_BYTES)
            fits = not n or size + len(entry) < most_bytes
            stake = self.budget.reserve_now(self._worst_usd(call, request, tier), tier.name) if fits else None
            if stake is None:
                packed.full = _Full.CAP if fits else _Full.BYTES
                later.append(call)
                break
            size += len(entry) + 1
            packed.calls.append(call)
            packed.https.append(http)
            packed.entries.append(entry)
            packed.stakes.append(stake)
        queue.extendleft(reversed(later))
        both = len(packed.calls) + len(queue)
        if (packed.full or len(packed.calls) == most) and 0 < len(queue) < least and both >= 2 * least:
            queue.extendleft(reversed(packed.leave(both - both // 2)))
        return packed

    def _short(self, packed: _Packed, tier: Tier) -> None:
        """End what the vendor takes no batch of: a tier that was asked nothing stops; what is left of one fails."""
        interface, host = BATCHES.get(tier.provider), self.client.host(tier)
        least = interface.least(tier)
        if packed.full is _Full.BYTES:
            error = too_large(host, tier.name, least, interface.most_bytes)
        else:
            error = too_few(host, tier.name, len(packed.calls), least)
        calls = packed.leave(0)
        ended = self.journal.ledger.results
        if not any(one.tier == tier.name and call_id in ended for call_id, one in self.calls.items()):
            self._stop(tier, error)
            return
        for call in calls:
            tries = self.learned.tries[call.call_id]
            if not tries:
                self.meter.started(call)
            self.finish(call, failed(error, tries), None)

    def _asked(self, call: Call, tier: Tier) -> tuple[Request, HttpCall] | None:
        """A call's request as it is sent; None where it is not, and its call has ended."""
        if self.learned.is_stopped(call.route, tier.name):
            return None
        request = self.learned.sent(self.requests[call.request_fp], tier)
        why = self.learned.refusal(request, tier.name)
        try:
            if why is None:
                return request, self.client.call_of(request, tier)
        except Unsupported as error:
            why = error.because
        self.meter.started(call)
        self.finish(call, unasked(why), None)
        return None

    def _worst_usd(self, call: Call, request: Request, tier: Tier) -> float:
        return worst_case_usd(counts_of(request, self.tokens.get(call.request_fp)), tier)

    async def _hand_in(self, tier: Tier, packed: _Packed) -> None:
        """Write down and hand in. What the vendor may have without our knowing stays open, and is looked for.

        Raises:
            EndpointError: The vendor certainly has nothing of it; its calls are as if they had not been asked.
        """
        interface, like, mark = BATCHES.get(tier.provider), packed.https[0], packed.mark
        addressed, _ = self.client.admin_headers(tier)
        worst = [(call.call_id, stake.worst_usd) for call, stake in zip(packed.calls, packed.stakes, strict=True)]
        self.journal.submit(mark, tier.name, self.pace.now(), worst, interface.shelf(addressed, mark))
        arriving = False
        try:
            place = await self._put(interface, addressed, packed)
            arriving = True
            create = interface.create(addressed, like, mark, packed.entries, place)
            reply = await self.client.administer(tier, create, again=NEVER_ARRIVED)
            state = read_as(interface.read_state, reply, self.client.host(tier))
        except EndpointError as error:
            certain = isinstance(error, TerminalError) and error.status is not None and 400 <= error.status < 500
            if arriving and not certain and error.kind not in NEVER_ARRIVED:
                self._hold(packed)
                return
            self.journal.drop(mark)
            for stake in packed.stakes:
                stake.settle(0.0)
            raise
        self._accept(mark, state, tier)
        self._hold(packed)

    def _accept(self, mark: str, state: BatchState, tier: Tier) -> None:
        """Write down the vendor's name of a batch, which has to be written as it is.

        Raises:
            TerminalError: There is a secret in it, such as the key that the batch was handed in with.
        """
        if self.client.masked(state.batch_id) != state.batch_id:
            raise named_by_a_key(self.client.host(tier))
        self.journal.accept(mark, state.batch_id)

    def _hold(self, packed: _Packed) -> None:
        for call, stake in zip(packed.calls, packed.stakes, strict=True):
            self._stakes[call.call_id] = stake
            self.learned.tries[call.call_id] += 1
            self.meter.started(call)

    async def _put(self, interface: BatchInterface, tier: Tier, packed: _Packed) -> str | None:
        """Put the requests where the batch finds them; None where they travel with it."""
        like = packed.https[0]
        if (file := interface.shelf(tier, packed.mark)) is not None:
            await batch_files.put(file, packed.entries)
            return file.address
        upload = interface.upload(tier, like, packed.mark, packed.entries)
        if upload is None:
            return None
        reply = await self.client.administer(tier, upload)
        while True:
            place, again = read_as(lambda got: interface.uploaded(tier, like, got), reply, self.client.host(tier))
            if again is None:
                return place
            await self.client.pause(self.pace.first_s)
            reply = await self.client.administer(tier, again)

    async def _look(self, submission: Submission, tier: Tier) -> None:
        """Ask for a batch's state; where it has ended, end its calls."""
        interface = BATCHES.get(tier.provider)
        addressed, headers = self.client.admin_headers(tier)
        if submission.batch_id is None:
            state = await self._found(submission, tier, interface)
            if state is None:
                return
            self._accept(submission.mark, state, tier)
        else:
            call = interface.state(addressed, headers, submission.batch_id)
            try:
                reply = await self.client.administer(tier, call)
            except TerminalError as error:
                if error.status not in (404, 410):
                    raise
                self.meter.note(f"{self.client.host(tier)} knows a batch of tier `{tier.name}` no more")
                self._end(submission, tier, {}, None)
                return
            state = read_as(interface.read_state, reply, self.client.host(tier))
        if not state.ended:
            return
        if state.refused is not None:
            self._refused(submission, tier, state.refused)
            return
        self._end(submission, tier, await self._lines(submission, state, tier), state.unserved)

    async def _lines(self, submission: Submission, state: BatchState, tier: Tier) -> dict[str, BatchLine]:
        """The lines of a batch's results by custom id, the first of each.

        Raises:
            EndpointError: They cannot be read, or are not there although requests were processed.
        """
        interface = BATCHES.get(tier.provider)
        addressed, headers = self.client.admin_headers(tier)
        lines: dict[str, BatchLine] = {}
        # A journal of before the shelf was written down has none: the tier says where it was.
        shelf = submission.shelf or interface.shelf(addressed, submission.mark)
        for file in () if shelf is None else interface.stored(shelf, state):
            content = await batch_files.take(file)
            if content is None and state.processed:
                raise missing(self.client.host(tier), tier.name, file.address)
            for line in interface.read_lines(content or b""):
                lines.setdefault(line.custom_id, line)
        for call in interface.results(addressed, headers, state):
            reply = await self.client.administer(tier, call)
            for line in read_as(lambda got: list(interface.read_results(got)), reply, self.client.host(tier)):
                lines.setdefault(line.custom_id, line)
        return lines

    async def _found(self, submission: Submission, tier: Tier, interface: BatchInterface) -> BatchState | None:
        """Look for a batch whose acceptance was not written down; None where it is not known yet, or never arrived.

        A vendor's mark settles it. Without one, a batch of as many requests from that time may be ours until its
        results say whose it is, so nothing is handed in again before that.
        """
        undecided = False
        async for state in self._listed(submission, tier, interface):
            if interface.keeps_mark:
                if state.mark == submission.mark:
                    return state
                continue
            if state.batch_id in self._foreign or state.batch_id in self.journal.ledger.batch_ids:
                continue
            if state.requests not in (None, submission.numbers):
                continue
            if not state.ended:
                undecided = True
            elif any(one.startswith(f"{submission.mark}-") for one in await self._lines(submission, state, tier)):
                return state
            else:
                self._foreign.add(state.batch_id)
        if not undecided and self.pace.now() - submission.at > self.pace.arrival_s:
            self._never_arrived(submission)
        return None

    async def _listed(self, submission: Submission, tier: Tier, interface: BatchInterface) -> AsyncIterator[BatchState]:
        """The vendor's batches that can be a submission, newest first."""
        addressed, headers = self.client.admin_headers(tier)
        after: str | None = None
        for _ in range(PAGES):
            reply = await self.client.administer(tier, interface.listing(addressed, headers, after))
            states, after = read_as(interface.read_listing, reply, self.client.host(tier))
            for state in states:
                if state.created_at is None or state.created_at >= submission.at - CLOCK_SKEW_S:
                    yield state
            old = states and states[-1].created_at is not None and states[-1].created_at < submission.at - CLOCK_SKEW_S
            if after is None or old:
                return

    def _never_arrived(self, submission: Submission) -> None:
        """Its calls are as if they had not been asked."""
        call_ids = list(submission.calls)
        self.journal.drop(submission.mark)
        self._again(call_ids)

    def _again(self, call_ids: Iterable[str]) -> None:
        """Put calls back that nothing was billed for."""
        for call_id in call_ids:
            self.learned.tries[call_id] -= 1
            if (stake := self._stakes.pop(call_id, None)) is not None:
                stake.settle(0.0)
            if (call := self.calls.get(call_id)) is not None:
                self._queue(call)

    def _queue(self, call: Call) -> None:
        """A call waits for its tier's next batch; a tier that asks online by now asks it in another session."""
        if self.tiers[call.tier].batch:
            self._queues.setdefault(call.tier, deque()).append(call)

    def _refused(self, submission: Submission, tier: Tier, code: str) -> None:
        """The vendor refused a batch as a whole, before it processed anything."""
        call_ids = list(submission.calls)
        self.journal.drop(submission.mark)
        self._again(call_ids)
        full = code == BATCHES.get(tier.provider).queue_full
        if full and len(call_ids) > 1:
            self._most[tier.name] = len(call_ids) // 2
            self.meter.note(
                f"{self.client.host(tier)} has no room for a batch of {len(call_ids):,}: smaller ones follow"
            )
            return
        self._stop(tier, refused(self.client.host(tier), tier.name, self.client.masked(code)))

    def _end(
        self, submission: Submission, tier: Tier, lines: Mapping[str, BatchLine], unserved: Unserved | None
    ) -> None:
        """End the calls of a batch that has ended."""
        found = [
            (call_id, lines.get(f"{submission.mark}-{number}")) for call_id, (number, _) in submission.calls.items()
        ]
        # Answers first: after one, an error is about its own request and not about the tier.
        for call_id, line in sorted(found, key=lambda one: not _answers(one[1])):
            call = self.calls.get(call_id)
            if call is None:
                self._unplanned(call_id, line, unserved)
                continue
            if line is None and unserved is not None:
                line = BatchLine(custom_id="", unserved=unserved)
            self._join(call, line, tier)

    def _unplanned(self, call_id: str, line: BatchLine | None, unserved: Unserved | None) -> None:
        """A call that is not of this plan any more: its answer may be billed, and nobody reads it."""
        stake = self._stakes.pop(call_id)
        if _answers(line) or (line is None and unserved is None):
            stake.lose()
        else:
            stake.settle(0.0)
        self.journal.void(call_id, stake.lost_usd)

    def _join(self, call: Call, line: BatchLine | None, tier: Tier) -> None:
        """End a call with its line, or put it back where the line says that it was not processed."""
        stake, tries = self._stakes[call.call_id], self.learned.tries[call.call_id] or 1
        logged = self.requests[call.request_fp]
        request = self.learned.sent(logged, tier)
        try:
            reply = self._reply(line, request, call, tier, tries)
        except EndpointError as error:
            if error.code in TIER_WIDE.values():
                self._release(call)
                self._stop(tier, error)
                return
            again = isinstance(error, TransientError) and error.billed is None and tries < TRIES
            billed_usd = tier.replay_price.cost_usd(error.billed) if error.billed else 0.0
            reply = failed(error, tries, billed_usd)
            change = None if reply.because is None else self.learned.refused(reply.because, request, tier)
            if (again and line is not None) or change is not None:
                if change is not None:
                    self.meter.note(f"Tier `{tier.name}`: {change.sentence}")
                self._release(call)
                self._queue(call)
                return
        if line is None:
            # The batch is done, and holds no word about this request: it may have been answered, and billed.
            stake.lose()
        else:
            stake.settle(reply.spent_usd)
        self._stakes.pop(call.call_id)
        self.learned.tries[call.call_id] = TRIES
        self.finish(call, reply, stake)

    def _reply(self, line: BatchLine | None, request: Request, call: Call, tier: Tier, tries: int) -> Reply:
        """What a line says, read as the same reply online would be.

        Raises:
            EndpointError: It is no answer.
        """
        if line is None or line.reply is None:
            raise no_answer(self.client.host(tier), line)
        return self.client.read(line.reply, request, tier, attempts=tries)

    def _release(self, call: Call) -> None:
        """A call leaves its batch without a result, and nothing was billed for it."""
        self._stakes.pop(call.call_id).settle(0.0)
        self.journal.void(call.call_id, 0.0)

    def _stop(self, tier: Tier, error: EndpointError) -> None:
        """Nothing more is sent to a tier; what it has of ours is collected by a later run."""
        if error.kind in TIER_WIDE and error.code not in TIER_WIDE.values():
            error = tier_wide(error, self.client.host(tier), tier.api_key_env)
        if self.learned.stop_tier(tier.name, error):
            self.meter.note(f"{error.what}; nothing more is sent to tier `{tier.name}`, the others go on")


def _answers(line: BatchLine | None) -> bool:
    """Whether a line holds what a model said."""
    return line is not None and line.reply is not None and line.reply.status < 300
