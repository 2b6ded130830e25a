"""The saboteur: the demo's own accepted answers, damaged on purpose, go through weaker criteria than its own.

Criteria that let a damage through, or see the form alone, must be refused a verdict before anything is replayed. That
the demo's own refuse every damage is read off its run (`tests/e2e/test_demo.py`).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.criteria import Control, CriteriaCheck, Grade
from audit.core.finding import Verdict
from audit.core.reason import Reason
from audit.core.settings import CriterionSettings, Settings
from audit.embeddings import open_embedder
from audit.flow import reading, sequential
from audit.flow.criteria import criteria_checks
from audit.llm.tiers import resolve_tiers
from audit.sampling.design import RouteNeeds, design_routes
from audit.sampling.frame import route_frames
from audit.scoring.trial import check
from tests.demo.material import DEMO

LOG = DEMO / "log.jsonl.gz"

WEAK: dict[str, tuple[str, list[dict[str, Any]], set[Control]]] = {
    "membership": (
        "/policy-qa",
        [{"type": "one-of", "value": ["A", "B"], "extract": {"regex": r"Answer:\s*(\w+)"}}],
        set(),
    ),
    "shape": ("/invoice-extract", [{"type": "is-json", "value": "file://invoice.schema.json"}], set()),
    "an opening that every answer has": (
        "/policy-qa",
        [{"type": "contains", "value": "Answer:"}],
        {Control.ANOTHER, Control.MOST_FREQUENT},
    ),
    "not a refusal": ("/support-chat", [{"type": "not-is-refusal"}], set()),
    "half of the fields": (
        "/invoice-extract",
        [{"type": "json-fields", "value": "{{reference}}", "fields": ["total", "currency"], "threshold": 0.5}],
        {Control.DIGIT, Control.PLUS_ONE, Control.SWAPPED, Control.DROPPED},
    ),
    "any number": (
        "/order-quote",
        [{"type": "numeric", "extract": {"regex": r"TOTAL:\s*(\S+)"}, "value": "{{reference}}", "tolerance": 100000}],
        {Control.ANOTHER, Control.MOST_FREQUENT, Control.DIGIT, Control.PLUS_ONE},
    ),
    "meaning": (
        "/support-chat",
        [{"type": "similar", "value": "{{reference.replies[0]}}", "threshold": 0.7}],
        {Control.DIGIT, Control.PLUS_ONE, Control.NEGATED, Control.SHUFFLED, Control.SORTED, Control.CUT},
    ),
    "names of tools": (
        "/ticket-triage",
        [{"type": "tool-call-f1"}],
        {Control.SWAPPED, Control.DROPPED},
    ),
}
"""Criteria that people write and that see too little, with the damages that they must be found to accept."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The demo's log, ingested."""
    folder = RunFolder(tmp_path_factory.mktemp("saboteur") / "run")
    reading.ingest([LOG], load_settings(DEMO / "audit.yaml"), folder)
    return folder


def copied(folder: RunFolder, place: Path) -> RunFolder:
    """The ingested log in a folder of its own, so that it is not read again."""
    return RunFolder(shutil.copytree(folder.path, place / "run"))


def checked(folder: RunFolder, settings: Settings) -> dict[str, CriteriaCheck]:
    """What each route's criteria are worth."""
    frames = route_frames(folder.traffic_files(), seed=settings.seed)
    needs = {f.route: RouteNeeds(entry=settings.route(f.route), unsupported=None) for f in frames}
    designs = design_routes(frames, needs, resolve_tiers(settings), settings)
    # The embedding model that every installation has: what a weak criterion lets through does not hang on a better one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "embedder_of", lambda *_: open_embedder("wordllama"))
        return criteria_checks(folder, settings, frames, designs)


def weakened(route: str, entries: list[dict[str, Any]]) -> Settings:
    """The demo's settings with other criteria on one route, and no other route in the run; 250 answers show enough."""
    settings = load_settings(DEMO / "audit.yaml")
    criteria = tuple(CriterionSettings.model_validate(CriterionSettings.from_entry(entry)) for entry in entries)
    routes = tuple(
        one.model_copy(update={"criteria": criteria, "floor": None}) for one in settings.routes if one.fits(route)
    )
    only = settings.slice.model_copy(update={"routes": (route,), "max_per_route": 250})
    return settings.model_copy(update={"routes": routes, "slice": only})


@pytest.mark.parametrize("name", WEAK)
def test_weak_criteria_may_not_certify(name: str, folder: RunFolder) -> None:
    """They are found out by what they accept, or by their grade."""
    route, entries, accepts = WEAK[name]
    check = checked(folder, weakened(route, entries))[route]
    assert {result.control for result in check.failed} >= accepts, [(r.control, r.percent) for r in check.controls]
    assert check.why is not None
    assert check.why.reason is (Reason.CRITERIA_ACCEPT_DAMAGE if accepts else Reason.CRITERIA_SEE_FORM)
    if not accepts:
        assert check.grade is Grade.FORM


@pytest.mark.parametrize("name", ["shape", "names of tools"])
def test_a_verdict_is_refused_and_nothing_is_asked(name: str, folder: RunFolder, tmp_path: Path) -> None:
    """The whole run: Not proven with the reason, no avoidable dollar, no call, and every dollar still in the ledger."""
    route, entries, _ = WEAK[name]
    run = copied(folder, tmp_path)
    findings = sequential.replay([LOG], weakened(route, entries), run, consent=lambda plan: plan.calls == 0, demo=True)
    found = next(one for one in findings.routes if one.route == route)
    assert found.verdict is Verdict.NOT_PROVEN
    assert found.criteria is not None
    assert found.criteria.why is not None
    assert found.reason == found.criteria.why.sentence
    assert found.avoidable_usd.est == 0
    assert not found.candidates
    buckets = findings.ledger
    assert buckets.audited_usd + buckets.extrapolated_usd + buckets.not_auditable_usd == pytest.approx(
        findings.spend_usd
    )


def test_the_same_seed_damages_the_same_answers(folder: RunFolder) -> None:
    """Nothing hangs on chance: a second run counts the same, and what is accepted of damaged answers as well."""
    route, entries, _ = WEAK["meaning"]
    settings = weakened(route, entries)
    assert checked(folder, settings) == checked(folder, settings)


def test_an_answer_judged_again_by_weaker_criteria_loses_its_verdict(folder: RunFolder, tmp_path: Path) -> None:
    """`audit score` with criteria that may not certify takes the verdict back, although replays are there."""
    route, entries, _ = WEAK["names of tools"]
    demo = load_settings(DEMO / "audit.yaml")
    only = demo.model_copy(update={"slice": demo.slice.model_copy(update={"routes": (route,), "max_per_route": 200})})
    run = copied(folder, tmp_path)
    before = sequential.replay([LOG], only, run, consent=lambda plan: True, demo=True)
    assert next(one for one in before.routes if one.route == route).candidates
    again = sequential.score(run, weakened(route, entries))
    found = next(one for one in again.routes if one.route == route)
    assert found.verdict is Verdict.NOT_PROVEN
    assert not any(policy.certified for policy in found.policies)
