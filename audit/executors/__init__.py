"""Ways to run many units of work. A job is data plus the dotted name of a function, never a closure."""

from audit.core.catalog import Catalog
from audit.executors.executor import Executor

EXECUTORS: Catalog[Executor] = Catalog(
    kind="executor",
    group="audit.executors",
    package=__name__,
    constant="EXECUTOR",
    names=("local",),
    expects=Executor,
)
