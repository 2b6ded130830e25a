"""What every family of cases shares: a result, and the table of families.

A family is a module beside this one with `FAMILY`. It runs its cases and says what was expected and what came out.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tests.cases
from tests.shared import SHARED

CASES = SHARED / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case.

    Attributes:
        case: What tells it from the others of its family, short.
        expected: What must come out, as the case says it.
        got: What came out.
        right: Whether that will do.
    """

    case: str
    expected: str
    got: str
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Cases of one kind.

    Attributes:
        name: As written on the command line.
        source: The file or folder that holds them; the family is skipped where it is absent.
        run: Runs them all, in order.
    """

    name: str
    source: Path
    run: Callable[[], Iterator[Result]]


def families() -> list[Family]:
    """Every module of this package that has a `FAMILY`, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.cases.__path__))
    modules = [importlib.import_module(f"tests.cases.{name}") for name in names if name != "__main__"]
    return [module.FAMILY for module in modules if hasattr(module, "FAMILY")]
