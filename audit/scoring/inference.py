"""Criteria for a route that has none, read from what the incumbent answers there; shown for a person to confirm.

What is drafted is agreement with the incumbent: the same label, the same fields, the same number, the same call. Being
one of the labels seen, or having the form of the answers seen, would accept any answer to any question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from audit.scoring.context import Context
from audit.scoring.jsontext import parse_json, unfenced
from audit.scoring.text import normalised

SHARE = 0.95
"""Share of a route's completions that must have a form before the form is demanded."""

SIMILARITY = 0.8
"""Suggested threshold where nothing but the meaning can be compared. It is a starting point, not a calibrated one."""

_PROSE_WORDS = 8
"""A field with more words says the same in many ways, so it is compared fuzzily."""

_LABELS, _LABEL_CHARS, _PER_LABEL = 20, 40, 5
_NUMBER = re.compile(r"\W{0,3}[-+−]?[$€£]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\s*%?\W{0,2}")

_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def infer_criteria(contexts: Sequence[Context]) -> list[dict[str, Any]]:
    """Entries for `assert:`, ready for YAML, from exchanges in which the completion is the incumbent's.

    JSON has the same form and the same values in the fields that every answer has, a tool call stays the same call, a
    number stays that number, a label stays that label, anything else stays similar in meaning; and nothing is refused
    or truncated.

    Special cases:
        No exchange: an empty list.
    """
    if not contexts:
        return []
    guards: list[dict[str, Any]] = [{"type": "not-is-refusal"}, {"type": "not-finish-reason", "value": "length"}]
    if _share([bool(context.completion.tool_calls) for context in contexts]):
        return [{"type": "tool-call"}, *guards]
    texts = [context.text.strip() for context in contexts if not context.completion.tool_calls]
    return [*_agreement(texts), *guards]


def _share(flags: Sequence[bool]) -> bool:
    return sum(flags) >= SHARE * len(flags)


def _agreement(texts: Sequence[str]) -> list[dict[str, Any]]:
    if (form := _json_form(texts)) is not None:
        entry, values = form
        compared = _fields(values)
        fields = [{"type": "json-fields", "value": "{{incumbent.json}}", "fields": compared}] if compared else []
        # JSON of no common fields is compared whole.
        return [entry, *(fields or [{"type": "equals", "value": "{{incumbent.json}}"}])]
    if _share([_NUMBER.fullmatch(text) is not None for text in texts]):
        return [{"type": "numeric", "value": "{{incumbent.text}}"}]
    if _are_labels(texts):
        return [{"type": "one-of", "value": ["{{incumbent.text}}"]}]
    return [{"type": "similar", "threshold": SIMILARITY}]


def _fields(values: Sequence[Any]) -> dict[str, str]:
    """How each field that nearly every object has is compared: numbers by value, lists as sets, prose by its words."""
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) < SHARE * len(values):
        return {}
    names = dict.fromkeys(name for value in objects for name in value if not set(name) & set(".[]$"))
    return {
        name: _comparison([value[name] for value in objects if name in value])
        for name in names
        if _share([name in value for value in objects])
    }


def _comparison(found: Sequence[Any]) -> str:
    known = [value for value in found if value is not None]
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return "numeric"
    if known and all(isinstance(value, list) for value in known):
        return "set"
    prose = [isinstance(value, str) and len(value.split()) > _PROSE_WORDS for value in known]
    return "fuzzy" if sum(prose) > len(prose) / 2 else "exact"


def _json_form(texts: Sequence[str]) -> tuple[dict[str, Any], list[Any]] | None:
    """The criterion on the form of JSON answers, and their values; None where they are not JSON."""
    values, fenced = [], 0
    for text in texts:
        try:
            value = parse_json(unfenced(text))
        except ValueError:
            continue
        if isinstance(value, dict | list):
            values.append(value)
            fenced += unfenced(text) != text
    if not values or len(values) < SHARE * len(texts):
        return None
    entry: dict[str, Any] = {"type": "is-json", "value": _schema(values)}
    return ({**entry, "fences": True} if fenced else entry), values


def _schema(values: Sequence[Any]) -> dict[str, Any]:
    """What all values have in common: their type, the fields that every one has, and the types of these."""
    if not all(isinstance(value, dict) for value in values):
        kinds = sorted({_TYPES[type(value)] for value in values})
        return {"type": kinds[0] if len(kinds) == 1 else kinds}
    required = [name for name in values[0] if all(name in value for value in values)]
    properties = {}
    for name in required:
        kinds = sorted({_TYPES.get(type(value[name]), "null") for value in values})
        properties[name] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    return {"type": "object", "required": required, "properties": properties}


def _are_labels(texts: Sequence[str]) -> bool:
    """Whether few short texts make up the route, each common enough."""
    if any(len(text) > _LABEL_CHARS or not text for text in texts):
        return False
    return len({normalised(text) for text in texts}) <= min(_LABELS, len(texts) / _PER_LABEL)
