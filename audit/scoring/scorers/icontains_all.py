"""The completion contains every one of the values, whatever the case."""

from audit.scoring.comparisons.containment import contains_many
from audit.scoring.scorer import Check, Options, Scorer, Takes


def build(options: Options) -> Check:
    """Look for all of a list, case ignored."""
    return contains_many(options, all, ignore_case=True)


SCORER = Scorer(
    name="icontains-all",
    version=2,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    takes=Takes.PART,
)
