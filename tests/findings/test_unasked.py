"""What a candidate was not asked is no answer: outside the claim, with its dollars in a bucket of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.finding import CandidateVerdict, Ledger, RouteFinding, Verdict
from audit.core.reason import Reason, because
from audit.core.schemas import NO_ANSWER, NOT_ASKED
from audit.findings.routes import RouteTraffic, find_route
from audit.findings.totals import ledger
from audit.report.words import unasked_lines
from tests.findings.world import Planted, World, make_world

TEMPERATURE = because(Reason.PARAMETER_REFUSED, name="temperature")


def judge(world: World) -> RouteFinding:
    """The finding of the world's route."""
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    return find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding


def perfect(share: float, status: str = NOT_ASKED) -> Planted:
    """A candidate without a fault, of which a share of the calls has no answer."""
    return Planted(regress=0.0, gain=0.0, statuses={status: share})


def buckets(world: World) -> Ledger:
    """Where the dollars of the world's route are."""
    return ledger([judge(world)], world.tables, {})


@pytest.mark.parametrize("status", NO_ANSWER)
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_perfect_candidate_without_answers_is_never_worse_than_not_proven(
    tmp_path: Path, status: str, share: float
) -> None:
    """Whatever took the answers away, and however many: nothing of it is a loss, and nothing of it is a Keep."""
    route = judge(make_world(tmp_path, {"small": perfect(share, status)}, n=1500))
    assert route.verdict is Verdict.NOT_PROVEN
    candidate = route.candidates[0]
    assert candidate.verdict is CandidateVerdict.INSUFFICIENT
    assert candidate.counted_against == {}
    assert candidate.b == 0
    assert candidate.quality_delta is None or candidate.quality_delta.est == 0


def test_the_reason_stands_in_the_finding_and_on_the_first_screen(tmp_path: Path) -> None:
    """The share, the dollars and the parameter are named; the reason is a value."""
    route = judge(make_world(tmp_path, {"small": perfect(1.0)}, n=1500))
    (told,) = route.candidates[0].not_asked
    assert told.because == TEMPERATURE
    assert told.share == 1
    assert told.usd == pytest.approx(route.auditable_usd)
    assert "does not take `temperature`" in route.reason
    (line,) = unasked_lines(route)
    assert "small was not asked 100% of the requests" in line
    assert TEMPERATURE.sentence in line


def test_a_few_are_outside_the_claim(tmp_path: Path) -> None:
    """Below the limit the verdict is about the others: a Switch, with those requests neither moved nor failed."""
    world = make_world(tmp_path, {"small": Planted(regress=0.01, gain=0.01, statuses={NOT_ASKED: 0.01})}, n=4000)
    route = judge(world)
    assert route.verdict is Verdict.SWITCH
    candidate = route.candidates[0]
    assert 0 < candidate.not_asked[0].share < 0.02
    assert candidate.excluded == {}
    assert 0.97 < route.share_moved < 1
    assert any("was not asked" in caveat for caveat in route.caveats)


def test_what_failed_counts_at_its_worst_and_what_was_not_asked_does_not(tmp_path: Path) -> None:
    """The same share of calls without an answer widens the interval when they failed, and not when none was asked."""
    ends = []
    for status in ("timeout", NOT_ASKED):
        delta = judge(make_world(tmp_path, {"small": perfect(0.015, status)}, n=4000)).quality_delta
        assert delta is not None
        assert delta.lo is not None
        ends.append(delta.lo)
    assert ends[0] < ends[1] - 0.01


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0.0, 0.0), (0.3, 0.2, 0.4), (1.0, 1.0, 1.0)])
def test_audited_dollars_have_an_answer_on_both_sides(tmp_path: Path, share: float, least: float, most: float) -> None:
    """Dollars that no answer stands for are in a bucket that names the reason, and all buckets are the spend."""
    world = make_world(tmp_path, {"small": perfect(share)}, n=1500)
    found, spend = buckets(world), world.design.auditable_usd
    assert found.audited_usd + found.extrapolated_usd + found.not_auditable_usd == pytest.approx(spend)
    named = {name: usd / spend for name, usd in found.reasons.items()}
    assert least - 1e-9 <= named.get(f"not asked: {TEMPERATURE.sentence}", 0.0) <= most + 1e-9
    assert sum(found.reasons.values()) == pytest.approx(found.not_auditable_usd)
    if share == 1.0:
        assert found.audited_usd == found.extrapolated_usd == 0


def test_a_second_candidate_that_answers_makes_the_dollars_audited(tmp_path: Path) -> None:
    """One candidate's gap is not the route's: what the other answered is audited, and only what neither did is not."""
    both = {"deaf": perfect(1.0), "small": Planted(regress=0.01, gain=0.01)}
    world = make_world(tmp_path, both, n=4000)
    assert buckets(world).reasons == {}
    route = judge(world)
    assert route.verdict is Verdict.SWITCH
    assert route.candidate == "small"
