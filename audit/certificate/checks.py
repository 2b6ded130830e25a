"""Which checks of a route's answers could run in production: those of its criteria that need no right answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.core.policy import VerifierSpec
from audit.core.settings import CriterionSettings, RouteSettings
from audit.documents import named_text
from audit.patterns import compile_pattern

ANSWERED = VerifierSpec(name="answered", params={})


def checks_of(entry: RouteSettings | None, directory: Path) -> tuple[VerifierSpec, ...]:
    """Verifiers that follow from a route's settings; that there is an answer at all can always be checked.

    Args:
        entry: The route's settings, or None.
        directory: Where `file://` paths start.
    """
    found = [_check(criterion, directory) for criterion in (entry.criteria if entry else ())]
    return (ANSWERED, *(spec for spec in found if spec is not None))


def _check(criterion: CriterionSettings, directory: Path) -> VerifierSpec | None:
    """The check that a criterion amounts to; None where it needs more than the answer."""
    steps = dict(criterion.extract or {})
    if criterion.type == "is-json" and not steps:
        schema = _schema(criterion.value, directory)
        return None if schema is None else VerifierSpec(name="schema", params={"schema": schema} if schema else {})
    if criterion.type == "regex" and not steps and (pattern := _pattern(criterion.value)):
        return VerifierSpec(name="regex", params={"pattern": pattern})
    if criterion.type == "one-of" and set(steps) <= {"regex"} and isinstance(criterion.value, list | tuple):
        values = [str(value) for value in criterion.value]
        extract = _pattern(steps.get("regex"))
        if ("regex" in steps and extract is None) or any("{{" in value for value in values):
            return None
        return VerifierSpec(name="one-of", params={"values": values, **({"extract": extract} if extract else {})})
    return None


def _schema(value: Any, directory: Path) -> Mapping[str, Any] | None:
    """The JSON Schema of an `is-json` criterion: empty where it has none, None where it is not plain JSON."""
    if value is None:
        return {}
    if isinstance(value, str) and value.startswith("file://") and value.endswith(".json"):
        try:
            value = json.loads(named_text(value, directory))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, Mapping) else None


def _pattern(value: Any) -> str | None:
    """A pattern that can be matched; None otherwise."""
    try:
        compile_pattern(value)
    except ValueError:
        return None
    return str(value)
