"""Two answers side by side: what is marked, in texts, JSON and calls of tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.cases.texts import AnswerText
from audit.report.differing import DifferingRun
from audit.view.sides import compare


def call(name: str, arguments: Any) -> dict[str, Any]:
    """A call as the OpenAI shape has it."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def marked(runs: tuple[DifferingRun, ...]) -> list[str]:
    """What stands out, without white space around it."""
    return [run.text.strip() for run in runs if run.mark]


def whole(runs: tuple[DifferingRun, ...]) -> str:
    """All of it."""
    return "".join(run.text for run in runs)


def test_words_fields_and_arguments_are_marked_one_by_one() -> None:
    """Nothing else is, whatever the order of keys and arguments."""
    text = compare(
        AnswerText(text="It came on Monday, late.", calls=()), AnswerText(text="It came on Friday, late.", calls=())
    )
    assert (marked(text.left), marked(text.right)) == (["Monday"], ["Friday"])
    left, right = {"total": 3, "vendor": "A", "lines": [1, 2]}, {"lines": [1, 2], "vendor": "B", "total": 3}
    fields = compare(AnswerText(text=json.dumps(left), calls=()), AnswerText(text=json.dumps(right), calls=()))
    assert (marked(fields.left), marked(fields.right)) == (['"vendor": "A"'], ['"vendor": "B"'])
    calls = compare(
        AnswerText(text="", calls=(call("find", '{"q": "x", "n": 3}'),)),
        AnswerText(text="", calls=(call("find", '{"n": 4, "q": "x"}'),)),
    )
    assert (marked(calls.left_calls), marked(calls.right_calls)) == (["n: 3"], ["n: 4"])


@pytest.mark.parametrize("arguments", ["not json", "[1]", "", None, "[" * 30_000, 7, {"a": 1}])
def test_arguments_that_are_no_object_are_shown_as_they_came(arguments: Any) -> None:
    """And a call without a name or a function is still a call."""
    answer = AnswerText(text="", calls=(call("find", arguments), {"function": 3}, {}))
    both = compare(answer, answer)
    assert marked(both.left_calls) == []
    assert whole(both.left_calls).startswith("find(")
    assert whole(both.left_calls).count("?(") == 2


def test_nothing_of_an_answer_is_lost() -> None:
    """Long answers are shown whole and unmarked; beyond all reading they are cut, and that is said."""
    left, right = "word " * 3_000, "word " * 2_999 + "other"
    both = compare(AnswerText(text=left, calls=()), AnswerText(text=right, calls=()))
    assert (whole(both.left), whole(both.right)) == (left, right)
    assert both.notes == ("Too long to mark differences.",)
    cut = compare(AnswerText(text="x" * 300_000, calls=()), AnswerText(text="", calls=()))
    assert cut.notes[0] == "Cut to 200,000 characters."
