"""Results of promptfoo and logs of Inspect as right answers: joined by prompt, nothing made up."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import InputError
from audit.core.fingerprint import prompt_hash
from audit.core.settings import References
from audit.scoring.expected.evaluations import LeftOut, left_out, right_answers
from audit.scoring.expected.references import load_references
from tests.shared import SHARED

SYSTEM = {"role": "system", "content": "You triage tickets."}


def user(text: str) -> dict[str, Any]:
    """What a person says."""
    return {"role": "user", "content": text}


def result(raw: str, variables: dict[str, Any] | None = None, *asserted: dict[str, Any]) -> dict[str, Any]:
    """A result of promptfoo, with an answer that is no right one."""
    return {
        "prompt": {"raw": raw, "label": "{{ticket}}"},
        "provider": {"id": "openai:chat:gpt-4o-mini"},
        "vars": variables or {},
        "testCase": {"vars": variables or {}, "assert": list(asserted)},
        "response": {"output": "an answer", "tokenUsage": {"prompt": 9}},
        "success": True,
    }


RESULTS = [
    result("first", {"reference": "one"}, {"type": "equals", "value": "another"}),
    result("first", {"reference": "one"}),
    result("second", None, {"type": "contains", "value": "t"}, {"type": "equals", "value": {"a": 1}}),
    result(json.dumps([SYSTEM, user("third")]), None, {"type": "equals", "value": "three"}),
    result("only contained", None, {"type": "contains", "value": "x"}),
    result("two values", None, {"type": "equals", "value": "a"}, {"type": "equals", "value": "b"}),
    result("a template", None, {"type": "equals", "value": "{{ticket}}"}),
    result("[not JSON", {"reference": "four"}),
]
EXPECTED = {
    prompt_hash([user("first")]): "one",
    prompt_hash([user("second")]): {"a": 1},
    prompt_hash([SYSTEM, user("third")]): "three",
    prompt_hash([user("[not JSON")]): "four",
}


def sample(target: Any, *said: dict[str, Any]) -> dict[str, Any]:
    """A sample of Inspect."""
    answer = {"role": "assistant", "content": "an answer"}
    given = said[-1]["content"]
    return {"id": "s", "epoch": 1, "input": given, "target": target, "messages": [*said, answer, user("more")]}


SAMPLES = [
    sample("one", SYSTEM, user("first")),
    sample(["two"], user("second")),
    sample(["a", "b"], user("several")),
    sample("", user("none")),
]
TARGETS = {prompt_hash([SYSTEM, user("first")]): "one", prompt_hash([user("second")]): "two"}


def load(path: Path, **settings: Any) -> dict[str, Any]:
    """The right answers in a file."""
    return load_references(References(path=path.name, **settings), path.parent).values


@pytest.mark.parametrize("lines", [False, True])
def test_results_of_promptfoo_say_what_was_expected(lines: bool, tmp_path: Path) -> None:
    """The named variable, else the one `equals`; assertions of other kinds, and answers, are no right answers."""
    path = tmp_path / ("results.jsonl" if lines else "results.json")
    whole = {"evalId": "e", "config": {}, "results": {"version": 3, "results": RESULTS}}
    path.write_text("".join(json.dumps(one) + "\n" for one in RESULTS) if lines else json.dumps(whole))
    assert load(path) == EXPECTED


def test_another_variable_holds_the_answer(tmp_path: Path) -> None:
    """`references.value` names it."""
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(result("first", {"expected": "one", "reference": "no"})))
    assert load(path, value="expected") == {prompt_hash([user("first")]): "one"}


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_of_inspect_has_targets(packed: bool, tmp_path: Path) -> None:
    """The messages until the first answer are the prompt; several targets, and none, are no right answer."""
    path = tmp_path / ("log.eval" if packed else "log.json")
    if packed:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("header.json", "{}")
            for number, one in enumerate(SAMPLES):
                archive.writestr(f"samples/{number}_epoch_1.json", json.dumps(one))
    else:
        path.write_text(json.dumps({"version": 2, "eval": {}, "plan": {}, "samples": SAMPLES}))
    assert load(path) == TARGETS


def talk(*words: str) -> list[dict[str, Any]]:
    """A conversation in which a person and a model take turns."""
    return [{"role": ("user", "assistant")[place % 2], "content": one} for place, one in enumerate(words)]


WRITTEN = {"role": "assistant", "content": "an answer", "source": "generate"}
CALLING = {**WRITTEN, "tool_calls": [{"id": "c", "function": "look", "arguments": {}}]}


@pytest.mark.parametrize("told", [False, True], ids=["as it stands", "by what was generated"])
@pytest.mark.parametrize("system", [[], [SYSTEM]])
@pytest.mark.parametrize("turns", [1, 3, 5])
def test_a_target_answers_the_whole_input(turns: int, system: list[Any], told: bool) -> None:
    """However many turns the input has, and whatever a solver put before it, never an earlier turn."""
    asked = talk(*(f"turn {place}" for place in range(turns)))
    answer = WRITTEN if told else {"role": "assistant", "content": "an answer"}
    one = {"id": 1, "input": asked, "target": "refund", "messages": [*system, *asked, answer]}
    assert list(right_answers([one], "reference")) == [(prompt_hash([*system, *asked]), "refund")]
    assert not left_out([one], "reference")


SHOT, QUESTION = talk("a question", "an example"), user("the question")
STRAYED: list[tuple[dict[str, Any], LeftOut | None]] = [
    ({"input": "the question", "messages": [*SHOT, QUESTION, WRITTEN]}, None),
    ({"input": "the question", "messages": [*SHOT, QUESTION, {**WRITTEN, "source": None}]}, LeftOut.INPUT),
    ({"input": [QUESTION], "messages": [*SHOT, QUESTION, {**WRITTEN, "source": None}]}, LeftOut.INPUT),
    ({"input": [*SHOT, QUESTION], "messages": [*SHOT, user("another"), WRITTEN]}, LeftOut.INPUT),
    ({"input": "the question", "messages": [QUESTION, CALLING, WRITTEN]}, LeftOut.TOOLS),
]


@pytest.mark.parametrize(("sample", "why"), STRAYED, ids=range(len(STRAYED)))
def test_a_target_of_something_else_is_left_out_by_name(sample: dict[str, Any], why: LeftOut | None) -> None:
    """Examples before the question, a conversation that a solver changed, and what follows a call of tools."""
    one = {"id": 1, "target": "refund", **sample}
    expected = [] if why else [(prompt_hash([*SHOT, QUESTION]), "refund")]
    assert list(right_answers([one], "reference")) == expected
    assert left_out([one], "reference") == ({why: 1} if why else {})


NO_ANSWERS: list[tuple[dict[str, Any], LeftOut]] = [
    ({"assert": [{"type": "equals", "value": "file://expected.txt"}]}, LeftOut.FILE),
    ({"vars": {"reference": "file://expected.txt"}}, LeftOut.FILE),
    ({"assert": [{"type": "equals", "value": "A", "transform": "output.toUpperCase()"}]}, LeftOut.TRANSFORMED),
    ({"assert": [{"type": "equals", "value": "A"}], "options": {"transform": "output[0]"}}, LeftOut.TRANSFORMED),
    ({"vars": {"reference": "A"}, "options": {"postprocess": "output[0]"}}, LeftOut.TRANSFORMED),
    ({"assert": [{"type": "equals", "value": "A"}], "assertScoringFunction": "file://s.js"}, LeftOut.TRANSFORMED),
    ({"assert": [{"type": "equals", "value": "A"}], "providerOutput": "A"}, LeftOut.TRANSFORMED),
    ({"assert": [{"type": "equals", "value": "a", "weight": 0}]}, LeftOut.UNWEIGHED),
    ({"assert": [{"type": "equals", "value": "{% if a %}x{% endif %}"}]}, LeftOut.TEMPLATE),
    ({"assert": [{"type": "equals", "value": {"a": ["{{b}}"]}}]}, LeftOut.TEMPLATE),
]


@pytest.mark.parametrize(("test", "why"), NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_what_is_no_right_answer_is_left_out_by_name(test: dict[str, Any], why: LeftOut, tmp_path: Path) -> None:
    """A name of a file, a template, what code changes, what decides nothing: counted, never an answer."""
    one = {**result("first"), "vars": test.get("vars", {}), "testCase": test}
    assert not list(right_answers([one], "reference"))
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(one) + "\n" + json.dumps(result("second", {"reference": "two"})))
    found = load_references(References(path=str(path)), tmp_path)
    assert (found.values, found.left) == ({prompt_hash([user("second")]): "two"}, {why: 1})


def test_results_without_right_answers_are_an_error(tmp_path: Path) -> None:
    """Grades are none: a file that would join nothing is refused with what to do."""
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"evalId": "e", "results": {"results": RESULTS[4:7]}}))
    with pytest.raises(InputError, match="name no right answer"):
        load(path)
    torn = tmp_path / "log.eval"
    with zipfile.ZipFile(torn, "w") as archive:
        archive.writestr("samples/1.json", "{")
    with pytest.raises(InputError, match="cannot be unpacked"):
        load(torn)


@pytest.mark.skipif(not (SHARED / "logs").is_dir(), reason="the shared samples are absent")
def test_what_inspect_wrote(tmp_path: Path) -> None:
    """A log that Inspect wrote: its prompts are those that it sent."""
    found = load(SHARED / "logs" / "inspect_ai" / "log.json")
    asked = [SYSTEM, user("My invoice 4471 was charged twice.")]
    assert found[prompt_hash(asked)] == "Réponse"
