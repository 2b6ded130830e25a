"""Dataclasses as JSON values, and back."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

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
    """
    return _build(kind, value)  # type: ignore[no-any-return]


def _build(kind: Any, value: Any) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _build(next(a for a in args if a is not type(None)), value)
    if origin is tuple:
        return tuple(_build(args[0], item) for item in value)
    if origin is dict:
        return {key: _build(args[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        known = {f.name for f in dataclasses.fields(kind)}
        required = {
            f.name
            for f in dataclasses.fields(kind)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        }
        if missing := required - set(value):
            raise KeyError(sorted(missing)[0])
        return kind(**{name: _build(hints[name], item) for name, item in value.items() if name in known})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
