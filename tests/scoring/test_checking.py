"""The log is scored before anything is paid: what its own answers show of the criteria stops the route in the plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.criteria import REMEDIES, Control, ControlResult, CriteriaCheck, Grade
from audit.core.fingerprint import prompt_hash
from audit.core.interval import Estimate
from audit.core.plan import Plan
from audit.core.reason import Reason
from audit.flow import planning
from tests.e2e.tiny import record

CONFIG = """\
ingest: {{route: metadata.route, tenant: metadata.team}}
tiers: [{{name: small, model: s, provider: openai-compatible, base_url: "http://127.0.0.1:9/v1",
        price: {{input: 0.1, output: 0.3}}}}]
routes: [{{match: "*", candidates: [small], assert: [{criterion}]}}]
"""


UNLIKE_EVERY_FOURTH = '{{ "x" if request.last_user.split()[2] | int % 4 == 0 else incumbent.text }}'
"""The logged answer, but for the requests of team two."""


def planned(
    folder: Path,
    criterion: str,
    answer: Callable[[int], str | dict[str, Any]] | None = None,
    only_one: dict[str, str] | None = None,
    more: str = "",
) -> Plan:
    """The plan of a log of additions by two teams, or with other texts or messages as answers, more metadata of team
    one, or more of a configuration."""
    lines = []
    for n in range(160):
        own = {"team": "two"} if n % 4 == 0 else {"team": "one", **(only_one or {})}
        lines.append(record(n, metadata={"route": "/add", **own}))
        if answer is not None:
            said = answer(n)
            message = said if isinstance(said, dict) else {"content": said}
            lines[-1]["response"]["choices"][0]["message"] |= message
            offered = {call["function"]["name"] for call in message.get("tool_calls") or ()}
            if offered:
                tools = [{"type": "function", "function": {"name": name}} for name in sorted(offered)]
                lines[-1]["model_parameters"] |= {"tools": tools}
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (folder / "audit.yaml").write_text(more + CONFIG.format(criterion=criterion), "utf-8")
    return planning.plan([folder / "log.jsonl"], load_settings(folder / "audit.yaml"), RunFolder(folder / "run"))


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
        assert problem.example_id[:12] in problem.because.sentence
        assert problem.of == 160


@pytest.mark.parametrize(
    ("criteria", "stops"),
    [
        ("{type: equals, value: '{{reference}}'}", True),
        ("{type: is-json}, {type: json-fields, value: '{{reference}}', fields: {sum: exact}}", True),
        ("{type: equals, value: '{{reference}}'}, {type: equals, value: '{{incumbent.text}}'}", False),
    ],
)
@pytest.mark.parametrize("keyed", ["by the id", "by the prompt"])
def test_right_answers_under_another_key_are_told_as_that(
    tmp_path: Path, criteria: str, stops: bool, keyed: str
) -> None:
    """Not as criteria that accept nothing, or that see the form alone; where others compare, the route goes on."""
    said: Callable[[int], str] = lambda n: json.dumps({"sum": n})  # noqa: E731
    keys = [prompt_hash(record(n)["messages"]) if keyed == "by the prompt" else f"call-{n}" for n in range(160)]
    lines = [json.dumps({"prompt_hash": key, "reference": said(n)}) for n, key in enumerate(keys)]
    (tmp_path / "right.jsonl").write_text("\n".join(lines), "utf-8")
    (design,) = planned(tmp_path, criteria, said, more="references: {path: right.jsonl}\n").designs
    assert design.criteria is not None
    missed = [one for one in design.criteria.problems if one.reason is Reason.REFERENCES_MISS]
    assert bool(missed) is (keyed == "by the id")
    if missed:
        assert [one.stops for one in missed] == [stops]
        assert (design.why is not None and design.why.reason is Reason.REFERENCES_MISS) is stops
        assert "none of the 160 requests" in missed[0].because.sentence


def test_what_a_candidate_wrong_on_every_request_would_hold_stops_the_route(tmp_path: Path) -> None:
    """Three of 160 answers are accepted, fewer than the margin: to lose all of them would be within it."""
    criterion = """{type: equals, value: "{{metadata['metadata.team']}}"}"""
    plan = planned(tmp_path, criterion, lambda n: "one" if n in (1, 2, 3) else f"no {n}")
    assert plan.designs[0].why is not None
    assert plan.designs[0].why.reason in (Reason.HARDLY_PASSES, Reason.PART_PASSES_NOTHING)
    assert plan.designs[0].criteria is not None
    assert Reason.HARDLY_PASSES in {problem.reason for problem in plan.designs[0].criteria.problems}
    assert plan.calls == 0


def test_a_draft_that_rejects_the_answers_it_was_made_from_stops_the_route(tmp_path: Path) -> None:
    """A sixteenth of the answers are prose, which the draft of JSON does not take."""
    draft = "{type: is-json}, {type: json-fields, fields: {sum: exact}, others: exact}"
    said: Callable[[int], str] = lambda n: "sorry" if n % 16 == 0 else json.dumps({"sum": 2 * n})  # noqa: E731
    plan = planned(tmp_path, f"{draft}], confirmed: false, rules: [", said)
    assert plan.designs[0].why is not None
    assert plan.designs[0].why.reason is Reason.DRAFT_REJECTS


@pytest.mark.parametrize(("others", "told"), [(2, True), (4, True), (8, False)])
def test_that_one_answer_would_hold_the_margin_is_said(tmp_path: Path, others: int, told: bool) -> None:
    """Of 160 answers a few differ from the rest; up to the margin of three points nobody would miss them."""
    said: Callable[[int], str] = lambda n: f"rare {n}" if n < others else "usual"  # noqa: E731
    (design,) = planned(tmp_path, '{type: equals, value: "{{incumbent.text}}"}', said).designs
    assert design.criteria is not None
    problems = [one for one in design.criteria.problems if one.reason is Reason.ONE_ANSWER_SUFFICES]
    assert bool(problems) is told
    assert all((one.count, one.of, one.stops) == (160 - others, 160, False) for one in problems)


def test_calls_alone_show_nothing_of_an_answer_without_one(tmp_path: Path) -> None:
    """That nobody calls a tool is the form of an answer in text; with a criterion for the text it is no matter."""
    alone = planned(tmp_path, "{type: tool-call}").designs[0]
    assert alone.why is not None
    assert alone.why.reason is Reason.CRITERIA_SEE_FORM
    both = planned(tmp_path, "{type: tool-call}, {type: numeric, value: '{{incumbent.text}}'}").designs[0]
    assert both.criteria is not None
    assert both.criteria.why is None


@pytest.mark.parametrize(
    ("more", "saying", "told"),
    [
        ("", 8, True),
        ("", 2, False),
        (", {type: word-count, value: {min: 1, max: 9}}", 8, True),
        (", {type: equals, value: '{{incumbent.text}}'}", 8, False),
    ],
)
def test_that_nobody_compares_what_is_said_beside_calls_is_said(
    tmp_path: Path, more: str, saying: int, told: bool
) -> None:
    """Answers that call and speak, judged by their calls or their form: what they say may be anything."""

    def called(n: int) -> dict[str, Any]:
        function = {"name": "pay", "arguments": json.dumps({"amount": n})}
        calls = [{"id": "c", "type": "function", "function": function}]
        return {"content": f"I pay {n}." if n < saying else None, "tool_calls": calls}

    (design,) = planned(tmp_path, "{type: tool-call}" + more, called).designs
    assert design.criteria is not None
    problems = [one for one in design.criteria.problems if one.reason is Reason.TEXT_BESIDE_CALLS]
    assert [(one.count, one.of, one.stops) for one in problems] == [(saying, 160, False)] * told


@pytest.mark.parametrize(
    ("prose", "bare", "grade"),
    [
        (0, 0, Grade.AGREEMENT),
        (8, 2, Grade.AGREEMENT),
        (9, 0, Grade.AGREEMENT),
        (0, 3, Grade.AGREEMENT),
        (0, 4, Grade.FORM),
        (40, 4, Grade.FORM),
    ],
)
def test_answers_that_fail_take_no_grade_from_those_that_are_compared(
    tmp_path: Path, prose: int, bare: int, grade: Grade
) -> None:
    """Prose fails `is-json` whatever is compared elsewhere, and stops the route above a twentieth; JSON without the
    field passes by its form alone, and more than a fiftieth of those would move unjudged.
    """

    def said(n: int) -> str:
        return f"It is {n}." if n < prose else json.dumps({"other": n} if n < prose + bare else {"sum": 2 * n})

    (design,) = planned(tmp_path, "{type: is-json}, {type: json-fields, fields: [sum]}", said).designs
    check = design.criteria
    assert check is not None
    assert check.grade is grade
    assert (check.why is None) is (bare == 0 and prose < 9)
    assert (Reason.PART_SEES_FORM in {p.reason for p in check.problems if p.stops}) is (grade is Grade.FORM)
    told = [(p.count, p.of, p.stops) for p in check.problems if p.reason is Reason.FAILS_UNCOMPARED]
    assert told == [(prose, 160, prose > 8)] * bool(prose and grade.compares)


def test_a_reply_that_is_right_for_most_requests_is_tried_on_all(tmp_path: Path) -> None:
    """Each list of right replies has one of its own, and the one that says nothing."""
    replies = [
        {"hash": prompt_hash(record(n)["messages"]), "reference": {"replies": [str(2 * n), "We will look into it."]}}
        for n in range(160)
    ]
    (tmp_path / "right.jsonl").write_text("".join(json.dumps(one) + "\n" for one in replies), "utf-8")
    criterion = "{type: one-of, value: '{{reference.replies}}'}"
    references = "references: {path: right.jsonl, key: hash, value: reference}\n"
    plan = planned(tmp_path, criterion, more=references)
    assert plan.designs[0].why is not None
    assert plan.designs[0].why.reason is Reason.CRITERIA_ACCEPT_DAMAGE
    check = plan.designs[0].criteria
    assert check is not None
    assert Control.CONSTANT in {result.control for result in check.failed}


def test_requests_that_no_criterion_says_anything_of_stop_the_route(tmp_path: Path) -> None:
    """They would move with the others, and nobody would have looked at one of their answers."""
    told = {"unit": "apples"}
    criterion = """{type: equals, value: "{{metadata['metadata.unit']}}"}"""
    plan = planned(tmp_path, criterion, lambda n: "apples", told)
    (design,) = plan.designs
    assert design.why is not None
    assert design.why.reason is Reason.CRITERIA_LEAVE_OUT
    assert "40 of 160" in design.reason
    assert (plan.calls, design.candidates) == (0, ())


@pytest.mark.parametrize(
    ("criterion", "told"),
    [
        ("{type: equals, extract: {json: sum}, value: '{{incumbent.json.sum}}'}", ["`note`, `by`"]),
        ("{type: json-fields, fields: [sum, note]}", ["`by`"]),
        ("{type: json-fields, fields: {sum: exact, by: ignore, note: ignore}}", []),
        ("{type: json-fields, others: exact}", []),
        ("{type: equals, value: '{{incumbent.text}}'}", []),
    ],
)
def test_that_no_criterion_compares_a_field_is_said(tmp_path: Path, criterion: str, told: list[str]) -> None:
    """Another answer's value there is accepted; what is declared to be ignored, or is the same in all, is not told."""

    def said(n: int) -> str:
        return json.dumps({"sum": 2 * n, "note": f"of {n}", "by": n % 5, "kind": "sum"})

    (design,) = planned(tmp_path, criterion, said).designs
    assert design.criteria is not None
    found = [p for p in design.criteria.problems if p.reason is Reason.FIELDS_UNCOMPARED]
    assert [p.detail for p in found] == told
    assert all(not p.stops and p.count > 100 for p in found)


@pytest.mark.parametrize(("which", "told"), [("", 40), (", which: last", 0)])
def test_that_a_pattern_matches_several_values_is_counted(tmp_path: Path, which: str, told: int) -> None:
    """Every fourth answer holds two: the plan counts them with an example, until somebody says which one is meant."""

    def said(n: int) -> str:
        return f"{'Draft: sum=1, then ' if n % 4 == 0 else ''}sum={2 * n + 7}"

    criterion = f'{{type: equals, extract: {{regex: "sum=(\\\\d+)"{which}}}, value: "{{{{request.last_user}}}}"}}'
    (design,) = planned(tmp_path, criterion, said).designs
    assert design.criteria is not None
    found = [p for p in design.criteria.problems if p.reason is Reason.SEVERAL_VALUES]
    assert sum(p.count for p in found) == told
    assert all(not p.stops and p.example_id[:12] in p.because.sentence for p in found)


SAMPLES: dict[str, Callable[[int, str], bool]] = {
    "by chance": lambda n, name: int(name[:8], 16) % 5 < 2,
    "the first": lambda n, name: n < 64,
    "the short ones": lambda n, name: n < 40 or n % 100 < 10,
    "one team": lambda n, name: n % 4 == 0,
}
"""Which requests have a right answer, by their number and the hash of their prompt."""


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("chosen", SAMPLES)
def test_a_random_sample_of_references_is_declared_and_looked_at(tmp_path: Path, chosen: str, declared: bool) -> None:
    """Right answers for two requests in five: a verdict needs the user's word that these are like the others, and a log
    that does not belie it.
    """
    hashes = [prompt_hash(record(n)["messages"]) for n in range(160)]
    rows = [{"prompt_hash": name, "reference": {"any": 1}} for n, name in enumerate(hashes) if SAMPLES[chosen](n, name)]
    (tmp_path / "right.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    criterion = """{type: equals, value: "{{ incumbent.text if reference.any }}"}"""
    declaration = f"references: {{path: right.jsonl, random_sample: {str(declared).lower()}}}\n"
    (design,) = planned(tmp_path, criterion, more=declaration).designs
    check = design.criteria
    assert check is not None
    problems = {one.reason: one for one in check.problems}
    assert problems[Reason.CRITERIA_LEAVE_OUT].stops is not declared
    assert (Reason.REFERENCES_NOT_RANDOM in problems) is (declared and chosen != "by chance")
    assert (design.candidates == ("small",)) is (declared and chosen == "by chance")


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


def booked(n: int) -> str:
    """A sentence that says the same of nineteen requests in twenty."""
    return "your room is booked and done, thank you" if n % 20 else "there was no room for you, sorry"


def summed(n: int) -> str:
    """A sum behind an opening that every answer has."""
    return f"The sum is {2 * n}, done"


def mostly_summed(n: int) -> str:
    """The same, but that some answers end without it."""
    return summed(n) if n % 20 else f"The sum is {2 * n}, or so"


@pytest.mark.parametrize(
    ("criterion", "answer"),
    [
        ("{type: contains, value: done}", booked),
        ("{type: contains, value: done}", mostly_summed),
        ("{type: starts-with, value: your room is booked}", booked),
        ('{type: regex, value: "(?i)DONE"}', booked),
        ("{type: one-of, value: [done], extract: {regex: '(done|no)'}}", booked),
        ("{type: not-is-refusal}, {type: icontains-all, value: [Booked, done]}", booked),
        ("{type: contains, value: done}", lambda n: "all of it is done now"),
    ],
)
def test_a_demanded_text_that_tells_answers_apart_may_certify(
    tmp_path: Path, criterion: str, answer: Callable[[int], str]
) -> None:
    """Words that change places around it are no damage; what lacks it is refused; the grade says what was seen."""
    (design,) = planned(tmp_path, criterion, answer).designs
    check = design.criteria
    assert check is not None
    assert (check.grade, check.why, check.problems) == (Grade.DEMANDED, None, ())
    tried = {result.control: result.tried for result in check.controls}
    assert tried[Control.EMPTY] == check.accepted
    assert not any(result.accepted for result in check.controls)
    assert design.candidates == ("small",)


@pytest.mark.parametrize(
    ("criterion", "confirmed", "answer", "reason"),
    [
        # Every answer carries the text, and goes on to say something else.
        ("{type: contains, value: done}", True, summed, Reason.CRITERIA_ACCEPT_DAMAGE),
        ('{type: starts-with, value: "The sum is"}', True, mostly_summed, Reason.CRITERIA_ACCEPT_DAMAGE),
        ("{type: json-fields, fields: [ok], value: {ok: sure}}", True, None, Reason.CRITERIA_ACCEPT_DAMAGE),
        # Nobody has said that this is what they want.
        ("{type: contains, value: done}", False, booked, Reason.CRITERIA_SEE_FORM),
        # One of several texts, or any text of a kind.
        ("{type: contains-any, value: [booked, done]}", True, booked, Reason.CRITERIA_SEE_FORM),
        ('{type: regex, value: "done|booked"}', True, booked, Reason.CRITERIA_SEE_FORM),
        ('{type: contains, value: ","}', True, booked, Reason.CRITERIA_SEE_FORM),
        ("{type: not-contains, value: sorry}", True, booked, Reason.CRITERIA_SEE_FORM),
        ("{type: finish-reason, value: stop}", True, booked, Reason.CRITERIA_SEE_FORM),
        ("{type: word-count, value: {min: 3, max: 9}}", True, booked, Reason.CRITERIA_SEE_FORM),
    ],
)
def test_a_demanded_text_that_proves_nothing_stops_the_route(
    tmp_path: Path, criterion: str, confirmed: bool, answer: Callable[[int], str] | None, reason: Reason
) -> None:
    """A form that all answers carry accepts answers to other questions; drafts and choices see the form alone."""
    criterion = criterion if confirmed else f"{criterion}], confirmed: false, rules: ["
    answer = answer or (lambda n: json.dumps({"ok": "sure", "sum": 2 * n}))
    plan = planned(tmp_path, criterion, answer)
    (design,) = plan.designs
    assert design.why is not None
    assert design.why.reason is reason
    assert plan.calls == 0
    if reason is Reason.CRITERIA_ACCEPT_DAMAGE:
        assert design.criteria is not None
        assert {result.control for result in design.criteria.failed} >= {Control.ANOTHER, Control.MOST_FREQUENT}


@pytest.mark.parametrize("control", Control)
def test_every_damage_has_a_way_out(control: Control) -> None:
    """Where criteria accept too many answers that were damaged so, the reader is told what would refuse them."""
    share = Estimate(est=0.5, lo=0.4, hi=0.6, level=0.95)
    result = ControlResult(control=control, tried=200, accepted=100, unscored=0, share=share, limit=0.05)
    check = CriteriaCheck(grade=Grade.RIGHT, answers=200, accepted=200, controls=(result,))
    assert check.why is not None
    assert check.why.reason is Reason.CRITERIA_ACCEPT_DAMAGE
    assert check.why.sentence.endswith(f"; {REMEDIES[control]}")


def test_the_way_out_leads_out(tmp_path: Path) -> None:
    """The first number of an answer that is taken back is accepted, until it has to be the only one."""
    said: Callable[[int], str] = lambda n: f"That is {2 * n} pieces in total."  # noqa: E731
    for folder in ("first", "only"):
        (tmp_path / folder).mkdir()
    accepting = planned(tmp_path / "first", '{type: numeric, value: "{{incumbent.text}}"}', said).designs[0].why
    assert accepting is not None
    assert accepting.reason is Reason.CRITERIA_ACCEPT_DAMAGE
    assert "`which: only`" in accepting.sentence
    refusing = '{type: numeric, which: only, value: "{{incumbent.text}}"}'
    after = planned(tmp_path / "only", refusing, said).designs[0].why
    assert after is None or after.reason is not Reason.CRITERIA_ACCEPT_DAMAGE
