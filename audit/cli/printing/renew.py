"""The renewal in the terminal: what to sign first, then what it costs, then what it rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from audit.cli.columns import Column, table
from audit.cli.terminal import Terminal
from audit.core.artifacts import RunFolder, publish
from audit.core.display import ascii_only, terminal_safe
from audit.core.errors import InputError
from audit.core.renewal import Renewal, VendorRenewal
from audit.renewal.table import renewal_csv, renewal_markdown
from audit.report.renewal_words import advice, facts, headline, options, totals

INDENT = "  "


def write_table(renewal: Renewal, path: Path) -> None:
    """Write the table in the format that the file's name asks for."""
    made = {".csv": renewal_csv, ".md": renewal_markdown}.get(path.suffix.lower())
    if made is None:
        raise InputError(f"{path.name} is neither .csv nor .md", code="usage", hint="-o renewal.csv")
    publish(path, made(renewal).encode("utf-8", "replace"))


def print_renewal(terminal: Terminal, renewal: Renewal, folder: RunFolder) -> None:
    """Print it, or the document where that was asked for."""
    if terminal.switches.json:
        terminal.document(renewal)
        return
    drawn = ascii_only if terminal.ascii else str
    for line in _head(renewal, terminal.width):
        terminal.lines([drawn(line)])
    for vendor in renewal.vendors:
        terminal.lines(["", *(drawn(line) for line in _vendor(vendor, renewal, terminal.width))])
        if rows := [list(map(terminal_safe, row)) for row in options(vendor)]:
            columns = [Column(title="  Commitment", at_least=20), *(Column(title=name, right=True) for name in OPTIONS)]
            shown = [[INDENT + name, *cells] for name, *cells in rows]
            terminal.lines([""])
            terminal.tables(table(columns, shown, width=terminal.width, drawn=drawn))
    for line in _foot(renewal, folder, terminal.width):
        terminal.lines([drawn(line)])


OPTIONS = ("Commit", "Expected cost", "Unused", "Risk of it")


def _head(renewal: Renewal, width: int) -> Iterator[str]:
    if renewal.demo:
        yield "Demo: bundled data; these figures describe no real company."
    if renewal.simulated:
        yield f"Simulated completions: {terminal_safe(', '.join(renewal.simulated))}."
    yield from _wrapped(headline(renewal), width, "")
    yield ""
    for name, value in totals(renewal):
        yield from _record(name, value, width)


def _vendor(vendor: VendorRenewal, renewal: Renewal, width: int) -> Iterator[str]:
    text = advice(vendor, renewal)
    yield from _wrapped(f"{vendor.name}: {text[:1].lower()}{text[1:]}", width, "")
    for name, value in facts(vendor):
        yield from _record(name, value, width)


def _foot(renewal: Renewal, folder: RunFolder, width: int) -> Iterator[str]:
    if renewal.warnings:
        yield from ("", "Before you sign")
        for warning in renewal.warnings:
            yield from _wrapped(warning, width, INDENT)
    yield from ("", "It rests on")
    for line in renewal.assumptions:
        yield from _wrapped(f"{line.key}: {line.value} ({line.origin.value})", width, INDENT)
    yield ""
    yield f"{INDENT}Kept in {folder.renewal}; the next `audit report` of the run shows it."


def _record(name: str, value: str, width: int) -> Iterator[str]:
    first, *rest = textwrap.wrap(terminal_safe(value), max(width - 20, 20)) or [""]
    yield f"{INDENT}{name:<18}{first}"
    yield from (f"{INDENT}{'':<18}{line}" for line in rest)


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(terminal_safe(text), width, initial_indent=indent, subsequent_indent=indent + INDENT)
