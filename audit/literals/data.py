"""Strings of data and of shell: YAML, env files, JSON, TOML, scripts; each with its key path, variable or flag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from audit.literals.lexer import LANGUAGES, Sort, Token, tokens
from audit.literals.places import FileKind, Literal, is_prose
from audit.literals.python import EMBEDDED, embedded_in

_YAML = re.compile(r"(?P<indent>[ ]*)(?P<dashes>(?:-[ ]+)*)(?:(?P<key>[\w.\-/ ]+|\"[^\"]+\"|'[^']+')\s*:(?=\s|$))?\s*")
_YAML_VALUE = re.compile(
    r""""((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#\[\]{},"'][^\s#\[\]{},]*(?:(?<!:)[ ][^\s#\[\]{},:]+)*)"""
)
_YAML_TAIL = re.compile(r"\s*(?:#.*)?")
_BLOCK = re.compile(r"[|>][+-]?\d?[+-]?\s*(?:#.*)?$")
_ENV = re.compile(r"""\s*(?:export\s+|ENV\s+|ARG\s+)?([A-Za-z_][\w.]*)\s*[:?+]?=\s*("[^"]*"|'[^']*'|[^\s#]*)""")
_SHELL = re.compile(
    r"""(?P<comment>(?:(?<=\s)|^)\#[^\n]*)
    |\$\{(?P<asked>\w+):?[-=](?P<fallback>[^}\s]+)\}
    |(?:(?<=[\s;&|(])|^)(?P<variable>[A-Za-z_]\w*)=(?P<value>"[^"$`]*"|'[^']*'|[^\s"'$`;&|)]+)
    |(?:(?<=\s)|^)(?P<flag>--?[A-Za-z][\w-]*)(?:=|[ ]+)(?P<option>"[^"$`]*"|'[^']*'|[^\s"'$`;&|)-][^\s"'$`;&|)]*)
    |"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_HEREDOC = re.compile(r"<<-?\s*['\"]?([A-Za-z_]\w*)['\"]?[^\n]*\n(.*?)\n\s*\1\b", re.DOTALL)


def yaml_literals(text: str) -> list[Literal]:
    """Values of a YAML file, read by its lines, so that templates in it hinder nothing; block texts are prose."""
    found: list[Literal] = []
    path: list[tuple[int, str]] = []
    block: int | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        head = _YAML.match(line)
        assert head is not None  # it matches the empty text too
        indent = len(head["indent"])
        if block is not None and indent > block:
            found += _embedded(line, number, path)
            continue
        block = None
        depth = indent + len(head["dashes"])
        path = [(at, key) for at, key in path if at < depth or (not head["key"] and at < depth + 1)]
        if head["key"]:
            path.append((depth, head["key"].strip("\"' ")))
        rest = line[head.end() :].rstrip("\r")
        if _BLOCK.match(rest):
            block = indent
            continue
        found += _yaml_values(rest, number, head.end(), path, bool(head["key"]))
    return found


def _yaml_values(rest: str, line: int, offset: int, path: list[tuple[int, str]], keyed: bool) -> Iterator[Literal]:
    """The values after a key or a dash; of a flow sequence or mapping each."""
    where, at, inner = ".".join(key for _, key in path), 0, ""
    flow = rest[:1] in ("[", "{")
    while at < len(rest):
        if rest[at] == "#" and (at == 0 or rest[at - 1].isspace()):
            return
        match = _YAML_VALUE.match(rest, at)
        if match is None:
            inner = "" if rest[at] in ",{}" else inner
            at += 1
            continue
        quoted = match[1] if match[1] is not None else match[2]
        value = quoted if quoted is not None else match[3]
        at = match.end()
        if flow and (value.endswith(":") or rest[at : at + 1] == ":"):
            inner = value.rstrip(":")
            continue
        key = f"{where}.{inner}" if inner else where
        kind = None if is_prose(key.rpartition(".")[2]) else FileKind.VALUE if keyed or inner else FileKind.ITEM
        yield Literal(text=value, line=line, column=offset + match.start() + 1, kind=kind, keyword=key)
        yield from _embedded(value, line, path, offset + match.start())
        if not flow:
            return


def _embedded(text: str, line: int, path: list[tuple[int, str]], offset: int = 0) -> Iterator[Literal]:
    for match in EMBEDDED.finditer(text):
        where = ".".join([*(key for _, key in path), "model"])
        column = offset + match.start(1) + 1
        yield Literal(text=match[1], line=line, column=column, kind=FileKind.EMBEDDED, keyword=where)


def env_literals(text: str) -> list[Literal]:
    """Values of a file of `NAME=value` lines."""
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _ENV.match(line)
        if match is not None and match[2]:
            value = match[2].strip("\"'")
            column = match.start(2) + 1
            found.append(Literal(text=value, line=number, column=column, kind=FileKind.ASSIGNMENT, keyword=match[1]))
    return found


def shell_literals(text: str) -> list[Literal]:
    """What a script assigns, defaults to, passes by a flag, or sends in the JSON of a request's body."""
    found: list[Literal] = []
    bodies = [match.span(2) for match in _HEREDOC.finditer(text)]
    for match in _SHELL.finditer(text):
        found += _shell_values(match, text, found)
    for start, end in bodies:
        for embedded in EMBEDDED.finditer(text, start, end):
            found.append(_at(text, embedded.start(1), embedded[1], FileKind.EMBEDDED, "model"))
    unique = {(one.line, one.column, one.text): one for one in found}
    return sorted(unique.values(), key=lambda one: (one.line, one.column))


def _shell_values(match: re.Match[str], text: str, found: list[Literal]) -> Iterator[Literal]:
    if match["fallback"]:
        yield _at(text, match.start("fallback"), match["fallback"].strip("\"'"), FileKind.DEFAULT, match["asked"])
    elif match["variable"]:
        yield _at(text, match.start("value"), match["value"].strip("\"'"), FileKind.ASSIGNMENT, match["variable"])
    elif match["flag"]:
        name = match["flag"].lstrip("-")
        value, start = match["option"].strip("\"'"), match.start("option")
        yield _at(text, start, value, FileKind.OPTION, "model" if name == "m" else name)
        yield from _bodies(text, value, start)
    else:
        group = "double" if match["double"] is not None else "single"
        yield from _bodies(text, match[group] or "", match.start(group))
        if match["double"]:
            for inner in re.finditer(r"\$\{(\w+):?[-=]([^}\s]+)\}", match["double"]):
                yield _at(text, match.start("double") + inner.start(2), inner[2], FileKind.DEFAULT, inner[1])


def _bodies(text: str, value: str, start: int) -> Iterator[Literal]:
    for inner in EMBEDDED.finditer(value):
        yield _at(text, start + inner.start(1), inner[1], FileKind.EMBEDDED, "model")


def _at(text: str, offset: int, value: str, kind: FileKind, keyword: str) -> Literal:
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    return Literal(text=value, line=line, column=column, kind=kind, keyword=keyword)


def json_literals(text: str) -> list[Literal]:
    """Values of a JSON file, with or without comments."""
    found: list[Literal] = []
    stack: list[str] = []
    key = ""
    line, at = 1, 0
    read = list(tokens(text, LANGUAGES["json"]))
    for index, token in enumerate(read):
        if token.sort is Sort.STRING:
            line += text.count("\n", at, token.start)
            at = token.start
            if index + 1 < len(read) and read[index + 1].text == ":" and read[index + 1].sort is Sort.SIGN:
                key = token.text
                continue
            found.append(_in_data(token, line, text, ".".join(filter(None, [*stack, key]))))
            found += _nested(found[-1], token.text)
        elif token.text in ("{", "["):
            stack.append(key)
            key = ""
        elif token.text in ("}", "]"):
            key = stack.pop() if stack else ""
        elif token.text == "," and stack:
            key = ""
    return found


def toml_literals(text: str) -> list[Literal]:
    """Values of a TOML file."""
    found: list[Literal] = []
    table, key, line, at = "", "", 1, 0
    read = list(tokens(text, LANGUAGES["toml"]))
    depth = 0
    for index, token in enumerate(read):
        first = not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()
        if token.text == "[" and first and not depth and token.sort is Sort.SIGN:
            end = text.find("]", token.start)
            table = re.sub(r"[\[\]\s\"']", "", text[token.start : end])
        elif token.sort is Sort.SIGN and token.text in "[]{}":
            depth += 1 if token.text in "[{" else -1
            depth = max(depth, 0)
        elif token.sort is Sort.SIGN and token.text == "=" and index:
            key = _toml_key(text, token.start)
        elif token.sort is Sort.STRING and not (index + 1 < len(read) and read[index + 1].text in ("=", ".")):
            line += text.count("\n", at, token.start)
            at = token.start
            found.append(_in_data(token, line, text, ".".join(filter(None, (table, key)))))
            found += _nested(found[-1], token.text)
    return found


def _toml_key(text: str, end: int) -> str:
    match = re.search(r"""([\w."'-]+)\s*$""", text[max(end - 200, 0) : end])
    return re.sub(r"[\"']", "", match[1]) if match else ""


def _in_data(token: Token, line: int, text: str, key: str) -> Literal:
    column = token.start - text.rfind("\n", 0, token.start)
    kind = None if is_prose(key.rpartition(".")[2]) else FileKind.VALUE
    return Literal(text=token.text, line=line, column=column, kind=kind, keyword=key)


def _nested(outer: Literal, text: str) -> Iterator[Literal]:
    for inner in embedded_in(outer, text):
        yield replace(inner, keyword=f"{outer.keyword}.model")
