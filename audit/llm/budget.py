"""The spend cap: money is set aside before a call and settled after it, so that the cap cannot be passed.

Three sums of USD count against the cap: `spent` (answers that came back, at their real cost), `lost` (attempts that
may have been billed although nothing usable came back: a time-out, a cut body; taken at their worst case), and
`reserved` (worst cases of the calls in flight).
"""

from __future__ import annotations

import asyncio
from collections import deque

from audit.core.display import usd
from audit.core.errors import Incomplete

ROUNDING_USD = 1e-9


class CapReached(Incomplete):
    """The next call does not fit under the cap, and no call in flight could make room."""

    default_code = "replay.cap"


class Budget:
    """Money for one run. One event loop; no call is ever admitted that could pass the cap.

    Args:
        cap_usd: Hard stop; infinity for none.
        spent_usd: Spent on this run before.
        lost_usd: Possibly spent before.
    """

    def __init__(self, cap_usd: float, *, spent_usd: float = 0.0, lost_usd: float = 0.0) -> None:
        self.cap_usd = cap_usd
        self.spent_usd = spent_usd
        self.lost_usd = lost_usd
        self.reserved_usd = 0.0
        self._stakes = 0
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    @property
    def committed_usd(self) -> float:
        """Everything that counts against the cap."""
        return self.spent_usd + self.lost_usd + self.reserved_usd

    def fits(self, worst_usd: float) -> bool:
        """Whether a call could be admitted now."""
        return self.committed_usd + worst_usd <= self.cap_usd + ROUNDING_USD

    async def reserve(self, worst_usd: float) -> Stake:
        """Set money aside, waiting in line for calls in flight where it does not fit yet.

        Raises:
            CapReached: It does not fit, and nothing is in flight that could be settled for less.
        """
        if worst_usd > 0 and (self._waiting or not self.fits(worst_usd)):
            if not self._stakes:
                raise self._reached(worst_usd)
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((worst_usd, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled() and turn.exception() is None:
                    self._leave(worst_usd)
                raise
        else:
            self._enter(worst_usd)
        return Stake(self, worst_usd)

    def _enter(self, worst_usd: float) -> None:
        self.reserved_usd += worst_usd
        self._stakes += 1

    def _leave(self, worst_usd: float) -> None:
        self.reserved_usd = max(self.reserved_usd - worst_usd, 0.0)
        self._stakes -= 1
        self._let_in()

    def _let_in(self) -> None:
        """Admit those in line, in order, as far as they fit; when nothing is in flight and they do not, tell them."""
        while self._waiting:
            worst_usd, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif self.fits(worst_usd):
                self._waiting.popleft()
                self._enter(worst_usd)
                turn.set_result(None)
            elif self._stakes:
                return
            else:
                self._waiting.popleft()
                turn.set_exception(self._reached(worst_usd))

    def _reached(self, worst_usd: float) -> CapReached:
        notes = [f"the next call may cost up to {usd(worst_usd)}"]
        if self.lost_usd:
            notes.append(f"{usd(self.lost_usd)} of it for attempts that were lost and may have been billed")
        return CapReached(
            f"the spend cap of {usd(self.cap_usd)} is reached: {usd(self.spent_usd + self.lost_usd)} spent",
            notes=notes,
            hint="raise max_spend and run the same command again: finished calls are not paid twice",
        )


class Stake:
    """Money set aside for one call. Ends with exactly one of `settle`, `lose` and a refused `renew`."""

    __slots__ = ("_budget", "_open", "lost_usd", "worst_usd")

    def __init__(self, budget: Budget, worst_usd: float) -> None:
        self._budget = budget
        self._open = True
        self.worst_usd = worst_usd
        self.lost_usd = 0.0

    def settle(self, cost_usd: float) -> None:
        """The call is over and cost this much; 0 when nothing was billed."""
        self._budget.spent_usd += cost_usd
        self._close()

    def lose(self) -> None:
        """The call is over, and whether it was billed is unknown."""
        if self._open:
            self._count_lost()
            self._close()

    def renew(self) -> bool:
        """An attempt may have been billed for nothing: count it, and set money aside for another.

        Returns:
            False when another does not fit; the stake is over then.
        """
        if not self._budget.fits(self.worst_usd):
            self.lose()
            return False
        self._count_lost()
        return True

    def _count_lost(self) -> None:
        self.lost_usd += self.worst_usd
        self._budget.lost_usd += self.worst_usd

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._budget._leave(self.worst_usd)
