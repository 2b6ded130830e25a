"""What a shell is offered for an argument, and what that costs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_findings
from audit.gate import FORMATS
from audit.policy.exports import EXPORTERS
from tests.gate.world import example
from tests.processor_time import TYPER, modules_loaded

HEAVY = ("torch", "polars", "pyarrow", "httpx", "numpy", "yaml", "jinja2")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with two runs, one that never came to findings, and a file in the place of findings."""
    monkeypatch.chdir(tmp_path)
    for name in ("runs/7f3a", "archive/2c41"):
        write_findings(RunFolder(name).create().findings, example())
    RunFolder("runs/unfinished").create()
    Path("runs/broken").mkdir()
    Path("runs/broken/findings.json").write_text("[")


def offered(words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The answer to bash, whose cursor stands at the end of these words."""
    monkeypatch.setenv("_AUDIT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    assert run([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.split()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("audit report ", ["archive/", "runs/", "runs/7f3a", "runs/broken"]),
        ("audit gate runs/7", ["runs/7f3a"]),
        ("audit gate archive/", ["archive/2c41"]),
        ("audit gate runs/7f3a --baseline ar", ["archive/"]),
        ("audit show nowhere/", []),
        ("audit policy runs/7f3a --route doc", ["doc-extract"]),
        ("audit policy runs/broken --route doc", []),
        ("audit policy runs/none --route doc", []),
        ("audit plan logs --route chat", ["chat-assist"]),
        ("audit gate runs/7f3a --format ", list(FORMATS)),
        ("audit policy runs/7f3a --to ", list(EXPORTERS.names)),
        ("audit report runs/7f3a --format f", ["focus"]),
    ],
)
def test_candidates(
    words: str, answer: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run folders, their routes, formats and targets; nothing where there is nothing, and never an error."""
    assert sorted(offered(words, monkeypatch, capsys)) == sorted(answer)


def test_a_route_is_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Names are a stranger's; an escape sequence among them does not reach the terminal."""
    Path("runs/7f3a/findings.json").write_text(json.dumps({"routes": [{"route": "a\x1b[2J\nb"}]}))
    monkeypatch.setenv("_AUDIT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "audit policy runs/7f3a --route ")
    monkeypatch.setenv("COMP_CWORD", "4")
    run([])
    assert "\x1b" not in capsys.readouterr().out


def test_it_loads_little_and_nothing_heavy() -> None:
    """Not twice as many modules as typer alone."""
    environment = {
        **os.environ,
        "_AUDIT_COMPLETE": "complete_bash",
        "COMP_WORDS": "audit policy runs/7f3a --route ",
        "COMP_CWORD": "4",
    }
    ours, bare = modules_loaded(["-m", "audit"], environment), modules_loaded(TYPER, environment)
    assert bare < ours < 2 * bare
    code = f"import sys\nfrom audit.cli.main import run\nrun([])\nprint([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
