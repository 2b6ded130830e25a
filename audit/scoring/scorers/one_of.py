"""The completion is one of a list, whatever the case, white space and punctuation."""

from audit.core.outcome import Outcome
from audit.scoring.scorer import Check, Context, Options, Scorer, shown, verdict
from audit.scoring.text import as_texts, normalised


def build(options: Options) -> Check:
    """Compare with each item of the list in `value` after normalisation."""
    expected = options.expected(as_texts)

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        holds = normalised(context.text) in {normalised(item) for item in wanted}
        return verdict(holds, "is none of the accepted values", expected=[shown(item) for item in wanted])

    return check


SCORER = Scorer(name="one-of", version=1, summary=__doc__, needs_reference=True, calls_model=False, build=build)
