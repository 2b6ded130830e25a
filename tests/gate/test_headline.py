"""What a branch changes, in one line."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_findings
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.gate.decide import judge, with_names
from audit.gate.document import as_document
from audit.gate.headline import Change, change_since
from audit.gate.markdown import markdown
from tests.gate.world import example, interval, left_alone, world
from tests.report.fixtures import changed

BEFORE = replace(example(), run_id="aaaaaaaaaaaa")


def branch(**changes: object) -> Findings:
    """The run of a branch."""
    return replace(example(), run_id="bbbbbbbbbbbb", **changes)  # type: ignore[arg-type]


def scaled(route: RouteFinding, *, requests: float = 1.0, price: float = 1.0) -> RouteFinding:
    """The route with as many times its requests, each at as many times its cost; its verdict is the same."""
    usd = requests * price
    return changed(
        route,
        requests=round(route.requests * requests),
        spend_usd=route.spend_usd * usd,
        auditable_usd=route.auditable_usd * usd,
        avoidable_usd=route.avoidable_usd.scaled(requests),
    )


def run_of(*routes: RouteFinding, **changes: object) -> Findings:
    """A branch's run, whose totals are those of its routes."""
    return replace(world(*routes), run_id="bbbbbbbbbbbb", **changes)  # type: ignore[arg-type]


def test_dollars_are_at_the_volume_of_the_baseline() -> None:
    """A request that costs a tenth more is a tenth of the month's bill, whatever the length of the branch's log."""
    month = BEFORE.spend_usd / BEFORE.days * 30
    for part in (1, 5):
        now = run_of(*(scaled(one, requests=1 / part, price=1.1) for one in BEFORE.routes), days=1)
        found = change_since(now, BEFORE)
        assert found.usd is not None
        assert found.usd.est == pytest.approx(0.1 * month, rel=1e-3)
        assert found.usd.level == pytest.approx(0.9)
        assert found.line.startswith("+$")
        assert " a month [" in found.line
    cheaper = change_since(run_of(*(scaled(one, price=0.9) for one in BEFORE.routes)), BEFORE)
    assert cheaper.line.startswith("−$")
    assert "per 1k requests [" in change_since(branch(), replace(BEFORE, days=0)).line


def test_another_mix_of_the_same_routes_changes_nothing() -> None:
    """Neither dollars nor points: a test set draws its routes as it likes. Its intervals are the same too."""
    rng, same = random.Random(3), change_since(branch(), BEFORE)
    for _ in range(50):
        now = run_of(*(scaled(one, requests=rng.choice([0.02, 0.1, 0.5, 1, 2, 7, 40])) for one in BEFORE.routes))
        mixed = change_since(now, BEFORE)
        assert mixed.usd is not None
        assert mixed.points is not None
        assert mixed.usd.est == pytest.approx(0.0, abs=1e-6)
        assert mixed.points.est == pytest.approx(0.0, abs=1e-9)
        assert mixed.line == same.line


def test_what_one_route_changes_is_at_its_own_requests() -> None:
    """A request of one route that costs twice as much is its own bill again, though the log has more of others."""
    first, *rest = BEFORE.routes
    now = run_of(scaled(first, price=2), *(scaled(one, requests=10) for one in rest))
    found = change_since(now, BEFORE).usd
    assert found is not None
    assert found.est == pytest.approx(first.spend_usd / BEFORE.days * 30)


def test_requests_without_a_known_cost_are_not_free() -> None:
    """They lower no cost of a request: what is paid is divided by the requests that it was paid for."""
    first, *rest = BEFORE.routes
    half = scaled(first, requests=0.5)
    now = run_of(replace(half, requests=first.requests), *rest)
    rows = [replace(row, unpriced_requests=first.requests // 2) for row in now.mix.by_route if row.name == first.route]
    others = [row for row in now.mix.by_route if row.name != first.route]
    found = change_since(replace(now, mix=replace(now.mix, by_route=(*rows, *others))), BEFORE)
    assert found.usd is not None
    assert found.usd.est == pytest.approx(0.0, abs=1e-6)
    none = replace(rows[0], unpriced_requests=first.requests)
    line = change_since(replace(now, mix=replace(now.mix, by_route=(none, *others))), BEFORE).line
    assert "cost not known: of a route nobody knows what its requests cost in the log of this run" in line


def test_quality_is_combined_at_its_worst() -> None:
    """Both intervals, so that the line never looks surer than the rules."""
    kept = left_alone("kept", Verdict.KEEP, accepted_rate=interval(0.90, 0.89, 0.92))
    better = left_alone("kept", Verdict.KEEP, accepted_rate=interval(0.91, 0.88, 0.93))
    before, now = (replace(world(one), run_id=name) for one, name in ((kept, "a"), (better, "b")))
    found = change_since(now, before).points
    assert found is not None
    assert found.est == pytest.approx(0.01)
    assert (found.lo, found.hi) == (pytest.approx(0.88 - 0.92), pytest.approx(0.93 - 0.89))


def test_what_is_not_known_is_said() -> None:
    """No answers judged, other routes, another margin: the reason stands where the figure would."""
    unjudged = tuple(replace(one, accepted_rate=None) for one in BEFORE.routes)
    cases = {
        "this run judged no answers": (branch(routes=unjudged), BEFORE),
        "the baseline judged no answers": (branch(), replace(BEFORE, accepted_after=None, accepted_change=None)),
        "judged answers of other routes": (branch(routes=(*unjudged[:1], *BEFORE.routes[1:])), BEFORE),
        "margin is": (branch(routes=tuple(replace(one, margin=0.01) for one in BEFORE.routes)), BEFORE),
    }
    for why, (now, then) in cases.items():
        found = change_since(now, then)
        assert found.points is None
        assert found.usd is not None
        assert "quality not known: " in found.line
        assert why in found.line


def test_runs_that_do_not_compare_have_no_dollars() -> None:
    """An interrupted run keeps the routes that it has not come to, and five routes cost more than one of them: neither
    is a change, so neither is a figure."""
    assert BEFORE.replay is not None
    partial = replace(BEFORE.replay, complete=False)
    nothing = Estimate.exact(0.0, 0.95)
    untold = changed(BEFORE.routes[0], avoidable_usd=replace(BEFORE.routes[0].avoidable_usd, lo=None))
    cases = {
        "this run is incomplete": (branch(replay=partial, avoidable_usd=nothing), BEFORE),
        "the baseline is incomplete": (branch(), replace(BEFORE, replay=partial)),
        "the runs are about other routes": (run_of(BEFORE.routes[0]), BEFORE),
        "nobody knows what the log of this run cost": (branch(spend_usd=0.0), BEFORE),
        "nobody knows what the log of the baseline cost": (branch(), replace(BEFORE, spend_usd=0.0)),
        "what this run saves has no known bounds": (run_of(untold, *BEFORE.routes[1:]), BEFORE),
    }
    for why, (now, then) in cases.items():
        found = change_since(now, then)
        assert found.usd is None
        assert found.line.startswith(f"cost not known: {why}, ")
        assert "$" not in found.line


def test_ends_are_printed_as_money_is() -> None:
    """Ends of both signs take no more decimals than an amount by itself; what is shown as nothing has no sign."""
    lines = {
        (-5.001, 5.0): "−$0.0005 a month [−$5.00, +$5.00]",
        (-0.001, 0.0004): "−$0.0003 a month [−$0.0010, +$0.0004]",
        (-2_000_000.0, 1.0): "−$1.00M a month [−$2.00M, +$1.00]",
        (-5.0, 5.0): "$0 a month [−$5.00, +$5.00]",
        (-1e-7, 5.0): "+$2.50 a month [$0, +$5.00]",
        (160.69, 161.2): "+$161 a month [+$160.69, +$161.20]",
        (-161.2, -160.69): "−$161 a month [−$161.20, −$160.69]",
        (7.0, 7.0): "+$7.00 a month",
    }
    for (low, high), line in lines.items():
        value = Estimate(est=(low + high) / 2, lo=low, hi=high, level=0.9)
        change = Change(baseline="a", usd=value, per="month", points=None, why="why")
        assert change.line == f"{line} with the verdicts followed, quality not known: why"


def test_a_run_does_not_differ_from_itself() -> None:
    """Nothing changed, exactly."""
    assert change_since(BEFORE, BEFORE).line == "$0 a month with the verdicts followed, 0.0 [0.0, 0.0] points"


def test_two_states_of_one_run_are_compared_as_two_runs() -> None:
    """A run that was replayed further, or scored again, keeps its id and may say something else."""
    dearer = tuple(scaled(route, price=1.5) for route in BEFORE.routes)
    found = change_since(replace(BEFORE, routes=dearer), BEFORE)
    assert found == change_since(branch(routes=dearer), BEFORE)
    assert found.usd is not None
    assert found.usd.est > 0


def test_every_output_has_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, JSON and the comment, which keeps its marker on the first line so that it is replaced; none without a
    baseline."""
    rules = with_names(["quality_delta{route:*} >= -3pt"])
    decision = judge(branch(), rules, baseline=BEFORE)
    assert decision.change is not None
    comment = markdown(decision, branch(), name="branch")
    assert comment.splitlines()[0] == "<!-- audit-gate:branch -->"
    assert f"**{decision.change.line}** against run aaaaaaaaaaaa, 90% intervals" in comment
    assert as_document(decision)["change"]["baseline"] == "aaaaaaaaaaaa"
    assert "change" not in as_document(judge(branch(), rules))
    for name, one in (("now", branch()), ("then", BEFORE)):
        folder = RunFolder(tmp_path / name).create()
        write_findings(folder.findings, one)
        folder.record("findings", {"scores": "x"})
    argv = ["gate", str(tmp_path / "now"), "--rule", rules[0].when, "--baseline", str(tmp_path / "then")]
    assert run(argv) == 1
    assert f"  {decision.change.line}\n" in capsys.readouterr().out
