"""What a promptfoo configuration says, with the files that it names: prompts, tests, defaults."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.core.display import plural
from audit.core.errors import AuditError, ConfigError, InputError
from audit.documents import named_text, read_document

FIELDS = ("providers", "targets", "prompts", "tests", "defaultTest", "assertionTemplates")
"""Keys of the file that are read."""
SILENT = (
    "description",
    "tags",
    "$schema",
    "outputPath",
    "sharing",
    "evaluateOptions",
    "commandLineOptions",
    "metadata",
)
"""Keys that say nothing about what is audited: where results go, and how fast promptfoo asks."""

_COLUMN = re.compile(r"__expected(\d*)$")
_TYPED = re.compile(r"^(?P<type>[a-z][a-z0-9-]*)(?:\((?P<threshold>[\d.]+)\))?(?::(?P<value>.*))?$", re.DOTALL)
_CODE = ("fn", "eval", "javascript")
"""Beginnings of an expectation in a table that stand for JavaScript."""


@dataclass(slots=True)
class Promptfoo:
    """A configuration of promptfoo.

    Attributes:
        directory: Of the file; paths in it start there.
        providers: As written, each a text or a mapping with `id`.
        prompts: Templates of conversations: a text, or a list of messages.
        default: `defaultTest`, which every test has too.
        tests: Inline ones and those of files.
        templates: `assertionTemplates`, by name.
        left: What is not taken over, as sentences.
    """

    directory: Path
    providers: list[Any] = field(default_factory=list)
    prompts: list[Any] = field(default_factory=list)
    default: Mapping[str, Any] = field(default_factory=dict)
    tests: list[Mapping[str, Any]] = field(default_factory=list)
    templates: Mapping[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def read_promptfoo(path: Path) -> Promptfoo:
    """Read a configuration.

    Args:
        path: `promptfooconfig.yaml` or its JSON.

    Raises:
        ConfigError: It cannot be read, or is code.
        InputError: It is no configuration of promptfoo.
    """
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        raise InputError(
            f"{path} is code, and is not run", code="promptfoo.code", hint="write the configuration as YAML or JSON"
        )
    document = read_document(path)
    if document.problems:
        raise document.problems[0]
    values = document.values
    if not isinstance(values, dict) or not any(key in values for key in FIELDS):
        raise InputError(
            f"{path} is no configuration of promptfoo", code="promptfoo.shape", notes=[f"none of: {', '.join(FIELDS)}"]
        )
    found = Promptfoo(directory=path.parent)
    for key in values:
        if key not in FIELDS and key not in SILENT:
            found.left.append(f"`{key}`: nothing here corresponds to it")
    templates = values.get("assertionTemplates")
    found.templates = templates if isinstance(templates, dict) else {}
    for key in ("providers", "targets"):
        found.providers += _listed(_resolved(values.get(key), found, key))
    for prompt in _listed(values.get("prompts")):
        found.prompts += _prompts(prompt, found)
    default = _resolved(values.get("defaultTest"), found, "defaultTest")
    found.default = default if isinstance(default, dict) else {}
    for number, test in enumerate(_listed(values.get("tests")), 1):
        found.tests += _tests(test, found, f"test {number}")
    return found


def _listed(value: Any) -> list[Any]:
    """A list as it is, a mapping of names to options as a list of both, one value as a list of it."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _resolved(value: Any, found: Promptfoo, what: str) -> Any:
    """A value, or what the YAML or JSON file that it names says."""
    if not isinstance(value, str) or not value.startswith("file://"):
        return value
    if not value.endswith((".yaml", ".yml", ".json")):
        found.left.append(f"{what} in `{value}`: it is code, and is not run")
        return None
    try:
        return _parsed(value, found)
    except AuditError as error:
        found.left.append(f"{what}: {error.what}")
        return None


def _parsed(value: str, found: Promptfoo) -> Any:
    named_text(value, found.directory)  # refuses what lies outside, or is no text
    document = read_document(found.directory / value.removeprefix("file://"))
    if document.problems:
        raise document.problems[0]
    return document.values


def _prompts(prompt: Any, found: Promptfoo) -> Iterator[Any]:
    """Templates of conversations that an entry of `prompts` stands for."""
    if isinstance(prompt, dict):
        prompt = prompt.get("raw") or prompt.get("id")
    if isinstance(prompt, list):
        yield prompt
        return
    if not isinstance(prompt, str):
        found.left.append("a prompt that is neither a text nor messages")
        return
    if not prompt.startswith("file://"):
        yield prompt
        return
    name = prompt.removeprefix("file://")
    if not name.endswith((".txt", ".json", ".yaml", ".yml", ".md", ".j2")) or "*" in name:
        found.left.append(f"the prompt `{prompt}`: it is code or a pattern of names, and is not run")
        return
    try:
        if name.endswith((".yaml", ".yml")):
            yield _parsed(prompt, found)
            return
        text = named_text(prompt, found.directory)
    except AuditError as error:
        found.left.append(f"the prompt `{prompt}`: {error.what}")
        return
    parts = re.split(r"^---\s*$", text, flags=re.MULTILINE) if name.endswith(".txt") else [text]
    yield from (part.strip("\n") for part in parts if part.strip())


def _tests(test: Any, found: Promptfoo, name: str) -> Iterator[Mapping[str, Any]]:
    """Tests that an entry of `tests` stands for."""
    if isinstance(test, dict) and not str(test.get("path", "")).startswith("file://"):
        yield test
        return
    path = test.get("path") if isinstance(test, dict) else test
    path = path if not isinstance(path, str) or path.startswith("file://") else f"file://{path}"
    if not isinstance(path, str) or not path.endswith((".csv", ".yaml", ".yml", ".json", ".jsonl")):
        found.left.append(f"{name}, `{path}`: neither a test nor a table or YAML file of tests")
        return
    try:
        made = list(_tests_of_file(path, found))
    except (AuditError, ValueError, csv.Error) as error:
        found.left.append(f"{name}: {error.what if isinstance(error, AuditError) else f'`{path}` cannot be read'}")
        return
    odd = sum(not isinstance(one, dict) for one in made)
    if odd:
        found.left.append(f"{name}: {plural(odd, 'entry', 'entries')} of `{path}` that are no tests")
    yield from (one for one in made if isinstance(one, dict))


def _tests_of_file(path: str, found: Promptfoo) -> Sequence[Any]:
    if path.endswith((".yaml", ".yml", ".json")):
        return _listed(_parsed(path, found))
    text = named_text(path, found.directory).removeprefix("\ufeff")
    if path.endswith(".jsonl"):
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    return [_row(row) for row in csv.DictReader(io.StringIO(text, newline=""))]


def _row(row: Mapping[str, str | None]) -> dict[str, Any]:
    """A row of a table as a test: `__expected` columns are assertions, other columns variables."""
    given = {name.strip(): value for name, value in row.items() if isinstance(name, str) and isinstance(value, str)}
    threshold = given.get("__threshold", "")
    common = {"metric": given["__metric"]} if given.get("__metric") else {}
    entries = [
        {**expectation(value), **common} for name, value in given.items() if _COLUMN.match(name) and value.strip()
    ]
    test: dict[str, Any] = {
        "description": given.get("__description", ""),
        "vars": {name: value for name, value in given.items() if not name.startswith("__")},
        "assert": entries,
    }
    if threshold.strip():
        test["threshold"] = float(threshold)
    marks = [name for name in ("__prefix", "__suffix") if given.get(name)]
    return {**test, "options": {name.strip("_"): given[name] for name in marks}} if marks else test


def expectation(text: str) -> dict[str, Any]:
    """A cell of an `__expected` column as an assertion: `contains: a`, `similar(0.8): b`, `is-json`, or the text.

    Source:
        <https://www.promptfoo.dev/docs/configuration/test-cases>, CSV format.
    """
    from audit.scoring.scorers import ALIASES, NOT_SUPPORTED, SCORERS

    found = _TYPED.match(text.strip())
    kind = found["type"] if found else ""
    if found and kind in _CODE:
        return {"type": "javascript", "value": found["value"] or ""}
    kind = "llm-rubric" if kind == "grade" else kind
    plain = kind.removeprefix("not-")
    if found is None or plain not in (*SCORERS.known(), *ALIASES, *NOT_SUPPORTED):
        return {"type": "equals", "value": text}
    entry: dict[str, Any] = {"type": kind}
    if found["value"] is not None:
        value = found["value"].strip()
        entry["value"] = [one.strip() for one in value.split(",")] if plain.endswith(("-all", "-any")) else value
    if found["threshold"]:
        entry["threshold"] = float(found["threshold"])
    return entry


def read_problem(error: AuditError) -> str:
    """What is wrong with an entry, as a sentence without its place."""
    return error.problems[0].what if isinstance(error, ConfigError) and error.problems else error.what
