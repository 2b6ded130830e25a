"""A number in the completion equals the value within a tolerance; it is read whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.numbers import NumberKind, Quantity, Sameness, comparable, compare, number_of
from audit.scoring.quantities import quantities
from audit.scoring.scorer import Check, Options, Scorer, verdict
from audit.scoring.templates import UnusableTemplate
from audit.scoring.text import as_text

FIRST, LAST, ONLY = "first", "last", "only"

UNSURE = "a number here can be read in two ways, or is denied or qualified, and only one way is the expected"
SEVERAL = "there are several numbers here, and one of them is the expected; `which` says which of them counts"


def build(options: Options) -> Check:
    """Compare numbers; `tolerance` is absolute, `relative_tolerance` a share of the larger one.

    A text must say one number: where it says several, of which one is the value, the criterion is errored, unless
    `which` says that the `first` or the `last` counts; `only` fails there. A number that can be read in two ways, of
    which one is the value, makes it errored, too: `1.234` may be a thousand and more. So does a number that is denied
    (`not 5`), a bound (`at least 5`) or, without a tolerance, an approximation (`about 5`), whichever number counts.
    """
    which = options.choice("which", FIRST, (FIRST, LAST, ONLY)) if "which" in options.extra else None
    expected = options.expected(lambda value: as_quantity(value, which))
    absolute, relative = (Fraction(str(options.number(name, 0.0))) for name in ("tolerance", "relative_tolerance"))

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        every = (each for each in quantities(context.text) if each.kind is wanted.kind)
        numbers = list(every) if which is None else [each for each in (pick(every, which),) if each is not None]
        if not numbers:
            many = "more than one" if which == ONLY else "no"
            return verdict(False, f"holds {many} such number", expected=shown_quantity(wanted))
        said = [compare(wanted, each, absolute=absolute, relative=relative) for each in numbers]
        same = _together(numbers, said)
        if same is Sameness.UNCLEAR:
            raise UnusableTemplate(SEVERAL if Sameness.OTHER in said else UNSURE)
        evidence = {"expected": shown_quantity(wanted), "found": shown_quantity(numbers[0])}
        return verdict(same is Sameness.SAME, "is another number", **evidence)

    return check


def _together(numbers: Sequence[Quantity], said: Sequence[Sameness]) -> Sameness:
    """What the numbers of a text say together: the value, another, or several things of which one is the value.

    Special cases:
        The first is the value, and the others are of other dimensions (`512 EUR, with 19 % tax`): the value.
    """
    others = [each for each, same in zip(numbers, said, strict=True) if same is Sameness.OTHER]
    if not others or len(others) == len(numbers):
        return max(said, key=list(Sameness).index)
    apart = said[0] is Sameness.SAME and Sameness.UNCLEAR not in said
    return Sameness.SAME if apart and not any(comparable(numbers[0], each) for each in others) else Sameness.UNCLEAR


def pick(found: Iterable[Quantity], which: str | None) -> Quantity | None:
    """The first, last or only one; None where there is none, or where the only one is not the only.

    `which` of None: the first, if there is no other of its kind.
    """
    if which == FIRST:
        return next(iter(found), None)
    every = list(found)
    if which == LAST or not every:
        return every[-1] if every else None
    rivals = [each for each in every[1:] if which == ONLY or comparable(every[0], each)]
    return every[0] if all(compare(every[0], each) is Sameness.SAME for each in rivals) else None


def as_quantity(value: Any, which: str | None = None) -> Quantity:
    """A number, or what a text holds: its number, else its date, time or other quantity.

    Raises:
        ValueError: There is none, or not the one that `which` asks for; or there are several, and nothing says which.
    """
    if (number := number_of(value)) is not None:
        return number
    every = [] if isinstance(value, bool) else list(quantities(as_text(value)))
    numbers = [each for each in every if each.kind is NumberKind.NUMBER]
    found = pick(numbers or every, which)
    if found is None:
        raise ValueError("holds several numbers; `which` says which of them counts" if every else "must be a number")
    return found


def shown_quantity(quantity: Quantity) -> Any:
    """A quantity for the evidence: numbers as numbers, where they have one reading that a float holds."""
    value = quantity.readings[0]
    if quantity.kind is not NumberKind.NUMBER or not quantity.sure or not isinstance(value, Fraction):
        return quantity.written
    if value.denominator == 1:
        return int(value) if abs(value) < 10**15 else quantity.written
    return float(value) if abs(value) < 10**15 else quantity.written


SCORER = Scorer(
    name="numeric",
    version=3,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "tolerance", "relative_tolerance", "which"),
)
