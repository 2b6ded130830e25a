"""Rows of a table of promptfoo's as tests: `__expected` columns are assertions, most others variables.

Source: <https://www.promptfoo.dev/docs/configuration/test-cases>, CSV format; promptfoo's `csv.ts` and
`util/parseCommaSeparatedValues.ts`, read 2026-11-29.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from typing import Any

from audit.scoring.scorers import ALIASES, NOT_SUPPORTED, SCORERS

_EXPECTED = "__expected"
_CONFIG = re.compile(r"__config:__expected(\d*):threshold")
_TYPED = re.compile(r"^(?P<type>[a-z][a-z0-9-]*)(?:\((?P<threshold>[\d.]+)\))?(?::(?P<value>.*))?$", re.DOTALL)
_CODE = ("fn", "eval", "javascript")
"""Beginnings of an expectation in a table that stand for JavaScript."""
_THRESHOLDS = {"similar": 0.8, "levenshtein": 0.75, "rouge-n": 0.75}
"""What promptfoo asks for where a cell of a table names no threshold."""
_KEYS = {
    "__description": "description",
    "__threshold": "threshold",
    "__prefix": "prefix",
    "__suffix": "suffix",
    "__metric": "metric",
    "__providerOutput": "providerOutput",
}


def test_of_row(row: Mapping[str, str | None]) -> tuple[dict[str, Any], list[str]]:
    """A row as a test.

    Returns:
        The test, as it would stand in YAML, and what of the row is not taken over. Where one of its expectations, or
        what a `__config` column says of them, cannot be read, it has none.

    Raises:
        ValueError: A `__threshold` that is no number.
    """
    given = {name.strip(): value for name, value in row.items() if isinstance(name, str) and isinstance(value, str)}
    special = {key: given[name] for name, key in _KEYS.items() if given.get(name, "").strip()}
    left = []
    try:
        entries = [expectation(text) for name, text in given.items() if name.startswith(_EXPECTED) and text.strip()]
    except ValueError as error:
        entries, left = [], [f"an expectation that {error}, so that nothing of it is taken over"]
    for name, text in given.items():
        if not name.startswith("__config:") or not text.strip():
            continue
        found = _CONFIG.fullmatch(name)
        index = int(found[1] or 1) - 1 if found else -1
        if 0 <= index < len(entries) and math.isfinite(limit := _number(text)):
            entries[index]["threshold"] = limit
        else:
            left.append(f"column `{name}`: it configures no assertion of the row, so that nothing of it is taken over")
    if left:
        entries = []
    if "metric" in special:
        entries = [{**entry, "metric": special["metric"]} for entry in entries]
    test: dict[str, Any] = {
        "description": special.get("description", ""),
        "vars": {name: text for name, text in given.items() if not _is_special(name)},
        "assert": entries,
    }
    if "threshold" in special:
        test["threshold"] = float(special["threshold"])
    if "providerOutput" in special:
        test["providerOutput"] = special["providerOutput"]
    marks = {key: special[key] for key in ("prefix", "suffix") if key in special}
    return ({**test, "options": marks} if marks else test), left


def _is_special(name: str) -> bool:
    return name in (*_KEYS, "__metadata") or name.startswith((_EXPECTED, "__config:", "__metadata:"))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _texts(value: str) -> list[str]:
    """Texts between commas, those with a comma in them in quotes.

    Raises:
        ValueError: A quote is not closed or not alone in its place, or there is no text.
    """
    try:
        (texts,) = csv.reader([value], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        texts = []
    if not any(texts) or '\\"' in value:
        raise ValueError("is no list of texts between commas")
    return [one.strip() for one in texts if one.strip()]


def expectation(text: str) -> dict[str, Any]:
    """A cell of an `__expected` column as an assertion: `contains: a`, `similar(0.8): b`, `is-json`, or the text.

    Raises:
        ValueError: A list of texts that cannot be read.
    """
    text = text.strip()
    found = _TYPED.match(text)
    kind = found["type"] if found else ""
    if text.startswith("file://") and re.search(r"\.([cm]?[jt]s|py)(:|$)", text):
        return {"type": "python" if re.search(r"\.py(:|$)", text) else "javascript", "value": text}
    if found and kind in _CODE:
        return {"type": "javascript", "value": found["value"] or ""}
    kind = "llm-rubric" if kind == "grade" else kind
    plain = kind.removeprefix("not-")
    if found is None or plain not in (*SCORERS.known(), *ALIASES, *NOT_SUPPORTED):
        return {"type": "equals", "value": text}
    entry: dict[str, Any] = {"type": kind}
    if found["value"] is not None:
        value = found["value"].strip()
        entry["value"] = _texts(value) if plain.endswith(("-all", "-any")) else value
    if found["threshold"] or plain in _THRESHOLDS:
        entry["threshold"] = float(found["threshold"] or _THRESHOLDS[plain])
    return entry
