"""Labels and sentences: what makes two of them one, and what never does."""

import itertools
import random
import unicodedata
from pathlib import Path

import pytest

from audit.core.errors import ConfigError
from audit.scoring.criteria import build_criteria
from audit.scoring.texts.words import count_words, normalised, same_prose, tokens
from tests.scoring.cases import entry_of

SIGNS = "+-<>=≤≥%#&@/~^$€?*²₂×÷±→♯♭"
WORDS = ["a", "b", "yes", "no", "C", "re", "5", "12", "ja", "да", "退款", "कि", "नहीं", "ไม่", "لا"]


def test_no_sign_is_lost() -> None:
    """A label with one meaningful sign more, less or another is another label."""
    rng = random.Random(3)
    for _ in range(2000):
        word, other = rng.choice(WORDS), rng.choice(WORDS)
        sign, second = rng.sample(SIGNS, 2)
        for left, right in (
            (word + sign, word),
            (sign + word, word),
            (word + sign, word + second),
            (sign + word, second + word),
            (word + sign + other, word + other),
            (word + sign + other, word + second + other),
        ):
            if sign == second or left in ("*a*",):
                continue
            assert normalised(left) != normalised(right), (left, right)


def test_no_mark_of_a_script_is_lost() -> None:
    """Vowel signs, tones and accents tell words apart in every script."""
    for word in ("कि", "की", "ไม่", "ไม้", "été", "ete", "ñu", "nu", "שָׁלוֹם", "שלום", "がき", "かき"):
        for place, char in enumerate(decomposed := unicodedata.normalize("NFD", word)):
            if unicodedata.category(char).startswith("M"):
                bare = decomposed[:place] + decomposed[place + 1 :]
                assert normalised(word) != normalised(bare), word


@pytest.mark.parametrize(
    "label", ["Billing", "new york", "C++", "-1", "<= 5", "50%", "👍", "退款", "naïve", "a/b", "don't"]
)
def test_wrapping_does_not_change_a_label(label: str) -> None:
    """Case, white space, quotes, emphasis, brackets and a final stop around a label."""
    for before, after in (
        ("", "."), ("", "!"), ("", "。"), ('"', '"'), ("“", "”"), ("'", "'."), ("**", "**"), ("`", "`"), ("  ", "\n"),
        ("[", "]"), ("「", "」"), ("\u200b", "\ufeff"), ('"', '."'), ("- ", "") if label[0].isalpha() else ("", ""),
    ):  # fmt: skip
        assert normalised(before + label.upper() + after) == normalised(label), (before, after)


def test_normalising_twice_changes_nothing() -> None:
    """What is normalised stays."""
    rng = random.Random(5)
    alphabet = "aB1 .,!?()[]\"'*_`-+<>%#é退\u200b\u0301"
    for _ in range(3000):
        once = normalised("".join(rng.choices(alphabet, k=rng.randint(0, 8))))
        assert normalised(once) == once


@pytest.mark.parametrize(
    "pair",
    [("Billing", "billing."), ("É", "e\u0301"), ('"no"', "no"), ("(b)", "B"), ("ＡＢ", "ab"), ("Straße", "STRASSE")],
)
def test_labels_that_collapse_are_refused(pair: tuple[str, str]) -> None:
    """Two labels of a list that would be one are an error that names both."""
    with pytest.raises(ConfigError) as caught:
        build_criteria([entry_of({"type": "one-of", "value": ["other", *pair]})], Path())
    assert all(unicodedata.normalize("NFC", label) in caught.value.what for label in pair)


def test_labels_that_differ_are_kept_apart() -> None:
    """Any two of many labels are two."""
    labels = [
        "c",
        "c++",
        "c#",
        ".net",
        "net",
        "-1",
        "1",
        "+1",
        "1%",
        "<1",
        ">1",
        "≤1",
        "1.0",
        "1",
        "re-do",
        "redo",
        "a_b",
        "a b",
    ]
    for left, right in itertools.combinations(dict.fromkeys(labels), 2):
        assert normalised(left) != normalised(right), (left, right)


def test_sentences_are_compared_by_their_words() -> None:
    """Case and the punctuation at the ends of words do not count in three words or more; anything else does."""
    assert same_prose("Bring two towels, please!", "bring two towels please")
    for left, right in (
        ("Bring towels", "bring towels"),
        ("bring two towels", "bring three towels"),
        ("copy /a/B to x", "copy /a/b to x"),
        ("pay 5.50 to Jo", "pay 550 to Jo"),
        ("mail a.b@c.org about it", "mail ab@c.org about it"),
        ("is it open?", "is it open"),
        ("do not open it", "do open it not"),
    ):
        assert not same_prose(left, right), (left, right)


def test_words_of_scripts_without_spaces() -> None:
    """Each letter is a word there, punctuation is none, and other scripts keep their words."""
    assert count_words("今日は、晴れ。") == 5
    assert count_words("Open the 設定 page") == 5
    assert count_words("one two  three\n") == 3
    assert tokens("-5 is not 5, C++ is not C") == ["-5", "is", "not", "5", "c", "+", "+", "is", "not", "c"]
