"""How fast a tier is asked: calls in flight, calls per minute, and the speed that the endpoint itself puts up with."""

from __future__ import annotations

import asyncio
import math
from types import TracebackType

from audit.core.clock import Clock

WINDOW_S = 1.0
WINDOW_REPLIES = 16
OVERLOADED_SHARE = 1 / 3
"""A tenth of refusals is an endpoint with hiccups, and slowing down would not change it; a third is a limit."""
CUT_HELPED = 0.8
CUTS_IN_VAIN = 3
CUT_AGAIN_S = 30.0
BEYOND_CHANCE = 2.33
"""Standard errors by which refusals must exceed that share before a tier is slowed down at all: in a window of sixteen
replies, refusals that have nothing to do with speed do so by chance, and the cut would go by those few replies."""
GAIN_PER_S = 0.05
SLOWEST_PER_S = 0.2
RECOVERED = 1.5
REFUSED_IN_A_ROW = 3


class Limiter:
    """A gate to one tier; `async with` holds one place in flight.

    Replies are looked at in windows of a second. When more than a third of a window were 429s, by more than chance the
    first time, starts are slowed down to what was taken in it, unless three such cuts did not help; else a reduced rate
    grows by 5 % a second, and at 1.5 times the speed before the first cut it is lifted. Three 429s in a row hold
    everybody back for as long as the last one asked. Starts are spaced evenly: no minute ever sees more than
    `requests_per_minute` and one.

    Args:
        concurrency: Calls in flight at most.
        requests_per_minute: None for no limit.
    """

    def __init__(self, *, concurrency: int, requests_per_minute: float | None, clock: Clock) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self._own_interval = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._clock = clock
        self._next_start = 0.0
        self._paused_until = 0.0
        self._window_start = clock.now()
        self._taken = self._refused = self._refused_in_a_row = 0
        self._last_cut = float("-inf")
        self._share_at_cut = float("inf")
        self._cuts_in_vain = 0
        self._full_speed = 0.0
        self.rate_per_s: float | None = None

    async def __aenter__(self) -> Limiter:
        await self._places.acquire()
        if self._own_interval or self.rate_per_s is not None or self._paused_until:
            try:
                await self._wait_for_turn()
            except BaseException:
                self._places.release()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.release()

    def throttled(self, retry_after_s: float | None = None) -> bool:
        """The endpoint answered 429. Returns whether the reduced rate changed."""
        self._refused += 1
        self._refused_in_a_row += 1
        if retry_after_s and self._refused_in_a_row >= REFUSED_IN_A_ROW:
            self._paused_until = max(self._paused_until, self._clock.now() + retry_after_s)
        return self._review()

    def answered(self) -> bool:
        """The endpoint took a call. Returns whether the reduced rate was lifted."""
        self._taken += 1
        self._refused_in_a_row = 0
        # A tier that is not throttled pays for a look at the clock on one answer in sixteen.
        if self.rate_per_s is None and self._taken % WINDOW_REPLIES:
            return False
        return self._review() and self.rate_per_s is None

    def _review(self) -> bool:
        """Judge the window if it is over. Returns whether the rate was cut or lifted."""
        now = self._clock.now()
        elapsed, replies = now - self._window_start, self._taken + self._refused
        if elapsed < WINDOW_S or replies < WINDOW_REPLIES:
            return False
        share, taken_per_s = self._refused / replies, self._taken / elapsed
        self._window_start, self._taken, self._refused = now, 0, 0
        if share < self._share_at_cut * CUT_HELPED or now - self._last_cut >= CUT_AGAIN_S:
            self._cuts_in_vain = 0
        chance = BEYOND_CHANCE * math.sqrt(share * (1 - share) / replies) if self.rate_per_s is None else 0.0
        if share > OVERLOADED_SHARE + chance and self._cuts_in_vain < CUTS_IN_VAIN:
            if self.rate_per_s is None:
                self._full_speed = replies / elapsed
            self._cuts_in_vain += 1
            self._last_cut, self._share_at_cut = now, share
            self.rate_per_s = max(taken_per_s, SLOWEST_PER_S)
            return True
        if self.rate_per_s is not None:
            self.rate_per_s *= (1 + GAIN_PER_S) ** min(elapsed, 60.0)
            if self.rate_per_s >= self._full_speed * RECOVERED:
                self.rate_per_s, self._share_at_cut = None, float("inf")
                return True
        return False

    async def _wait_for_turn(self) -> None:
        interval = max(self._own_interval, 1.0 / self.rate_per_s if self.rate_per_s else 0.0)
        start = max(self._clock.now(), self._next_start, self._paused_until)
        self._next_start = start + interval
        # A remainder below the clock's resolution would never pass.
        while (wait := max(start, self._paused_until) - self._clock.now()) > 1e-6:
            await self._clock.sleep(wait)
