"""Levers that the contract names lower the need before anything is signed; figures by hand, the log is a year."""

from dataclasses import replace

import pytest

from audit.core.errors import InputError
from audit.core.finding import Findings
from audit.core.levers import Effort, LeverBasis, LeverLedger, LeverLine, LeverName, RouteLevers
from tests.renewal.world import audited, contract, exact, kept, moved, renewed
from tests.report.fixtures import LARGE

FIRM = {"minimum_usd": "$1", "overage": "100%"}


def with_ledger(found: Findings, taken: dict[str, dict[LeverName, float]]) -> Findings:
    """Findings whose ledger takes so much of each route, by lever."""
    paid = {route.route: route.spend_usd for route in found.routes}
    left = sum(paid.values())
    lines = []
    for lever in LeverName:
        usd = sum(of.get(lever, 0.0) for of in taken.values())
        left -= usd
        lines.append(
            LeverLine(
                lever=lever,
                basis=LeverBasis.CERTAIN,
                effort=Effort.SETTING,
                change="change it",
                requests=1,
                usd=usd,
                at_most_usd=usd,
                left_usd=left,
                unseen_requests={},
                unseen_usd=0.0,
                parts=(),
            )
        )
    routes = [
        RouteLevers(
            route=route,
            paid_usd=usd,
            usd={lever.value: takes for lever, takes in taken.get(route, {}).items()},
            left_usd=usd - sum(taken.get(route, {}).values()),
        )
        for route, usd in paid.items()
    ]
    ledger = LeverLedger(
        requests=1,
        paid_usd=found.spend_usd,
        unpriced_requests=0,
        lines=tuple(lines),
        routes=tuple(routes),
        left_usd=left,
    )
    return replace(found, mix=replace(found.mix, levers=ledger))


STAYS = with_ledger(audited(kept("/a", 12_000)), {"/a": {LeverName.REPEATS: 3_000, LeverName.BATCH: 1_200}})


@pytest.mark.parametrize(
    ("levers", "after", "need"),
    [
        pytest.param([], 0, 12_000, id="none"),
        pytest.param(["repeats"], 0, 9_000, id="one"),
        pytest.param(["repeats", "batch"], 0, 7_800, id="both"),
        pytest.param(["repeats", "batch"], 6, 6_000 + 3_900, id="both after half of the term"),
        pytest.param(["same-model"], 0, 12_000, id="one that takes nothing"),
    ],
)
def test_the_need_is_what_the_levers_leave(levers: list[str], after: int, need: float) -> None:
    """Before is the bill as it is; saved is what the levers take."""
    found = renewed(STAYS, contract(levers=levers, moves_after=after, **FIRM))
    assert found.cost_before_usd.est == pytest.approx(12_000)
    assert found.cost_usd.est == pytest.approx(need)
    assert found.saved_usd.est == pytest.approx(12_000 - need)


@pytest.mark.parametrize(
    ("taken", "cost"),
    [
        # The move alone: 12,000 less 8,000 of it is 4,000 at the other model.
        pytest.param({}, 4_000, id="no lever"),
        # A quarter is not asked any more, of either model.
        pytest.param({LeverName.REPEATS: 3_000}, 3_000, id="requests that are gone"),
        # Half price at today's model: the other one still costs 4,000, now for 6,000.
        pytest.param({LeverName.BATCH: 6_000}, 4_000, id="a lower price"),
        # A tenth of the price: staying costs 1,200, less than going.
        pytest.param({LeverName.BATCH: 10_800}, 1_200, id="a price below the other model's"),
    ],
)
def test_levers_and_moves_are_composed(taken: dict[LeverName, float], cost: float) -> None:
    """As in the report: what is gone goes to no model, and a lower price makes the move save less."""
    base = audited(moved("/a", 12_000, exact(8_000)), confidence=1.0)
    terms = contract(levers=[lever.value for lever in taken], **FIRM)
    assert renewed(with_ledger(base, {"/a": taken}), terms).cost_usd.est == pytest.approx(cost)


def test_a_model_that_is_switched_off_has_what_the_levers_leave() -> None:
    """In the second half of the year 6,000 of use, less the quarter that is not asked again, has no successor."""
    retires = [{"model": LARGE, "on": "2027-07-02"}]
    found = renewed(STAYS, contract(levers=["repeats"], starts="2027-01-01", retires=retires))
    (entry,) = found.vendors[0].retirements
    assert entry.spend_usd == pytest.approx(4_500)
    told = {line.key: line.value for line in found.assumptions}
    assert told["lever repeats"] == "$3,000 of the log's spend, certain"
    assert told["contract.levers"] == "repeats: pulled when the term starts"


def test_levers_that_nobody_pulls_are_told() -> None:
    """A commitment without them may be too large; those that are named are not told."""

    def told(*levers: str) -> list[str]:
        return [line for line in renewed(STAYS, contract(levers=levers, **FIRM)).warnings if "lever ledger" in line]

    assert "$4,200" in told()[0]
    assert "repeats and batch" in told()[0]
    assert "$1,200" in told("repeats")[0]
    assert told("repeats", "batch") == []


def test_a_run_without_a_ledger_is_refused() -> None:
    """A need without the levers would be taken for one with them."""
    found = audited(kept("/a", 12_000))
    bare = replace(found, mix=replace(found.mix, levers=None))
    with pytest.raises(InputError, match="no lever ledger"):
        renewed(bare, contract(levers=["repeats"]))


def test_a_lever_that_counts_nothing_is_refused() -> None:
    """Prompt trimming needs a replay."""
    with pytest.raises(ValueError, match="counts nothing"):
        contract(levers=["prompt-trimming"])
