"""What stats/ holds, something of the product uses: a method that only its own tests call is no part of an audit."""

from __future__ import annotations

import ast
from pathlib import Path

import audit

ROOT = Path(audit.__file__).parent
STATS = "audit.stats"

Name = tuple[str, str]
"""A module of stats/ and a name that it defines."""


def imported(tree: ast.Module) -> dict[str, Name]:
    """What a module calls the names of stats/ that it imports; a module as a whole has the name ""."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                if node.module == STATS:
                    found[alias.asname or alias.name] = (alias.name, "")
                elif node.module.startswith(f"{STATS}."):
                    found[alias.asname or alias.name] = (node.module.removeprefix(f"{STATS}."), alias.name)
    return found


def mentioned(node: ast.AST, known: dict[str, Name]) -> set[Name]:
    """Names of stats/ that a piece of code uses."""
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and one.id in known:
            found.add(known[one.id])
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            module, name = known.get(one.value.id, ("", " "))
            if name == "":
                found.add((module, one.attr))
    return found


def idle_names() -> list[str]:
    """Functions and classes of stats/ that nothing of the product reaches, directly or through others."""
    uses: dict[Name, set[Name]] = {}
    defined: set[Name] = set()
    todo: set[Name] = set()
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        known = imported(tree)
        if path.parent != ROOT / "stats":
            todo |= mentioned(tree, known)
            continue
        for node in tree.body:
            names = [getattr(node, "name", "")] if hasattr(node, "name") else []
            names += [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
            for name in names:
                known.setdefault(name, (path.stem, name))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                uses[path.stem, node.name] = mentioned(node, known)
                defined.add((path.stem, node.name))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                for one in ast.walk(node):
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                        uses[path.stem, one.id] = mentioned(node, known)
            # A name that another module imports from here, although it comes from a third.
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    called = alias.asname or alias.name
                    uses.setdefault((path.stem, called), {known[called]} if called in known else set())
    done: set[Name] = set()
    while todo:
        one = todo.pop()
        done.add(one)
        todo |= uses.get(one, set()) - done
    return sorted(f"{module}.{name}" for module, name in defined - done)


def test_every_function_of_the_statistics_is_used() -> None:
    """By a verdict, a plan, a gate, a renewal or a page; else it leaves the code, and its lines leave the docs."""
    assert not idle_names()
