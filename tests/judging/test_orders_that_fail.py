"""A judge that is asked less fails no less: the share without a verdict is that of asking everything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.core.artifacts import RunFolder
from audit.core.policy import RoutePolicy
from audit.core.settings import Settings
from audit.pairing.evidence import MAX_MISSING, Pairs, Tables, pair_up, quality_draws
from audit.pairing.replayed import pairs_of, replayed, walk
from audit.scoring.asking import Questions, answer_questions, next_questions
from audit.scoring.run import score
from tests.judging.test_fewer import chance
from tests.scoring.folders import exchange, make_folder, replay, settings

N = 800
ROUTE = "/chat"
CANNOT = {"unreadable": ("ok", "I cannot say."), "outage": ("timeout", None)}
Asks = Callable[[RunFolder, Settings], Questions]


def everything(folder: RunFolder, told: Settings) -> Questions:
    """Both orders of all."""
    return answer_questions(folder, told, [ROUTE])


def needed(folder: RunFolder, told: Settings) -> Questions:
    """What a verdict still needs."""
    return next_questions(folder, told, [ROUTE])


def run_of(path: Path, asks: Asks, *more: dict[str, Any], fails: float, how: str = "unreadable") -> Tables:
    """A route whose judge fails on a share of what it is asked, and that is asked until nothing is left.

    Args:
        path: For the run.
        asks: What is asked next.
        more: Criteria beside the judge.
        fails: Share of questions without a reply that counts.
        how: A key of `CANNOT`.
    """
    told = settings(path, [{"match": ROUTE, "assert": [{"type": "judge-pairwise", "judge": "judge"}, *more]}])
    logged = [exchange(number, ROUTE, f"On its way to {number}.") for number in range(N)]
    folder = make_folder(path / "run", logged, [replay(one, "small", f"Depot {i}.") for i, one in enumerate(logged)])
    replies: dict[tuple[str, str], tuple[str, str | None]] = {}
    while asked := [one for some in asks(folder, told).values() for one in some if one.key not in replies]:
        for one in asked:
            said = ("ok", f'{{"verdict": "{("A", "B", "tie")[int(chance(one) * 3)]}"}}')
            replies[one.key] = CANNOT[how] if chance(one, "fails") < fails else said
        rows = [(*key, status, None, text, "stop") for key, (status, text) in replies.items()]
        columns = ("tier", "request_fp", "status", "reason", "text", "finish_reason")
        pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row").write_parquet(folder.judge_replies)
    score(folder, told)
    return Tables.read(folder).of_route(ROUTE)


def pairs(tables: Tables) -> Pairs:
    """Of the candidate."""
    return pair_up(tables, quality_draws(tables), arm="candidate", tier="small")


@pytest.mark.parametrize("how", CANNOT)
def test_what_is_missing_is_what_asking_everything_would_miss(tmp_path: Path, how: str) -> None:
    """By a tenth of failed replies an unasked second order hides a part of them, and the share has it."""
    less = pairs(run_of(tmp_path / "less", needed, fails=0.1, how=how))
    whole = pairs(run_of(tmp_path / "whole", everything, fails=0.1, how=how))
    seen = less.missing.total / N
    assert whole.missing_share == pytest.approx(1 - 0.9**2, abs=0.04)
    assert less.missing_share == pytest.approx(whole.missing_share, abs=0.02)
    assert seen < whole.missing_share - 0.03
    assert less.n + less.missing.total == N


def test_the_limit_holds_whatever_is_asked(tmp_path: Path) -> None:
    """A judge that is above the limit when it is asked everything is above it when it is asked less."""
    less, whole = (pairs(run_of(tmp_path / asks.__name__, asks, fails=0.018)) for asks in (needed, everything))
    assert less.missing.total / N <= MAX_MISSING < whole.missing_share
    assert less.unmeasurable(margin=0.05)


def test_a_policy_counts_them_alike(tmp_path: Path) -> None:
    """Of all that it moves."""
    tables = run_of(tmp_path, needed, fails=0.1)
    draws = replayed(tables, quality_draws(tables), ["small"], {})
    policy = RoutePolicy(route=ROUTE, kind="static", tier="small", otherwise="large")
    found = pairs_of(policy, draws, walk(policy, draws, None))
    assert found.unheard == pytest.approx(pairs(tables).unheard)
    assert found.missing_share == pytest.approx(pairs(tables).missing_share)


def test_what_other_criteria_decide_hangs_on_no_judge(tmp_path: Path) -> None:
    """An answer that is turned down anyway has its verdict, so nothing of it could be missing."""
    tables = run_of(tmp_path, needed, {"type": "contains", "value": "no answer says this"}, fails=0.1)
    found = pairs(tables)
    assert found.missing_share == found.unheard == 0.0
    assert found.n == N


def test_a_judge_that_always_replies_leaves_nothing_open(tmp_path: Path) -> None:
    """However seldom it was asked."""
    tables = run_of(tmp_path, needed, fails=0.0)
    assert int(tables.accepted["orders_left"].sum()) > N / 2
    assert pairs(tables).missing_share == 0.0
