"""Commands do without what they never use: pandas, a client that would update prices, most searches for cycles, and
memory that is free."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from audit.core.pandas_spared import refuse_pandas

READERS = frozenset({"mix", "ingest", "init", "demo"})
"""Commands that run no code of a user's, who may well use pandas."""

COLLECT_AT = (50_000, 10, 10)
"""Objects that are new, and collections before those of the older generations; Python's own are 700, 10 and 10."""

GIVE_BACK = "dirty_decay_ms:100,muzzy_decay_ms:0"
"""To jemalloc, which polars allocates with: milliseconds until free pages go back. polars' own are 500, and never.

Source:
    https://jemalloc.net/jemalloc.3.html, `opt.dirty_decay_ms` and `opt.muzzy_decay_ms`.
"""

PRICE_CLIENT = "httpx2"


def collect_rarely() -> None:
    """Search for objects that hold each other less often, for the rest of the process.

    What a command imports and reads stays until its end, and at Python's own pace an eighth of the processor time of a
    replay went into looking through it again and again.
    """
    gc.set_threshold(*COLLECT_AT)


def give_memory_back() -> None:
    """Have polars give memory back to the system once it is free; to be called before polars is imported.

    At its own setting it keeps most of what it ever held, and a stage would stand beside what those before it needed.
    """
    os.environ.setdefault("_RJEM_MALLOC_CONF", GIVE_BACK)


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
    if command in READERS:
        refuse_pandas()
