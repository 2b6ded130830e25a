"""Untrusted values made usable: numbers, times, paths and records of any shape, without an exception."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_origin

import msgspec

from audit.core.fingerprint import canonical_json, digest
from audit.ingest.base64_json import encoded_json
from audit.ingest.row import Unusable
from audit.ingest.times import EARLIEST_S, LATEST_S, date_of_digits, written_time
from audit.protocols.billed import LARGEST_USD
from audit.protocols.shared import finite_number

S = TypeVar("S", bound=msgspec.Struct)

INT64 = 2**63 - 1
SORTED = msgspec.json.Encoder(order="sorted")
DECODER = msgspec.json.Decoder()
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(record: bytes) -> Any:
    """The record's JSON value.

    Special cases: NaN and infinities become null, halves of surrogate pairs become U+FFFD; Python loggers write both.

    Raises:
        Unusable: It is not JSON.
    """
    try:
        return DECODER.decode(record)
    except (ValueError, RecursionError):  # a byte that is no UTF-8 is no DecodeError
        return DECODER.decode(repaired(record))


def repaired(record: bytes) -> bytes:
    """Strict JSON for a record that only Python's lenient reader understands.

    Raises:
        Unusable: It does not either.
    """
    try:
        value = json.loads(record, parse_constant=lambda _: None, parse_float=_finite)
        text = json.dumps(value, ensure_ascii=False)
        strict = _LONE_SURROGATE.sub("\ufffd", text).encode()
        DECODER.decode(strict)
    except RecursionError:
        raise Unusable("nested too deeply") from None
    except ValueError:
        raise Unusable("not JSON") from None
    return strict


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def typed(record: bytes, decoder: msgspec.json.Decoder[S], shape: type[S]) -> S:
    """The record as a struct whose fields are `Any` or structs of the same kind; other types in them become absent.

    Raises:
        Unusable: It is not JSON, or not an object.
    """
    try:
        return decoder.decode(record)
    except (ValueError, RecursionError):  # a byte that is no UTF-8 is no DecodeError
        value = parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object") from None
        return shaped(value, shape)


def shaped(value: Mapping[str, Any], shape: type[S]) -> S:
    """A struct from a mapping, where what does not fit is left out."""
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        if field.encode_name not in value:
            continue
        found, inner = value[field.encode_name], _inner(field.type)
        if inner is not None:
            if isinstance(found, dict):
                kept[field.name] = shaped(found, inner)
            elif any(isinstance(found, kind) for kind in (str, list) if kind in _kinds(field.type)):
                kept[field.name] = found
        elif field.type is msgspec.Raw:
            kept[field.name] = msgspec.Raw(msgspec.json.encode(found))
        else:
            kept[field.name] = found
    return shape(**kept)


@functools.cache
def _inner(kind: Any) -> type[msgspec.Struct] | None:
    """The struct in `Struct | None`, or None when the field holds anything else."""
    for choice in getattr(kind, "__args__", (kind,)):
        if isinstance(choice, type) and issubclass(choice, msgspec.Struct):
            return choice
    return None


@functools.cache
def _kinds(kind: Any) -> frozenset[Any]:
    """What a field holds besides a struct: `str`, `list` and so on."""
    return frozenset(get_origin(choice) or choice for choice in getattr(kind, "__args__", ()))


def canonical(value: Any) -> str:
    """The same text as `core.fingerprint.canonical_json`, by a faster road where both write numbers alike."""
    try:
        if _plain_numbers(value):
            return SORTED.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        pass
    return canonical_json(value)


def _plain_numbers(value: Any) -> bool:
    # Python writes 1e-05 and 1e+16 where msgspec writes 0.00001 and 1e16.
    kind = type(value)
    if kind is str or value is None or kind is int or kind is bool:
        return True
    if kind is float:
        return bool(value == 0 or 1e-4 <= abs(value) < 1e16)
    if kind is dict:
        return all(map(_plain_numbers, value.values()))
    if kind is list or kind is tuple:
        return all(map(_plain_numbers, value))
    return False


def json_text(value: Any) -> str | None:
    """JSON with sorted keys for a column that no digest is made of; None stays None."""
    return None if value is None else SORTED.encode(value).decode()


@functools.lru_cache(4096)
def cached_digest(text: str) -> str:
    """SHA-256 of a text that repeats, such as a system prompt."""
    return digest(text)


def integer(value: Any) -> int | None:
    """A count of something: a non-negative int64, also when written as a float or as text; else None."""
    if type(value) is int:
        return value if 0 <= value <= INT64 else None
    if value is None:
        return None
    if type(value) is str and len(value) < 16 and value.isascii() and value.isdigit():
        return int(value)  # what every float of so few digits is exactly
    number_ = number(value)
    return int(number_) if number_ is not None and 0 <= number_ < INT64 and number_ == int(number_) else None


def small(value: Any) -> int | None:
    """A count that fits an int16; else None."""
    count = integer(value)
    return count if count is not None and count < 2**15 else None


number: Callable[[Any], float | None] = finite_number
"""A finite number, also when written as text; else None."""


def cost(value: Any, unit: float = 1.0) -> float | None:
    """What a call cost, in USD: a number from 0; else None.

    Args:
        value: As written.
        unit: Of it, in USD.
    """
    found = number(value)
    return found * unit if found is not None and 0 <= found * unit <= LARGEST_USD else None


def text(value: Any) -> str | None:
    """A name: a non-empty string, or a number as one; else None."""
    if type(value) is str:
        return value or None
    if value is None:
        return None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def obj(value: Any) -> dict[str, Any]:
    """The value when it is an object; otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> Sequence[dict[str, Any]]:
    """The objects of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else ()


def boolean(value: Any) -> bool | None:
    """true or false, also as the words; else None."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def microseconds(value: Any) -> tuple[int | None, str]:
    """Time since 1970 and its resolution, from epoch seconds, milliseconds, micro- or nanoseconds, or ISO 8601.

    Special cases: text without a zone is UTC, a zone that nobody knows makes it no time. The unit of a number follows
    from its size, and a time before 2015 or after 2100 is none; digits that are a date (`20261102`, `20261102100000`)
    are that. MongoDB's `{"$date": ...}` is what it holds. What is no time gives None.
    """
    if type(value) is float and EARLIEST_S <= value < LATEST_S:
        return round(value * 1e6), "us"
    if type(value) is dict:
        value = value.get("$date", value)
        value = obj(value).get("$numberLong", value)
    seconds = number(value)
    if seconds is None:
        return written_time(value) if isinstance(value, str) else (None, "us")
    for per_second, scale, resolution in ((1, 1e6, "s"), (1e3, 1e3, "ms"), (1e6, 1, "us"), (1e9, 1e-3, "ns")):
        if EARLIEST_S <= seconds / per_second < LATEST_S:
            fine = resolution == "s" and seconds != int(seconds)
            return round(seconds * scale), "us" if fine else resolution
    return date_of_digits(str(value).strip())


_GROUPED = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_SURELY_GROUPED = re.compile(r"-?[1-9]\d{0,2}((,\d{3})+\.\d+|(,\d{3}){2,})")


def written_number(value: Any, grouped: re.Pattern[str] = _GROUPED) -> float | None:
    """A number as people write it too: `1,234`, `$0.02`, `0.02 USD`; None for what is none.

    Args:
        value: As written.
        grouped: What commas between thousands look like.
    """
    if (found := number(value)) is not None or not isinstance(value, str):
        return found
    plain = value.strip().removeprefix("$").removesuffix("USD").strip()
    return number(plain.replace(",", "") if grouped.fullmatch(plain) else plain)


def written_amount(value: Any) -> float | None:
    """As `written_number`, but a single comma may be a decimal one: `1,234` may be 1.234 and is taken for neither."""
    return written_number(value, _SURELY_GROUPED)


def unpacked(value: Any) -> Any:
    """JSON in a string, one level, in base64 too: many exports keep bodies as text. What is none stays as it is."""
    if isinstance(value, str):
        packed = value.encode("utf-8", "replace") if value[:1] in ("{", "[") else encoded_json(value)
        if packed is not None:
            try:
                return parse(packed)
            except Unusable:
                return value
    return value


def walk(value: Any, path: str) -> Any:
    """What stands at a dotted path, or None.

    Special cases: a key may itself hold dots; a number is a place in a list; in a list of tags the step `route` finds
    `route:checkout` and `route=checkout`; JSON in a text on the way is read.
    """
    while path:
        value = unpacked(value)
        if isinstance(value, dict) and path in value:
            return value[path]
        step, _, path = path.partition(".")
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list):
            value = _among(value, step)
        else:
            return None
    return value


def _among(items: list[Any], step: str) -> Any:
    if step.isdecimal():
        return items[int(step)] if int(step) < len(items) else None
    for item in items:
        if isinstance(item, str) and item.startswith((f"{step}:", f"{step}=")):
            return item[len(step) + 1 :].strip()
    return None


_PRIVATE = re.compile(
    r"(?i)(^|[_.-])(ip|ip_address|headers?|custom_headers|authorization|api_?key|secrets?|passw(or)?d|cookies?|"
    r"user_agent|email|credentials?|token_hash|key_hash|traceback|body|api_base)$|requester_ip|access_token|"
    r"auth_metadata|_api_key_(spend|max|budget|hash)"
)


class _Paths(dict[str, str | None]):
    """The dotted paths of the keys under a prefix; None for a key that is left out with all under it.

    A log has few keys, so each is judged and its path put together once; keys beyond a bound are not kept.
    """

    def __init__(self, prefix: str, skipped: tuple[str, ...], families: tuple[str, ...]) -> None:
        self._prefix, self._skipped, self._families = prefix, skipped, families

    def __missing__(self, key: str) -> str | None:
        left_out = key in self._skipped or key.startswith(self._families) or private(key)
        path = None if left_out else self._prefix + key
        if len(self) < _KNOWN_LIMIT:
            self[key] = path
        return path


_KNOWN_LIMIT = 1000
_paths = functools.lru_cache(256)(_Paths)


def private(key: str) -> bool:
    """Whether a metadata key is about secrets, addresses or transport, and is dropped with all under it."""
    return _PRIVATE.search(key) is not None


def scalars(
    value: Mapping[str, Any], prefix: str, skipped: tuple[str, ...] = (), families: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """Leaf values of nested objects as (dotted path, text); nulls, lists, long texts and private keys are left out.

    Args:
        value: The outermost object.
        prefix: Before its keys.
        skipped: Keys of it that are left out.
        families: What those of its keys begin with that are left out too.
    """
    found: list[tuple[str, str]] = []
    _collect(value, prefix, _paths(prefix, skipped, families), found)
    return found


def _collect(value: Mapping[str, Any], prefix: str, paths: _Paths, out: list[tuple[str, str]]) -> None:
    for key, leaf in value.items():
        if leaf is None or leaf == "" or (path := paths[key]) is None:
            continue
        kind = type(leaf)
        if kind is str:
            if len(leaf) <= 256:
                out.append((path, leaf))
        elif kind is dict:
            _collect(leaf, path + ".", _paths(path + ".", (), ()), out)
        elif kind is bool:
            out.append((path, "true" if leaf else "false"))
        elif kind is int or kind is float:
            out.append((path, str(leaf)))
