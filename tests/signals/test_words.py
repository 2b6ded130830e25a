"""Words as hashed coordinates."""

import math
import zlib

import pytest

from audit.signals.words import BUCKETS, LONGEST_CHARS, Words, word_vector


def said(words: Words) -> dict[int, float]:
    """Weights by bucket."""
    return dict(zip(words.buckets.tolist(), words.weights.tolist(), strict=True))


def test_a_unit_vector_whatever_the_case() -> None:
    """Words and pairs of neighbours make a vector of length 1; case and punctuation do not count."""
    found = word_vector("Cancel the order, cancel it!")
    assert said(found) == said(word_vector("cancel THE order cancel it"))
    assert math.fsum(found.weights**2) == pytest.approx(1.0)
    # Four words and four pairs, one word twice.
    assert len(found.buckets) == 8
    assert all(0 <= bucket < BUCKETS for bucket in found.buckets)
    assert max(found.weights) / min(found.weights) == pytest.approx(math.log(3) / math.log(2))


def test_a_pair_of_neighbours_is_hashed_as_one_text() -> None:
    """The bucket of two neighbours is that of both with a space between."""
    expected = {zlib.crc32(each) % BUCKETS for each in (b"cancel", b"order", b"cancel order")}
    assert set(said(word_vector("Cancel order"))) == expected


def test_order_counts_by_neighbours() -> None:
    """The same words in another order share the words and not the pairs."""
    one, other = word_vector("a b c"), word_vector("c b a")
    assert 3 <= len(set(one.buckets) & set(other.buckets)) < 5


def test_only_both_ends_of_a_long_text_are_read() -> None:
    """What stands in the middle of a long text changes nothing."""
    ends = "begin " + "x" * LONGEST_CHARS, "y" * LONGEST_CHARS + " end"
    assert said(word_vector(f"{ends[0]} middle {ends[1]}")) == said(word_vector(f"{ends[0]} other {ends[1]}"))
    assert said(word_vector("word " * 1_000_000)).keys() == said(word_vector("word " * 1_000)).keys()


@pytest.mark.parametrize("text", ["", " ", "?!", "\n"])
def test_no_words(text: str) -> None:
    """Nothing said is the zero vector."""
    assert said(word_vector(text)) == {}


def test_any_text_has_a_place() -> None:
    """Lone surrogates and scripts without spaces do not fail."""
    assert said(word_vector("a\ud800b \u4f60\u597d"))


def test_what_the_log_holds_masked_has_no_words() -> None:
    """A policy that goes by a placeholder would meet none in production; brackets that people write stay words."""
    assert said(word_vector("write to <email:0a1b2c>, <national-id:ffffff> <secret:aws-key>")) == said(
        word_vector("write to")
    )
    assert len(said(word_vector("<b:strong>"))) == 3
