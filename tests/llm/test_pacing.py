"""Rate limits, back-off and outages, with a clock turned by hand."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

import pytest

from audit.core.clock import ManualClock
from audit.llm.breaker import Breaker, Outage
from audit.llm.limiter import Limiter
from audit.llm.retry import LONGEST_RESET_S, Backoff, reset_s, retry_after_s
from tests.llm.virtual import loaded


def test_calls_per_minute_are_kept() -> None:
    """At 120 a minute the 121st call starts no sooner than a minute after the first."""
    clock = ManualClock()
    limiter = Limiter(concurrency=50, requests_per_minute=120, clock=clock)

    async def main() -> list[float]:
        starts = []
        for _ in range(121):
            async with limiter:
                starts.append(clock.now())
        return starts

    starts = asyncio.run(main())
    assert starts[0] == 0
    assert starts[120] - starts[0] >= 60 - 1e-6


class Server:
    """Takes `rate` calls a second and refuses the rest."""

    def __init__(self, clock: ManualClock, rate: float) -> None:
        self.clock, self.rate, self.room, self.at = clock, rate, rate, 0.0
        self.taken = self.refused = 0

    def takes(self) -> bool:
        now = self.clock.now()
        self.room, self.at = min(self.rate, self.room + (now - self.at) * self.rate), now
        if self.room >= 1:
            self.room -= 1
            self.taken += 1
            return True
        self.refused += 1
        return False


def drive(limiter: Limiter, clock: ManualClock, takes: object, seconds: float) -> list[float | None]:
    """One call after another, 20 ms each, for so many seconds; the reduced rate after each."""
    rates = []

    async def main() -> None:
        while clock.now() < seconds:
            async with limiter:
                await clock.sleep(0.02)
                if takes():  # type: ignore[operator]
                    limiter.answered()
                else:
                    limiter.throttled()
            rates.append(limiter.rate_per_s)

    asyncio.run(main())
    return rates


def test_the_rate_settles_at_what_the_endpoint_takes() -> None:
    """50 calls a second against a limit of 10: after the first seconds most calls are taken, near the limit."""
    clock = ManualClock()
    server = Server(clock, 10)
    limiter = Limiter(concurrency=8, requests_per_minute=None, clock=clock)
    drive(limiter, clock, server.takes, 5)
    server.taken = server.refused = 0
    drive(limiter, clock, server.takes, 65)
    assert server.refused / (server.taken + server.refused) < 0.2
    assert server.taken / 60 > 7


def test_the_rate_recovers() -> None:
    """When the endpoint takes everything again, the reduced rate is lifted within two minutes."""
    clock = ManualClock()
    server = Server(clock, 10)
    limiter = Limiter(concurrency=8, requests_per_minute=None, clock=clock)
    assert drive(limiter, clock, server.takes, 3)[-1] is not None
    assert drive(limiter, clock, lambda: True, 120)[-1] is None


@pytest.mark.parametrize("share", [0.05, 0.15])
def test_scattered_429s_do_not_slow_a_tier_down(share: float) -> None:
    """Refusals that have nothing to do with speed cost their own retries and nothing else."""
    clock, rng = ManualClock(), random.Random(1)
    limiter = Limiter(concurrency=8, requests_per_minute=None, clock=clock)
    rates = drive(limiter, clock, lambda: rng.random() > share, 60)
    assert sum(rate is None for rate in rates) > 0.95 * len(rates)


def test_three_refusals_in_a_row_hold_everybody_back() -> None:
    """The third 429 in a row, which asks for 9 seconds, stops the tier for 9 seconds; one alone does not."""
    clock = ManualClock()
    limiter = Limiter(concurrency=8, requests_per_minute=None, clock=clock)

    async def start() -> float:
        async with limiter:
            return clock.now()

    limiter.throttled(9)
    assert asyncio.run(start()) == 0
    limiter.throttled(9)
    limiter.throttled(9)
    assert asyncio.run(start()) == 9


def test_an_outage_is_probed_by_one_call_at_a_time() -> None:
    """Twenty failures open the breaker; then single probes, ever later, until it is given up; nobody else is sent."""
    clock = ManualClock()
    breaker = Breaker(clock, threshold=20, probes=5)
    sent = 0

    async def call() -> str:
        nonlocal sent
        try:
            for _ in range(6):
                await breaker.admit()
                sent += 1
                await asyncio.sleep(0)
                breaker.failed()
        except Outage:
            return "given up"
        return "failed"

    async def main() -> list[str]:
        return await asyncio.gather(*(call() for _ in range(50)))

    ends = asyncio.run(main())
    assert sent <= 50 + 19 + 5
    assert ends.count("given up") >= 44
    assert clock.slept == [1, 2, 4, 8, 16]


def test_one_answer_closes_the_breaker() -> None:
    """After a probe succeeds everybody passes again."""
    breaker = Breaker(ManualClock(), threshold=3)

    async def main() -> bool:
        for _ in range(3):
            await breaker.admit()
            breaker.failed()
        assert breaker.is_open
        others = [asyncio.create_task(breaker.admit()) for _ in range(4)]
        await breaker.admit()
        breaker.succeeded()
        await asyncio.sleep(0)
        for task in others:
            task.cancel()
        return breaker.is_open

    assert not asyncio.run(main())


def test_a_cancelled_probe_lets_another_in() -> None:
    """Ctrl-C during a probe does not leave the others waiting for ever."""
    clock = ManualClock()
    breaker = Breaker(clock, threshold=1)

    async def probe() -> None:
        await breaker.admit()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            breaker.abandoned()
            raise

    async def main() -> None:
        breaker.failed()
        first = asyncio.create_task(probe())
        for _ in range(3):
            await asyncio.sleep(0)
        second = asyncio.create_task(breaker.admit())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait_for(second, 1)

    asyncio.run(main())


NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Fri, 20 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds or a date; nonsense is no request to wait."""
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1.5s"}, 1.5),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "0m12s"}, 12),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "23h59m"}, LONGEST_RESET_S),
        ({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "9s"}, None),
        (
            {
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-20T12:00:08Z",
                "anthropic-ratelimit-requests-remaining": "40",
                "anthropic-ratelimit-requests-reset": "2026-11-20T12:00:59Z",
            },
            8,
        ),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "5"}, 5),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "-4s"}, None),
        ({"x-ratelimit-remaining-requests": "0"}, None),
    ],
)
def test_an_allowance_that_is_used_up_says_when_it_is_there_again(
    headers: dict[str, str], seconds: float | None
) -> None:
    """Only what is used up counts, whoever names it and however."""
    assert reset_s(headers, NOW) == seconds


def test_a_date_is_read_by_the_servers_own_clock() -> None:
    """With a `date` beside it, `retry-after` does not depend on this machine's clock."""
    headers = {"date": "Fri, 20 Nov 1998 12:00:00 GMT", "retry-after": "Fri, 20 Nov 1998 12:00:05 GMT"}
    assert retry_after_s(headers) == 5


def test_backoff_is_seeded_and_bounded() -> None:
    """The same seed gives the same waits, none above the cap, none below what the server asked."""
    backoff = Backoff(base_s=1, cap_s=8)
    waits = [[backoff.wait_s(n, random.Random(3)) for n in range(1, 12)] for _ in range(2)]
    assert waits[0] == waits[1]
    assert all(wait is not None and wait <= 8 for wait in waits[0])
    assert backoff.wait_s(1, random.Random(3), 60) == 60
    assert backoff.wait_s(1, random.Random(3), 1000) is None


@pytest.mark.parametrize("latency_s", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("share", [0.18, 0.3])
def test_scattered_refusals_at_256_in_flight_cost_their_retries_alone(share: float, latency_s: float) -> None:
    """A thousand calls without Retry-After: 95 % are there within four times what they would take without a refusal."""
    for seed in range(4):
        unhindered = loaded(lambda now, rng: None, calls=1000, concurrency=256, latency_s=latency_s, seed=seed)
        load = loaded(
            lambda now, rng: 0.0 if rng.random() < share else None,
            calls=1000,
            concurrency=256,
            latency_s=latency_s,
            seed=seed,
        )
        assert load.until(0.95, 1000) < 4 * unhindered.until(0.95, 1000) + 1
        assert load.lost <= 5


class Bucket:
    """Takes so many calls a second and refuses the rest, with a wait that it asks for or none."""

    def __init__(self, rate: float, wait_s: float) -> None:
        self.rate, self.room, self.wait_s, self.at = rate, rate, wait_s, 0.0

    def __call__(self, now: float, rng: random.Random) -> float | None:
        self.room, self.at = min(self.rate, self.room + (now - self.at) * self.rate), now
        if self.room < 1:
            return self.wait_s
        self.room -= 1
        return None


@pytest.mark.parametrize("rate", [20.0, 100.0])
@pytest.mark.parametrize(("wait_s", "times"), [(0.0, 1.5), (1.0, 3.0)])
def test_a_storm_of_refusals_converges(rate: float, wait_s: float, times: float) -> None:
    """256 in flight against a limit far below: two thirds of it is used, a third where pauses are asked for that
    hold everybody back; next to no call is lost."""
    load = loaded(Bucket(rate, wait_s), calls=1000, concurrency=256)
    assert load.until(0.95, 1000) < times * 1000 / rate + 5
    assert load.lost <= 5
