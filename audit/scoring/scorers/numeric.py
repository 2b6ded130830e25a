"""A number in the completion equals the value within a tolerance; it is read whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.numbers import NumberKind, Quantity, Sameness, compare, number_of, same_value
from audit.scoring.quantities import quantities
from audit.scoring.scorer import Check, Options, Scorer, Takes, verdict
from audit.scoring.templates import UnusableTemplate
from audit.scoring.text import as_text

FIRST, LAST, ONLY = "first", "last", "only"

UNCLEAR = (
    "a number here can be read in two ways, or the words that touch it do not state it; only one way is the expected"
)


def build(options: Options) -> Check:
    """Compare numbers; `tolerance` is absolute, `relative_tolerance` a share of the larger one.

    `which` says which number of a text counts: the `first` (the default), the `last`, or the `only` one; what numbers
    the items of a list does not. A number that can be read in two ways, of which one is the value, makes the criterion
    errored: `1.234` may be a thousand and more. So does the value where the words that touch it say that it is not
    (`not 5`), a bound (`at least 5`), one of several (`5 or 6`) or, without a tolerance, near (`about 5`), and where a
    later sentence takes the first number back and names another.
    """
    which = options.choice("which", FIRST, (FIRST, LAST, ONLY))
    expected = options.expected(lambda value: as_quantity(value, which))
    absolute, relative = (Fraction(str(options.number(name, 0.0))) for name in ("tolerance", "relative_tolerance"))

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        found = pick((each for each in quantities(context.text) if each.kind is wanted.kind), which)
        if found is None:
            many = "more than one" if which == ONLY else "no"
            return verdict(False, f"holds {many} such number", expected=shown_quantity(wanted))
        same = compare(wanted, found, absolute=absolute, relative=relative)
        taken_back = which == FIRST and same is Sameness.SAME and _taken_back(context.text, found)
        if same is Sameness.UNCLEAR or taken_back:
            raise UnusableTemplate(UNCLEAR)
        evidence = {"expected": shown_quantity(wanted), "found": shown_quantity(found)}
        return verdict(same is Sameness.SAME, "is another number", **evidence)

    return check


def pick(found: Iterable[Quantity], which: str) -> Quantity | None:
    """The first, last or only one; None where there is none, or where the only one is not the only.

    Special cases:
        A number that counts the items of a list: only where there is no other.
    """
    item = None
    every: list[Quantity] = []
    for each in found:
        if each.item:
            item = item or each
        elif which == FIRST:
            return each
        else:
            every.append(each)
    if not every:
        return item
    alone = all(same_value(every[0], each) is Sameness.SAME for each in every[1:])
    return every[-1] if which == LAST or alone else None


_TAKEN_BACK = re.compile(
    r"\b(?:sorry|apologies|my mistake|(?:that|this) (?:was|is) (?:a mistake|an error|wrong|incorrect|not right)|"
    r"i made an? (?:mistake|error)|correction|corrected|scratch that|on second thought|after re-?checking|"
    r"let me (?:re-?check|correct)|entschuldigung|korrektur|pardon|perdón|lo siento)\b",
    re.IGNORECASE,
)


def _taken_back(text: str, found: Quantity) -> bool:
    """Whether words behind the first number take it back, and another one follows them."""
    said = _TAKEN_BACK.search(text)
    if said is None or pick(quantities(text[: said.start()]), FIRST) is None:
        return False
    later = (each for each in quantities(text[said.end() :]) if each.kind is found.kind)
    return any(same_value(found, each) is not Sameness.SAME for each in later)


def as_quantity(value: Any, which: str = FIRST) -> Quantity:
    """A number, or what a text holds: its number, else its date, time or other quantity.

    Raises:
        ValueError: There is none, or not the one that `which` asks for.
    """
    if (number := number_of(value)) is not None:
        return number
    every = [] if isinstance(value, bool) else list(quantities(as_text(value)))
    numbers = [each for each in every if each.kind is NumberKind.NUMBER]
    found = pick(numbers or every, which)
    if found is None:
        raise ValueError("must be a number")
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
    version=7,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "tolerance", "relative_tolerance", "which"),
    takes=Takes.WHOLE,
)
