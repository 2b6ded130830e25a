"""The completion shares its runs of n words with the value (ROUGE-N, F1).

Source: Lin (2004), "ROUGE: A Package for Automatic Evaluation of Summaries", <https://aclanthology.org/W04-1013>.
"""

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer, graded, shown
from audit.scoring.texts.words import as_text, fold, ngrams, tokens

_DEFAULT = 0.75


def build(options: Options) -> Check:
    """F1 of runs of `n` words (1 unless given) with `value`, by default the incumbent's completion; threshold 0.75."""
    expected = options.expected(as_text, default=options.incumbent_text() if options.value is None else None)
    options.by_likeness()
    limit = options.limit(_DEFAULT, high=1.0)
    n = int(options.number("n", 1, low=1))

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        return graded(rouge(context.text, wanted, n), limit, f"ROUGE-{n}", expected=shown(wanted))

    return check


def rouge(text: str, wanted: str, n: int) -> float:
    """F1 of the overlap of n-grams.

    Special cases:
        Neither text has n words: 1 when their words are the same, else 0.
        Neither has any word: 1 when they are the same text.
    """
    left, right = tokens(text) or fold(text).split(), tokens(wanted) or fold(wanted).split()
    ours, theirs = ngrams(left, n), ngrams(right, n)
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else float(left == right)


SCORER = Scorer(
    name="rouge-n",
    version=2,
    summary="The completion shares its runs of n words with the value (ROUGE-N, F1).",
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "threshold", "extract", "n"),
)
