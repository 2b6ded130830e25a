"""The call took at most so many milliseconds."""

from audit.core.outcome import Outcome
from audit.scoring.comparisons.limits import at_most
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer


def build(options: Options) -> Check:
    """Compare with `threshold`, in milliseconds; a call whose latency is unknown makes it inapplicable."""
    limit = options.limit()

    def check(context: Context) -> Outcome:
        measured = context.completion.latency_ms
        return at_most(measured, limit, "latency in ms")

    return check


SCORER = Scorer(
    name="latency",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("threshold",),
    reads=("call",),
)
