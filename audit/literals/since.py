"""What a branch changes: the lines that it adds and takes out, by git, and the model names among them."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from audit.core.errors import InputError
from audit.literals.places import Hit, Scan
from audit.literals.routes import Served
from audit.literals.run import ScanOptions, scan

LONG_ENOUGH = 24
"""Characters of a line that can be told in a prompt."""
MOST_TEXTS = 400

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_TRIM = " \t\"'`,;:+\\()[]{}#"


@dataclass(slots=True)
class _File:
    """Changed lines of one file, by number: of the branch, and of what it began from."""

    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    texts: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedText:
    """A line that the branch takes out or changes, trimmed of quotes and brackets.

    Attributes:
        file: As the repository names it.
        line: Number before the change.
        text: Of at least `LONG_ENOUGH` characters.
    """

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchScan:
    """What a branch changes.

    Attributes:
        scan: Of its files as they are; only hits on lines that it adds or changes.
        removed: Hits on lines that it takes out or changes.
        texts: Lines that it takes out or changes, which may be of a prompt.
    """

    scan: Scan
    removed: tuple[Hit, ...]
    texts: tuple[ChangedText, ...]


def scan_since(
    paths: Sequence[Path], rev: str, known: Iterable[str], served: Sequence[Served] | None, options: ScanOptions
) -> BranchScan:
    """Find model names on the lines that changed since a branch left a revision; uncommitted changes are in it.

    Args:
        paths: Files and folders of one repository.
        rev: A branch, tag or commit: what was there when the branch left it is what is compared with.
        known: As of `scan`.
        served: As of `scan`.
        options: As of `scan`.

    Raises:
        InputError: Git is not there, the paths are in no repository, or it has no such revision.
    """
    names = list(known)
    first = paths[0].absolute()
    root = Path(_git(first if first.is_dir() else first.parent, "rev-parse", "--show-toplevel").strip())
    start = _git(root, "merge-base", "--end-of-options", rev, "HEAD").strip()
    wanted = [str(path.absolute()) for path in paths]
    found = _changed(_git(root, "diff", "-U0", "-M", "--no-ext-diff", "--no-color", "--no-renames", "--src-prefix=a/",
                          "--dst-prefix=b/", "--end-of-options", start, "--", *wanted))  # fmt: skip
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *wanted).split("\0")
    now = scan(paths, names, served, options)
    of_branch = [hit for hit in now.hits if _is_added(hit, root, found, new)]
    in_tests = [hit for hit in now.test_hits if _is_added(hit, root, found, new)]
    models = {hit.model for hit in (*of_branch, *in_tests)}
    return BranchScan(
        scan=replace(
            now,
            hits=tuple(of_branch),
            test_hits=tuple(in_tests),
            models=tuple(use for use in now.models if use.model in models),
        ),
        removed=_removed(root, start, found, names, served, options),
        texts=tuple(
            ChangedText(file=name, line=line, text=text)
            for name, one in sorted(found.items())
            for line, text in one.texts
        )[:MOST_TEXTS],
    )


def _is_added(hit: Hit, root: Path, found: dict[str, _File], new: Sequence[str]) -> bool:
    try:
        name = Path(hit.file).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return False
    return name in new or (name in found and hit.line in found[name].added)


def _removed(
    root: Path,
    start: str,
    found: dict[str, _File],
    names: Sequence[str],
    served: Sequence[Served] | None,
    options: ScanOptions,
) -> tuple[Hit, ...]:
    """Hits in the files as they were, on lines that are gone."""
    with tempfile.TemporaryDirectory(prefix="audit-since-") as scratch:
        before = Path(scratch).resolve()
        for name, one in found.items():
            path = (before / name).resolve()
            if one.removed and path.is_relative_to(before):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_git(root, "show", "--end-of-options", f"{start}:{name}"), "utf-8", newline="")
        hits = scan([before], names, served, replace(options, workers=1)).hits
        gone = []
        for hit in hits:
            name = Path(hit.file).resolve().relative_to(before).as_posix()
            if hit.line in found[name].removed:
                gone.append(replace(hit, file=name))
    return tuple(gone)


def _changed(diff: str) -> dict[str, _File]:
    """A diff without context, by file; files that are gone keep their old name."""
    found: dict[str, _File] = {}
    one, old, before = _File(), "", 0
    for line in diff.splitlines():
        if line.startswith("--- "):
            old = line[6:]
        elif line.startswith("+++ "):
            name = old if line == "+++ /dev/null" else line[6:]
            one = found.setdefault(name.rstrip("\t"), _File())
        elif hunk := _HUNK.match(line):
            before, removed, after, added = (int(part or 1) for part in hunk.groups())
            one.removed |= set(range(before, before + removed))
            one.added |= set(range(after, after + added))
        elif line.startswith("-") and old:
            text = line[1:].strip(_TRIM)
            if len(text) >= LONG_ENOUGH:
                one.texts.append((before, text))
            before += 1
    return found


def _git(folder: Path, *arguments: str) -> str:
    """What git prints.

    Raises:
        InputError: Git is not there, or refuses.
    """
    command = ["git", "-c", "core.quotePath=false", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise InputError("git is not installed, and `--since` asks it", code="scan.git") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError(
            f"git cannot tell what changed: {said[-1] if said else f'exit {done.returncode}'}",
            code="scan.git",
            hint="name a branch, tag or commit of this repository; in CI fetch it first (`fetch-depth: 0`)",
        )
    return done.stdout.decode("utf-8", "replace")
