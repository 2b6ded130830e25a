"""What a plan says of damaged answers: what fails first, with its remedy, and the rest in a line."""

import pytest

from audit.cli.printing.plan import damage_lines
from audit.core.criteria import REMEDIES, Control, ControlResult, CriteriaCheck, Grade
from audit.core.interval import Estimate


def result(control: Control, accepted: int | None, tried: int = 200) -> ControlResult:
    """A control of which so many damaged answers are accepted; None where nothing was tried."""
    share = None if accepted is None else Estimate(est=accepted / tried, lo=accepted / tried, hi=1.0, level=0.95)
    return ControlResult(control=control, tried=tried, accepted=accepted or 0, share=share, limit=0.05)


@pytest.mark.parametrize("failing", list(Control))
def test_what_fails_comes_first_with_what_refuses_it(failing: Control) -> None:
    """Whatever else was tried; kinds that pass nothing are a count."""
    others = [result(one, 0) for one in Control if one is not failing][:9]
    untried = [result(one, None) for one in Control if one is not failing][9:11]
    check = CriteriaCheck(digest="d", grade=Grade.AGREEMENT, controls=(*others, result(failing, 100), *untried))
    first, *rest = damage_lines(check)
    assert first.startswith("FAIL: ")
    assert failing.words in first
    assert REMEDIES[failing] in first
    assert "9 other kinds of damaged answers tried: none passes" in rest
    assert sum("not tried" in line for line in rest) == 1
    assert len(rest) == 2


def test_criteria_that_refuse_everything_take_one_line() -> None:
    """Seventeen zeros told nothing."""
    check = CriteriaCheck(digest="d", grade=Grade.AGREEMENT, controls=tuple(result(one, 0) for one in Control))
    assert damage_lines(check) == [f"{len(Control)} kinds of damaged answers tried: none passes"]
