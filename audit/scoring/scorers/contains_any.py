"""The completion contains at least one of the values."""

from audit.scoring.comparisons.containment import contains_many
from audit.scoring.scorer import Check, Options, Scorer, Takes


def build(options: Options) -> Check:
    """Look for any of a list, case included."""
    return contains_many(options, any, ignore_case=False)


SCORER = Scorer(
    name="contains-any",
    version=2,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    takes=Takes.PART,
)
