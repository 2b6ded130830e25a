"""Which files are source code: by name and place, without prose, locks, bundles, vendored and ignored ones."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import InputError
from audit.literals.ignore import IgnoreRule, is_ignored, read_rules, rules_above
from audit.literals.places import words

SUFFIXES = {
    ".py": "python", ".pyi": "python", ".pyw": "python",
    ".js": "javascript", ".jsx": "javascript", ".mjs": "javascript", ".cjs": "javascript",
    ".ts": "javascript", ".tsx": "javascript", ".mts": "javascript", ".cts": "javascript",
    ".vue": "javascript", ".svelte": "javascript",
    ".go": "go", ".java": "java", ".groovy": "java", ".kt": "kotlin", ".kts": "kotlin", ".cs": "csharp",
    ".rb": "ruby", ".rake": "ruby", ".rs": "rust", ".php": "php", ".swift": "swift", ".scala": "scala",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".tf": "terraform", ".tfvars": "terraform", ".hcl": "terraform",
    ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".jsonc": "json", ".json5": "json", ".toml": "toml",
    ".env": "env", ".properties": "env", ".ini": "env", ".cfg": "env",
}  # fmt: skip
NAMES = {"Dockerfile": "env", "Containerfile": "env", "Makefile": "env", "Gemfile": "ruby", "Rakefile": "ruby"}
TYPED = {".ts": "typescript", ".tsx": "typescript", ".mts": "typescript", ".cts": "typescript"}
_INTERPRETERS = {"python": "python", "node": "javascript", "ruby": "ruby", "php": "php", "sh": "shell"}

VENDORED = frozenset(
    """
    .bzr .cache .eggs .git .gradle .hg .idea .ipynb_checkpoints .mypy_cache .next .nox .nuxt .parcel-cache
    .pytest_cache .ruff_cache .svn .terraform .tox .venv .yarn __pycache__ bower_components build coverage dist
    node_modules out Pods site-packages target third_party venv vendor
    """.split()  # noqa: SIM905
)
"""Folders with what others wrote or a build made; one of them is looked into only when it is a path given."""

_UNTOLD = frozenset({".git", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"})
_LOCKS = re.compile(r"(?:^|[.-])lock(?:\.(?:json|yaml|yml|toml))?$|^pnpm-lock\.yaml$|-lock\.json$|\.lock$")
_BUNDLES = re.compile(r"(?:[.-]min|[.-]bundle|\.chunk)\.[cm]?js$")
_TEST_PARTS = frozenset("cassettes e2e fixture fixtures mocks snapshots spec specs test testdata testing tests".split())  # noqa: SIM905
_OURS = frozenset({"audit.yaml", "audit.yml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file to look at.

    Attributes:
        path: To open.
        shown: As a person would name it.
        language: Of `SUFFIXES`.
        in_test: It is a test or a fixture.
    """

    path: str
    shown: str
    language: str
    in_test: bool


def source_files(paths: Sequence[Path], skipped: Counter[str]) -> Iterator[SourceFile]:
    """Source files under some paths, in the order of their names.

    A file that is given is looked at whatever its folder is called; `audit.yaml`, where models belong, is left out.

    Args:
        paths: Files and folders.
        skipped: Counts what is left out, by reason.

    Raises:
        InputError: A path does not exist.
    """
    seen: set[str] = set()
    for root in paths:
        if not root.exists():
            raise InputError(f"{root} does not exist", code="scan.no-path")
        if root.is_file():
            found: Iterator[tuple[str, str]] = iter([(str(root), root.name)])
        else:
            found = _walk(root, skipped)
        for path, below in found:
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            language = _language(path, skipped)
            if language:
                yield SourceFile(path=path, shown=_shown(path), language=language, in_test=is_test(below))


def is_test(path: str) -> bool:
    """Whether a path, relative to what was asked for, is of a test or a fixture."""
    *folders, name = path.replace(os.sep, "/").split("/")
    if any(_TEST_PARTS & set(words(folder)[-1:]) or _TEST_PARTS & set(words(folder)[:1]) for folder in folders):
        return True
    stem = name.partition(".")[0]
    if re.search(r"\.(?:test|spec|stories)\.", name) or stem in ("conftest", "test", "tests"):
        return True
    return stem.startswith("test_") or stem.endswith(("_test", "_spec", "Test", "Tests", "Spec"))


def _walk(root: Path, skipped: Counter[str]) -> Iterator[tuple[str, str]]:
    """Path and path below the root of every file, without following links: a loop cannot hold the scan up."""
    top = root.resolve()
    stack: list[tuple[str, str, tuple[IgnoreRule, ...]]] = [(str(root), "", rules_above(top))]
    while stack:
        folder, below, rules = stack.pop()
        real = top / below if below else top
        rules = (*rules, *read_rules(real))
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            skipped["unreadable"] += 1
            continue
        folders = []
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            reason = _left_out(entry, is_folder) or (
                "ignored" if rules and is_ignored(f"{top.as_posix()}/{path}", rules, folder=is_folder) else ""
            )
            if reason:
                skipped.update([reason] if entry.name not in _UNTOLD else [])
            elif is_folder:
                folders.append((entry.path, path, rules))
            else:
                yield entry.path, path
        stack += reversed(folders)


def _left_out(entry: os.DirEntry[str], is_folder: bool) -> str:
    if entry.is_symlink():
        return "links"
    if is_folder:
        vendored = entry.name in VENDORED or entry.name.endswith(".egg-info")
        return "vendored" if vendored or os.path.exists(os.path.join(entry.path, "pyvenv.cfg")) else ""
    return "" if entry.is_file(follow_symlinks=False) else "not files"


def _language(path: str, skipped: Counter[str]) -> str:
    name = os.path.basename(path)
    if name in _OURS:
        return ""
    if _LOCKS.search(name):
        skipped["lock files"] += 1
        return ""
    if _BUNDLES.search(name):
        skipped["bundles"] += 1
        return ""
    suffix = os.path.splitext(name)[1].casefold()
    found = NAMES.get(name) or SUFFIXES.get(suffix) or ("env" if name.startswith(".env") else "")
    if not found and not suffix:
        found = _by_first_line(path)
    if not found:
        skipped["not code"] += 1
    return found


def _by_first_line(path: str) -> str:
    """The language of a script without a suffix, by the interpreter that its first line names."""
    try:
        with open(path, "rb") as file:
            first = file.read(120).partition(b"\n")[0].decode("ascii", "replace")
    except OSError:
        return ""
    return next((name for word, name in _INTERPRETERS.items() if first.startswith("#!") and word in first), "")


def _shown(path: str) -> str:
    """Relative to where the scan was started, where it is below."""
    absolute, here = os.path.abspath(path), os.getcwd()
    return os.path.relpath(absolute, here).replace(os.sep, "/") if absolute.startswith(here + os.sep) else path
