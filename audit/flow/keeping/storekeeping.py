"""What `audit store` does, to a folder or to a store that machines share: there, and in this machine's copy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from audit.flow.keeping.sharing import shared_store
from audit.flow.places import shared_address
from audit.store import upkeep
from audit.store.upkeep import CheckedStore, Pruned, Stored


def contents(path: Path) -> Stored:
    """What a store holds; a copy is brought up to date first.

    Args:
        path: Its folder, or its address.

    Raises:
        InputError: There is none, or it cannot be read.
    """
    if (address := shared_address(path)) is None:
        return upkeep.contents(path)
    shared = shared_store(address)
    shared.take_in()
    return replace(upkeep.contents(shared.folder), shared=shared.facts())


def verify(path: Path) -> CheckedStore:
    """Whether a store is whole: all of it is read. Arguments and errors as of `contents`."""
    if (address := shared_address(path)) is None:
        return upkeep.verify(path)
    shared = shared_store(address)
    pieces = shared.verify()
    copied = CheckedStore(answers=0, readings=0, damaged=())
    if shared.folder.is_dir():
        copied = upkeep.verify(shared.folder)
    return replace(copied, shared=pieces)


def prune(path: Path, *, older_than_days: float | None = None, most_bytes: int | None = None) -> Pruned:
    """Delete by age and by size, as `upkeep.prune`; of a shared store here and there, either within the limits.

    Other arguments, and errors, as of `contents`.
    """
    if (address := shared_address(path)) is None:
        return upkeep.prune(path, older_than_days=older_than_days, most_bytes=most_bytes)
    shared = shared_store(address)
    pieces = shared.prune(older_than_days=older_than_days, most_bytes=most_bytes)
    return replace(upkeep.prune(shared.folder, older_than_days=older_than_days, most_bytes=most_bytes), shared=pieces)
