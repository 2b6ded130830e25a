"""The watch on a model's name: from a chosen week it answers worse. How soon that is seen, and how often nothing is.

`AUDIT_SEEDS` says how many worlds of each kind, 200 unless it is set.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from audit.core.watching import CriteriaSeen, Seen, WatchedPairs
from audit.gate.decide import State
from audit.gate.policy_rules import judge_policy
from audit.gate.watch_file import with_window
from tests.policy.world import entry, policy

SEEDS = int(os.environ.get("AUDIT_SEEDS", "200"))
MARGIN, ALPHA, DISCORDANCE, PAIRS, WEEKS, CHANGED = 0.03, 0.05, 0.12, 300, 20, 6
POLICY = policy(
    entry("/a", evidence={"margin": MARGIN, "alpha": ALPHA, "criteria_digest": "c"}), made_at=None, expires_at=None
)


def alarm(folder: Path, seed: int, loss: float) -> int | None:
    """The week of the first alarm, from 1; None where there is none. Before the change nothing is lost."""
    rng, record = np.random.default_rng([seed, 31]), folder / f"{seed}-{loss}.jsonl"
    for week in range(WEEKS):
        lost = loss if week >= CHANGED else 0.0
        b, c, _ = rng.multinomial(PAIRS, [(DISCORDANCE + lost) / 2, (DISCORDANCE - lost) / 2, 1 - DISCORDANCE])
        first = date(2026, 1, 5) + timedelta(weeks=week)
        seen = Seen(
            run_id=f"week-{week}",
            window_from=first.isoformat(),
            window_to=(first + timedelta(days=6)).isoformat(),
            routes={},
            tiers={},
            pairs={"/a": WatchedPairs(route="/a", n=PAIRS, b=int(b), c=int(c))},
            criteria={"/a": CriteriaSeen(digest="c", margin=MARGIN)},
        )
        decision = judge_policy(POLICY, seen, with_window(record, POLICY, seen), on=first)
        if next(rule for rule in decision.rules if rule.name == "quality holds").state is State.FAIL:
            return week + 1
    return None


@pytest.mark.slow
def test_a_name_that_answers_worse_alarms(tmp_path: Path) -> None:
    """False alarms stay below alpha, over all weeks; a loss of twice the margin is seen, a larger one sooner."""
    delays = {}
    for loss in (0.0, MARGIN, 0.06, 0.09, 0.12):
        found = [alarm(tmp_path, seed, loss) for seed in range(SEEDS)]
        early = sum(week is not None and week <= CHANGED for week in found) / SEEDS
        late = sorted(week - CHANGED for week in found if week is not None and week > CHANGED)
        seen = len(late) / SEEDS
        delays[loss] = late[len(late) // 2] if seen > 0.5 else WEEKS
        told = f"median delay {delays[loss]} weeks, 9 of 10 within {late[int(0.9 * len(late))]}" if seen > 0.5 else "–"
        print(
            f"\nloss {100 * loss:g} points from week {CHANGED + 1}: alarms before {early:.1%}, after {seen:.1%}; {told}"
        )
        assert early <= ALPHA
        if loss <= MARGIN:
            assert early + seen <= ALPHA
    assert delays[0.12] <= delays[0.09] <= delays[0.06] < WEEKS - CHANGED
