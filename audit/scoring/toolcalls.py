"""Tool calls: reading them, and matching them with accepted values as the Berkeley leaderboard does.

Source: the abstract-syntax-tree check of the Berkeley Function-Calling Leaderboard,
<https://gorilla.cs.berkeley.edu/blogs/8_berkeley_function_calling_leaderboard.html>. Texts are compared without case,
white space and the signs `, . / - _ * ^`; numbers by value; an argument may be absent where "" is among the accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.scoring.jsontext import parse_json, same_json

_FOLDED = re.compile(r"[\s,./\-_*^]+")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `arguments` is None when they are not a JSON object."""

    name: str
    arguments: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """One call that is expected: per argument the accepted values; "" among them means it may be absent."""

    name: str
    arguments: Mapping[str, Sequence[Any]]


def read_call(call: Any) -> Call:
    """A call in the OpenAI shape, `function` around name and arguments or not."""
    body = call.get("function", call) if isinstance(call, Mapping) else {}
    if not isinstance(body, Mapping):
        return Call("", None)
    arguments = body.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = parse_json(arguments) if arguments.strip() else {}
        except ValueError:
            arguments = None
    elif arguments is None:
        arguments = {}
    return Call(str(body.get("name") or ""), arguments if isinstance(arguments, Mapping) else None)


def read_calls(calls: Sequence[Any]) -> list[Call]:
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
        return tuple(wanted for item in value for wanted in as_wanted(item))
    if not isinstance(value, Mapping):
        raise ValueError("must be accepted values, calls, or `none`")
    if isinstance(value.get("function"), Mapping) or isinstance(value.get("name"), str):
        return (exactly(read_call(value)),)
    return tuple(Wanted(str(name), _accepted(arguments)) for name, arguments in value.items())


def exactly(call: Call) -> Wanted:
    """The call itself as an expectation.

    Raises:
        ValueError: Its arguments are not a JSON object.
    """
    if call.arguments is None:
        raise ValueError("has arguments that are not a JSON object")
    return Wanted(call.name, {name: [value] for name, value in call.arguments.items()})


def _accepted(arguments: Any) -> dict[str, Sequence[Any]]:
    if not isinstance(arguments, Mapping):
        raise ValueError("must give accepted values per argument")
    return {str(k): v if isinstance(v, list | tuple) else [v] for k, v in arguments.items()}


def same_name(left: str, right: str) -> bool:
    """Whether two tool names are one: signs that no provider's names allow (`math.sqrt`) count as `_`."""
    return _NOT_IN_NAMES.sub("_", left) == _NOT_IN_NAMES.sub("_", right)


def mismatch(call: Call, wanted: Wanted, required: Sequence[str], *, exact: bool) -> str | None:
    """Why a call is not the wanted one, in words without values; None when it is."""
    if not same_name(call.name, wanted.name):
        return "another tool was called"
    if call.arguments is None:
        return "the arguments are not a JSON object"
    for name in call.arguments:
        if name not in wanted.arguments:
            return f"unknown argument `{name}`"
    for name, accepted in wanted.arguments.items():
        if name not in call.arguments:
            # Exact comparison has no convention for "may be absent": an empty text is an empty text.
            if name in required or exact or not _may_be_absent(accepted):
                return f"missing argument `{name}`"
        elif not any(_matches(value, call.arguments[name], exact=exact) for value in accepted):
            return f"argument `{name}` has another value"
    return None


def _may_be_absent(accepted: Sequence[Any]) -> bool:
    return any(isinstance(value, str) and not value for value in accepted)


def _matches(accepted: Any, actual: Any, *, exact: bool) -> bool:
    if exact:
        return same_json(accepted, actual)
    if isinstance(accepted, str) and isinstance(actual, str):
        return accepted == actual or _folded(accepted) == _folded(actual)
    if isinstance(accepted, list | tuple) and isinstance(actual, list | tuple):
        return len(accepted) == len(actual) and all(map(_matches_folded, accepted, actual))
    if isinstance(accepted, Mapping) and isinstance(actual, Mapping):
        return _object_matches(accepted, actual)
    return same_json(accepted, actual)


def _matches_folded(accepted: Any, actual: Any) -> bool:
    return _matches(accepted, actual, exact=False)


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


def required_arguments(schemas: Mapping[str, Mapping[str, Any]], name: str) -> Sequence[str]:
    """Arguments that the request's tools demand of a call; () when they do not say."""
    for known, schema in schemas.items():
        if same_name(known, name):
            required = schema.get("required")
            return [r for r in required if isinstance(r, str)] if isinstance(required, list | tuple) else ()
    return ()
