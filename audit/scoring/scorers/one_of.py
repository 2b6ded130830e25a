"""The completion is one of a list, whatever the case, white space, and quotes or full stop around it."""

from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Constant, Options, Scorer, Takes, shown, verdict
from audit.scoring.texts.words import as_texts, normalised


def build(options: Options) -> Check:
    """Compare with each item of the list in `value` after normalisation; two items that become one are refused."""
    written = isinstance(options.value, list | tuple | str)
    if written and (same := _collapsed(options.constant(as_texts))):
        raise options.wrong(f"`value` has `{same[0]}` and `{same[1]}`, which are one label after normalisation")
    expected = options.expected(_as_labels, constant=Constant.CHOICE)

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        holds = normalised(context.text) in {normalised(item) for item in wanted}
        return verdict(holds, "is none of the accepted values", expected=[shown(item) for item in wanted])

    return check


def _as_labels(value: Any) -> tuple[str, ...]:
    labels = as_texts(value)
    if _collapsed(labels):
        raise ValueError("has two labels that are one after normalisation")
    return labels


def _collapsed(value: Any) -> tuple[str, str] | None:
    seen: dict[str, str] = {}
    for label in as_texts(value):
        if seen.setdefault(normalised(label), label) != label:
            return seen[normalised(label)], label
    return None


SCORER = Scorer(
    name="one-of", version=5, summary=__doc__, needs_reference=True, calls_model=False, build=build, takes=Takes.WHOLE
)
