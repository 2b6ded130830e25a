"""The security page promises nothing that no test holds."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def test_every_promise_names_a_test() -> None:
    """Each point of the part about promises ends in the name of a test."""
    promises = PAGE.split("## Doors and promises")[1].split("## What is not promised")[0]
    points = re.findall(r"^- .*?(?=^- |^#|\Z)", promises, re.MULTILINE | re.DOTALL)
    assert len(points) > 15
    assert [point for point in points if "::test_" not in point] == []


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part)
def test_a_named_test_is_there(file: str, name: str) -> None:
    """A test that was renamed or removed takes its promise with it."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
