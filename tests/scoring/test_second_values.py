"""An answer that holds two values of the asked kind is never passed on one of them, wherever the criterion looks."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import ConfigError
from audit.core.outcome import READ, Errored, Scored
from audit.scoring.criteria import build_criteria
from tests.scoring.cases import context_of, entry_of
from tests.scoring.test_hidden_beside import passes, say

REGEX = {"regex": r"Label: (\w+)"}
BACK = (
    "\nSorry, that was a mistake. {}",
    "\nThat is wrong. {}",
    " is wrong. {}",
    "\nScratch that. {}",
    "\n\nCorrection: {}",
    "\nMoment, das ist falsch. {}",
    "\nI made an error. {}",
    "\nWait, no. {}",
    "\nPardon, c'est faux. {}",
)
"""What takes a value back and goes on with another, which stands in the place of the braces."""

LOOKS: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "numeric", "value": "{{reference}}"}, "17", "I get 23."),
    ({"type": "numeric", "value": "{{reference}}", "which": "first"}, "17", "23"),
    ({"type": "numeric", "value": "{{reference}}", "extract": {"regex": r"Sum: (\S+)"}}, "Sum: 17", "Sum: 23"),
    ({"type": "equals", "value": "{{reference}}", "extract": REGEX}, "Label: 17", "Label: 23"),
    ({"type": "one-of", "value": ["17", "{{reference}}x"], "extract": REGEX}, "Label: 17", "Label: 23"),
    ({"type": "equals", "value": "{{reference}}", "extract": {"lines": "first"}}, "17", "23"),
]


@pytest.mark.parametrize(("look", "back"), list(itertools.product(LOOKS, BACK)))
def test_what_is_taken_back_is_not_said(look: tuple[dict[str, Any], str, str], back: str) -> None:
    """The first value is right and taken back: no pass. Alone, and said again in the end, it passes."""
    options, right, wrong = look
    assert passes(options, right, reference="17")
    assert not passes(options, right + back.format(wrong), reference="17")
    if options.get("extract", {}).get("lines") is None:
        assert passes(options, f"{right}. That is wrong. {wrong} No: {right}", reference="17")


@pytest.mark.parametrize(
    "text",
    [
        "Label: blue is out of the question here.\nLabel: blue",
        "Label: blue\nSorry for the delay.",
        "Label: blue. The others are wrong because of the tax.",
        "Not an easy one.\nLabel: blue",
        "Label: blue\n\nQuestion: and the sky?\nLabel: grey",
    ],
)
def test_what_is_said_beside_a_value_does_not_take_it_back(text: str) -> None:
    """Prose, courtesy, other options, and a further question that the pattern finds as well: the first match counts."""
    assert passes({"type": "equals", "value": "blue", "extract": REGEX}, text)


@pytest.mark.parametrize("text", ["It is not\nblue", "green\nThis is not:\nblue", "Anything but\nblue"])
def test_a_last_line_that_is_denied_is_not_the_answer(text: str) -> None:
    """The line before it ends in a denial."""
    assert isinstance(say({"type": "equals", "value": "blue", "extract": {"lines": "last"}}, text), Errored)


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ('{"n": 4, "of": 9}\nCorrected: {"n": 5, "of": 9}', False),
        ('{"n": 4, "of": 9}\nCorrected: {"n": 5}', False),
        ('```json\n{"n": 4, "of": 9}\n```\n```json\n{"n": 6, "of": 9}\n```', False),
        ('Not {"n": 4, "of": 9} but {"n": 5, "of": 9}', False),
        ('{"n": 4, "of": 9}\nAgain: {"of": 9.0, "n": 4}', True),
        ('As in [3] and {"k": 1}: {"n": 4, "of": 9} (see {"k": 2})', True),
        ('{"n": 3} was a draft; {"n": 4, "of": 9}', True),
    ],
)
def test_json_that_says_two_things_is_no_answer(text: str, ok: bool) -> None:
    """Named fields, all fields and a path: a later object that differs in a compared field makes them errored."""
    value = {"n": 4, "of": 9}
    for options in ({"fields": ["n", "of"]}, {"others": "exact"}, {"fields": {"n": "numeric"}, "others": "exact"}):
        found = say({"type": "json-fields", "value": value, **options}, text)
        assert isinstance(found, Scored if ok else Errored), (options, found)
        assert not ok or (isinstance(found, Scored) and found.passed)
    if "draft" not in text:  # a path alone does not tell a draft from an answer
        assert passes({"type": "equals", "value": "4", "extract": {"json": "n"}}, text) is ok


def test_an_incumbent_that_says_two_things_is_no_value() -> None:
    """A template that reads its JSON cannot choose between two values of a key."""
    entry = {"type": "equals", "value": "{{incumbent.json.n}}"}
    assert passes(entry, "4", incumbent='{"n": 4} [1] {"k": 5}')
    for today in ('{"n": 4} {"n": 5}', '{"n": 5, "n": 4}'):
        assert isinstance(say(entry, "4", incumbent=today), Errored)


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("First I thought 17, but the right value is 23", False),
        ("At first glance 17; on closer look 23", False),
        ("17 is what most people say, but the truth is 23", False),
        ("You might think 17. The answer is 23.", False),
        ("17 was last year's figure; this year it is 23", False),
        ("It was 17 and is now 23", False),
        ("Draft: 17\nFinal: 23", False),
        ("Zuerst waren es 17, jetzt sind es 23", False),
        ("Au début je pensais: d'abord 17, mais maintenant 23", False),
        ("Answer: 17\n\nEdit: 23", False),
        ("Answer: 17 (update: 23)", False),
        ("Answer: 17 [should be 23]", False),
        ("Answer: 17. It should be 23.", False),
        ("Answer: 17. On reflection, 23.", False),
        ("Answer: 17. But that is wrong.", False),
        ("I thought about it: it is 17, but it may take 23 days", True),
        ("The first 17 are red, but 23 are blue", False),
        ("The bill is 17. The tip should be 23%", True),
        ("Update: 17", True),
        ("It should be 17", True),
        ("I first thought 17, then 23, but it is 17", True),
        ("You owe 17. After a second look you owe 23.", False),
        ("17 parcels arrived; the total is 23", False),
        ("It is 17.\n\n23", False),
        ("17 of them? No.", False),
        ("<s>17</s> 23", False),
        ("<del class='x'>17</del> 23", False),
        (r"\boxed{17} \boxed{23}", False),
        (r"\boxed{23} \boxed{17}", False),
        ("17 short of 40", False),
        ("17 too many", False),
        (r"\boxed{17}, so \boxed{17}", True),
        ("17. Nine are red and eight are blue: 9 + 8.", True),
        ("17 euros for 5 kilograms", True),
        ("Total: 17\nDays: 4", True),
        ("17, because 4 of the 21 left", True),
    ],
)
def test_a_quantity_that_is_stated_twice_with_two_values_has_none(text: str, ok: bool) -> None:
    """The same name, a name for the answer, or alone in its sentence; other quantities stand beside it."""
    assert passes({"type": "numeric", "value": "{{reference}}"}, text, reference="17") is ok


def test_a_value_of_several_numbers_needs_to_be_told_which() -> None:
    """An order number that every answer repeats must not pass for the total; equal numbers are one."""
    today = "Order 5520: total 31 EUR"
    for text in (today, "Order 5520: total 48 EUR"):
        assert isinstance(say({"type": "numeric", "value": "{{incumbent.text}}"}, text, incumbent=today), Errored)
    last = {"type": "numeric", "value": "{{incumbent.text}}", "which": "last"}
    assert passes(last, today, incumbent=today)
    assert not passes(last, "Order 5520: total 48 EUR", incumbent=today)
    assert passes({"type": "numeric", "value": "{{incumbent.text}}"}, "31", incumbent="31 EUR (that is, 31)")


@pytest.mark.parametrize("found", ["5 %", "5 kg", "5 JPY", "$5"])
def test_a_typed_field_is_no_text_with_a_unit(found: str) -> None:
    """A program that reads the field gets a number on one side alone; a unit on both sides is compared."""
    options = {"type": "json-fields", "fields": {"a": "numeric"}}
    assert isinstance(say({**options, "value": {"a": 5}}, f'{{"a": "{found}"}}'), Errored)
    assert isinstance(say({**options, "value": {"a": found}}, '{"a": 5}'), Errored)
    assert passes({**options, "value": {"a": found}}, f'{{"a": "{found.replace("5", "5.0")}"}}')


@pytest.mark.parametrize("mark", ["\u00ad", "\u200b", "\u2060", "\ufeff", "\u200e", "\u202a"])
def test_an_unseen_mark_inside_a_label_is_part_of_it(mark: str) -> None:
    """A program that compares strings would not find the label; around it, marks are packing."""
    entry = {"type": "one-of", "value": ["refund", "keep"]}
    assert passes(entry, f"{mark}Refund.{mark}")
    assert not passes(entry, f"re{mark}fund")
    assert not passes(entry, "\u202erefund")


SEVERAL: list[tuple[dict[str, Any], str]] = [
    ({"type": "equals", "value": "17", "extract": {"regex": r"Label: (\w+)"}}, "Label: 17 or so.\n\nLabel: 23"),
    ({"type": "numeric", "value": 17}, "17 of the 23 who came"),
    ({"type": "json-fields", "fields": ["n", "of"], "value": {"n": 17, "of": 9}}, '{"n": 3}, then {"n": 17, "of": 9}'),
]


@pytest.mark.parametrize(("entry", "text"), SEVERAL, ids=lambda one: one["type"] if isinstance(one, dict) else "")
def test_that_one_of_several_values_was_read_is_in_the_evidence(entry: dict[str, Any], text: str) -> None:
    """Nobody has said which one counts; with one value, or the same twice, there is nothing to say."""
    found = say(entry, text)
    assert isinstance(found, Scored)
    assert found.passed
    assert READ in found.evidence
    alone = text.replace("23", "17").replace("3}", "17}")
    found = say(entry, alone)
    assert isinstance(found, Scored)
    assert READ not in found.evidence


@pytest.mark.parametrize(("which", "passed"), [("first", True), ("last", False)])
def test_which_match_counts_can_be_said(which: str, passed: bool) -> None:
    """Said, it is no choice of ours, so nothing is told; and `last` is the last match, whatever stands between."""
    for entry, text in SEVERAL[:2]:
        inner = {"extract": {**entry["extract"], "which": which}} if "extract" in entry else {"which": which}
        found = say({**entry, **inner}, text)
        assert isinstance(found, Scored)
        assert found.passed is passed
        assert READ not in found.evidence


@pytest.mark.parametrize(
    ("text", "says"), [("Label: 17\nLabel: 23", Errored), ("Label: 17.\n\nSo, Label: 17", Scored), ("none", Scored)]
)
def test_only_takes_none_of_several(text: str, says: type) -> None:
    """Two different values cannot be told apart; one value twice is one."""
    entry = {"type": "equals", "value": "17", "extract": {"regex": r"Label: (\w+)", "which": "only"}}
    assert isinstance(say(entry, text), says)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        *[(sign, "5", False) for sign in (".5", ",5", "(5)", "-5", "`.5`", "50", "5%", "$5")],
        *[(mark, "5", True) for mark in ("5.", "5,", '"5"', "`5`", "**5**", "5)", "[5]")],
        *[(mark, ".5", True) for mark in ("`.5`", '".5"', ".5.")],
    ],
)
def test_marks_that_are_part_of_a_number_tell_two_values_apart(one: str, other: str, same: bool) -> None:
    """Quotes and full stops around a value do not."""
    entry = {"type": "contains", "value": "5", "extract": {"regex": r"Total: (\S+)", "which": "only"}}
    for text in (f"Total: {one}\nTotal: {other}", f"Total: {other}\nTotal: {one}"):
        assert isinstance(say(entry, text), Scored if same else Errored)


def test_a_line_is_taken_back_by_a_number_that_its_own_begins_with() -> None:
    """`15` and then `wait, 5`: the second is another number, and so is `.5`."""
    entry = {"type": "contains", "value": "5", "extract": {"lines": "first"}}
    for own, other, says in (("15", "5", Errored), ("5", ".5", Errored), ("15", "15", Scored), (".5", ".5", Scored)):
        assert isinstance(say(entry, f"Total: {own}\nThat is wrong. It is {other}"), says), (own, other)


def test_matches_are_those_of_the_whole_text() -> None:
    """An anchor holds at the start of the text alone, a boundary between two letters nowhere, also behind a match."""
    for pattern, text in ((r"^(\w)", "abc"), (r"\b(\w)", "abc"), (r"(?<![\w])(\w)", "abc"), (r"(\w)$", "abc\n")):
        found = say({"type": "regex", "value": pattern}, text)
        assert isinstance(found, Scored)
        entry = {"type": "one-of", "value": ["a", "c"], "extract": {"regex": pattern, "which": "only"}}
        assert passes(entry, text), pattern


@pytest.mark.parametrize(
    "extract", [{"which": "first"}, {"regex": "a", "which": "second"}, {"lines": "last", "which": "last"}]
)
def test_which_needs_a_pattern(extract: dict[str, str]) -> None:
    """It chooses among the matches of `regex`."""
    with pytest.raises(ConfigError):
        say({"type": "equals", "value": "a", "extract": extract}, "a")


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        (r"total: (\d+)", "total: 5", True),
        (r"total: (\d+)", "total: 5.", True),
        (r"total: (\d+)", "total: 5, then 6", True),
        (r"total: (\d+)", "total: 5%", True),
        (r"total: (\d+)", "total: 57", False),
        (r"total: (\d+)", "total: 5.7", None),
        (r"total: (\d+)", "total: 5,700", None),
        (r"total: (\d+)", "total: 5/7", None),
        (r"total: (\d+)", "total: 5e3", None),
        (r"total: (\d)", "total: 57", None),
        (r"(\d+)", "-5", None),
        (r"(\d+)", "is -5", None),
        (r"(\d)$", "15", None),
        (r"(\d)$", "1.5", None),
        (r"\d+", ".5", None),
        (r"(\d+)", "- 5", True),
        (r"(\d+)", "INV-5", True),
        (r"(\d+)-", "5-12-31", True),
        (r"(\d+)\.\d+", "5.7", True),
    ],
)
def test_a_pattern_that_takes_a_part_of_a_number_has_read_no_value(pattern: str, text: str, holds: bool | None) -> None:
    """Five is not what `5.7` says; a pattern that matches on has seen what stands behind its group."""
    entry = {"type": "equals", "value": "5", "extract": {"regex": pattern}}
    (criterion,) = build_criteria([entry_of(entry)], Path())
    (outcome,) = criterion.score([context_of({"completion": text})])
    assert getattr(outcome, "passed", None) is holds
    assert isinstance(outcome, Scored) is (holds is not None)
