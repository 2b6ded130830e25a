"""The line on a terminal's stderr that says how far a long step has come: rate, and the time that is left.

Nothing is drawn without a terminal, under `--quiet` or `--json`, or in a step's first two seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from audit.cli.switches import Switches
from audit.cli.terminal import is_ascii
from audit.core.clock import Clock, SystemClock
from audit.core.display import ascii_only, compact, percent

AFTER_S = 2.0
EVERY_S = 0.2
BYTES = "bytes"


@dataclass(slots=True)
class _Step:
    what: str
    total: float | None
    unit: str
    began: float
    done: float = 0.0


class TerminalProgress:
    """Draws steps. Where a replay's meter is on the screen, it has the line drawn under its own."""

    def __init__(self, switches: Switches, *, clock: Clock | None = None) -> None:
        self._switches = switches
        self._clock = clock or SystemClock()
        self._steps: list[_Step] = []
        self._drawn: float | None = None
        self._shown = False
        self.draw: Callable[[str], None] = self._on_stderr

    def begin(self, what: str, total: float | None, unit: str) -> None:
        """As of `audit.core.progress.Reporter`."""
        self._steps.append(_Step(what, total, unit, self._clock.now()))

    def advance(self, done: float) -> None:
        """As of `audit.core.progress.Reporter`."""
        if not self._steps:
            return
        now, step = self._clock.now(), self._steps[-1]
        step.done += done
        due = now - step.began >= AFTER_S and (self._drawn is None or now - self._drawn >= EVERY_S)
        if due and self._is_seen():
            self.draw(self._line(step, now))
            self._drawn, self._shown = now, True

    def end(self) -> None:
        """As of `audit.core.progress.Reporter`."""
        if self._steps:
            self._steps.pop()
        if self._shown and not self._steps:
            self.draw("")
            self._drawn, self._shown = None, False

    def _is_seen(self) -> bool:
        return sys.stderr.isatty() and not (self._switches.quiet or self._switches.json)

    def _line(self, step: _Step, now: float) -> str:
        """`Scoring  1,204 of 3,000 answers  40%  310/s  0 m 06 s left`."""
        seconds = now - step.began
        rate = step.done / seconds if seconds > 0 else 0.0
        parts = [step.what]
        if step.total:
            parts += [
                f"{_amount(step.done, step.unit)} of {_amount(step.total, step.unit)} {_unit(step.unit)}".rstrip()
            ]
            parts += [percent(min(step.done / step.total, 1.0))]
        elif step.done:
            parts += [f"{_amount(step.done, step.unit)} {_unit(step.unit)}".rstrip()]
        if rate:
            parts += [f"{_amount(rate, step.unit, rate=True)}/s"]
        if rate and step.total and step.done < step.total:
            left = round((step.total - step.done) / rate)
            parts += [f"{left // 60} m {left % 60:02d} s left"]
        line = "  ".join(parts)
        return ascii_only(line) if is_ascii(sys.stderr) else line

    def _on_stderr(self, line: str) -> None:
        # Back to the line's beginning and over what stands there: nothing is left of it at the end.
        sys.stderr.write(f"\r\x1b[2K{line}")
        sys.stderr.flush()


def _unit(unit: str) -> str:
    return "" if unit == BYTES else unit


def _amount(value: float, unit: str, *, rate: bool = False) -> str:
    if unit != BYTES:
        return f"{value:.1f}" if rate and value < 10 else compact(value)
    for name, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:.1f} {name}"
    return f"{value:.0f} B"
