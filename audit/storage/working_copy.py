"""The copy of a run in object storage that this machine works on."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from audit.core.artifacts import ORIGIN, private_folder, write_atomic, write_json
from audit.core.errors import AuditError, InputError
from audit.storage.address import ObjectAddress
from audit.storage.shelf import Shelf
from audit.storage.shelf_index import NOTHING, ShelfIndex, ShelvedFile, damaged, document_of, index_of, is_plain

BUSY = "busy.json"
"""In object storage: who works on the run, and when that was last said."""
EVERY_S = 60.0
"""Seconds after which what a command has done so far is published."""
STALE_S = 5 * EVERY_S
"""Without a word for that long, whoever worked on the run has died."""
READABLE = frozenset({"report.html", "summary.md"})
"""Files that lie at the address under their own name too, for people who look there without this program."""
_INCOMING, _ARRIVED = ".incoming", ".arrived.json"
"""In the copy: files on their way to their place, and the index of which all of them have come."""
_TRIES = 5


Stamps = Mapping[str, tuple[int, int]]
"""By name of a file: its size in bytes, and the time of its last change in nanoseconds."""


class WorkingCopy:
    """A folder on this disk that stands for a run at an address; commands work on it as on any run folder.

    `open` makes it what was published last, and `publish` makes what is published this. Whoever changes neither side
    moves no byte.
    """

    def __init__(self, address: ObjectAddress, folder: Path) -> None:
        self.address = address
        self.folder = folder
        self._shelf = Shelf(address)
        self._base = NOTHING
        self._stamps: Stamps = {}
        self._stop = threading.Event()
        self._helper: threading.Thread | None = None

    def published(self) -> bool:
        """Whether anything was published at the address."""
        return self._shelf.index() != NOTHING

    def open(self) -> None:
        """Make the folder what was published last; what a command could not publish stays, and is published later.

        Raises:
            InputError: Another folder is in the way, both sides were changed, or the storage refuses.
        """
        self._read_origin()
        self._settle()
        for _ in range(_TRIES):
            index = self._shelf.index()
            if ORIGIN in index.files:
                raise damaged(self.address, "its index names a file that no run has")
            if index.version == self._base.version and all(map(self._has, index.files, index.files.values())):
                self._note(self._base, self._stamps)
                return
            if index.version != self._base.version and self._changed():
                raise InputError(
                    f"{self.address} was published by somebody else, and {self.folder} has work that was not published",
                    code="storage.conflict",
                    hint=f"keep one of them: move {self.folder} away, and it is made anew from what is published",
                )
            if self._fetched(index):
                self._settle()
                return
        raise InputError(
            f"{self.address} lacks a piece of what its index names, or is published again and again",
            code="storage.damaged",
            hint="run the command again; if it stays, publish it again from a whole copy",
        )

    def claim(self) -> None:
        """Say that this process works on the run, and go on to publish what it does, until `close`.

        Raises:
            InputError: Somebody else said so and has not finished.
        """
        data = self._shelf.get(BUSY)
        if data is not None:
            who = _owner(data)
            if who is not None and time.time() - who[1] < STALE_S:
                raise InputError(
                    f"{self.address} is worked on by another command, on {who[0]}",
                    code="storage.busy",
                    notes=["nothing was sent, $0.00 spent"],
                    hint=f"wait for its end; one that was killed is forgotten after {STALE_S / 60:.0f} minutes",
                )
        self._say_busy()
        self._helper = threading.Thread(target=self._go_on, name="publish", daemon=True)
        self._helper.start()

    def publish(self) -> int:
        """Publish what has changed; how many files that were.

        Raises:
            InputError: Somebody else published in the meantime, or the storage refuses. The folder keeps everything.
        """
        stamps = {}
        for name in self._names():
            with suppress(FileNotFoundError):  # deleted since it was listed
                stamps[name] = self._stamp(name)
        same = {n: f for n, f in self._base.files.items() if n in stamps and stamps[n] == self._stamps.get(n)}
        after = self._shelf.prepare(self.folder, stamps, self._base, same)
        changed = {name for name, _ in {*after.files.items()} ^ {*self._base.files.items()}}
        if changed:
            # Written first: whoever is killed between here and the end finds out by it whether it was published.
            self._write_origin(self._base, self._stamps, _state(after, stamps))
            self._shelf.publish(after, self._base)
            self._note(after, stamps)
        for name in READABLE & changed:
            if name in after.files:
                self._shelf.put(name, (self.folder / name).read_bytes())
            else:
                self._shelf.drop(name)
        return len(changed)

    def close(self) -> int:
        """Publish for the last time; how many files changed since the last. Raises as `publish`."""
        self._stop.set()
        if self._helper is not None:
            self._helper.join()
        try:
            return self.publish()
        finally:
            if self._helper is not None:
                self._shelf.drop(BUSY)

    def _go_on(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self.publish()
                self._say_busy()
            except (AuditError, OSError):  # whatever it is, the last one says it
                continue

    def _say_busy(self) -> None:
        word = {"host": socket.gethostname(), "at": time.time()}
        self._shelf.put(BUSY, json.dumps(word).encode())

    def _has(self, name: str, file: ShelvedFile) -> bool:
        """Whether the folder has a file of an index, be it with changes that were not published."""
        return self._base.files.get(name) == file and (self.folder / name).exists()

    def _fetched(self, index: ShelfIndex) -> bool:
        """Bring what the folder lacks beside it, and note that all is there; False where a piece has gone."""
        self._note(self._base, self._stamps)
        shutil.rmtree(self.folder / _INCOMING, ignore_errors=True)
        for name, file in index.files.items():
            if not self._has(name, file) and not self._shelf.fill(self.folder / _INCOMING, name, file):
                return False
        write_atomic(self.folder / _ARRIVED, document_of(index).encode())
        return True

    def _settle(self) -> None:
        """Move what has arrived to its place. A command that is killed meanwhile leaves it to the next one."""
        if not (self.folder / _ARRIVED).is_file():
            return
        index = index_of(self.address, (self.folder / _ARRIVED).read_bytes())
        for name in index.files:
            if (arrived := self.folder / _INCOMING / name).exists():
                private_folder((self.folder / name).parent)
                arrived.replace(self.folder / name)
        for name in self._base.files.keys() - index.files.keys():
            (self.folder / name).unlink(missing_ok=True)
        # What was here and was changed here keeps the stamp of what was published: it is still to be published.
        kept = {name for name, file in index.files.items() if self._has(name, file)}
        self._note(index, {name: self._stamps[name] if name in kept else self._stamp(name) for name in index.files})
        (self.folder / _ARRIVED).unlink()
        shutil.rmtree(self.folder / _INCOMING, ignore_errors=True)

    def _changed(self) -> bool:
        """Whether the folder has work in it that was not published."""
        names = set(self._names())
        return bool(names - self._base.files.keys()) or any(
            self._stamp(name) != self._stamps.get(name) for name in names & self._base.files.keys()
        )

    def _names(self) -> list[str]:
        """The files of the folder, without those that are only being written."""
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return [name for name in found if name != ORIGIN and is_plain(name)]

    def _stamp(self, name: str) -> tuple[int, int]:
        """Size in bytes, and time of the last change in nanoseconds."""
        facts = (self.folder / name).stat()
        return facts.st_size, facts.st_mtime_ns

    def _note(self, index: ShelfIndex, stamps: Stamps) -> None:
        """From now on the folder is taken to be a copy of this state."""
        self._base, self._stamps = index, {name: stamps[name] for name in index.files}
        self._write_origin(index, self._stamps)

    def _write_origin(self, index: ShelfIndex, stamps: Stamps, *more: dict[str, Any]) -> None:
        states = [_state(index, stamps), *more]
        private_folder(self.folder)
        write_json(self.folder / ORIGIN, {"address": str(self.address), "states": states})

    def _read_origin(self) -> None:
        origin = origin_of(self.folder)
        if origin is None and not self._names() and not self.folder.is_file():
            return
        if origin is None or origin["address"] != str(self.address):
            raise InputError(
                f"{self.folder} is there, and is no copy of {self.address}",
                code="storage.not-a-copy",
                hint="move it away, or work from another folder",
            )
        version = self._shelf.index().version if len(origin["states"]) > 1 else None
        state = next((one for one in origin["states"] if one["version"] == version), origin["states"][0])
        self._stamps = {name: (size, at) for name, (size, at, *_) in state["files"].items()}
        files = {name: ShelvedFile(size, tuple(pieces)) for name, (_, _, size, *pieces) in state["files"].items()}
        self._base = ShelfIndex(files, state["version"])


def _state(index: ShelfIndex, stamps: Stamps) -> dict[str, Any]:
    files = {name: [*stamps[name], file.size, *file.pieces] for name, file in index.files.items()}
    return {"version": index.version, "files": files}


def origin_of(folder: Path) -> dict[str, Any] | None:
    """What a folder says of where it is from; None where it is no copy.

    Returns:
        Its `address`, and `states`: the one that it is a copy of, and perhaps the one that was being published when its
        writer was killed.

    Raises:
        InputError: It is a copy, and what it says cannot be read.
    """
    place = folder / ORIGIN
    if not place.is_file():
        return None
    try:
        found = json.loads(place.read_bytes())
        if all(isinstance(found[key], kind) for key, kind in (("address", str), ("states", list))):
            return dict(found)
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    raise InputError(
        f"{place} is damaged: it says where this run is published",
        code="storage.damaged",
        hint=f"move {folder} away, and it is made anew from what is published",
    )


def _owner(data: bytes) -> tuple[str, float] | None:
    """Host, and when it last said so; None for what nobody of us wrote."""
    try:
        word = json.loads(data)
        return str(word["host"]), float(word["at"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
