"""A command at a terminal of its own: what it shows, and keys for it."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType

PATIENCE_S = 120
"""Until a command that shows nothing is given up: a machine may be busy."""


class Keyboard:
    """A process with a pseudo-terminal as its input and output."""

    def __init__(self, argv: Sequence[str], **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "audit", *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**kept, "COLUMNS": "100", "TERM": "xterm", **environment},
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def wait_for(self, text: str) -> str:
        """What is shown up to a text, and the text; it is taken off what was seen."""
        while text not in self.seen:
            ready, _, _ = select.select([self.ours], [], [], PATIENCE_S)
            try:
                data = os.read(self.ours, 65_536) if ready else b""
            except OSError:  # the other end is closed
                data = b""
            if not data:
                raise AssertionError(f"the command ended, or shows no {text!r}: {self.seen[-2000:]}")
            self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
        before, found, self.seen = self.seen.partition(text)
        return before + found

    def press(self, keys: str) -> None:
        """Keys, as a terminal sends them."""
        os.write(self.ours, keys.encode())

    def ended(self) -> int:
        """The exit code, once the command is done."""
        return self.process.wait(PATIENCE_S)
