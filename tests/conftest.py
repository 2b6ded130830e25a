"""The order of the tests: those that take longest first, so that no process is left alone with one at the end."""

import os
import uuid
from pathlib import Path

import pytest

# The processes of one test run share the cores already, and the threads of their BLAS would only wait for each other.
# Set before numpy is imported, and inherited by the commands that tests start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from audit.cli.lean import collect_rarely
from audit.flow import places

collect_rarely()  # as the command does, before the tests are collected: a search looks through all of them

HERE = Path(__file__).parent
LONGEST = ("e2e/test_demo.py", "golden", "e2e", "browser", "policy", "llm", "replay")
"""Whole audits, pages in a browser, and what starts servers; files of one folder stay together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by the first place that a test's file is under; tests of other places keep their order behind them."""
    ranks = {path: _rank(path) for path in {item.path for item in items}}
    items.sort(key=lambda item: ranks[item.path])


def _rank(path: Path) -> int:
    return next((rank for rank, place in enumerate(LONGEST) if path.is_relative_to(HERE / place)), len(LONGEST))


@pytest.fixture(autouse=True)
def _no_store_of_others(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands without a run folder keep what they read where only this test finds it: no test rests on another."""
    base = tmp_path_factory.getbasetemp()
    name = uuid.uuid4().hex
    monkeypatch.setattr(places, "RUNS", base / "runs" / name)
    monkeypatch.setenv("XDG_STATE_HOME", str(base / "state" / name))  # commands that tests start have it too
