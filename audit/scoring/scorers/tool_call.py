"""The completion calls the expected tools with accepted arguments.

`value` is `{tool: {argument: [accepted values]}}`, calls in the OpenAI shape, a list of either, or `none`; by default
the incumbent's calls. Values are the same JSON or they differ: 1 is 1.0, "12.50" is not "1250"; sentences are compared
by their words. "" or null among accepted values means that the argument may be absent, unless the request's tools
demand it. Unknown arguments fail. Text that declines beside the calls fails.

`order` says what the order of several calls says: `functions` (the default) keeps that of different functions and
leaves calls of one function free, as to the weather in two towns, unless two of them agree in an argument that names a
thing and differ in another, as two writes to one file do; `kept` keeps all, `any` none. What one object of
accepted values expects has no order, nor has what the Berkeley leaderboard's folding compares.

`arguments: {note: {fuzzy: 0.8}}` names a comparison for single arguments (exact, fuzzy, ignore, label, numeric, set).
`exact: true` tells null from absent and compares sentences exactly, too. `folding: bfcl` compares texts as the Berkeley
leaderboard does, without case and most signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from audit.core.outcome import Outcome
from audit.scoring.comparisons.tool_calls import (
    CalledTool,
    CallOrder,
    Matching,
    Texts,
    Wanted,
    as_wanted,
    blocks_of,
    exactly,
    expects_calls,
    mismatch,
    pair_calls,
    read_calls,
    schema_of,
    tool_schemas,
)
from audit.scoring.comparisons.values import comparison, leaves_open
from audit.scoring.context import Context
from audit.scoring.expected.templates import Absent, UnusableTemplate, compile_value
from audit.scoring.refusals.sentences import declines
from audit.scoring.scorer import Alternative, Check, Options, Scorer, Takes, verdict


def build(options: Options) -> Check:
    """Compare the completion's calls with the expected ones."""
    matching, order = _matching(options), _order(options)
    expected = options.expected(_as_calls, default=_incumbents_calls)
    options.reads.update(("incumbent",) if options.value is None else ())
    options.alternatives.extend(_alternatives(options.value))

    def check(context: Context) -> Outcome:
        wanted, calls = expected(context), read_calls(context.completion.tool_calls)
        schemas = tool_schemas(context.request.tools)
        expects = [Expectation(each, schema_of(schemas, each.name)) for each in wanted]
        problem = _problem(calls, expects, order, matching)
        if problem is None and calls and declines(context.text) and not _declined_today(context):
            problem = "the text beside the calls declines"
        evidence: dict[str, Any] = {"expected": [_plain(each) for each in wanted]}
        return verdict(problem is None, problem or "", **evidence, called=[call.name for call in calls[:20]])

    return check


def _declined_today(context: Context) -> bool:
    return context.incumbent is not None and declines(context.incumbent.text or "")


def _matching(options: Options) -> Matching:
    exact, folding = options.flag("exact"), options.choice("folding", "none", ("none", "bfcl"))
    if exact and folding != "none":
        raise options.wrong("`exact` and `folding` exclude each other")
    texts = Texts.EXACT if exact else Texts.BFCL if folding == "bfcl" else Texts.JSON
    entry = options.extra.get("arguments", {})
    if not isinstance(entry, Mapping):
        raise options.wrong("`arguments` must be a mapping of argument to comparison")
    own, ignored = {}, set()
    for name, how in entry.items():
        try:
            own[str(name)] = comparison(how)
        except ValueError as error:
            raise options.wrong(f"`arguments.{name}` {error}") from None
        if (why := leaves_open(how)) is not None:
            options.leaves_open.append(f"the argument `{name}` by {why}")
        if how == "ignore":
            ignored.add(str(name))
    return Matching(texts=texts, arguments=own, ignored=frozenset(ignored))


def _order(options: Options) -> CallOrder:
    folded = options.extra.get("folding", "none") == "bfcl"
    order = CallOrder(options.choice("order", CallOrder.ANY if folded else CallOrder.FUNCTIONS, CallOrder))
    if order is CallOrder.ANY:
        options.leaves_open.append("the order of calls")
    return order


class Expectation(NamedTuple):
    """A call that is expected, and the parameters of its tool; {} where the request does not say."""

    call: Wanted
    schema: Mapping[str, Any]


def _problem(
    calls: Sequence[CalledTool], expects: Sequence[Expectation], order: CallOrder, matching: Matching
) -> str | None:
    if len(calls) != len(expects):
        return f"{len(calls)} calls, {len(expects)} expected"
    rows = [[mismatch(call, each, schema, matching) for call in calls] for each, schema in expects]
    fits = [[problem is None for problem in row] for row in rows]
    wanted, schemas = [each.call for each in expects], [each.schema for each in expects]
    if _in_blocks(fits, blocks_of(wanted, order, schemas, matching.ignored)):
        return None
    if len(calls) == 1:
        return rows[0][0]
    # Told apart, because an order that says nothing in a route is an option away.
    return "the calls stand in another order" if pair_calls(fits) else "the calls do not match the expected ones"


def _in_blocks(fits: Sequence[Sequence[bool]], sizes: Sequence[int]) -> bool:
    """Whether the calls of each run are those that it expects, in any order inside."""
    start = 0
    for size in sizes:
        end = start + size
        if not pair_calls([row[start:end] for row in fits[start:end]]):
            return False
        start = end
    return True


def _alternatives(value: Any) -> list[Alternative]:
    """The constants among an argument's accepted values, where these are filled per request as well."""
    if isinstance(value, list | tuple):
        return [found for item in value for found in _alternatives(item)]
    arguments = [each for each in value.values() if isinstance(each, Mapping)] if isinstance(value, Mapping) else []
    return [
        Alternative(accepted, str(name))
        for each in arguments
        for name, values in each.items()
        if isinstance(values, list | tuple) and any(compile_value(one) for one in values)
        for accepted in values
        if compile_value(accepted) is None and accepted not in ("", None)
    ]


def _as_calls(value: Any) -> tuple[Wanted, ...]:
    return value if isinstance(value, tuple) and all(isinstance(v, Wanted) for v in value) else as_wanted(value)


def _incumbents_calls(context: Context) -> tuple[Wanted, ...]:
    if context.incumbent is None:
        raise Absent("there is no completion of the incumbent")
    try:
        made = read_calls(context.incumbent.tool_calls)
        return tuple(exactly(call, step) for step, call in enumerate(made))
    except ValueError:
        raise UnusableTemplate("the incumbent's call has arguments that are not a JSON object") from None


def _plain(wanted: Wanted) -> dict[str, Any]:
    return {wanted.name: {name: list(values) for name, values in wanted.arguments.items()}}


SCORER = Scorer(
    name="tool-call",
    version=14,
    summary="The completion calls the expected tools with accepted arguments.",
    needs_reference=False,
    calls_model=False,
    expects_calls=expects_calls,
    build=build,
    accepts=("value", "arguments", "exact", "folding", "order"),
    reads=("request",),
    takes=Takes.WHOLE,
)
