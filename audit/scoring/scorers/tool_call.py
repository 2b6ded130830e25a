"""The completion calls the expected tools with accepted arguments.

`value` is `{tool: {argument: [accepted values]}}`, calls in the OpenAI shape, a list of either, or `none`; by default
the incumbent's calls. "" among accepted values means that the argument may be absent, unless the request's tools demand
it. Unknown arguments fail; several calls match in any order. `exact: true` compares texts to the letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.scorer import Check, Context, Options, Scorer, verdict
from audit.scoring.templates import Absent, Unusable
from audit.scoring.toolcalls import (
    Call,
    Wanted,
    as_wanted,
    exactly,
    mismatch,
    pair_calls,
    read_calls,
    required_arguments,
    tool_schemas,
)


def build(options: Options) -> Check:
    """Compare the completion's calls with the expected ones."""
    exact = options.flag("exact")
    expected = options.expected(_as_calls, default=_incumbents_calls)
    options.reads.update(("incumbent",) if options.value is None else ())

    def check(context: Context) -> Outcome:
        wanted, calls = expected(context), read_calls(context.completion.tool_calls)
        schemas = tool_schemas(context.request.tools)
        required = [required_arguments(schemas, each.name) for each in wanted]
        problem = _problem(calls, wanted, required, exact=exact)
        evidence: dict[str, Any] = {"expected": [_plain(each) for each in wanted]}
        return verdict(problem is None, problem or "", **evidence, called=[call.name for call in calls[:20]])

    return check


def _problem(
    calls: Sequence[Call], wanted: Sequence[Wanted], required: Sequence[Sequence[str]], *, exact: bool
) -> str | None:
    if len(calls) != len(wanted):
        return f"{len(calls)} calls, {len(wanted)} expected"
    rows = [
        [mismatch(call, each, needs, exact=exact) for call in calls]
        for each, needs in zip(wanted, required, strict=True)
    ]
    if pair_calls([[problem is None for problem in row] for row in rows]):
        return None
    hopeless = next((row for row in rows if all(row)), None)
    return hopeless[0] if hopeless is not None and len(calls) == 1 else "the calls do not match the expected ones"


def _as_calls(value: Any) -> tuple[Wanted, ...]:
    return value if isinstance(value, tuple) and all(isinstance(v, Wanted) for v in value) else as_wanted(value)


def _incumbents_calls(context: Context) -> tuple[Wanted, ...]:
    if context.incumbent is None:
        raise Absent("there is no completion of the incumbent")
    try:
        return tuple(exactly(call) for call in read_calls(context.incumbent.tool_calls))
    except ValueError:
        raise Unusable("the incumbent's call has arguments that are not a JSON object") from None


def _plain(wanted: Wanted) -> dict[str, Any]:
    return {wanted.name: {name: list(values) for name, values in wanted.arguments.items()}}


SCORER = Scorer(
    name="tool-call",
    version=1,
    summary="The completion calls the expected tools with accepted arguments.",
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "exact"),
    reads=("request",),
)
