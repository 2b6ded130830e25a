"""Numbers in words are the numbers, where a text has no figure; words that only look like some are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.outcome import Scored
from audit.scoring.criteria import build_criteria
from audit.scoring.quantities.spelled import spelled_out
from tests.scoring.cases import context_of, entry_of
from tests.scoring.test_notations import said

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def english(value: int, joint: str, link: str) -> str:
    """A number below a million in words, with what joins tens and units and what stands behind a hundred."""
    if value < 20:
        return SMALL[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        return TENS[tens - 2] + (joint + SMALL[rest] if rest else "")
    size, name = (100, "hundred") if value < 1_000 else (1_000, "thousand")
    head, rest = divmod(value, size)
    said = f"{english(head, joint, link)} {name}"
    if not rest:
        return said
    return said + (link if size == 100 or rest < 100 else " ") + english(rest, joint, link)


@pytest.mark.parametrize("joint", ["-", " "])
@pytest.mark.parametrize("link", [" ", " and "])
def test_english_numbers(joint: str, link: str) -> None:
    """Each number reads as itself, and its neighbour does not."""
    for value in (*range(2, 130), 199, 200, 305, 999, 1_000, 1_001, 1_042, 12_345, 100_000, 999_999):
        text = english(value, joint, link)
        assert spelled_out(text) == str(value), text


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("zweiundvierzig", 42), ("dreihundertfünf", 305), ("hundert", 100), ("sechzehn", 16),
        ("eine Million", 1_000_000),
        ("quarante-deux", 42), ("vingt et un", 21), ("soixante-dix-huit", 78), ("quatre-vingt-dix-neuf", 99),
        ("deux cents", 200), ("trois cent cinq", 305), ("treinta y uno", 31), ("veintidós", 22),
        ("doscientos cinco", 205), ("ventuno", 21), ("quarantotto", 48), ("trinta e um", 31), ("dezoito", 18),
        ("tweeënveertig", 42), ("eenendertig", 31), ("two and a half", "2.5"), ("one half", "1/2"),
        ("three quarters", "3/4"), ("two thirds", "2/3"), ("minus three", "minus 3"), ("one", 1),
    ],
)  # fmt: skip
def test_numbers_of_other_languages(words: str, value: object) -> None:
    """Compounds, inverted units, hyphens and links; fractions."""
    assert spelled_out(words) == str(value)


@pytest.mark.parametrize(
    "text",
    [
        "One of them is right", "No one knows that", "due to the delay", "once upon a time", "elf and wizard are tired",
        "per cent", "a cent", "hundreds of people", "I have a dog", "Das ist ein Haus", "C'est un chat",
        "un buen momento",
        "five of the 12", "seven 8",
    ],
)  # fmt: skip
def test_words_that_are_no_numbers(text: str) -> None:
    """Pronouns, articles, and words of one language that are numbers of another; texts with figures."""
    assert spelled_out(text) == text


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [
        ("5%", "five per cent", True), ("5%", "fünf Prozent", True), ("£5", "five pounds", True),
        ("$5", "five dollars", True),
        ("90 min", "one and a half hours", True), ("1 Mio.", "one million", True), ("2 weeks", "zwei Wochen", True),
        ("5", "The answer is five.", True), ("5", "fifty", False), ("5", "five million", False),
        ("-3", "minus three", True),
        ("3", "minus three", False), ("5", "five or six", False), ("5", "not five", False),
        ("5", "at least five", False),
        ("5", "five hundred", False), ("2", "two cents", True), ("200", "two cents", False), ("5", "page five", False),
        ("10", "ten of twelve", False), ("0.5", "one half", True),
    ],
)  # fmt: skip
def test_numbers_in_words_are_read_as_figures_are(value: str, text: str, same: bool) -> None:
    """With their units, magnitudes, signs and what is said of them."""
    assert (said(value, text) is True) is same


def test_letters_that_are_alike_are_no_like_numbers() -> None:
    """`fuzzy` holds numbers in words against each other as it does figures."""
    for one, other, same in (
        ("It costs five dollars a month", "It costs nine dollars a month", False),
        ("It costs five dollars a month", "It costs five dollars a month!", True),
        ("It costs five dollars a month", "It costs 5 dollars a month", True),
        ("It costs forty-two dollars a month", "It costs forty-three dollars a month", False),
    ):
        (criterion,) = build_criteria([entry_of({"type": "fuzzy", "value": one})], Path())
        (outcome,) = criterion.score([context_of({"completion": other})])
        assert isinstance(outcome, Scored)
        assert outcome.passed is same, other
