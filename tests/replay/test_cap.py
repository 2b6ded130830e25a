"""The spend cap against servers that keep books of their own, whatever they answer."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from audit.core.artifacts import RunFolder
from audit.core.errors import Incomplete
from audit.replay.table import money_spent
from tests.replay.billing import HELD, NOT_HELD, Biller, Habit, liar, no_limit
from tests.replay.test_run import URL, go
from tests.replay.world import tier, world

OVER = 1.10
"""Chosen above the largest of fifty seeds, 1.05 where the limit is ignored: what answers in flight cost above the
largest excess before them. No bound is proved."""


def bill_and_books(habit: Habit, seed: int, folder: Path) -> tuple[float, float]:
    """Shares of the cap: what the server billed, and what the books say."""
    cap, server = 0.02 * (1 + seed % 5), Biller(habit, seed)
    made = world(URL, 400, tier(URL, concurrency=32, max_output_tokens=200))
    with suppress(Incomplete):
        go(made, folder, server, cap_usd=cap)
    money = money_spent(RunFolder(folder).journal)
    return server.billed_usd / cap, (money.spent_usd + money.lost_usd) / cap


@pytest.mark.parametrize("habit", HELD, ids=lambda habit: habit.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_the_cap_holds_by_the_servers_own_books(habit: Habit, seed: int, tmp_path: Path) -> None:
    """Limits ignored, thinking beside them, usage missing, zero, negative or a lie, failures billed, answers lost."""
    billed, booked = bill_and_books(habit, seed, tmp_path)
    assert 0 < billed <= OVER
    assert billed <= booked + 1e-9


def test_an_answer_above_its_limit_is_noted_and_the_run_says_why_it_stopped(tmp_path: Path) -> None:
    """The cap's message names what the next call may cost by then, not what the limit says."""
    server = Biller(no_limit, 1)
    with pytest.raises(Incomplete) as stopped:
        go(world(URL, 400, tier(URL, concurrency=32, max_output_tokens=200)), tmp_path, server, cap_usd=0.02)
    assert stopped.value.code == "replay.cap"
    assert server.billed_usd <= 0.02 * OVER


@pytest.mark.slow
def test_bills_over_caps_of_fifty_seeds(tmp_path: Path) -> None:
    """Prints the largest bill of each kind of server in caps; those that no client can hold are printed too."""
    for habit in (*HELD, *NOT_HELD):
        worst = max(bill_and_books(habit, seed, tmp_path / f"{habit.__name__}-{seed}") for seed in range(50))
        print(f"{habit.__name__:18} bill {worst[0]:.2f} of the cap, books {worst[1]:.2f}")
        assert habit in NOT_HELD or worst[0] <= OVER


def test_a_lie_that_cannot_be_true_is_not_believed(tmp_path: Path) -> None:
    """One token for a thousand: the books hold a bound by bytes, above the server's own."""
    billed, booked = bill_and_books(liar, 7, tmp_path)
    assert billed <= booked
