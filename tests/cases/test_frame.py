"""The command finds its families, and says what came out."""

from tests.cases.__main__ import line_of
from tests.cases.frame import Result, families


def test_families_have_names_of_their_own() -> None:
    """Every module with cases is found once, and no name stands twice."""
    names = [family.name for family in families()]
    assert "scoring" in names
    assert len(set(names)) == len(names)


def test_a_wrong_case_is_told_from_a_right_one() -> None:
    """The line says what was expected, what came out, and which of the two kinds it is."""
    line = line_of("scoring", Result(case="5 <- '6'\x1b", expected="fail", got="pass", right=False))
    assert line.startswith("MISS scoring: 5 <- '6'\\x1b")
    assert "expected fail" in line
    assert "got      pass" in line
