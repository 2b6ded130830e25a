"""Labelling in the terminal: one key a pair, no Enter."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator

from audit.cli.printing.labels import keys_of, pair_lines
from audit.cli.terminal import Terminal
from audit.core.display import ascii_only
from audit.core.errors import InputError
from audit.labelling.opening import Opened

QUIT = ("q", "", "\x04")

_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?")
"""What an arrow or a function key sends: one key, and none of ours."""


def label_by_keys(terminal: Terminal, opened: Opened) -> None:
    """Show pair after pair until somebody quits or none is left.

    Raises:
        InputError: Nobody is at the keyboard.
    """
    if terminal.switches.no_input or not sys.stdin.isatty():
        raise InputError(
            "labelling needs somebody at a keyboard",
            code="label.no-terminal",
            hint="audit label RUN --browser labels in the browser, --json says how it stands",
        )
    session, words = opened.session, keys_of()
    whole = False
    with _keys() as read:
        pair = session.next()
        while pair is not None:
            lines = pair_lines(opened, pair, width=terminal.width, whole=whole)
            terminal.lines(map(ascii_only, lines) if terminal.ascii else lines)
            key = _wanted(read, {*words, "u", "c", *QUIT})
            if key in QUIT:
                return
            whole = key == "c" and not whole
            if key in words:
                session.judge(pair.name, words[key])
            elif key == "u" and not session.undo():
                terminal.lines(["Nothing to undo."])
            pair = session.next()
    terminal.lines(["Every pair of this route is judged."])


def _wanted(read: Callable[[], str], keys: set[str]) -> str:
    """The next key that means something; capital letters are the same keys."""
    while True:
        key = read().lower()
        if key in keys:
            return key


def _reader(stream: int) -> Callable[[], str]:
    """Reads one key of those that were typed, "" at the end of input."""
    typed: list[str] = []

    def read() -> str:
        if not typed:
            data = os.read(stream, 64).decode("utf-8", "replace")
            typed.extend(_SEQUENCE.sub("\x1b", data) or [""])
        return typed.pop(0)

    return read


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[], str]]:
    """A function that reads one key, without Enter and without an echo; the end of input is "".

    Where a terminal cannot do that, a key is the first letter of a line.
    """
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield lambda: sys.stdin.readline().strip()[:1] or "\n"
        return
    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    try:
        tty.setcbreak(stream)
        yield _reader(stream)
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)
