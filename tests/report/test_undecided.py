"""Routes that were asked and not tested: every face says why, on its first screen, and what to do next."""

from dataclasses import replace

import pytest

from audit.cli.printing.case import list_lines
from audit.core.criteria import CriteriaCheck, Grade
from audit.core.finding import Findings, NoiseFloor
from audit.core.recommendation import PairTable
from audit.gate.decide import judge, with_names
from audit.gate.text import text_lines
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.terminal import plain, summary_lines
from tests.report.fixtures import all_open, around, changed

STOPPED = "the replay stopped before its test"


def untested(*, noisy: bool, grade: Grade = Grade.AGREEMENT) -> Findings:
    """Two routes whose candidates answered, and of which no pair was tested."""
    noise = NoiseFloor(
        psi=0.05, delta=around(-0.05, 0.01), n=394, b=20, c=0, same_answer=0.9, shifted=True, beyond_margin=noisy
    )
    found = all_open()
    told = [changed(one, needs_more=None, noise_floor=noise, reason=STOPPED) for one in found.routes]
    routes = tuple(
        replace(
            one,
            recommendation=replace(one.recommendation, pairs=PairTable(), quality_delta=None),
            criteria=CriteriaCheck(digest="d", grade=grade),
        )
        for one in told
    )
    return replace(found, routes=routes)


def faces(findings: Findings) -> dict[str, str]:
    """What each face says, on one line."""
    decision = judge(findings, with_names(["quality_delta{route:*} >= -3pt"]))
    said = {
        "terminal": plain(summary_lines(findings, width=80)),
        "summary": summary_markdown(findings).partition("| Route |")[0],
        "show": "\n".join(list_lines(findings, [])),
        "gate": "\n".join(text_lines(decision)),
        "report": render_html(findings, []),
    }
    return {face: " ".join(text.split()).replace("&#96;", "`") for face, text in said.items()}


@pytest.mark.parametrize(("grade", "then"), [(Grade.AGREEMENT, "references:"), (Grade.RIGHT, "was changed since")])
def test_an_incumbent_that_does_not_repeat_itself_is_named(grade: Grade, then: str) -> None:
    """With what settles it: right answers, or where the criteria have them already, a look at the replay."""
    for face, said in faces(untested(noisy=True, grade=grade)).items():
        assert then in said, face
        assert "wider margin" in said, face
        assert "n=0" not in said, face
        assert "sample is too small" not in said, face
        assert face == "gate" or "beyond the margin of" in said, face


def test_any_other_reason_is_told_too() -> None:
    """No pair was tested, so no figure says why: the reason does."""
    for face, said in faces(untested(noisy=False)).items():
        assert STOPPED in said, face
        assert "n=0" not in said, face
        assert "sample is too small" not in said, face


def test_a_sample_that_is_too_small_is_still_called_so() -> None:
    """Where more replays would settle it, that is what is said."""
    assert "sample is too small" in summary_markdown(all_open())
