"""What commands work out of a log, worked out once: kept beside the store's reading of it, under everything else that
shapes it, the program included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from typing import TypeVar

from audit.core.artifacts import ERASED, TRAFFIC, RunFolder
from audit.core.fingerprint import fingerprint
from audit.core.settings import Settings
from audit.flow.places import store_folder
from audit.flow.reading import code_of
from audit.store.readings import ReadingStore
from audit.store.results import Results

LIBRARIES = ("jinja2", "numpy", "polars", "rapidfuzz", "regex", "scipy")
"""What figures are worked out with: of another version, the last digit may be another."""

T = TypeVar("T")


def results_of(folder: RunFolder, settings: Settings) -> Results:
    """The results beside the reading that a run's traffic is a copy of; none where nothing is kept."""
    facts, store = folder.facts(TRAFFIC), store_folder(settings, folder)
    if facts is None or store is None or facts.get("demo") or folder.facts(ERASED) is not None:
        return Results(None)
    return Results(ReadingStore(store).find(facts["made_from"]))


def once(
    results: Results,
    kind: str,
    made_from: Mapping[str, object],
    work: Callable[[], T],
    to_bytes: Callable[[T], bytes],
    from_bytes: Callable[[bytes], T],
) -> T:
    """What was kept, or else what the work comes to, which is kept.

    Args:
        results: Of a reading.
        kind: A word for people who look into the store.
        made_from: Everything beside the reading and the program that shapes the result, as JSON values.
        work: Works it out.
        to_bytes: What is kept of it.
        from_bytes: The same again.
    """
    key = {"made from": fingerprint(made_from), "program": program()}
    if (kept := results.find(kind, key)) is not None:
        return from_bytes(kept)
    done = work()
    results.keep(kind, key, to_bytes(done))
    return done


@cache
def program() -> str:
    """The code of this program, all of it, and the libraries that it counts with."""
    return fingerprint([code_of((".",)), *(f"{name} {version(name)}" for name in LIBRARIES)])
