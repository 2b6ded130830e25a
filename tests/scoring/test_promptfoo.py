"""Lists written for promptfoo mean the same here.

The facts are those of its documentation, <https://promptfoo.dev/docs/configuration/expected-outputs/deterministic/>.
"""

import json
from pathlib import Path

import pytest

from tests.scoring.cases import Case, check, outcome_of

CASES = [json.loads(line) for line in (Path(__file__).parent / "promptfoo.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["fact"])
def test_documented_fact(case: Case) -> None:
    """What the documentation says of a type holds here."""
    written = {"options": case["entry"], "completion": case["completion"]}
    check(outcome_of(case["entry"]["type"], written), case["outcome"])
