"""The log is scored before anything is paid: what its own answers show of the criteria stops the route in the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit import pipeline
from audit.config import load_settings
from audit.core.artifacts import RunFolder
from audit.core.criteria import Grade
from audit.core.plan import Plan
from audit.core.reason import Reason
from tests.e2e.tiny import record

CONFIG = """\
ingest: {{route: metadata.route, tenant: metadata.team}}
tiers: [{{name: small, model: s, provider: openai-compatible, base_url: "http://127.0.0.1:9/v1",
        price: {{input: 0.1, output: 0.3}}}}]
routes: [{{match: "*", candidates: [small], assert: [{criterion}]}}]
"""


UNLIKE_EVERY_FOURTH = '{{ "x" if request.last_user.split()[2] | int % 4 == 0 else incumbent.text }}'
"""The logged answer, but for the requests of team two."""


def planned(folder: Path, criterion: str) -> Plan:
    """The plan of a log of additions, of which one team's answers are held against something else."""
    lines = [
        record(
            n,
            metadata={
                "route": "/add",
                "team": "two" if n % 4 == 0 else "one",
            },
        )
        for n in range(160)
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (folder / "audit.yaml").write_text(CONFIG.format(criterion=criterion), "utf-8")
    return pipeline.plan([folder / "log.jsonl"], load_settings(folder / "audit.yaml"), RunFolder(folder / "run"))


@pytest.mark.parametrize(
    ("criterion", "reason"),
    [
        ('{type: equals, value: "{{incumbent.text.nothing}}"}', Reason.CRITERIA_CANNOT_SCORE),
        ("{type: tool-call, value: {add: {a: [1]}}}", Reason.EXPECTATION_IMPOSSIBLE),
        ('{type: equals, value: "1{{incumbent.text}}"}', Reason.NOTHING_PASSES),
        (f"{{type: equals, value: '{UNLIKE_EVERY_FOURTH}'}}", Reason.PART_PASSES_NOTHING),
        ('{type: equals, value: "{{metadata.absent}}"}', Reason.NOTHING_PASSES),
        ('{type: regex, value: "[0-9]"}', Reason.CRITERIA_SEE_FORM),
        ("{type: levenshtein, threshold: 9}", Reason.CRITERIA_ACCEPT_DAMAGE),
    ],
)
def test_a_route_that_can_reach_no_verdict_stops_in_the_plan(tmp_path: Path, criterion: str, reason: Reason) -> None:
    """With the reason and, where single answers show it, the count and one of them; no call is planned."""
    plan = planned(tmp_path, criterion)
    (design,) = plan.designs
    assert design.why is not None
    assert design.why.reason is reason
    assert (plan.calls, design.candidates, design.can_decide) == (0, (), "no")
    assert design.criteria is not None
    for problem in (problem for problem in design.criteria.problems if problem.stops):
        assert problem.example_id in problem.because.sentence
        assert problem.of == 160


def test_criteria_that_hold_are_left_alone(tmp_path: Path) -> None:
    """Agreement on a number: nothing is found, every damage is refused, and the calls are planned."""
    plan = planned(tmp_path, '{type: numeric, value: "{{incumbent.text}}"}')
    (design,) = plan.designs
    check = design.criteria
    assert check is not None
    assert (check.grade, check.why, check.problems, check.accepted) == (Grade.AGREEMENT, None, (), 160)
    assert check.controls
    assert not any(result.accepted for result in check.controls)
    assert plan.calls > 0
