"""Rules that people write: read, computed as they are meant, and refused with the place of what is wrong."""

from __future__ import annotations

import pytest

from audit.core.exchange import Request
from audit.signals import compute
from audit.signals.rules import in_force
from audit.signals.written import ConditionProblem, read_conditions, written_rule


def asked(text: str, *, turns: int = 1, tools: int = 0) -> Request:
    """A conversation that ends with a user turn."""
    before = [{"role": "assistant", "content": "yes"}] * (turns - 1)
    messages = [*before, {"role": "user", "content": text}]
    return Request(request_fp="", messages=messages, tools=[{}] * tools)


@pytest.mark.parametrize(
    ("rule", "request_", "holds"),
    [
        ("messages <= 2", asked("x", turns=2), True),
        ("messages < 2", asked("x", turns=2), False),
        ("messages >= 2 and messages != 3", asked("x", turns=2), True),
        ("not tools", asked("x"), True),
        ("not tools", asked("x", tools=1), False),
        ("tools", asked("x", tools=1), True),
        ("prompt_chars < 1_000 and digit_share <= .5", asked("12ab"), True),
        ("last_user ~ '(?i)refund'", asked("a Refund"), True),
        ("last_user ~ 'refund'", asked("a Refund"), False),
        ("last_user !~ 'a and b' and messages == 1", asked("a or b"), True),
        ('last_user ~ "it\'s"', asked("it's"), True),
    ],
)
def test_a_rule_means_what_it_says(rule: str, request_: Request, holds: bool) -> None:
    """All conditions hold, or the request stays."""
    value = compute(written_rule(rule), [request_])[0]
    assert bool(value == 1.0) is holds


def test_the_text_stays_with_the_rule() -> None:
    """`policy.json` repeats what was written, and says how it was understood."""
    spec = written_rule("messages <= 2 and not tools")
    assert spec.params["when"] == "messages <= 2 and not tools"
    assert in_force(spec.params, 1.0) == [
        {"feature": "messages", "op": "<=", "value": 2},
        {"feature": "tools", "op": "<=", "value": 0},
    ]


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("messages <= 2 or tools", "rule.unreadable", "or"),
        ("message <= 2", "rule.unknown-feature", "message"),
        ("tools and turns <= 2", "rule.unknown-feature", "turns"),
        ("messages <= 2 and tokens < 9", "rule.unknown-feature", "tokens"),
        ("messages ~ 'x'", "rule.operator", "~"),
        ("last_user ~ '('", "rule.pattern", "'('"),
        ("messages <= many", "rule.number", "many"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text: str, code: str, at: str) -> None:
    """The error names the characters at fault."""
    with pytest.raises(ConditionProblem) as caught:
        read_conditions(text)
    assert caught.value.code == code
    assert text[caught.value.start : caught.value.start + caught.value.width] == at


def test_a_rule_by_a_former_name_says_what_to_write() -> None:
    """It is not read as if nothing had changed: a turn is another thing than a message."""
    with pytest.raises(ConditionProblem) as caught:
        read_conditions("turns <= 2")
    assert caught.value.hint == "did you mean `messages`?"
    assert "answers included" in caught.value.notes[0]
