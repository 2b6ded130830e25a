"""JSON in untrusted text: strict parsing, the first value in prose, paths into it, equality of structure."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

_OPENING = re.compile(r"[\[{]")
_FENCE = re.compile(r"(?P<fence>`{3,}|~{3,})[ \t]*(?:[A-Za-z][\w+.-]*(?=[\s\[{\"]))?")
_STEP = re.compile(r"\[(-?\d+)\]|\.?([^.\[\]]+)")
_DEEPEST = 1_000  # characters charged for a value nested too deeply to parse


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""No value at a path; JSON null is None."""


class _Contradicted:
    """Equal to nothing, itself included."""

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "CONTRADICTED"


CONTRADICTED: Final = _Contradicted()
"""The value of a key that stands twice in an object, with two values."""


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value, boxed, because null is one too."""

    value: Any


def nfc(text: str) -> str:
    """The text in Unicode's composed form."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


_EXACT_DIGITS = 17


def _number(written: str) -> float | Decimal:
    """A number as a float where that is what is written, else as a decimal; what no float can reach is refused."""
    value = float(written)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    if len(written) < _EXACT_DIGITS and value:
        return value
    exact = Decimal(written)
    return value if Decimal(repr(value)) == exact else exact


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if not same_json(found[name], value):
                found[name] = CONTRADICTED
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_number)
_COMPARING = json.JSONDecoder(parse_constant=_refuse, parse_float=_number, object_pairs_hook=_once)


def parse_json(text: str, *, comparing: bool = False) -> Any:
    """Parse a text that is JSON and nothing else; NaN and Infinity are not JSON.

    Args:
        text: Without a byte order mark.
        comparing: A key that stands twice in an object with two values is `CONTRADICTED`; else the last one counts.

    Raises:
        ValueError: It is not, it is nested too deeply, or it holds a number beyond the range of a float.
    """
    try:
        return (_COMPARING if comparing else _DECODER).decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def unfenced(text: str) -> str:
    """The content of a Markdown code block that is the whole text; any other text as it is.

    Fences are those of CommonMark, <https://spec.commonmark.org/0.31.2/#fenced-code-blocks>: three or more backticks
    or tildes, closed by as many or more of the same. A block on one line is read too, because models write it.
    """
    bare = text.strip()
    opening = _FENCE.match(bare)
    if opening is None:
        return text
    fence = opening["fence"]
    body = bare[opening.end() :].rstrip(fence[0])
    if len(bare) - opening.end() - len(body) < len(fence):
        return text
    closes = re.compile(rf"^[ \t]{{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE)
    return text if closes.search(body) else body.strip()


def json_values(text: str, *, comparing: bool = False) -> Iterator[Any]:
    """JSON values in a text: the whole of it, or else the objects and lists in it, in order, none inside another.

    Work is linear: when failed attempts have read a few times the length of the text, the search ends. `comparing` is
    that of `parse_json`.
    """
    try:
        yield parse_json(text, comparing=comparing)
        return
    except ValueError:
        pass
    decoder = _COMPARING if comparing else _DECODER
    budget, start = 4 * len(text) + 10_000, 0
    while budget > 0 and (match := _OPENING.search(text, start)):
        try:
            value, start = decoder.raw_decode(text, match.start())
            yield value
        except RecursionError:
            budget, start = budget - _DEEPEST, match.start() + 1
        except json.JSONDecodeError as error:
            # The error counts the lines before its place, at about a kilobyte in the time of an attempt.
            read = error.pos - match.start() + error.pos // 1024 + 1
            budget, start = budget - read, match.start() + 1
        except ValueError:
            budget, start = budget - _DEEPEST, match.start() + 1


def first_json(text: str) -> Json | None:
    """The first JSON value in a text, code fences and prose around it allowed."""
    for value in json_values(text):
        return Json(value)
    return None


def says_two_things(text: str) -> bool:
    """Whether the JSON in a text gives two values to one key: twice in an object, or in its first and a later one."""
    first, *later = [value for value in json_values(text, comparing=True) if isinstance(value, dict)] or [{}]
    if any(value is CONTRADICTED for value in first.values()):
        return True
    return any(name in other and not same_json(value, other[name]) for other in later for name, value in first.items())


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
    """Equality of structure: 1 equals 1.0 but not true, the order of keys does not matter, that of lists does.

    Texts and keys are equal when their composed forms are.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right or nfc(left) == nfc(right)
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            left, right = _composed(left), _composed(right)
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same_json(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def _composed(value: dict[str, Any]) -> dict[str, Any]:
    """The object with its keys in composed form; two keys that become one are no value at all."""
    return _once([(nfc(key), item) for key, item in value.items()])


def json_text(value: Any) -> str:
    """A JSON value as the text that people compare: strings as they are, 5.0 as `5`, true as `true`."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
