"""Reasons: one sentence each, no two the same, and what crosses a file comes back."""

from __future__ import annotations

import string

import pytest

from audit.core.plain import from_plain, to_plain
from audit.core.reason import NOT_ASKED, SENTENCES, Because, Reason, because, sentence_of


def test_every_reason_has_a_sentence_of_its_own() -> None:
    """The table holds all of them, in the order in which they are declared, and no sentence twice."""
    assert list(SENTENCES) == list(Reason)
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    assert all(not sentence.endswith(".") for sentence in SENTENCES.values())


@pytest.mark.parametrize("reason", Reason)
def test_a_sentence_takes_its_facts_and_survives_a_file(reason: Reason) -> None:
    """Facts stand where the sentence names them; the plain form of a reason is the reason."""
    names = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[reason]) if name}
    told = because(reason, **{name: f"<{name}>" for name in names})
    assert all(f"<{name}>" in told.sentence for name in names)
    assert "{" not in told.sentence
    assert from_plain(Because, to_plain(told)) == told


def test_words_of_others_stay_readable() -> None:
    """A word that is no reason, or one whose sentence needs facts, is shown as words."""
    assert sentence_of("image_missing") == "the log cut an image out"
    assert sentence_of("some_other_tool") == "some other tool"
    assert sentence_of("parameter_refused") == "parameter refused"


def test_not_asked_is_a_group_of_its_own() -> None:
    """Nothing that the candidate did is among the reasons why it was not asked."""
    assert NOT_ASKED.isdisjoint({Reason.REFUSED, Reason.TRUNCATED, Reason.TOO_LONG, Reason.HTTP_ERROR})
