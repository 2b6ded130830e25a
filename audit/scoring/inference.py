"""Criteria for a route that has none, read from what the incumbent answers there; shown for a person to confirm."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from audit.scoring.jsontext import parse_json, unfenced
from audit.scoring.scorer import Context
from audit.scoring.text import normalised

SHARE = 0.95
"""Share of a route's completions that must have a form before the form is demanded."""

SIMILARITY = 0.8
"""Suggested threshold where nothing but the meaning can be compared. It is a starting point, not a calibrated one."""

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

    JSON stays JSON with the same required fields, a tool call stays the same call, a number stays that number, a label
    stays one of the labels seen, anything else stays similar in meaning; and nothing is refused or truncated.

    Special cases:
        No exchange: an empty list.
    """
    if not contexts:
        return []
    guards: list[dict[str, Any]] = [{"type": "not-is-refusal"}, {"type": "not-finish-reason", "value": "length"}]
    if _share([bool(context.completion.tool_calls) for context in contexts]):
        return [{"type": "tool-call"}, *guards]
    texts = [context.text.strip() for context in contexts if not context.completion.tool_calls]
    return [_form(texts), *guards]


def _share(flags: Sequence[bool]) -> bool:
    return sum(flags) >= SHARE * len(flags)


def _form(texts: Sequence[str]) -> dict[str, Any]:
    if (schema := _json_form(texts)) is not None:
        return schema
    if _share([_NUMBER.fullmatch(text) is not None for text in texts]):
        return {"type": "numeric", "value": "{{incumbent.text}}"}
    if (labels := _labels(texts)) is not None:
        return {"type": "one-of", "value": labels}
    return {"type": "similar", "threshold": SIMILARITY}


def _json_form(texts: Sequence[str]) -> dict[str, Any] | None:
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
    return {**entry, "fences": True} if fenced else entry


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


def _labels(texts: Sequence[str]) -> list[str] | None:
    """The labels, most frequent first, when few short texts make up the route and each is common enough."""
    if any(len(text) > _LABEL_CHARS or not text for text in texts):
        return None
    forms: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text in texts:
        counts[normalised(text)] += 1
        forms.setdefault(normalised(text), text)
    if len(counts) > min(_LABELS, len(texts) / _PER_LABEL):
        return None
    return [forms[key] for key, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
