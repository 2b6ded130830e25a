"""The completion is similar to the value by letters, however they are arranged."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from audit.core.outcome import Outcome
from audit.scoring.pairwise import over_pairs
from audit.scoring.scorer import Check, Options, Scorer, graded, shown
from audit.scoring.text import as_text, normalised

_METHODS = {
    "ratio": fuzz.ratio,
    "partial": fuzz.partial_ratio,
    "token-sort": fuzz.token_sort_ratio,
    "token-set": fuzz.token_set_ratio,
}
_DEFAULT = 0.8


def build(options: Options) -> Check:
    """Similarity to `value`, by default the incumbent's completion, of at least `threshold`, 0.8 unless given.

    `method` is `ratio`, `partial`, `token-sort` or `token-set`; `ignore_case: true` compares as `one-of`
    does, without case and outer punctuation.
    """
    expected = options.expected(as_text, default=options.incumbent_text() if options.value is None else None)
    limit = options.limit(_DEFAULT, high=1.0)
    method = _METHODS[options.choice("method", "ratio", _METHODS)]
    processor = normalised if options.flag("ignore_case") else None

    def score(texts: Sequence[str], wanted: Sequence[str]) -> list[Outcome]:
        values = process.cpdist(texts, wanted, scorer=method, processor=processor).tolist()
        return [
            graded(value / 100, limit, "similarity", expected=shown(want))
            for value, want in zip(values, wanted, strict=True)
        ]

    return over_pairs(expected, score)


SCORER = Scorer(
    name="fuzzy",
    version=2,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "threshold", "extract", "method", "ignore_case"),
)
