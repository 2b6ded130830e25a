"""The completion contains the value, whatever the case."""

from audit.scoring.comparisons.containment import contains_one
from audit.scoring.scorer import Check, Options, Scorer, Takes


def build(options: Options) -> Check:
    """Look for a text or a number, case ignored."""
    return contains_one(options, ignore_case=True)


SCORER = Scorer(
    name="icontains", version=2, summary=__doc__, needs_reference=True, calls_model=False, build=build, takes=Takes.PART
)
