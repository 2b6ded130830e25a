"""The spend cap: money is set aside before a call and settled after it, so that the cap cannot be passed.

Three sums of USD count against the cap: `spent` (answers that came back, at their real cost), `lost` (attempts that
may have been billed although nothing usable came back: a time-out, a cut body; taken at their worst case), and
`reserved` (worst cases of the calls in flight).

A worst case holds only where the endpoint keeps the token limit that it is sent. Some do not, and some think beside it.
So a tier's first answers are reserved with room to spare, and an answer above its worst case raises all later
reservations of its tier by as much. What cannot be held by any reservation: what the answers in flight cost above the
largest excess seen so far, usage that is a plausible lie, and errors that are billed without a word about it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from audit.core.display import usd
from audit.core.errors import Incomplete

ROUNDING_USD = 1e-9
PROVEN_ANSWERS = 8
"""Answers of a tier after which its largest cost in worst cases is taken for its largest."""
UNPROVEN_FACTOR = 4.0
"""Worst cases that are reserved for one answer until then."""


Trust = Mapping[str, tuple[int, float]]
"""By tier: its answers so far, and the largest cost of one in worst cases."""


class CapReached(Incomplete):
    """The next call does not fit under the cap, and no call in flight could make room."""

    default_code = "replay.cap"


class Budget:
    """Money for one run. One event loop; no call is ever admitted that could pass the cap.

    Args:
        cap_usd: Hard stop; infinity for none.
        spent_usd: Spent on this run before.
        lost_usd: Possibly spent before.
        trust: How far tiers have kept their limits, as another budget has seen it.
    """

    def __init__(
        self, cap_usd: float, *, spent_usd: float = 0.0, lost_usd: float = 0.0, trust: Trust | None = None
    ) -> None:
        self.cap_usd = cap_usd
        self.spent_usd = spent_usd
        self.lost_usd = lost_usd
        self.reserved_usd = 0.0
        self._near = 0
        self._waiting: deque[tuple[float, str, asyncio.Future[float]]] = deque()
        self._record: dict[str, tuple[int, float]] = dict(trust or {})

    @property
    def committed_usd(self) -> float:
        """Everything that counts against the cap."""
        return self.spent_usd + self.lost_usd + self.reserved_usd

    @property
    def free_usd(self) -> float:
        """What may still be set aside."""
        return max(self.cap_usd - self.committed_usd, 0.0)

    @property
    def trust(self) -> Trust:
        """Answers of each tier, and the largest cost of one in worst cases."""
        return dict(self._record)

    def needs(self, worst_usd: float, tier: str) -> tuple[float, float]:
        """What a call needs at least to be made, and what is better set aside for it."""
        answers, factor = self._record.get(tier, (0, 1.0))
        return worst_usd * factor, worst_usd * (factor if answers >= PROVEN_ANSWERS else max(factor, UNPROVEN_FACTOR))

    def lend(self, usd: float) -> None:
        """Set money aside for another process, which has a budget of its own with this for its cap."""
        self._enter(usd, near=False)

    def repaid(self, lent_usd: float, spent_usd: float, lost_usd: float, trust: Trust) -> None:
        """What was lent comes back, less what it cost.

        Args:
            trust: What that process knows of the tiers now, with what this one told it.
        """
        self.spent_usd += spent_usd
        self.lost_usd += lost_usd
        for tier, (answers, factor) in trust.items():
            before, known = self._record.get(tier, (0, 1.0))
            self._record[tier] = (max(answers, before), max(factor, known))
        self._leave(lent_usd, near=False)

    def fits(self, worst_usd: float) -> bool:
        """Whether a call could be admitted now."""
        return self.committed_usd + worst_usd <= self.cap_usd + ROUNDING_USD

    async def reserve(self, worst_usd: float, tier: str = "") -> Reservation:
        """Set money aside, waiting in line for calls in flight where it does not fit yet.

        Args:
            worst_usd: What the call costs if the endpoint keeps its limits.
            tier: Whose answers tell how far it can be trusted.

        Raises:
            CapReached: It does not fit, and nothing is in flight that could be settled for less.
        """
        held_usd = self._held(worst_usd, tier)
        if worst_usd > 0 and (self._waiting or held_usd is None):
            if not self._near:
                raise self._reached(worst_usd * self._seen(tier))
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((worst_usd, tier, turn))
            try:
                held_usd = await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled() and turn.exception() is None:
                    self._leave(turn.result())
                raise
        else:
            held_usd = held_usd or 0.0
            self._enter(held_usd)
        return Reservation(self, worst_usd * self._seen(tier), held_usd, tier, worst_usd)

    def reserve_now(self, worst_usd: float, tier: str) -> Reservation | None:
        """Set money aside for one request of a batch; None when it does not fit.

        A batch is answered as a whole, so that no first answer of it can prove anything; as far as earlier answers have
        shown that a tier passes its worst case, it is reserved with that.
        """
        held_usd = worst_usd * self._seen(tier)
        return self.readmit(held_usd, tier, worst_usd) if self.fits(held_usd) else None

    def readmit(self, held_usd: float, tier: str, worst_usd: float) -> Reservation:
        """Money that is out already: it counts, whether it fits or not. Nobody waits for it as for a call in flight."""
        self._enter(held_usd, near=False)
        stake = Reservation(self, worst_usd * self._seen(tier), held_usd, tier, worst_usd)
        stake.near = False
        return stake

    def refusal(self, worst_usd: float, tier: str) -> CapReached:
        """The error of a call that does not fit."""
        return self._reached(worst_usd * self._seen(tier))

    def observe(self, tier: str, worst_usd: float, cost_usd: float) -> None:
        """An answer of a tier cost this much, where its worst case was that."""
        if worst_usd > 0 and cost_usd > 0:
            answers, factor = self._record.get(tier, (0, 1.0))
            self._record[tier] = (answers + 1, max(factor, cost_usd / worst_usd))

    def exchange(self, held_usd: float, gone_usd: float, worst_usd: float) -> float | None:
        """What may be held for another attempt when the one that held this much has cost that; None for nothing."""
        room_usd = self.cap_usd - (self.committed_usd - held_usd) - gone_usd
        return min(held_usd, room_usd) if room_usd + ROUNDING_USD >= worst_usd else None

    def _seen(self, tier: str) -> float:
        return self._record.get(tier, (0, 1.0))[1]

    def _held(self, worst_usd: float, tier: str) -> float | None:
        """What to reserve for a call; None when it does not fit. A call alone may have all that is left."""
        _, factor = self._record.get(tier, (0, 1.0))
        held_usd = self.needs(worst_usd, tier)[1]
        if self.fits(held_usd):
            return held_usd
        if not self._near and self.fits(worst_usd * factor):
            return max(min(held_usd, self.cap_usd - self.committed_usd), worst_usd)
        return None

    def _enter(self, worst_usd: float, *, near: bool = True) -> None:
        self.reserved_usd += worst_usd
        self._near += near

    def _leave(self, worst_usd: float, *, near: bool = True) -> None:
        self.reserved_usd = max(self.reserved_usd - worst_usd, 0.0)
        self._near -= near
        self._let_in()

    def _let_in(self) -> None:
        """Admit those in line, in order, as far as they fit; when nothing is in flight and they do not, tell them."""
        while self._waiting:
            worst_usd, tier, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif (held_usd := self._held(worst_usd, tier)) is not None:
                self._waiting.popleft()
                self._enter(held_usd)
                turn.set_result(held_usd)
            elif self._near:
                return
            else:
                self._waiting.popleft()
                turn.set_exception(self._reached(worst_usd * self._seen(tier)))

    def _reached(self, worst_usd: float) -> CapReached:
        notes = [f"the next call may cost up to {usd(worst_usd)}"]
        if self.lost_usd:
            notes.append(f"{usd(self.lost_usd)} of it for attempts that were lost and may have been billed")
        return CapReached(
            f"the spend cap of {usd(self.cap_usd)} is reached: {usd(self.spent_usd + self.lost_usd)} spent",
            notes=notes,
            hint="raise max_spend and run the same command again: finished calls are not paid twice",
        )


class Reservation:
    """Money set aside for one call. Ends with one of `settle` and `lose`.

    Attributes:
        worst_usd: What one attempt is taken to cost where nobody says.
        lost_usd: Attempts that may have been billed without an answer.
        paid_usd: Attempts that were billed without an answer.
        near: It will be over soon, so that others may wait for its money.
        sent: An attempt is on the wire, and nobody has booked yet what became of it.
        short: There was no money for another attempt.
        on_wire: Told True just before an attempt is sent, and False when it ended and was not billed.
    """

    __slots__ = (
        *("_base_usd", "_budget", "_held_usd", "_open", "_tier"),
        *("lost_usd", "near", "on_wire", "paid_usd", "sent", "short", "worst_usd"),
    )

    def __init__(self, budget: Budget, worst_usd: float, held_usd: float, tier: str, base_usd: float) -> None:
        self._budget = budget
        self._open = True
        self._held_usd = held_usd
        self._tier = tier
        self._base_usd = base_usd
        self.worst_usd = worst_usd
        self.lost_usd = self.paid_usd = 0.0
        self.near = True
        self.sent = self.short = False
        self.on_wire: Callable[[bool], None] = lambda sent: None

    def send(self) -> None:
        """An attempt goes out now."""
        self.on_wire(True)
        self.sent = True

    def settle(self, cost_usd: float) -> None:
        """The call is over and cost this much, what was paid before included; 0 when nothing was billed."""
        self._budget.observe(self._tier, self._base_usd, cost_usd - self.paid_usd)
        self._budget.spent_usd += cost_usd - self.paid_usd
        self._close()

    def attempt_failed(self, billed_usd: float, *, maybe_billed: bool) -> bool:
        """An attempt gave no answer: book it.

        Args:
            billed_usd: What all attempts so far were billed, as far as the endpoint says.
            maybe_billed: It may have been billed without a word about it: its worst case is counted.

        Returns:
            Whether there is money for another.
        """
        self.sent = False
        paid_usd = billed_usd - self.paid_usd
        if paid_usd <= 0 and not maybe_billed:
            self.on_wire(False)
            return True
        gone_usd = paid_usd if paid_usd > 0 else self.worst_usd
        another = self._budget.exchange(self._held_usd, gone_usd, self.worst_usd)
        if paid_usd > 0:
            self._budget.observe(self._tier, self._base_usd, paid_usd)
            self._budget.spent_usd += paid_usd
            self.paid_usd = billed_usd
        else:
            self._count_lost()
        if another is None:
            self.short = True
            self._close()
            return False
        self._budget.reserved_usd += another - self._held_usd
        self._held_usd = another
        return True

    def lose(self) -> None:
        """The call is over, and whether it was billed is unknown."""
        if self._open:
            self._count_lost()
            self._close()

    def _count_lost(self) -> None:
        self.lost_usd += self.worst_usd
        self._budget.lost_usd += self.worst_usd

    def _close(self) -> None:
        self.sent = False
        if self._open:
            self._open = False
            self._budget._leave(self._held_usd, near=self.near)
