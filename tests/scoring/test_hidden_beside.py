"""What stands beside the part that a criterion looks at, and changes what the answer says or does."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from audit.core.criteria import Grade
from audit.core.outcome import Errored, Outcome, Scored
from audit.scoring.answered import CALLS_BESIDE, calls_beside
from tests.scoring.cases import build_criteria, context_of, entry_of

TEXTS: list[tuple[dict[str, Any], str]] = [
    ({"type": "equals", "value": "{{incumbent.text}}"}, "refund"),
    ({"type": "one-of", "value": ["refund", "keep"]}, "refund"),
    ({"type": "numeric", "value": "{{incumbent.text}}", "which": "only"}, "12"),
    ({"type": "json-fields", "others": "exact"}, '{"total": 12}'),
    ({"type": "contains", "value": "{{incumbent.text}}"}, "refund"),
    ({"type": "levenshtein", "value": "{{incumbent.text}}", "threshold": 0}, "refund"),
]


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A call in the OpenAI shape."""
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def made(*calls: dict[str, Any], text: str | None = None) -> dict[str, Any]:
    """An answer with calls."""
    return {"text": text, "tool_calls": list(calls), "finish_reason": "tool_calls"}


def say(options: dict[str, Any], completion: Any, *, incumbent: Any = "", reference: Any = None) -> Outcome:
    """What one criterion says of an answer."""
    (criterion,) = build_criteria([entry_of(options)], Path())
    request = {"messages": [], "tools": None}
    context = {"completion": completion, "reference": reference, "incumbent": incumbent, "request": request}
    return criterion.score([context_of(context)])[0]


def passes(*args: Any, **more: Any) -> bool:
    """Whether it accepts it."""
    found = say(*args, **more)
    assert isinstance(found, Scored | Errored)
    return isinstance(found, Scored) and found.passed


@pytest.mark.parametrize(("options", "text"), TEXTS, ids=lambda one: one["type"] if isinstance(one, dict) else "")
@pytest.mark.parametrize(("today", "called"), list(itertools.product([False, True], repeat=2)))
def test_a_call_that_nobody_asked_for_is_not_beside_the_point(
    options: dict[str, Any], text: str, today: bool, called: bool
) -> None:
    """The text is right, and a program would make the call; where today's answer calls too, that is its way."""
    criteria = build_criteria([entry_of(options)], Path())
    answers = [made(call("delete", a="all"), text=text) if calls else text for calls in (called, today)]
    context = context_of(
        {"completion": answers[0], "incumbent": answers[1], "reference": None, "request": {"messages": []}}
    )
    assert calls_beside(criteria, context) == (CALLS_BESIDE if called and not today else None)
    looking = build_criteria([entry_of(options), entry_of({"type": "tool-call"})], Path())
    assert calls_beside(looking, context) is None


@pytest.mark.parametrize("reference", ["none", "[]", "{}", [], {}])
def test_that_no_call_is_made_where_none_is_expected_is_form(reference: Any) -> None:
    """Any text would do, also where a reference says so."""
    (criterion,) = build_criteria([entry_of({"type": "tool-call", "value": "{{reference}}"})], Path())
    context = {"completion": "Go away.", "incumbent": "Hello.", "reference": reference, "request": {"messages": []}}
    assert criterion.grade_on(context_of(context)) is Grade.FORM
    expected = {**context, "reference": {"add": {"a": [1]}}}
    assert criterion.grade_on(context_of(expected)) is Grade.RIGHT


def test_a_call_beside_a_text_that_declines_it_is_not_the_call() -> None:
    """Unless today's answer says the same beside its call."""
    refusal = "I'm sorry, but I can't help with that."
    right = call("pay", to="acme", usd=5)
    today = made(right, text="Done.")
    assert passes({"type": "tool-call"}, made(right, text="I will pay them."), incumbent=today)
    assert not passes({"type": "tool-call"}, made(right, text=refusal), incumbent=today)
    assert passes({"type": "tool-call"}, made(right, text=refusal), incumbent=made(right, text=refusal))


CODE = "for a in b:\n    x = a\n    f(x)"


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        (CODE, CODE, True),
        (CODE, "for a in b:\n    x = a\nf(x)", False),
        (CODE, CODE.replace("\n", " "), False),
        ("select name from users", "SELECT name FROM users", False),
        ("Please call me back.", "please call me back", True),
        ("Please call me back tomorrow", "Please call me back today", False),
    ],
)
def test_code_in_an_argument_is_no_prose(wanted: str, found: str, same: bool) -> None:
    """Line breaks, indentation and capitals mean something; a capital or a full stop of a sentence does not."""
    calls = [made(call("run", code=code)) for code in (found, wanted)]
    assert passes({"type": "tool-call"}, calls[0], incumbent=calls[1]) is same


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("10", True),
        ("10\n\nSorry, that was a mistake. I get 14.", False),
        ("Total: 10. After rechecking, the total is 14.", False),
        ("Sorry for the wait: the total is 10.", True),
        ("10. Sorry for the delay.", True),
        ("10. That is wrong. No: 10.", True),
        ("10 less than last year", False),
        ("10 (negative)", False),
    ],
)
def test_a_number_that_is_taken_back_is_not_said(text: str, same: bool) -> None:
    """By what follows it, near or further on."""
    assert passes({"type": "numeric", "value": "{{reference}}"}, text, reference="10") is same


def test_a_field_that_only_the_answer_has_is_made_up() -> None:
    """Where it is named; absent and null are the same."""
    options = {"type": "json-fields", "fields": ["id", "cancel"], "value": {"id": 1}}
    for said, same in (('{"id": 1}', True), ('{"id": 1, "cancel": null}', True), ('{"id": 1, "cancel": true}', False)):
        assert passes(options, said) is same
    assert passes(options, '{"id": 1, "other": true}')


@pytest.mark.parametrize("text", ["~~refund~~", "> 10", "- 10", "-10", '{"a": 6, "a": 5}'])
def test_what_is_taken_off_says_nothing(text: str) -> None:
    """Marks of Markdown that may be a sign or strike a word out stay, and a key that stands twice says nothing."""
    for value in ("refund", "10"):
        assert not passes({"type": "equals", "extract": {"strip": "markdown"}, "value": value}, text)
    assert not passes({"type": "equals", "extract": {"json": "a"}, "value": "5"}, text)


@pytest.mark.parametrize(("wanted", "found"), [('{"a": "x"}', '{"a": ["x"]}'), ('{"a": false}', '{"a": "false"}')])
def test_a_label_is_text(wanted: str, found: str) -> None:
    """A list of it, or a value that is written alike, is another value."""
    options = {"type": "json-fields", "fields": {"a": "label"}}
    assert not passes(options, found, incumbent=wanted)
    assert passes(options, '{"a": "X."}', incumbent='{"a": "x"}')


BOOK, BILL, POST = call("book", to="A"), call("bill", to="A"), call("post", to="A")
OTHER = call("book", to="B")


@pytest.mark.parametrize(
    ("today", "said", "orders"),
    [
        ([BOOK, BILL], [BILL, BOOK], {"any"}),
        ([BOOK, OTHER], [OTHER, BOOK], {"any", "functions"}),
        ([BOOK, OTHER, BILL], [OTHER, BOOK, BILL], {"any", "functions"}),
        ([BOOK, BILL, OTHER], [OTHER, BILL, BOOK], {"any"}),
        ([BOOK, BILL, POST], [BOOK, BILL, POST], {"any", "functions", "kept"}),
        ([BOOK, BILL], [BOOK, BILL, BILL], set()),
    ],
)
def test_the_order_of_calls_is_what_it_is_declared_to_be(
    today: list[dict[str, Any]], said: list[dict[str, Any]], orders: set[str]
) -> None:
    """Different functions keep theirs unless it is said that none matters; the incumbent's and a reference alike."""
    for order in (None, "functions", "kept", "any"):
        options = {"type": "tool-call", **({} if order is None else {"order": order})}
        ok = (order or "functions") in orders
        assert passes(options, made(*said), incumbent=made(*today)) is ok
        assert passes({**options, "value": "{{reference}}"}, made(*said), reference=json.dumps(today)) is ok


WRITES = [call("write", path="/a", text="A"), call("write", path="/a", text="B"), call("write", path="/b", text="B")]
TOOL = {
    "type": "object",
    "required": ["town", "unit"],
    "properties": {"town": {"type": "string"}, "unit": {"enum": ["C", "F"]}, "day": {"type": "string"}},
}


def test_two_calls_on_one_thing_keep_their_order() -> None:
    """Two writes to one file end in another state the other way round; writes to two files do not."""
    first, second, elsewhere = WRITES
    assert passes({"type": "tool-call"}, made(first, second), incumbent=made(first, second))
    assert not passes({"type": "tool-call"}, made(second, first), incumbent=made(first, second))
    assert not passes({"type": "tool-call"}, made(second, elsewhere, first), incumbent=made(first, elsewhere, second))
    assert passes({"type": "tool-call"}, made(elsewhere, first), incumbent=made(first, elsewhere))
    assert passes({"type": "tool-call", "order": "any"}, made(second, first), incumbent=made(first, second))
    assert passes(
        {"type": "tool-call", "arguments": {"text": "ignore"}}, made(second, first), incumbent=made(first, second)
    )
    assert passes({"type": "tool-call"}, made(first, first), incumbent=made(first, first))


def test_a_choice_is_no_thing_that_two_calls_are_about() -> None:
    """The weather in two towns, in one unit and on one day that nobody has to say."""
    towns = [call("weather", town=town, unit="C", day="today") for town in ("A", "B")]
    request = {"messages": [], "tools": [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}]}
    (criterion,) = build_criteria([entry_of({"type": "tool-call"})], Path())
    given = {"completion": made(*towns[::-1]), "incumbent": made(*towns), "reference": None, "request": request}
    (found,) = criterion.score([context_of(given)])
    assert isinstance(found, Scored)
    assert found.passed


def test_keys_of_one_object_have_no_order() -> None:
    """Accepted values of several tools in one object say nothing of their order, and a list of them does."""
    one = {"book": {"to": ["A"]}, "bill": {"to": ["A"]}}
    assert passes({"type": "tool-call", "value": one}, made(BILL, BOOK))
    several = [{name: arguments} for name, arguments in one.items()]
    assert not passes({"type": "tool-call", "value": several}, made(BILL, BOOK))
    assert passes({"type": "tool-call", "value": several, "folding": "bfcl"}, made(BILL, BOOK))


DEFAULTS = {
    "type": "object",
    "required": ["q"],
    "properties": {
        "q": {"type": "string"},
        "state": {"type": ["string", "null"], "default": "open"},
        "note": {"type": "string"},
        "page": {"type": "object", "properties": {"size": {"default": 20}, "of": {"type": "string"}}},
    },
}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {"state": "open"}, True),
        ({}, {"state": None}, False),
        ({}, {"state": ""}, False),
        ({"state": None}, {"state": ""}, False),
        ({"state": None}, {"state": "open"}, False),
        ({}, {"note": None}, True),
        ({"note": ""}, {"note": None}, True),
        ({"page": {}}, {"page": {"size": 20}}, True),
        ({"page": {}}, {"page": {"size": None}}, False),
        ({"page": {}}, {"page": {"of": None}}, True),
    ],
)
def test_absence_says_the_default_and_nothing_else_does(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """Null may mean that nothing is filtered. Both ways round, and inside of an argument as well."""
    tools = [{"type": "function", "function": {"name": "find", "parameters": DEFAULTS}}]
    (criterion,) = build_criteria([entry_of({"type": "tool-call"})], Path())
    for today, said in ((one, other), (other, one)):
        answers = [made(call("find", q="x", **arguments)) for arguments in (said, today)]
        request = {"messages": [], "tools": tools}
        context = context_of({"completion": answers[0], "incumbent": answers[1], "request": request})
        found = criterion.score([context])[0]
        assert isinstance(found, Scored)
        assert found.passed is same
