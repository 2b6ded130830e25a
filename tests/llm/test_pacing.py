"""Rate limits, back-off and outages, with a clock turned by hand."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

import pytest

from audit.core.clock import ManualClock
from audit.core.exchange import Usage
from audit.llm.allowance import Allowance
from audit.llm.breaker import Breaker, Outage
from audit.llm.limiter import Limiter, TokenRate, limiters_of
from audit.llm.pace import Pace
from audit.llm.retry import LONGEST_RESET_S, Backoff, reset_s, retry_after_s
from tests.llm.hosts import MODELS, MOST_LOST, SLOW_MODELS, line, use
from tests.llm.virtual import JumpingClock
from tests.llm.world import request, tier


def test_calls_per_minute_are_kept() -> None:
    """At 120 a minute the 121st call starts no sooner than a minute after the first."""
    clock = ManualClock()
    limiter = Limiter(tier(concurrency=50, requests_per_minute=120), pace=Pace(clock), clock=clock)

    async def main() -> list[float]:
        starts = []
        for _ in range(121):
            async with limiter:
                starts.append(clock.now())
        return starts

    starts = asyncio.run(main())
    assert starts[0] == 0
    assert starts[120] - starts[0] >= 60 - 1e-6


@pytest.mark.parametrize("used", [10, 100, 400])
def test_tokens_per_minute_are_kept(used: int) -> None:
    """No minute sees more than the limit and what is in flight, and what short answers leave is used by others."""
    clock = JumpingClock()
    limited = tier(tokens_per_minute=6_000, concurrency=8, max_tokens=400)
    tokens = limiters_of([limited], clock, lambda names, rate_per_s: None)["small"].tokens
    assert tokens is not None
    spent: list[tuple[float, int]] = []

    async def worker() -> None:
        for _ in range(15):
            taken = await tokens.take(request("word " * 100))
            began = clock.now()
            await clock.sleep(0.5)
            usage = Usage(prompt_tokens=100, completion_tokens=used)
            tokens.settle(taken, usage)
            spent.append((began, usage.prompt_tokens + usage.completion_tokens))

    asyncio.run(clock.run([worker() for _ in range(8)]))
    assert len(spent) == 120
    for began, _ in spent:
        assert sum(n for at, n in spent if began <= at < began + 60) <= 6_000 + 8 * 500
    minutes = (max(at for at, _ in spent) + 60) / 60
    assert sum(n for _, n in spent) / minutes > 0.5 * 6_000


def test_tokens_of_a_call_that_was_never_made_are_given_back() -> None:
    """Whoever is cancelled while waiting leaves the minute as it was."""

    class Interrupted(ManualClock):
        interrupted = False

        async def sleep(self, seconds: float) -> None:
            if not self.interrupted:
                self.interrupted = True
                raise asyncio.CancelledError
            await super().sleep(seconds)

    clock = Interrupted()
    tokens = TokenRate(tier(max_tokens=1_000, tokens_per_minute=1_000), clock, Allowance())

    async def main() -> None:
        taken = await tokens.take(request())
        with pytest.raises(asyncio.CancelledError):
            await tokens.take(request())
        await tokens.take(request())
        assert clock.now() == pytest.approx(taken * 60 / 1_000)

    asyncio.run(main())


def test_three_refusals_in_a_row_hold_everybody_back() -> None:
    """The third 429 in a row, which asks for 9 seconds, stops the host for 9 seconds; one alone does not."""
    clock = ManualClock()
    pace = Pace(clock)

    async def main() -> None:
        (await pace.turn("small")).refused(9)
        turns = [await pace.turn("small") for _ in range(2)]
        assert clock.now() == 0
        for turn in turns:
            turn.refused(9)
        await pace.turn("large")
        assert clock.now() == 9

    asyncio.run(main())


@pytest.mark.parametrize(
    ("other", "waits"), [({}, 9), ({"api_key_env": "OTHER_KEY"}, 0), ({"base_url": "http://other.test/v1"}, 0)]
)
def test_a_limit_is_of_a_host_and_a_key(other: dict[str, str], waits: float) -> None:
    """What is refused of one tier holds back another of the same host and key, and no other."""
    clock = ManualClock()
    limiters = limiters_of([tier("small"), tier("large", **other)], clock, lambda names, rate_per_s: None)

    async def main() -> float:
        for _ in range(3):
            async with limiters["small"] as turn:
                turn.refused(9)
        async with limiters["large"]:
            return clock.now()

    assert asyncio.run(main()) == waits


def test_an_allowance_that_an_answer_says_is_used_up_is_waited_for_once_the_host_has_refused() -> None:
    """A gateway that always says that nothing is left holds nobody back; a host that refuses means it."""
    clock = ManualClock()
    pace = Pace(clock)

    async def main() -> None:
        (await pace.turn("small")).taken(7)
        await pace.turn("small")
        assert clock.now() == 0
        (await pace.turn("small")).refused()
        (await pace.turn("small")).taken(7)
        await pace.turn("small")
        assert clock.now() == 7

    asyncio.run(main())


def test_a_call_that_is_cancelled_in_line_leaves_the_line_to_the_others() -> None:
    """Whoever waits behind it gets its turn, and its place in flight is free again."""
    clock = JumpingClock()
    pace = Pace(clock)
    limiter = Limiter(tier(concurrency=2), pace=pace, clock=clock)

    async def main() -> None:
        for turn in [await pace.turn("small") for _ in range(3)]:
            turn.refused(5)
        waiting = [asyncio.create_task(limiter.__aenter__()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()

        async def others() -> None:
            await asyncio.gather(*waiting[1:])

        await clock.run([others()])
        assert clock.now() == 5

    asyncio.run(main())


QUICK_S = 60.0
ENOUGH = 0.8


@pytest.mark.parametrize("name", [name for name in MODELS if name not in SLOW_MODELS])
def test_most_of_what_a_host_takes_is_used(name: str) -> None:
    """Within half a minute four fifths, and four fifths of the next half; next to no call is given up."""
    host, found = use(MODELS[name], seed=1, seconds=QUICK_S)
    taken = sum(map(len, found.taken.values()))
    assert found.reached(host, 0) <= 30
    assert found.share(host, 30, QUICK_S) >= ENOUGH
    assert found.lost <= taken * MOST_LOST


def taken_by_tier(name: str) -> list[int]:
    """Calls of each tier between the 10th and the 40th second."""
    _, found = use(MODELS[name], seed=1, seconds=40)
    return [sum(10 <= at < 40 for at in moments) for _, moments in sorted(found.taken.items())]


def test_tiers_of_one_host_get_equal_parts() -> None:
    """256 of one and 32 of the other may be in flight."""
    large, small = taken_by_tier("two tiers of one host")
    assert 0.75 < small / large < 1.33


def test_a_tier_whose_own_model_is_limited_holds_no_other_back() -> None:
    """One host, one key, a limit for one model: 10 calls a second of it, and 64 of the other, which has none."""
    limited, free = taken_by_tier("one of two models limited")
    assert (limited > 0.8 * 300, free > 0.9 * 64 * 30) == (True, True)


@pytest.mark.slow
def test_use_of_hosts_of_every_kind() -> None:
    """Prints what is used of each, over five seeds the least."""
    for name, model in MODELS.items():
        runs = [use(model, seed) for seed in range(5)]
        print(min(line(name, *run) for run in runs))
        assert all(found.reached(host, 0) <= 30 and found.share(host, 30, 90) >= ENOUGH for host, found in runs)


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
NOW_S = int(NOW.timestamp())


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
        ({"retry-after": "1s"}, 1),
        ({"retry-after": "1m30s"}, 90),
        ({"retry-after": str(NOW_S + 9)}, 9),
        ({"retry-after": str((NOW_S + 9) * 1000)}, 9),
        ({"retry-after": str(NOW_S - 9)}, 0),
        ({"retry-after": "9" * 30}, 4e9 - NOW_S),
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
        ({"ratelimit": '"default";r=0;t=5'}, 5),
        ({"ratelimit": '"default";r=10;t=5'}, None),
        ({"ratelimit": "limit=9, remaining=0, reset=5"}, 5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW_S + 3)}, 3),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str((NOW_S + 3) * 1000)}, 3),
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
