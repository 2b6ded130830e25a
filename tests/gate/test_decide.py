"""The truth table: rules times what the findings hold, with states and exit codes."""

from dataclasses import replace

import pytest

from audit.core.errors import AuditError
from audit.core.finding import Findings, ReplayCounts, Verdict
from audit.core.interval import Estimate
from audit.core.settings import GateRule
from audit.gate.decide import Inconclusive, State, judge, with_names
from audit.gate.github import github_lines
from audit.gate.markdown import markdown
from audit.gate.text import text_lines
from tests.gate.world import example, interval, judged, left_alone, world
from tests.report.fixtures import changed

PASS, FAIL, OPEN = State.PASS, State.FAIL, State.INCONCLUSIVE
EXIT = {PASS: 0, FAIL: 1, OPEN: 3}


def state_of(findings: Findings, *rules: str) -> State:
    """The gate's state, whose exit code is checked on the way."""
    decision = judge(findings, with_names(rules))
    assert decision.exit_code() == EXIT[decision.state]
    return decision.state


@pytest.mark.acceptance(18)
@pytest.mark.parametrize(
    ("lo", "hi", "op", "state"),
    [
        (-0.01, 0.01, ">=", PASS),
        (-0.02, 0.01, ">=", PASS),  # the end is the threshold, and >= holds there
        (-0.02, 0.01, ">", OPEN),
        (-0.03, -0.01, ">=", OPEN),
        (-0.03, -0.02, ">=", OPEN),  # one value of the interval still satisfies
        (-0.03, -0.02, ">", FAIL),
        (-0.05, -0.03, ">=", FAIL),
        (-0.05, -0.03, "<=", PASS),
        (-0.05, -0.03, "<", PASS),
        (-0.01, 0.01, "<", FAIL),
        (-0.03, 0.01, "<=", OPEN),
        (None, 0.01, ">=", OPEN),  # unbounded below
        (None, -0.03, ">=", FAIL),
        (-0.01, None, ">=", PASS),  # unbounded above
        (-0.03, None, ">=", OPEN),
        (None, None, ">=", OPEN),  # a point without any interval decides nothing
    ],
)
def test_the_interval_decides(lo: float | None, hi: float | None, op: str, state: State) -> None:
    """Pass when every value in the interval satisfies the rule, fail when none does, inconclusive otherwise."""
    est = ((-0.01 if lo is None else lo) + (0.0 if hi is None else hi)) / 2
    found = world(judged("a", interval(est, lo, hi)))
    assert state_of(found, f"quality_delta{{route:*}} {op} -2pt") is state


def test_a_point_is_never_judged() -> None:
    """An estimate far on the good side, without an interval, is inconclusive."""
    assert state_of(world(judged("a", interval(0.2, None, None))), "quality_delta{route:a} >= -2pt") is OPEN


@pytest.mark.parametrize(("n", "state"), [(99, OPEN), (100, PASS), (0, OPEN)])
def test_too_few_pairs_decide_nothing(n: int, state: State) -> None:
    """Below the smallest n of a Switch a check is inconclusive, whatever the estimate."""
    assert state_of(world(judged("a", interval(0.0, -0.01, 0.01), n=n)), "quality_delta{route:*} >= -2pt") is state


def test_no_data_is_inconclusive() -> None:
    """A switch whose candidate has no measurement cannot pass."""
    assert state_of(world(judged("a", None)), "quality_delta{route:*} >= -2pt") is OPEN
    missing = world(judged("a", None, candidates=()))
    assert state_of(missing, "quality_delta{route:*} >= -2pt") is OPEN


@pytest.mark.parametrize("verdict", [Verdict.KEEP, Verdict.NOT_PROVEN])
def test_a_route_that_is_left_alone_passes(verdict: Verdict) -> None:
    """The gate judges what is recommended; where nothing changes nothing can get worse."""
    moving = judged("b", interval(0.0, -0.01, 0.01))
    decision = judge(world(left_alone("a", verdict), moving), with_names(["quality_delta{route:a} >= -2pt"]))
    (check,) = decision.checks
    assert (check.state, check.stays, check.value) == (PASS, True, None)
    assert check.reason.startswith("no change; the route stays on aurora-4")


@pytest.mark.parametrize(
    "rule", ["quality_delta{route:*} >= -2pt", "quality_delta{route:a} >= -2pt", "quality_delta >= -2pt"]
)
def test_a_run_in_which_nothing_was_proven_does_not_pass(rule: str) -> None:
    """No route moves and one is undecided: that is no evidence, and every output says so. All decided is a result."""
    nothing = world(left_alone("a", Verdict.NOT_PROVEN), left_alone("b", Verdict.KEEP))
    decision = judge(nothing, with_names([rule]))
    assert (decision.state, decision.exit_code(), decision.nothing_proven) == (OPEN, 3, True)
    said = "nothing was proven in this run"
    for text in ("\n".join(text_lines(decision)), markdown(decision, nothing), "\n".join(github_lines(decision))):
        assert said in text.lower()
    decided = judge(world(left_alone("a", Verdict.KEEP), left_alone("b", Verdict.KEEP)), with_names([rule]))
    assert (decided.state, decided.nothing_proven) == (PASS, False)


def test_the_accepted_rate_of_a_route_that_stays_is_todays() -> None:
    """Not the candidate's: nothing moves there."""
    stays = left_alone("a", Verdict.KEEP, accepted_rate=interval(0.97, 0.96, 0.98))
    (check,) = judge(world(stays), with_names(["accept_rate{route:a} >= 95%"])).checks
    assert (check.state, check.value) == (PASS, interval(0.97, 0.96, 0.98))
    assert "no change; the route stays on aurora-4" in check.reason


def test_a_split_is_judged_by_its_own_policy() -> None:
    """Its candidate loses far too much for the whole route; what is recommended does not."""
    policy = interval(0.002, -0.012, 0.016)
    whole = judged("a", interval(-0.233, -0.26, -0.2))
    (found,) = judge(
        world(changed(whole, verdict=Verdict.SPLIT, quality_delta=policy)),
        with_names(["quality_delta{route:*} >= -3pt"]),
    ).checks
    assert (found.state, found.value) == (PASS, policy)


@pytest.mark.parametrize("verdict", [Verdict.KEEP, Verdict.NOT_PROVEN])
def test_a_named_tier_is_judged_whatever_the_verdict(verdict: Verdict) -> None:
    """`tier:mini` asks about mini on every route where it was tested."""
    assert state_of(world(left_alone("a", verdict)), "quality_delta{route:*, tier:mini} >= -2pt") is FAIL


def test_split_is_judged_like_switch() -> None:
    """Half of the traffic moved is still traffic moved."""
    found = world(judged("a", interval(-0.05, -0.06, -0.04), verdict=Verdict.SPLIT))
    assert state_of(found, "quality_delta{route:*} >= -2pt") is FAIL


def test_nothing_replayed_is_inconclusive() -> None:
    """Without a replay no route stays by verdict, and nothing avoidable is known."""
    found = world(left_alone("a", Verdict.NOT_PROVEN), tested=False)
    for rule in ("quality_delta{route:*} >= -2pt", "avoidable_usd < $5", "avoidable_share{route:a} < 5%"):
        assert state_of(found, rule) is OPEN


def test_the_worst_check_is_the_rule_and_the_worst_rule_is_the_gate() -> None:
    """Fail before inconclusive before pass."""
    good, bad = judged("a", interval(0.0, -0.01, 0.01)), judged("b", interval(-0.05, -0.06, -0.04))
    unclear = judged("c", interval(-0.02, -0.04, 0.0))
    rule = "quality_delta{route:*} >= -2pt"
    assert state_of(world(good), rule) is PASS
    assert state_of(world(good, unclear), rule) is OPEN
    assert state_of(world(good, unclear, bad), rule) is FAIL
    assert state_of(world(good, unclear, bad), "quality_delta{route:a} >= -2pt") is PASS
    assert (
        state_of(world(good, unclear, bad), "quality_delta{route:a} >= -2pt", "quality_delta{route:c} >= -2pt") is OPEN
    )


def test_checks_are_sorted_worst_first() -> None:
    """Fail, inconclusive, pass; by name within."""
    decision = judge(example(), with_names(["quality_delta{route:*} >= -3pt"]))
    assert [(c.state, c.subject) for c in decision.checks] == [
        (FAIL, "support-triage"),
        (OPEN, "chat-assist"),
        (PASS, "code-review"),
        (PASS, "doc-extract"),
        (PASS, "email-summary"),
    ]
    assert decision.checks == decision.rules[0].checks


def test_holm_takes_back_a_failure_among_many() -> None:
    """One of ten routes with p = 0.02 is what chance does; one of ten with p = 0.002 is not."""
    good = [judged(f"r{index}", interval(0.0, -0.01, 0.01), p_fail=0.9) for index in range(9)]
    bad = interval(-0.05, -0.08, -0.031)
    rule = ["quality_delta{route:*} >= -3pt"]
    weak = judge(world(*good, judged("bad", bad, p_fail=0.02)), with_names(rule))
    assert weak.state is OPEN
    assert weak.checks[0].p_holm == pytest.approx(0.2)
    assert "Holm" in weak.checks[0].reason
    assert judge(world(*good, judged("bad", bad, p_fail=0.002)), with_names(rule)).state is FAIL
    assert judge(world(judged("bad", bad, p_fail=0.02)), with_names(rule)).state is FAIL


def test_a_p_value_at_another_margin_is_not_used() -> None:
    """The findings' p-value is about the route's own margin, so it says nothing of -2pt."""
    found = world(judged("a", interval(-0.05, -0.08, -0.031), p_fail=0.9))
    decision = judge(found, with_names(["quality_delta{route:*} >= -2pt"]))
    assert (decision.state, decision.checks[0].p_holm) == (FAIL, None)


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("quality_delta >= -2pt", PASS),
        ("quality_delta >= -0.5pt", OPEN),
        ("accept_rate > 90%", PASS),
        ("accept_rate{route:doc-*} > 99%", FAIL),
        ("accept_rate{route:code-review} > 99%", FAIL),  # as it is served today
        ("avoidable_usd > $500", PASS),
        ("avoidable_usd{route:code-review} <= $0", PASS),
        ("avoidable_usd{route:doc-extract} <= $700", OPEN),
        ("avoidable_share{route:doc-extract} < 70%", OPEN),
        ("avoidable_share{route:doc-extract} < 80%", PASS),
        ("avoidable_share < 10%", FAIL),
        ("spend_usd <= $5,000", PASS),
        ("spend_usd{route:doc-*} < $1,000", FAIL),
        ("cost_per_1k{route:doc-extract} <= $20", PASS),
        ("cost_per_1k{tenant:north} < $1", FAIL),
        ("requests > 1000n", PASS),
        ("requests{model:birch-9b} > 1000000n", FAIL),
        ("mix{model:aurora-4} < 80%", PASS),
        ("mix{tier:mini} < 10%", FAIL),
        ("mix{route:doc-extract, model:aurora-4-mini} < 30%", PASS),
        ("mix{route:doc-extract, model:birch-9b} <= 0%", PASS),
        ("skipped_share < 1%", PASS),
    ],
)
def test_every_metric(rule: str, state: State) -> None:
    """What is exact passes or fails; what has an interval may be inconclusive."""
    assert state_of(example(), rule) is state


@pytest.mark.parametrize(
    ("rule", "code", "near"),
    [
        ("quality_delta{route:chat-asist} >= -2pt", "gate.unknown-route", "chat-assist"),
        ("spend_usd{tenant:norht} < $5", "gate.unknown-tenant", "north"),
        ("mix{model:aurora-5} < 80%", "gate.unknown-model", "aurora-4"),
        ("quality_delta{tier:minni, route:*} >= -2pt", "gate.unknown-tier", "mini"),
        ("mix{tier:minni} >= 2%", "gate.unknown-tier", "mini"),
    ],
)
def test_no_match_is_an_error(rule: str, code: str, near: str) -> None:
    """A rule about nothing must not pass in silence: exit 2, with the nearest name and the place in the rule."""
    with pytest.raises(AuditError) as caught:
        judge(example(), with_names([rule]))
    error = caught.value
    assert (error.code, error.exit_code) == (code, 2)
    assert f"did you mean `{near}`?" in str(error.hint)
    assert "matches 0 of" in error.notes[0]
    assert error.place is not None
    assert error.place.excerpt is not None
    assert error.place.column is not None
    glob = error.place.excerpt[error.place.column - 1 :][: error.place.width]
    assert glob in error.what


def test_no_rules_is_an_error() -> None:
    """A gate that asks nothing must not pass."""
    with pytest.raises(AuditError) as caught:
        judge(example(), ())
    assert caught.value.code == "gate.no-rules"


def test_a_warning_never_fails() -> None:
    """A rule of level warn shows its state and does not count."""
    rule = GateRule(when="quality_delta{route:*} >= -2pt", level="warn")
    decision = judge(example(), (rule,))
    assert (decision.rules[0].state, decision.state, decision.exit_code()) == (FAIL, PASS, 0)


@pytest.mark.acceptance(18)
@pytest.mark.parametrize(
    ("answer", "code"), [(None, 3), (Inconclusive.FAIL, 1), (Inconclusive.WARN, 0), (Inconclusive.PASS, 0)]
)
def test_what_inconclusive_exits_with_is_a_choice(answer: Inconclusive | None, code: int) -> None:
    """`--inconclusive` maps the exit code and nothing else."""
    decision = judge(world(judged("a", interval(-0.02, -0.04, 0.0))), with_names(["quality_delta{route:*} >= -2pt"]))
    assert (decision.state, decision.exit_code(answer)) == (OPEN, code)


@pytest.mark.parametrize("answer", [None, *Inconclusive])
@pytest.mark.parametrize("rule", ["quality_delta{route:*} >= -2pt", "requests > 1n"])
def test_an_incomplete_replay_has_no_verdict(answer: Inconclusive | None, rule: str) -> None:
    """4 goes before 1 and before 3: a gate on broken calls is worthless."""
    counts = ReplayCounts(planned=9, done=3, by_status={"ok": 3}, served_from={}, retried=0, complete=False)
    decision = judge(example(replay=counts), with_names([rule]))
    assert decision.exit_code(answer) == 4


@pytest.mark.parametrize("answer", list(Inconclusive))
def test_a_failure_stays_one(answer: Inconclusive) -> None:
    """`--inconclusive` says nothing about a failed rule."""
    decision = judge(example(), with_names(["quality_delta{route:support-*} >= -3pt"]))
    assert decision.exit_code(answer) == 1


def test_a_route_without_spend_has_no_share() -> None:
    """Nothing is divided by zero; no data is inconclusive."""
    found = world(replace(judged("a", interval(0, -0.01, 0.01)), spend_usd=0.0), judged("b", interval(0, -0.01, 0.01)))
    assert state_of(found, "avoidable_share{route:a} < 5%") is OPEN


def test_the_overall_change_without_replays_is_open() -> None:
    """`quality_delta` without tags is about all traffic with the verdicts followed."""
    found = example(accepted_change=None)
    assert state_of(found, "quality_delta >= -2pt") is OPEN
    assert state_of(example(accepted_change=Estimate.exact(0.0, 0.95)), "quality_delta >= -2pt") is PASS
