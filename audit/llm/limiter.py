"""The gate to one tier: calls in flight, calls per minute, and its turns at the pace that its host puts up with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType

from audit.core.clock import Clock
from audit.core.tier import Tier
from audit.llm.pace import Pace, PacedCall, Tell
from audit.llm.tiers import host_of, variables_of

__all__ = ["Limiter", "PacedCall", "limiters_of"]


def limiters_of(tiers: Iterable[Tier], clock: Clock, tell: Tell) -> dict[str, Limiter]:
    """A gate to each tier, by name. A limit is a host's and a key's (by its variables): such tiers share one pace."""
    paces: dict[object, Pace] = {}
    limiters = {}
    for tier in tiers:
        limited = (host_of(tier) or tier.name, variables_of(tier))
        limiters[tier.name] = Limiter(
            tier.name,
            concurrency=tier.concurrency,
            requests_per_minute=tier.requests_per_minute,
            pace=paces.setdefault(limited, Pace(clock, tell)),
            clock=clock,
        )
    return limiters


class Limiter:
    """A gate to one tier; `async with` holds one place in flight, and gives the call's turn, to be told what becomes
    of it.

    Starts are spaced evenly: no minute ever sees more than `requests_per_minute` and one.

    Args:
        name: Of the tier, among those that share the pace.
        concurrency: Calls in flight at most.
        requests_per_minute: None for no limit.
        pace: Of the tier's host and key.
    """

    def __init__(
        self, name: str, *, concurrency: int, requests_per_minute: float | None, pace: Pace, clock: Clock
    ) -> None:
        self._name = name
        self._places = asyncio.Semaphore(concurrency)
        self._own_interval = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._pace = pace
        self._clock = clock
        self._next_start = 0.0

    async def __aenter__(self) -> PacedCall:
        await self._places.acquire()
        try:
            if self._own_interval:
                await self._spaced()
            return await self._pace.turn(self._name)
        except BaseException:
            self._places.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.release()

    async def _spaced(self) -> None:
        start = max(self._clock.now(), self._next_start)
        self._next_start = start + self._own_interval
        # A remainder below the clock's resolution would never pass.
        while (wait := start - self._clock.now()) > 1e-6:
            await self._clock.sleep(wait)
