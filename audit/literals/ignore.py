"""`.gitignore` and `.auditignore`: which files a project does not want looked at.

Syntax: https://git-scm.com/docs/gitignore#_pattern_format. A rule of a deeper folder outranks one above it, a later
rule an earlier one, and what an ignored folder holds cannot be taken back in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILES = (".gitignore", ".auditignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRule:
    """One pattern. `base` is the folder of its file, with a slash at the end."""

    base: str
    pattern: re.Pattern[str]
    folders_only: bool
    takes_back: bool


def read_rules(folder: Path) -> tuple[IgnoreRule, ...]:
    """The rules that the files of one folder hold; a file that cannot be read has none."""
    rules: list[IgnoreRule] = []
    for name in FILES:
        try:
            text = (folder / name).read_text("utf-8", "replace")
        except OSError:
            continue
        rules += filter(None, (rule(line, f"{folder.as_posix().rstrip('/')}/") for line in text.splitlines()))
    return tuple(rules)


def rules_above(folder: Path) -> tuple[IgnoreRule, ...]:
    """The rules of the folders from the repository's root down to above `folder`."""
    above: list[Path] = []
    for parent in (folder, *folder.parents):
        above.insert(0, parent)
        if (parent / ".git").exists():
            return tuple(rule for one in above[:-1] for rule in read_rules(one))
    return ()


def rule(line: str, base: str) -> IgnoreRule | None:
    """A line of such a file as a rule; None for an empty line and a comment."""
    text = re.sub(r"(?<!\\) +$", "", line)
    if not text or text.startswith("#"):
        return None
    takes_back = text.startswith("!")
    text = text[1:] if takes_back else text.removeprefix("\\") if text[:2] in ("\\#", "\\!") else text
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    if not text:
        return None
    anchored = "/" in text
    expression = _expression(text.lstrip("/"))
    whole = expression if anchored else rf"(?:.*/)?{expression}"
    try:
        pattern = re.compile(whole, re.DOTALL)
    except re.error:  # a bracket that git would not read either
        return None
    return IgnoreRule(base=base, pattern=pattern, folders_only=folders_only, takes_back=takes_back)


def is_ignored(path: str, rules: Sequence[IgnoreRule], *, folder: bool) -> bool:
    """Whether the last rule about a path takes it out. `path` is absolute, with slashes."""
    for one in reversed(rules):
        if (
            (folder or not one.folders_only)
            and path.startswith(one.base)
            and one.pattern.fullmatch(path[len(one.base) :])
        ):
            return not one.takes_back
    return False


_TOKEN = re.compile(r"/\*\*$|^\*\*/|/\*\*/|\*+|\?|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)


def _expression(glob: str) -> str:
    return "".join(map(_part, _TOKEN.findall(glob)))


def _part(token: str) -> str:
    fixed = {"/**": "/.*", "**/": "(?:.*/)?", "/**/": "/(?:.*/)?", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    if token.startswith("*"):
        return "[^/]*"
    if token.startswith("[") and len(token) > 2:
        negated = token[1] in "!^"
        inside = token[2 if negated else 1 : -1].replace("\\", "\\\\").replace("[", "\\[")
        return f"(?![/])[{'^' if negated else ''}{inside}]"
    return re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)
