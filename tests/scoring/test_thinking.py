"""Reasoning in tags before an answer: taken off where asked for, and never silently compared."""

from pathlib import Path

import pytest

from audit.core.errors import ConfigError
from audit.core.outcome import Scored
from audit.scoring.criteria import build_criteria
from audit.scoring.texts.extract import opens_with_thinking, strips_thinking, without_thinking
from tests.scoring.cases import context_of, entry_of


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>2 + 2 is 4</think>4", "4"),
        ("\n<thinking>\nhm\n</thinking>\n\n4\n", "4"),
        ("<THINK>a</THINK> 4", "4"),
        ("[THINK]a[/THINK]4", "4"),
        ("◁think▷a◁/think▷4", "4"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>4", "4"),
        ("<reasoning>a <b>c</b></reasoning>4", "4"),
        ("<think>a</think><think>b</think>4", "4"),
        ("<antThinking>a</antThinking>4", "4"),
        ("<seed:think budget=3>a</seed:think>4", "4"),
        ("<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>4<|end_of_solution|>", "4"),
        ("<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>4<|END_RESPONSE|>", "4"),
        ("<unused94>thought\na<unused95>4", "4"),
        ('<details type="reasoning" done="true"><summary>1 s</summary>a</details>\n4', "4"),
        ("<scratch_pad>cut before the end", None),
        ("the tag opened in the prompt</think>4", "4"),
        ("<think>cut before the end", None),
        ("<think></think>", ""),
        ("4", "4"),
        ("<analysis>a</analysis>\n4", "4"),
        ("<thinking>a</thinking><reflection>b</reflection>4", "4"),
        ("<my_reflection>a</my_reflection> <analysis>b</analysis> 4", "4"),
        ("<analysis>4</analysis>", "<analysis>4</analysis>"),
        ("<analysis>4", "<analysis>4"),
        ("<reason>late</reason>\n", "<reason>late</reason>\n"),
        ("<cause_analysis>4</cause_analysis>", "<cause_analysis>4</cause_analysis>"),
        ("<cause_analysis>4</cause_analysis> 5", "<cause_analysis>4</cause_analysis> 5"),
        ("<reasoncode>R4</reasoncode><n>5</n>", "<reasoncode>R4</reasoncode><n>5</n>"),
        ("<reason_code>R4</reason_code>5", "<reason_code>R4</reason_code>5"),
        ("<n>5</n><thoughtfulness>5</thoughtfulness>", "<n>5</n><thoughtfulness>5</thoughtfulness>"),
        ("R4</reasoncode>", "R4</reasoncode>"),
        ("<rethinking_events>4</rethinking_events>", "<rethinking_events>4</rethinking_events>"),
        (
            "Use <think>, as in <think>a</think>, before you answer.",
            "Use <think>, as in <think>a</think>, before you answer.",
        ),
    ],
)
def test_what_is_left(text: str, answer: str | None) -> None:
    """The answer alone; nothing where the reasoning never ends; tags inside of an answer stay."""
    assert without_thinking(text) == answer


def test_in_a_criterion() -> None:
    """`strip: think` stands before the comparison; without it the reasoning is part of the answer."""
    said = context_of({"completion": '<think>{"a": 2}</think>```json\n{"a": 1}\n```'})
    entry = {"type": "is-json", "fences": True, "value": {"properties": {"a": {"const": 1}}, "required": ["a"]}}
    for more, passed in (
        ({}, False),
        ({"extract": {"strip": "think"}}, True),
        ({"extract": {"strip": ["think"]}}, True),
    ):
        (criterion,) = build_criteria([entry_of({**entry, **more})], Path())
        (outcome,) = criterion.score([said])
        assert isinstance(outcome, Scored)
        assert outcome.passed is passed
    cut = context_of({"completion": "<think>so far"})
    (criterion,) = build_criteria(
        [entry_of({"type": "contains", "value": "far", "extract": {"strip": "think"}})], Path()
    )
    assert criterion.score([cut])[0] == Scored(value=0.0, passed=False, reason="nothing extracted")


def test_what_is_understood() -> None:
    """A list of things to take off; anything unknown is refused."""
    assert strips_thinking({"strip": ["think", "markdown"]})
    assert not strips_thinking({"strip": "markdown"})
    assert not strips_thinking(None)
    assert opens_with_thinking("  <think>")
    assert not opens_with_thinking("I think <think> is a tag")
    for wrong in ("thinking", [], ["think", 3]):
        with pytest.raises(ConfigError):
            build_criteria([entry_of({"type": "contains", "value": "a", "extract": {"strip": wrong}})], Path())
