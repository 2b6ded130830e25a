"""Rechecks of whole audits: tiers whose truth is planted, what is said of them, and what that costs of the first audit.

`AUDIT_RECHECKS` says how many tiers of each kind, 100 unless it is set; they are spread over four logs.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.recheck import Worth
from audit.flow import sequential
from audit.flow.rechecking import run as rechecking
from audit.flow.rechecking.opening import RecheckOrder
from tests.e2e.rechecked import TODAY, TODAY_WRONG, write_tiers, write_world

TIERS = int(os.environ.get("AUDIT_RECHECKS", "100"))
LOGS = 4
REQUESTS = 2500
KINDS = {
    "a": ("as good", TODAY_WRONG),
    "b": ("1 point worse", 0.08),
    "c": ("2 points worse", 0.09),
    "d": ("8 points worse", 0.15),
}
ADMISSIBLE = ("a", "b", "c")


@pytest.mark.slow
def test_it_costs_a_fifth_and_turns_few_away(tmp_path: Path) -> None:
    """Of tiers that lose less than the margin at most a tenth is called not worth it, for at most a fifth of what the
    first audit of one candidate cost."""
    said: dict[str, Counter[Worth]] = {kind: Counter() for kind in KINDS}
    shares: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(LOGS):
        home = tmp_path / str(number)
        home.mkdir()
        log = write_world(home, REQUESTS, seed=number)
        each = TIERS // LOGS
        wrong = {TODAY: TODAY_WRONG, "old": 0.2}
        wrong |= {f"{letter}{k}": share for letter, (_, share) in KINDS.items() for k in range(each)}
        config = write_tiers(home, wrong, ["old"], margin="3pt")
        settings, folder = load_settings(config), RunFolder(home / "runs" / "one")
        sequential.replay([log], settings, folder, consent=lambda _: True)
        first = cost_of(folder)
        for kind in KINDS:
            for k in range(each):
                wanted = RecheckOrder(tier=f"{kind}{k}")
                found, _ = rechecking.recheck(folder, settings, wanted, consent=lambda _: True)
                said[kind][found.routes[0].worth] += 1
        for one in folder.all_rechecks():
            shares[one.path.name[0]].append(cost_of(one) / first)
    for kind, counts in said.items():
        told = ", ".join(f"{worth.words} {counts[worth] / sum(counts.values()):.0%}" for worth in Worth)
        print(f"\n{KINDS[kind][0]}: {told}; cost {sum(shares[kind]) / len(shares[kind]):.1%} of the audit, ", end="")
        print(f"at most {max(shares[kind]):.1%}", end="")
    assert all(said[kind][Worth.NOT] <= 0.1 * sum(said[kind].values()) for kind in ADMISSIBLE)
    assert said["a"][Worth.FULL_AUDIT] >= 0.9 * sum(said["a"].values())
    assert max(share for some in shares.values() for share in some) <= 0.2


def cost_of(folder: RunFolder) -> float:
    """What the answers of a folder cost at the prices of their tiers, the incumbent's replays included."""
    return float(pl.read_parquet(folder.replay_table)["cost_usd"].sum())
