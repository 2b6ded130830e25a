"""Pairs that were drawn at random for people, from the first key to the verdict, the pack and its verification."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cases.texts import AnswerText
from audit.cli.main import run
from audit.config.load import load_settings
from audit.core.artifacts import RunFolder, read_cases, read_plan, read_run
from audit.core.finding import CandidateFinding, CandidateVerdict
from audit.findings.recount import disagreements
from audit.flow.evidence.packed_tables import DRAWN
from audit.flow.evidence.retest import retested
from audit.labelling.opening import Opened, open_session
from audit.labelling.session import Word
from audit.sampling.prospects import RouteTests
from audit.view.pages import route_facts
from tests.judging.chat import write_chat

PAIRS = 60
pytestmark = pytest.mark.slow


def opened(folder: Path, *, by: str = "ada", at_random: int | None = None) -> Opened:
    """A session on the chat route."""
    run_folder = RunFolder(folder / "run")
    return open_session(run_folder, load_settings(folder / "audit.yaml"), by=by, at_random=at_random)


def right(answer: AnswerText) -> bool:
    """The planted truth."""
    return "was never sent" not in answer.text


def judge_all(session_of: Opened, pairs: int) -> None:
    """Judge so many pairs by the truth."""
    by_truth = {one.right: one for one in Word}
    for _ in range(pairs):
        pair = session_of.session.next()
        assert pair is not None
        truth = (right(pair.first), right(pair.second))
        session_of.session.judge(pair.name, by_truth[truth])


def small(folder: Path) -> CandidateFinding:
    """The candidate as it was concluded."""
    ((found,),) = [route.candidates for route in read_run(folder / "run").routes]
    return found


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A judge that errs on a fifth of answers, by labels that somebody chose."""
    folder = tmp_path_factory.mktemp("random")
    arguments = write_chat(folder, labels=200, false_pass=0.2, false_fail=0.2, margin="20pt", requests=260)
    assert run(["replay", *arguments, "--yes"]) == 0
    return folder


def test_random_pairs_carry_the_verdict_and_their_pack_holds(
    audited: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nothing while one is left; then the interval is a fraction of what the judge's error leaves of it, and says so in
    report and pack. Verification works it out again from the tables, and sees a label that was changed."""
    chosen = small(audited)
    assert chosen.random_labels is None
    judge_all(opened(audited, at_random=PAIRS), PAIRS - 1)
    assert run(["score", str(audited / "run")]) == 0
    nearly = small(audited)
    assert nearly.random_labels is not None
    assert (nearly.random_labels.judged, nearly.random_labels.used) == (PAIRS - 1, False)

    judge_all(opened(audited), 1)
    assert run(["score", str(audited / "run")]) == 0
    found = small(audited)
    random, delta = found.random_labels, found.quality_delta
    assert random is not None
    assert random.used
    assert random.by_judge is not None
    assert delta is not None
    assert delta.lo is not None
    assert delta.hi is not None
    assert random.by_judge.lo is not None
    assert random.by_judge.hi is not None
    assert delta.hi - delta.lo < 0.6 * (random.by_judge.hi - random.by_judge.lo)
    assert delta.lo <= 0.05 <= delta.hi
    assert [route.needs_more for route in read_run(audited / "run").routes] == [None]  # labels decide, not replays
    assert disagreements(read_run(audited / "run")) == []
    texts = [path.read_text("utf-8") for path in (audited / "run" / "report.html", audited / "run" / "summary.md")]
    case = read_cases(audited / "run" / "cases.jsonl")[0].case_id
    capsys.readouterr()
    for arguments in ([], ["--route", "/chat"], [case]):
        assert run(["show", str(audited / "run"), *arguments]) == 0
        texts.append(capsys.readouterr().out)
    texts += [str(route_facts(route)) for route in read_run(audited / "run").routes]
    for text in texts:
        assert f"{PAIRS} of the first {PAIRS} pairs in random order" in " ".join(text.split())

    pack = tmp_path / "pack.zip"
    assert run(["report", str(audited / "run"), "--pack", str(pack)]) == 0
    assert run(["verify", str(pack)]) == 0
    capsys.readouterr()
    with zipfile.ZipFile(pack) as source:
        members = {name: source.read(name) for name in source.namelist()}
    plan = read_plan(audited / "run" / "plan.json")
    assert retested(read_run(audited / "run"), plan, members)["pairs"] == []
    for forged in (_all_right(members[DRAWN]), b""):
        wrong = retested(read_run(audited / "run"), plan, {**members, DRAWN: forged})["pairs"]
        assert "routes[0].candidates[0].quality_delta" in wrong


def _all_right(table: bytes) -> bytes:
    """What people said, had they found no change anywhere."""
    rows = [json.loads(line) for line in table.splitlines()]
    rows = [row | ({"low": 0, "high": 0} if row["low"] is not None else {}) for row in rows]
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def test_a_plan_made_again_is_sized_by_the_words_that_will_decide(audited: Path, tmp_path: Path) -> None:
    """Once all random pairs are judged, and without a `score` in between: no fewer draws than the labels were drawn
    from, as many looks, and a prospect that is the verdict's. The plan of a judge with such an error said "maybe"."""
    judge_all(opened(audited, at_random=PAIRS), opened(audited, at_random=PAIRS).session.random_left)
    (before,) = read_plan(audited / "run" / "plan.json").designs
    assert before.criteria is not None
    by_judge = replace(before, criteria=replace(before.criteria, drawn={}))
    tests = RouteTests.of(by_judge, load_settings(audited / "audit.yaml"))
    assert tests.prospect(PAIRS * 3)[0] == "maybe"

    arguments = [str(audited / "log.jsonl"), "--config", str(audited / "audit.yaml"), "--out", str(audited / "run")]
    assert run(["plan", *arguments]) == 0
    (again,) = read_plan(audited / "run" / "plan.json").designs
    assert again.criteria is not None
    labels = again.criteria.drawn["small"]
    assert (labels.first, labels.sample, labels.looks) == (PAIRS, before.quality_n, len(before.stages))
    assert sum(labels.counts.told) >= PAIRS
    assert (again.quality_n, again.can_decide) == (before.quality_n, "yes")

    assert run(["replay", *arguments, "--yes"]) == 0
    assert small(audited).verdict is CandidateVerdict.NON_INFERIOR
    (concluded,) = read_run(audited / "run").routes
    assert concluded.criteria is not None
    assert concluded.criteria.drawn.keys() == again.criteria.drawn.keys()
    pack = str(tmp_path / "again.zip")
    assert run(["report", str(audited / "run"), "--pack", pack]) == 0
    assert run(["verify", pack]) == 0


def test_at_several_looks_a_plan_made_again_keeps_them_and_its_pack_holds(tmp_path: Path) -> None:
    """As many looks as there were when people judged, over all draws; a replay that stops early is of the plan made."""
    arguments = write_chat(tmp_path, labels=200, false_pass=0.15, false_fail=0.15, margin="10pt", requests=700)
    config = tmp_path / "audit.yaml"
    config.write_text(config.read_text("utf-8").replace("looks: 1", "looks: 4"), "utf-8")
    assert run(["replay", *arguments, "--yes"]) == 0
    (before,) = read_plan(tmp_path / "run" / "plan.json").designs
    assert len(before.stages) > 1
    judge_all(opened(tmp_path, at_random=150), 150)
    assert run(["replay", *arguments, "--yes"]) == 0
    (again,) = read_plan(tmp_path / "run" / "plan.json").designs
    assert again.looks == before.looks
    random = small(tmp_path).random_labels
    assert random is not None
    assert random.used
    assert run(["report", str(tmp_path / "run"), "--pack", str(tmp_path / "pack.zip")]) == 0
    assert run(["verify", str(tmp_path / "pack.zip")]) == 0
