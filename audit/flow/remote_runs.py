"""Runs that are named by an address: `s3://bucket/june` is worked on as `runs/june`, and published at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from audit.core.errors import InputError
from audit.flow.places import RUNS
from audit.storage.address import address_of, is_remote
from audit.storage.working_copy import WorkingCopy, origin_of


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """A run in object storage, as this machine works on it.

    Attributes:
        publish: Publishes what has changed, for the last time; returns how many files that were. Raises InputError.
    """

    address: str
    folder: Path
    publish: Callable[[], int]


def opened(path: Path, *, claim: bool) -> RemoteRun | None:
    """The run that a path stands for, as it was published last; None for a folder that is no copy of one.

    Args:
        path: An address, or the folder of a working copy.
        claim: The run is made, or gone on with: no other command may work on it meanwhile. Otherwise an address where
            nothing was published is none: some commands take a log in place of a run.

    Raises:
        InputError: An address without a name, an unknown scheme, somebody else at work, or storage that refuses.
    """
    origin = origin_of(path)
    named = path if origin is None else Path(origin["address"])
    if not is_remote(named):
        return None
    address = address_of(named, "runs are kept in folders and in", "name a folder, and copy it where it is wanted")
    name = PurePosixPath(address.place).name
    if name == address.place:
        raise InputError(f"{address} names no run", code="storage.no-name", hint=f"{address}/NAME")
    copy = WorkingCopy(address, path if origin is not None else RUNS / name)
    if not (claim or origin is not None or copy.published()):
        return None
    copy.open()
    if claim:
        copy.claim()
    return RemoteRun(str(address), copy.folder, copy.close)
