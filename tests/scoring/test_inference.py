"""Criteria read from the incumbent's own completions."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.core.criteria import Grade
from audit.core.exchange import Completion
from audit.core.outcome import Errored, Scored
from audit.embeddings import open_embedder
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion, build_criteria
from audit.scoring.inference import infer_criteria
from tests.scoring.cases import completion_of, context_of, entry_of

CALL = {"function": {"name": "f", "arguments": '{"a": 1}'}}
ROUTES = {
    "is-json": [json.dumps({"id": n, "name": "x", f"extra{n}": 1}) for n in range(30)],
    "numeric": [f"{n},000.50" for n in range(30)],
    "one-of": ["Positive", "negative", "Neutral."] * 10,
    "similar": [f"Dear customer {n}, thank you for writing to us." for n in range(30)],
    "tool-call": [{"text": None, "tool_calls": [CALL], "finish_reason": "tool_calls"}] * 30,
}
BESIDE = {"is-json": ["json-fields"], "numeric": ["regex"]}
"""What stands beside the first entry of a draft."""

PROSE = "The parcel of order {} is with the neighbour and was not opened by anybody."


def contexts(completions: Sequence[object]) -> list[Context]:
    """Exchanges in which the completion is the incumbent's."""
    return [context_of({"completion": one, "incumbent": one}) for one in completions]


def drafted(found: Sequence[Context]) -> tuple[Criterion, ...]:
    """The criteria that are drafted of these, as they count while nobody has confirmed them."""
    entries = yaml.safe_load(yaml.safe_dump(infer_criteria(found)))
    return build_criteria(
        [entry_of(e) for e in entries], Path(), embedder=lambda: open_embedder("wordllama"), confirmed=False
    )


def accepted(criteria: Sequence[Criterion], found: Sequence[Context]) -> list[bool]:
    """Whether each answer passes all that applies to it."""
    rows = zip(*(criterion.score(found) for criterion in criteria), strict=True)
    return [all(not isinstance(o, Errored) and (not isinstance(o, Scored) or o.passed) for o in row) for row in rows]


def grade(criteria: Sequence[Criterion]) -> Grade:
    """The best of them."""
    return max((criterion.grade for criterion in criteria), key=lambda one: one.rank)


@pytest.mark.parametrize("kind", ROUTES)
def test_form_is_recognised_and_holds_for_the_incumbent(kind: str) -> None:
    """The form is found, the entries survive YAML, and the incumbent's completions pass what is read from them."""
    found = contexts(ROUTES[kind])
    form = [kind, *BESIDE.get(kind, [])]
    assert [entry["type"] for entry in infer_criteria(found)] == [*form, "not-is-refusal", "not-finish-reason"]
    assert all(accepted(drafted(found), found))


@pytest.mark.parametrize("kind", ROUTES)
def test_what_is_drafted_is_agreement_with_the_incumbent(kind: str) -> None:
    """Never the form alone: the answer to another request, where it says something else, is not accepted. Likeness
    of texts is no agreement until somebody confirms it.
    """
    found = contexts(ROUTES[kind])
    criteria = drafted(found)
    assert grade(criteria) is (Grade.FORM if kind == "similar" else Grade.AGREEMENT)
    if kind in ("similar", "tool-call"):
        return  # one sentence with another number, and one and the same call
    exchanged = [replace(one, completion=other.completion) for one, other in pairwise(found)]
    assert not any(accepted(criteria, exchanged))


def _json(build: Callable[[int], Any]) -> Callable[[int], str]:
    return lambda n: json.dumps(build(n))


def _plan(n: int, price: int, *, priced: bool = True) -> dict[str, Any]:
    return {"plan": "ab"[n % 2], **({"price": price} if priced else {})}


WRONG: dict[str, tuple[Callable[[int], str], Callable[[int], str]]] = {
    "a list reversed": (_json(lambda n: {"best": [n, n + 1, n + 2]}), _json(lambda n: {"best": [n + 2, n + 1, n]})),
    "an item once less": (_json(lambda n: {"cart": [n, n, -1]}), _json(lambda n: {"cart": [n, -1]})),
    "an item once more": (_json(lambda n: {"cart": [{"sku": n}]}), _json(lambda n: {"cart": [{"sku": n}] * 2})),
    "the whole list in another order": (_json(lambda n: [n, n + 1]), _json(lambda n: [n + 1, n])),
    "a field that some have": (_json(lambda n: _plan(n, n, priced=n % 9 > 0)), _json(lambda n: _plan(n, n + 100))),
    "a field invented": (_json(lambda n: {"plan": n}), _json(lambda n: {"plan": n, "price": 7})),
    "a name with a point": (
        _json(lambda n: {"unit": "m", "size.x": n}),
        _json(lambda n: {"unit": "m", "size.x": n + 1}),
    ),
    "a name with brackets": (_json(lambda n: {"u": 1, "a[0]$": n}), _json(lambda n: {"u": 1, "a[0]$": n + 1})),
    "an empty name": (_json(lambda n: {"u": 1, "": n}), _json(lambda n: {"u": 1, "": n + 1})),
    "nested": (_json(lambda n: {"a": {"b.c": [n, -1]}}), _json(lambda n: {"a": {"b.c": [-1, n]}})),
    "a number as text": (_json(lambda n: {"n": n}), _json(lambda n: {"n": str(n)})),
    "a leading zero lost": (lambda n: f"0{1000 + n}", lambda n: f"{1000 + n}"),
    "a section": (lambda n: f"{n}.{n % 9 + 1}0", lambda n: f"{n}.{n % 9 + 1}"),
    "a telephone number": (lambda n: f"+4930{2000 + n}", lambda n: f"4930{2000 + n}"),
    "an account": (lambda n: f"{10**11 + n}", lambda n: f"{10**11 + n}.0"),
    "an id in letters": (lambda n: f"INV-{2000 + n}", lambda n: f"INV-{2001 + n}"),
    "a number denied": (lambda n: f"{700 + n}", lambda n: f"Certainly not {700 + n}."),
    "a number hedged": (lambda n: f"{700 + n}", lambda n: f"{700 + n} or {900 + n}"),
    "a number of per cents": (lambda n: f"0.{10 * n + 11}", lambda n: f"0.{10 * n + 11}%"),
    "a number in thousands": (lambda n: f"{700 + n}", lambda n: f"{700 + n}k"),
    "another currency": (lambda n: f"${700 + n}", lambda n: f"€{700 + n}"),
    "now and then a currency": (lambda n: f"{'$' if n % 5 == 0 else ''}{71 + n}", lambda n: f"€{71 + n}"),
    "now and then a word": (lambda n: "unknown" if n == 3 else f"{71 + n}", lambda n: f"about {71 + n}"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_no_draft_accepts_what_is_wrong_on_every_request(kind: str) -> None:
    """The log's answers all pass, the planted wrong ones never do, and the draft counts as agreement."""
    right, wrong = WRONG[kind]
    logged = contexts([right(n) for n in range(60)])
    criteria = drafted(logged)
    assert all(accepted(criteria, logged))
    planted = [replace(one, completion=completion_of(wrong(n))) for n, one in enumerate(logged)]
    assert not any(accepted(criteria, planted))
    assert grade(criteria) is Grade.AGREEMENT


def test_a_number_may_be_written_as_the_log_writes_it() -> None:
    """Separators, signs and decimals that occur in the log are no difference; fences neither, where they occur."""
    logged = contexts([f"{n % 7 - 3},{100 + n}" if n % 2 else f"{n}.5" for n in range(40)])
    criteria = drafted(logged)
    others = {"-1,105": "-1105", "6.5": "6.5", "1,111": " 1111\n"}
    found = [context_of({"completion": said, "incumbent": logged_}) for logged_, said in others.items()]
    assert all(accepted(criteria, found))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda n: json.dumps({"why": PROSE.format(n)}), "fuzzy"),
        (lambda n: PROSE.format(n), "similar"),
    ],
)
def test_a_draft_of_likeness_certifies_nothing_until_confirmed(build: Callable[[int], str], words: str) -> None:
    """Its denial would pass; somebody who has read it may say that this does not matter."""
    found = contexts([build(n) for n in range(30)])
    criteria = drafted(found)
    assert grade(criteria) is Grade.FORM
    assert words in " ".join(text for criterion in criteria for text in criterion.leaves_open)
    entries = [entry_of(entry) for entry in infer_criteria(found)]
    assert grade(build_criteria(entries, Path(), embedder=lambda: open_embedder("wordllama"))) is Grade.AGREEMENT


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "json-fields", "value": "{{incumbent.json}}", "fields": ["a"]},
        {"type": "json-fields", "fields": ["a"], "others": "ignore"},
        {"type": "json-fields", "fields": {"a": "set"}, "others": "exact"},
        {"type": "json-fields", "fields": {"a": {"numeric": 0.5}}, "others": "exact"},
        {"type": "tool-call", "arguments": {"note": {"fuzzy": 0.8}}},
        {"type": "tool-call", "arguments": {"note": "ignore"}},
        {"type": "contains", "value": "{{incumbent.text}}"},
        {"type": "levenshtein", "threshold": 3},
    ],
)
def test_what_leaves_something_open_is_no_agreement_until_confirmed(entry: dict[str, Any]) -> None:
    """Whoever drafted it: looser comparisons and parts of an answer wait for a person."""
    (draft,) = build_criteria([entry_of(entry)], Path(), confirmed=False)
    (confirmed,) = build_criteria([entry_of(entry)], Path())
    assert draft.grade is Grade.FORM
    assert draft.leaves_open
    assert confirmed.grade.compares


def test_fields_are_compared_each_in_its_own_way() -> None:
    """By value and in order, prose by its words; what only some answers have is left to `others`, not left out."""
    texts = [
        json.dumps({"n": n, "tags": ["a"], "why": PROSE, "ok": True, **({"x": 1} if n % 2 else {})}) for n in range(9)
    ]
    entry = infer_criteria(contexts(texts))[1]
    assert entry["value"] == "{{incumbent.json}}"
    assert entry["fields"] == {"n": "exact", "tags": "exact", "why": "fuzzy", "ok": "exact"}
    assert entry["others"] == "exact"


@pytest.mark.parametrize(("same_request", "expected"), [(True, "set"), (False, "exact")])
def test_order_is_free_only_where_the_log_shows_it(same_request: bool, expected: str) -> None:
    """Equal requests that get the same items in other orders; other requests say nothing of it."""
    lists = [["a", "b", "c"], ["c", "a", "b"]] * 10
    found = [
        replace(one, request=replace(one.request, request_fp="one" if same_request else f"{n}"))
        for n, one in enumerate(contexts([json.dumps({"tags": tags}) for tags in lists]))
    ]
    assert infer_criteria(found)[1]["fields"] == {"tags": expected}


def test_where_some_answers_call_tools_both_are_compared() -> None:
    """A text where a call belongs is not accepted, nor a call where a text belongs, nor another text."""
    calls: list[object] = [{"text": None, "tool_calls": [CALL], "finish_reason": "tool_calls"}] * 15
    logged = contexts([*calls, *[f"A-{n}" for n in range(15)]])
    criteria = drafted(logged)
    assert all(accepted(criteria, logged))
    assert grade(criteria) is Grade.AGREEMENT
    planted = [replace(one, completion=other.completion) for one, other in zip(logged, logged[15:], strict=False)]
    planted += [replace(one, completion=logged[0].completion) for one in logged[15:]]
    planted += [replace(one, completion=logged[15].completion) for one in logged[16:]]
    assert not any(accepted(criteria, planted))


def test_json_keeps_the_fields_that_all_have() -> None:
    """Only fields of every completion are required, with their types; fences are allowed where they occur."""
    (entry, *_) = infer_criteria(contexts(['```json\n{"a": 1, "b": null}\n```', '{"a": 2.5, "b": "x", "c": 1}']))
    assert entry["value"] == {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"type": "number"}, "b": {"type": ["null", "string"]}},
    }
    assert entry["fences"] is True


def test_many_short_texts_are_no_labels() -> None:
    """Short texts that hardly repeat are compared by meaning, not held to a list."""
    assert infer_criteria(contexts([f"name {n}" for n in range(40)]))[0]["type"] == "similar"


def test_nothing_seen_nothing_inferred() -> None:
    """Without completions there are no criteria."""
    assert infer_criteria([]) == []
    assert Completion(text=None).tool_calls == ()
