"""What promptfoo would send and expect for one test: variables, prompts and values with their templates filled.

What cannot be filled in the same way is refused, so that the test is left out and named.
Source: promptfoo's `evaluatorHelpers.ts`, `evaluator.ts` and `assertions/index.ts`, read 2026-11-29.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audit.core.settings import CriterionSettings
from audit.documents import named_text
from audit.scoring.expected.files import read_value
from audit.scoring.expected.templates import filled_text

FILE = "file://"
_VARIABLE_FILES = (".txt", ".md", ".json", ".csv")


def depends(value: Any) -> bool:
    """Whether a value has templates in it."""
    if isinstance(value, Mapping):
        return any(map(depends, value.values()))
    if isinstance(value, list | tuple):
        return any(map(depends, value))
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


def variants(variables: Mapping[str, Any], directory: Path, *, expand: bool) -> Iterator[dict[str, Any]]:
    """The variables of a test, once for each combination.

    Args:
        variables: As written. A list that begins with a text stands for one test for each of its items.
        directory: Where the files that they name are.
        expand: Without it every list is one value: `disableVarExpansion`.

    Raises:
        AuditError: A file cannot be read.
        ValueError: A variable is code, or holds a template of its own.
    """
    choices = []
    for value in variables.values():
        many = expand and isinstance(value, list) and bool(value) and isinstance(value[0], str)
        choices.append([_variable(item, directory) for item in (value if many else [value])])
    for values in itertools.product(*choices):
        yield dict(zip(variables, values, strict=True))


def _variable(value: Any, directory: Path) -> Any:
    if isinstance(value, str) and value.startswith(FILE):
        if not value.endswith(_VARIABLE_FILES):
            raise ValueError("a variable in a file that is no text")
        value = named_text(value, directory).strip()
    if depends(value):
        raise ValueError("a variable with a template in it")
    return value.removesuffix("\n") if isinstance(value, str) else value


def expected(kind: str, value: Any, variables: Mapping[str, Any], directory: Path) -> Any:
    """What an assertion compares with, for one test.

    Args:
        kind: Type of the assertion.
        value: As written; texts, and texts in a list, are templates. A file is read and is none.
        variables: Of the test.
        directory: Where the file is.

    Raises:
        AuditError: A file cannot be read.
        ValueError: A template cannot be filled, or nothing is expected.
    """
    if isinstance(value, str) and value.startswith(FILE):
        found = read_value(CriterionSettings(type=kind, value=value), directory)
        if depends(found):
            raise ValueError("a file of an expected value with a template in it")
    else:
        found = [filled(item, variables) for item in value] if isinstance(value, list) else filled(value, variables)
    if found is None or found in ("", []):
        raise ValueError("an expected value that is empty")
    return found


def filled(value: Any, variables: Mapping[str, Any]) -> Any:
    """A value with the templates in it filled; numbers and structures stay what they are.

    Raises:
        ValueError: One cannot be filled.
    """
    if isinstance(value, Mapping):
        return {key: filled(item, variables) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, variables) for item in value]
    return filled_text(value, variables) if depends(value) else value


def messages(template: Any, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages of a prompt. A text is what the user says, unless it is the JSON of a conversation.

    Raises:
        ValueError: A template cannot be filled.
    """
    if isinstance(template, str):
        with contextlib.suppress(ValueError):
            template = json.loads(template)
    made: Any = filled(template, variables)
    if isinstance(made, str):
        try:
            parsed = json.loads(made)
        except ValueError:
            parsed = None
        made = parsed if _is_talk(parsed) else [{"role": "user", "content": made}]
    if not _is_talk(made):
        return [{"role": "user", "content": template if isinstance(template, str) else json.dumps(made)}]
    return list(made)


def _is_talk(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(m, dict) and "role" in m for m in value)
