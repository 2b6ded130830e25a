"""Signals: numbers known before the call that tell where a cheaper tier is good enough. One file each."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.catalog import Catalog
from audit.core.errors import InputError
from audit.core.exchange import Request
from audit.core.policy import SignalSpec
from audit.signals.signal import FloatArray, Signal, TextEmbedder

SIGNALS: Catalog[Signal] = Catalog(
    kind="signal",
    group="audit.signals",
    package=__name__,
    constant="SIGNAL",
    names=("classifier", "guarded", "rules", "similarity"),
    expects=Signal,
)


def compute(spec: SignalSpec, requests: Sequence[Request], *, embedder: TextEmbedder | None = None) -> FloatArray:
    """A fitted signal's value for each request, shape (n,): the larger, the safer the cheap tier.

    Args:
        spec: From a fit, or from `policy.json`.
        requests: As they are about to be sent.
        embedder: Only for a spec that was fitted with one, and then the same model.

    Raises:
        UnknownName: No such signal.
        InputError: The spec is of another version of the signal, its parameters are damaged, or the embedder is absent
            or another model.
    """
    signal = SIGNALS.get(spec.name)
    if spec.version != signal.version:
        raise InputError(
            f"the signal `{spec.name}` was fitted by its version {spec.version}, this is {signal.version}",
            code="signal.version",
            hint="run the audit again, or use the version of `audit` that made the policy",
        )
    try:
        return signal.compute(spec.params, requests, embedder)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"the parameters of the signal `{spec.name}` are damaged: {type(error).__name__}", code="signal.params"
        ) from None
