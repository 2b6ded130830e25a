"""Which part of an answer a criterion looks at, what it comes down to, and how that part is exchanged for another."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from audit.core.exchange import Completion
from audit.core.fingerprint import canonical_json
from audit.patterns import TooSlow
from audit.scoring.comparisons.tool_calls import CalledTool, CallOrder, read_calls
from audit.scoring.expected.templates import UnusableTemplate
from audit.scoring.texts.extract import Extract
from audit.scoring.texts.json_values import MISSING, at_path, first_json, parse_json, steps, unfenced
from audit.scoring.texts.words import fold

NUMBER = re.compile(r"(?<![\w.])[-+−]?[0-9][0-9,]*(?:\.[0-9]+)?")
"""A number in a text, digits with their separators."""

LABEL_CHARS, LABELS, PER_LABEL = 40, 20, 5
"""Labels are short texts, few of them, and each common enough."""

Place = tuple[str | int, ...]
"""Where a value stands in JSON: keys and positions."""

FORGIVING = frozenset({"fuzzy", "numeric"})
"""Comparisons of a field that may forgive a difference."""

OPENINGS = 50
"""Brackets that are tried as the start of JSON: of prose full of them nothing is expected."""


class Shape(StrEnum):
    """What a part of an answer is."""

    DEMANDED = "demanded text"
    TEXT = "text"
    LABEL = "label"
    NUMBER = "number"
    JSON = "json"
    TOOL = "tool call"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The part of an answer that one criterion looks at.

    Attributes:
        shape: What it is.
        extract: Takes it out of the text; None is the whole text.
        fields: Paths of the fields that are compared; empty is all of them.
        labels: Every label seen on the route, most frequent first; of the shape `LABEL` alone.
        demands: Texts that are looked for, wherever they stand; of the shape `DEMANDED` alone.
        loose: Places of fields or arguments whose comparison forgives differences.
        ignored: Places of those that are not compared.
        unordered: Places of lists whose order is declared not to matter.
        searched: The expected text is looked for in the answer, and the rest of the answer left alone.
        every_number: Of the shape `NUMBER`, all numbers of the answer count: nothing but the answer says which of
            them is right.
        order: What the order of calls says; of the shape `TOOL` alone.
    """

    shape: Shape
    extract: Extract | None = None
    fields: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    loose: tuple[Place, ...] = ()
    ignored: tuple[Place, ...] = ()
    unordered: tuple[Place, ...] = ()
    searched: bool = False
    every_number: bool = False
    order: CallOrder = CallOrder.FUNCTIONS

    def part(self, completion: Completion) -> str | None:
        """The text of the part; None where there is nothing."""
        text = completion.text
        if text is None or self.extract is None:
            return text
        try:
            return self.extract(text)
        except (UnusableTemplate, TooSlow):
            return None

    def essence(self, completion: Completion) -> str:
        """What the part comes down to: two answers with the same essence are one answer to this criterion."""
        if self.shape is Shape.TOOL:
            return canonical_json(self._of_calls(read_calls(calls(completion))))
        part = self.part(completion)
        if part is None:
            return ""
        if self.shape is Shape.DEMANDED:
            return canonical_json([fold(text) in fold(part) for text in self.demands])
        if self.shape is Shape.JSON:
            return self._of_json(part)
        if self.shape is Shape.NUMBER and (found := NUMBER.findall(part)):
            return " ".join(map(canonical, found if self.every_number else found[:1]))
        return canonical(part)

    def _of_calls(self, made: Sequence[CalledTool]) -> list[str]:
        """Calls in the order that says something."""
        plain = [(call.name, canonical_json([call.name, self.declared(call.arguments)])) for call in made]
        if self.order is CallOrder.KEPT:
            return [text for _, text in plain]
        if self.order is CallOrder.ANY:
            return sorted(text for _, text in plain)
        runs = itertools.groupby(plain, key=lambda one: one[0])
        return [text for _, run in runs for text in sorted(text for _, text in run)]

    def _of_json(self, part: str) -> str:
        found = first_json(part)
        if found is None:
            return canonical(part)
        value = self.declared(found.value)
        if self.fields:
            picked = {name: at_path(value, steps(name)) for name in self.fields}
            value = {name: item for name, item in picked.items() if item is not MISSING}
        return canonical_json(_folded(value))

    def declared(self, value: Any, at: Place = ()) -> Any:
        """A JSON value without the places that are not compared, and without order where it is said not to matter."""
        if not (self.ignored or self.unordered):
            return value
        if isinstance(value, Mapping):
            kept = {key: (*at, key) for key in value if (*at, key) not in self.ignored}
            return {key: self.declared(value[key], place) for key, place in kept.items()}
        if isinstance(value, list):
            items = [self.declared(item, (*at, place)) for place, item in enumerate(value)]
            return sorted(items, key=canonical_json) if at in self.unordered else items
        return value

    def replaced(self, completion: Completion, new: str) -> Completion | None:
        """The answer with another text in the place of this part; None where that cannot be done cleanly."""
        text, old = completion.text, self.part(completion)
        if text is None or not old:
            return None
        if self.extract is None:
            return with_text(completion, new)
        # The part may occur more than once; the place is right when the extraction finds the new text there.
        start = len(text)
        while (start := text.rfind(old, 0, start)) >= 0:
            damaged = with_text(completion, text[:start] + new + text[start + len(old) :])
            if self.part(damaged) == new:
                return damaged
        return None


@dataclass(frozen=True, slots=True)
class AnswerView:
    """What decides what a criterion looks at: its scorer, extraction and options, the texts that it demands, whether it
    looks for them anywhere in the answer, and whether it has nothing but today's answer to compare with.
    """

    scorer: str = ""
    extract: Extract | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    demands: tuple[str, ...] = ()
    searches: bool = False
    agrees: bool = False


@dataclass(frozen=True, slots=True)
class FixedValue:
    """A constant that a criterion accepts beside other values: an answer, what is extracted of it, or an argument."""

    value: Any
    extract: Extract | None = None
    argument: str | None = None


def views_of(looks: Sequence[AnswerView], answers: Sequence[Completion]) -> tuple[View, ...]:
    """The views of a route's criteria, each once; of the whole answer where none compares what it says.

    Args:
        looks: One per criterion that compares what an answer says.
        answers: Of the log.
    """
    found: dict[tuple[Any, ...], View] = {}
    for look in looks or [AnswerView()]:
        view = _view(look, answers)
        extract = None if view.extract is None else id(view.extract)
        told = (
            view.shape,
            extract,
            view.fields,
            view.demands,
            view.loose,
            view.searched,
            view.every_number,
            view.order,
        )
        found.setdefault(told, view)
    return tuple(found.values())


def _view(look: AnswerView, answers: Sequence[Completion]) -> View:
    scorer, extract, options = look.scorer, look.extract, look.options
    if look.demands and look.searches:
        return View(shape=Shape.DEMANDED, extract=extract, demands=look.demands)
    if scorer in ("tool-call", "tool-call-f1") or (not scorer and _most(bool(a.tool_calls) for a in answers)):
        own: dict[Place, Any] = {(name,): how for name, how in _mapping(options.get("arguments")).items()}
        return _by_comparison(View(shape=Shape.TOOL, order=_order(scorer, options)), own)
    searched = look.searches
    whole = View(shape=Shape.TEXT, extract=extract, searched=searched)
    parts = [part.strip() for answer in answers if (part := whole.part(answer))]
    if scorer == "json-fields":
        named = () if options.get("others", "ignore") != "ignore" else options.get("fields") or ()
        names = tuple(str(name) for name in named)
        own = {tuple(steps(name)): how for name, how in _mapping(options.get("fields")).items()}
        return _by_comparison(View(shape=Shape.JSON, extract=extract, fields=names), own)
    if scorer == "numeric" or _most(NUMBER.fullmatch(part.strip(" $€£%.")) is not None for part in parts):
        return View(shape=Shape.NUMBER, extract=extract, searched=searched, every_number=look.agrees)
    if _most(isinstance(_json_of(part), dict | list) for part in parts):
        return View(shape=Shape.JSON, extract=extract, searched=searched)
    if labels := labels_of(parts):
        return View(shape=Shape.LABEL, extract=extract, labels=labels, searched=searched)
    return whole


def _order(scorer: str, options: Mapping[str, Any]) -> CallOrder:
    """What the order of calls says to a criterion; one that compares names alone takes them as a set."""
    folded = scorer == "tool-call-f1" or options.get("folding") == "bfcl"
    return CallOrder(options.get("order", CallOrder.ANY if folded else CallOrder.FUNCTIONS))


def _mapping(value: Any) -> dict[str, Any]:
    return {str(name): how for name, how in value.items()} if isinstance(value, Mapping) else {}


def _by_comparison(view: View, own: Mapping[Place, Any]) -> View:
    """The view with its places by what their comparison does with a difference."""
    named = {place: _name_of(how) for place, how in own.items()}
    return replace(
        view,
        loose=tuple(place for place, name in named.items() if name in FORGIVING),
        ignored=tuple(place for place, name in named.items() if name == "ignore"),
        unordered=tuple(place for place, name in named.items() if name == "set"),
    )


def _name_of(how: Any) -> str:
    """The name of a comparison; a plain `numeric` forgives nothing but the way that a number is written."""
    if isinstance(how, Mapping):
        return str(how.get("compare") or next(iter(how), "exact"))
    return "exact" if how == "numeric" else str(how)


def _most(flags: Any) -> bool:
    seen = list(flags)
    return bool(seen) and sum(seen) > len(seen) / 2


def labels_of(parts: Sequence[str]) -> tuple[str, ...]:
    """The labels of a route, most frequent first; empty where its answers are no labels."""
    counts = Counter(part for part in parts if part)
    forms = Counter(canonical(part) for part in parts if part)
    if any(len(part) > LABEL_CHARS for part in counts) or len(forms) > min(LABELS, len(parts) / PER_LABEL):
        return ()
    return tuple(text for text, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def canonical(text: str) -> str:
    """A text without case and white space at its ends; a number by its value."""
    folded = " ".join(text.casefold().split())
    plain = folded.strip(" $€£%.").replace(",", "").replace("−", "-")
    try:
        return f"{float(plain):.12g}"
    except ValueError:
        return folded


def _json_of(text: str) -> Any:
    try:
        return parse_json(unfenced(text))
    except ValueError:
        return None


def _folded(value: Any) -> Any:
    """A JSON value with texts and numbers in their canonical form."""
    if isinstance(value, dict):
        return {key: _folded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_folded(item) for item in value]
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return canonical(str(value))
    return value


@dataclass(frozen=True, slots=True)
class JsonPart:
    """An object or a list in a text, with the text around it."""

    value: Any
    before: str
    after: str

    def put(self, new: Any) -> str:
        """The text with another value in its place."""
        return self.before + json.dumps(new, ensure_ascii=False) + self.after


def json_part(text: str) -> JsonPart | None:
    """The first object or list in a text; None where there is none."""
    decoder = json.JSONDecoder()
    for opening in itertools.islice(re.finditer(r"[\[{]", text), OPENINGS):
        try:
            value, end = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            continue
        return JsonPart(value, text[: opening.start()], text[end:])
    return None


def calls(completion: Completion) -> Sequence[Any]:
    """The tool calls of an answer."""
    return completion.tool_calls or ()


def with_text(completion: Completion, text: str | None) -> Completion:
    """The answer with another text and everything else as it was."""
    return said(completion, text, completion.tool_calls)


def said(completion: Completion, text: str | None, tool_calls: Sequence[Any]) -> Completion:
    """An answer of the same call that says something else."""
    return Completion(
        text=text,
        tool_calls=tuple(tool_calls),
        finish_reason=completion.finish_reason,
        usage=completion.usage,
        model_reported=completion.model_reported,
        latency_ms=completion.latency_ms,
        ttft_ms=completion.ttft_ms,
        cost_usd=completion.cost_usd,
    )


def essence(views: Sequence[View], completion: Completion) -> tuple[str, ...]:
    """What an answer comes down to, by every view."""
    return tuple(view.essence(completion) for view in views)
