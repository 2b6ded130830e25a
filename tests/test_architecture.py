"""Who may import whom: the table in ARCHITECTURE.md, read and enforced."""

import ast
import re
import subprocess
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "audit"
SECTION = (ROOT.parent / "ARCHITECTURE.md").read_text("utf-8").split("\n## Layers")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| (\w+) \| ([\w -]+) \| ([\w -]+) \|$", SECTION, re.MULTILINE)[1:]
TABLE = {name: (set(ours.split()) - {"-"}, set(theirs.split()) - {"-"}) for name, ours, theirs in ROWS}
HOMED = set().union(*(theirs for _, theirs in TABLE.values()))
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in TABLE)

ADAPTER_LINES, FUNCTION_LINES, PARAMETERS = 200, 60, 7
ADAPTER_FOLDERS = {"batches", "bills", "exports", "formats", "providers", "scorers"}
OVER_BUDGET: dict[str, str] = {}  # "path" or "path:function" -> date and reason

FAN_OUT = 12
"""Our own modules that one imports."""
WIDE = {
    "audit.certificate.bakeoff": 14,
    "audit.certificate.candidates": 17,
    "audit.certificate.certify": 18,
    "audit.certificate.jobs": 13,
    "audit.certificate.policies": 16,
    "audit.cli.commands.replay": 14,
    "audit.findings.routes": 26,
    "audit.findings.run": 21,
    "audit.flow.preparation": 19,
    "audit.flow.provenance": 17,
    "audit.flow.sequential": 25,
    "audit.flow.watching": 13,
    "audit.llm.client": 19,
    "audit.llm.over_protocol": 14,
    "audit.pairing.evidence": 14,
    "audit.pairing.replayed": 17,
    "audit.replay.batches": 16,
    "audit.replay.run": 26,
    "audit.report.view": 17,
    "audit.scoring.trial.check": 14,
    "audit.scoring.run": 16,
}
"""Modules that import more, with how many: what holds a stage together. None may grow, and none may join them; one that
shrinks is written down as it is, so that it cannot grow back."""

TOP_LEVEL = {
    *(".ci", ".dockerignore", ".github", ".gitignore", ".pre-commit-hooks.yaml", "ARCHITECTURE.md", "CHANGELOG.md"),
    *("Containerfile", "LICENSE", "Makefile", "README.md", "constraints.txt", "pyproject.toml"),
    *("audit", "docs", "reports", "requirements", "sample_logs", "tests"),
}
"""What the repository holds at its root; anything else was left by a command."""

PROSE = re.compile(r"[a-z]{2,} [a-z]{2,}")


LOOKED_AT = (ast.Import, ast.ImportFrom, ast.Compare, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """What these tests look at in a file, parsed once for all of them."""
    return tuple(node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, LOOKED_AT))


def imported(path: Path) -> set[str]:
    """Dotted names imported anywhere in the file, function bodies and type blocks included."""
    names: set[str] = set()
    for node in nodes(path):
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
    adapter, n = path.parent.name in ADAPTER_FOLDERS, len(path.read_text("utf-8").splitlines())
    found = [f"{name_of(path)}: {n} lines"] if adapter and n > ADAPTER_LINES else []
    for node in nodes(path):
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


def module_of(path: Path) -> str:
    """The dotted name that a file is imported by."""
    return ".".join(("audit", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


@cache
def imports_of_modules() -> dict[str, set[str]]:
    """Our own modules by the ones that import them."""
    paths = {module_of(path): path for path in ROOT.rglob("*.py")}
    found: dict[str, set[str]] = {}
    for module, path in paths.items():
        found[module] = set()
        for name in imported(path):
            while name and name not in paths:
                name = name.rpartition(".")[0]
            found[module] |= {name} - {"", "audit", module}
    return found


def test_nothing_runs_in_a_circle() -> None:
    """No module imports itself through others, not even for its types or inside a function."""
    try:
        TopologicalSorter(imports_of_modules()).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_no_module_knows_too_many_others() -> None:
    """A module with many imports is a room of its own, or should be."""
    assert {module: len(names) for module, names in imports_of_modules().items() if len(names) > FAN_OUT} == WIDE


def test_nothing_was_left_at_the_root() -> None:
    """What a command writes where it was called (a plan, a report) was never meant to be committed."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT.parent, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("no git checkout: nothing tells what is committed")
    assert {Path(line).parts[0] for line in listed.stdout.splitlines()} == TOP_LEVEL


def test_the_tests_on_a_cluster_are_in_one_folder() -> None:
    """`make test-ray` collects that alone: what it does not collect it would not run, and would not say so."""
    tests = ROOT.parent / "tests"
    marked = {path.parent for path in tests.rglob("*.py") if re.search(r"pytest\.mark\.ray\b", path.read_text("utf-8"))}
    assert marked == {tests / "executors"}


def test_a_class_has_a_name_of_its_own() -> None:
    """Two public classes of one name are two meanings of one word."""
    homes: dict[str, list[str]] = defaultdict(list)
    for path in ROOT.rglob("*.py"):
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name_of(path))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_no_meaning_is_carried_by_prose() -> None:
    """Nothing is decided by comparing a sentence; reasons are values."""
    found = [
        f"{name_of(path)}:{node.lineno}: {constant.value!r}"
        for path in ROOT.rglob("*.py")
        for node in nodes(path)
        if isinstance(node, ast.Compare)
        for constant in (node.left, *node.comparators)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and PROSE.search(constant.value)
    ]
    assert found == []
