"""Pairs to judge, and what was judged, as lines: untrusted text behind a bar, our own words without one."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from audit.cases.texts import AnswerText
from audit.cli.printing.case import quoted
from audit.cli.terminal import BAR
from audit.core.display import count, kappa_interval, percent_share, plural, terminal_safe
from audit.labelling.opening import Opened
from audit.labelling.pairs import BlindPair
from audit.labelling.session import Word
from audit.view.sides import call_lines

KEYS = "  ".join([*(f"[{word.key}] {word.words}" for word in Word), "[u] undo", "[c] conversation", "[q] quit"])


def pair_lines(opened: Opened, pair: BlindPair, *, width: int, whole: bool) -> list[str]:
    """A pair: what a right answer must hold, what was asked, both answers, and how it stands.

    Args:
        opened: The session.
        pair: To judge.
        width: Of the terminal.
        whole: The whole conversation, not its last message alone.
    """
    session = opened.session
    lines = ["", "=" * min(width, 80)]
    lines += [f"Route {terminal_safe(session.route.route) or '(no route)'}. {progress(opened)}"]
    if opened.criteria:
        lines += ["", "What the criteria ask for", *_behind_bars(opened.criteria, width)]
    messages = pair.messages if whole else pair.messages[-1:]
    hidden = len(pair.messages) - len(messages)
    lines += ["", "Request" + (f" ({plural(hidden, 'earlier message')}: press c)" if hidden else "")]
    for one in messages:
        lines += [f"  {terminal_safe(one.role) or 'message'}", *quoted(one.text)]
    for name, answer in (("A", pair.first), ("B", pair.second)):
        lines += ["", f"Answer {name}", *answer_lines(answer)]
    return [*lines, "", *textwrap.wrap(KEYS, width)]


def answer_lines(answer: AnswerText) -> list[str]:
    """An answer behind bars; calls of tools with an argument a line."""
    calls = "".join(line for call in answer.calls for line in call_lines(call))
    return quoted("\n".join(part for part in (answer.text, calls.rstrip("\n")) if part))


def _behind_bars(texts: Iterable[str], width: int) -> list[str]:
    room = max(width - 6, 20)
    return [f"  {BAR}{line}" for text in texts for line in textwrap.wrap(terminal_safe(text), room)]


def progress(opened: Opened) -> str:
    """`12 of 229 pairs judged; about 26 more pairs would settle the route`."""
    session = opened.session
    said = f"{count(len(session.judged_pairs))} of {plural(session.total, 'pair')} judged"
    return f"{said}; {session.standing}"


def summary_lines(opened: Opened, run: Path) -> list[str]:
    """What was judged so far, who agrees with whom, and what to do with it."""
    session = opened.session
    lines = ["", f"Route {terminal_safe(session.route.route) or '(no route)'}: {progress(opened)}."]
    for name, answers in session.people().items():
        lines.append(f"  {terminal_safe(name) or '(nobody named)'}: {plural(answers, 'answer')}")
    for one in session.agreements():
        beyond = "" if one.kappa is None else f", kappa {kappa_interval(one.kappa)}"
        names = " and ".join(map(terminal_safe, one.people))
        share = percent_share(one.same / one.answers)
        same = f"the same word on {count(one.same)} of {plural(one.answers, 'answer')}, {share}"
        lines.append(f"  {names}: {same}{beyond}")
    lines.append(f"  File: {terminal_safe(str(session.file))}")
    if opened.unused and not opened.demo:
        lines.append(f"  Add to the route in audit.yaml, so that the labels are used:  {terminal_safe(opened.unused)}")
    elif not opened.demo:
        lines.append(f"  Use them:  audit score {shlex.quote(str(run))}")
    return lines


def summary_document(opened: Opened) -> dict[str, Any]:
    """The same for machines."""
    session = opened.session
    return {
        "route": session.route.route,
        "file": str(session.file),
        "used_by_config": not opened.unused,
        "by": session.by,
        "pairs": session.total,
        "judged": len(session.judged_pairs),
        "alike": session.queue.alike,
        "standing": session.needed.standing.name.lower(),
        "pairs_needed": session.needed.pairs,
        "at_random": session.first,
        "at_random_left": session.random_left,
        "at_random_wanted": session.size.wanted(session.random_changed) if session.size else None,
        "people": session.people(),
        "agreements": session.agreements(),
    }


def keys_of(words: Sequence[Word] = tuple(Word)) -> dict[str, Word]:
    """Words by their key."""
    return {word.key: word for word in words}
