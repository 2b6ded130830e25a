"""Words as hashed coordinates."""

import math

import pytest

from audit.signals.words import BUCKETS, LONGEST_CHARS, word_vector


def test_a_unit_vector_whatever_the_case() -> None:
    """Words and pairs of neighbours make a vector of length 1; case and punctuation do not count."""
    found = word_vector("Cancel the order, cancel it!")
    assert found == word_vector("cancel THE order cancel it")
    assert math.fsum(weight * weight for weight in found.values()) == pytest.approx(1.0)
    # Four words and four pairs, one word twice.
    assert len(found) == 8
    assert all(0 <= bucket < BUCKETS for bucket in found)
    assert max(found.values()) / min(found.values()) == pytest.approx(math.log(3) / math.log(2))


def test_order_counts_by_neighbours() -> None:
    """The same words in another order share the words and not the pairs."""
    one, other = word_vector("a b c"), word_vector("c b a")
    assert 3 <= len(one.keys() & other.keys()) < 5


def test_only_both_ends_of_a_long_text_are_read() -> None:
    """What stands in the middle of a long text changes nothing."""
    ends = "begin " + "x" * LONGEST_CHARS, "y" * LONGEST_CHARS + " end"
    assert word_vector(f"{ends[0]} middle {ends[1]}") == word_vector(f"{ends[0]} other {ends[1]}")
    assert word_vector("word " * 1_000_000).keys() == word_vector("word " * 1_000).keys()


@pytest.mark.parametrize("text", ["", " ", "?!", "\n"])
def test_no_words(text: str) -> None:
    """Nothing said is the zero vector."""
    assert word_vector(text) == {}


def test_any_text_has_a_place() -> None:
    """Lone surrogates and scripts without spaces do not fail."""
    assert word_vector("a\ud800b \u4f60\u597d")
