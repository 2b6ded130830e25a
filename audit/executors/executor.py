"""The contract of an executor."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from audit.core.errors import AuditError
from audit.core.settings import ExecutorSettings


class Pool(Protocol):
    """Workers that were opened. They start when the first job is run."""

    @property
    def workers(self) -> int:
        """How many jobs are done at a time."""
        ...

    def run(self, jobs: Iterable[Any], *, work: str) -> Iterator[Any]:
        """Call the function named `work` on each job; results in the order of the jobs.

        A stream of jobs is read a few ahead of the results, so memory does not grow with it. An error of a job is
        raised as itself when its turn comes. A job whose worker was lost is run again, so a job must be pure, and may
        write only what it would write again.

        Args:
            jobs: Data that can be pickled, and so are the results.
            work: Written `package.module:function`; it is found by its name where the work is done.

        Raises:
            AuditError: Workers were lost again and again.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """One way to run many units of work.

    Attributes:
        name: In the catalog.
        summary: One sentence for the documentation.
        open: The workers that `executor:` of the settings asks for; they end with the context.
        addressed: Whether it takes `executor.address`.
        here: Whether all its workers are processes of this machine.
    """

    name: str
    summary: str
    open: Callable[[ExecutorSettings], AbstractContextManager[Pool]]
    addressed: bool = False
    here: bool = False


class InProcess:
    """This process alone: for work that is too small to be handed out."""

    workers = 1

    def run(self, jobs: Iterable[Any], *, work: str) -> Iterator[Any]:
        """One job after another."""
        return map(find_work(work), jobs)


IN_PROCESS = InProcess()


def workers_lost(*, hint: str) -> AuditError:
    """The error of work whose workers are lost again and again."""
    return AuditError(
        "processes that share the work died, and others that took it over died too",
        code="executor.workers-lost",
        notes=["often killed for their memory"],
        hint=hint,
    )


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
