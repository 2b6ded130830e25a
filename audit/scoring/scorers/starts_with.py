"""The completion starts with the value."""

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer, Takes, shown, verdict
from audit.scoring.texts.words import as_words


def build(options: Options) -> Check:
    """Compare the beginning, character by character."""
    expected = options.expected(as_words)

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        return verdict(context.text.startswith(wanted), "starts otherwise", expected=shown(wanted))

    return check


SCORER = Scorer(
    name="starts-with",
    version=2,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    takes=Takes.PART,
)
