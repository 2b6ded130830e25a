"""The line that says how far a long step has come: on a terminal, after two seconds, and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from audit.cli.progress import TerminalProgress
from audit.cli.switches import Switches
from audit.core.clock import ManualClock
from audit.core.progress import counted, reporting, step
from audit.report.html import render_html
from tests.report import fixtures


class Screen(io.StringIO):
    """A stderr of UTF-8 that is a terminal or not."""

    encoding = "utf-8"

    def __init__(self, tty: bool) -> None:
        super().__init__()
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


class TickingClock(ManualClock):
    """A second passes whenever somebody looks."""

    def now(self) -> float:
        self.seconds += 1.0
        return super().now()


def drawn(
    monkeypatch: pytest.MonkeyPatch,
    switches: Switches,
    *,
    tty: bool = True,
    seconds: float = 1.0,
    total: int | None = 100,
) -> list[str]:
    """What is drawn of ten advances of ten, so many seconds apart; the last line is what is left on the screen."""
    screen, clock = Screen(tty), ManualClock()
    monkeypatch.setattr(sys, "stderr", screen)
    with (
        reporting(TerminalProgress(switches, clock=clock)),
        step("Scoring answers", total=total, unit="answers") as advance,
    ):
        for _ in range(10):
            clock.seconds += seconds
            advance(10)
    return screen.getvalue().split("\r\x1b[2K")[1:]


def test_rate_and_remaining_time_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the second second on; nothing is left of it at the end."""
    lines = drawn(monkeypatch, Switches())
    assert lines[0] == "Scoring answers  20 of 100 answers  20%  10.0/s  0 m 08 s left".replace("10.0", "10")
    assert lines[-2] == "Scoring answers  100 of 100 answers  100%  10/s"
    assert lines[-1] == ""
    assert len(lines) == 10


def test_without_a_total_there_is_no_end_to_foresee(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only how much, and how fast."""
    assert drawn(monkeypatch, Switches(), total=None)[0] == "Scoring answers  20 answers  10/s"


@pytest.mark.parametrize(
    ("switches", "tty", "seconds"),
    [
        (Switches(quiet=True), True, 1.0),
        (Switches(json=True), True, 1.0),
        (Switches(), False, 1.0),
        (Switches(), True, 0.1),
    ],
)
def test_nobody_is_told_who_did_not_ask(
    monkeypatch: pytest.MonkeyPatch, switches: Switches, tty: bool, seconds: float
) -> None:
    """Under --quiet and --json, without a terminal, and where all is done within two seconds."""
    assert drawn(monkeypatch, switches, tty=tty, seconds=seconds) == []


def test_the_inner_step_is_drawn_and_the_outer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedding within scoring: the line is of what is under way."""
    screen, clock = Screen(True), ManualClock()
    monkeypatch.setattr(sys, "stderr", screen)
    with reporting(TerminalProgress(Switches(), clock=clock)):
        for _ in counted(range(2), "Outer", total=2, unit="parts"):
            with step("Inner", total=2_000_000, unit="bytes") as advance:
                clock.seconds += 4
                advance(1_000_000)
            clock.seconds += 1
    lines = screen.getvalue().split("\r\x1b[2K")[1:]
    assert [line.split("  ")[0] for line in lines] == ["Inner", "Outer", "Inner", "Outer", ""]
    assert lines[0] == "Inner  1.0 MB of 2.0 MB  50%  250.0 kB/s  0 m 04 s left"


def test_a_library_s_caller_hears_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody listens by default."""
    assert list(counted([1, 2], "Anything")) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_long_report_says_how_far_its_drawing_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of routes: a clock that goes a second on whenever it is read sees the pieces counted, then nothing."""
    screen = Screen(tty=True)
    monkeypatch.setattr(sys, "stderr", screen)
    with reporting(TerminalProgress(Switches(), clock=TickingClock())):
        page = render_html(fixtures.many_routes(), [])
    lines = screen.getvalue().split("\r\x1b[2K")[1:]
    assert lines[0].startswith("Drawing the report  ")
    assert "pieces" in lines[0]
    assert lines[-1] == ""
    assert page.rstrip().endswith("</html>")
