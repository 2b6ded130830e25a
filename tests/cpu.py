"""`python -m pytest -p tests.cpu`: what the tests cost in processor time, by room and by file, at the end of a run.

Time of the clock says little on a machine that others use too; processor time, with that of the processes that tests
start and wait for, says what a change has saved.
"""

from __future__ import annotations

import os
import resource
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FILES = 25
"""Files in the list of the most expensive."""

COLLECTION, FORKED = "(start and collection)", "(processes of tests.forked)"


def _seconds() -> float:
    """Processor time of this process and of all that it has waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


def _seconds_of_descendants() -> float:
    """Processor time of the processes that this one has started and that still run, with all that they waited for.

    Special cases:
        0 where the system has no `/proc`.
    """
    total, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    waiting = [os.getpid()]
    while waiting:
        for tasks in Path("/proc").glob(f"{waiting.pop()}/task/*/children"):
            for child in tasks.read_text().split():
                waiting.append(int(child))
                # Behind the name, which stands in brackets and may hold anything: user, system, and both of children.
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, fields[11:15])) / ticks
    return total


class Cost:
    """Adds up what each file costs; a worker of a parallel run hands its sums to the run's own process."""

    def __init__(self) -> None:
        self.files: dict[str, float] = defaultdict(float)
        self.started = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """One test with its fixtures."""
        before = _seconds()
        try:
            return (yield)
        finally:
            self.files[item.location[0]] += _seconds() - before

    def pytest_collection_finish(self) -> None:
        """Importing and collecting are paid once a process."""
        self.started = _seconds()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Of a worker: hand the sums over."""
        if (output := getattr(session.config, "workeroutput", None)) is not None:
            output["cpu"] = {**self.files, COLLECTION: self.started, FORKED: _seconds_of_descendants()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Of the run's own process: take a worker's sums."""
        for file, seconds in getattr(node, "workeroutput", {}).get("cpu", {}).items():
            self.files[file] += seconds

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The tables."""
        files = {**self.files}
        files.setdefault(COLLECTION, self.started)
        files.setdefault(FORKED, _seconds_of_descendants())
        rooms: dict[str, float] = defaultdict(float)
        for file, seconds in files.items():
            parts = file.split("/")
            rooms[parts[1] if len(parts) > 2 else parts[-1]] += seconds
        for title, table, most in (("room", rooms, len(rooms)), ("file", files, FILES)):
            terminalreporter.section(f"processor seconds by {title}")
            for name, seconds in sorted(table.items(), key=lambda entry: -entry[1])[:most]:
                terminalreporter.line(f"{seconds:8.1f}  {name}")
        terminalreporter.line(f"{sum(files.values()):8.1f}  in all")


def pytest_configure(config: pytest.Config) -> None:
    """Count."""
    config.pluginmanager.register(Cost(), "cpu-cost")
