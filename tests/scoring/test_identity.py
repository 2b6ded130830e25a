"""What makes criteria others: everything that decides whether an answer is accepted, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.core.settings import RouteSettings
from audit.scoring.identity import criteria_digest

FUZZY: dict[str, Any] = {"type": "fuzzy", "value": "{{incumbent.text}}", "threshold": 0.9}
SCHEMA: dict[str, Any] = {"type": "is-json", "value": "file://shape.json"}
JUDGE: dict[str, Any] = {"type": "llm-rubric", "value": "It is polite.", "judge": "big"}


def named(folder: Path, *criteria: dict[str, Any], shape: str = "object", **rest: Any) -> str:
    """The digest of a route's criteria."""
    judges = {"big": rest.pop("model", "m")}
    (folder / "shape.json").write_text(f'{{"type": "{shape}"}}', "utf-8")
    route = RouteSettings.model_validate({"match": "*", "assert": list(criteria), **rest})
    return criteria_digest(route, folder, judges=judges)


def test_what_decides_an_answer_makes_other_criteria(tmp_path: Path) -> None:
    """A value, a limit, a weight, an option, what a file holds, who judges, how criteria add up: no two are alike."""
    both = ({**FUZZY, "weight": 2}, SCHEMA)
    found = [
        named(tmp_path, FUZZY),
        named(tmp_path, {**FUZZY, "threshold": 0.88}),
        named(tmp_path, {**FUZZY, "value": "{{reference}}"}),
        named(tmp_path, {**FUZZY, "weight": 0}),
        named(tmp_path, {**FUZZY, "type": "not-fuzzy"}),
        named(tmp_path, {**FUZZY, "extract": {"regex": "(.+)"}}),
        named(tmp_path, FUZZY, graded=True),
        named(tmp_path, FUZZY, FUZZY),
        named(tmp_path, SCHEMA),
        named(tmp_path, SCHEMA, shape="array"),
        named(tmp_path, *both),
        named(tmp_path, *both, threshold=0.5),
        named(tmp_path, JUDGE),
        named(tmp_path, JUDGE, model="n"),
        named(tmp_path, {"type": "similar", "value": "{{incumbent.text}}", "threshold": 0.8}),
    ]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "rest",
    [
        {"match": "/a"}, {"confirmed": False}, {"margin": "5pt"}, {"candidates": ["small"]}, {"labels": "l.jsonl"},
        {"controls": {"accepted": "9%"}}, {"floor": "90%"}, {"model": "n"}, {"shape": "array"},
    ],
)  # fmt: skip
def test_what_decides_no_answer_does_not(rest: dict[str, Any], tmp_path: Path) -> None:
    """Names, candidates, limits of the controls; a judge and a file that no criterion uses."""
    assert named(tmp_path, {**FUZZY, "metric": "close"}, **rest) == named(tmp_path, FUZZY)


def test_a_file_may_lie_elsewhere(tmp_path: Path) -> None:
    """What it holds counts."""
    (tmp_path / "deep").mkdir()
    assert named(tmp_path, SCHEMA) == named(tmp_path / "deep", SCHEMA)
