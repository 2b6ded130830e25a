"""The viewer on 50,000 cases: the first of them is there at once, and so is any other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from audit.view.app import application
from tests.view.asking import ask
from tests.view.big import ids, write_run

CASES = 50_000
MOST_S = 0.5
"""Of processor time, all threads together: a page on an idle machine is there sooner."""


@pytest.mark.slow
def test_the_first_of_50_000_cases_is_there_at_once(tmp_path: Path) -> None:
    """After the start: a case with its list, another one, a page far down, and a search through every text."""
    app = application(write_run(tmp_path, CASES))
    spent = {}
    for what, path in {
        "first case": f"/case?id={ids(77)}&of=small&route=%2Fsupport",
        "another, of those that differ": f"/case?id={ids(77)}&of=small&route=%2Fsupport&show=differ",
        "page 300 by cost": "/cases?page=300&sort=cost",
        "search": "/cases?text=order+4471",
    }.items():
        before = time.process_time()
        assert ask(app, path).status == 200
        spent[what] = time.process_time() - before
        print(f"{what}: {spent[what]:.2f} s of processor time")
    assert spent["first case"] < MOST_S
    assert spent["another, of those that differ"] < MOST_S
