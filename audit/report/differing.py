"""Two answers side by side: cut to length, and marked word by word where they are alike enough for that to help."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from audit.core.display import count

TEXT_LIMIT = 4000
ALIKE = 400
AROUND = 140
"""A stretch of more than `ALIKE` characters that both answers have is folded, but for so many at each end."""

DIFF_ABOVE = 0.6
"""Below this similarity a word diff is noise."""

_TOKENS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferingRun:
    """A stretch of text. `mark` is `del` for what only the left has, `ins` for what only the right has, `fold` for a
    word of ours in the place of what both have.
    """

    text: str
    mark: Literal["", "del", "ins", "fold"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A text within the limit, and a line about what was cut off; "" when nothing was."""

    text: str
    more: str


def cut(text: str, limit: int = TEXT_LIMIT) -> Cut:
    """The beginning of a text, and how much more of it there is."""
    if len(text) <= limit:
        return Cut(text=text, more="")
    return Cut(text=text[:limit], more=f"… {count(len(text) - limit)} more characters in `cases.jsonl`")


def side_by_side(left: str, right: str) -> tuple[tuple[DifferingRun, ...], tuple[DifferingRun, ...], str]:
    """Both texts as runs, and a note on how they are shown; the note is "" for plain text."""
    pretty_left, pretty_right = _pretty_json(left), _pretty_json(right)
    if pretty_left is not None and pretty_right is not None:
        runs_left, runs_right = marked(pretty_left.splitlines(True), pretty_right.splitlines(True))
        return runs_left, runs_right, "Both are JSON: keys sorted, differing lines marked."
    tokens_left, tokens_right = _TOKENS.findall(left), _TOKENS.findall(right)
    if left == right:
        return (DifferingRun(text=left),), (DifferingRun(text=right),), "The answers are identical."
    matcher = difflib.SequenceMatcher(None, tokens_left, tokens_right, autojunk=False)
    alike = matcher.real_quick_ratio() > DIFF_ABOVE and matcher.quick_ratio() > DIFF_ABOVE
    if not alike or matcher.ratio() <= DIFF_ABOVE:
        return (DifferingRun(text=left),), (DifferingRun(text=right),), ""
    runs_left, runs_right = marked(tokens_left, tokens_right)
    return runs_left, runs_right, "Differing words are marked."


def folded(runs: tuple[DifferingRun, ...]) -> tuple[DifferingRun, ...]:
    """One side of a comparison with what both sides have folded, so that a difference in a long answer is in sight."""
    found: list[DifferingRun] = []
    for place, run in enumerate(runs):
        if run.mark or len(run.text) <= ALIKE:
            found.append(run)
            continue
        head = "" if place == 0 else run.text[:AROUND]
        tail = "" if place == len(runs) - 1 else run.text[-AROUND:]
        left_out = len(run.text) - len(head) - len(tail)
        kept = (DifferingRun(text=head), DifferingRun(text=tail))
        note = DifferingRun(text=f" … {count(left_out)} characters that both have … ", mark="fold")
        found += [one for one in (kept[0], note, kept[1]) if one.text]
    return tuple(found)


def marked(left: list[str], right: list[str]) -> tuple[tuple[DifferingRun, ...], tuple[DifferingRun, ...]]:
    """Two lists of pieces as runs, what only one of them has marked."""
    runs_left, runs_right = [], []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for kind, l1, l2, r1, r2 in matcher.get_opcodes():
        same = kind == "equal"
        if l2 > l1:
            runs_left.append(DifferingRun(text="".join(left[l1:l2]), mark="" if same else "del"))
        if r2 > r1:
            runs_right.append(DifferingRun(text="".join(right[r1:r2]), mark="" if same else "ins"))
    return tuple(runs_left), tuple(runs_right)


def _pretty_json(text: str) -> str | None:
    """A JSON object or list with sorted keys on lines of their own; None for anything else."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value: Any = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
        return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
    # A deep nest of brackets exhausts the parser's stack; it is shown as it came.
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Objects whose meaning depends on the parser are shown as text."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)
