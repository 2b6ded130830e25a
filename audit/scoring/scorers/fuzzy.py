"""The completion is similar to the value by letters, however they are arranged, and has the same numbers."""

from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz, process

from audit.core.outcome import Outcome, Scored
from audit.scoring.comparisons.columns import over_pairs
from audit.scoring.comparisons.values import DIGITS, opposed, same_figures
from audit.scoring.scorer import Check, Options, Scorer, graded, shown
from audit.scoring.texts.words import as_text, normalised

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
    does, without case and outer punctuation. Letters say nothing of numbers and codes, so these must be the same
    (`Order 1234` is not nearly `Order 1243`), unless `digits: fuzzy` says that they are letters, too. A word and its
    denial (`approve`, `disapprove`) are never similar.
    """
    expected = options.expected(as_text, default=options.incumbent_text() if options.value is None else None)
    options.by_likeness()
    limit = options.limit(_DEFAULT, high=1.0)
    name = options.choice("method", "ratio", _METHODS)
    method = _METHODS[name]
    strict = options.choice("digits", "same", DIGITS) == "same"
    processor = normalised if options.flag("ignore_case") else None

    def score(texts: Sequence[str], wanted: Sequence[str]) -> list[Outcome]:
        values = process.cpdist(texts, wanted, scorer=method, processor=processor).tolist()
        return [
            _outcome(value / 100, limit, text, want, name if strict else None)
            for value, text, want in zip(values, texts, wanted, strict=True)
        ]

    return over_pairs(expected, score)


def _outcome(value: float, limit: float, text: str, wanted: str, method: str | None) -> Scored:
    """The outcome of a similarity; `method` is None where digits count as letters."""
    outcome = graded(value, limit, "similarity", expected=shown(wanted))
    if not outcome.passed or text == wanted:
        return outcome
    if opposed(wanted, text):
        return replace(outcome, passed=False, reason="says a word where the other denies it")
    part = method in ("partial", "token-set")
    if method is None or same_figures(wanted, text, ordered=method == "ratio", part=part):
        return outcome
    return replace(outcome, passed=False, reason="holds other numbers or codes")


SCORER = Scorer(
    name="fuzzy",
    version=9,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "threshold", "extract", "method", "ignore_case", "digits"),
)
