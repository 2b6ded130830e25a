"""Help pages, and what they cost."""

import shlex
import subprocess
import sys

import pytest

from audit import __version__
from audit.cli.app import COMMANDS, command_line
from audit.cli.main import run
from tests.processor_time import TYPER, modules_loaded

NAMES = list(COMMANDS)
HEAVY = ("torch", "polars", "pyarrow", "httpx", "numpy", "sentence_transformers", "rich", "pydantic", "yaml", "jinja2")


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, usage, examples before flags, exit codes; every flag says what it does."""
    assert run([name, "--help"]) == 0
    page = capsys.readouterr().out
    parts = [page.index(part) for part in ("Usage: audit ", "EXAMPLES", "Everywhere:", "Exit codes:")]
    assert parts == sorted(parts)
    assert page.index("Usage") > 0
    assert f"audit {name}" in page[parts[1] : parts[2]]
    for param in command_line().commands[name].params:
        assert param.help, f"{name}: {param.name} has no help"


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_command_lines(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What an example shows is a command line that is read; a page cannot rot."""
    run([name, "--help"])
    page = capsys.readouterr().out
    lines = [line.strip() for line in page.splitlines() if line.startswith("    audit ")]
    assert lines
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        words = words[: next((i for i, word in enumerate(words) if word in (">", "|")), len(words))]
        command = command_line().commands[words[0]]
        command.make_context(words[0], words[1:], resilient_parsing=False, obj=None)


def test_the_main_page_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands stand in the order of use, each with its whole first sentence."""
    assert run(["--help"]) == 0
    page = capsys.readouterr().out
    places = [page.index(f"\n  {name} ") for name in NAMES]
    assert places == sorted(places)
    assert "..." not in page[places[0] : places[-1]]


def test_pages_fit_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """Flags wrap at 80 columns; examples are copied whole and may be longer."""
    for name in NAMES:
        run([name, "--help"])
        page = capsys.readouterr().out
        flags = page[page.index("Everywhere:") :]
        assert max(map(len, flags.splitlines())) <= 80


def test_global_flags_work_on_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    """`audit --json report RUN` and `audit report RUN --json` are the same."""
    run(["--json", "report", "no-such-run"])
    first = capsys.readouterr()
    run(["report", "no-such-run", "--json"])
    assert capsys.readouterr() == first
    assert first.out.startswith("{")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version goes to stdout, exit 0."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"audit {__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    """`audit --help` imports typer and little else; a command imports its work when it runs."""
    code = (
        "import sys\nfrom audit.cli.main import run\nassert run(['--help']) == 0\n"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_loads_little() -> None:
    """Not half as many modules again as typer alone."""
    assert modules_loaded(["-m", "audit", "--help"]) < 1.5 * modules_loaded(TYPER)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A script for each shell, which asks `audit` itself."""
    assert run(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert "_AUDIT_COMPLETE" in out
    assert "audit" in out


def test_completion_answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the script asks for is answered with commands."""
    monkeypatch.setenv("_AUDIT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "audit ga")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run([]) == 0
    assert capsys.readouterr().out.split() == ["gate"]
