"""JSON in strangers' text: strict parsing, the first value in prose, paths into it, equality of structure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_OPENING = re.compile(r"[\[{]")
_FENCE = re.compile(r"\s*```[A-Za-z0-9_+-]*[ \t]*\r?\n(.*?)\r?\n?```\s*", re.DOTALL)
_STEP = re.compile(r"\[(-?\d+)\]|\.?([^.\[\]]+)")
_DEEPEST = 1_000  # characters charged for a value nested too deeply to parse


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""No value at a path; JSON null is None."""


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value, boxed, because null is one too."""

    value: Any


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def parse_json(text: str) -> Any:
    """Parse a text that is JSON and nothing else; NaN and Infinity are not JSON.

    Raises:
        ValueError: It is not, or it is nested too deeply.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def unfenced(text: str) -> str:
    """The content of a Markdown code block that is the whole text; any other text as it is."""
    match = _FENCE.fullmatch(text)
    return text if match is None or "```" in match.group(1) else match.group(1)


def json_values(text: str) -> Iterator[Any]:
    """JSON values in a text: the whole of it, or else the objects and lists in it, in order, none inside another.

    Work is linear: when failed attempts have read a few times the length of the text, the search ends.
    """
    try:
        yield parse_json(text)
        return
    except ValueError:
        pass
    budget, start = 4 * len(text) + 10_000, 0
    while budget > 0 and (match := _OPENING.search(text, start)):
        try:
            value, start = _DECODER.raw_decode(text, match.start())
            yield value
        except RecursionError:
            budget, start = budget - _DEEPEST, match.start() + 1
        except json.JSONDecodeError as error:
            budget, start = budget - (error.pos - match.start()) - 1, match.start() + 1
        except ValueError:
            budget, start = budget - _DEEPEST, match.start() + 1


def first_json(text: str) -> Json | None:
    """The first JSON value in a text, code fences and prose around it allowed."""
    for value in json_values(text):
        return Json(value)
    return None


def steps(path: str) -> list[str | int]:
    """Read a path such as `a.b[0].c`, `$.a` or `a.0.b`.

    Raises:
        ValueError: It is not a path.
    """
    rest = path.strip().removeprefix("$").removeprefix(".")
    found: list[str | int] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            raise ValueError(f"is not a path: {path!r}")
        found.append(int(match.group(1)) if match.group(1) is not None else match.group(2))
        position = match.end()
    return found


def at_path(value: Any, path: list[str | int]) -> Any:
    """The value at a path, or `MISSING`."""
    for step in path:
        if isinstance(value, dict) and str(step) in value:
            value = value[str(step)]
        elif isinstance(value, list) and (index := _index(step)) is not None and -len(value) <= index < len(value):
            value = value[index]
        else:
            return MISSING
    return value


def _index(step: str | int) -> int | None:
    if isinstance(step, int):
        return step
    return int(step) if step.isascii() and step.isdigit() and len(step) < 10 else None


def same_json(left: Any, right: Any) -> bool:
    """Equality of structure: 1 equals 1.0 but not true, the order of keys does not matter, that of lists does."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same_json(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def json_text(value: Any) -> str:
    """A JSON value as the text that people compare: strings as they are, 5.0 as `5`, true as `true`."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=str)
