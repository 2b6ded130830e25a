"""Criteria for a route that has none, read from what the incumbent answers there; shown for a person to confirm.

What is drafted is agreement with the incumbent: the same label, the same fields, the same number, the same call. Being
one of the labels seen, or having the form of the answers seen, would accept any answer to any question. Nothing that
the log shows is left out: what cannot be compared well is compared exactly, and where only likeness can be drafted
(prose) the criterion says so, and certifies nothing until somebody confirms it (docs/method/criteria.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from audit.core.settings import CriterionSettings
from audit.scoring.comparisons.values import same_set
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria
from audit.scoring.texts.json_values import parse_json, same_json, unfenced
from audit.scoring.texts.words import normalised

SHARE = 0.95
"""Share of a route's completions that must have a form before the form is demanded."""

SIMILARITY = 0.8
"""Suggested threshold where nothing but the meaning can be compared. It is a starting point, not a calibrated one."""

REORDERED = 5
"""Answers to equal requests that differ in the order of a list alone, from which its order is taken not to matter."""

CODE_DIGITS = 10
"""As many digits in a row are no amount but a telephone number, an account or an id."""

_PROSE_WORDS = 8
"""A field with more words says the same in many ways, so it is compared fuzzily."""

_LABELS, _LABEL_CHARS, _PER_LABEL = 20, 40, 5
_FIGURE = re.compile(
    r"(?P<sign>[-−]?)(?P<currency>[$€£]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|0|[1-9][0-9]*)"
    r"(?P<decimals>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?(?P<percent>\s?%)?"
)
"""A number and nothing else, as people write amounts. `02134`, `+49301` and `1.2.3` are none."""

_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}

_LABEL: dict[str, Any] = {"type": "one-of", "value": ["{{incumbent.text}}"]}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one request was answered: the text, and its JSON value where all answers of the route are JSON."""

    request_fp: str
    text: str
    value: Any = None


def infer_criteria(contexts: Sequence[Context]) -> list[dict[str, Any]]:
    """Entries for `assert:`, ready for YAML, from exchanges in which the completion is the incumbent's.

    JSON has the same form and the same values in all fields, a tool call stays the same call, a number stays that
    number and stands alone, a label or a code stays that text, anything else stays similar in meaning; and nothing is
    refused or truncated.

    Special cases:
        No exchange: an empty list.
        Some answers call tools and others do not: both are compared, and no form is demanded of all.
    """
    if not contexts:
        return []
    guards: list[dict[str, Any]] = [{"type": "not-is-refusal"}, {"type": "not-finish-reason", "value": "length"}]
    called = [bool(context.completion.tool_calls) for context in contexts]
    if _share(called):
        return [{"type": "tool-call"}, *guards]
    answers = [
        _Answer(context.request.request_fp, context.text.strip())
        for context, calls in zip(contexts, called, strict=True)
        if not calls
    ]
    calls_too: list[dict[str, Any]] = [{"type": "tool-call"}] if any(called) else []
    return [*calls_too, *_agreement(answers, forms=not calls_too), *guards]


def left_open(entries: Sequence[dict[str, Any]]) -> list[str]:
    """What drafted entries let differ from the incumbent's answer; until somebody confirms it, they certify nothing."""
    settings = [CriterionSettings.model_validate(CriterionSettings.from_entry(entry)) for entry in entries]
    criteria = build_criteria(settings, Path(), confirmed=False)
    return [words for criterion in criteria if "incumbent" in criterion.reads for words in criterion.leaves_open]


def _share(flags: Sequence[bool]) -> bool:
    return sum(flags) >= SHARE * len(flags)


def _agreement(answers: Sequence[_Answer], *, forms: bool) -> list[dict[str, Any]]:
    """Entries that hold an answer to be the incumbent's; with `forms` also to have the form of all of them."""
    if (form := _json_form([answer.text for answer in answers])) is not None:
        values = list(_json_values(answers))
        fields = _fields(values)
        compared = {"type": "json-fields", "value": "{{incumbent.json}}", **({"fields": fields} if fields else {})}
        # Whatever else is in an answer, now and then or under a name that is no path, is compared too.
        return [*([form] if forms else []), {**compared, "others": "exact"}]
    texts = [answer.text for answer in answers]
    if forms and (pattern := _bare_number(texts)) is not None:
        number = {"type": "numeric", "value": "{{incumbent.text}}", "which": "only"}
        return [number, {"type": "regex", "metric": "nothing but a number", "value": pattern}]
    if _are_labels(texts) or _are_codes(texts):
        return [_LABEL]
    return [{"type": "similar", "threshold": SIMILARITY}]


def _fields(answers: Sequence[_Answer]) -> dict[str, str]:
    """How each field that nearly every object has is compared: by its value, prose by its words.

    Fields that fewer objects have, and names that no path can say, are left to `others`.
    """
    objects = [answer for answer in answers if isinstance(answer.value, dict)]
    if len(objects) < SHARE * len(answers):
        return {}
    names = dict.fromkeys(name for answer in objects for name in answer.value if name and not set(name) & set(".[]$"))
    return {
        name: _comparison([_Answer(a.request_fp, a.text, a.value[name]) for a in objects if name in a.value])
        for name in names
        if name == name.strip() and _share([name in answer.value for answer in objects])
    }


def _comparison(found: Sequence[_Answer]) -> str:
    known = [answer.value for answer in found if answer.value is not None]
    if known and all(isinstance(value, list) for value in known):
        return "set" if _order_is_free(found) else "exact"
    prose = [isinstance(value, str) and len(value.split()) > _PROSE_WORDS for value in known]
    return "fuzzy" if sum(prose) > len(prose) / 2 else "exact"


def _order_is_free(found: Sequence[_Answer]) -> bool:
    """Whether the log itself answers equal requests with the same items in other orders, and does so mostly."""
    by_request: dict[str, list[Any]] = {}
    for answer in found:
        if answer.request_fp and isinstance(answer.value, list):
            by_request.setdefault(answer.request_fp, []).append(answer.value)
    alike = [
        same_json(left, right)
        for lists in by_request.values()
        for left, right in pairwise(lists)
        if len(left) > 1 and same_set(left, right)
    ]
    reordered = len(alike) - sum(alike)
    return reordered >= REORDERED and reordered > len(alike) / 2


def _json_values(answers: Sequence[_Answer]) -> Iterator[_Answer]:
    """Answers that are JSON, with their values."""
    for answer in answers:
        try:
            value = parse_json(unfenced(answer.text))
        except ValueError:
            continue
        if isinstance(value, dict | list):
            yield _Answer(answer.request_fp, answer.text, value)


def _json_form(texts: Sequence[str]) -> dict[str, Any] | None:
    """The criterion on the form of JSON answers; None where they are not JSON."""
    found = list(_json_values([_Answer("", text) for text in texts]))
    if not found or len(found) < SHARE * len(texts):
        return None
    entry: dict[str, Any] = {"type": "is-json", "value": _schema([answer.value for answer in found])}
    fenced = any(unfenced(answer.text) != answer.text for answer in found)
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


def _bare_number(texts: Sequence[str]) -> str | None:
    """A pattern of numbers as this route writes them, with nothing around them; None where its answers are no numbers.

    Special cases:
        A zero at the end of decimals without a currency or per cent (`17.30`): a section, not an amount.
        Ten digits in a row: an id.
        Some with a unit and some without: what the unit is worth cannot be told.
    """
    found = [match.groupdict() for text in texts if (match := _FIGURE.fullmatch(text))]
    if len(found) < len(texts) or any(map(_is_code, found)):
        return None
    seen = {part: [bool(figure[part]) for figure in found] for part in ("sign", "currency", "decimals", "exponent")}
    units = [bool(figure["percent"]) for figure in found]
    if any(any(flags) != all(flags) for flags in (seen["currency"], units)):
        return None
    grouped = any("," in figure["whole"] for figure in found)
    currencies = "".join(sorted({figure["currency"] for figure in found}))
    parts = [
        "[-−]?" if any(seen["sign"]) else "",
        f"[{currencies}]" if currencies else "",
        "([0-9]{1,3}(,[0-9]{3})+|0|[1-9][0-9]*)" if grouped else "(0|[1-9][0-9]*)",
        r"(\.[0-9]+)?" if any(seen["decimals"]) else "",
        "([eE][-+]?[0-9]+)?" if any(seen["exponent"]) else "",
        r"\s?%" if any(units) else "",
    ]
    return rf"^\s*{''.join(parts)}\s*$"


def _is_code(figure: Mapping[str, str | None]) -> bool:
    whole, decimals = figure["whole"] or "", figure["decimals"] or ""
    if figure["currency"] or figure["percent"] or "," in whole:
        return False
    return len(whole) >= CODE_DIGITS or decimals.endswith("0")


def _are_labels(texts: Sequence[str]) -> bool:
    """Whether few short texts make up the route, each common enough."""
    if any(len(text) > _LABEL_CHARS or not text for text in texts):
        return False
    return len({normalised(text) for text in texts}) <= min(_LABELS, len(texts) / _PER_LABEL)


def _are_codes(texts: Sequence[str]) -> bool:
    """Whether each text is one short word or has no letters: an id, a postcode, a telephone number, a section."""
    return all(
        text and len(text) <= _LABEL_CHARS and (len(text.split()) == 1 or not any(map(str.isalpha, text)))
        for text in texts
    )
