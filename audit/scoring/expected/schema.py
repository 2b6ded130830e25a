"""The JSON Schema that a criterion's `value` is: a mapping, or JSON text."""

from __future__ import annotations

from typing import Any

from audit.jsonschemas import Validate, compile_schema
from audit.scoring.texts.json_values import parse_json


def schema_of(value: Any) -> Validate | None:
    """Compile it; None when there is none.

    Raises:
        ValueError: It is not a JSON Schema, or refers to one that is elsewhere.
    """
    if value is None:
        return None
    return compile_schema(parse_json(value) if isinstance(value, str) else value)
