"""The gate to one tier: calls in flight, calls and tokens per minute, and its turns at the pace of its host.

The tier's own limits are those of every audit on this machine that asks the same model at the same host with the same
key (`allowance.py`). The pace is found out by each process for itself, from what the host refuses.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType

from audit.core.clock import Clock
from audit.core.exchange import Request, Usage
from audit.core.tier import Tier
from audit.llm.allowance import STARTS, TOKENS, Allowance
from audit.llm.pace import Pace, PacedCall, Tell
from audit.llm.tiers import host_of, variables_of
from audit.llm.tokens import prompt_tokens_estimate

__all__ = ["Limiter", "PacedCall", "limiters_of"]

LOOK_AGAIN_S = 0.02
"""Between looks for a place while other processes hold them all."""
SOONER_S = 0.25
"""Between looks whether a start may be taken sooner than it seemed."""


def limiters_of(
    tiers: Iterable[Tier], clock: Clock, tell: Tell, allowances: Callable[[Tier], Allowance] = lambda tier: Allowance()
) -> dict[str, Limiter]:
    """A gate to each tier, by name. A limit is a host's and a key's (by its variables): such tiers share one pace.

    Args:
        tiers: In an order that another process would have too.
        allowances: What is used up of a tier's limits; one for all tiers whose limits are the same.
    """
    paces: dict[object, Pace] = {}
    seats: Counter[int] = Counter()
    limiters = {}
    for tier in tiers:
        limited = (host_of(tier) or tier.name, variables_of(tier))
        allowance = allowances(tier)
        limiters[tier.name] = Limiter(
            tier,
            pace=paces.setdefault(limited, Pace(clock, tell)),
            clock=clock,
            allowance=allowance,
            seat=seats[id(allowance)],
        )
        seats[id(allowance)] += 1
    return limiters


class Limiter:
    """A gate to one tier; `async with` holds one place in flight, and gives the call's turn, to be told what becomes
    of it.

    Starts are spaced evenly: no minute ever sees more than `requests_per_minute` and one, however many processes start
    them; and one more where they wake late.

    Args:
        tier: With its limits.
        pace: Of the tier's host and key.
        allowance: What is used up of the limits.
        seat: The tier's number among those that share the allowance.

    Attributes:
        tokens: Tokens per minute, where the tier has a limit of them; waited for before the gate, with no place held.
    """

    def __init__(
        self, tier: Tier, *, pace: Pace, clock: Clock, allowance: Allowance | None = None, seat: int = 0
    ) -> None:
        self._name = tier.name
        self._most = tier.concurrency
        self._places = asyncio.Semaphore(tier.concurrency)
        self._interval_s = 60.0 / tier.requests_per_minute if tier.requests_per_minute else 0.0
        self._pace = pace
        self._clock = clock
        self._allowance = allowance or Allowance()
        self._seat = seat
        self._seated: list[int] = []
        self._first_in_line, self._next_to_start = asyncio.Lock(), asyncio.Lock()
        self.tokens = TokenRate(tier, clock, self._allowance) if tier.tokens_per_minute is not None else None

    @property
    def shared(self) -> bool:
        """Whether other processes of this machine see what is used up."""
        return self._allowance.shared

    async def __aenter__(self) -> PacedCall:
        await self._places.acquire()
        self._allowance.join()
        try:
            async with self._first_in_line:
                while (place := self._allowance.take_place(self._seat, self._most)) is None:
                    await self._clock.sleep(LOOK_AGAIN_S)
            self._seated.append(place)
            try:
                if self._interval_s:
                    async with self._next_to_start:
                        await started(self._allowance, STARTS, self._interval_s, self._clock)
                return await self._pace.turn(self._name)
            except BaseException:
                self._stand_up()
                raise
        except BaseException:
            self._allowance.part()
            self._places.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stand_up()
        self._allowance.part()
        self._places.release()

    def _stand_up(self) -> None:
        # Places are alike, so a call may give back another's.
        self._allowance.leave_place(self._seat, self._seated.pop())


async def started(allowance: Allowance, which: int, cost_s: float, clock: Clock) -> None:
    """Wait until a start is taken, and look now and then: others give back what they did not use.

    One caller a process asks at a time, so that they start in the order in which they came.
    """
    waited = False
    while wait := allowance.start(which, cost_s, clock.now(), waited=waited):
        await clock.sleep(min(wait, SOONER_S))
        waited = True


class TokenRate:
    """Tokens per minute of one tier, spaced evenly: no minute ever sees more than the limit and one call.

    A call takes what it may use, prompt and longest answer, as vendors count it when it arrives; what it did not use
    is given back when it has ended. None takes more than a minute's tokens, whatever limit its request names: a process
    that is killed meanwhile would leave that to all others.

    Args:
        tier: Says how long its answers may be, and the limit.
        allowance: What is used up of it.
    """

    def __init__(self, tier: Tier, clock: Clock, allowance: Allowance) -> None:
        assert tier.tokens_per_minute is not None
        self._tier = tier
        self._seconds_each = 60.0 / tier.tokens_per_minute
        self._most = max(int(tier.tokens_per_minute), 1)
        self._clock = clock
        self._allowance = allowance
        self._next_to_start = asyncio.Lock()

    async def take(self, request: Request) -> int:
        """Wait until the tokens of a request may be used, and say how many were taken for it."""
        taken = min(prompt_tokens_estimate(request) + self._tier.output_limit(request.token_limit), self._most)
        async with self._next_to_start:
            await started(self._allowance, TOKENS, taken * self._seconds_each, self._clock)
        return taken

    def settle(self, taken: int, usage: Usage | None) -> None:
        """Take in what a call used; one that does not say has used what was taken."""
        if usage is not None:
            self.give_back(taken - usage.prompt_tokens - usage.completion_tokens)

    def give_back(self, tokens: int) -> None:
        """Tokens that were taken and not used; fewer than none where more were used."""
        self._allowance.give_back(TOKENS, tokens * self._seconds_each, self._clock.now())
