"""Every help page as expected text, every command's error when it is given nothing it can use, and the manual page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from audit.cli.app import COMMANDS
from audit.cli.main import run
from tests.golden_file import assert_golden

GOLDEN = Path(__file__).parent / "golden"
NAMES = list(COMMANDS)
NEEDS_NOTHING = {"demo", "doctor", "man", "runs", "completion"}
WRONG = {name: [name, "absent"] for name in NAMES if name not in NEEDS_NOTHING} | {
    "completion": ["completion", "cmd.exe"],
    "diff": ["diff", "absent", "absent"],
    "runs": ["runs", "absent"],
    "tiers": ["tiers", "--config", "absent.yaml"],
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, 80 columns, no colour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["", *NAMES])
def test_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a user reads first is read by somebody here before it changes."""
    assert run([*name.split(), "--help"]) == 0
    assert_golden(GOLDEN / "help" / f"{name or 'audit'}.txt", capsys.readouterr().out)


@pytest.mark.parametrize("name", sorted(WRONG))
def test_errors(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not there: what, why, what to do."""
    code = run(WRONG[name])
    out, err = capsys.readouterr()
    assert_golden(GOLDEN / "errors" / f"{name}.txt", f"$ audit {' '.join(WRONG[name])}\n{out}{err}exit {code}\n")
    assert code in (0, 2)


def test_the_manual_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command and each of its flags is in it, and no line of text is read as a macro."""
    assert run(["man"]) == 0
    page = capsys.readouterr().out
    assert page.startswith(".TH AUDIT 1 ")
    macros = {line.split()[0] for line in page.splitlines() if line.startswith((".", "'"))}
    assert macros <= {".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".br"}
    for name in NAMES:
        assert f'.SS "audit {name}"' in page
        run([name, "--help"])
        for flag in set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}:
            assert flag.replace("-", "\\-") in page, (name, flag)


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_reads_it_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """All warnings on: an unknown escape or macro would be one."""
    run(["man"])
    page = capsys.readouterr().out
    done = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-z"], input=page, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
