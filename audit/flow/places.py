"""Where run folders and the store stand, and what all audits of a user on this machine share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.core.artifacts import RunFolder
from audit.core.settings import Settings

RUNS = Path("runs")
"""Folder of run folders that are not placed by hand."""
STORE = "store"


def store_folder(settings: Settings, folder: RunFolder | None = None) -> Path | None:
    """Folder of the store; None where nothing is kept.

    Args:
        folder: Of the run; None for a command without one. The store stands beside it, on the same disk and under the
            same rights, unless `store.path` places it.
    """
    if not settings.store.keep:
        return None
    if settings.store.path is not None:
        return settings.directory / settings.store.path
    return (RUNS if folder is None else folder.path.parent) / STORE


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
