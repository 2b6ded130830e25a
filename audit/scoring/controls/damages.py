"""Ways of damaging an answer, one function each. None: this answer cannot be damaged in this way.

A damage is never subtle by accident: it changes what the answer says, and the caller drops what comes out the same to
the route's criteria by declaration (an extraction that leaves the damaged part out, fields that are not compared).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from audit.core.criteria import Control
from audit.core.exchange import Completion
from audit.core.fingerprint import canonical_json
from audit.scoring.context import Context
from audit.scoring.controls.answer import (
    NUMBER,
    Shape,
    View,
    calls,
    canonical,
    json_part,
    said,
    with_text,
)
from audit.scoring.jsontext import MISSING, at_path, steps
from audit.scoring.toolcalls import read_call, required_arguments, schema_of, tool_schemas

LEAST_WORDS = 4
"""Fewer words have no order worth damaging."""

TRIES = 10
"""Other answers that are looked at until one is really another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a damage has to work with.

    Attributes:
        context: The exchange, with the answer that the criteria accept.
        view: The part of it that is damaged.
        others: Exchanges of the route with other requests.
        most_frequent: The route's most frequent answer.
        random: Source of every choice, seeded by the exchange and the control.
    """

    context: Context
    view: View
    others: Sequence[Context]
    most_frequent: Completion
    random: Random

    @property
    def answer(self) -> Completion:
        """The answer before the damage."""
        return self.context.completion


Damage = Callable[[Material], Completion | None]


def another(given: Material) -> Completion | None:
    """The answer that another request of the route got; one with the same expected value is no damage."""
    own = given.view.essence(given.answer)
    for _ in range(min(TRIES, len(given.others))):
        other = given.random.choice(given.others)
        if other.request.request_fp == given.context.request.request_fp or _expected_alike(other, given.context):
            continue
        if given.view.essence(other.completion) != own:
            return said(given.answer, other.completion.text, other.completion.tool_calls)
    return None


def _expected_alike(left: Context, right: Context) -> bool:
    if left.reference is None or right.reference is None:
        return False
    return canonical_json(left.reference) == canonical_json(right.reference)


def most_frequent(given: Material) -> Completion | None:
    """The same answer to everything."""
    return said(given.answer, given.most_frequent.text, given.most_frequent.tool_calls)


def empty(given: Material) -> Completion | None:
    """No text and no call."""
    return said(given.answer, "", ())


def prompt(given: Material) -> Completion | None:
    """The last thing that the user said."""
    asked = given.context.request.last_user
    return said(given.answer, asked, ()) if asked.strip() else None


def cut(given: Material) -> Completion | None:
    """The first half of the text."""
    text = given.answer.text or ""
    return with_text(given.answer, text[: len(text) // 2]) if len(text.split()) >= LEAST_WORDS else None


def label(given: Material) -> Completion | None:
    """Another label of the route in the place of this one."""
    own = given.view.essence(given.answer)
    other = [text for text in given.view.labels if canonical(text) != own]
    return given.view.replaced(given.answer, given.random.choice(other)) if other else None


def digit(given: Material) -> Completion | None:
    """One digit of one number is another one: of its first two that carry value, so that no tolerance is meant."""

    def change(text: str) -> str | None:
        found = list(NUMBER.finditer(text))
        if not found:
            return None
        # A criterion on a number reads the first.
        chosen = found[0] if given.view.shape is Shape.NUMBER else given.random.choice(found)
        digits = [m.start() for m in re.finditer(r"[0-9]", chosen.group())]
        leading = [at for at in digits if chosen.group()[: at + 1].strip("-+−0.,")][:2] or digits[:1]
        at = chosen.start() + given.random.choice(leading)
        new = given.random.choice([d for d in "123456789" if d != text[at]])
        return text[:at] + new + text[at + 1 :]

    return _in_texts(given, change, one=True)


def plus_one(given: Material) -> Completion | None:
    """Every number is one more."""

    def change(text: str) -> str | None:
        new, changed = NUMBER.subn(lambda found: _one_more(found.group()), text)
        return new if changed else None

    return _in_texts(given, change, one=False)


def _one_more(number: str) -> str:
    plain = number.replace(",", "").replace("−", "-")
    decimals = len(plain.partition(".")[2])
    return f"{float(plain) + 1:.{decimals}f}" if len(plain) < 16 else plain[:-1] + str((int(plain[-1]) + 1) % 10)


def _in_texts(given: Material, change: Callable[[str], str | None], *, one: bool) -> Completion | None:
    """Change the texts and numbers of the part: of a call its arguments, of JSON its values, else the text itself."""
    if given.view.shape is Shape.TOOL:
        return _in_calls(given, lambda value, fields: _in_values(value, change, given.random, one, fields))
    if given.view.shape is Shape.JSON:
        return _in_json(given, lambda value, fields: _in_values(value, change, given.random, one, fields))
    part = given.view.part(given.answer)
    new = None if part is None else change(part)
    return None if new is None else given.view.replaced(given.answer, new)


Rewrite = Callable[[Any, Sequence[str]], Any]
"""A JSON value and the fields that count, to the changed value; None where nothing changes."""


def _in_json(given: Material, rewrite: Rewrite) -> Completion | None:
    part = given.view.part(given.answer)
    found = None if part is None else json_part(part)
    if found is None:
        return None
    new = rewrite(found.value, given.view.fields)
    return None if new is None else given.view.replaced(given.answer, found.put(new))


def _in_calls(given: Material, rewrite: Rewrite) -> Completion | None:
    """Rewrite the arguments of the first call that can be."""
    made = list(calls(given.answer))
    for place, call in enumerate(made):
        read = read_call(call)
        if read.arguments is None or not (new := rewrite(dict(read.arguments), ())):
            continue
        made[place] = {"type": "function", "function": {"name": read.name, "arguments": json.dumps(new)}}
        return said(given.answer, given.answer.text, made)
    return None


def _in_values(
    value: Any, change: Callable[[str], str | None], random: Random, one: bool, fields: Sequence[str]
) -> Any | None:
    """The value with its scalars changed, all or one of them; None where none can be."""
    places = [place for place in _scalars(value) if _changed(at_path(value, list(place)), change) is not None]
    if fields:
        wanted = [steps(name) for name in fields]
        places = [place for place in places if any(list(place[: len(path)]) == path for path in wanted)]
    if not places:
        return None
    new = json.loads(json.dumps(value))
    for place in [random.choice(places)] if one else places:
        _put(new, place, _changed(at_path(value, list(place)), change))
    return new


def _scalars(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = [(key, item) for key, item in value.items() if "." not in key and "[" not in key]
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return [at]
    return [place for key, item in items for place in _scalars(item, (*at, key))]


def _changed(value: Any, change: Callable[[str], str | None]) -> Any | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    new = change(str(value))
    if new is None or isinstance(value, str):
        return new
    try:
        return int(new) if isinstance(value, int) else float(new)
    except ValueError:
        return None


def _put(value: Any, place: Sequence[str | int], new: Any) -> None:
    for step in place[:-1]:
        value = value[step]
    value[place[-1]] = new


def swapped(given: Material) -> Completion | None:
    """One field has the value that it has in the answer to another request."""

    def rewrite(value: Any, fields: Sequence[str]) -> Any | None:
        names = _names(value, fields)
        for _ in range(TRIES if names and given.others else 0):
            name = given.random.choice(names)
            row = _fields_of(given.view, given.random.choice(given.others).completion) or {}
            other = row.get(name, MISSING)
            if type(other) is type(value[name]) and canonical_json(other) != canonical_json(value[name]):
                return {**value, name: other}
        return None

    return _in_fields(given, rewrite)


def dropped(given: Material) -> Completion | None:
    """One field is not there; of a call one that the tool demands, where it says which."""

    def rewrite(value: Any, fields: Sequence[str]) -> Any | None:
        names = _names(value, fields)
        if not names:
            return None
        gone = given.random.choice(names)
        return {name: item for name, item in value.items() if name != gone}

    return _in_fields(given, rewrite)


def _in_fields(given: Material, rewrite: Rewrite) -> Completion | None:
    if given.view.shape is not Shape.TOOL:
        return _in_json(given, rewrite)
    first = next((read_call(call) for call in calls(given.answer)), None)
    schemas = tool_schemas(given.context.request.tools)
    demanded = () if first is None else required_arguments(schema_of(schemas, first.name))
    return _in_calls(given, lambda value, _: rewrite(value, demanded))


def _names(value: Any, fields: Sequence[str]) -> list[str]:
    """Fields at the top of an object that count."""
    if not isinstance(value, Mapping):
        return []
    tops = {str(path[0]) for name in fields if (path := steps(name))}
    return [name for name in value if not tops or name in tops]


def _fields_of(view: View, completion: Completion) -> Mapping[str, Any] | None:
    if view.shape is Shape.TOOL:
        return next((read_call(call).arguments for call in calls(completion)), None)
    part = view.part(completion)
    found = None if part is None else json_part(part)
    return found.value if found is not None and isinstance(found.value, Mapping) else None


_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|will|would|should|must|does|do|did|has|have|may)(n['’]t\b|\s+not\b|\b)",
    re.IGNORECASE,
)


def negated(given: Material) -> Completion | None:
    """One sentence says the opposite: `is` becomes `is not`, and `is not` becomes `is`. English alone."""
    text = given.view.part(given.answer) or ""
    found = list(_AUXILIARY.finditer(text))
    if not found:
        return None
    chosen = given.random.choice(found)
    verb, denied = chosen.groups()
    new = text[: chosen.start()] + (verb if denied else f"{verb} not") + text[chosen.end() :]
    return given.view.replaced(given.answer, new)


def shuffled(given: Material) -> Completion | None:
    """The words of the text in random order."""

    def order(words: list[str]) -> list[str]:
        given.random.shuffle(words)
        return words

    return _reordered(given, order)


def in_order(given: Material) -> Completion | None:
    """The words of the text in alphabetical order."""
    return _reordered(given, sorted)


def _reordered(given: Material, order: Callable[[list[str]], list[str]]) -> Completion | None:
    part = given.view.part(given.answer) or ""
    words = part.split()
    return given.view.replaced(given.answer, " ".join(order(words))) if len(words) >= LEAST_WORDS else None


_ANY = frozenset(Shape)
_NUMBERS = frozenset({Shape.NUMBER, Shape.JSON, Shape.TOOL, Shape.TEXT})
_FIELDS = frozenset({Shape.JSON, Shape.TOOL})
_WORDS = frozenset({Shape.TEXT})

DAMAGES: dict[Control, tuple[Damage, frozenset[Shape]]] = {
    Control.ANOTHER: (another, _ANY),
    Control.MOST_FREQUENT: (most_frequent, _ANY),
    Control.EMPTY: (empty, _ANY),
    Control.PROMPT: (prompt, _ANY - {Shape.TOOL}),
    Control.CUT: (cut, _ANY - {Shape.TOOL}),
    Control.LABEL: (label, frozenset({Shape.LABEL})),
    Control.DIGIT: (digit, _NUMBERS),
    Control.PLUS_ONE: (plus_one, _NUMBERS),
    Control.SWAPPED: (swapped, _FIELDS),
    Control.DROPPED: (dropped, _FIELDS),
    Control.NEGATED: (negated, _WORDS),
    Control.SHUFFLED: (shuffled, _WORDS),
    Control.SORTED: (in_order, _WORDS),
}
"""Every control, with the shapes of answers that it makes sense for."""
