"""Ways to run many units of work. A job is data plus the dotted name of a function, never a closure."""

from contextlib import AbstractContextManager

from audit.core.catalog import Catalog
from audit.core.settings import ExecutorSettings
from audit.executors.executor import IN_PROCESS, Executor, Pool

__all__ = ["EXECUTORS", "IN_PROCESS", "Executor", "Pool", "open_pool"]

EXECUTORS: Catalog[Executor] = Catalog(
    kind="executor",
    group="audit.executors",
    package=__name__,
    constant="EXECUTOR",
    names=("local", "ray"),
    expects=Executor,
)


def open_pool(settings: ExecutorSettings) -> AbstractContextManager[Pool]:
    """The workers that the settings ask for, of the executor that they name."""
    return EXECUTORS.get(settings.name).open(settings)
