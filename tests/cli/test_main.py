"""The one place that prints errors and picks exit codes."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from audit.cli.main import run
from audit.core import errors
from audit.core.errors import AuditError, ConfigError, Place

PROMPT = "the customer's secret prompt"


def program(problem: BaseException) -> object:
    """A command line whose one command ends in this."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

    @app.callback()
    def everywhere() -> None:
        """Nothing."""

    @app.command()
    def work(json: bool = False, debug: bool = False) -> None:
        """Fail."""
        raise problem

    return typer.main.get_command(app)


ERRORS = {
    "AuditError": (AuditError("x"), 2),
    "ConfigError": (ConfigError("x", problems=[AuditError("y"), AuditError("z")]), 2),
    "InputError": (errors.InputError("x"), 2),
    "UnknownName": (errors.UnknownName.among("tier", "smal", ["small"]), 2),
    "MissingPackage": (errors.MissingPackage("ray", extra="ray"), 2),
    "MissingKey": (errors.MissingKey("KEY", "small"), 2),
    "LineageError": (errors.LineageError("x"), 2),
    "PlanStale": (errors.PlanStale("x"), 2),
    "PriceUnknown": (errors.PriceUnknown("x"), 2),
    "ConsentRequired": (errors.ConsentRequired("x"), 2),
    "EndpointError": (errors.EndpointError("x", status=401), 2),
    "TransientError": (errors.TransientError("x"), 2),
    "TerminalError": (errors.TerminalError("x"), 2),
    "Incomplete": (errors.Incomplete("x"), 4),
    "Interrupted": (errors.Interrupted(), 130),
    "Terminated": (errors.Interrupted(exit_code=143), 143),
    "KeyboardInterrupt": (KeyboardInterrupt(), 130),
    "Abort": (typer.Abort(), 130),
    "Exit": (typer.Exit(3), 3),
    "ValueError": (ValueError(PROMPT), 2),
    "RecursionError": (RecursionError(PROMPT), 2),
    "MemoryError": (MemoryError(), 2),
    "OSError": (OSError(28, PROMPT), 2),
    "AssertionError": (AssertionError(PROMPT), 2),
}


@pytest.mark.parametrize("name", ERRORS)
def test_exit_code(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every class of error has its exit code, is printed on stderr without a traceback, and none exits 1."""
    problem, code = ERRORS[name]
    assert run(["work"], lambda: program(problem)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert PROMPT not in err
    assert (err == "") is (name == "Exit")


def test_every_error_class_is_in_the_table() -> None:
    """A new error class gets an exit code here."""
    tree, found = [AuditError], set()
    while tree:
        found.add(kind := tree.pop())
        tree += [sub for sub in kind.__subclasses__() if sub.__module__ == "audit.core.errors"]
    assert {kind.__name__ for kind in found} <= set(ERRORS)


@pytest.mark.parametrize("name", sorted(set(ERRORS) - {"Exit"}))
def test_json_errors(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json an error is one document on stdout, and nothing is on stderr."""
    problem, code = ERRORS[name]
    assert run(["work", "--json"], lambda: program(problem)) == code
    out, err = capsys.readouterr()
    document = json.loads(out)["error"]
    assert err == ""
    assert document["exit_code"] == code
    assert {"code", "message", "hint", "notes", "place"} <= document.keys()
    assert PROMPT not in out


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_what_the_machine_refuses_is_no_bug(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A full disk is said as such, with what to do; exit code 2."""
    assert run(["work"], lambda: program(OSError(number, "x", "/runs/1/journal.jsonl"))) == 2
    err = capsys.readouterr().err
    assert err.startswith("error[machine.refused]: cannot write /runs/1/journal.jsonl: ")
    assert "run the same command again" in err


def test_a_system_without_posix_locks_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    """On Windows a replay says what to do; any other module that is missing is a bug."""
    assert run(["work"], lambda: program(ModuleNotFoundError(PROMPT, name="fcntl"))) == 2
    assert capsys.readouterr().err.startswith("error[machine.system]: this command needs Linux or macOS")
    assert run(["work"], lambda: program(ModuleNotFoundError(PROMPT, name="fcntl_of_ours"))) == 2
    assert capsys.readouterr().err.startswith("error[bug]: ")


def test_a_bug_says_where_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """The message of an unexpected exception may quote a log, so only its kind is told."""
    run(["work"], lambda: program(ValueError(PROMPT)))
    err = capsys.readouterr().err
    assert err.startswith("error[bug]: this is a bug in `audit`: ValueError at audit/cli/main.py:")
    assert "--debug" in err


def test_debug_prints_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Who asks for it gets it, with the cause."""
    run(["work", "--debug"], lambda: program(ValueError("cause")))
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "ValueError: cause" in err


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["gat"], "no such command 'gat'"),
        (["mix"], "missing argument 'LOGS...'"),
        (["mix", "x", "--frob"], "no such option: --frob"),
        (["mix", "x", "--by", "moon"], "'moon' is not one of"),
        (["plan", "x", "--seed", "many"], "invalid value for '--seed'"),
        (["--color", "sometimes"], "'sometimes' is not one of"),
        (["--quiet"], "missing command"),
    ],
)
def test_usage(argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be read as a command line exits 2, and names the help page."""
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error[usage]: ")
    assert says in err
    assert "--help" in err
    assert run([*argv, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


def test_alone_it_prints_its_help_page(capsys: pytest.CaptureFixture[str]) -> None:
    """Who types `audit` wants to know what there is."""
    assert run([]) == 0
    bare = capsys.readouterr()
    assert run(["--help"]) == 0
    assert bare == capsys.readouterr()
    assert "Commands:" in bare.out


def test_the_caret_stands_under_wide_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """Chinese characters take two columns each."""
    place = Place(file="audit.yaml", line=14, column=5, excerpt="路由: chat", width=4)
    run(["work"], lambda: program(AuditError("no route", place=place, notes=["a note"], hint="a hint")))
    assert capsys.readouterr().err.splitlines() == [
        "error[error]: no route",
        "  --> audit.yaml:14:5",
        "   |",
        "14 | 路由: chat",
        "   |       ^^^^",
        "    = note: a note",
        "    = help: a hint",
    ]


def test_strangers_text_is_stripped(capsys: pytest.CaptureFixture[str]) -> None:
    """An escape sequence in a name does not reach the terminal."""
    run(["work"], lambda: program(AuditError("no tier \x1b]0;title\x07\x1b[2J\u202eevil", notes=["a\nb"])))
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\u202e" not in err
    assert "a b" in err


@pytest.mark.parametrize(
    ("flags", "environment", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        ([], {"FORCE_COLOR": "1", "AUDIT_COLOR": "never"}, False),
    ],
)
def test_color(
    flags: list[str],
    environment: dict[str, str],
    colored: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The flag goes before NO_COLOR, that before FORCE_COLOR, that before whether it is a terminal."""
    for name in ("NO_COLOR", "FORCE_COLOR", "AUDIT_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    run([*flags, "report", "no-such-run"])
    assert ("\x1b[" in capsys.readouterr().err) is colored


def audit(*argv: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "audit", *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_a_terminal_without_utf8_gets_ascii(tmp_path: Path) -> None:
    """Signs that the encoding lacks are replaced or escaped; nothing ends in an encoding error."""
    done = audit("report", str(tmp_path / "café"), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2
    assert done.stderr.isascii()
    assert "caf\\xe9" in done.stderr


def test_a_closed_pipe_is_no_error() -> None:
    """`audit init --schema | head -1` prints no traceback, and does not exit as if a gate had failed."""
    with subprocess.Popen(
        [sys.executable, "-m", "audit", "init", "--schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals(number: signal.Signals, code: int) -> None:
    """Stopped from outside, the exit code says by what, without a traceback."""
    script = (
        "import sys, time, typer\n"
        "from audit.cli.main import run\n"
        "app = typer.Typer(add_completion=False)\n"
        "@app.callback()\n"
        "def all(): pass\n"
        "@app.command()\n"
        "def work():\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "sys.exit(run(['work'], lambda: typer.main.get_command(app)))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(30) == code
        assert b"Traceback" not in process.stderr.read()


def test_worker_processes_do_not_run_the_console_script_again(tmp_path: Path) -> None:
    """Installers write scripts that run whenever they are read, and a spawned worker reads the main file."""
    script = tmp_path / "audit-script"
    script.write_text(
        "import multiprocessing, sys\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from audit.cli import main\n"
        "def work(argv):\n"
        "    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:\n"
        "        print(pool.submit(abs, -3).result())\n"
        "    return 0\n"
        "main.run = work\n"
        "sys.exit(main.main())\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
