"""Dataclasses as JSON values, and back."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Dataclasses, enums and tuples as JSON values.

    A class may name properties in `REPEATED`: they are written beside the fields, and not read back. Fields that it
    names in `SPARSE` are written only where they hold something, so that a document without them stays as it was.
    Dollars that its class names in `UNKNOWN` are null where `cost_known` says that nobody knows them: a sum of nothing
    that is known is not $0.
    """
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if (written := _written(kind)) is not None:
        names, sparse = written
        plain = {name: to_plain(item) for name in names if (item := getattr(value, name)) or name not in sparse}
        if (unknown := getattr(kind, "UNKNOWN", None)) and not value.cost_known:
            plain |= dict.fromkeys(unknown)
        return plain
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
"""Types of most values of a document: told apart first, because a report of hundreds of routes has 100,000 of them."""


@cache
def _written(kind: type) -> tuple[tuple[str, ...], frozenset[str]] | None:
    """Names that `to_plain` writes of a dataclass, and which of them only where they hold something; None of others."""
    if not dataclasses.is_dataclass(kind):
        return None
    names = (*(f.name for f in dataclasses.fields(kind)), *getattr(kind, "REPEATED", ()))
    return names, frozenset(getattr(kind, "SPARSE", ()))


def from_plain(kind: type[T], value: Any) -> T:
    """Rebuild a dataclass from what `to_plain` made of it.

    Raises:
        KeyError: A field is missing.
        TypeError: A value is of another type than its field; the message is the field's name.
        ValueError: A number is not finite, or a word is none of its field's.
    """
    build: Builder = _builder(kind)
    return build(value)  # type: ignore[no-any-return]


Builder = Callable[[Any], Any]
"""Makes a value of one type from its JSON value, and raises what `from_plain` raises."""


def _builder(kind: Any) -> Builder:
    # `int | float` equals `float | int`, and reads 1 as another number: the order is a part of the key.
    return _built(kind, repr(kind))


@cache
def _built(kind: Any, written: str) -> Builder:
    """The builder of a type that is written so. Worked out once a type: findings hold a hundred thousand values of a
    few dozen types, and taking a type apart takes longer than building a value of it."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(args)
    if origin is Literal:
        return lambda value: _typed(value in args, value)
    if origin is tuple:
        return _tuple_of(args)
    if origin in (list, Sequence):
        each = _builder(args[0])
        return lambda value: [each(item) for item in _list(value)]
    if origin in (dict, Mapping):
        of_key, of_item = _builder(args[0]), _builder(args[1])
        return lambda value: {of_key(key): of_item(item) for key, item in _object(value).items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    return _scalar(kind)


def _one_of(kinds: Sequence[Any]) -> Builder:
    """A value of one of several kinds: None, or the first that it is of."""
    optional = type(None) in kinds
    *first, last = [_builder(kind) for kind in kinds if kind is not type(None)]

    def build(value: Any) -> Any:
        if value is None and optional:
            return None
        for attempt in first:
            try:
                return attempt(value)
            except (KeyError, TypeError, ValueError):
                continue
        return last(value)

    return build


def _tuple_of(kinds: Sequence[Any]) -> Builder:
    """A tuple of any length of one kind (`tuple[int, ...]`), or of as many values as it has kinds."""
    if kinds[-1:] == (...,):
        each = _builder(kinds[0])
        return lambda value: tuple([each(item) for item in _list(value)])
    places = [_builder(kind) for kind in kinds]
    return lambda value: tuple([build(item) for build, item in zip(places, _list(value), strict=True)])


def _record(kind: Any) -> Builder:
    """A dataclass. Its fields are looked at with the first value, because a class may hold others of its own kind."""

    def build(value: Any) -> Any:
        builders, required = _fields(kind)
        if missing := required - _object(value).keys():
            raise KeyError(sorted(missing)[0])
        built: dict[str, Any] = {}
        unknown = getattr(kind, "UNKNOWN", ())
        for name, of_field in builders.items():
            if name not in value:
                continue
            try:
                built[name] = 0.0 if value[name] is None and name in unknown else of_field(value[name])
            except TypeError as error:
                raise TypeError(f"{name}.{error}".rstrip(".")) from None
        return kind(**built)

    return build


@cache
def _fields(kind: Any) -> tuple[dict[str, Builder], frozenset[str]]:
    """Builders of a dataclass's fields, and the names of those without a default."""
    hints, missing = get_type_hints(kind), dataclasses.MISSING
    fields = dataclasses.fields(kind)
    required = frozenset(f.name for f in fields if f.default is missing and f.default_factory is missing)
    return {f.name: _builder(hints[f.name]) for f in fields}, required


def _scalar(kind: Any) -> Builder:
    if kind is float:
        return _float
    if kind is int:
        return lambda value: _typed(isinstance(value, int) and not isinstance(value, bool), value)
    if kind is Any or not isinstance(kind, type):
        return lambda value: value
    return lambda value: _typed(isinstance(value, kind), value)


def _float(value: Any) -> float:
    _typed(isinstance(value, int | float) and not isinstance(value, bool), value)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return float(value)


def _object(value: Any) -> dict[Any, Any]:
    return _typed(isinstance(value, dict), value)  # type: ignore[no-any-return]


def _list(value: Any) -> list[Any]:
    return _typed(isinstance(value, list), value)  # type: ignore[no-any-return]


def _typed(holds: bool, value: Any) -> Any:
    if not holds:
        raise TypeError("")
    return value
