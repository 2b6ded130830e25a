"""Recorded completions: a folder of JSON Lines, keyed by what was asked of which model, and how often.

The key is (model, request_fp, repeat), where a tier with settings of its own (reasoning effort, a prompt suffix, a
protocol, a token limit, options) has them beside its model's name (`Tier.answers_key`). The address is not part of it,
so that a recording made on one machine plays on another, where the same model has another port or stands behind a
gateway; a run in which one model name stands for two addresses is refused instead, because one would be served the
other's answers.

A line is `{"completion", "key", "model", "repeat", "request_fp"}` with sorted keys in ASCII. Only answers are recorded,
never failures, and never costs: those follow from the usage and the price of the day.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import TracebackType

from audit.core.artifacts import OWNER_FILE, private_file, private_folder
from audit.core.errors import AuditError, ConfigError, InputError, Place
from audit.core.exchange import Completion, recorded_completion, recording_of
from audit.core.fingerprint import fingerprint
from audit.core.tier import Tier

WRITTEN = "completions.jsonl"


def cassette_key(model: str, request_fp: str, repeat: int) -> str:
    """Name of one recorded completion."""
    return fingerprint([model, request_fp, repeat])


class CassetteLocked(AuditError):
    """Another process records into this cassette."""

    default_code = "cassette.locked"


class Cassette:
    """An open folder of recordings. Appends are whole lines, safe from any number of tasks of one process;
    one process at a time may record.

    Only places are kept in memory; a completion is read when it is asked for.

    Attributes:
        notes: What was wrong and tolerated, for the user: a last line that a kill cut.
    """

    def __init__(self, folder: Path, *, must_exist: bool = False) -> None:
        """Index a folder; it is made when the first completion is recorded.

        Raises:
            InputError: A line that is not the last is damaged, or there is no such folder and there must be.
        """
        if must_exist and not folder.is_dir():
            raise InputError(f"there is no cassette at {folder}", code="cassette.missing")
        self.folder = folder
        self.notes: list[str] = []
        self._files: list[int] = []
        self._places: dict[str, tuple[int, int, int]] = {}
        self._models: set[str] = set()
        self._torn: dict[Path, int] = {}
        self._appending: int | None = None
        self._end = 0
        self._unsorted = False
        self._lock: int | None = None
        for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
            self._index(path)

    def __enter__(self) -> Cassette:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._places)

    def has(self, model: str, request_fp: str, repeat: int = 0) -> bool:
        """Whether a completion is recorded."""
        return cassette_key(model, request_fp, repeat) in self._places

    def get(self, model: str, request_fp: str, repeat: int = 0) -> Completion | None:
        """A recorded completion, or None."""
        place = self._places.get(cassette_key(model, request_fp, repeat))
        if place is None:
            return None
        number, offset, length = place
        return recorded_completion(json.loads(os.pread(self._files[number], length, offset))["completion"])

    def identities(self, model: str) -> list[str]:
        """Under which identities a model is recorded, sorted."""
        return sorted(name for name in self._models if name == model or name.startswith(f"{model} {{"))

    def put(self, model: str, request_fp: str, repeat: int, completion: Completion) -> None:
        """Record a completion; one that is recorded already stays.

        Raises:
            OSError: The disk takes no more; nothing of the line is left there.
        """
        key = cassette_key(model, request_fp, repeat)
        if key in self._places:
            return
        record = {
            "completion": recording_of(completion),
            "key": key,
            "model": model,
            "repeat": repeat,
            "request_fp": request_fp,
        }
        line = (json.dumps(record, sort_keys=True, separators=(",", ":")) + "\n").encode()
        if self._appending is None:
            self.claim()
            self._open_for_appending()
        assert self._appending is not None
        descriptor, written = self._files[self._appending], 0
        try:
            while written < len(line):  # a full disk takes a part and raises on the next write
                written += os.write(descriptor, line[written:])
        except OSError as error:
            # Half a line would swallow the one that is written when there is room again.
            os.ftruncate(descriptor, self._end)
            raise OSError(error.errno, error.strerror, str(self.folder / WRITTEN)) from None
        self._places[key] = (self._appending, self._end, len(line))
        self._end += len(line)
        self._models.add(model)
        self._unsorted = True

    def claim(self) -> None:
        """Make this process the only one that records here, until `close`, and take in what others have recorded since.

        Reading needs no claim: whoever has all answers may play them at any time.

        Raises:
            CassetteLocked: Another process records here. Its lines and ours would stand in each other's places.
            InputError: As on opening.
        """
        if self._lock is not None:
            return
        private_folder(self.folder)
        lock = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise CassetteLocked(
                f"another audit is recording into {self.folder}",
                notes=["nothing was sent"],
                hint="wait for it, or name another folder as replay.cassette",
            ) from None
        self.close()
        self.__init__(self.folder)  # type: ignore[misc]
        self._lock = lock

    def forget(self, request_fps: Collection[str], *, sure: bool) -> int:
        """Take the completions of requests out of the folder; how many there are.

        Args:
            sure: Do it; False counts alone.

        Raises:
            CassetteLocked: Another process records here.
        """
        self.claim()
        found = []
        for key, (number, offset, length) in self._places.items():
            if json.loads(os.pread(self._files[number], length, offset))["request_fp"] in request_fps:
                found.append(key)
        if sure and found:
            for key in found:
                del self._places[key]
            self._unsorted = True
            self.compact()
        return len(found)

    def compact(self) -> None:
        """Rewrite what was appended to as one file, sorted by key: equal recordings are equal bytes."""
        if not self._unsorted:
            return
        temporary = self.folder / f".{WRITTEN}.{os.getpid()}.tmp"
        with private_file(temporary).open("wb") as file:
            for key in sorted(self._places):
                number, offset, length = self._places[key]
                file.write(os.pread(self._files[number], length, offset))
            file.flush()
            os.fsync(file.fileno())
        others = [path for path in self.folder.glob("*.jsonl") if path.name != WRITTEN]
        temporary.replace(self.folder / WRITTEN)
        for path in others:
            path.unlink()
        notes, lock, self._lock = self.notes, self._lock, None
        self.close()
        self.__init__(self.folder)  # type: ignore[misc]
        self.notes, self._lock = notes, lock

    def close(self) -> None:
        """Close the files, and let others record; what was appended stays."""
        for descriptor in self._files:
            os.close(descriptor)
        self._files, self._places, self._appending = [], {}, None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _index(self, path: Path) -> None:
        number = len(self._files)
        self._files.append(os.open(path, os.O_RDONLY))
        offset = 0
        with path.open("rb") as file:
            for row, line in enumerate(file, start=1):
                named = _name_of(line)
                if named is not None:
                    key, model = named
                    self._models.add(model)
                    self._places.setdefault(key, (number, offset, len(line)))
                elif file.read(1):
                    raise InputError(
                        f"{path.name} has a line that is not a recorded completion",
                        code="cassette.damaged",
                        place=Place(file=str(path), line=row),
                        hint="delete the line; the call is made again",
                    )
                else:
                    self._torn[path] = offset
                    self.notes.append(f"the last line of {path} was cut off and is left out")
                    break
                offset += len(line)

    def _open_for_appending(self) -> None:
        private_folder(self.folder)
        path = self.folder / WRITTEN
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, OWNER_FILE)
        if path in self._torn:
            os.ftruncate(descriptor, self._torn.pop(path))
        self._end = os.fstat(descriptor).st_size
        self._appending = len(self._files)
        self._files.append(descriptor)


def refuse_ambiguous(tiers: Sequence[Tier]) -> None:
    """See that no model name stands for two addresses.

    Raises:
        ConfigError: One does (`cassette.ambiguous`).
    """
    addresses: dict[str, Tier] = {}
    for tier in tiers:
        first = addresses.setdefault(tier.answers_key, tier)
        if tier.provider != "cassette" and first.base_url != tier.base_url:
            raise ConfigError(
                f"tiers `{first.name}` and `{tier.name}` have one model at two addresses",
                code="cassette.ambiguous",
                notes=["a cassette would serve the one's answers as the other's"],
                hint="leave out replay.cassette, or audit the two tiers in two runs with two cassettes",
            )


def missing(cassette: Cassette, asked: Iterable[tuple[str, str, int]]) -> int:
    """How many of the (model, request_fp, repeat) are not recorded."""
    return sum(not cassette.has(*one) for one in asked)


def _name_of(line: bytes) -> tuple[str, str] | None:
    """Key and model of a whole line, or None when it is damaged."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
        recorded_completion(record["completion"])
        return cassette_key(record["model"], record["request_fp"], record["repeat"]), str(record["model"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
