"""The acceptance tests of the statistics: where each stands, and that none of them can be skipped.

Numbers are the specification's; 21 to 23 were about estimates from labels and proxies, which no verdict uses.

A test is marked `@pytest.mark.acceptance(number)`; `pytest -m acceptance` runs them all, simulations included, and
with `-s` prints what they measured. Where the real pairs of models are absent they run on seeded pairs with the same
counts (`tests/stats/populations.py`).
"""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SUBJECTS = {
    1: "Tango's interval has its golden values and is antisymmetric",
    2: "the exact p-value has its golden values, is monotone, and equals brute force over the whole hypothesis",
    3: "the exact test's size is at most alpha",
    4: "the e-processes have their golden values, whatever the order of records",
    5: "adjusted t and the share of spend have their golden values",
    6: "the planner's sample sizes, and the least useful one",
    7: "break-even of a cascade",
    8: "coverage of Tango's interval on two pairs, enumerated and resampled",
    9: "coverage of Tango's interval over all pairs of models",
    10: "the finite-log correction covers, the plain interval is too wide",
    11: "dollar-unit sampling covers on a stress log, random records do not",
    12: "a log that is 97 % acceptable, 25 draws",
    13: "the lower end for skewed graded losses",
    14: "certification keeps its promise and saves; the naive rule breaks it",
    15: "certification warns below its floor; empty and overlapping splits are errors",
    16: "the list of policies is sealed before certification verdicts are read",
    17: "PASS and FAIL at a loss of exactly the margin",
    18: "the gate's decisions and exit codes",
    19: "false PASS of a watched run; naive peeking beside it",
    20: "a watched run of a losing candidate stops early",
    24: "sessions",
    25: "the incumbent against itself",
    26: "Holm equals statsmodels",
    27: "missing answers count against the claim",
    28: "counts are whole",
    29: "order of rows, chunks and threads change nothing",
    30: "speed of the exact p-value",
}


@cache
def marked() -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """Number, place and all marks of every acceptance test."""
    found = []
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "mark.acceptance(" not in text:
            continue
        tree = ast.parse(text)
        module_marks = [
            ast.unparse(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
        ]
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            for decorator in decorators:
                if decorator.startswith("pytest.mark.acceptance("):
                    number = int(decorator.removeprefix("pytest.mark.acceptance(").removesuffix(")"))
                    found.append((number, f"{path.relative_to(TESTS)}::{node.name}", (*decorators, *module_marks)))
    return tuple(found)


@pytest.mark.parametrize("number", SUBJECTS)
def test_each_stands_and_is_never_skipped(number: int) -> None:
    """Every one of them has a test that runs in the repository alone."""
    found = [(place, marks) for of, place, marks in marked() if of == number]
    assert found, f"no test is marked acceptance({number}): {SUBJECTS[number]}"
    for place, marks in found:
        assert not [mark for mark in marks if "needs_shared" in mark or "skip" in mark], place


def test_no_other_number_is_used() -> None:
    """A mark outside the list is a slip."""
    assert {number for number, _, _ in marked()} == set(SUBJECTS)
