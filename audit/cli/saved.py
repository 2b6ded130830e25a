"""Telling a saved plan from logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.core.artifacts import read_json
from audit.core.errors import InputError
from audit.core.plan import SCHEMA, Plan, plan_from_plain

CHOICES = ("seed", "max_spend", "slice.tiers", "slice.routes", "slice.looks")
"""Options that decide what is asked and what it may cost: a plan remembers them for `audit replay plan.json`."""

LARGEST_PLAN = 50_000_000
"""Bytes; a JSON file above this is a log, and is not read whole to find out."""


def choices(given: Mapping[str, Any]) -> dict[str, Any]:
    """Of overrides of the configuration, those that a plan remembers."""
    return {name: value for name, value in given.items() if name in CHOICES}


def saved_plan(paths: Sequence[Path]) -> Plan | None:
    """The plan that the one path is; None for logs.

    Raises:
        InputError: It is a plan, but damaged or of another version.
    """
    if len(paths) != 1 or paths[0].suffix != ".json" or not paths[0].is_file():
        return None
    path = paths[0]
    if path.stat().st_size > LARGEST_PLAN or b'"audit-plan/' not in path.read_bytes():
        return None
    value = read_json(path)
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        if not str(schema).startswith("audit-plan/"):
            return None
        raise InputError(f"{path} is a plan of another version: {schema}", code="plan.version", hint="audit plan LOGS")
    try:
        return plan_from_plain(value)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} lacks or spoils the field {error}", code="plan.damaged") from None
