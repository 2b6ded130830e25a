"""JSON Schemas of criteria, logs and policies: compiled once, offline, with patterns matched in linear time where they
can be. A schema that refers to another address is refused: whoever wrote it must not choose what is fetched."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import jsonschema_rs

_SURROGATE = re.compile("[\ud800-\udfff]")
_BACKTRACKS = 100_000

# OpenAPI's formats and keyword, which Ajv with ajv-formats asserts beside those of JSON Schema:
# <https://spec.openapis.org/oas/v3.0.3#data-types>.
_FORMATS: dict[str, Callable[[str], bool]] = {
    "byte": lambda text: _is_base64(text),
    "url": lambda text: _has_format(text, "uri") and "://" in text,
    "iso-time": lambda text: _has_format(text, "time") or _has_format(f"{text}Z", "time"),
    "iso-date-time": lambda text: _has_format(text, "date-time") or _has_format(f"{text}Z", "date-time"),
}
_INTEGERS = {"int32": 2**31, "int64": 2**63}
_NO_SCHEMAS = ("const", "enum", "default", "example", "examples")

Validate = Callable[[Any], str | None]
"""A JSON value to None when it is valid, else to where it is not, without quoting it."""


def compile_schema(schema: Any) -> Validate:
    """Compile a JSON Schema.

    Raises:
        ValueError: It is not a JSON Schema, or refers to one that is elsewhere.
    """
    if not isinstance(schema, Mapping | bool):
        raise ValueError("must be a JSON Schema")
    try:
        validator = _compile(_standard(schema))
    except RecursionError:
        raise ValueError("is nested too deeply") from None

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
            return jsonschema_rs.validator_for(
                schema, pattern_options=engine, offline=True, validate_formats=True, formats=_FORMATS
            )
        except (ValueError, TypeError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            if last:
                raise ValueError(f"is not a usable JSON Schema: {str(error).splitlines()[0]}") from None
    return None


def _standard(schema: Any) -> Any:
    """The schema with OpenAPI's `nullable: true` and its formats of integers in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_standard(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {key: value if key in _NO_SCHEMAS else _standard(value) for key, value in schema.items()}
    if found.get("nullable") is True and isinstance(found.get("type"), str | list):
        types = found["type"] if isinstance(found["type"], list) else [found["type"]]
        found["type"] = [*types, *(["null"] if "null" not in types else [])]
    size = _INTEGERS.get(str(found.get("format")))
    if size is not None:
        # As with every format, what is of another type is not looked at.
        bounds = {"type": "integer", "minimum": -size, "maximum": size - 1}
        found["allOf"] = [*found.get("allOf", ()), {"if": {"type": "number"}, "then": bounds}]
    return found


def _has_format(text: str, name: str) -> bool:
    return bool(jsonschema_rs.is_valid({"format": name}, text, validate_formats=True))


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _clean(value: Any) -> Any:
    """The value with what the validator cannot take: no lone surrogates, and decimals as the nearest float."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
