"""Commands do without what they never use: pandas, a client that would update prices, and most searches for cycles.

Where pandas happens to be installed, pyarrow imports it for the first list that it makes an array of, to ask whether
the list is a series: a third of the processor time of a first look at a log, for a package that nothing here uses.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from types import FrameType, ModuleType
from typing import Any

READERS = frozenset({"mix", "ingest", "init", "demo"})
"""Commands that run no code of a user's, who may well use pandas."""

COLLECT_AT = (50_000, 10, 10)
"""Objects that are new, and collections before those of the older generations; Python's own are 700, 10 and 10."""

PRICE_CLIENT = "httpx2"
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


def collect_rarely() -> None:
    """Search for objects that hold each other less often, for the rest of the process.

    What a command imports and reads stays until its end, and at Python's own pace an eighth of the processor time of a
    replay went into looking through it again and again.
    """
    gc.set_threshold(*COLLECT_AT)


def defer_price_updates() -> None:
    """Load the HTTP client that `genai_prices` imports for its updates when something is first taken from it.

    Nothing here updates prices, so that is never. (`LazyLoader` of the standard library loads at the second import.)
    """
    if PRICE_CLIENT in sys.modules or find_spec(PRICE_CLIENT) is None:
        return
    stand_in = ModuleType(PRICE_CLIENT)

    def take(name: str) -> Any:
        if sys.modules.get(PRICE_CLIENT) is stand_in:
            del sys.modules[PRICE_CLIENT]
        return getattr(import_module(PRICE_CLIENT), name)

    vars(stand_in)["__getattr__"] = take
    sys.modules[PRICE_CLIENT] = stand_in


def spare_pandas(argv: Sequence[str]) -> None:
    """Do without pandas for the rest of the process, where the command is one that only reads."""
    command = next((word for word in argv if not word.startswith("-")), "")
    if command in READERS and "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NoPandas())
