"""Values beside which a store writes their types: DynamoDB, Firestore, and Avro where a field may be null.

Each writes a value as an object of one key, the name of the type. They are told by the first records of a file, in
which whole items are so written, and taken off at any depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from audit.ingest.files.text_files import whole

_DEPTH = 5
"""Steps to the items of an export: DynamoDB's streams put them under `dynamodb.NewImage`."""
_NUMBER = re.compile(rb"-?\d[\d.eE+-]*")

Cells = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""What becomes of the fields of an item, as of the cells of a row."""


@dataclass(frozen=True, slots=True)
class Typing:
    """How one store writes types.

    Attributes:
        types: Their names, and what each holds.
        numbers: Of these, those whose values are numbers in texts, alone or in a list.
        nulls: Those that stand for null.
        objects: Those of objects, with the field that holds the object's own; None where it is the value itself.
        lists: Those of lists, likewise.
        every: All values of an item have a type; else those that might be null, and a record has its own name for one.
        least: Fields with types that an item has at least, where a field may be called as a type is.
    """

    types: Mapping[str, type | tuple[type, ...]]
    numbers: frozenset[str]
    nulls: frozenset[str]
    objects: Mapping[str, str | None]
    lists: Mapping[str, str | None]
    every: bool = True
    least: int = 1

    def untyped(self, value: Any, cells: Cells) -> Any:
        """A value without the types in it; what has none stays as it is.

        Args:
            value: As it was written.
            cells: What the fields of the items become.
        """
        if isinstance(value, list):
            return [self.untyped(one, cells) for one in value]
        if not isinstance(value, dict):
            return value
        if self.is_typed(value):
            return self._plain(value, cells)
        held = {name: self.untyped(one, cells) for name, one in value.items()}
        return cells(held) if self._is_item(value) else held

    def is_typed(self, value: Any) -> bool:
        """Whether a value is an object of one type and what it holds."""
        if not isinstance(value, dict) or len(value) != 1:
            return False
        ((kind, held),) = value.items()
        if kind in self.types:
            return isinstance(held, self.types[kind]) and not (isinstance(held, bool) and self.types[kind] is not bool)
        return not self.every and "." in kind and isinstance(held, dict) and kind.replace(".", "").isidentifier()

    def is_told_by(self, value: Any, depth: int = _DEPTH) -> bool:
        """Whether a value is an item, or one lies within it."""
        if not value or not depth:
            return False
        if isinstance(value, list):
            return self.is_told_by(value[0], depth - 1)
        if not isinstance(value, dict):
            return False
        return self._is_item(value) or any(self.is_told_by(one, depth - 1) for one in value.values())

    def _is_item(self, value: Mapping[str, Any]) -> bool:
        """Whether the fields of an object have types: all of them, or several."""
        number = sum(map(self.is_typed, value.values()))
        return number >= self.least and (number == len(value) or not self.every)

    def _plain(self, value: Mapping[str, Any], cells: Cells) -> Any:
        ((kind, held),) = value.items()
        if kind in self.nulls:
            return None
        if kind in self.numbers:
            return [_number(one) for one in held] if isinstance(held, list) else _number(held)
        if kind in self.objects or kind not in self.types:
            own = held if (field := self.objects.get(kind)) is None else held.get(field, {})
            return {name: self.untyped(one, cells) for name, one in own.items()} if isinstance(own, dict) else own
        if kind in self.lists:
            own = held if (field := self.lists[kind]) is None else held.get(field, [])
            return self.untyped(own, cells)
        return held


DYNAMODB = Typing(
    types={
        "S": str,
        "N": str,
        "B": str,
        "BOOL": bool,
        "NULL": bool,
        "SS": list,
        "NS": list,
        "BS": list,
        "L": list,
        "M": dict,
    },
    numbers=frozenset({"N", "NS"}),
    nulls=frozenset({"NULL"}),
    objects={"M": None},
    lists={"L": None},
)
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html"""

FIRESTORE = Typing(
    types={
        "stringValue": str,
        "integerValue": (str, int),
        "doubleValue": (float, int, str),
        "booleanValue": bool,
        "nullValue": (type(None), str),
        "timestampValue": str,
        "bytesValue": str,
        "referenceValue": str,
        "geoPointValue": dict,
        "arrayValue": dict,
        "mapValue": dict,
    },
    numbers=frozenset({"integerValue", "doubleValue"}),
    nulls=frozenset({"nullValue"}),
    objects={"mapValue": "fields"},
    lists={"arrayValue": "values"},
    least=3,
)
"""https://firebase.google.com/docs/firestore/reference/rest/v1/Value"""

AVRO = Typing(
    types={
        "string": str,
        "int": int,
        "long": int,
        "float": (float, int),
        "double": (float, int),
        "boolean": bool,
        "bytes": str,
        "array": list,
        "map": dict,
    },
    numbers=frozenset(),
    nulls=frozenset(),
    objects={"map": None},
    lists={"array": None},
    every=False,
    least=2,
)
"""https://avro.apache.org/docs/current/specification/#json-encoding"""

_KINDS = (DYNAMODB, FIRESTORE, AVRO)


def typing_of(records: Sequence[Mapping[str, Any]]) -> Typing | None:
    """How the first records of a file have types beside their values; None where they have none."""
    return next((kind for kind in _KINDS if any(map(kind.is_told_by, records))), None)


def _number(text: Any) -> Any:
    """A number as it is written; a text that is none stays one."""
    data = str(text).encode("utf-8", "replace")
    return msgspec.Raw(data) if _NUMBER.fullmatch(data) and whole(data) else text
