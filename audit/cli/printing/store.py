"""A store for people: its tiers and readings, what is damaged, what was deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from audit.cli.columns import Column, table
from audit.cli.terminal import Terminal
from audit.core.display import ascii_only, compact, count, listing, plural, terminal_safe, usd
from audit.core.errors import InputError
from audit.core.plain import to_plain
from audit.store.upkeep import CheckedStore, Pruned, Stored, StoredReading, StoredTier

NAMED = 3
"""Objects of somebody else that are named."""
LONGEST = 20
"""Characters of a setting; a digest is told by its beginning."""
UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def size_of(text: str) -> int:
    """Bytes of a size as people write it: `10GB`.

    Raises:
        InputError: It is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kKMGT]?B)\s*", text)
    if found is None:
        raise InputError(f"{text!r} is no size", code="usage", hint="write it like 10GB, 500MB or 0B")
    return int(float(found[1]) * UNITS[found[2].replace("K", "k")])


def size_text(size: float) -> str:
    """Bytes for people."""
    unit = next((name for name in reversed(UNITS) if size >= UNITS[name]), "B")
    return f"{size / UNITS[unit]:.3g} {unit}"


def print_stored(terminal: Terminal, stored: Stored) -> None:
    """Print what a store holds."""
    if terminal.switches.json:
        terminal.document({**to_plain(stored), "bytes": stored.bytes})
        return
    drawn = ascii_only if terminal.ascii else str
    columns = [Column(title="Answers of", at_least=16, folds=True), Column(title="At", at_least=12, folds=True)]
    columns += [Column(title=title, right=True) for title in ("Answers", "Paid", "Size")]
    columns.append(Column(title="Asked", at_least=10))
    if stored.tiers:
        terminal.tables(table(columns, list(map(_tier, stored.tiers)), width=terminal.width, drawn=drawn))
    columns = [Column(title="Reading of", at_least=16, folds=True)]
    columns += [Column(title=title, right=True) for title in ("Requests", "Size")]
    columns.append(Column(title="Used", at_least=10))
    if stored.readings:
        rows = [_reading(one, stored.differences(one)) for one in stored.readings]
        terminal.tables(table(columns, rows, width=terminal.width, drawn=drawn))
    paid = sum(one.usd for one in stored.tiers)
    answers = plural(sum(one.answers for one in stored.tiers), "answer")
    readings = plural(len(stored.readings), "reading")
    where = terminal_safe(stored.path)
    said = [f"{where}: {answers}, for which {usd(paid)} was paid, and {readings}: {size_text(stored.bytes)}"]
    if (shared := stored.shared) is not None:
        there = f"{plural(shared.pieces, 'piece')} of answers, {size_text(shared.bytes)}"
        said.append(f"{terminal_safe(shared.address)}: {there}; the above is this machine's copy")
        if shared.unshared:
            here = plural(shared.unshared, "answer")
            said.append(f"{here} not shared yet: the next command that asks tiers shares them")
        if shared.erased:
            said.append(f"{plural(shared.erased, 'request')} erased: their answers are not taken in again")
    terminal.lines([drawn(line) for line in ["", *said]], fold=True)


def print_checked(terminal: Terminal, checked: CheckedStore) -> None:
    """Print whether a store is whole."""
    if terminal.switches.json:
        terminal.document(checked)
        return
    looked = f"{plural(checked.answers, 'answer')} and {plural(checked.readings, 'reading')}"
    if checked.damaged:
        end = f"{count(len(checked.damaged))} of {looked} damaged: never used, and asked or read again"
    else:
        end = f"{looked}: all as they were written"
    lines = [*(f"  {terminal_safe(one)}" for one in checked.damaged)]
    if (shared := checked.shared) is None:
        terminal.lines([*lines, end], fold=True)
        return
    lines += [f"In this machine's copy: {end}", *(f"  {terminal_safe(one)}" for one in shared.damaged)]
    looked = f"{plural(shared.answers, 'answer')} in {plural(shared.pieces, 'piece')}"
    end = f"{looked}: all as they were written"
    if shared.damaged:
        end = f"{plural(len(shared.damaged), 'object')} damaged, which nobody uses; {looked} looked at"
    if shared.foreign:
        others = listing([terminal_safe(one) for one in shared.foreign[:NAMED]])
        end += f"; {plural(len(shared.foreign), 'object')} beside them of somebody else, left alone, such as {others}"
    terminal.lines([*lines, f"At {terminal_safe(shared.address)}: {end}"], fold=True)


def print_pruned(terminal: Terminal, pruned: Pruned) -> None:
    """Print what was deleted."""
    if terminal.switches.json:
        terminal.document(pruned)
        return
    deleted = f"{plural(pruned.answers, 'answer')} and {plural(pruned.readings, 'reading')}"
    if (shared := pruned.shared) is None:
        terminal.lines([f"Deleted {deleted}: {size_text(max(pruned.bytes, 0))}"])
        return
    there = f"{plural(shared.answers, 'answer')}: {size_text(max(shared.bytes, 0))}"
    lines = [f"Deleted in this machine's copy {deleted}: {size_text(max(pruned.bytes, 0))}"]
    terminal.lines([*lines, f"Deleted at {terminal_safe(shared.address)} {there}"])


def _tier(one: StoredTier) -> list[str]:
    first, last = _day(one.first), _day(one.last)
    asked = first if first == last else f"{first} – {last}"
    cells = [terminal_safe(_asked_as(one.answers_key)), terminal_safe(one.address) or "–", compact(one.answers)]
    return [*cells, usd(one.usd), size_text(one.bytes), asked]


def _asked_as(answers_key: str) -> str:
    """A model and the settings of its answers: `acme-small, max_tokens 400`."""
    model, brace, rest = answers_key.partition(" {")
    try:
        settings = json.loads(brace.strip() + rest) if brace else {}
    except (ValueError, RecursionError):  # a shared store may hold what something else wrote
        return answers_key
    values = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in settings.items()]
    return ", ".join([model, *(f"{name} {value[:LONGEST]}" for name, value in values)])


def _reading(one: StoredReading, differences: Sequence[str]) -> list[str]:
    more = f" and {count(len(one.logs) - 2)} more" if len(one.logs) > 2 else ""
    logs = terminal_safe(", ".join(one.logs[:2])) + more if one.whole else "damaged; it is read again"
    if one.whole and differences:
        logs += f" (read with other {listing([terminal_safe(name) for name in differences])})"
    return [logs, compact(one.requests), size_text(one.bytes), _day(one.used)]


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
