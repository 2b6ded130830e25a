"""Who may import whom: the table in ARCHITECTURE.md, read and enforced."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "audit"
SECTION = (ROOT.parent / "ARCHITECTURE.md").read_text("utf-8").split("\n## Layers")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| (\w+) \| ([\w -]+) \| ([\w -]+) \|$", SECTION, re.MULTILINE)[1:]
TABLE = {name: (set(ours.split()) - {"-"}, set(theirs.split()) - {"-"}) for name, ours, theirs in ROWS}
HOMED = set().union(*(theirs for _, theirs in TABLE.values()))
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in TABLE)

ADAPTER_LINES, FUNCTION_LINES, PARAMETERS = 200, 60, 7
ADAPTER_FOLDERS = {"batches", "exports", "formats", "providers", "scorers"}
OVER_BUDGET: dict[str, str] = {}  # "path" or "path:function" -> date and reason


def imported(path: Path) -> set[str]:
    """Dotted names imported anywhere in the file, function bodies and type blocks included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {path}"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def name_of(path: Path) -> str:
    """The path as people write it."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_follow_the_table(path: Path) -> None:
    """Every import is one that the layer table allows."""
    layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert layer in TABLE, f"`{layer}` has no row in ARCHITECTURE.md"
    ours, theirs = TABLE[layer]
    for top, *rest in (name.split(".") for name in imported(path)):
        if top == "audit" and rest and rest[0] != "__version__":
            assert rest[0] in ours | {layer}, f"`{layer}` may not import `audit.{rest[0]}`"
        assert top not in HOMED - theirs, f"`{top}` has another home than `{layer}`"


def test_the_table_names_only_what_exists() -> None:
    """No row of the table is about a room that is not there."""
    rooms = {path.stem if path.is_file() else path.name for path in ROOT.iterdir()}
    assert set(TABLE) <= rooms


def over_budget(path: Path) -> list[str]:
    """What in the file is larger than its budget."""
    text = path.read_text("utf-8")
    adapter, n = path.parent.name in ADAPTER_FOLDERS, len(text.splitlines())
    found = [f"{name_of(path)}: {n} lines"] if adapter and n > ADAPTER_LINES else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            start = first.end_lineno if documented else node.lineno
            lines = (node.end_lineno or 0) - (start or 0)
            arguments = [a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]
            parameters = len([a for a in arguments if a not in ("self", "cls")])
            key = f"{name_of(path)}:{node.name}"
            if lines > FUNCTION_LINES:
                found.append(f"{key}: {lines} lines")
            # A command's parameters are its flags.
            if parameters > PARAMETERS and path.relative_to(ROOT).parts[0] != "cli":
                found.append(f"{key}: {parameters} parameters")
    return [line for line in found if line.split(": ")[0] not in OVER_BUDGET]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=name_of)
def test_sizes_stay_readable(path: Path) -> None:
    """Adapters, functions and parameter lists stay within their budgets."""
    assert not over_budget(path)
