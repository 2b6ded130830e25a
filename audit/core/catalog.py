"""A catalog: the names of one kind of adapter, each a file with one constant, imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from audit.core.errors import UnknownName

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalog(Generic[T]):
    """Adapters of one kind. Reading `names` is reading the feature list.

    A name `is-json` lives in the module `is_json`. Names that the list does not have are looked up among the entry
    points of a group, so that another package can bring its own adapters. A built-in name cannot be taken over.

    Attributes:
        kind: Singular noun for messages, for example `scorer`.
        group: Of entry points, for example `audit.scorers`.
        package: Dotted name of the folder.
        constant: Name of the constant that each module exports.
        names: The built-in names.
        expects: Type of the constant.
    """

    kind: str
    group: str
    package: str
    constant: str
    names: tuple[str, ...]
    expects: type[T]

    def __contains__(self, name: object) -> bool:
        return name in self.names or name in _installed(self.group)

    def __iter__(self) -> Iterator[str]:
        return iter((*self.names, *self.installed()))

    def get(self, name: str) -> T:
        """Import and return the adapter `name`.

        Raises:
            UnknownName: Neither the list nor an entry point has it.
        """
        if name in self.names:
            module = importlib.import_module(f"{self.package}.{name.replace('-', '_')}")
            adapter = getattr(module, self.constant)
        elif (point := _installed(self.group).get(name)) is not None:
            adapter = point.load()
        else:
            raise UnknownName.among(self.kind, name, self.known())
        if not isinstance(adapter, self.expects):
            raise TypeError(f"{self.kind} `{name}` is a {type(adapter).__name__}, not a {self.expects.__name__}")
        return adapter

    def known(self) -> list[str]:
        """Every name that `get` would find, sorted."""
        return sorted(self)

    def installed(self) -> list[str]:
        """The names that other packages bring, sorted."""
        return sorted(set(_installed(self.group)) - set(self.names))


@cache
def _installed(group: str) -> dict[str, EntryPoint]:
    """Entry points by name. Looked up once: what is installed does not change while a command runs."""
    return {point.name: point for point in entry_points(group=group)}
