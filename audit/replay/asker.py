"""One call of a replay: the answer of an earlier run is taken, or the tier is asked under the cap.

What was on the wire is in the journal before it is sent, so that whatever ends the process leaves its worst case in the
books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from audit.core.exchange import Completion, Request, recording_of
from audit.core.tier import Tier
from audit.llm.budget import Budget, Reservation
from audit.llm.client import Client
from audit.llm.reply import Reply, answered_by, unasked
from audit.llm.tiers import is_local
from audit.replay.learned import Learned
from audit.replay.meter import Meter
from audit.replay.plan import Call, TokenCounts, counts_of, worst_case_usd
from audit.replay.results import SessionResults
from audit.replay.table import journal_row
from audit.store.kept import Earlier, KeptAnswer


class Took(Protocol):
    """Told of every result."""

    def __call__(
        self, call: Call, row: Mapping[str, Any], answer: Completion | None, *, recorded: bool = False
    ) -> None:
        """Take a result in; `recorded` where an earlier run had asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Asks the calls of a session.

    Attributes:
        client: Makes them.
        results: Of the session so far, and of earlier runs.
        budget: Of the run folder, or what was lent.
        learned: What earlier calls have taught of the tiers.
        meter: Told what begins.
        requests: By fingerprint, as logged.
        tokens: Logged token counts by request, for the worst case of a call.
        models: Of the audit: an answer in the name of another one is none.
        lent: The cap is money that another process lent: a call that does not fit has not failed, and answers go back.
        took: Told of every result.
    """

    client: Client
    results: SessionResults
    budget: Budget
    learned: Learned
    meter: Meter
    requests: Mapping[str, Request]
    tokens: Mapping[str, TokenCounts]
    models: frozenset[str]
    lent: bool
    took: Took

    async def ask(self, call: Call, tier: Tier) -> Reply:
        """Take the answer of an earlier run, or ask, with the request changed as the endpoint wants it where that is
        allowed; journal what came of it.

        Raises:
            CapReached: It does not fit under the cap.
            EndpointError: The tier is out, or refuses its key, its model or the bill.
            Drained: The client starts nothing more.
        """
        logged = self.requests[call.request_fp]
        if (kept := self.results.at_hand(call)) is not None:
            return await self._take(call, tier, self.learned.sent(logged, tier), kept)
        costs = not is_local(tier)
        while True:
            request = self.learned.sent(logged, tier)
            why = self.learned.refusal(request, tier.name)
            if why is not None and costs:
                reply, stake = unasked(why), await self.budget.reserve(0.0)
                self.meter.started(call)
                stake.settle(0.0)
                break
            reply, stake = await self._send(call, request, tier, costs=costs)
            if reply.because is None or (change := self.learned.refused(reply.because, request, tier)) is None:
                break
            if self.learned.sent(logged, tier) == request:
                break
            if costs:
                self.results.journal.void(call.call_id, stake.lost_usd + reply.spent_usd)
            if self.learned.is_news(tier.name, change):
                self.meter.note(f"Tier `{tier.name}`: {change.sentence}")
        self.finish(call, reply, stake)
        return reply

    def finish(self, call: Call, reply: Reply, stake: Reservation | None, earlier: Earlier | None = None) -> None:
        """Journal a result.

        Args:
            stake: Of the call; None where what it may have cost is in the books already.
            earlier: When an earlier run asked for it, and what it paid.
        """
        reply = answered_by(reply, self.models)
        row = journal_row(call, reply, stake.lost_usd if stake is not None else 0.0, earlier)
        if self.lent and reply.completion is not None:
            row["recording"] = recording_of(reply.completion)
        self.took(call, row, reply.completion, recorded=earlier is not None)

    async def _take(self, call: Call, tier: Tier, request: Request, kept: KeptAnswer) -> Reply:
        """An answer that an earlier run was given: it costs what it costs, and nothing is spent."""
        assert self.results.kept is not None
        stake = await self.budget.reserve(0.0)
        self.meter.started(call)
        reply = self.client.replay(kept.completion, request, tier, self.results.kept.served_from)
        stake.settle(0.0)
        self.finish(call, reply, stake, kept.earlier)
        return reply

    async def _send(self, call: Call, request: Request, tier: Tier, *, costs: bool) -> tuple[Reply, Reservation]:
        worst_usd = 0.0
        if costs:
            worst_usd = worst_case_usd(counts_of(request, self.tokens.get(call.request_fp)), tier)
        stake = await self.budget.reserve(worst_usd, tier.name)
        if costs:
            stake.on_wire = partial(self._on_wire, call.call_id, stake)
        self.meter.started(call)
        try:
            reply = await self.client.complete(request, tier, call.repeat, stake=stake)
        except BaseException:
            self._give_up(call, stake, costs=costs)
            raise
        if stake.short and self.lent:
            # Only this part of the money is used up: the call has not failed.
            self._give_up(call, stake, costs=costs)
            raise self.budget.refusal(worst_usd, tier.name)
        stake.settle(reply.spent_usd)
        return reply, stake

    def _on_wire(self, call_id: str, stake: Reservation, sent: bool) -> None:
        """A kill books what was on the wire at its worst case, and nothing that waited."""
        if sent:
            self.results.journal.start(call_id, stake.worst_usd)
        else:
            self.results.journal.back(call_id)

    def _give_up(self, call: Call, stake: Reservation, *, costs: bool) -> None:
        """A call ends without a result. What was on the wire may have been billed, whatever ended it."""
        if stake.sent:
            stake.lose()
        else:
            stake.settle(stake.paid_usd)
        if costs:
            self.results.journal.void(call.call_id, stake.lost_usd + stake.paid_usd)
