"""Does the interval of the commitment hold the commitment that the planted truth asks for?"""

import numpy as np
import pytest

from audit.core.interval import Estimate
from audit.core.renewal import VendorRenewal
from tests.renewal.world import audited, contract, exact, kept, moved, renewed

pytestmark = pytest.mark.slow
RUNS, LEVEL = 300, 0.95
TRUTH = {"/a": 30_000.0, "/b": 12_000.0, "/c": 4_000.0}
SPEND = {"/a": 40_000.0, "/b": 20_000.0, "/c": 6_000.0}
ERROR = {"/a": 2_500.0, "/b": 1_500.0, "/c": 600.0}
OFFER = {
    "overage": "130%",
    "without_contract": "150%",
    "minimum_usd": "$10000",
    # The large model and the one that routes move to are one vendor's, so that what is saved decides its need.
    "models": ["aurora-4", "birch-9b"],
    "growth": [
        {"name": "low", "probability": "30%", "monthly": "-1%", "spread": "8%"},
        {"name": "high", "probability": "70%", "monthly": "2%", "spread": "8%"},
    ],
}


def signed(savings: dict[str, Estimate]) -> VendorRenewal:
    """What is to be signed when the audit says this."""
    routes = [moved(name, SPEND[name], saving) for name, saving in savings.items()]
    return renewed(audited(kept("/k", 25_000.0), *routes), contract(**OFFER)).vendors[0]


def test_the_commitments_interval_covers() -> None:
    """Over audits that estimate planted savings with error, 95 % intervals hold the truth's commitment and need."""
    rng = np.random.default_rng(20)
    commits = needs = 0
    widths = []
    # The courses of the traffic are the same everywhere: what differs is what the audit knows of the savings.
    right = signed({name: exact(value) for name, value in TRUTH.items()})
    truth = known_commit(right)
    for _ in range(RUNS):
        errors = {name: rng.normal(0, ERROR[name]) for name in TRUTH}
        drawn = {
            name: Estimate(
                est=value + errors[name],
                lo=value + errors[name] - 1.96 * ERROR[name],
                hi=min(value + errors[name] + 1.96 * ERROR[name], SPEND[name]),
                level=LEVEL,
            )
            for name, value in TRUTH.items()
        }
        found = signed(drawn)
        assert found.commit_usd is not None
        low, high = found.commit_usd.lo, found.commit_usd.hi
        assert low is not None
        assert high is not None
        commits += low - 1e-6 <= truth <= high + 1e-6
        lo, hi = found.need_usd.lo, found.need_usd.hi
        assert lo is not None
        assert hi is not None
        needs += lo <= right.need_usd.est <= hi
        widths.append(high - low)
    share = commits / RUNS
    print(f"\ncommit: {share:.3f} of {RUNS} intervals hold the truth's, mean width ${np.mean(widths):,.0f}")
    print(f"need: {needs / RUNS:.3f} hold the truth's mean")
    # 300 runs of a 95 % interval: below 0.912 with probability 0.004.
    assert share >= 0.912
    assert needs / RUNS >= 0.95


def known_commit(right: VendorRenewal) -> float:
    """The commitment to sign when the savings are known."""
    assert right.commit_usd is not None
    return right.commit_usd.est
