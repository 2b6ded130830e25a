"""The files of a log: those of a folder, of a pattern, of an archive, of a place in object storage."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

from audit.core.errors import InputError
from audit.ingest.files.archives import is_archive, unpacked_files
from audit.ingest.files.objects import fetched
from audit.storage.address import is_remote

SUFFIXES = frozenset(
    {
        *(".jsonl", ".ndjson", ".json", ".log", ".csv", ".tsv", ".pb", ".binpb", ".sse", ".sql"),
        *(".parquet", ".arrow", ".feather", ".orc"),
        *(".gz", ".zst", ".zstd", ".bz2", ".xz", ".zip", ".tar", ".tgz"),
    }
)
"""What is picked up from a folder; a file that is named outright may be called anything."""


def files_at(paths: Sequence[Path]) -> Iterable[Path]:
    """Files to read, each once, in the order given; a folder stands for the logs in it and below, sorted.

    A pattern that the shell did not expand (`logs/**/*.jsonl`) stands for what it fits, sorted. What is in object
    storage (`s3://bucket/prefix`) is copied first.

    Raises:
        InputError: A path does not exist, or a folder holds nothing that could be a log.
    """
    files: dict[Path, Path] = {}
    for path in (found for given in paths for found in _expanded(given)):
        if is_archive(path):
            files.update((p.resolve(), p) for p in unpacked_files(path, _is_visible_log))
        elif path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and _is_log(p, path))
            if not inside:
                raise InputError(
                    f"{path} holds no log",
                    code="ingest.empty-folder",
                    hint=f"logs end in {', '.join(sorted(SUFFIXES))}",
                )
            held = (one for p in inside for one in (unpacked_files(p, _is_visible_log) if is_archive(p) else (p,)))
            files.update((p.resolve(), p) for p in held)
        elif path.exists():
            files[path.resolve()] = path
        else:
            hint = "give the path of an exported log"
            hint += ", or to `audit replay` of a saved plan" if path.suffix == ".json" else ""
            raise InputError(f"{path} does not exist", code="file.missing", hint=hint)
    return files.values()


def _expanded(path: Path) -> Sequence[Path]:
    """What a pattern fits; a path that is there is itself, whatever it is called.

    Raises:
        InputError: The pattern fits nothing.
    """
    if is_remote(path):
        return fetched(path, _is_visible_log)
    if path.exists() or not glob.has_magic(str(path)):
        return (path,)
    found = sorted(map(Path, glob.glob(str(path), recursive=True)))
    if not found:
        raise InputError(f"{path} fits no file", code="file.missing", hint="give a path, or a pattern that fits one")
    return found


def _is_log(path: Path, folder: Path) -> bool:
    return _is_visible_log(path.relative_to(folder))


def _is_visible_log(path: Path) -> bool:
    """Whether a path below a folder is a log."""
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not hidden and path.suffix.lower() in SUFFIXES
