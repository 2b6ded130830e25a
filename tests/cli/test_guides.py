"""The packaged guides: listed, readable in a terminal, and true of `audit.yaml`."""

import json
import re
from pathlib import Path

import pytest
import yaml

from audit.cli.commands.guide import FOLDER, TOPICS
from audit.cli.main import run
from audit.cli.plain_markdown import INDENT, plain
from audit.core.settings import Settings
from tests.documents import GUIDES, ROOT, blocks
from tests.golden_file import assert_golden

SETTINGS = [block for path in GUIDES for block in blocks(path, "yaml")]


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")


def test_every_text_is_listed_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in the folder is left out, and a line of the list fits."""
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(TOPICS)
    assert run(["guide"]) == 0
    listed = capsys.readouterr().out
    assert max(map(len, listed.splitlines())) <= 80
    assert_golden(Path(__file__).parent / "golden" / "guides.txt", listed)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_guide_is_plain_text(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    """80 columns but for what is copied whole, and no mark of Markdown outside of it."""
    assert run(["guide", topic]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "=" * len(lines[0])
    words = [line for line in lines if not line.startswith(INDENT)]
    assert max(map(len, words)) <= 80
    assert not [line for line in words if any(mark in line for mark in ("`", "**", "<!--", "# ", "| "))]


def test_json_has_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """The list, and one guide as it was written."""
    assert run(["guide", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["guides"]
    assert [entry["topic"] for entry in listed] == list(TOPICS)
    assert run(["guide", "method", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["title"] == next(entry["title"] for entry in listed if entry["topic"] == "method")
    assert document["markdown"] == (FOLDER / "method.md").read_text("utf-8")


def test_marks_are_left_out_and_blocks_are_kept() -> None:
    """The whole of what a guide is written in."""
    text = "# A `b`\n\n<!-- x -->\none **two**\n[three](there)\n\n- four\n  five\n- six\n\n```sh\na  `b`\n\nc\n```\n"
    shown = ["A b", "===", "", "one two three", "", "- four five", "- six", "", "    a  `b`", "", "    c"]
    assert plain(text, width=20) == shown


def test_cells_stand_under_each_other() -> None:
    """A table keeps its columns, long cells go on below, and the last column takes what is left."""
    text = "| you `change` | paid |\n| --- | --- |\n| a rubric, or the judge | the **verdicts** again |\n| x | - |\n"
    assert plain(text, width=30) == [
        "you change       paid",
        "---------------  -------------",
        "a rubric, or     the verdicts",
        "the judge        again",
        "x                -",
    ]


def test_the_action_takes_what_the_guide_gives_it() -> None:
    """Inputs of the step that calls the composite action."""
    jobs = [yaml.safe_load(block).get("jobs", {}) for block in blocks(FOLDER / "ci.md", "yml")]
    steps = [step for job in jobs for body in job.values() for step in body["steps"]]
    given = next(step for step in steps if "actions/gate" in step.get("uses", ""))
    folder = given["uses"].partition("OWNER/audit/")[2].partition("@")[0]
    action = yaml.safe_load((ROOT / folder / "action.yml").read_text("utf-8"))
    assert given["with"].keys() <= action["inputs"].keys()
    assert {name for name, told in action["inputs"].items() if told.get("required")} <= given["with"].keys()


def test_no_text_installs_somebody_elses_package() -> None:
    """On the public index `audit` is another project, and in a user's repository this one is not the checkout."""
    texts = [*FOLDER.glob("*.md"), *(ROOT / ".github/actions").rglob("*.md"), *(ROOT / "audit").rglob("*.py")]
    for path in texts:
        told = path.read_text("utf-8")
        assert not re.search(r"pip install '?audit\b", told.replace("pip install audit[...]", "")), path
    ci = (FOLDER / "ci.md").read_text("utf-8")
    assert "pip install ." not in ci
    assert "uses: ./" not in ci


@pytest.mark.parametrize("block", SETTINGS)
def test_settings_that_a_guide_shows_are_read(block: str) -> None:
    """Every YAML block is a part of an `audit.yaml`; an unknown key would be an error."""
    Settings.model_validate(yaml.safe_load(block))
