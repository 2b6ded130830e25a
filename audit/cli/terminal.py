"""Where a command prints: results on stdout, everything else on stderr, each as the stream can show it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

from audit.cli.switches import Switches

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

BAR = "│ "
"""Before untrusted text."""
PLAIN_WIDTH = 80
"""Columns where nobody is looking: a pipe, a file, a CI log."""


class Terminal:
    """The two streams of a process, as the flags ask for them."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches

    @property
    def width(self) -> int:
        """Columns of stdout."""
        if "COLUMNS" in os.environ or sys.stdout.isatty():
            return shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns
        return PLAIN_WIDTH

    @property
    def ascii(self) -> bool:
        """Whether stdout cannot show more than ASCII."""
        return is_ascii(sys.stdout)

    def lines(self, lines: Iterable[str], *, fold: bool = False) -> None:
        """Print result lines.

        Args:
            lines: To print.
            fold: Long ones are folded under their beginning, also in a pipe, which is read in a CI log: sentences, and
                nothing that is copied.
        """
        for line in lines:
            for part in folded(line, self.width) if fold else [line]:
                _write(sys.stdout, part)

    def document(self, value: Any) -> None:
        """Print the one JSON document of `--json`. NaN is refused."""
        from audit.core.plain import to_plain

        _write(sys.stdout, json.dumps(to_plain(value), ensure_ascii=self.ascii, indent=2, allow_nan=False))

    def served(self, url: str, *, browser: bool) -> None:
        """Print where a local page is, at once, and open it where somebody is looking."""
        if self.switches.json:
            self.document({"url": url})
        else:
            self.lines([url])
            self.note("Ctrl-C ends it.")
        sys.stdout.flush()
        if browser and sys.stdout.isatty() and not self.switches.no_input:
            import webbrowser

            webbrowser.open(url)

    def tables(self, *parts: RenderableType) -> None:
        """Print rich's tables and texts on stdout."""
        try:
            self.console(sys.stdout).print(*parts, sep="\n")
        except BrokenPipeError:
            _give_up(sys.stdout)

    def note(self, line: str) -> None:
        """Say something beside the result, on stderr; `--quiet` leaves it out."""
        if not self.switches.quiet:
            for part in folded(line, self.width) if sys.stderr.isatty() else [line]:
                _write(sys.stderr, part)

    def console(self, stream: TextIO) -> Console:
        """A rich console that obeys the flags and reads no markup in untrusted text."""
        from rich.console import Console

        colors = self.switches.colors(stream)
        return Console(
            file=stream,
            width=self.width,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=False,
            no_color=not colors,
            force_terminal=True if colors else None,
            legacy_windows=False,
        )


def folded(line: str, width: int) -> list[str]:
    """A line as several, each a little further in than its beginning.

    Untrusted text stands behind a bar, and so does every part of it: one without would pass for our own words. Left
    whole is what a fold would spoil: what is coloured, a command that is set apart by two spaces, which has to be
    copied, and what would begin a line with a word that GitHub's runner obeys.
    """
    if len(line) <= width or "\x1b" in line or re.search(r"  audit [a-z]", line):
        return [line]
    before, bar, _ = line.partition(BAR)
    if bar and len(before) > width // 2:
        return [line]
    indent = " " * len(before) + BAR if bar else " " * (len(line) - len(line.lstrip()) + 2)
    parts = textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, replace_whitespace=False
    )
    obeyed = any(part.lstrip().startswith(("::", "##[")) for part in parts[1:])
    return [line] if obeyed else parts or [line]


def is_ascii(stream: TextIO) -> bool:
    """Whether a stream's encoding is not UTF-8."""
    return (stream.encoding or "ascii").lower().replace("-", "").replace("_", "") != "utf8"


def _write(stream: TextIO, line: str) -> None:
    try:
        print(line, file=stream)
    except BrokenPipeError:
        _give_up(stream)


def _give_up(stream: TextIO) -> None:
    """The reader has gone (`| head`). That is no error: the exit code says what became of the work."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
