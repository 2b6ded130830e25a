"""Every tool call names one of the request's tools and has arguments that its schema allows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from audit.core.outcome import Outcome
from audit.jsonschemas import Validate
from audit.scoring.comparisons.tool_calls import read_calls, same_name, tool_schemas
from audit.scoring.context import Context
from audit.scoring.expected.schema import schema_of
from audit.scoring.expected.templates import Absent, UnusableTemplate
from audit.scoring.scorer import Check, Options, Scorer, verdict


def build(options: Options) -> Check:
    """Validate against the tools of the request; a completion without a call does not hold."""

    def check(context: Context) -> Outcome:
        schemas = tool_schemas(context.request.tools)
        if not schemas:
            raise Absent("the request offers no tools")
        calls = read_calls(context.completion.tool_calls)
        if not calls:
            return verdict(False, "no tool was called")
        for call in calls:
            schema = next((schemas[name] for name in schemas if same_name(name, call.name)), None)
            if schema is None:
                return verdict(False, "a tool was called that the request does not offer")
            if call.arguments is None:
                return verdict(False, "the arguments are not a JSON object")
            validate = _validator(_text(schema))
            if validate is not None and (problem := validate(dict(call.arguments))) is not None:
                return verdict(False, f"the arguments are not valid: {problem}")
        return verdict(True)

    return check


def _text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, sort_keys=True)


@lru_cache(maxsize=1024)
def _validator(schema: str) -> Validate | None:
    try:
        return schema_of(schema)
    except ValueError:
        raise UnusableTemplate("a tool of the request has a schema that is no JSON Schema") from None


SCORER = Scorer(
    name="is-valid-openai-tools-call",
    version=2,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=(),
    reads=("request",),
)
