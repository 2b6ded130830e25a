"""An answer whose values stand in the message: each between the texts that it was always found between.

    {"document": {"fenced": false, "indent": null, "separators": [", ", ": "]},
     "fields": [{"path": ["order"], "left": "Order no. ", "right": " of", "number": false},
                {"path": ["source"], "constant": "mail"}]}
    {"document": null, "before": "The order is ", "after": ".", "fields": [{"path": [], "left": ..., "right": ...}]}

A value begins behind the first `left` of the message and ends before the next `right`; an empty `right` is the end of
the message. A value that is not found is null in a document, and no answer at all in a text.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.imitation.contexts import between, shared_start, surroundings_of
from audit.imitation.way import Example, Params, Way, usual

LEAST_ALIKE = 0.8
"""Part of the answers that must be documents with the same fields, or texts that frame a value."""

LEAST_FOUND = 0.5
"""Part of its values that each field must get right where it was learned."""

MOST_FIELDS = 100
"""Of a document; each of them is looked for in every message."""

FENCE = ("```json\n", "\n```")
STYLES = tuple((indent, separators) for indent in (None, 2, 4) for separators in ((", ", ": "), (",", ":")))
OUTLYING = 20
"""One answer in so many may stand outside of the frame that the others share, at either end."""


class Number(str):
    """A number of a JSON document, as it was written."""

    __slots__ = ()


def fit(examples: Sequence[Example]) -> Params | None:
    """Fields of documents first, else one value in a frame of text; None where no value stands in the messages.

    Source:
        Kushmerick (2000), Wrapper induction: efficiency and expressiveness, Artificial Intelligence 118:15-68: the
        class LR, a left and a right delimiter for each attribute.
    """
    examples = sorted(examples, key=lambda one: (one.text, one.answer))
    documents = [(one, leaves) for one in examples if (leaves := _leaves_of(one.answer)) is not None]
    if len(documents) >= LEAST_ALIKE * len(examples) > 0:
        return _document(examples, documents)
    return _frame(examples)


Leaves = dict[tuple[str, ...], Any]
"""The values of a document by their paths."""


def _document(examples: Sequence[Example], documents: Sequence[tuple[Example, Leaves]]) -> Params | None:
    counts = Counter(tuple(leaves) for _, leaves in documents)
    paths = min(counts, key=lambda one: (-counts[one], one))
    alike = [(one, leaves) for one, leaves in documents if set(leaves) == set(paths)]
    if not 0 < len(paths) <= MOST_FIELDS or len(alike) < LEAST_ALIKE * len(examples):
        return None
    fields = [_field(path, [(one.text, leaves[path]) for one, leaves in alike]) for path in paths]
    if any(field is None for field in fields) or all("constant" in field for field in fields if field):
        return None
    return {"document": _style([one.answer for one, _ in alike]), "fields": fields}


def _field(path: tuple[str, ...], seen: Sequence[tuple[str, Any]]) -> dict[str, Any] | None:
    """One field as a constant or between contexts, whichever is right more often; None where neither is."""
    written = [json.dumps(value, sort_keys=True) for _, value in seen]
    numbers = [isinstance(value, Number) for _, value in seen]
    always = usual(Counter(written))
    right = written.count(always)
    texts = [(text, str(value)) for text, value in seen if isinstance(value, str)]
    found = surroundings_of(texts)
    if found is not None and found.right > right and found.right >= LEAST_FOUND * len(seen):
        number = sum(numbers) * 2 > len(numbers)
        return {"path": list(path), "left": found.left, "right": found.closing, "number": number}
    if right < LEAST_FOUND * len(seen):
        return None
    constant = json.loads(always)
    return {"path": list(path), "constant": _plain(constant) if numbers[written.index(always)] else constant}


def _frame(examples: Sequence[Example]) -> Params | None:
    """One value between a beginning and an end that the answers share."""
    answers = [one.answer for one in examples]
    before = _shared(answers)
    after = _shared([one[len(before) :][::-1] for one in answers if one.startswith(before)])[::-1]
    size = len(before) + len(after)
    framed = [one for one in examples if one.answer.startswith(before) and one.answer.endswith(after)]
    framed = [one for one in framed if len(one.answer) > size]
    if len(framed) < LEAST_ALIKE * len(examples):
        return None
    found = surroundings_of([(one.text, one.answer[len(before) : len(one.answer) - len(after)]) for one in framed])
    if found is None or found.right < LEAST_FOUND * len(examples):
        return None
    field = {"path": [], "left": found.left, "right": found.closing}
    return {"document": None, "before": before, "after": after, "fields": [field]}


def _shared(texts: Sequence[str]) -> str:
    """What texts begin with, but for the outlying ones."""
    ordered = sorted(texts)
    if not ordered:
        return ""
    cut = len(ordered) // OUTLYING
    return shared_start(ordered[cut], ordered[len(ordered) - 1 - cut])


def _leaves_of(text: str) -> Leaves | None:
    """The values of a JSON object by path, in order; lists are values. None for any other text."""
    try:
        value = json.loads(_unfenced(text), parse_int=Number, parse_float=Number, parse_constant=_no_json)
        return dict(_leaves(value, ())) if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return None


def _no_json(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _unfenced(text: str) -> str:
    body = text.strip()
    fenced = body.startswith(FENCE[0]) and body.endswith(FENCE[1])
    return body[len(FENCE[0]) : -len(FENCE[1])] if fenced else body


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, dict) or not value:
        yield path, value if isinstance(value, str) else _with_numbers(value)
        return
    for key, item in value.items():
        yield from _leaves(item, (*path, key))


def _with_numbers(value: Any) -> Any:
    """A list with its numbers as numbers: it is compared and written as a whole."""
    if isinstance(value, dict):
        return {key: _with_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    return _plain(value) if isinstance(value, Number) else value


def _plain(text: str) -> Any:
    """A written number as a number; None for anything else, and for what no document can hold, as infinity."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if type(value) in (int, float) and math.isfinite(value) else None


def _style(answers: Sequence[str]) -> dict[str, Any]:
    """How documents are written: the way that writes most of them letter by letter."""
    documents = [json.loads(_unfenced(one), parse_int=_plain) for one in answers]
    styles = [
        {"fenced": fenced, "indent": indent, "separators": list(separators)}
        for fenced in (False, True)
        for indent, separators in STYLES
    ]

    def fitting(style: Mapping[str, Any]) -> int:
        return sum(_written(made, style) == one for made, one in zip(documents, answers, strict=True))

    return max(styles, key=fitting)


def answer(params: Params, text: str) -> str:
    """The document or text with the values that the message has."""
    style = params["document"]
    if style is None:
        field = params["fields"][0]
        value = between(text, field["left"], field["right"])
        return "" if value is None else f"{params['before']}{value}{params['after']}"
    document: dict[str, Any] = {}
    for field in params["fields"]:
        *above, last = field["path"]
        place = document
        for key in above:
            place = place.setdefault(key, {})
        place[last] = _value(field, text)
    return _written(document, style)


def _written(document: Any, style: Mapping[str, Any]) -> str:
    written = json.dumps(document, ensure_ascii=False, indent=style["indent"], separators=tuple(style["separators"]))
    return f"{FENCE[0]}{written}{FENCE[1]}" if style["fenced"] else written


def _value(field: Mapping[str, Any], text: str) -> Any:
    if "constant" in field:
        return field["constant"]
    found = between(text, field["left"], field["right"])
    return _plain(found) if field["number"] and found is not None else found


WAY = Way(
    name="template",
    version=1,
    summary="Answers whose values stand in the last user message, found by the texts around them",
    fit=fit,
    answer=answer,
)
