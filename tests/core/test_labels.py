"""The file of judged answers: what a line says, whose word counts, and that copies of it can be merged."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.core.artifacts import append_labels, read_labels
from audit.core.labels import Judgement, answer_content, last_words, parse_judgements, settled

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CALL = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": '{"q": "x"}'}}


def said(at: int, right: bool | None, by: str = "ada", answer: str | None = "a") -> Judgement:
    """A word about one answer."""
    return Judgement(id="r-1", right=right, answer=answer, by=by, at=START + timedelta(minutes=at))


def test_a_line_comes_back_as_it_was(tmp_path: Path) -> None:
    """With calls, times, names of all kinds and lone surrogates; appended to a file whose last line has no end."""
    path = tmp_path / "labels.jsonl"
    path.write_text('{"id": "old", "right": true}', "utf-8")
    new = [
        said(0, True),
        said(1, None, by="Ödön 💬"),
        Judgement(id="r-2", right=False, answer="line\u2028two \ud800 end", by="bob", at=START),
        Judgement(id="r-3", right=False, tool_calls=(CALL,), by="bob", at=START),
    ]
    append_labels(path, new[:2])
    append_labels(path, new[2:])
    assert read_labels(path) == (Judgement(id="old", right=True), *new)


def test_the_last_word_of_a_person_counts() -> None:
    """By time, whatever the order of the lines; what was taken back is gone; the other person is left alone."""
    words = [said(0, True), said(5, False), said(3, True), said(1, True, by="bob"), said(2, None, by="bob")]
    for order in itertools.permutations(words):
        assert last_words(order) == (said(5, False),)


def test_a_word_without_a_time_comes_before_those_with_one() -> None:
    """And among themselves the later line counts."""
    early, late = Judgement(id="r-1", right=True, answer="a", by="ada"), said(0, False)
    assert last_words([late, early]) == (late,)
    assert last_words([early, Judgement(id="r-1", right=False, answer="a", by="ada")])[0].right is False


def test_merging_is_taking_the_lines_of_both() -> None:
    """Any two copies, merged in any order and more than once, say the same in the end."""
    rng = random.Random(4)
    lines = [
        Judgement(
            id=f"r-{rng.randrange(6)}",
            right=rng.choice([True, False, None]),
            answer=rng.choice([None, "x", "y"]),
            by=rng.choice(["ada", "bob"]),
            at=START + timedelta(seconds=n),
        )
        for n in range(80)
    ]
    words = sorted(one.line for one in last_words(lines))
    for _ in range(20):
        mine = [one for one in lines if rng.random() < 0.7]
        theirs = [one for one in lines if one not in mine] + rng.sample(mine, 10)
        both = [*mine, *theirs] if rng.random() < 0.5 else [*theirs, *mine]
        assert sorted(one.line for one in last_words(both)) == words


@pytest.mark.parametrize(
    ("votes", "word"), [([True], True), ([True, False], None), ([True, False, False], False), ([], None)]
)
def test_the_majority_settles_an_answer(votes: list[bool], word: bool | None) -> None:
    """A draw settles nothing."""
    assert settled(votes) is word


def test_equal_answers_are_equal_whatever_names_their_calls() -> None:
    """The id of a call is made anew each time; its name and arguments are the answer."""
    assert answer_content("", [CALL]) == answer_content(None, [{**CALL, "id": "call_9"}])
    other = {**CALL, "function": {"name": "find", "arguments": '{"q": "y"}'}}
    assert answer_content(None, [CALL]) != answer_content(None, [other])
    assert answer_content(None, None) == answer_content("", [])


def test_empty_lines_and_a_signature_at_the_start_are_no_lines(tmp_path: Path) -> None:
    """As editors leave them."""
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a", "right": true}\r\n\n  \n')
    assert read_labels(path) == (Judgement(id="a", right=True),)
    assert parse_judgements("", "x") == ()
