"""Tool calls: reading them, and matching them with accepted values.

Values are equal when they are the same JSON: 1 is 1.0 and not "1" or true. Texts are compared exactly, so that paths,
addresses, dates and numbers in text stay themselves; sentences of three words and more by their words. An optional
argument that is null or empty text is as good as absent. Where its schema has a default, absence says the default and
nothing else does: null and empty text then say what they are (no filter, no text).

The folding of the Berkeley Function-Calling Leaderboard, which must be asked for, compares texts without case, white
space and the signs `, . / - _ * ^`: <https://gorilla.cs.berkeley.edu/blogs/8_berkeley_function_calling_leaderboard.html>.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Any

from audit.scoring.comparisons.values import Same
from audit.scoring.context import Context
from audit.scoring.texts.json_values import parse_json, same_json
from audit.scoring.texts.words import same_prose

_FOLDED = re.compile(r"[\s,./\-_*^]+")
_NOT_IN_NAMES = re.compile(r"[\x00-,./:-@\[-^`{-\x7f]")


class Texts(Enum):
    """How the texts of arguments are compared."""

    EXACT = "exactly, and an argument that is absent is not one that is empty"
    JSON = "exactly, but sentences by their words"
    BFCL = "as the Berkeley leaderboard folds them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How calls are compared.

    Attributes:
        texts: The rule for texts in arguments.
        arguments: Comparisons of single arguments by their names, instead of that rule.
        ignored: Arguments that may hold anything, or be absent.
    """

    texts: Texts = Texts.JSON
    arguments: Mapping[str, Same] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CalledTool:
    """One call. `arguments` is None when they are not a JSON object."""

    name: str
    arguments: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One call that is expected: per argument the accepted values; "" among them means it may be absent."""

    name: str
    arguments: Mapping[str, Sequence[Any]]
    written: bool = False
    """Somebody wrote the accepted values: "" and null among them mean absence. Else it is a call that was made."""
    step: int = 0
    """Its place in the list that is expected; what one object expects has one place, because its keys have no order."""


class CallOrder(StrEnum):
    """What the order of several calls says."""

    FUNCTIONS = "functions"
    KEPT = "kept"
    ANY = "any"


def read_call(call: Any) -> CalledTool:
    """A call in the OpenAI shape, `function` around name and arguments or not."""
    body = call.get("function", call) if isinstance(call, Mapping) else {}
    if not isinstance(body, Mapping):
        return CalledTool("", None)
    arguments = body.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = parse_json(arguments, comparing=True) if arguments.strip() else {}
        except ValueError:
            arguments = None
    elif arguments is None:
        arguments = {}
    return CalledTool(str(body.get("name") or ""), arguments if isinstance(arguments, Mapping) else None)


def read_calls(calls: Sequence[Any]) -> list[CalledTool]:
    """Calls in the OpenAI shape."""
    return [read_call(call) for call in calls]


def as_wanted(value: Any) -> tuple[Wanted, ...]:
    """What `value` expects: accepted values per argument, calls in the OpenAI shape, a list of either, or `none`.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, str):
        if value.strip() == "none":
            return ()
        try:
            value = parse_json(value)
        except ValueError:
            raise ValueError("must be accepted values, calls, or `none`") from None
    if isinstance(value, list | tuple):
        found = [(step, wanted) for step, item in enumerate(value) for wanted in as_wanted(item)]
        return tuple(replace(wanted, step=step) for step, wanted in found)
    if not isinstance(value, Mapping):
        raise ValueError("must be accepted values, calls, or `none`")
    if isinstance(value.get("function"), Mapping) or isinstance(value.get("name"), str):
        return (exactly(read_call(value)),)
    return tuple(Wanted(str(name), _accepted(arguments), written=True) for name, arguments in value.items())


def expects_calls(context: Context, reads: Collection[str]) -> bool:
    """Whether calls are expected: by the reference where one is read, else by today's answer."""
    if "reference" in reads and context.reference is not None:
        try:
            return bool(as_wanted(context.reference))
        except ValueError:
            return True
    today = context.incumbent
    return "incumbent" not in reads or today is None or bool(today.tool_calls)


def exactly(call: CalledTool, step: int = 0) -> Wanted:
    """The call itself as an expectation, at its place among several.

    Raises:
        ValueError: Its arguments are not a JSON object.
    """
    if call.arguments is None:
        raise ValueError("has arguments that are not a JSON object")
    return Wanted(call.name, {name: [value] for name, value in call.arguments.items()}, step=step)


def _accepted(arguments: Any) -> dict[str, Sequence[Any]]:
    if not isinstance(arguments, Mapping):
        raise ValueError("must give accepted values per argument")
    return {str(k): v if isinstance(v, list | tuple) else [v] for k, v in arguments.items()}


def same_name(left: str, right: str) -> bool:
    """Whether two tool names are one: ASCII signs that no provider's names allow (`math.sqrt`) count as `_`."""
    return _NOT_IN_NAMES.sub("_", left) == _NOT_IN_NAMES.sub("_", right)


def mismatch(call: CalledTool, wanted: Wanted, schema: Mapping[str, Any], matching: Matching) -> str | None:
    """Why a call is not the wanted one, in words without values; None when it is.

    Args:
        call: The candidate's.
        wanted: What is expected.
        schema: Of the tool's parameters, {} where the request does not say.
        matching: How values are compared.
    """
    if not same_name(call.name, wanted.name):
        return "another tool was called"
    if call.arguments is None:
        return "the arguments are not a JSON object"
    required, properties = required_arguments(schema), _properties(schema)
    texts = matching.texts
    for name, value in call.arguments.items():
        if name not in wanted.arguments and name not in matching.ignored:
            known = not properties or name in properties
            if name in required or not known or not _as_absent(value, properties.get(name), texts):
                return f"unknown argument `{name}`"
    for name, accepted in wanted.arguments.items():
        if name in matching.ignored:
            continue
        own = properties.get(name)
        may = name not in required and any(
            _as_absent(value, None if wanted.written else own, texts) or _as_absent(value, own, texts)
            for value in accepted
        )
        if name not in call.arguments:
            if not may:
                return f"missing argument `{name}`"
            continue
        actual = call.arguments[name]
        if not (_accepts(name, accepted, actual, own, matching) or (may and _as_absent(actual, own, texts))):
            return f"argument `{name}` has another value"
    return None


def _as_absent(value: Any, schema: Any, texts: Texts) -> bool:
    """Whether an optional argument with this value says what its absence says."""
    if texts is Texts.EXACT:
        return False
    if texts is Texts.BFCL:
        return isinstance(value, str) and not value
    if isinstance(schema, Mapping) and "default" in schema:
        return same_json(value, schema["default"])
    return value is None or value == ""


def _accepts(name: str, accepted: Sequence[Any], actual: Any, schema: Any, matching: Matching) -> bool:
    own = matching.arguments.get(name)
    if own is not None:
        return any(own(value, actual) for value in accepted)
    return any(_matches(value, actual, schema, matching.texts) for value in accepted)


def _matches(accepted: Any, actual: Any, schema: Any, texts: Texts) -> bool:
    if texts is Texts.BFCL:
        return _matches_folded(accepted, actual)
    if texts is Texts.EXACT or same_json(accepted, actual):
        return same_json(accepted, actual)
    if isinstance(accepted, str) and isinstance(actual, str):
        return same_prose(accepted, actual)
    if isinstance(accepted, list | tuple) and isinstance(actual, list | tuple):
        of_items = schema.get("items") if isinstance(schema, Mapping) else None
        return len(accepted) == len(actual) and all(
            _matches(a, b, of_items, texts) for a, b in zip(accepted, actual, strict=True)
        )
    if isinstance(accepted, Mapping) and isinstance(actual, Mapping):
        return all(_same_inside(accepted, actual, name, schema, texts) for name in {*accepted, *actual})
    return False


def _same_inside(accepted: Mapping[str, Any], actual: Mapping[str, Any], name: str, schema: Any, texts: Texts) -> bool:
    """Whether one key of an object inside of an argument says the same on both sides: absent is null there as well, or
    the default where its schema has one.
    """
    own = _properties(schema).get(name) if isinstance(schema, Mapping) else None
    stands_for = own["default"] if isinstance(own, Mapping) and "default" in own else None
    return _matches(accepted.get(name, stands_for), actual.get(name, stands_for), own, texts)


def _matches_folded(accepted: Any, actual: Any) -> bool:
    if isinstance(accepted, str) and isinstance(actual, str):
        return accepted == actual or _folded(accepted) == _folded(actual)
    if isinstance(accepted, list | tuple) and isinstance(actual, list | tuple):
        return len(accepted) == len(actual) and all(map(_matches_folded, accepted, actual))
    if isinstance(accepted, Mapping) and isinstance(actual, Mapping):
        return _object_matches(accepted, actual)
    return same_json(accepted, actual)


def _may_be_absent(accepted: Sequence[Any]) -> bool:
    return any(isinstance(value, str) and not value for value in accepted)


def _object_matches(accepted: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    """An object among accepted values: each of its fields is a value, or a list of accepted ones."""
    if actual.keys() - accepted.keys():
        return False
    for name, wanted in accepted.items():
        alternatives = wanted if isinstance(wanted, list | tuple) else [wanted]
        if name not in actual:
            if not _may_be_absent(alternatives):
                return False
        elif not any(_matches_folded(value, actual[name]) for value in alternatives) and not _matches_folded(
            wanted, actual[name]
        ):
            return False
    return True


def _folded(text: str) -> str:
    return _FOLDED.sub("", text).lower().replace("'", '"')


def blocks_of(
    wanted: Sequence[Wanted],
    order: CallOrder,
    schemas: Sequence[Mapping[str, Any]] | None = None,
    ignored: frozenset[str] = frozenset(),
) -> list[int]:
    """The sizes of the runs of calls inside of which the order says nothing; they add up to the number of calls.

    Args:
        wanted: The calls that are expected.
        order: What their order says.
        schemas: Of the parameters of each call's tool; None where nobody knows.
        ignored: Arguments that may hold anything.

    Special cases:
        `FUNCTIONS`: neighbours that call one function, such as the weather in two towns, and what one object expects.
        Two calls that do different things to one thing, such as to write one file twice, keep their order.
    """
    if order is CallOrder.ANY:
        return [len(wanted)]
    sizes: list[int] = []
    for place, each in enumerate(wanted):
        run = wanted[place - sizes[-1] : place] if sizes else ()
        schema = schemas[place] if schemas is not None else {}
        together = bool(run) and (
            each.step == run[-1].step
            or (
                same_name(each.name, run[-1].name)
                and not any(_on_one_thing(each, before, schema, ignored) for before in run)
            )
        )
        if together and order is CallOrder.FUNCTIONS:
            sizes[-1] += 1
        else:
            sizes.append(1)
    return sizes


def _on_one_thing(one: Wanted, other: Wanted, schema: Mapping[str, Any], ignored: frozenset[str]) -> bool:
    """Whether two calls of a function agree in an argument that names a thing, and differ in another.

    A choice (a listed value, a switch) names none, nor does what the tool does not demand where it demands anything:
    the weather in two towns in one unit has no order.
    """
    names = {*one.arguments, *other.arguments} - ignored
    same = {
        name
        for name in names
        if name in one.arguments
        and name in other.arguments
        and same_json(list(one.arguments[name]), list(other.arguments[name]))
    }
    required, properties = required_arguments(schema), _properties(schema)
    return same != names and any(
        (not required or name in required) and not _is_choice(properties.get(name)) for name in same
    )


def _is_choice(schema: Any) -> bool:
    return isinstance(schema, Mapping) and ("enum" in schema or "const" in schema or schema.get("type") == "boolean")


def pair_calls(fits: Sequence[Sequence[bool]]) -> bool:
    """Whether every wanted call can have a call of its own; `fits[wanted][call]`, as many of one as of the other."""
    holder: dict[int, int] = {}
    for start in range(len(fits)):
        path: dict[int, int] = {}
        queue, free = [start], None
        while queue and free is None:
            wanted = queue.pop()
            for call, fitting in enumerate(fits[wanted]):
                if not fitting or call in path:
                    continue
                path[call] = wanted
                if call not in holder:
                    free = call
                    break
                queue.append(holder[call])
        if free is None:
            return False
        while True:
            wanted = path[free]
            previous = next((call for call, held in holder.items() if held == wanted), None)
            holder[free] = wanted
            if previous is None or wanted == start:
                break
            free = previous
    return True


def tool_schemas(tools: Sequence[Mapping[str, Any]] | None) -> dict[str, Mapping[str, Any]]:
    """Parameter schemas of the request's tools by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for tool in tools or ():
        body = tool.get("function", tool) if isinstance(tool, Mapping) else None
        if isinstance(body, Mapping) and isinstance(body.get("name"), str):
            parameters = body.get("parameters")
            found[body["name"]] = parameters if isinstance(parameters, Mapping) else {}
    return found


def schema_of(schemas: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """The parameters of a tool by its name; {} when the request does not say."""
    return next((schema for known, schema in schemas.items() if same_name(known, name)), {})


def required_arguments(schema: Mapping[str, Any]) -> Sequence[str]:
    """Arguments that a tool demands of a call; () when it does not say."""
    required = schema.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list | tuple) else ()


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    return properties if isinstance(properties, Mapping) else {}
