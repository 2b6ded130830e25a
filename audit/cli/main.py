"""The one place that prints errors and picks exit codes.

0 done or pass, 1 gate failed, 2 could not run, 3 inconclusive, 4 incomplete, 130 and 143 interrupted. Python's own 1
for an uncaught exception and click's 1 for an abort would read as "gate failed", so both are mapped here.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from audit.cli.app import command_line
from audit.cli.lean import collect_rarely, defer_price_updates, give_memory_back, spare_pandas
from audit.cli.problems import error_document, error_lines
from audit.cli.progress import TerminalProgress
from audit.cli.remote_runs import NotPublished
from audit.cli.switches import Switches
from audit.cli.terminal import Terminal, is_ascii
from audit.core.display import ascii_only
from audit.core.errors import AuditError, Interrupted
from audit.core.progress import reporting

SIGINT_CODE, SIGTERM_CODE = 130, 143
KEPT = "run the same command again: logs that were read and answers that were paid for are kept"


class UsageError(AuditError):
    """The command line cannot be read."""

    default_code = "usage"


class Bug(AuditError):
    """An exception that nobody expected. Its own message may quote a prompt, so it is not shown."""

    default_code = "bug"


def main() -> None:
    """Run `audit` on the process's arguments and exit."""
    # Worker processes read the main file again to find what is defined there. Nothing of ours is, and the scripts that
    # installers write run `main` whenever they are read: a worker would start the whole command anew. Taken away rather
    # than set to None, which Ray would take for a name.
    vars(sys.modules["__main__"]).pop("__file__", None)
    give_memory_back()
    collect_rarely()
    spare_pandas(sys.argv[1:])
    defer_price_updates()
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str], program: Callable[[], Any] = command_line) -> int:
    """Run a program and return its exit code; errors are printed.

    Args:
        argv: Without the program's name.
        program: Makes the click command.
    """
    # The matrices here are small: OpenBLAS's threads spin longer than they work. Set before numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    switches = Switches(json="--json" in argv, debug="--debug" in argv)
    for stream in (sys.stdout, sys.stderr):
        # A name that the encoding lacks is drawn as an escape; it must not end the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with _terminated(), reporting(TerminalProgress(switches)):
            return _flushed(_invoke(program(), argv, switches))
    except AuditError as error:
        return _report(error, switches)
    except KeyboardInterrupt:
        return _report(Interrupted(hint=KEPT), switches)
    except OSError as error:
        return _report(_machine(error) or _damaged(error, argv) or _bug(error), switches)
    except ModuleNotFoundError as error:
        return _report(_foreign_system(error) or _bug(error), switches)
    except Exception as error:
        return _report(_damaged(error, argv) or _bug(error), switches)


def _foreign_system(error: ModuleNotFoundError) -> AuditError | None:
    """A part of Python's own library that is there on POSIX systems alone: what locks a journal."""
    if error.name != "fcntl":
        return None
    return AuditError(
        "this command needs Linux or macOS: what it writes is locked as POSIX systems do",
        code="machine.system",
        notes=["nothing was sent, $0.00 spent"],
        hint="on Windows run audit under WSL, or in the container that Containerfile builds",
    )


def _machine(error: OSError) -> AuditError | None:
    """What this machine refuses, and no code could mend: a full disk, a folder that may not be written."""
    if error.errno not in _REFUSED:
        return None
    where = f" {error.filename}" if isinstance(error.filename, str) else ""
    return AuditError(
        f"cannot write{where}: {_REFUSED[error.errno]}",
        code="machine.refused",
        hint="make room or change the permission, then run the same command again: what is done is kept",
    )


def _damaged(error: Exception, argv: Sequence[str]) -> AuditError | None:
    """A table of a run folder on the command line that cannot be read any more; None where they all can be."""
    of_tables = type(error).__module__.partition(".")[0] in ("polars", "pyarrow")
    if not (of_tables or (isinstance(error, OSError) and error.errno is None)):
        return None
    from audit.core.artifacts import damaged_tables

    found = [path for word in argv for path in damaged_tables(Path(word.partition("=")[2] or word))]
    if not found:
        return None
    return AuditError(
        f"{found[0]} is damaged: it cannot be read as Parquet",
        code="run.damaged",
        notes=[f"so is {path}" for path in found[1:]],
        hint="delete it and run the command that made this run again: what was paid for is in the journal, and is kept",
    )


_REFUSED = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "a file may not become so large here",
    errno.EROFS: "it is on a disk that is read-only",
    errno.EACCES: "the permission is missing",
    errno.EPERM: "the permission is missing",
}


def _invoke(command: Any, argv: Sequence[str], switches: Switches) -> int:
    try:
        code = command.main(list(argv), prog_name="audit", standalone_mode=False, obj=switches)
    except typer.TyperException as error:
        raise _usage(error) from None
    except typer.Abort:
        raise Interrupted(hint=KEPT) from None
    except SystemExit as stop:  # completion scripts, and a pipe that closed under the help page
        closed = isinstance(stop.__context__, BrokenPipeError)
        code = 0 if closed or not stop.code else 2
    if code == SIGINT_CODE:  # typer's translation of KeyboardInterrupt
        raise Interrupted(hint=KEPT)
    return code if isinstance(code, int) else 0


def _usage(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "audit"
    what = _worded(" ".join(error.format_message().split()).rstrip("."))
    option = getattr(error, "param", None)
    about = " ".join((getattr(option, "help", None) or "").split())
    notes = [f"{option.opts[0]} {option.metavar or ''}".strip() + f": {about}"] if option is not None and about else []
    return UsageError(what[:1].lower() + what[1:], notes=notes, hint=f"{path} --help")


_OF_LIBRARY = (
    (r"Input should be a valid integer\b.*", "it has to be a whole number"),
    (r"Input should be a valid number\b.*", "it has to be a number"),
    (r"Input should be greater than or equal to (\S+)", r"it has to be at least \1"),
    (r"Input should be less than or equal to (\S+)", r"it has to be at most \1"),
    (r"Input should be\b", "it has to be"),
    (r"Value error, ", ""),
)
"""How the library that reads options says what is wrong with a value, and how we do."""


def _worded(what: str) -> str:
    for theirs, ours in _OF_LIBRARY:
        what = re.sub(theirs, ours, what)
    return what


def _bug(error: Exception) -> Bug:
    ours = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(ours)]
    where = f" at audit/{Path(frames[-1].filename).relative_to(ours)}:{frames[-1].lineno}" if frames else ""
    bug = Bug(
        f"this is a bug in `audit`: {type(error).__name__}{where}",
        notes=["the exception's own message may quote a log, so it is left out here"],
        hint="run the same command with --debug for the traceback, and report it",
    )
    bug.__cause__ = error
    return bug


def _report(error: AuditError, switches: Switches) -> int:
    """Print an error where it belongs, and return its exit code."""
    if switches.debug:
        traceback.print_exception(error)
    # What could not be published has printed its result: a second document would make the first one unreadable.
    if switches.json and not isinstance(error, NotPublished):
        Terminal(switches).document(error_document(error))
        return _flushed(error.exit_code)
    colors = switches.colors(sys.stderr)
    styles = {"error": {"fg": "red", "bold": True}, "help": {"fg": "cyan"}}
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else None

    def paint(text: str, style: str) -> str:
        return typer.style(text, **styles[style]) if colors else text  # type: ignore[arg-type]

    lines = error_lines(error, width=width, paint=paint)
    with contextlib.suppress(BrokenPipeError):
        for line in lines:
            print(ascii_only(line) if is_ascii(sys.stderr) and not colors else line, file=sys.stderr)
    return error.exit_code


def _flushed(code: int) -> int:
    """Flush stdout here: the interpreter would turn a closed pipe at its end into exit code 120."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


@contextlib.contextmanager
def _terminated() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that what is done is saved and connections are closed."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted("terminated", exit_code=SIGTERM_CODE, hint=KEPT)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
