"""A function of the user's own: `file://scorers.py:function(exchange, completion)`, a bool, a number or an outcome.

Reading a configuration runs nothing of it: the function is looked for in the file's text, and the file is imported when
the first answer is scored.

What it looks at cannot be read off it, so `grade: right` says that it knows the right answer. Without that it counts as
agreement with the incumbent, and the controls show what it notices.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from audit.core.exchange import Completion, Exchange
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.documents import named_file, named_text
from audit.scoring.context import Context
from audit.scoring.expected.templates import UnusableTemplate
from audit.scoring.scorer import Check, Options, Scorer, Takes, graded, verdict

_DEFAULT = 0.5


def build(options: Options) -> Check:
    """Load the function that `value` names. A number must reach `threshold`, 0.5 unless given."""
    load = cache(_loader(options))
    limit = options.limit(_DEFAULT, high=1.0)

    def check(context: Context) -> Outcome:
        result = load()(_exchange(context), context.completion)
        if isinstance(result, Scored | NotApplicable | Errored):
            return result
        if isinstance(result, bool):
            return verdict(result, "the function says no")
        if isinstance(result, int | float) and 0 <= result <= 1:
            return graded(float(result), limit, "value")
        raise UnusableTemplate("the function returned neither a bool, nor a number in [0, 1], nor an outcome")

    return check


def _exchange(context: Context) -> Exchange:
    """The logged exchange as far as a criterion may see it; its id is the request's, equal requests are scored once."""
    return Exchange(
        exchange_id=context.request.request_fp,
        route="",
        request=context.request,
        completion=context.incumbent or Completion(text=None),
        reference=context.reference,
        metadata=context.metadata,
    )


def _loader(options: Options) -> Callable[[], Callable[[Exchange, Completion], Any]]:
    """What imports the function; that the file has one of this name is seen now, without running anything."""
    value = options.value
    if not isinstance(value, str) or not value.startswith("file://") or ":" not in value.removeprefix("file://"):
        raise options.wrong("`value` must be like `file://scorers.py:function`")
    place, _, name = value.rpartition(":")
    path = named_file(place, options.directory)
    if not path.is_file() or path.suffix != ".py":
        raise options.wrong(f"{path} is not a Python file")
    try:
        found = name in set(_top_names(ast.parse(named_text(place, options.directory))))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise options.wrong(f"{path} is not Python: {type(error).__name__}") from None
    if not found:
        raise options.wrong(f"{path} has no function `{name}`")
    return partial(_imported, path, name)


def _top_names(module: ast.Module) -> Iterator[str]:
    """Names that a module binds at its top, in branches too."""
    todo: list[ast.AST] = [module]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        if isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        todo.extend(ast.iter_child_nodes(node))


def _imported(path: Path, name: str) -> Callable[[Exchange, Completion], Any]:
    """The function, from its file.

    Raises:
        UnusableTemplate: The file cannot be imported, or the name is no function in it.
    """
    own = f"audit_user_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(own, path)
    assert spec is not None, "the suffix is Python's"
    assert spec.loader is not None, "the suffix is Python's"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UnusableTemplate(f"{path.name} cannot be loaded: {type(error).__name__}") from error
    function = getattr(module, name, None)
    if not callable(function):
        raise UnusableTemplate(f"{path.name} has no function `{name}`")
    return function  # type: ignore[no-any-return]


SCORER = Scorer(
    name="python",
    version=1,
    summary="A function of the user's own: `file://scorers.py:function(exchange, completion)`, a bool, a number or an "
    "outcome.",
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "threshold", "extract", "grade"),
    reads=("request", "reference", "incumbent", "call", "metadata"),
    takes=Takes.WHOLE,
)
