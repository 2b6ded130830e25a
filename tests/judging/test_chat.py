"""A chat route by the command line: without labels, with too few, and with enough; and again."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_plan, read_run
from audit.core.criteria import Grade
from audit.core.reason import Reason
from audit.core.recommendation import Verdict
from audit.findings.recount import disagreements
from audit.replay.journal import JournalLedger, done_events
from tests.judging.chat import write_chat


@pytest.mark.parametrize("labels", [None, 40])
def test_a_judge_whose_error_nobody_knows_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], labels: int | None
) -> None:
    """Nothing is sent; plan, terminal, report and findings say why, and about how many labels would do."""
    arguments = write_chat(tmp_path, labels=labels)
    assert run(["plan", *arguments, "-o", str(tmp_path / "plan.json")]) == 0
    planned = " ".join(capsys.readouterr().out.split())
    assert run(["replay", *arguments, "--yes"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    folder = RunFolder(tmp_path / "run")
    (design,) = read_plan(tmp_path / "plan.json").designs
    assert design.why is not None
    assert design.why.reason is Reason.JUDGE_NEEDS_LABELS
    about = design.criteria.labels_wanted if design.criteria else None
    assert about is not None
    assert 100 < about < 1000
    never, often = (design.criteria.labels_between if design.criteria else None) or (None, None)
    assert never is not None
    assert never < about < (often or 10**6)
    said = f"about {about} labels would settle it if the judge errs on a tenth of answers, {never} if it never does, "
    for text in (planned, printed, folder.summary.read_text("utf-8"), folder.report.read_text("utf-8")):
        assert said in " ".join(text.split())
    assert list(done_events(folder.journal)) == []
    (route,) = read_run(folder.path).routes
    assert route.verdict is Verdict.NOT_PROVEN
    assert not route.avoidable_usd or not route.avoidable_usd.est


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A finished audit of a route whose judge errs on a tenth of answers, with the arguments that made it."""
    folder = tmp_path_factory.mktemp("chat")
    arguments = write_chat(
        folder, labels=360, false_pass=0.1, false_fail=0.1, margin="20pt", requests=450, sample="power: 95%"
    )
    assert run(["replay", *arguments, "--yes"]) == 0
    return folder, arguments


def test_labels_let_the_judge_decide_as_far_as_it_is_right(audited: tuple[Path, list[str]]) -> None:
    """Its error is measured on labels of both tiers' kinds of answers, and is inside the interval of the delta."""
    (route,) = read_run(audited[0] / "run").routes
    check = route.criteria
    assert check is not None
    assert check.grade is Grade.JUDGED
    assert check.labelled is not None
    labelled = check.labelled
    assert labelled.waiting == labelled.unscored == 0
    agreement = labelled.agreement
    assert agreement is not None
    for share in (agreement.sensitivity, agreement.specificity):
        assert share is not None
        assert share.lo is not None
        assert share.hi is not None
        assert share.lo <= 0.9 <= share.hi
    assert route.verdict is Verdict.SWITCH
    (small,) = route.candidates
    measured, corrected = (small.c - small.b) / small.n, small.quality_delta
    assert corrected is not None
    assert corrected.est == pytest.approx(measured / labelled.shown.est if labelled.shown else 0.0)
    assert disagreements(read_run(audited[0] / "run")) == []


def test_equal_questions_are_asked_once_and_never_again(audited: tuple[Path, list[str]]) -> None:
    """Each judge call is in the journal once; the same command again makes none, and concludes the same."""
    folder = RunFolder(audited[0] / "run")
    judged = [event for event in done_events(folder.journal) if event["arm"] == "judge"]
    assert len({event["request_fp"] for event in judged}) == len(judged)
    before, results = folder.findings.read_bytes(), len(JournalLedger.read(folder.journal).results)
    assert run(["replay", *audited[1], "--yes"]) == 0
    assert len(JournalLedger.read(folder.journal).results) == results
    assert folder.findings.read_bytes() == before


def test_the_quote_and_the_books_hold_the_judge(audited: tuple[Path, list[str]]) -> None:
    """Judge calls are in the plan's calls; a judge is named among what is simulated, and is no candidate."""
    plan = read_plan(audited[0] / "run" / "plan.json")
    (quote,) = plan.quotes
    findings = read_run(audited[0] / "run")
    assert findings.simulated == ("small", "judge")
    assert plan.designs[0].candidates == ("small",)
    assert quote.recorded + quote.calls > quote.judge_calls
    replies = pl.read_parquet(audited[0] / "run" / "replays" / "judge_replies.parquet")
    assert set(replies["arm"].cast(pl.String)) == {"judge"}
    assert json.loads(replies["text"][0])["verdict"] in ("pass", "fail")
