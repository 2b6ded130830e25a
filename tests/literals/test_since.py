"""What a branch changes, in a repository of its own: names added and taken out, and prompts of the log."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.literals.run import ScanOptions
from audit.literals.since import scan_since
from tests.e2e.tiny import record, write_answered

KNOWN = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")
PROMPT = "Answer with the sum of both numbers and nothing else."


def git(home: Path, *arguments: str) -> None:
    """In this repository, as nobody in particular."""
    who = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, "-C", str(home), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Main with two calls and a prompt; a branch that changes one of each, and main gone on since."""
    home = tmp_path / "repository"
    home.mkdir()
    git(home, "init", "-q")
    (home / "app.py").write_text(
        f'PROMPT = "{PROMPT}"\n\n\ndef ask(llm):\n'
        '    llm.create(model="gpt-4o-mini")\n    llm.create(model="gpt-4o")\n',
        "utf-8",
    )
    git(home, "add", ".")
    git(home, "commit", "-qm", "one")
    git(home, "checkout", "-qb", "branch")
    text = (home / "app.py").read_text("utf-8").replace('model="gpt-4o-mini"', 'model="claude-sonnet-4-5"')
    (home / "app.py").write_text(text.replace("both numbers", "the two numbers"), "utf-8")
    git(home, "commit", "-qam", "two")
    git(home, "checkout", "-q", "main")
    (home / "other.py").write_text('def f(llm):\n    llm.create(model="gpt-4o")\n', "utf-8")
    git(home, "add", ".")
    git(home, "commit", "-qm", "three")
    git(home, "checkout", "-q", "branch")
    return home


def test_only_what_the_branch_changed_is_told(repository: Path) -> None:
    """A name that was there is no hit; one that main got since is none either; files that git does not know are new."""
    (repository / "new.py").write_text('def g(llm):\n    llm.create(model="gpt-4o")\n', "utf-8")
    found = scan_since([repository], "main", KNOWN, None, ScanOptions(workers=1))
    assert [(Path(hit.file).name, hit.line, hit.model) for hit in found.scan.hits] == [
        ("app.py", 5, "claude-sonnet-4-5"),
        ("new.py", 2, "gpt-4o"),
    ]
    assert [(hit.file, hit.line, hit.model) for hit in found.removed] == [("app.py", 5, "gpt-4o-mini")]
    assert any(one.text.endswith(PROMPT) and one.line == 1 for one in found.texts)


def test_the_routes_whose_prompts_change_are_named(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the prompts of a run's log; with the dollars, and no word of a prompt."""
    logs = tmp_path / "logs"
    logs.mkdir()
    lines = [record(i, metadata={"route": "/add" if i % 2 else "/other"}) for i in range(12)]
    write_answered(logs, lines)
    for i, line in enumerate(lines):
        if i % 2:
            line["messages"] = [{"role": "system", "content": f"Be brief. {PROMPT}"}, *line["messages"]]
    (logs / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    monkeypatch.chdir(repository)
    config = tmp_path / "audit.yaml"
    config.write_text("ingest: {route: metadata.route}\n", "utf-8")
    folder = tmp_path / "run"
    assert run(["--quiet", "ingest", str(logs / "log.jsonl"), "--into", str(folder), "-c", str(config)]) == 0
    capsys.readouterr()
    from audit.core.artifacts import RunFolder
    from audit.flow.changed_prompts import changed_prompts

    texts = [one.text for one in scan_since([repository], "main", KNOWN, None, ScanOptions(workers=1)).texts]
    (change,) = changed_prompts(RunFolder(folder), [*(text.removeprefix('PROMPT = "') for text in texts)])
    assert (change.route, change.requests) == ("/add", 6)
    assert run(["scan", ".", "--since", "main"]) == 0
    out = capsys.readouterr().out
    assert "1 model name added, 1 taken out" in out
    assert "- app.py:5  gpt-4o-mini" in out
    assert "+ app.py:5  claude-sonnet-4-5" in out


@pytest.mark.parametrize("rev", ["nowhere", "--output=x", ""])
def test_a_revision_that_is_none_is_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rev: str
) -> None:
    """Exit 2 with git's words, and nothing that looks like an option is one."""
    monkeypatch.chdir(repository)
    assert run(["scan", ".", f"--since={rev}"]) == 2
    assert "error[scan.git]" in capsys.readouterr().err
    assert not (repository / "x").exists()
