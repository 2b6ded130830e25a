"""The contract of an executor."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol


class Run(Protocol):
    """Runs jobs."""

    def __call__(self, jobs: Iterable[Any], *, work: str, workers: int) -> Iterator[Any]:
        """Call the function named `work` on each job, at most `workers` at a time; results in the order of the jobs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """One way to run many units of work.

    Attributes:
        name: In the catalog.
        summary: One sentence for the documentation.
        run: `run(jobs, work="package.module:function", workers=n)`. Jobs and results are data that can be pickled, the
            function is found by its name where the work is done. An error of a job is raised when its turn comes.
    """

    name: str
    summary: str
    run: Run


def find_work(work: str) -> Callable[[Any], Any]:
    """The function with this dotted name, written `package.module:function`.

    Raises:
        ValueError: It is not such a name.
    """
    module, _, name = work.partition(":")
    if not module or not name.isidentifier():
        raise ValueError(f"not the name of a function: {work!r}")
    function = getattr(importlib.import_module(module), name)
    if not callable(function):
        raise ValueError(f"not the name of a function: {work!r}")
    return function  # type: ignore[no-any-return]


def do_work(work: str, job: Any) -> Any:
    """Find the function and call it; what an executor sends to its workers."""
    return find_work(work)(job)
