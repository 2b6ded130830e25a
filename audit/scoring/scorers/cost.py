"""The call cost at most so many US dollars."""

from audit.core.outcome import Outcome
from audit.scoring.comparisons.limits import at_most
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer


def build(options: Options) -> Check:
    """Compare with `threshold`, in USD; a call whose cost is unknown makes it inapplicable."""
    limit = options.limit()

    def check(context: Context) -> Outcome:
        measured = context.completion.cost_usd
        return at_most(measured, limit, "cost in USD")

    return check


SCORER = Scorer(
    name="cost",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("threshold",),
    reads=("call",),
)
