"""Objects and lists in the cells of a table, as whatever wrote the table writes them: they are read, or refused.

JSON is the rule. A cell may also hold JSON in a JSON text, what Python prints of an object, an array of PostgreSQL's,
or a struct as Athena and Hive write it. A struct has no marks around its texts, so that one with a comma or an equals
sign in them has many readings: such a column is refused by its name.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from audit.core.errors import InputError
from audit.ingest.files.text_files import whole
from audit.protocols.shared import finite_number

_STRUCT = re.compile(r"\[?\{ ?[A-Za-z_]\w*=")
"""How structs begin. Source: https://docs.aws.amazon.com/athena/latest/ug/rows-and-structs.html"""
_FIELD = re.compile(r" ?([A-Za-z_][\w.-]*)=")
_PRINTED = re.compile(r"""array\(|[\[{] ?(?:'|"[^"]*": ?(?:None|True|False|')|\{'|array\()""")
"""How Python prints an object, a list of them, or one whose values are not JSON's."""
_ARRAY = re.compile(r'\{(?:(?:"(?:[^"\\]|\\.)*"|[^\s"{},\\]+)(?:,|(?=\})))+\}')
"""An array of PostgreSQL's. Source: https://www.postgresql.org/docs/current/arrays.html, input and output syntax"""
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"{},\\]+)')
_ROLE = re.compile(r"""[{ ](?:role=|'role':)""")
_LONGEST = 1 << 22
"""Characters of an object that Python printed at most."""


def value_in(cell: str) -> Any:
    """The object or list that a cell without plain JSON holds; None where it holds none, or one that is not read."""
    if cell[:1] == '"':
        inner = _json(cell)
        return _json(inner) if isinstance(inner, str) and inner[:1] in ("{", "[") else None
    if _STRUCT.match(cell):
        return _struct(cell)
    if _PRINTED.match(cell):
        return _printed(cell)
    return _array(cell) if _ARRAY.fullmatch(cell) else None


def refuse_unreadable(rows: Iterable[Mapping[str, Any]], texts: Collection[str]) -> None:
    """Refuse a table of which some column holds objects that cannot be read back.

    Args:
        rows: The first ones.
        texts: Columns that hold what was said, whatever that looks like, unless it has the roles of messages.

    Raises:
        InputError: There is such a column.
    """
    columns: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for name, cell in row.items():
            if isinstance(cell, str) and cell and (name not in texts or _ROLE.search(cell)):
                columns[name].append(cell)
    for name, cells in columns.items():
        odd = [cell for cell in cells if _STRUCT.match(cell) or _PRINTED.match(cell)]
        if len(odd) * 5 > len(cells) and any(value_in(cell) is None for cell in odd):
            structs = _STRUCT.match(odd[0]) is not None
            raise InputError(
                f"the column `{name}` holds objects as {'Athena and Hive' if structs else 'Python'} would print them, "
                "which cannot be read back with certainty",
                code="ingest.not-json",
                hint=f"write JSON: `SELECT json_format(CAST({name} AS JSON)) AS {name}`"
                if structs
                else f"write JSON: `table[{name!r}] = table[{name!r}].map(json.dumps)` before `to_csv`",
            )


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _printed(cell: str) -> Any:
    """What Python prints; None where it is no literal, or holds what JSON has not."""
    try:
        value = ast.literal_eval(cell) if len(cell) <= _LONGEST else None
        return value if isinstance(value, dict | list) and whole(msgspec.json.encode(value)) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _array(cell: str) -> list[str | None]:
    """The texts of an array."""
    found = (match.groups() for match in _ELEMENT.finditer(cell))
    return [re.sub(r"\\(.)", r"\1", quoted) if plain is None else _plain(plain, "NULL") for quoted, plain in found]


def _plain(text: str, null: str) -> str | None:
    return None if text == null else text


def _struct(cell: str) -> Any:
    """A struct, or a list of them, none of whose texts holds a mark of the writing; None for any other."""
    value, at = _parsed(cell, 0)
    return value if at == len(cell) else None


def _parsed(cell: str, at: int) -> tuple[Any, int]:
    """What begins at a place, and where it ends; -1 where it has more readings than one."""
    if cell[at : at + 1] == "{":
        return _fields(cell, at + 1)
    if cell[at : at + 1] == "[":
        return _items(cell, at + 1)
    end = at
    while end < len(cell) and cell[end] not in "{}[],=":
        end += 1
    return _leaf(cell[at:end]), end


def _fields(cell: str, at: int) -> tuple[Any, int]:
    made: dict[str, Any] = {}
    while found := _FIELD.match(cell, at):
        made[found[1]], at = _parsed(cell, found.end())
        if cell[at : at + 1] == "}":
            return made, at + 1
        if at < 0 or cell[at : at + 1] != ",":
            return None, -1
        at += 1
    return None, -1


def _items(cell: str, at: int) -> tuple[Any, int]:
    made: list[Any] = []
    if cell[at : at + 1] == "]":
        return made, at + 1
    while True:
        item, at = _parsed(cell, at)
        made.append(item)
        if cell[at : at + 1] == "]":
            return made, at + 1
        if at < 0 or cell[at : at + 2] != ", ":
            return None, -1
        at += 2


def _leaf(text: str) -> Any:
    """A number, a flag, nothing, or a text."""
    if text in ("null", ""):
        return None
    if text in ("true", "false"):
        return text == "true"
    number = finite_number(text) if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text) else None
    return text if number is None else msgspec.json.decode(text.encode())
