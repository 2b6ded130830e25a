"""JSON Schemas in criteria: compiled once, offline, with patterns matched in linear time where they can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

from audit.scoring.jsontext import parse_json

_SURROGATE = re.compile("[\ud800-\udfff]")
_BACKTRACKS = 100_000

Validate = Callable[[Any], str | None]
"""A JSON value to None when it is valid, else to where it is not, without quoting it."""


def compile_schema(value: Any) -> Validate | None:
    """Compile a JSON Schema, as a mapping or as JSON text; None when there is none.

    Raises:
        ValueError: It is not a JSON Schema, or refers to one that is elsewhere.
    """
    if value is None:
        return None
    schema = parse_json(value) if isinstance(value, str) else value
    if not isinstance(schema, Mapping | bool):
        raise ValueError("must be a JSON Schema")
    validator = _compile(schema)

    def validate(instance: Any) -> str | None:
        instance = _clean(instance)
        if validator.is_valid(instance):
            return None
        error = next(iter(validator.iter_errors(instance)))
        return f"breaks `{'/'.join(map(str, error.schema_path)) or 'the schema'}`"

    return validate


def _compile(schema: Any) -> Any:
    engines: tuple[Any, ...] = (
        jsonschema_rs.RegexOptions(),
        jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS),
    )
    for last, engine in enumerate(engines):
        try:
            return jsonschema_rs.validator_for(schema, pattern_options=engine, offline=True)
        except (ValueError, TypeError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            if last:
                raise ValueError(f"is not a usable JSON Schema: {str(error).splitlines()[0]}") from None
    return None


def _clean(value: Any) -> Any:
    """The value with lone surrogates, which the validator cannot take, replaced."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
