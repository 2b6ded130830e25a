"""The completion is the value: the same text, or the same JSON structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.comparisons.columns import over_pairs
from audit.scoring.expected.templates import parsed_reference
from audit.scoring.scorer import Check, Options, Scorer, Takes, shown, verdict
from audit.scoring.texts.json_values import json_text, nfc, parse_json, same_json

_BYTE_ORDER_MARK = "\ufeff"


def build(options: Options) -> Check:
    """Compare with `value`: texts verbatim, objects and lists (also as JSON text) by structure."""
    return over_pairs(options.expected(lambda value: value), _score)


def _score(texts: Sequence[str], values: Sequence[Any]) -> list[Outcome]:
    return [_outcome(text, value, json_text(value)) for text, value in zip(texts, values, strict=True)]


def _outcome(text: str, value: Any, written: str) -> Outcome:
    holds = text == nfc(written) or same_structure(parsed_reference(value), text)
    return verdict(holds, "differs from the expected value", expected=shown(written))


def same_structure(wanted: Any, text: str) -> bool:
    """Whether a text is the JSON of an object, a list or null."""
    if wanted is not None and not isinstance(wanted, dict | list | tuple):
        return False
    try:
        return same_json(wanted, parse_json(text.removeprefix(_BYTE_ORDER_MARK), comparing=True))
    except (ValueError, RecursionError):
        return False


SCORER = Scorer(
    name="equals", version=2, summary=__doc__, needs_reference=True, calls_model=False, build=build, takes=Takes.WHOLE
)
