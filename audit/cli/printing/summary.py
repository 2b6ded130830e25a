"""Findings on stdout: the terminal summary, or the document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audit.cli.terminal import Terminal

if TYPE_CHECKING:
    from audit.core.artifacts import RunFolder
    from audit.core.finding import Findings

COLORS = {"good": "green", "bad": "red", "unsure": "yellow", "warning": "yellow", "finding": "green", "label": "cyan"}
BOLD = {"title", "money", "finding"}


def print_findings(terminal: Terminal, findings: Findings, folder: RunFolder, report: Path | None = None) -> None:
    """Print what an audit concludes; the last line has the paths."""
    from audit.report.terminal import summary_lines

    if terminal.switches.json:
        terminal.document(findings)
        return
    paths = {"Report": str(report or folder.report), "Run": str(folder.path)}
    lines = summary_lines(findings, width=terminal.width, ascii=terminal.ascii, paths=paths)
    colors = terminal.switches.colors(sys.stdout)
    terminal.lines("".join(_styled(span.text, span.style) if colors else span.text for span in line) for line in lines)


def _styled(text: str, style: str) -> str:
    if not style:
        return text
    return typer.style(text, fg=COLORS.get(style), bold=style in BOLD or None, dim=style == "dim" or None)
