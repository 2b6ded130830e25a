"""Every scorer says of its cases what the case files say."""

import functools

import pytest

from audit.core.outcome import Errored
from audit.embeddings import open_embedder
from audit.scoring.scorers import SCORERS
from tests.scoring.cases import HERE, Case, check, outcome_of, read_cases

CASES = [
    pytest.param(name, case, id=f"{name}-{number}")
    for name in SCORERS.names
    for number, case in enumerate(read_cases(name), start=1)
]


@functools.cache
def static_embedder():
    """Opened once for all cases."""
    return open_embedder("wordllama")


@pytest.mark.parametrize(("name", "case"), CASES)
def test_outcome(name: str, case: Case) -> None:
    """The outcome is the one in the file, and an error never quotes the completion."""
    outcome = outcome_of(name, case, static_embedder)
    check(outcome, case["outcome"])
    if isinstance(outcome, Errored):
        assert str(case["completion"]) not in outcome.error


def test_every_case_file_belongs_to_a_scorer() -> None:
    """Folders with cases and names in the catalog are the same."""
    assert {path.parent.name for path in HERE.glob("*/cases.jsonl")} == {n.replace("-", "_") for n in SCORERS.names}
