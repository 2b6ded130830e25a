"""The first number in the completion equals the value within a tolerance."""

from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.numbers import first_number, near
from audit.scoring.scorer import Check, Context, Options, Scorer, verdict
from audit.scoring.text import as_text


def build(options: Options) -> Check:
    """Compare numbers; `tolerance` is absolute, `relative_tolerance` a share of the larger one."""
    expected = options.expected(as_number)
    absolute, relative = options.number("tolerance", 0.0), options.number("relative_tolerance", 0.0)

    def check(context: Context) -> Outcome:
        wanted, found = expected(context), first_number(context.text)
        if found is None:
            return verdict(False, "holds no number", expected=wanted)
        holds = near(found, wanted, absolute=absolute, relative=relative)
        return verdict(holds, "is another number", expected=wanted, found=found)

    return check


def as_number(value: Any) -> float:
    """A number, or the first one in a text.

    Raises:
        ValueError: There is none.
    """
    number = None if isinstance(value, bool) else first_number(as_text(value))
    if number is None:
        raise ValueError("must be a number")
    return number


SCORER = Scorer(
    name="numeric",
    version=1,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "tolerance", "relative_tolerance"),
)
