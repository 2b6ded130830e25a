"""Expectations that no answer can meet: the tools or the schema of the request itself rule them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.exchange import Request
from audit.core.outcome import Outcome, Scored
from audit.scoring.comparisons.tool_calls import same_name, tool_schemas
from audit.scoring.texts.json_values import steps


def impossible(scorer: str, outcome: Outcome, request: Request) -> str | None:
    """Why no answer to this request can satisfy a criterion, without quoting values; None where one may.

    Args:
        scorer: The criterion's type.
        outcome: What it said of the log's own answer; its evidence holds what was expected.
        request: With its tools and the format that it asks for.
    """
    if not isinstance(outcome, Scored) or outcome.passed:
        # What the log's own answer meets can be met.
        return None
    expected = outcome.evidence.get("expected")
    if scorer == "tool-call" and isinstance(expected, Sequence) and not isinstance(expected, str):
        return next((why for call in expected if (why := _call(call, request)) is not None), None)
    if scorer == "json-fields" and isinstance(expected, Mapping):
        return _fields(expected, request)
    return None


def _call(expected: Any, request: Request) -> str | None:
    """Why a call cannot be made with the request's tools."""
    if not isinstance(expected, Mapping):
        return None
    schemas = tool_schemas(request.tools)
    for name, arguments in expected.items():
        schema = next((schema for known, schema in schemas.items() if same_name(known, str(name))), None)
        if schema is None:
            return "the expected call is to a tool that the request does not offer"
        if isinstance(arguments, Mapping) and (why := _arguments(arguments, schema)) is not None:
            return why
    return None


def _arguments(expected: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return None
    for name, accepted in expected.items():
        if name not in properties:
            if _must_be_there(accepted) and schema.get("additionalProperties") is not True:
                return f"the tool has no argument `{name}`"
            continue
        if _must_be_there(accepted) and not _allowed(accepted, properties[name]):
            return f"the tool allows no accepted value of the argument `{name}`"
    if isinstance(required, Sequence):
        for name in required:
            if name not in expected:
                return f"the tool demands the argument `{name}`, which is not expected"
    return None


def _allowed(accepted: Any, schema: Any) -> bool:
    """Whether the argument's schema lists one of the accepted values, where it lists any."""
    allowed = schema.get("enum") if isinstance(schema, Mapping) else None
    if not isinstance(allowed, Sequence) or not isinstance(accepted, Sequence) or isinstance(accepted, str):
        return True
    return any(value in allowed for value in accepted)


def _must_be_there(accepted: Any) -> bool:
    return not (isinstance(accepted, Sequence) and not isinstance(accepted, str) and "" in accepted)


def _fields(expected: Mapping[str, Any], request: Request) -> str | None:
    """Why a field cannot be in an answer of the format that the request asks for."""
    asked = (request.response_format or {}).get("json_schema")
    schema = asked.get("schema") if isinstance(asked, Mapping) else None
    if not isinstance(schema, Mapping) or schema.get("additionalProperties") is not False:
        return None
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return None
    gone = next((name for name in expected if name not in properties and _top(name) not in properties), None)
    return None if gone is None else f"the schema that the request asks for has no field `{gone}`"


def _top(name: str) -> str:
    """The field at the top that a path leads to, or the name itself where it is no path."""
    try:
        path = steps(name)
    except ValueError:
        return name
    return str(path[0]) if path else name
