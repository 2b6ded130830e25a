"""Functions that the executors' tests name."""

import os
import time


def square(number: int) -> int:
    """Pure."""
    return number * number


def slow_first(number: int) -> int:
    """The first job takes longest."""
    time.sleep(0.2 if number == 0 else 0)
    return number


def process(number: int) -> int:
    """Where the work is done."""
    return os.getpid()


def refuse_three(number: int) -> int:
    """One job fails."""
    if number == 3:
        raise ValueError("three")
    return number


NOT_A_FUNCTION = 7
