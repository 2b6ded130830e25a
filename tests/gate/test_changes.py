"""Rules about a change since another run."""

from dataclasses import replace

import pytest

from audit.core.criteria import CriteriaCheck, Grade
from audit.core.errors import AuditError
from audit.core.finding import Findings, ReplayCounts, Verdict
from audit.core.interval import Estimate
from audit.core.mixture import MixRow
from audit.core.settings import GateRule
from audit.gate.changes import difference, ratio
from audit.gate.decide import State, judge, with_names
from audit.gate.rules import METRICS, RuleProblem, parse_rule
from tests.gate.world import example, interval, judged, left_alone, world
from tests.report.fixtures import changed

PASS, FAIL, OPEN = State.PASS, State.FAIL, State.INCONCLUSIVE


def state_of(now: Findings, then: Findings, rule: str) -> State:
    """The gate's state for one rule."""
    return judge(now, with_names([rule]), baseline=then).state


def dearer(findings: Findings, factor: float, route: str | None = None) -> Findings:
    """The same traffic at other prices."""

    def scaled(row: MixRow) -> MixRow:
        if route is not None and row.name != route:
            return row
        cost = None if row.cost_per_1k_usd is None else row.cost_per_1k_usd * factor
        return replace(row, spend_usd=row.spend_usd * factor, cost_per_1k_usd=cost)

    mix = findings.mix
    return replace(
        findings, mix=replace(mix, total=scaled(mix.total), by_route=tuple(scaled(row) for row in mix.by_route))
    )


@pytest.mark.parametrize(
    ("factor", "rule", "state"),
    [
        (1.0, "change(cost_per_1k{route:*}) <= 5%", PASS),
        (1.04, "change(cost_per_1k{route:*}) <= 5%", PASS),
        (1.05, "change(cost_per_1k{route:*}) <= 5%", PASS),
        (1.06, "change(cost_per_1k{route:*}) <= 5%", FAIL),
        (0.5, "change(cost_per_1k{route:*}) <= -50%", PASS),
        (0.5, "change(spend_usd) < -50%", FAIL),
        (1.2, "change(requests) <= 0%", PASS),
        (1.0, "change(mix{model:aurora-4}) <= 0pt", PASS),
    ],
)
def test_what_is_exact_is_compared_exactly(factor: float, rule: str, state: State) -> None:
    """Traffic has no interval, so its change passes or fails."""
    assert state_of(dearer(example(), factor), example(), rule) is state


@pytest.mark.parametrize(
    ("now", "then", "rule", "state"),
    [
        ((0.0, -0.01, 0.01), (0.0, -0.01, 0.01), ">= -3pt", PASS),
        ((0.0, -0.01, 0.01), (0.0, -0.01, 0.01), ">= -2pt", PASS),  # the worst ends meet the threshold
        ((0.0, -0.01, 0.01), (0.0, -0.01, 0.01), ">= -1pt", OPEN),  # each interval alone would pass
        ((-0.10, -0.11, -0.09), (0.0, -0.01, 0.01), ">= -3pt", FAIL),
        ((-0.10, -0.11, -0.09), (0.0, -0.01, 0.01), "<= -3pt", PASS),
        ((0.0, None, 0.01), (0.0, -0.01, 0.01), ">= -3pt", OPEN),
        ((-0.10, None, -0.09), (0.0, -0.01, 0.01), ">= -3pt", FAIL),
        ((0.0, -0.01, 0.01), (0.0, -0.01, None), ">= -3pt", OPEN),
    ],
)
def test_intervals_are_combined_at_their_worst(
    now: tuple[float, float | None, float | None],
    then: tuple[float, float | None, float | None],
    rule: str,
    state: State,
) -> None:
    """The low end is this run's low less the baseline's high; an open end stays open."""
    runs = [world(judged("a", interval(*ends))) for ends in (now, then)]
    assert state_of(*runs, f"change(quality_delta{{route:a}}) {rule}") is state


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        ((10, 9, 11), (5, 4, 6), (1.0, 9 / 6 - 1, 11 / 4 - 1)),
        ((-1, -2, 1), (5, 4, 6), (-1.2, -2 / 4 - 1, 1 / 4 - 1)),
        ((-3, -4, -2), (5, 4, 6), (-1.6, -4 / 4 - 1, -2 / 6 - 1)),
        ((10, None, 11), (5, 4, 6), (1.0, None, 11 / 4 - 1)),
        ((10, 9, None), (5, 4, None), (1.0, -1.0, None)),
        ((0, 0, 0), (0, 0, 0), (0.0, 0.0, 0.0)),
    ],
)
def test_a_ratio_holds_every_ratio_of_its_parts(
    now: tuple[float, ...], then: tuple[float, ...], expected: tuple[float | None, ...]
) -> None:
    """The ends are the farthest ratios, whatever the signs."""
    found = ratio(interval(*now), interval(*then))  # type: ignore[arg-type]
    assert found is not None
    assert (found.est, found.lo, found.hi) == pytest.approx(expected)


@pytest.mark.parametrize("then", [(0.0, 0.0, 0.0), (5.0, 0.0, 9.0), (5.0, -1.0, 9.0), (5.0, None, 9.0)])
def test_there_is_no_ratio_to_nothing(then: tuple[float, ...]) -> None:
    """A baseline that may be 0 gives no percentage, and no data is inconclusive."""
    assert ratio(interval(1.0, 1.0, 1.0), interval(*then)) is None
    now, was = (world(judged("a", interval(0, 0, 0), avoidable_usd=interval(*e))) for e in ((1.0, 1.0, 1.0), then))
    assert state_of(now, was, "change(avoidable_usd{route:a}) <= 5%") is OPEN


def test_the_level_is_bonferronis() -> None:
    """Two 95 % intervals make one of 90 %; a value that is known exactly takes nothing away."""
    whole = interval(0.0, -0.01, 0.01)
    assert difference(whole, whole).level == pytest.approx(0.90)
    assert difference(whole, Estimate.exact(0.0, 0.95)).level == pytest.approx(0.95)
    assert difference(Estimate.exact(0.1, 0.95), Estimate.exact(0.0, 0.95)).level == 0.95


@pytest.mark.parametrize(
    ("now", "then", "metric", "state"),
    [
        ("stays", "stays", "quality_delta", PASS),
        ("stays", "stays", "accept_rate", OPEN),  # two measured rates of today's answers, each with its interval
        ("stays", "moves", "quality_delta", PASS),  # back to exactly 0 from a small loss
        ("moves", "stays", "quality_delta", PASS),
        ("moves", "stays", "accept_rate", OPEN),
        ("none", "moves", "quality_delta", OPEN),
        ("moves", "none", "quality_delta", OPEN),
        ("moves", "absent", "quality_delta", OPEN),
        ("stays", "absent", "quality_delta", OPEN),
    ],
)
def test_routes_that_stay_or_are_missing(now: str, then: str, metric: str, state: State) -> None:
    """On a route that stays the delta is 0; what a run lacks is no data."""
    kinds = {
        "stays": left_alone("a", Verdict.KEEP),
        "moves": judged("a", interval(-0.005, -0.01, 0.0)),
        "none": judged("a", None),
        "absent": judged("b", interval(0.0, -0.01, 0.01)),
    }
    found = judge(world(kinds[now]), with_names([f"change({metric}{{route:a}}) >= -2pt"]), baseline=world(kinds[then]))
    assert found.state is state
    assert (then == "absent") is ("baseline does not have it" in found.checks[0].reason)


def test_a_route_that_moved_to_another_tier_is_the_same_route() -> None:
    """The verdict of the route is compared, whichever tier each run chose."""
    before = judged("a", interval(-0.005, -0.01, 0.0))
    moved = changed(before, candidate="nano", candidates=(replace(before.candidates[0], tier="nano"),))
    assert state_of(world(moved), world(before), "change(quality_delta{route:a}) >= -2pt") is PASS


def test_too_few_pairs_in_either_run_decide_nothing() -> None:
    """The smaller of the two numbers of pairs counts."""
    good = interval(0.0, -0.001, 0.001)
    now, then = world(judged("a", good, n=1000)), world(judged("a", good, n=99))
    assert state_of(now, then, "change(quality_delta{route:a}) >= -2pt") is OPEN


def test_without_a_baseline_it_cannot_run() -> None:
    """Exit 2, never a pass."""
    with pytest.raises(AuditError) as caught:
        judge(example(), with_names(["change(spend_usd) <= 5%"]))
    assert (caught.value.code, caught.value.exit_code) == ("gate.no-baseline", 2)


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("metric", list(METRICS))
def test_what_only_warns_hides_no_other_rule(metric: str, half: bool) -> None:
    """Without a whole baseline a warning about a change cannot be said: it is no pass, and the other rules are judged
    as if it were not there. A name that nothing has is refused all the same."""
    counts = ReplayCounts(planned=9, done=3, by_status={"ok": 3}, served_from={}, retried=0, complete=False)
    then = replace(example(), replay=counts) if half else None
    others = with_names(["quality_delta{route:*} >= -3pt", "skipped_share <= 50%"])
    tag = "{model:*}" if metric == "mix" else ""
    limit = {"$": "5%", "n": "5%", "pt": "5pt", "%": "5pt"}[METRICS[metric].unit]
    warns = GateRule(when=f"change({metric}{tag}) <= {limit}", level="warn")
    alone, both = judge(example(), others, baseline=then), judge(example(), [warns, *others], baseline=then)
    assert both.rules[1:] == alone.rules
    assert (both.state, both.counts) == (alone.state, alone.counts)
    assert both.rules[0].state is OPEN
    assert both.warnings == len(both.rules[0].checks) > 0
    assert all(check.value is None for check in both.rules[0].checks)
    with pytest.raises(AuditError, match="no route matches"):
        judge(example(), [GateRule(when="change(spend_usd{route:nowhere}) <= 5%", level="warn")], baseline=then)


def test_both_kinds_of_cost_are_named() -> None:
    """A rule about what was paid says so, beside the line of the gate that follows the verdicts."""
    decision = judge(
        example(), with_names(["change(cost_per_1k) <= 5%", "change(spend_usd) <= 5%"]), baseline=example()
    )
    assert all("as paid in both logs" in check.reason for check in decision.checks)
    assert decision.change is not None
    assert "with the verdicts followed" in decision.change.line


def test_an_incomplete_baseline_is_refused() -> None:
    """Half a run is nothing to be held against."""
    counts = ReplayCounts(planned=9, done=3, by_status={"ok": 3}, served_from={}, retried=0, complete=False)
    with pytest.raises(AuditError) as caught:
        judge(example(), with_names(["change(spend_usd) <= 5%"]), baseline=example(replay=counts))
    assert caught.value.code == "gate.baseline-incomplete"


def test_a_glob_that_matches_nothing_now_is_an_error() -> None:
    """As for every rule; what only the baseline lacks is no data."""
    with pytest.raises(AuditError) as caught:
        judge(example(), with_names(["change(spend_usd{route:nope}) <= 5%"]), baseline=example())
    assert caught.value.code == "gate.unknown-route"
    now = world(judged("new", interval(0, 0, 0)))
    assert state_of(now, example(), "change(spend_usd{route:new}) <= 5%") is OPEN


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("change(cost_per_1k{route:*}) <= $5", "gate.unit", "$5"),
        ("change(cost_per_1k{route:*}) <= 5pt", "gate.unit", "5pt"),
        ("change(quality_delta{route:*}) >= -2%", "gate.unit", "-2%"),
        ("change(accept_rate) >= -2%", "gate.unit", "-2%"),
        ("change(cost_per_1k{route:*} <= 5%", "gate.rule", "change("),
        ("cost_per_1k{route:*}) <= 5%", "gate.rule", ")"),
        ("change(cost) <= 5%", "gate.unknown-metric", "cost"),
        ("change() <= 5%", "gate.rule", "change() <= 5%"),
        ("change(change(spend_usd)) <= 5%", "gate.rule", "change(change(spend_usd)) <= 5%"),
        ("change(mix) <= 5pt", "gate.tag", "mix"),
    ],
)
def test_refuses(text: str, code: str, at: str) -> None:
    """A change of money is in %, one of a rate in pt; the place is the part at fault."""
    with pytest.raises(RuleProblem) as caught:
        parse_rule(text)
    assert caught.value.code == code
    assert text[caught.value.start : caught.value.start + caught.value.width] == at


def test_reads_with_spaces() -> None:
    """White space is free inside and outside."""
    rule = parse_rule(" change ( mix { tier : large } ) < -2 pt ")
    assert (rule.metric, rule.change, rule.unit, rule.threshold) == ("mix", True, "pt", -0.02)
    assert dict(rule.tags) == {"tier": "large"}


@pytest.mark.parametrize("metric", ["spend_usd", "requests", "avoidable_usd"])
@pytest.mark.parametrize(
    ("days", "before", "state"),
    [(30, 30, PASS), (1, 30, FAIL), (30, 1, PASS), (0, 30, OPEN), (30, 0, OPEN), (0, 0, OPEN)],
)
def test_totals_of_windows_of_other_lengths_are_compared_per_day(
    metric: str, days: int, before: int, state: State
) -> None:
    """The same total in a day is thirty times as much as in a month; without dates nobody knows."""
    exact = judged("a", interval(0.0, -0.01, 0.01), avoidable_usd=interval(700.0, 700.0, 700.0))
    now, then = (world(exact, days=number, avoidable_usd=interval(7.0, 7.0, 7.0)) for number in (days, before))
    for tag in ("", "{route:a}"):
        found = judge(now, with_names([f"change({metric}{tag}) <= 5%"]), baseline=then)
        assert found.state is state
        (check,) = found.checks
        assert ("per day, of" in check.reason) is (days != before and state is not OPEN)
        assert ("has no dates" in check.reason) is (state is OPEN)
    rate = "change(cost_per_1k) <= 5%"
    assert state_of(now, then, rate) is PASS


def judged_by(digest: str | None, *, margin: float = 0.03, config: str = "a") -> Findings:
    """A run whose one route was judged by these criteria."""
    check = None if digest is None else CriteriaCheck(grade=Grade.RIGHT, digest=digest)
    exact = interval(700.0, 700.0, 700.0)
    one = judged("a", interval(0.0, -0.001, 0.001), avoidable_usd=exact, criteria=check, margin=margin)
    made = world(one, avoidable_usd=exact, accepted_change=interval(0.0, -0.001, 0.001))
    return replace(made, provenance=replace(made.provenance, config_sha256=config))


@pytest.mark.parametrize(
    "rule",
    [
        *("quality_delta{route:a}) >= -2pt", "accept_rate{route:a}) >= -99pt", "avoidable_usd{route:a}) >= -5%"),
        *("quality_delta{route:a,tier:mini}) >= -2pt", "quality_delta) >= -2pt", "avoidable_usd) >= -5%"),
    ],
)
@pytest.mark.parametrize(
    ("then", "why"),
    [
        (judged_by("x", config="b"), ""),
        (judged_by("y", config="b"), "the baseline judges answers by other criteria"),
        (judged_by("x", margin=0.05, config="b"), "the baseline's margin is 5 points, this run's 3"),
        (judged_by("", config="b"), "cannot be told"),
        (judged_by("", config="a"), ""),
    ],
)
def test_what_rests_on_criteria_has_no_change_under_other_ones(then: Findings, why: str, rule: str) -> None:
    """Other criteria or another margin in the baseline are no change of the traffic; what cannot be told is open."""
    found = judge(judged_by("x"), with_names([f"change({rule}"]), baseline=then)
    assert found.state is (OPEN if why else PASS)
    assert why in found.checks[0].reason
    assert state_of(judged_by("x"), then, "change(spend_usd{route:a}) <= 5%") is PASS
