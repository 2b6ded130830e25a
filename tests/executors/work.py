"""Functions that the executors' tests name."""

import os
import signal
import time
from pathlib import Path

from audit.core.errors import MissingKey
from audit.core.pandas_spared import pandas_refused


def square(number: int) -> int:
    """Pure."""
    return number * number


def slow_first(number: int) -> int:
    """The first job takes longest."""
    time.sleep(0.2 if number == 0 else 0)
    return number


def process(number: int) -> int:
    """Where the work is done; long enough that one process alone does not do it all."""
    time.sleep(0.05)
    return os.getpid()


def without_pandas(number: int) -> bool:
    """Whether the process where the work is done does without pandas."""
    return pandas_refused()


def refuse_three(number: int) -> int:
    """One job fails."""
    if number == 3:
        raise ValueError("three")
    return number


def lack_a_key(number: int) -> int:
    """A job fails with an error that is not made from its sentence."""
    raise MissingKey("SOME_KEY", "small")


def die_at_first(mark: Path) -> None:
    """The process that comes here first dies; never the one that `mark` names, which hands the work out."""
    if os.getpid() == int(mark.read_text("utf-8")):
        return
    try:
        mark.with_suffix(".died").touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(job: tuple[int, Path]) -> int:
    """The first process to take a job dies with it."""
    number, mark = job
    die_at_first(mark)
    return number


def die(job: tuple[int, int]) -> int:
    """Every process that takes the third job dies with it."""
    number, parent = job
    if number == 3 and os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


NOT_A_FUNCTION = 7
