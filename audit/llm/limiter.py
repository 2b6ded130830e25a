"""The gate to one tier: calls in flight, calls and tokens per minute, and its turns at the pace of its host."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType

from audit.core.clock import Clock
from audit.core.exchange import Request, Usage
from audit.core.tier import Tier
from audit.llm.pace import Pace, PacedCall, Tell
from audit.llm.tiers import host_of, variables_of
from audit.llm.tokens import prompt_tokens_estimate

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
        if tier.tokens_per_minute is not None:
            limiters[tier.name].tokens = TokenRate(tier, tier.tokens_per_minute, clock)
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

    Attributes:
        tokens: Tokens per minute, where the tier has a limit of them; waited for before the gate, with no place held.
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
        self.tokens: TokenRate | None = None

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


class TokenRate:
    """Tokens per minute of one tier, spaced evenly: no minute ever sees more than the limit and one call.

    A call takes what it may use, prompt and longest answer, as vendors count it when it arrives; what it did not use
    is given back when it has ended.

    Args:
        tier: Says how long its answers may be.
        per_minute: The limit.
    """

    def __init__(self, tier: Tier, per_minute: float, clock: Clock) -> None:
        self._tier = tier
        self._seconds_each = 60.0 / per_minute
        self._clock = clock
        self._next_start = 0.0

    async def take(self, request: Request) -> int:
        """Wait until the tokens of a request may be used, and say how many were taken for it."""
        taken = prompt_tokens_estimate(request) + self._tier.output_limit(request.token_limit)
        start = max(self._clock.now(), self._next_start)
        self._next_start = start + taken * self._seconds_each
        try:
            while (wait := start - self._clock.now()) > 1e-6:
                await self._clock.sleep(wait)
        except BaseException:
            self.give_back(taken)
            raise
        return taken

    def settle(self, taken: int, usage: Usage | None) -> None:
        """Take in what a call used; one that does not say has used what was taken."""
        if usage is not None:
            self.give_back(taken - usage.prompt_tokens - usage.completion_tokens)

    def give_back(self, tokens: int) -> None:
        """Tokens that were taken and not used; fewer than none where more were used."""
        self._next_start = max(self._clock.now(), self._next_start - tokens * self._seconds_each)
