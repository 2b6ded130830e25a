"""A process does without pandas, where nobody who works in it asked for it.

Where pandas happens to be installed, pyarrow imports it for the first list that it makes an array of, to ask whether
the list is a series: a third of the processor time of a first look at a log, for a package that nothing here uses.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from types import FrameType

_OURS = ("audit.", "pyarrow.", "polars.")


class _NoPandas(MetaPathFinder):
    """Refuses pandas where pyarrow asks for it on our behalf; whoever imports it by its name gets it."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Nothing is found here; what is refused is as if it were not installed."""
        if fullname == "pandas" and _asker(sys._getframe(1)).startswith(_OURS):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def _asker(frame: FrameType | None) -> str:
    """The module whose code imports; compiled code has no frame, so that is who called it."""
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith("importlib"):
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__", ""))


def refuse_pandas() -> None:
    """Do without pandas for the rest of the process, unless it is there already."""
    if "pandas" not in sys.modules and not pandas_refused():
        sys.meta_path.insert(0, _NoPandas())


def pandas_refused() -> bool:
    """Whether this process does without pandas; what it starts can then do so too."""
    return any(isinstance(finder, _NoPandas) for finder in sys.meta_path)
