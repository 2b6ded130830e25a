"""`audit`: replay production LLM traffic against cheaper tiers and report what was avoidable, with intervals.

In a notebook: `import audit; run = audit.open("runs/7f3a9c1e"); run.routes` (`audit guide notebook`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.notebook import FinishedRun

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(run: str | os.PathLike[str]) -> FinishedRun:  # noqa: A001  (as polars, PIL and zarr name theirs)
    """A finished run as polars frames.

    Args:
        run: The run folder.

    Raises:
        InputError: There is no run at this path, or it has not been concluded.
    """
    # Imported here: the command line imports this package too, and needs no frames to print its help.
    from audit.notebook import FinishedRun

    return FinishedRun(os.fspath(run))
