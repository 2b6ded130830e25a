"""Dataclasses as JSON values, and back."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Dataclasses, enums and tuples as JSON values.

    A class may name properties in `REPEATED`: they are written beside the fields, and not read back. Fields that it
    names in `SPARSE` are written only where they hold something, so that a document without them stays as it was.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [*(f.name for f in dataclasses.fields(value)), *getattr(value, "REPEATED", ())]
        sparse = getattr(value, "SPARSE", ())
        return {name: to_plain(item) for name in names if (item := getattr(value, name)) or name not in sparse}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], value: Any) -> T:
    """Rebuild a dataclass from what `to_plain` made of it.

    Raises:
        KeyError: A field is missing.
        TypeError: A value is of another type than its field; the message is the field's name.
        ValueError: A number is not finite, or a word is none of its field's.
    """
    return _build(kind, value)  # type: ignore[no-any-return]


def _build(kind: Any, value: Any) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(args, value)
    if origin is Literal:
        return _typed(value in args, value)
    if origin is tuple:
        kinds = args if args[-1:] != (...,) else args[:1] * len(_list(value))
        return tuple(_build(one, item) for one, item in zip(kinds, _list(value), strict=True))
    if origin in (list, Sequence):
        return [_build(args[0], item) for item in _list(value)]
    if origin in (dict, Mapping):
        _typed(isinstance(value, dict), value)
        return {_build(args[0], key): _build(args[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return _scalar(kind, value)


def _one_of(kinds: Sequence[Any], value: Any) -> Any:
    """A value of one of several kinds: None, or the first that it is of."""
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    for kind in others[:-1]:
        try:
            return _build(kind, value)
        except (KeyError, TypeError, ValueError):
            continue
    return _build(others[-1], value)


def _record(kind: Any, value: Any) -> Any:
    _typed(isinstance(value, dict), value)
    hints, required = _fields(kind)
    if missing := required - set(value):
        raise KeyError(sorted(missing)[0])
    built = {}
    for name, hint in hints.items():
        if name not in value:
            continue
        try:
            built[name] = _build(hint, value[name])
        except TypeError as error:
            raise TypeError(f"{name}.{error}".rstrip(".")) from None
    return kind(**built)


@cache
def _fields(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Types of a dataclass's fields, and the names of those without a default. Read once a class: findings hold
    thousands of records of a few dozen classes, and working out a class's types takes longer than building a record."""
    hints, missing = get_type_hints(kind), dataclasses.MISSING
    fields = dataclasses.fields(kind)
    required = frozenset(f.name for f in fields if f.default is missing and f.default_factory is missing)
    return {f.name: hints[f.name] for f in fields}, required


def _scalar(kind: Any, value: Any) -> Any:
    if kind is float:
        _typed(isinstance(value, int | float) and not isinstance(value, bool), value)
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        return float(value)
    if kind is int:
        return _typed(isinstance(value, int) and not isinstance(value, bool), value)
    return _typed(kind is Any or not isinstance(kind, type) or isinstance(value, kind), value)


def _list(value: Any) -> list[Any]:
    return _typed(isinstance(value, list), value)  # type: ignore[no-any-return]


def _typed(holds: bool, value: Any) -> Any:
    if not holds:
        raise TypeError("")
    return value
