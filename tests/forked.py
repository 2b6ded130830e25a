"""Processes of the tests that begin where others are only after a second of imports.

The first one starts a server that imports what most of them need; every process is forked from it. It can be stopped,
signalled and killed as any other, and loses what a killed process loses. A command that people type is not run so: its
start is part of what is tested.
"""

from __future__ import annotations

import importlib
import io
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection

PRELOADED = ("tests.server", "tests.replay.child", "tests.replay.batch_child")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(list(PRELOADED))


class Child:
    """A process that runs `main(*arguments)` of a module, with what `subprocess.Popen` offers of it.

    Attributes:
        stdout: What it writes there, as text.
        stderr: Likewise.
    """

    def __init__(self, module: str, *arguments: object, environment: Mapping[str, str] | None = None) -> None:
        """Start it.

        Args:
            module: Has `main`, whose result is the exit code.
            arguments: Its arguments, as text.
            environment: Of the process; None for that of this one.
        """
        (out, theirs_out), (err, theirs_err) = _CONTEXT.Pipe(duplex=False), _CONTEXT.Pipe(duplex=False)
        own = dict(os.environ if environment is None else environment)
        texts = [str(argument) for argument in arguments]
        self._process = _CONTEXT.Process(target=_run, args=(module, texts, own, theirs_out, theirs_err), daemon=True)
        self._process.start()
        for theirs in (theirs_out, theirs_err):
            theirs.close()
        self.stdout, self.stderr = _text(out), _text(err)

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, the number of the signal that ended it below zero, or None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same, as `subprocess.Popen` has it."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal it, where it still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as the system does."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; what it wrote that nobody has read yet, of which a pipe must be able to hold stderr.

        Raises:
            subprocess.TimeoutExpired: It has not ended in so many seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        texts = self.stdout.read(), self.stderr.read()
        self.close()
        return texts

    def close(self) -> None:
        """Give back what it used; after its end."""
        self.stdout.close()
        self.stderr.close()


def _text(end: Connection) -> io.TextIOWrapper:
    """The reading end of a pipe as a text file."""
    descriptor = os.dup(end.fileno())
    end.close()
    return os.fdopen(descriptor, encoding="utf-8", errors="replace")


def _run(module: str, arguments: list[str], environment: dict[str, str], out: Connection, err: Connection) -> None:
    """What the process does."""
    for end, number in ((out, 1), (err, 2)):
        os.dup2(end.fileno(), number)
        end.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(importlib.import_module(module).main(*arguments))
