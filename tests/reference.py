"""The reference of the documentation's site, made from settings, help pages, catalogs and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.cli.layout import EXIT_CODES, type_words
from tests.docs import assertions, exports, formats, protocols, providers, table

LIBRARY = ("audit.open", "audit.notebook.FinishedRun", "audit.policy.router.Router")
"""What a reader may import, documented by its docstrings."""

UNITS = {"%": "share, `5%`", "pt": "points, `3pt`", "\\$": "dollars, `$5`"}
"""Quantities by a mark of their pattern."""

WORDS = {"integer": "whole number", "string": "text", "boolean": "true or false"}


@dataclass(frozen=True, slots=True)
class SettingsReference:
    """Every key of `audit.yaml`, a heading for each section, in the order in which they are met.

    Attributes:
        schema: JSON Schema of the file.
        places: Where each section stands, by its name in the schema: `tiers[].price`.
    """

    schema: Mapping[str, Any]
    places: Mapping[str, str]

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> SettingsReference:
        """Find the sections from the top down."""
        places, left = {"": ""}, [""]
        for name in left:
            section = schema["$defs"][name] if name else schema
            for key, entry in section["properties"].items():
                for used in _named_in(entry):
                    if "properties" in schema["$defs"][used] and used not in places:
                        listed = "[]" if entry.get("type") == "array" else ""
                        places[used] = f"{places[name]}.{key}{listed}".removeprefix(".")
                        left.append(used)
        return cls(schema, places)

    @property
    def text(self) -> str:
        """The page."""
        parts = ["# audit.yaml\n", "Every key, with its default. `audit init` writes a first file from a log.\n"]
        for name, place in self.places.items():
            section = self.schema["$defs"][name] if name else self.schema
            heading = f"## `{place}` {{#{name.lower()}}}\n" if name else "## Top level\n"
            parts += [heading, f"{_sentence(section)}\n" if name else "", self._keys(section)]
        return "\n".join(parts)

    def _keys(self, section: Mapping[str, Any]) -> str:
        required = section.get("required", ())
        rows = []
        for name, entry in section["properties"].items():
            default = "required" if name in required else _default(entry.get("default"))
            examples = ", ".join(f"`{example}`" for example in entry.get("examples", ()))
            said = _sentence(entry) + (f" (such as {examples})" if examples else "")
            rows.append((f"`{name}`", self._type(entry), default, said))
        return table(("key", "type", "default", "what it is"), rows)

    def _type(self, entry: Mapping[str, Any]) -> str:
        """The type in words; a section is a link to it."""
        if "$ref" in entry:
            name = entry["$ref"].rsplit("/", 1)[-1]
            return f"[section](#{name.lower()})" if name in self.places else self._type(self.schema["$defs"][name])
        if "anyOf" in entry:
            kinds = [self._type(one) for one in entry["anyOf"] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
        if "enum" in entry:
            return " or ".join(f"`{value}`" for value in entry["enum"])
        if entry.get("type") == "array":
            return f"list of {self._type(entry.get('items', {}))}".replace("list of [section]", "list of [sections]")
        if "pattern" in entry:
            return next((said for mark, said in UNITS.items() if mark in entry["pattern"]), "text")
        if entry.get("type") == "object" and isinstance(entry.get("additionalProperties"), Mapping):
            return f"names to {self._type(entry['additionalProperties'])}"
        return WORDS.get(str(entry.get("type")), str(entry.get("type", "any")))


def _named_in(entry: Any) -> Iterator[str]:
    """Definitions that an entry refers to."""
    if isinstance(entry, Mapping) and "$ref" in entry:
        yield entry["$ref"].rsplit("/", 1)[-1]
    elif isinstance(entry, Mapping | list):
        for value in entry.values() if isinstance(entry, Mapping) else entry:
            yield from _named_in(value)


def _sentence(entry: Mapping[str, Any]) -> str:
    return " ".join(str(entry.get("description", "")).split())


def _default(value: Any) -> str:
    """A default worth telling: sections and empty lists are what they are when they are left out."""
    return "" if value is None or value == [] or isinstance(value, Mapping) else f"`{value}`"


def settings_text() -> str:
    """The reference of `audit.yaml`."""
    from audit.config.load import settings_schema

    return SettingsReference.of(settings_schema()).text


def commands_text() -> str:
    """Every command with its flags, from the help pages."""
    from audit.cli.app import command_line

    program = command_line()
    shared = {param.name for param in program.params}
    parts = ["# Commands\n"]
    for name, command in sorted(program.commands.items()):
        summary, _, body = inspect.cleandoc(command.help or "").partition("\n\n")
        parts += [f"## audit {name}\n", f"{' '.join(summary.split())}\n", _body(body)]
        parts += [_flags(command, [param for param in command.params if param.name not in shared])]
    parts += ["## Flags of every command\n", _flags(program, program.params)]
    return "\n".join([*parts, "## Exit codes\n", table(("code", "means"), [tuple(code) for code in EXIT_CODES])])


def _body(body: str) -> str:
    """The rest of a help page: paragraphs, and examples as a block."""
    examples = [line.strip() for line in body.splitlines() if line.startswith("    ")]
    prose = "\n".join(line for line in body.splitlines() if not line.startswith("    ") and line.strip() != "EXAMPLES")
    return prose.strip() + "\n" + ("\n```sh\n" + "\n".join(examples) + "\n```\n" if examples else "")


def _flags(command: Any, params: Iterable[Any]) -> str:
    context = command.make_context(command.name or "audit", [], resilient_parsing=True)
    records = [record for param in params if (record := param.get_help_record(context)) is not None]
    rows = [(f"`{type_words(flag)}`", " ".join(said.split())) for flag, said in records]
    return table(("flag", "what it does"), rows) if rows else ""


def adapters_text() -> str:
    """What can be named: formats, criteria, providers, protocols, exports."""
    parts = {
        "Log formats": formats(),
        "Criteria": assertions(),
        "Providers of tiers": providers(),
        "Protocols": protocols(),
        "Exports of a policy": exports(),
    }
    said = (f"## {name}\n\n{text}" for name, text in parts.items())
    return "# Formats, criteria, providers, exports\n\n" + "\n".join(said)


def library_text() -> str:
    """The library's doors, for mkdocstrings."""
    return "# Library\n\n" + "\n".join(f"::: {name}\n" for name in LIBRARY)
