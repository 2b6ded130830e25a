"""What a branch changes, in one line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_findings
from audit.core.finding import Findings
from audit.core.interval import Estimate
from audit.gate.decide import judge, with_names
from audit.gate.document import as_document
from audit.gate.headline import change_since
from audit.gate.markdown import markdown
from tests.gate.world import example, world

BEFORE = replace(example(), run_id="aaaaaaaaaaaa")


def branch(**changes: object) -> Findings:
    """The run of a branch."""
    return replace(example(), run_id="bbbbbbbbbbbb", **changes)  # type: ignore[arg-type]


def test_dollars_are_at_the_volume_of_the_baseline() -> None:
    """A request that costs a tenth more is a tenth of the month's bill, whatever the length of the branch's log."""
    month = BEFORE.spend_usd / BEFORE.days * 30
    for part in (1, 7):
        now = branch(
            spend_usd=1.1 * BEFORE.spend_usd / part,
            requests=BEFORE.requests // part,
            avoidable_usd=BEFORE.avoidable_usd.scaled(1 / part),
            days=1,
        )
        found = change_since(now, BEFORE)
        assert found.usd is not None
        assert found.usd.est == pytest.approx(0.1 * month, rel=1e-3)
        assert found.usd.level == pytest.approx(0.9)
        assert found.line.startswith("+$")
        assert " a month, " in found.line
    cheaper = change_since(branch(spend_usd=0.9 * BEFORE.spend_usd), BEFORE)
    assert cheaper.line.startswith("−$")
    assert "per 1k requests" in change_since(branch(), replace(BEFORE, days=0)).line


def test_quality_is_the_accepted_share_at_its_worst() -> None:
    """Both intervals are combined at their worst, so that the line never looks surer than the rules."""
    then = BEFORE.accepted_after
    assert then is not None
    assert then.lo is not None
    assert then.hi is not None
    now = Estimate(est=then.est - 0.004, lo=then.est - 0.008, hi=then.est, level=0.95)
    found = change_since(branch(accepted_after=now), BEFORE).points
    assert found is not None
    assert found.lo == pytest.approx(now.lo - then.hi)  # type: ignore[operator]
    assert found.hi == pytest.approx(now.hi - then.lo)  # type: ignore[operator]


def test_what_is_not_known_is_said() -> None:
    """No answers judged, other routes, another margin: the reason stands where the figure would."""
    cases = {
        "this run judged no answers": (branch(accepted_after=None), BEFORE),
        "the baseline judged no answers": (branch(), replace(BEFORE, accepted_after=None)),
        "other routes": (replace(world(*BEFORE.routes[:2]), run_id="b"), BEFORE),
        "margin is": (branch(routes=tuple(replace(one, margin=0.01) for one in BEFORE.routes)), BEFORE),
    }
    for why, (now, then) in cases.items():
        found = change_since(now, then)
        assert found.points is None
        assert why in found.line
    assert "cost not known" in change_since(branch(requests=0), BEFORE).line


def test_a_run_does_not_differ_from_itself() -> None:
    """Nothing changed, exactly."""
    assert change_since(BEFORE, BEFORE).line == "$0 a month, 0.0 [0.0, 0.0] points"


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
