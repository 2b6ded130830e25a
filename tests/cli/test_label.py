"""`audit label` at a pseudo-terminal: from the first key to the summary, and on where it stopped."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import read_labels
from audit.core.labels import last_words
from tests.labelling.world import CONFIG, write_labelled_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

SHOWN = "[q] quit"


@pytest.fixture
def argv(tmp_path: Path) -> list[str]:
    """Arguments for a small run, with a configuration that names the file of labels."""
    folder = write_labelled_run(tmp_path / "run", 40)
    (tmp_path / "audit.yaml").write_text(CONFIG)
    return ["label", str(folder.path), "--config", str(tmp_path / "audit.yaml")]


def test_from_the_first_key_to_the_summary(argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words, an arrow that is none, undo, the conversation, and out; then a second person, who sees what stands."""
    from tests.cli.keyboard import Keyboard

    with Keyboard([*argv, "--as", "ada"]) as keys:
        first = keys.wait_for(SHOWN)
        assert "equals: {{incumbent.text}}" in first
        assert "0 of 16 pairs judged" in first
        keys.press("\x1b[A")
        keys.press("A")
        assert "1 of 16 pairs judged" in keys.wait_for(SHOWN)
        keys.press("sd")
        keys.wait_for(SHOWN)
        assert "3 of 16 pairs judged" in keys.wait_for(SHOWN)
        keys.press("u")
        assert "2 of 16 pairs judged" in keys.wait_for(SHOWN)
        keys.press("c")
        assert "system" in keys.wait_for(SHOWN)
        keys.press("q")
        assert "2 of 16 pairs judged" in keys.wait_for("audit score")
        assert keys.ended() == 0
    file = tmp_path / "labels.jsonl"
    assert len(last_words(read_labels(file))) == 4
    with Keyboard([*argv, "--as", "bob"]) as keys:
        keys.wait_for(SHOWN)
        keys.press("ssq")
        assert "ada and bob: the same word on" in keys.wait_for("audit score")
        assert keys.ended() == 0
    assert run([*argv, "--as", "ada", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["judged"], said["people"], said["used_by_config"]) == (2, {"ada": 4, "bob": 4}, True)
    assert said["agreements"][0]["answers"] == 4


def test_every_pair_judged_ends_it(argv: list[str], tmp_path: Path) -> None:
    """With a file of its own, the line that would make it count."""
    from tests.cli.keyboard import Keyboard

    with Keyboard([*argv, "--as", "ada", "--labels", str(tmp_path / "other.jsonl")]) as keys:
        keys.wait_for(SHOWN)
        keys.press("f" * 16)
        keys.wait_for("Every pair of this route is judged.")
        assert "labels: other.jsonl" in keys.wait_for("other.jsonl\n") + keys.wait_for("\n")
        assert keys.ended() == 0


def test_without_a_keyboard_it_says_what_to_do(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe, or a route that there is not, is exit code 2."""
    assert run([*argv, "--no-input"]) == 2
    assert "--browser" in capsys.readouterr().err
    assert run([*argv, "--route", "/absent"]) == 2
    assert "routes with answers: /support, /orders" in capsys.readouterr().err
