"""A YAML file as plain values, with the place of each, so that whatever finds fault with one can point at it.

Only YAML's safe part is read. Anchors and `<<` are fine; bombs and circles of them, and keys that are there twice,
are problems. The same holds for the files that a configuration names with `file://`, which lie below its own folder.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from audit.core.errors import AuditError, ConfigError, Place
from audit.masking.secrets import found_secrets, looks_random

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
"""Values after anchors are expanded; a few lines of anchors can stand for billions."""

PRIVATE_SUFFIXES = (
    ".localhost",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home.arpa",
    ".svc",
    ".cluster.local",
    ".test",
)
"""Ends of names that public name servers do not know (RFC 6761, 6762, 8375, ICANN's `.internal`, Kubernetes)."""

Keys = tuple[str | int, ...]
"""The way to a value: keys and indices from the root."""
Mark = tuple[yaml.Mark, yaml.Mark]

_SECRET_KEYS = {"api_key", "apikey", "api-key", "key", "secret", "secret_key", "password", "token", "access_token"}
_SURE_KEYS = {"api_key", "apikey", "api-key", "secret_key", "client_secret", "password", "access_token", "auth_token"}
"""Names under which a random value is a key anywhere in the file, and not below `tiers:` alone."""
_KEY_HEADER = re.compile(r"(?i)authorization|api-?key|token|secret|cookie|password|credential|signature|-key$")
"""Headers that carry a key, whatever it looks like."""
_FROM_ENVIRONMENT = "env:"
_ENV_NAME = re.compile(r"[A-Za-z_]\w*")
_NAMED_SECRET = re.compile(
    r"""(?i)((?:api_?-?key|secret|password|passwd|token|authorization)["']?:\s*)("[^"]*"|'[^']*'|[^,}]+)"""
)


class _Loader(yaml.SafeLoader):
    """The safe loader, with dates left as the text that they are written as."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(slots=True, kw_only=True)
class Document:
    """A file's values and their places.

    Attributes:
        file: As a person named it.
        lines: Its text.
        values: Plain values; a mapping for an empty file.
        problems: What is wrong without hindering the reading: keys that are there twice.
    """

    file: str
    lines: list[str] = field(default_factory=list)
    values: Any = field(default_factory=dict)
    problems: list[AuditError] = field(default_factory=list)
    _keys: dict[Keys, Mark] = field(default_factory=dict)
    _marks: dict[Keys, Mark] = field(default_factory=dict)
    _left: int = MAX_VALUES

    def place(self, path: Keys, *, key: bool = False) -> Place:
        """Where the value at `path` stands, or its key; its surroundings when it is not in the file."""
        while path not in self._marks and path:
            path, key = path[:-1], False
        mark = self._keys.get(path) if key else None
        mark = mark or self._marks.get(path)
        return Place(file=self.file) if mark is None else self.at(*mark)

    def at(self, start: yaml.Mark, end: yaml.Mark) -> Place:
        """A place from YAML's marks; what spans lines is underlined to the end of its first."""
        line = self.lines[start.line].rstrip() if start.line < len(self.lines) else ""
        return self.spot(start.line, start.column, (end.column if end.line == start.line else len(line)) - start.column)

    def spot(self, line: int, column: int, width: int) -> Place:
        """A place from 0-based numbers. A secret in the excerpt is masked."""
        text = self.lines[line].replace("\t", " ") if line < len(self.lines) else ""
        return Place(file=self.file, line=line + 1, column=column + 1, excerpt=masked(text), width=max(width, 1))

    def inside(self, path: Keys, start: int, width: int) -> Place:
        """A part of the text at `path`; all of it where the file writes it with escapes or on several lines."""
        value, whole = self.value(path), self.place(path)
        if whole.line is None or whole.column is None or not isinstance(value, str):
            return whole
        column = self.lines[whole.line - 1].find(value, whole.column - 1)
        return whole if column < 0 else self.spot(whole.line - 1, column + start, width)

    def value(self, path: Keys) -> Any:
        """The value at `path`."""
        value = self.values
        for key in path:
            value = value[key]
        return value

    def _build(self, node: yaml.Node, path: Keys, above: tuple[int, ...]) -> Any:
        self._left -= 1
        if self._left < 0 or id(node) in above:
            what = "an anchor contains itself" if id(node) in above else f"anchors stand for over {MAX_VALUES:,} values"
            raise yaml.MarkedYAMLError(problem=what, problem_mark=node.start_mark)
        self._marks.setdefault(path, (node.start_mark, node.end_mark))
        above = (*above, id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*path, index), above) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, above)
        try:
            return yaml.constructor.SafeConstructor().construct_object(node)
        except ValueError:  # a number of thousands of digits
            raise yaml.MarkedYAMLError(problem="a value cannot be read", problem_mark=node.start_mark) from None

    def _mapping(self, node: yaml.MappingNode, path: Keys, above: tuple[int, ...]) -> dict[Any, Any]:
        own: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = {**self._merged(value_node, path, above), **merged}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key has to be a word", problem_mark=key_node.start_mark)
            # A number or a `true` as a key is the word that is written there.
            key = str(key_node.value)
            here = (*path, key)
            if key in own:
                self._repeated(key, key_node, self._keys[here][0].line + 1)
            self._keys[here] = (key_node.start_mark, key_node.end_mark)
            self._marks.pop(here, None)
            own[key] = self._build(value_node, here, above)
        return {**merged, **own}

    def _merged(self, node: yaml.Node, path: Keys, above: tuple[int, ...]) -> dict[Any, Any]:
        """Values of `<<`; of several mappings the first wins, and the mapping itself wins over all."""
        values: dict[Any, Any] = {}
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(part, yaml.MappingNode):
                raise yaml.MarkedYAMLError(problem="`<<` merges mappings only", problem_mark=part.start_mark)
            values = {**self._build(part, path, above), **values}
        return values

    def _repeated(self, key: str, node: yaml.Node, first: int) -> None:
        self.problems.append(
            ConfigError(
                f"the key `{key}` is there twice",
                code="config.duplicate-key",
                place=self.at(node.start_mark, node.end_mark),
                notes=[f"first in line {first}"],
                hint="remove one of them",
            )
        )


def masked(line: str) -> str:
    """A line with what looks like a secret starred out, at the same width."""
    for start, end, _ in found_secrets(line, shapes=True):
        line = line[:start] + "*" * (end - start) + line[end:]
    return _NAMED_SECRET.sub(lambda match: match[1] + "*" * len(match[2]), line)


def read_document(file: Path) -> Document:
    """Read a YAML file.

    Raises:
        ConfigError: It is absent, not UTF-8, not YAML, or too large; the message has the place.
    """
    try:
        data = _bytes(file)
    except FileNotFoundError:
        hint = "write one with:  audit init LOGS"
        raise ConfigError(f"{file} does not exist", code="config.missing", hint=hint) from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", code="config.unreadable") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(file=str(file), line=data[: error.start].count(b"\n") + 1)
        raise ConfigError(
            f"{file} is not UTF-8", code="config.encoding", place=place, hint="save it as UTF-8"
        ) from None
    document = Document(file=str(file), lines=text.split("\n"))
    try:
        root = yaml.compose(text, Loader=_Loader)
        if root is not None:
            values = document._build(root, (), ())
            document.values = {} if values is None else values
    except RecursionError:
        raise ConfigError(f"{file} is nested too deeply", code="config.yaml") from None
    except yaml.YAMLError as error:
        raise _syntax(document, text, error) from None
    return document


def _bytes(file: Path) -> bytes:
    """The bytes of a plain file of bearable size: a pipe would wait for ever, a device never ends."""
    facts = file.stat()
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{file} is not a plain file", code="config.unreadable")
    if facts.st_size > MAX_BYTES:
        raise ConfigError(f"{file} is larger than {MAX_BYTES:,} bytes", code="config.too-large")
    return file.read_bytes()


def named_file(value: str, directory: Path) -> Path:
    """The file that `file://PATH` in a configuration names.

    Args:
        value: As written, with or without `file://`.
        directory: Of the configuration.

    Raises:
        ConfigError: It lies outside that folder, through a link as well, so that a configuration that came from
            somebody else reads and runs nothing but what came with it.
    """
    path = directory / value.removeprefix("file://")
    if not path.resolve().is_relative_to(directory.resolve()):
        raise ConfigError(
            f"{path} lies outside the configuration's folder",
            code="config.file-outside",
            notes=["files that a configuration names lie below its own folder"],
            hint="copy the file there, or move the configuration up to a folder that holds both",
        )
    return path


def named_text(value: str, directory: Path) -> str:
    """What the file that `file://PATH` names says.

    Raises:
        ConfigError: It lies outside the folder, is absent, no plain file, too large, or no UTF-8.
    """
    path = named_file(value, directory)
    try:
        return _bytes(path).decode("utf-8")
    except OSError:
        raise ConfigError(f"{path} cannot be read", code="config.file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8", code="config.file") from None


def goes_bare(url: str) -> bool:
    """Whether what is sent to an address crosses other people's networks unencrypted: `http:` to a host that is neither
    this machine nor, by its name or number, one of a private network."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return False  # no address at all, which is for others to say
    if parts.scheme.lower() != "http":
        return False
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_private
    except ValueError:
        return "." in host and not host.endswith(PRIVATE_SUFFIXES)


def _syntax(document: Document, text: str, error: yaml.YAMLError) -> ConfigError:
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        place = document.spot(before.count("\n"), error.position - before.rfind("\n") - 1, 1)
        return ConfigError("a control character is not YAML", code="config.yaml", place=place)
    problem: Mapping[str, Any] = vars(error)
    mark = problem.get("problem_mark") or problem.get("context_mark")
    tab = "'\\t'" in str(problem.get("problem"))
    return ConfigError(
        "YAML cannot be indented with a tab" if tab else f"this is not YAML: {problem.get('problem')}",
        code="config.yaml",
        place=document.at(mark, mark) if mark else Place(file=document.file),
        notes=[str(problem["context"])] if problem.get("context") and not tab else [],
        hint="use spaces" if tab else None,
    )


def literal_keys(document: Document) -> dict[Keys, ConfigError]:
    """The keys that stand in a file, by their places: they come from the environment only."""
    return {path: _secret(document, path) for path in _secret_paths(document.values, ())}


def named(path: Keys) -> str:
    """A value as messages name it."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
    return f"`{text}`" if text else "the file"


def _secret_paths(value: Any, path: Keys) -> Iterator[Keys]:
    """Paths of values that are keys, or look like one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and _is_key(key, inner, path):
                yield (*path, key)
            else:
                yield from _secret_paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _secret_paths(inner, (*path, index))
    elif isinstance(value, str) and any(found_secrets(value, shapes=True)):
        yield path


def _is_key(name: Any, value: str, path: Keys) -> bool:
    """Whether a text is a key by the name that it stands under."""
    name = str(name).lower()
    if name == "api_key_env":
        return _ENV_NAME.fullmatch(value) is None
    if value.startswith(_FROM_ENVIRONMENT):
        return False
    if path[:1] == ("tiers",) and (name in _SECRET_KEYS or (path[-1] == "headers" and _KEY_HEADER.search(name))):
        return True
    return name in _SURE_KEYS and looks_random(value, password=True)


def _secret(document: Document, path: Keys) -> ConfigError:
    hint = "put it into an environment variable, and the variable's name here:  api_key_env: OPENAI_API_KEY"
    what = f"{named(path)} holds a key"
    if path[-1] == "api_key_env":
        what, hint = "`api_key_env` is the name of an environment variable, not a key", "write it like OPENAI_API_KEY"
    elif path[-2:-1] == ("headers",):
        hint = f"put it into an environment variable, and name that:  {path[-1]}: env:GATEWAY_KEY"
    notes = ["keys come from the environment only; one that was in a file should be replaced"]
    return ConfigError(what, code="config.secret", place=document.place(path, key=True), notes=notes, hint=hint)
