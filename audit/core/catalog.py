"""A catalog: the names of one kind of adapter, each a file with one constant, imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from audit.core.errors import UnknownName

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalog(Generic[T]):
    """Adapters of one kind. Reading `names` is reading the feature list.

    A name `is-json` lives in the module `is_json`. Names that the list does not have are looked up among the entry
    points of the group `audit.<kind>s`, so that a package of strangers can add its own.

    Attributes:
        kind: Singular noun for messages, for example `scorer`.
        package: Dotted name of the folder.
        constant: Name of the constant that each module exports.
        names: The built-in names.
        expects: Type of the constant.
    """

    kind: str
    package: str
    constant: str
    names: tuple[str, ...]
    expects: type[T]

    def __contains__(self, name: object) -> bool:
        return name in self.names or name in self._strangers()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def get(self, name: str) -> T:
        """Import and return the adapter `name`.

        Raises:
            UnknownName: Neither the list nor an entry point has it.
        """
        if name in self.names:
            module = importlib.import_module(f"{self.package}.{name.replace('-', '_')}")
            adapter = getattr(module, self.constant)
        elif name in (strangers := self._strangers()):
            adapter = strangers[name].load()
        else:
            raise UnknownName.among(self.kind, name, self.known())
        if not isinstance(adapter, self.expects):
            raise TypeError(f"{self.kind} `{name}` is a {type(adapter).__name__}, not a {self.expects.__name__}")
        return adapter

    def known(self) -> list[str]:
        """Every name that `get` would find, sorted."""
        return sorted({*self.names, *self._strangers()})

    def _strangers(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=f"audit.{self.kind}s")}
