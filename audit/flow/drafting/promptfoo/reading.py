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
from audit.flow.drafting.promptfoo.tables import test_of_row

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

PROMPT_FILES = (".txt", ".json", ".yaml", ".yml", ".md", ".j2")
"""Ends of names of files that hold prompts as they are."""
_CODE_FILES = (".js", ".cjs", ".mjs", ".ts", ".py")
_SCHEME = re.compile(r"(?!file:)[a-z]+://")


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template of a conversation, and what a test can call it by.

    Attributes:
        template: A text, or a list of messages.
        names: Its label and id; without a label the text itself, or the file with the text.
    """

    template: Any
    names: tuple[str, ...]


def refers(name: str, names: Sequence[str]) -> bool:
    """Whether what a filter says means a prompt or provider of these names: one of them, `BEGINNING*`, or a group.

    Source:
        promptfoo's `util/promptMatching.ts`, read 2026-11-29.
    """
    start = name[:-1] if name.endswith("*") else f"{name}:"
    return name in names or any(one.startswith(start) for one in names)


@dataclass(slots=True)
class Promptfoo:
    """A configuration of promptfoo.

    Attributes:
        directory: Of the file; paths in it start there.
        providers: As written, each a text or a mapping with `id`.
        prompts: Templates of conversations.
        default: `defaultTest`, which every test has too.
        tests: Inline ones and those of files.
        templates: `assertionTemplates`, by name.
        left: What is not taken over, as sentences.
    """

    directory: Path
    providers: list[Any] = field(default_factory=list)
    prompts: list[PromptTemplate] = field(default_factory=list)
    default: dict[str, Any] = field(default_factory=dict)
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
    found.default = dict(default) if isinstance(default, dict) else {}
    if found.default.pop("provider", None) is not None:
        found.left.append("defaultTest: its `provider`; every tier is tried on the log's requests")
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


def _prompts(prompt: Any, found: Promptfoo) -> Iterator[PromptTemplate]:
    """Templates of conversations that an entry of `prompts` stands for."""
    names: tuple[str, ...] = ()
    if isinstance(prompt, dict):
        names = tuple(str(prompt[key]) for key in ("label", "id") if prompt.get(key))
        prompt = prompt.get("raw") or prompt.get("id")
    if isinstance(prompt, list):
        yield PromptTemplate(prompt, (*names, json.dumps(prompt)))
        return
    if not isinstance(prompt, str):
        found.left.append("a prompt that is neither a text nor messages")
        return
    if _SCHEME.match(prompt):
        found.left.append(f"the prompt `{prompt}`: it is kept elsewhere, and is not fetched")
        return
    if not prompt.startswith("file://") and not _is_file(prompt, found.directory):
        yield PromptTemplate(prompt, names or (prompt,))
        return
    yield from _prompts_of_file(prompt.removeprefix("file://"), names, found)


def _is_file(prompt: str, directory: Path) -> bool:
    """Whether a text is the name of a file; promptfoo needs no `file://` there."""
    if "\n" in prompt or not prompt.endswith((*PROMPT_FILES, *_CODE_FILES)):
        return False
    try:
        return (directory / prompt).is_file()
    except OSError:
        return False


def _prompts_of_file(name: str, names: tuple[str, ...], found: Promptfoo) -> Iterator[PromptTemplate]:
    prompt = f"file://{name}"
    if not name.endswith(PROMPT_FILES) or "*" in name:
        found.left.append(f"the prompt `{prompt}`: it is code or a pattern of names, and is not run")
        return
    names = (*names, name, prompt)
    try:
        if name.endswith((".yaml", ".yml")):
            yield PromptTemplate(_parsed(prompt, found), names)
            return
        text = named_text(prompt, found.directory)
    except AuditError as error:
        found.left.append(f"the prompt `{prompt}`: {error.what}")
        return
    parts = re.split(r"^---\s*$", text, flags=re.MULTILINE) if name.endswith(".txt") else [text]
    for part in parts:
        if part.strip():
            yield PromptTemplate(part.strip("\n"), (*names, *(f"{one}: {part.strip()}" for one in names)))


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
    tests = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), 1):
        test, left = test_of_row(row)
        found.left += [f"row {number} of `{path}`: {one}" for one in left]
        tests.append(test)
    return tests


def read_problem(error: AuditError) -> str:
    """What is wrong with an entry, as a sentence without its place."""
    return error.problems[0].what if isinstance(error, ConfigError) and error.problems else error.what
