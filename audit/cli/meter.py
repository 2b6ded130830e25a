"""The live meter of a replay, on stderr: a bar and a line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from audit.cli.progress import TerminalProgress
from audit.cli.terminal import Terminal, is_ascii
from audit.core.clock import Clock, SystemClock
from audit.core.display import ascii_only, count, percent, percent_share, terminal_safe, usd
from audit.core.progress import reporter

if TYPE_CHECKING:
    from rich.live import Live

    from audit.core.finding import Findings

REFRESH_S = 0.1
PLAIN_EVERY_S = 30.0
PLAIN_EVERY_SHARE = 0.1
BAR = 24
ROUTES = 20


class MeterTotals(Protocol):
    """What a replay says of itself; `replay.meter.Totals` has the meanings."""

    @property
    def planned(self) -> int: ...  # noqa: D102
    @property
    def done(self) -> int: ...  # noqa: D102
    @property
    def spent_usd(self) -> float: ...  # noqa: D102
    @property
    def reserved_usd(self) -> float: ...  # noqa: D102
    @property
    def cap_usd(self) -> float: ...  # noqa: D102
    @property
    def recorded(self) -> int: ...  # noqa: D102
    @property
    def retried(self) -> int: ...  # noqa: D102
    @property
    def failed(self) -> int: ...  # noqa: D102
    @property
    def estimated(self) -> bool: ...  # noqa: D102


class TerminalMeter:
    """Draws the events of a replay. A context manager: the terminal is given back when the replay ends or fails."""

    def __init__(self, terminal: Terminal, *, clock: Clock | None = None) -> None:
        self._console = terminal.console(sys.stderr)
        self._quiet = terminal.switches.quiet
        self._verbose = terminal.switches.verbose
        self._ascii = is_ascii(sys.stderr)
        self._clock = clock or SystemClock()
        self._on_terminal = sys.stderr.isatty() and not self._quiet
        self._live: Live | None = None
        self._aside = ""
        self._before: Callable[[str], None] | None = None
        self._began: tuple[float, int] | None = None
        self._drawn: tuple[float, float] | None = None
        self._latest: MeterTotals | None = None
        self._shown: MeterTotals | None = None
        self._throttled: dict[str, float] = {}
        self._routes: Counter[str] = Counter()
        self.stopped: Findings | None = None

    def __enter__(self) -> TerminalMeter:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if self._latest is not None:
            self._draw(self._latest)
        if self._live is not None:
            self._live.stop()
        beside = reporter()
        if self._before is not None and isinstance(beside, TerminalProgress):
            beside.draw = self._before

    def started(self, call: Any) -> None:
        """A call goes out; nothing to draw."""

    def finished(self, call: Any, status: str, cost_usd: float | None) -> None:
        """A call has its result."""
        self._routes[str(call.route)] += 1

    def totals(self, totals: MeterTotals) -> None:
        """Where the run stands; drawn when enough time has passed."""
        now = self._clock.now()
        self._began = self._began or (now, totals.done)
        self._latest = totals
        # Not earlier: the question about money comes first, and a live display would draw over it.
        if self._live is None and self._on_terminal:
            self._live = self._start()
        share = totals.done / totals.planned if totals.planned else 1.0
        last, at_share = self._drawn or (float("-inf"), float("-inf"))
        due = now - last >= (REFRESH_S if self._live else PLAIN_EVERY_S)
        if due or (self._live is None and share - at_share >= PLAIN_EVERY_SHARE - 1e-9):
            self._draw(totals)
            self._drawn = (now, share)

    def throttled(self, tier: str, rate_per_s: float | None) -> None:
        """An endpoint asked for fewer requests; a word, because it is no error."""
        if rate_per_s is None:
            self._throttled.pop(tier, None)
        else:
            self._throttled[tier] = rate_per_s

    def stopping(self, in_flight: int, reason: str) -> None:
        """No more calls are started."""
        waiting = f" {count(in_flight)} calls in flight are already paid for; waiting for them." if in_flight else ""
        self.note(f"Stopping: {reason}.{waiting}")

    def note(self, text: str) -> None:
        """A line above the meter."""
        if not self._quiet:
            self._print(terminal_safe(text))

    def incomplete(self, findings: Findings) -> None:
        """Kept, for the command to print before the error."""
        self.stopped = findings

    def _start(self) -> Live:
        from rich.live import Live

        live = Live(console=self._console, auto_refresh=False)
        live.start()
        beside = reporter()
        if isinstance(beside, TerminalProgress):
            self._before, beside.draw = beside.draw, self._set_aside
        return live

    def _set_aside(self, line: str) -> None:
        """Draw a step's line under the meter: what comes between and after the calls."""
        self._aside = line
        if self._latest is not None or self._shown is not None:
            self._draw(self._latest or self._shown)  # type: ignore[arg-type]

    def _draw(self, totals: MeterTotals) -> None:
        self._latest, self._shown = None, totals
        if self._quiet:
            return
        lines = self._lines(totals)
        if self._live is None:
            self._print("  ".join(line.strip() for line in lines))
            return
        from rich.text import Text

        lines += [self._aside] if self._aside else []
        self._live.update(Text("\n".join(map(self._encoded, lines)), no_wrap=True, overflow="ellipsis"), refresh=True)

    def _print(self, line: str) -> None:
        self._console.print(self._encoded(line), soft_wrap=True)

    def _encoded(self, line: str) -> str:
        return ascii_only(line) if self._ascii else line

    def _lines(self, totals: MeterTotals) -> list[str]:
        share = totals.done / totals.planned if totals.planned else 1.0
        bar = _bar(share) if self._live is not None else ""
        first = f"Replay  {bar}{count(totals.done)}/{count(totals.planned)}  {percent(share)}{self._pace(totals)}"
        about = "≈" if totals.estimated else ""
        parts = [f"spent {about}{usd(totals.spent_usd)}", f"in flight {usd(totals.reserved_usd)}"]
        parts.append(f"cap {usd(totals.cap_usd)}")
        parts += [f"recorded {count(totals.recorded)}"] if totals.recorded else []
        parts += [f"retried {count(totals.retried)}"] if totals.retried else []
        if totals.failed:
            parts.append(f"failed {count(totals.failed)} ({percent_share(totals.failed / max(totals.done, 1), 2)})")
        parts += [f"{terminal_safe(tier)} throttled to {rate:.3g}/s" for tier, rate in sorted(self._throttled.items())]
        routes = sorted(self._routes.items())[:ROUTES] if self._verbose else []
        return [first, "  " + "  ".join(parts), *(f"  {terminal_safe(name)} {count(n)}" for name, n in routes)]

    def _pace(self, totals: MeterTotals) -> str:
        """`  18.2/s  2 m 08 s left`, from this session's calls."""
        began, done_before = self._began or (self._clock.now(), totals.done)
        seconds, done = self._clock.now() - began, totals.done - done_before
        if seconds <= 0 or done <= 0:
            return ""
        left = round((totals.planned - totals.done) * seconds / done)
        return f"  {done / seconds:.1f}/s" + (f"  {left // 60} m {left % 60:02d} s left" if left else "")


def _bar(share: float) -> str:
    filled = int(share * BAR)
    return ("━" * filled + ("╸" if filled < BAR else "")).ljust(BAR) + "  "
