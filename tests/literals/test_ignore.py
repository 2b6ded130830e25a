"""`.gitignore` syntax."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from audit.literals.ignore import is_ignored, rule

CASES = [json.loads(line) for line in Path(__file__).with_name("ignore.jsonl").read_text("utf-8").splitlines()]


def case_id(case: dict[str, Any]) -> str:
    """The case as people write it."""
    return f"{' '.join(case['rules'])} on {case['path']}"


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_rules(case: dict[str, Any]) -> None:
    """A path is ignored when the last rule about it says so."""
    rules = [made for line in case["rules"] if (made := rule(line, "/repo/"))]
    assert is_ignored(f"/repo/{case['path']}", rules, folder=case.get("folder", False)) is case["ignored"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_the_cases_are_what_git_does(case: dict[str, Any], tmp_path: Path) -> None:
    """Git itself decides every case in the same way."""
    (tmp_path / ".gitignore").write_text("\n".join(case["rules"]) + "\n")
    path = tmp_path / case["path"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if case.get("folder") else path.touch()
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    asked = subprocess.run(["git", "-C", str(tmp_path), "check-ignore", "-q", "--no-index", case["path"]], check=False)
    assert (asked.returncode == 0) is case["ignored"]
