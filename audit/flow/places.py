"""Where run folders and the store stand, and what all audits of a user on this machine share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from audit.core.artifacts import RunFolder
from audit.core.fingerprint import digest
from audit.core.settings import Settings
from audit.storage.address import ObjectAddress, address_of, is_remote

RUNS = Path("runs")
"""Folder of run folders that are not placed by hand."""
STORE = "store"


def store_folder(settings: Settings, folder: RunFolder | None = None) -> Path | None:
    """Folder of the store; None where nothing is kept.

    Args:
        folder: Of the run; None for a command without one. The store stands beside it, on the same disk and under the
            same rights, unless `store.path` places it. Of a shared store this machine's copy stands there.

    Raises:
        InputError: `store.path` is an address of an unknown scheme.
    """
    if not settings.store.keep:
        return None
    beside = RUNS if folder is None else folder.path.parent
    if (address := store_address(settings)) is not None:
        return copy_of_store(address, beside)
    if settings.store.path is not None:
        return settings.directory / settings.store.path
    return beside / STORE


def store_address(settings: Settings) -> ObjectAddress | None:
    """Where the store is that this machine shares with others; None where it shares none.

    Raises:
        InputError: An address of an unknown scheme.
    """
    if not settings.store.keep or settings.store.path is None:
        return None
    return shared_address(Path(settings.store.path))


def shared_address(path: Path) -> ObjectAddress | None:
    """The address that the path of a store is; None for a folder.

    Raises:
        InputError: An address of an unknown scheme.
    """
    if not is_remote(path):
        return None
    return address_of(path, "stores are kept in folders and shared in", "name a folder, or use none:  --no-store")


def copy_of_store(address: ObjectAddress, beside: Path = RUNS) -> Path:
    """Folder of this machine's copy of a shared store: named by the address, so that two never mix."""
    return beside / f"{STORE}-{PurePosixPath(address.place).name}-{digest(str(address))[:8]}"


def limits_folder(environ: Mapping[str, str]) -> Path | None:
    """Folder where the user's audits, wherever they run, say what they use of a host's limits; None for a user without
    a home.
    """
    state = _state_folder(environ)
    return None if state is None else state / "limits"


def trusted_file(environ: Mapping[str, str]) -> Path | None:
    """File that names the code that the user lets run; None for a user without a home."""
    state = _state_folder(environ)
    return None if state is None else state / "trusted.json"


def _state_folder(environ: Mapping[str, str]) -> Path | None:
    """Source: XDG Base Directory Specification 0.8: state that is not worth moving to another machine."""
    home = environ.get("XDG_STATE_HOME", "")
    try:
        state = Path(home) if home.startswith("/") else Path.home() / ".local" / "state"
    except RuntimeError:  # a number that no list of users has, as in some containers
        return None
    return state / "audit"
