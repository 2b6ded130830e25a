"""Two answers side by side with their differences marked: text by words, JSON by field, calls of tools by argument."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.cases.texts import AnswerText
from audit.report.differing import DifferingRun, marked, side_by_side

MARKED = 8_000
"""Characters up to which differences are marked: beyond, comparing takes longer than reading."""
LONGEST = 200_000
"""Characters of an answer that a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Both answers as runs of text, the calls of tools below them, and how they are shown."""

    left: tuple[DifferingRun, ...]
    right: tuple[DifferingRun, ...]
    left_calls: tuple[DifferingRun, ...]
    right_calls: tuple[DifferingRun, ...]
    notes: tuple[str, ...]


def compare(left: AnswerText, right: AnswerText) -> SideBySide:
    """Mark what differs between two answers."""
    texts = [answer.text[:LONGEST] for answer in (left, right)]
    notes = []
    if any(len(answer.text) > LONGEST for answer in (left, right)):
        notes.append(f"Cut to {LONGEST:,} characters.")
    if max(map(len, texts)) > MARKED:
        runs: list[tuple[DifferingRun, ...]] = [(DifferingRun(text=text),) for text in texts]
        notes.append("Too long to mark differences.")
    else:
        *runs, said = side_by_side(*texts)
        notes += [said] if said and any(texts) else []
    calls = [[line for call in answer.calls for line in call_lines(call)] for answer in (left, right)]
    both = marked(*calls) if any(calls) else ((), ())
    if all(calls):
        notes.append("Calls of tools: one argument a line, differing lines marked.")
    return SideBySide(left=runs[0], right=runs[1], left_calls=both[0], right_calls=both[1], notes=tuple(notes))


def call_lines(call: Mapping[str, Any]) -> list[str]:
    """A call as lines: its name, then its arguments by name; arguments that are no JSON object as they came."""
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    given = function.get("arguments", "")
    try:
        arguments = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, Mapping):
        return [f"{function.get('name', '?')}(\n", f"  {given}\n", ")\n"]
    named = [
        f"  {name}: {json.dumps(value, ensure_ascii=False, sort_keys=True)}\n"
        for name, value in sorted(arguments.items())
    ]
    return [f"{function.get('name', '?')}(\n", *named, ")\n"]
