"""One file to its hits: read, take the strings, keep those that name a model where a value goes on."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from audit.literals.code import code_literals
from audit.literals.data import env_literals, json_literals, shell_literals, toml_literals, yaml_literals
from audit.literals.files import TYPED, SourceFile
from audit.literals.lexer import LANGUAGES
from audit.literals.names import ModelNames, Named, has_model_key
from audit.literals.places import FileKind, Hit, Literal, in_context, is_property, is_prose, words
from audit.literals.prefilter import Prefilter
from audit.literals.python import python_literals

MAX_BYTES = 2_000_000
MAX_LINE = 20_000
"""Characters of a line; above it a machine wrote the file."""
LISTED = 6
"""Different models in one list, from which on it is a list of what there is, not a choice."""
CATALOGUE = 25
"""Different models in one file, from which on it is a catalogue: a price table, a registry."""
NEAR = 12
"""Lines above and below a hit in which a route's name is looked for."""

_OURS = re.compile(r'"schema"\s*:\s*"audit-[a-z]+/\d')
"""What `audit` writes: plans, findings, policies, where models belong, and scans."""
_MUTE = re.compile(r"(?:#|//|/\*|--|<!--).*\baudit:\s*ignore\b")
_COMMENT_ONLY = re.compile(r"\s*(?:#|//|/\*|\*|--|<!--)")
_PROMPT = re.compile(r"[\w./-]*prompt[\w./-]*", re.IGNORECASE)
_ENDPOINT = re.compile(
    r"/(?:deployments|engines|models?)/([\w.:@-]+?)"
    r"(?:/(?:chat|completions|converse|embeddings|images|invoke|responses)\b"
    r"|:(?:countTokens|generateContent|predict|rawPredict|streamGenerateContent|streamRawPredict)\b)"
)
"""A model in the address of a call; of its documentation's address nothing follows."""


@dataclass(slots=True, kw_only=True)
class FileFindings:
    """What one file holds.

    Attributes:
        nearby: Per hit, the routes named around it with their lines, nearest first.
        models: Those that are mentioned.
        catalogue: Models in a file that lists many; else 0.
    """

    hits: list[Hit] = field(default_factory=list)
    nearby: list[list[tuple[str, int]]] = field(default_factory=list)
    mentions: int = 0
    muted: int = 0
    models: set[str] = field(default_factory=set)
    catalogue: int = 0
    skipped: str = ""
    irregular: str = ""


def read_source(path: str) -> tuple[bytes, str]:
    """The bytes of a file, and why it is not looked at; "" where it is."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError:
        return b"", "unreadable"
    if len(data) > MAX_BYTES:
        return b"", "too large"
    return (b"", "binary") if b"\0" in data[:8192] else (data, "")


def findings_of(
    file: SourceFile, data: bytes, names: ModelNames, places: Prefilter, routes: Sequence[str]
) -> FileFindings:
    """The hits of one file.

    Args:
        data: Its bytes.
        names: That count.
        places: Where in it names may be.
        routes: Names of a run's routes, to be looked for around each hit.
    """
    found = FileFindings()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text, found.irregular = data.decode("latin-1"), "not UTF-8"
    if file.language == "json" and _OURS.search(text):
        return FileFindings(skipped="audit's own")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if max(map(len, lines)) > MAX_LINE:
        return FileFindings(skipped="huge lines")
    literals = _literals(text, file.language, places, found)
    kept = _without_tables(_without_lists(list(_named(literals, names, found)), found), found)
    for literal, named in kept:
        if _is_muted(lines, literal.line):
            found.muted += 1
            continue
        found.hits.append(_hit(file, literal, named))
        found.nearby.append(_routes_near(lines, literal.line, routes))
    return found


def _literals(text: str, language: str, places: Prefilter, found: FileFindings) -> list[Literal]:
    if language == "python":
        parsed = python_literals(text, places.lines(text))
        if parsed is not None:
            return parsed
        found.irregular = "Python that does not parse"
        return code_literals(text, LANGUAGES["toml"])
    if language in _DATA:
        return _DATA[language](text)
    return code_literals(text, LANGUAGES[language])


_DATA: dict[str, Callable[[str], list[Literal]]] = {
    "yaml": yaml_literals,
    "json": json_literals,
    "toml": toml_literals,
    "env": env_literals,
    "shell": shell_literals,
}


def _named(literals: list[Literal], names: ModelNames, found: FileFindings) -> Iterator[tuple[Literal, Named]]:
    """The literals that name a model; where no value goes on they are counted as mentions."""
    for literal in literals:
        if literal.kind is not None and "/" in literal.text:
            yield from _addressed(literal, names)
        if not 1 < len(literal.text) <= 200:
            continue
        named = names.beginning(literal.text) if literal.composed else names.named(literal.text)
        if named is None or not (named.distinctive or in_context(literal)):
            continue
        tabled = literal.kind is FileKind.VALUE and has_model_key(literal.keyword)
        looked_up = literal.kind is FileKind.ITEM and is_property(literal.keyword)
        if literal.kind is None or tabled or looked_up or is_prose(literal.keyword.rpartition(".")[2]):
            found.mentions += 1
            found.models.add(named.model)
        else:
            yield literal, named


def _addressed(literal: Literal, names: ModelNames) -> Iterator[tuple[Literal, Named]]:
    match = _ENDPOINT.search(literal.text)
    named = names.named(match[1]) if match else None
    if match and named and named.known:
        yield replace(literal, text=match[1], kind=FileKind.EMBEDDED), named


def _without_lists(kept: list[tuple[Literal, Named]], found: FileFindings) -> list[tuple[Literal, Named]]:
    groups: dict[int, set[str]] = {}
    for literal, named in kept:
        if literal.group is not None:
            groups.setdefault(literal.group, set()).add(named.model)
    long = {group for group, models in groups.items() if len(models) >= LISTED}
    found.mentions += sum(literal.group in long for literal, _ in kept)
    return [(literal, named) for literal, named in kept if literal.group not in long]


def _without_tables(kept: list[tuple[Literal, Named]], found: FileFindings) -> list[tuple[Literal, Named]]:
    """Without the entries of a file that lists models; a default among them stays."""
    if len(found.models | {named.model for _, named in kept}) < CATALOGUE:
        return kept
    found.catalogue = len(found.models | {named.model for _, named in kept})
    chosen = [(literal, named) for literal, named in kept if literal.kind not in (FileKind.VALUE, FileKind.ITEM)]
    chosen = [] if len({named.model for _, named in chosen}) >= CATALOGUE else chosen
    found.mentions += len(kept) - len(chosen)
    return chosen


def _is_muted(lines: list[str], line: int) -> bool:
    """Whether `audit: ignore` stands on the line, or alone on the one above."""
    if line <= len(lines) and _MUTE.search(lines[line - 1]):
        return True
    above = lines[line - 2] if line > 1 else ""
    return bool(_COMMENT_ONLY.match(above) and _MUTE.search(above))


def _routes_near(lines: list[str], line: int, routes: Sequence[str]) -> list[tuple[str, int]]:
    found = []
    for number in range(max(line - NEAR, 1), min(line + NEAR, len(lines)) + 1):
        text = lines[number - 1]
        named = [route for route in routes if _is_quoted(route, text)] or _named_by_prompts(text, routes)
        found += [(route, number) for route in named]
    return sorted(found, key=lambda one: (abs(one[1] - line), one))


def _is_quoted(route: str, text: str) -> bool:
    """Whether a line has a route as a string, with or without the slash that a path begins with."""
    return any(f"{q}{name}{q}" in text for name in {route, route.lstrip("/")} if name for q in "\"'`")


def _named_by_prompts(text: str, routes: Sequence[str]) -> list[str]:
    """Routes of which a line has every word in the name of a prompt: `INVOICE_EXTRACT_PROMPT`,
    `prompts/invoice-extract.md`; of several that fit a name, the one with most words alone."""
    found = []
    for name in (set(words(one)) for one in _PROMPT.findall(text)):
        fits = {route: len(wanted) for route in routes if (wanted := set(words(route))) and wanted <= name}
        best = [route for route, size in fits.items() if size == max(fits.values())]
        found += best if len(best) == 1 else []
    return found


def _hit(file: SourceFile, literal: Literal, named: Named) -> Hit:
    assert literal.kind is not None  # _named keeps no other
    return Hit(
        file=file.shown,
        line=literal.line,
        column=literal.column,
        literal=literal.text,
        model=named.model,
        known=named.known,
        kind=literal.kind,
        language=TYPED.get(os.path.splitext(file.path)[1].casefold(), file.language),
        function=literal.function,
        callee=literal.callee,
        keyword=literal.keyword,
        in_test=file.in_test,
    )


def counted(reasons: Counter[str]) -> dict[str, int]:
    """Counts in the order of their names."""
    return dict(sorted(reasons.items()))
