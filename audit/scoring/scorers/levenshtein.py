"""At most so many edits lead from the completion to the value."""

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from audit.core.outcome import Outcome, Scored
from audit.scoring.comparisons.columns import over_pairs
from audit.scoring.scorer import Check, Options, Scorer, shown
from audit.scoring.texts.words import as_text

_DEFAULT = 5.0


def build(options: Options) -> Check:
    """Count edits to `value`, by default the incumbent's completion; `threshold` edits are allowed.

    Unless given it is 5. However many are allowed, a text that shares nothing with the value is not near to it: five
    edits make any word out of `yes`.
    The value is 1 less the edits over the longer length, so 1 is the same text.
    """
    expected = options.expected(as_text, default=options.incumbent_text() if options.value is None else None)
    options.by_likeness()
    limit = options.limit(_DEFAULT)
    if isinstance(options.value, str) and 0 < len(options.value) <= limit:
        options.notes.append(
            f"{options.where}: {limit:g} edits are as many as the value has letters; lower `threshold`"
        )

    def score(texts: Sequence[str], wanted: Sequence[str]) -> list[Outcome]:
        edits = process.cpdist(texts, wanted, scorer=Levenshtein.distance).tolist()
        return [_outcome(text, want, int(n), limit) for text, want, n in zip(texts, wanted, edits, strict=True)]

    return over_pairs(expected, score)


def _outcome(text: str, wanted: str, edits: int, limit: float) -> Scored:
    longer = max(len(text), len(wanted))
    passed = edits <= limit and (edits < longer or not longer)
    return Scored(
        value=1 - edits / max(longer, 1),
        passed=passed,
        reason="" if passed else f"{edits} edits, more than {limit:g}" if edits > limit else "shares nothing with it",
        evidence={"expected": shown(wanted), "edits": edits},
    )


SCORER = Scorer(
    name="levenshtein",
    version=2,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "threshold", "extract"),
)
