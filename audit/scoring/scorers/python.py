"""A function of the user's own: `file://scorers.py:function(exchange, completion)`, a bool, a number or an outcome.

What it looks at cannot be read off it, so `grade: right` says that it knows the right answer. Without that it counts as
agreement with the incumbent, and the controls show what it notices.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from audit.core.exchange import Completion, Exchange
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer, graded, verdict
from audit.scoring.templates import UnusableTemplate

_DEFAULT = 0.5


def build(options: Options) -> Check:
    """Load the function that `value` names. A number must reach `threshold`, 0.5 unless given."""
    function = _load(options)
    limit = options.limit(_DEFAULT, high=1.0)

    def check(context: Context) -> Outcome:
        result = function(_exchange(context), context.completion)
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


def _load(options: Options) -> Callable[[Exchange, Completion], Any]:
    value = options.value
    if not isinstance(value, str) or not value.startswith("file://") or ":" not in value.removeprefix("file://"):
        raise options.wrong("`value` must be like `file://scorers.py:function`")
    place, _, name = value.removeprefix("file://").rpartition(":")
    path = options.directory / place
    function = getattr(_module(path, options), name, None)
    if not callable(function):
        raise options.wrong(f"{path} has no function `{name}`")
    return function  # type: ignore[no-any-return]


def _module(path: Path, options: Options) -> ModuleType:
    name = f"audit_user_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise options.wrong(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise options.wrong(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    return module


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
)
