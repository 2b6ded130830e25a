"""Strings of Python code where a value stands, by its syntax tree."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from audit.literals.places import FileKind, Literal, is_prose, only_asks, says_model

EMBEDDED = re.compile(r"""\\?["']model(?:_?[iI]d|_?[nN]ame)?\\?["']\s*:\s*\\?["']([^"'\\\s]{2,200})\\?["']""")
"""A model in a text that is JSON: the body of a request."""


def embedded_in(made: Literal, text: str) -> Iterator[Literal]:
    """The models that a string names where it is JSON itself; in a text for people they are examples."""
    if made.kind is not None and "model" in text and text.lstrip()[:1] in ("{", "[") and not is_prose(made.keyword):
        for match in EMBEDDED.finditer(text):
            yield replace(made, text=match[1], kind=FileKind.EMBEDDED, keyword="model", composed=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What encloses an expression. `kind` is None where a string is not a value that goes anywhere."""

    kind: FileKind | None = None
    function: str = ""
    callee: str = ""
    keyword: str = ""
    group: int | None = None


def python_literals(code: str, lines: Sequence[int] | None = None) -> list[Literal] | None:
    """The strings of a file, but for docstrings.

    One that is an argument, a default, an assigned or returned value, or an item of those has a kind; annotations,
    keys, comparisons, subscripts and patterns have none.

    Args:
        code: Of a module.
        lines: Lines worth looking at, from 1 and in order; statements without one are passed over. None: all.

    Returns:
        In the order of the source; None when this Python cannot parse it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file's own invalid escapes are its owner's business
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    reader = _Reader(code.split("\n"), lines)
    try:
        reader.statements(tree.body, _Around())
    except RecursionError:
        return None
    return sorted(reader.found, key=lambda literal: (literal.line, literal.column))


class _Reader:
    """Walks the tree and keeps the strings."""

    def __init__(self, lines: list[str], wanted: Sequence[int] | None) -> None:
        self.found: list[Literal] = []
        self._lines = lines
        self._wanted = wanted
        self._groups = 0

    def statements(self, body: list[ast.stmt], around: _Around) -> None:
        """Walk the statements of a block; a bare string is a docstring."""
        for node in body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            if self._is_wanted(node):
                self._statement(node, around)

    def _is_wanted(self, node: ast.stmt) -> bool:
        if self._wanted is None:
            return True
        decorators = getattr(node, "decorator_list", ())
        first = min([node.lineno, *(one.lineno for one in decorators)])
        index = bisect_left(self._wanted, first)
        return index < len(self._wanted) and self._wanted[index] <= (node.end_lineno or first)

    def _statement(self, node: ast.AST, around: _Around) -> None:
        plain = _Around(function=around.function)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self._function(node, around)
        elif isinstance(node, ast.ClassDef):
            for part in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
                self.value(part, plain)
            self.statements(node.body, _Around(function=_inside(around, node.name)))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if node.value is not None:
                self._assigned(target, node.value, around)
        elif isinstance(node, ast.Return):
            self._maybe(node.value, replace(plain, kind=FileKind.RETURN, keyword=""))
        elif isinstance(node, ast.Assert):
            self._maybe(node.test, plain)
        elif isinstance(node, ast.match_case):
            self._maybe(node.guard, plain)
            self.statements(node.body, around)
        else:
            self._parts(node, around)

    def _parts(self, node: ast.AST, around: _Around) -> None:
        for _, field in ast.iter_fields(node):
            if isinstance(field, list) and field and isinstance(field[0], ast.stmt):
                self.statements(field, around)
                continue
            for part in field if isinstance(field, list) else [field]:
                if isinstance(part, ast.expr):
                    self.value(part, _Around(function=around.function))
                elif isinstance(part, ast.AST):
                    self._statement(part, around)

    def _assigned(self, target: ast.expr, value: ast.expr, around: _Around) -> None:
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            for one, its in zip(target.elts, value.elts, strict=False):
                self._assigned(one, its, around)
            return
        self.value(value, _Around(kind=FileKind.ASSIGNMENT, function=around.function, keyword=_name(target)))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: _Around) -> None:
        inner = _inside(around, node.name)
        for decorator in node.decorator_list:
            self.value(decorator, _Around(function=around.function))
        self._defaults(node.args, inner)
        self.statements(node.body, _Around(function=inner))

    def _defaults(self, arguments: ast.arguments, function: str) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        pairs = list(zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True))
        pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None]
        for argument, default in pairs:
            self.value(default, _Around(kind=FileKind.DEFAULT, function=function, keyword=argument.arg))

    def _maybe(self, node: ast.expr | None, around: _Around) -> None:
        if node is not None:
            self.value(node, around)

    def value(self, node: ast.expr, around: _Around) -> None:
        """Walk an expression whose value goes where `around` says."""
        reader = _READERS.get(type(node))
        if reader is not None:
            reader(self, node, around)
            return
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self.value(part, _Around(function=around.function))
            else:
                self._statement(part, around)

    def _constant(self, node: ast.Constant, around: _Around) -> None:
        if isinstance(node.value, str):
            self._keep(node, node.value, around)

    def _keep(self, node: ast.expr, text: str, around: _Around, *, composed: bool = False) -> None:
        line = self._lines[node.lineno - 1] if node.lineno <= len(self._lines) else ""
        column = len(line.encode("utf-8", "replace")[: node.col_offset].decode("utf-8", "replace")) + 1
        made = Literal(
            text=text,
            line=node.lineno,
            column=column,
            kind=around.kind,
            composed=composed,
            function=around.function,
            callee=around.callee,
            keyword=around.keyword,
            group=around.group,
        )
        self.found.append(made)
        self.found += embedded_in(made, text)

    def _composed(self, node: ast.JoinedStr, around: _Around) -> None:
        first, last = node.values[0] if node.values else None, node.values[-1] if node.values else None
        if isinstance(first, ast.Constant):
            self._keep(node, str(first.value), around, composed=len(node.values) > 1)
        elif isinstance(last, ast.Constant) and str(last.value).startswith("/"):
            self._keep(node, str(last.value)[1:], around)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.value(part.value, _Around(function=around.function))

    def _call(self, node: ast.Call, around: _Around) -> None:
        callee = _name(node.func)
        self.value(node.func, _Around(function=around.function))
        before: list[str] = []
        for position, argument in enumerate(node.args):
            text = argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""
            named = before[-1] if before and says_model(before[-1]) else ""
            kind = FileKind.DEFAULT if named else FileKind.ARGUMENT
            asks = not named and (only_asks(callee, position=position) or bool(before and is_prose(before[-1])))
            inside = _Around(kind=kind, function=around.function, callee=callee, keyword=named)
            self.value(argument, _Around(function=around.function) if asks else inside)
            before.append(text)
        flag = next((text for text in before if text and says_model(text)), "")
        for keyword in node.keywords:
            name = flag if flag and keyword.arg == "default" else keyword.arg or ""
            by_name = None if only_asks(callee) else FileKind.ARGUMENT
            inside = _Around(kind=by_name, function=around.function, callee=callee, keyword=name)
            self.value(keyword.value, inside)

    def _dict(self, node: ast.Dict, around: _Around) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            path = ".".join(filter(None, (around.keyword, name or (_name(key) if key is not None else ""))))
            kind = FileKind.VALUE if around.kind is not None or name else None
            self.value(value, replace(around, kind=kind, keyword=path))
            if key is not None:
                self.value(key, _Around(function=around.function))

    def _items(self, node: ast.List | ast.Tuple | ast.Set, around: _Around) -> None:
        self._groups += 1
        # What is in a set is looked up there, and a list within a list belongs to it.
        kind = FileKind.ITEM if around.kind is not None and not isinstance(node, ast.Set) else None
        group = self._groups if around.group is None else around.group
        for item in node.elts:
            self.value(item, replace(around, kind=kind, group=group))

    def _either(self, node: ast.IfExp, around: _Around) -> None:
        self.value(node.test, _Around(function=around.function))
        self.value(node.body, around)
        self.value(node.orelse, around)

    def _through(self, node: ast.BoolOp | ast.Starred | ast.Await | ast.NamedExpr, around: _Around) -> None:
        parts = node.values if isinstance(node, ast.BoolOp) else [node.value]
        for part in parts:
            self.value(part, around)

    def _lambda(self, node: ast.Lambda, around: _Around) -> None:
        self._defaults(node.args, around.function)
        self.value(node.body, replace(around, kind=FileKind.RETURN))


_READERS: dict[type[ast.expr], Callable[..., None]] = {
    ast.Constant: _Reader._constant,
    ast.JoinedStr: _Reader._composed,
    ast.Call: _Reader._call,
    ast.Dict: _Reader._dict,
    ast.List: _Reader._items,
    ast.Tuple: _Reader._items,
    ast.Set: _Reader._items,
    ast.IfExp: _Reader._either,
    ast.BoolOp: _Reader._through,
    ast.Starred: _Reader._through,
    ast.Await: _Reader._through,
    ast.NamedExpr: _Reader._through,
    ast.Lambda: _Reader._lambda,
}


def _inside(around: _Around, name: str) -> str:
    return f"{around.function}.{name}" if around.function else name


def _name(node: ast.AST) -> str:
    """`client.chat.create`; calls and subscripts in between are drawn as such."""
    return ".".join(reversed(list(_parts_of(node))))


def _parts_of(node: ast.AST) -> Iterator[str]:
    while True:
        if isinstance(node, ast.Attribute):
            yield node.attr
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                yield node.slice.value
            node = node.value
        else:
            if isinstance(node, ast.Name):
                yield node.id
            return
