"""A sentence-transformers model in 8-bit integers, by ONNX Runtime: less processor time, and not the same vectors.

The model's own weights are exported and quantised on this machine; nothing is downloaded and no file is left. Weights
have one scale for each output channel and 7 of the 8 bits: with all 8, processors that lack the newer instructions
overflow, and two machines would have two vectors for a text. Activations get their scale from what is computed at once,
so texts are computed one by one: in a batch, a text's vector would hang on its neighbours.

Source:
    Jacob et al. (2018), Quantization and training of neural networks for efficient integer-arithmetic-only inference,
    arXiv 1712.05877; ONNX Runtime, "Quantize ONNX models", on U8S8 and `reduce_range`:
    https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.core.errors import InputError

NEEDS = ("onnxruntime", "onnx")
"""Packages, as they are imported and installed."""

Vectors = npt.NDArray[np.float32]

_TRACED = "a text"
_OTHER = "Another text, of another length than the one that the export was traced with."
_SAME = 1e-3
"""An exported model is the model if no component of a vector differs by more, at full precision."""

_FAULTS = (RuntimeError, ValueError, TypeError, AttributeError, KeyError, IndexError)
"""What an export raises that a model does not allow."""


def quantised(transformer: Any) -> Callable[[Sequence[str]], Vectors]:
    """What makes vectors of texts with 8-bit integers; each text by itself.

    Args:
        transformer: A `SentenceTransformer` on the processor, whose first module is a transformer.

    Raises:
        InputError: The model cannot be exported, or what is exported is another model.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        try:
            _export(transformer, whole)
            as_exported = _encoder(transformer, whole)([_OTHER])
        except _FAULTS as error:
            raise _no_form(f"{type(error).__name__} in its export") from error
        itself = transformer.encode([_OTHER], show_progress_bar=False, convert_to_numpy=True)
        if not np.allclose(as_exported, itself, atol=_SAME):
            raise _no_form("what is exported gives other vectors")
        _quantise(whole, small)
        return _encoder(transformer, small)


def _no_form(why: str) -> InputError:
    return InputError(
        f"this embedding model has no form in 8-bit integers: {why}",
        code="embeddings.int8",
        hint="leave out `precision: int8` in audit.yaml, or name another model",
    )


def _export(transformer: Any, file: Path) -> None:
    """Write the first module as an ONNX graph of any number of tokens."""
    import torch

    class LastHidden(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self, model: Any, names: Sequence[str]) -> None:
            super().__init__()
            self.model, self.names = model, names

        def forward(self, *tensors: Any) -> Any:
            return self.model(**dict(zip(self.names, tensors, strict=True))).last_hidden_state

    tensors = _tensors(transformer.preprocess([_TRACED]))
    names = list(tensors)
    axes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        LastHidden(transformer[0].auto_model.eval(), names),
        tuple(tensors.values()),
        str(file),
        input_names=names,
        output_names=["last_hidden"],
        dynamic_axes=dict.fromkeys([*names, "last_hidden"], axes),
        # The newer exporter needs two packages more; this one traces, which is why a second text is held against it.
        dynamo=False,
    )


def _quantise(whole: Path, small: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(whole, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def _encoder(transformer: Any, file: Path) -> Callable[[Sequence[str]], Vectors]:
    """Texts to vectors by a graph, and by the model's own modules after the first."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    # Threads that wait in a loop cost more than the work that they wait for.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])
    wanted = {one.name for one in session.get_inputs()}

    def one(text: str) -> Vectors:
        features = transformer.preprocess([text])
        given = {name: tensor.numpy() for name, tensor in _tensors(features).items() if name in wanted}
        (hidden,) = session.run(None, given)
        features["token_embeddings"] = torch.from_numpy(hidden)
        for module in list(transformer)[1:]:
            features = module(features)
        vector: Vectors = features["sentence_embedding"][0].numpy()
        return vector

    def encode(texts: Sequence[str]) -> Vectors:
        with torch.inference_mode():
            return np.stack([one(text) for text in texts])

    return encode


def _tensors(features: Any) -> dict[str, Any]:
    """The tensors of what a text became, without words about it."""
    return {name: value for name, value in features.items() if hasattr(value, "shape")}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the words of exporter and quantiser, which are for whoever develops them."""
    root = logging.getLogger()
    before, root.disabled = root.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.disabled = before
