"""Evidence: which cases are shown, how two answers are compared, and what stands beside them."""

import dataclasses

import pytest

from audit.core.finding import Case
from audit.core.recommendation import PairTable
from audit.report.differing import DifferingRun, cut, folded, side_by_side
from audit.report.evidence import _plain, choose, evidence, gist, p_text, parted
from tests.report import fixtures


def case(case_id: str, kind: str, failed: int = 0) -> Case:
    """A case whose candidate fails some criteria."""
    answer = fixtures.side("mini", "b", *((f"k{i}", i >= failed, "why") for i in range(3)))
    return Case(
        case_id=case_id,
        exchange_id=case_id,
        route="invoice-fields",
        kind=kind,
        request="q",
        incumbent=fixtures.side("large", "a"),
        candidate=answer,
    )


def test_five_that_differ_worst_first_then_a_normal_one() -> None:
    """Regressions by failed criteria, then gains, at most five; then one where both pass."""
    given = [
        case("gain", "only_candidate"),
        case("ok-1", "both_pass"),
        case("ok-2", "both_pass"),
        case("both", "both_fail", 3),
        *(case(f"loss-{n}", "only_incumbent", n) for n in (1, 3, 2, 1, 1)),
    ]
    assert [c.case_id for c in choose(given)] == ["loss-3", "loss-2", "loss-1", "loss-1", "loss-1", "ok-1"]


def test_answers_alike_are_marked_word_by_word() -> None:
    """Above the similarity, what differs is marked on its side only."""
    left, right, note = side_by_side("the refund took five days to arrive", "the refund took ten days to arrive")
    assert DifferingRun(text="five", mark="del") in left
    assert DifferingRun(text="ten", mark="ins") in right
    assert note == "Differing words are marked."
    assert "".join(run.text for run in left) == "the refund took five days to arrive"


def test_answers_unlike_are_not_marked() -> None:
    """Below the similarity a diff is noise, so there is none."""
    left, right, note = side_by_side("Paris is the capital of France", "I cannot help with that, sorry!")
    assert [run.mark for run in (*left, *right)] == ["", ""]
    assert note == ""


def test_json_is_compared_by_key() -> None:
    """The order of keys is not a difference; a value is."""
    left, right, note = side_by_side('{"a": 1, "b": 2}', '{"b": 2, "a": 1}')
    assert {run.mark for run in (*left, *right)} == {""}
    assert note.startswith("Both are JSON")
    left, _, _ = side_by_side('{"a": 1, "b": 2}', '{"b": 2, "a": 3}')
    assert [run.text.strip() for run in left if run.mark == "del"] == ['"a": 1,']


@pytest.mark.parametrize("odd", ['{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000, '{"a":', "{}x"])
def test_odd_json_is_shown_as_it_came(odd: str) -> None:
    """Not JSON, JSON whose meaning depends on the parser, and JSON too deep to parse are text."""
    left, _, note = side_by_side(odd[:4000], "{}")
    assert "".join(run.text for run in left) == odd[:4000]
    assert "JSON" not in note


def test_long_answers_are_cut_with_a_count() -> None:
    """4,000 characters, then how many more there are."""
    assert cut("x" * 16_340).more == "… 12,340 more characters in `cases.jsonl`"
    assert cut("x" * 4_000).more == ""


def test_a_failed_criterion_shows_expected_got_and_reason() -> None:
    """A scorer's mistake can be told from the model's."""
    shown = evidence(fixtures.proven(), fixtures.cases(), with_text=True)
    [route] = [route for route in shown.routes if route.name == "invoice-fields"]
    [line] = route.cases[0].criteria
    assert (line.today, line.candidate) == ("pass", "fail")
    assert dict(line.details) == {
        "expected, candidate": "1,204.50",
        "got, candidate": "1,240.50",
        "reason, candidate": "total differs from the reference",
    }


def test_counts_stand_in_the_square() -> None:
    """Both pass, only today, only the candidate, both fail; they add up to the pairs."""
    [route] = [r for r in evidence(fixtures.proven(), [], with_text=True).routes if r.name == "invoice-fields"]
    (square,) = route.squares
    assert square.counts == ("1,028", "14", "9", "69")
    assert square.caption == "1,120 paired replays, today against mini"


def test_a_split_has_the_square_of_its_policy() -> None:
    """Not that of moving the whole route; beside it stands the part that moves."""
    whole = fixtures.split()
    [found] = [item for item in whole.routes if item.route == "chat"]
    [route] = [r for r in evidence(whole, [], with_text=True).routes if r.name == "chat"]
    policy, moved = route.squares
    assert policy.counts == ("650", "9", "6", "55")
    assert moved.counts == ("236", "9", "6", "8")
    assert str(found.candidates[0].b) not in {*policy.counts, *moved.counts}


def test_no_cases_says_why() -> None:
    """None kept, none that differ, and few pairs are three things."""
    whole = fixtures.proven()
    same = dataclasses.replace(whole.routes[-1].candidates[0], b=0, c=0, n=60, tier="mini")
    pairs = PairTable(both_pass=60)
    small = fixtures.changed(whole.routes[-1], candidates=(same,), candidate="mini", pairs=pairs)
    findings = dataclasses.replace(whole, routes=(whole.routes[0], small))
    first, second = evidence(findings, [], with_text=True).routes
    assert first.empty == "No case of this route was kept for the report."
    assert second.empty == "No case where the answers differ on a criterion. With 60 pairs that proves little."


def test_criteria_without_text_have_no_reasons() -> None:
    """`with_text=False` keeps marks only."""
    shown = evidence(fixtures.proven(), fixtures.cases(), with_text=False)
    lines = [line for route in shown.routes for view in route.cases for line in view.criteria]
    assert lines
    assert all(line.details == () for line in lines)


def test_values_that_are_not_text_are_written_to_be_read() -> None:
    """Expected and extracted may be any JSON value; only what is nested keeps JSON's signs."""
    results = ({"criterion": "k", "passed": False, "expected": {"b": 1, "a": [2]}, "extracted": 0},)
    base = fixtures.cases()[0]
    odd = dataclasses.replace(base, candidate=dataclasses.replace(base.candidate, results=results))
    [route] = [r for r in evidence(fixtures.proven(), [odd], with_text=True).routes if r.cases]
    details = dict(route.cases[0].criteria[0].details)
    assert details["expected, candidate"] == "b: 1, a: [2]"
    assert details["got, candidate"] == "0"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ('{"total": 12.5, "currency": "EUR"}', "total: 12.5, currency: EUR"),
        ([{"name": "lookup", "arguments": {"id": 7}}], "lookup(id: 7)"),
        ('{"name": "f", "arguments": "{\\"x\\": 1}"}', "f(x: 1)"),
        ({"a": {"b": [1, 2]}}, 'a: {"b": [1, 2]}'),
        ("{not json", "{not json"),
        ("plain", "plain"),
        ([], "[]"),
    ],
)
def test_values_are_told_without_quotes_and_brackets(value: object, told: str) -> None:
    """Fields as `name: value`, calls of tools as calls."""
    assert _plain(value) == told


def test_a_difference_in_a_long_answer_is_in_sight() -> None:
    """What both answers have is folded but for its ends; what differs, and both ends of the text, are not."""
    alike = "word " * 400
    left, right, _ = side_by_side(alike + "five days " + alike, alike + "ten days " + alike)
    for runs, differs in ((folded(left), "five"), (folded(right), "ten")):
        text = "".join(run.text for run in runs)
        assert differs in text
        assert len(text) < 800
        folds = [run.text for run in runs if run.mark == "fold"]
        assert len(folds) == 2
        assert all("characters that both have" in fold for fold in folds)
    assert folded((DifferingRun(text="short"),)) == (DifferingRun(text="short"),)


@pytest.mark.parametrize(
    ("request_", "system", "turns"),
    [
        ("system: You help.\n\nuser: Hi\n\nassistant: Yes", "system: You help.\n", "user: Hi\n\nassistant: Yes"),
        ("user: One", "", "user: One"),
        ("system: alone", "", "system: alone"),
    ],
)
def test_instructions_stand_apart_from_what_was_asked(request_: str, system: str, turns: str) -> None:
    """The instructions are the same in every case of a route; the answers stand before them."""
    assert parted(request_) == (system, turns)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("system: You help.\n\nuser: Hi\n\nassistant: Yes?\n\nuser: Where is it?\nSoon?", "Where is it?"),
        ("user: One", "One"),
        ("no roles at all\nsecond", "no roles at all"),
        ("", ""),
    ],
)
def test_a_case_is_known_by_what_the_user_said_last(request_: str, expected: str) -> None:
    """The system prompt is the same in every case of a route, so it is no name for one."""
    assert gist(request_) == expected


def test_p_values() -> None:
    """Three decimals, a floor, and a dash."""
    assert [p_text(0.0312), p_text(0.0004), p_text(None)] == ["0.031", "< 0.001", "–"]
