"""The spend cap is never passed, whatever the order in which calls end."""

from __future__ import annotations

import asyncio
import random

import pytest

from audit.llm.budget import ROUNDING_USD, Budget, CapReached


@pytest.mark.parametrize("seed", range(40))
def test_the_cap_is_never_passed(seed: int) -> None:
    """Random costs, losses, renewals, cancellations and concurrency: spent, lost and reserved stay under the cap, and
    the run ends only when nothing in flight could have made room."""
    rng = random.Random(seed)
    cap = rng.uniform(0.5, 30)
    budget = Budget(cap, spent_usd=rng.choice([0.0, 0.3]))
    really_billed = budget.spent_usd
    refused: list[float] = []

    async def call(worst: float) -> None:
        nonlocal really_billed
        try:
            stake = await budget.reserve(worst)
        except CapReached:
            refused.append(worst)
            assert budget.committed_usd + worst > cap
            return
        while True:
            assert budget.committed_usd <= cap + ROUNDING_USD
            try:
                await asyncio.sleep(rng.choice([0, 0, 0.0005]))
            except asyncio.CancelledError:
                really_billed += worst
                stake.lose()
                raise
            fate = rng.random()
            if fate < 0.2:  # an attempt that the endpoint billed for and that never came back
                really_billed += worst
                if not stake.attempt_failed(0.0, maybe_billed=True):
                    stake.settle(0.0)
                    return
            elif fate < 0.3:
                stake.lose()
                return
            else:
                cost = rng.choice([0.0, worst, worst * rng.random()])
                really_billed += cost
                stake.settle(cost)
                return

    async def main() -> None:
        tasks = [asyncio.create_task(call(rng.uniform(0, 2))) for _ in range(60)]
        for task in rng.sample(tasks, 5):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
    assert really_billed <= budget.spent_usd + budget.lost_usd + ROUNDING_USD
    assert budget.spent_usd + budget.lost_usd + budget.reserved_usd <= cap + ROUNDING_USD
    if not refused:
        assert budget.committed_usd <= cap + ROUNDING_USD


def test_a_call_waits_for_room_and_is_told_when_there_is_none() -> None:
    """The second of two calls that do not fit together waits for the first; it is refused when that was dear."""

    async def second_after(first_cost: float) -> bool:
        budget = Budget(1.0)
        stake = await budget.reserve(0.8)
        waiting = asyncio.create_task(budget.reserve(0.5))
        await asyncio.sleep(0)
        assert not waiting.done()
        stake.settle(first_cost)
        try:
            await waiting
        except CapReached:
            return False
        return True

    assert asyncio.run(second_after(0.1))
    assert not asyncio.run(second_after(0.7))


def test_what_is_free_is_never_in_line() -> None:
    """A recorded answer passes a budget that is used up."""

    async def main() -> None:
        (await Budget(0.0).reserve(0.0)).settle(0.0)

    asyncio.run(main())
