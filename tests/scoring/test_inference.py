"""Criteria read from the incumbent's own completions."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from audit.core.criteria import Grade
from audit.core.exchange import Completion
from audit.core.outcome import Errored, Scored
from audit.embeddings import open_embedder
from audit.scoring.criteria import build_criteria
from audit.scoring.inference import infer_criteria
from tests.scoring.cases import context_of, entry_of

CALL = {"function": {"name": "f", "arguments": '{"a": 1}'}}
ROUTES = {
    "is-json": [json.dumps({"id": n, "name": "x", f"extra{n}": 1}) for n in range(30)],
    "numeric": [f"{n},000.50" for n in range(30)],
    "one-of": ["Positive", "negative", "Neutral."] * 10,
    "similar": [f"Dear customer {n}, thank you for writing to us." for n in range(30)],
    "tool-call": [{"text": None, "tool_calls": [CALL], "finish_reason": "tool_calls"}] * 30,
}


def contexts(completions: list[object]):
    """Exchanges in which the completion is the incumbent's."""
    return [context_of({"completion": one, "incumbent": one}) for one in completions]


@pytest.mark.parametrize("kind", ROUTES)
def test_form_is_recognised_and_holds_for_the_incumbent(kind: str) -> None:
    """The form is found, the entries survive YAML, and the incumbent's completions pass what is read from them."""
    found = contexts(ROUTES[kind])
    entries = yaml.safe_load(yaml.safe_dump(infer_criteria(found)))
    form = [kind, "json-fields"] if kind == "is-json" else [kind]
    assert [entry["type"] for entry in entries] == [*form, "not-is-refusal", "not-finish-reason"]
    criteria = build_criteria([entry_of(e) for e in entries], Path(), embedder=lambda: open_embedder("wordllama"))
    for criterion in criteria:
        for outcome in criterion.score(found):
            assert not isinstance(outcome, Errored)
            assert not isinstance(outcome, Scored) or outcome.passed


@pytest.mark.parametrize("kind", ROUTES)
def test_what_is_drafted_is_agreement_with_the_incumbent(kind: str) -> None:
    """Never the form alone: the answer to another request, where it says something else, is not accepted."""
    found = contexts(ROUTES[kind])
    entries = [entry_of(entry) for entry in infer_criteria(found)]
    criteria = build_criteria(entries, Path(), embedder=lambda: open_embedder("wordllama"))
    assert max(criterion.grade.rank for criterion in criteria) == Grade.AGREEMENT.rank
    if kind in ("similar", "tool-call"):
        return  # one sentence with another number, and one and the same call
    exchanged = [replace(one, completion=other.completion) for one, other in pairwise(found)]
    held = zip(*(criterion.score(exchanged) for criterion in criteria), strict=True)
    assert not any(all(isinstance(outcome, Scored) and outcome.passed for outcome in row) for row in held)


def test_fields_are_compared_each_in_its_own_way() -> None:
    """Numbers by value, lists as sets, prose by its words; a field that only some answers have is not compared."""
    prose = "The customer asks for a refund because the parcel came too late."
    texts = [
        json.dumps({"n": n, "tags": ["a"], "why": prose, "ok": True, **({"x": 1} if n % 2 else {})}) for n in range(9)
    ]
    entry = infer_criteria(contexts(texts))[1]
    assert entry["value"] == "{{incumbent.json}}"
    assert entry["fields"] == {"n": "numeric", "tags": "set", "why": "fuzzy", "ok": "exact"}


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
