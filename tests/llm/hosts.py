"""Hosts with limits of every kind, on a clock that jumps: how much of what a host takes is used, and how soon.

`python -m tests.llm.hosts` prints it for all of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.llm.limiter import Limiter
from audit.llm.pace import Pace
from audit.llm.retry import Backoff
from tests.llm.virtual import JumpingClock
from tests.llm.world import tier

SECONDS = 90.0
ATTEMPTS = 6
REACHED = 0.8
TRAILING_S = 5.0


class Host:
    """Takes every call.

    Attributes:
        latency_s: Of an answer; a refusal takes a tenth of a second at most.
    """

    latency_s = 0.5

    def refusal(self, now: float, rng: random.Random, tier: str) -> float | None:
        """None where it takes the call, else the seconds it asks to wait (0: none named)."""
        return None

    def answered(self) -> None:
        """A call that was taken is over."""

    def capacity(self, start: float, end: float) -> float:
        """Calls that it takes between two moments, at most."""
        raise NotImplementedError


class Bucket(Host):
    """A token bucket: `rate` calls a second, a second's worth at once."""

    def __init__(self, rate: float, wait_s: float = 0.0) -> None:
        self.rate, self.wait_s, self.room, self.at = rate, wait_s, rate, 0.0

    def refill(self, now: float) -> None:
        """What came in since."""
        rate = self.rate_at(now)
        self.room, self.at = min(rate, self.room + (now - self.at) * rate), now

    def rate_at(self, now: float) -> float:
        """Calls a second."""
        return self.rate

    def refusal(self, now: float, rng: random.Random, tier: str) -> float | None:
        self.refill(now)
        if self.room < 1:
            return self.wait_s
        self.room -= 1
        return None

    def capacity(self, start: float, end: float) -> float:
        steps = range(int(start * 10), int(end * 10))
        return sum(self.rate_at(step / 10) for step in steps) / 10


class Falling(Bucket):
    """A fifth of its rate between the 30th and the 60th second."""

    def rate_at(self, now: float) -> float:
        return self.rate / 5 if 30 <= now < 60 else self.rate


class Starting(Bucket):
    """A tenth of its rate at first, all of it after 20 seconds: machines are being added."""

    def rate_at(self, now: float) -> float:
        return self.rate * min(0.1 + 0.9 * now / 20, 1.0)


class FixedWindow(Host):
    """So many calls in each ten seconds of the clock."""

    def __init__(self, calls: int, *, says: bool) -> None:
        self.calls, self.says, self.window, self.taken = calls, says, 0, 0

    def refusal(self, now: float, rng: random.Random, tier: str) -> float | None:
        window = int(now // 10)
        if window != self.window:
            self.window, self.taken = window, 0
        if self.taken >= self.calls:
            return (window + 1) * 10 - now if self.says else 0.0
        self.taken += 1
        return None

    def capacity(self, start: float, end: float) -> float:
        return self.calls * (end - start) / 10


class Tokens(Bucket):
    """A bucket of calls and one of tokens; calls have 100 to 1,900 tokens, and the tokens are what is short."""

    def __init__(self, rate: float, tokens_per_s: float) -> None:
        super().__init__(rate)
        self.tokens_per_s = self.tokens = tokens_per_s

    def refusal(self, now: float, rng: random.Random, tier: str) -> float | None:
        self.tokens = min(self.tokens_per_s, self.tokens + (now - self.at) * self.tokens_per_s)
        if self.tokens <= 0:
            self.refill(now)
            return 0.0
        refused = super().refusal(now, rng, tier)
        self.tokens -= rng.uniform(100, 1900) if refused is None else 0
        return refused

    def capacity(self, start: float, end: float) -> float:
        return self.tokens_per_s / 1000 * (end - start)


class Concurrent(Host):
    """So many calls at work at once."""

    def __init__(self, places: int, latency_s: float) -> None:
        self.places, self.latency_s, self.busy = places, latency_s, 0

    def refusal(self, now: float, rng: random.Random, tier: str) -> float | None:
        if self.busy >= self.places:
            return 0.0
        self.busy += 1
        return None

    def answered(self) -> None:
        self.busy -= 1

    def capacity(self, start: float, end: float) -> float:
        return self.places / self.latency_s * (end - start)


class Moody(Host):
    """Refuses a share of calls at random, whatever the speed: it takes what is sent by whoever only waits as asked."""

    def __init__(self, share: float, in_flight: int) -> None:
        self.share, self.in_flight = share, in_flight

    def refusal(self, now: float, rng: random.Random, tier: str) -> float | None:
        return 0.0 if rng.random() < self.share else None

    def capacity(self, start: float, end: float) -> float:
        waits = sum(self.share**n * (0.05 + 0.75 * Backoff().base_s * 2 ** (n - 1)) for n in range(1, ATTEMPTS))
        return self.in_flight / (self.latency_s + waits) * (end - start)


class ByModel(Host):
    """Limits the first tier's model to 10 calls a second and takes all of the second's, 32 at once."""

    def __init__(self) -> None:
        self.first = Bucket(10)

    def refusal(self, now: float, rng: random.Random, tier: str) -> float | None:
        return self.first.refusal(now, rng, tier) if tier.endswith("-0") else None

    def capacity(self, start: float, end: float) -> float:
        return (10 + 32 / self.latency_s) * (end - start)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A host, and who asks it.

    Attributes:
        makes: A new host.
        tiers: Calls in flight by tier.
        processes: Paces that know nothing of each other.
    """

    makes: Callable[[], Host]
    tiers: tuple[int, ...] = (256,)
    processes: int = 1


MODELS: dict[str, Model] = {
    "token bucket, Retry-After": Model(makes=lambda: Bucket(50, wait_s=1.0)),
    "token bucket, no word": Model(makes=lambda: Bucket(50)),
    "fixed window, Retry-After": Model(makes=lambda: FixedWindow(300, says=True)),
    "fixed window, no word": Model(makes=lambda: FixedWindow(300, says=False)),
    "requests and tokens": Model(makes=lambda: Tokens(60, 40_000)),
    "32 calls at once, 2 s each": Model(makes=lambda: Concurrent(32, 2.0)),
    "32 calls at once, 10 s each": Model(makes=lambda: Concurrent(32, 10.0)),
    "falls to a fifth and comes back": Model(makes=lambda: Falling(100)),
    "slow start": Model(makes=lambda: Starting(100)),
    "18 % at random": Model(makes=lambda: Moody(0.18, 256)),
    "45 % at random": Model(makes=lambda: Moody(0.45, 256)),
    "two tiers of one host": Model(makes=lambda: Bucket(50), tiers=(256, 32)),
    "one of two models limited": Model(makes=ByModel, tiers=(32, 32)),
    "two processes": Model(makes=lambda: Bucket(50), tiers=(256,), processes=2),
}

SLOW_MODELS = ("18 % at random", "45 % at random", "slow start")
"""Those that make ten thousands of calls."""
MOST_LOST = 0.03
"""Of calls, whose six attempts may all be refused: by chance, or where a host says nothing for most of a window."""


@dataclass(kw_only=True)
class Use:
    """What was used of a host.

    Attributes:
        taken: Moments at which calls were taken, by process and tier.
        refused: Attempts that were refused.
        lost: Calls whose attempts were used up.
    """

    taken: dict[str, list[float]] = field(default_factory=dict)
    refused: int = 0
    lost: int = 0

    def share(self, host: Host, start: float, end: float) -> float:
        """Of what the host takes between two moments."""
        return sum(start <= at < end for moments in self.taken.values() for at in moments) / host.capacity(start, end)

    def reached(self, host: Host, start: float, trailing_s: float = TRAILING_S) -> float:
        """Seconds after a moment until four fifths of what the host takes were used for so many seconds on end."""
        for second in range(int(start), int(SECONDS - trailing_s)):
            if self.share(host, second, second + trailing_s) >= REACHED:
                return second + trailing_s - start
        return float("inf")

    @property
    def refused_share(self) -> float:
        """Of all attempts."""
        return self.refused / max(self.refused + sum(map(len, self.taken.values())), 1)


def use(model: Model, seed: int = 0, seconds: float = SECONDS) -> tuple[Host, Use]:
    """Ask a host as the client does, by as many as may be in flight, without end."""
    clock, found, rng, host, backoff = JumpingClock(), Use(), random.Random(seed), model.makes(), Backoff()

    async def worker(limiter: Limiter, name: str) -> None:
        while clock.now() < seconds:
            for attempt in range(1, ATTEMPTS + 1):
                async with limiter as turn:
                    wait = host.refusal(clock.now(), rng, name)
                    if wait is None:
                        found.taken.setdefault(name, []).append(clock.now())
                        await clock.sleep(host.latency_s * rng.uniform(0.5, 1.5))
                        host.answered()
                        turn.taken()
                        break
                    await clock.sleep(rng.uniform(0, 0.1))
                    turn.refused(wait or None)
                found.refused += 1
                if clock.now() > seconds:
                    return
                if attempt < ATTEMPTS:
                    await clock.sleep(backoff.wait_s(attempt, rng, wait or None) or 0.0)
            else:
                found.lost += 1

    async def main() -> None:
        work = []
        for process in range(model.processes):
            pace = Pace(clock)
            for number, in_flight in enumerate(model.tiers):
                name = f"{process}-{number}"
                limiter = Limiter(tier(name, concurrency=in_flight), pace=pace, clock=clock)
                work += [worker(limiter, name) for _ in range(in_flight)]
        await clock.run(work)

    asyncio.run(main())
    return host, found


def line(name: str, host: Host, found: Use) -> str:
    """One model's row."""
    shares = "  ".join(f"{found.share(host, start, start + 30):5.0%}" for start in (0, 30, 60))
    by_tier = " / ".join(str(len(moments)) for _, moments in sorted(found.taken.items()))
    return (
        f"{name:34} {shares}   80 % after {found.reached(host, 0):3.0f} s   "
        f"refused {found.refused_share:4.0%}   lost {found.lost:3}   taken {by_tier}"
    )


if __name__ == "__main__":
    print(f"{'':34} {'0-30 s':>6} {'30-60':>6} {'60-90':>6}")
    for name, model in MODELS.items():
        print(line(name, *use(model)))
