"""Criteria and answers: what counts as equal. Where a case expects `fail`, an error will do: never equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit.core.errors import AuditError
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.scoring.criteria import build_criteria
from tests.cases.frame import CASES, Family, Result
from tests.scoring.cases import context_of, entry_of

SOURCE = CASES / "scoring.jsonl"


def word_of(outcome: Outcome) -> str:
    """An outcome in the word that the cases use, with its reason."""
    match outcome:
        case Scored(passed=passed, reason=reason):
            return "pass" if passed else f"fail ({reason})"
        case NotApplicable(reason=reason):
            return f"not applicable ({reason})"
        case Errored(error=error):
            return f"errored ({error})"


def outcome_of(case: dict[str, Any]) -> Outcome:
    """Score the answer of one case."""
    completion: Any = case.get("output")
    written: dict[str, Any] = {"request": {"messages": [], "tools": case.get("tools")}}
    if case["kind"] == "tool_calls":
        completion = {"text": None, "tool_calls": case["tool_calls"]}
        if case["incumbent_tool_calls"] is not None:
            written["incumbent"] = {"text": None, "tool_calls": case["incumbent_tool_calls"]}
    try:
        (criterion,) = build_criteria([entry_of(case["criterion"])], Path())
    except AuditError as error:
        return Errored(error=error.what)
    return criterion.score([context_of({**written, "completion": completion})])[0]


def run() -> Iterator[Result]:
    """Every line of the file."""
    for number, line in enumerate(SOURCE.read_text("utf-8").splitlines(), start=1):
        case = json.loads(line)
        got = word_of(outcome_of(case))
        right = got == "pass" if case["expected"] == "pass" else got.startswith(("fail", "errored"))
        shown = case["output"] if case["kind"] == "text" else case["source"]
        text = f"{number} {json.dumps(case['criterion'], ensure_ascii=False)} <- {shown!r}"
        yield Result(case=text, expected=case["expected"], got=got, right=right)


FAMILY = Family(name="scoring", source=SOURCE, run=run)
