"""The completion has at most so many tokens."""

from audit.core.outcome import Outcome
from audit.scoring.comparisons.limits import at_most
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer


def build(options: Options) -> Check:
    """Compare with `threshold`, as the endpoint counted; an unknown count makes it inapplicable."""
    limit = options.limit()

    def check(context: Context) -> Outcome:
        usage = context.completion.usage
        return at_most(None if usage is None else usage.completion_tokens, limit, "completion tokens")

    return check


SCORER = Scorer(
    name="max-tokens",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("threshold",),
    reads=("call",),
)
