"""The completion is close to the value by BLEU: runs of one to four words, with a penalty for brevity.

Source: Papineni et al. (2002), "BLEU: a Method for Automatic Evaluation of Machine Translation",
<https://doi.org/10.3115/1073083.1073135>. A precision of zero counts as 1e-7, as promptfoo does.
"""

import math

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer, graded, shown
from audit.scoring.texts.words import as_text, fold, ngrams, tokens

_DEFAULT = 0.5
_LONGEST = 4
_FLOOR = 1e-7


def build(options: Options) -> Check:
    """BLEU against `value`, by default the incumbent's completion, of at least `threshold`, 0.5 unless given."""
    expected = options.expected(as_text, default=options.incumbent_text() if options.value is None else None)
    options.by_likeness()
    limit = options.limit(_DEFAULT, high=1.0)

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        return graded(bleu(context.text, wanted), limit, "BLEU", expected=shown(wanted))

    return check


def bleu(text: str, wanted: str) -> float:
    """BLEU of one sentence against one reference, in lower-cased words and symbols.

    Special cases:
        The completion has fewer than four words: runs up to its length count, as with sacrebleu's effective order.
        Either has no word: 1 when both texts are the same, else 0.
    """
    ours, theirs = tokens(text), tokens(wanted)
    if not ours or not theirs:
        return float(fold(text).split() == fold(wanted).split())
    longest = min(_LONGEST, len(ours))
    logs = 0.0
    for n in range(1, longest + 1):
        grams = ngrams(ours, n)
        shared = (grams & ngrams(theirs, n)).total()
        logs += math.log(max(shared / grams.total(), _FLOOR))
    brevity = min(0.0, 1 - len(theirs) / len(ours))
    return math.exp(brevity + logs / longest)


SCORER = Scorer(
    name="bleu",
    version=2,
    summary="The completion is close to the value by BLEU: runs of one to four words, with a penalty for brevity.",
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "threshold", "extract"),
)
