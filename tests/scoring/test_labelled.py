"""Answers that people have judged: read from a file, scored by the route's criteria, counted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audit.cli.printing.plan import criteria_lines
from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.criteria import CriteriaCheck, Grade, Labelled
from audit.core.errors import InputError
from audit.core.exchange import Completion, Request
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.flow import planning
from audit.scoring.context import Context
from audit.scoring.trial.labelled import LabelledAnswers, judge_labelled, read_judgements
from tests.e2e.tiny import record

CONFIG = """\
ingest: {{route: metadata.route}}
tiers: [{{name: small, model: s, provider: openai-compatible, base_url: "http://127.0.0.1:9/v1",
        price: {{input: 0.1, output: 0.3}}}}]
routes: [{{match: "*", candidates: [small], labels: labels.jsonl, assert: [{criterion}]}}]
"""
AGREES = '{type: equals, value: "{{incumbent.text}}"}'
SEES_7_AS_RIGHT = """{type: one-of, value: ["{{metadata['metadata.right']}}", "7"]}"""
# Odd numbers, which no sum of the log is: each is a fault of its own.
SEES_ODD_AS_RIGHT = SEES_7_AS_RIGHT.replace('"7"', ", ".join(f'"{2 * n + 1}"' for n in range(60)))


def planned(folder: Path, labels: list[dict[str, object]], criterion: str) -> RouteDesign:
    """The plan of a log of 160 additions with judged answers."""
    lines = [record(n, metadata={"route": "/add", "right": str(2 * n)}) for n in range(160)]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (folder / "labels.jsonl").write_text("".join(json.dumps(line) + "\n" for line in labels), "utf-8")
    (folder / "audit.yaml").write_text(CONFIG.format(criterion=criterion), "utf-8")
    plan = planning.plan([folder / "log.jsonl"], load_settings(folder / "audit.yaml"), RunFolder(folder / "run"))
    return plan.designs[0]


def test_right_and_wrong_answers_are_counted_by_what_the_criteria_make_of_them(tmp_path: Path) -> None:
    """A check that takes odd numbers for right: 20 of 60 wrong answers, all 60 right ones, one stranger."""
    right: list[dict[str, object]] = [{"id": f"chatcmpl-{n}", "right": True} for n in range(60)]
    wrong: list[dict[str, object]] = [
        {"id": f"chatcmpl-{n}", "right": False, "answer": str(2 * n + 1) if n < 20 else f"x{n}"} for n in range(60)
    ]
    design = planned(tmp_path, [*right, *wrong, {"id": "nobody", "right": True}], SEES_ODD_AS_RIGHT)
    assert design.criteria is not None
    labelled = design.criteria.labelled
    assert labelled is not None
    assert (labelled.right, labelled.right_accepted) == (60, 60)
    assert (labelled.wrong, labelled.wrong_accepted) == (60, 20)
    assert (labelled.unscored, labelled.unknown) == (0, 1)
    assert labelled.content is not None
    assert labelled.content.wrong_accepted == 20
    assert labelled.shown is not None
    assert labelled.shown.est == pytest.approx(2 / 3)
    told = " ".join(" ".join(criteria_lines([design], 100)).split())
    assert "the criteria accept 60 of 60 right ones and 20 of 60 wrong ones" in told
    assert "1 line of the file name no request of this route" in told


def test_the_logs_own_answers_say_nothing_of_criteria_that_compare_with_them(tmp_path: Path) -> None:
    """They accept these by construction; only answers that the file holds count."""
    own: list[dict[str, object]] = [{"id": f"chatcmpl-{n}", "right": n % 2 == 0} for n in range(100)]
    other: list[dict[str, object]] = [{"id": f"chatcmpl-{n}", "right": False, "answer": f"no {n}"} for n in range(50)]
    design = planned(tmp_path, [*own, *other], AGREES)
    assert design.criteria is not None
    assert design.criteria.labelled is not None
    assert (design.criteria.labelled.right, design.criteria.labelled.wrong) == (0, 50)
    assert design.criteria.labelled.wrong_accepted == 0


def test_criteria_that_accept_wrong_answers_like_right_ones_stop_in_the_plan(tmp_path: Path) -> None:
    """With the counts; nothing is paid."""
    labels: list[dict[str, object]] = [
        {"id": f"chatcmpl-{n}", "right": n % 2 == 0, "answer": str(n // 2 * 2 + 1)} for n in range(100)
    ]
    design = planned(tmp_path, labels, SEES_ODD_AS_RIGHT)
    assert design.candidates == ()
    assert design.why is not None
    assert design.why.reason is Reason.CRITERIA_NOT_SHOWN_TO_TELL
    assert "50 of 50 wrong ones" in design.reason


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"id": "a"}', "`right`"),
        ('{"right": true}', "`id`"),
        ('{"id": "a", "right": 1}', "`right`"),
        ('{"id": "a", "right": true, "answer": 3}', "`answer`"),
        ('{"id": "a", "right": null}', "`right`"),
        ('{"id": "a", "by": "ada"}', "`right`"),
        ('{"id": "a", "right": true, "by": 7}', "`by`"),
        ('{"id": "a", "right": true, "at": "yesterday"}', "`at`"),
        ('{"id": "a", "right": true, "at": "2026-03-01T09:30:00"}', "`at`"),
        ('{"id": "a", "right": true, "tool_calls": []}', "`tool_calls`"),
        ('{"id": "a", "right": true, "note": "x"}', "other keys"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(tmp_path: Path, line: str, why: str) -> None:
    """And with a line as it should be; what the line says is not repeated."""
    (tmp_path / "labels.jsonl").write_text('{"id": "b", "right": true}\n' + line + "\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_judgements(tmp_path / "labels.jsonl")
    assert why in caught.value.what
    assert caught.value.place is not None
    assert caught.value.place.line == 2
    assert caught.value.hint


def test_contradictions_and_absent_files_are_refused(tmp_path: Path) -> None:
    """The same answer right and wrong; a file that is not there. Saying the same twice is one judgement."""
    with pytest.raises(InputError, match="cannot be read"):
        read_judgements(tmp_path / "labels.jsonl")
    path = tmp_path / "labels.jsonl"
    path.write_text('{"id": "b", "right": true}\n{"id": "b", "right": true}\n', "utf-8")
    assert len(read_judgements(path)) == 1
    path.write_text('{"id": "b", "right": true}\n{"id": "b", "right": false}\n', "utf-8")
    with pytest.raises(InputError, match="right and wrong"):
        read_judgements(path)


def test_people_who_disagree_are_counted_apart_and_their_agreement_is_told(tmp_path: Path) -> None:
    """Ada and Bob judge the same 60 answers and differ on 6; what the log itself said is one answer however it came."""
    labels: list[dict[str, object]] = [
        {"id": f"chatcmpl-{n}", "right": (n < 30) != (by == "bob" and n % 10 == 0), "answer": answer, "by": by}
        for by in ("ada", "bob")
        for n in range(60)
        for answer in [str(2 * n + 1) if n >= 30 else str(2 * n)]
    ]
    same: dict[str, object] = {"id": "chatcmpl-0", "right": True, "by": "cay"}
    design = planned(tmp_path, [*labels, same], SEES_ODD_AS_RIGHT)
    assert design.criteria is not None
    labelled = design.criteria.labelled
    assert labelled is not None
    # Cay's word on the log's own answer to request 0 is about the answer that Ada and Bob differ on, and settles it.
    assert (labelled.right, labelled.wrong, labelled.disputed) == (28, 27, 5)
    assert (labelled.disputed_accepted, labelled.people) == (5, 3)
    assert labelled.kappa is not None
    assert labelled.kappa.est == pytest.approx(0.8, abs=0.01)
    told = " ".join(" ".join(criteria_lines([design], 100)).split())
    assert "people agree with kappa 0.80 [0.6" in told
    assert "people disagree on 5 more, which count at their worst" in told


def test_an_answer_that_says_what_the_log_says_is_no_witness_of_criteria_that_compare_with_it(tmp_path: Path) -> None:
    """They accept it by construction, whoever gave it."""
    labels: list[dict[str, object]] = [{"id": f"chatcmpl-{n}", "right": True, "answer": str(2 * n)} for n in range(50)]
    labels += [{"id": f"chatcmpl-{n}", "right": False, "answer": f"no {n}"} for n in range(50)]
    design = planned(tmp_path, labels, AGREES)
    assert design.criteria is not None
    assert design.criteria.labelled is not None
    assert (design.criteria.labelled.right, design.criteria.labelled.wrong) == (0, 50)


def judged_wrong(texts: list[str], expected: list[str], accepted: list[bool] | None = None) -> Labelled:
    """What is counted of wrong answers to these requests, by criteria that accept none, or these."""
    contexts = [
        Context(request=Request(messages=(), request_fp="0"), completion=Completion(text=text), reference=right)
        for text, right in zip(texts, expected, strict=True)
    ]
    answers = LabelledAnswers(
        contexts=contexts, right=[False] * len(texts), own=[False] * len(texts), unknown=0, people=0, kappa=None
    )
    holds = accepted or [False] * len(texts)
    return judge_labelled(answers, lambda _: [(one, one) for one in holds], lambda _: False)


def test_one_wrong_answer_given_to_many_requests_is_one_fault() -> None:
    """However it is written; what is never right counts once, and a label once for every label it was mistaken for."""
    filler = judged_wrong(["No idea.", "no idea", "**No  idea**", "NO IDEA!"] * 10, [f"sum {n}" for n in range(40)])
    assert (filler.wrong, filler.wrong_accepted, filler.repeated) == (1, 0, 39)
    assert "(39 more say the same as one of these, and count once)" in filler.words
    labels = judged_wrong(["a", "a", "b", "b", "a"] * 8, ["b", "c", "c", "a", "b"] * 8)
    assert (labels.wrong, labels.repeated) == (4, 36)
    different = judged_wrong([f"text {n}" for n in range(40)], ["x"] * 40)
    assert (different.wrong, different.repeated) == (40, 0)
    assert "more say" not in different.words


def test_a_fault_is_accepted_if_one_of_its_copies_is() -> None:
    """At its worst: a criterion that misses it once does not see it."""
    found = judged_wrong(["no"] * 5 + ["never"], [f"sum {n}" for n in range(6)], [False] * 4 + [True, False])
    assert (found.wrong, found.wrong_accepted) == (2, 1)


def test_copies_of_a_trivial_fault_do_not_show_that_criteria_see_faults(tmp_path: Path) -> None:
    """Forty times one answer bound next to nothing; forty different ones do."""
    same, other = (
        [{"id": f"chatcmpl-{n}", "right": False, "answer": text.format(n)} for n in range(40)]
        for text in ("no", "no {}")
    )
    (tmp_path / "x").mkdir()
    low = []
    for folder, labels in ((tmp_path, same), (tmp_path / "x", other)):
        check = planned(folder, list(labels), AGREES).criteria
        assert check is not None
        assert check.labelled is not None
        assert check.labelled.shown is not None
        low.append(check.labelled.shown.lo)
    assert low[0] < 0.05
    assert low[1] > 0.8


def judged_by(counts: dict[tuple[bool, bool], tuple[int, int]]) -> Labelled:
    """Labelled answers by whose they are and whether they are right: accepted of so many."""
    rows = [
        (own, right, place < accepted, f"answer {own} {right} {place}")
        for (own, right), (accepted, n) in counts.items()
        for place in range(n)
    ]
    contexts = [
        Context(request=Request(request_fp="f", messages=()), completion=Completion(text=text)) for *_, text in rows
    ]
    answers = LabelledAnswers(
        contexts=contexts,
        right=[right for _, right, _, _ in rows],
        own=[own for own, *_ in rows],
        unknown=0,
        people=0,
        kappa=None,
    )
    verdicts = {text: holds for _, _, holds, text in rows}
    return judge_labelled(
        answers, lambda some: [(verdicts[one.text], verdicts[one.text]) for one in some], lambda _: False
    )


def test_criteria_that_err_otherwise_on_one_tier_correct_nothing() -> None:
    """A judge that passes its own family's faults, and one that fails the other's right answers, is found by an exact
    test; the route is then not proven, and the sentence says by which counts.
    """
    alike = {(True, True): (58, 60), (False, True): (57, 60), (True, False): (3, 30), (False, False): (4, 30)}
    assert judged_by(alike).uneven is None
    lenient = judged_by({**alike, (False, False): (18, 30)})
    assert lenient.uneven is not None
    assert (lenient.uneven.right, lenient.uneven.own_accepted, lenient.uneven.other_accepted) == (False, 3, 18)
    harsh = judged_by({**alike, (False, True): (40, 60)})
    assert harsh.uneven is not None
    assert harsh.uneven.right
    for labelled, kind in ((lenient, "wrong"), (harsh, "right")):
        shown = Estimate(est=0.7, lo=0.5, hi=0.8, level=0.95)
        why = CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labelled=replace(labelled, shown=shown)).why
        assert why is not None
        assert why.reason is Reason.CRITERIA_ERR_UNEVENLY
        assert f"call {kind}" in why.sentence
    assert judged_by({(False, True): (20, 40), (False, False): (20, 40)}).uneven is None


def test_chance_is_seldom_taken_for_an_uneven_error() -> None:
    """In at most one of a hundred routes whose criteria err alike."""
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(300):
        counts = {
            (own, right): (int(rng.binomial(n, 0.9 if right else 0.15)), n)
            for own in (True, False)
            for right, n in ((True, 60), (False, 25))
        }
        found += judged_by(counts).uneven is not None
    assert found <= 3 + 3 * (300 * 0.01) ** 0.5
