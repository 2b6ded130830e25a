"""A number in the completion equals the value within a tolerance; it is read whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from audit.core.outcome import READ, Outcome
from audit.scoring.context import Context
from audit.scoring.expected.templates import UnusableTemplate
from audit.scoring.quantities.cut import quantities
from audit.scoring.quantities.numbers import (
    NumberKind,
    Quantity,
    Sameness,
    comparable,
    compare,
    nearly_comparable,
    number_of,
    same_value,
)
from audit.scoring.quantities.sentences import asks, beside_another, restates, sentence_end
from audit.scoring.scorer import Check, Options, Scorer, Takes, verdict
from audit.scoring.texts.retraction import TAKEN_BACK, TWO_VALUES, taken_back
from audit.scoring.texts.words import as_text

FIRST, LAST, ONLY = "first", "last", "only"

UNCLEAR = (
    "a number here can be read in two ways, or the words that touch it do not state it; only one way is the expected"
)
SEVERAL = (
    "holds several different numbers, and nothing says which of them is meant: write `which: first`, `last` or `only`, "
    "or take the one that counts with `extract`"
)


FIRST_NUMBER = "the first of several different numbers (`which: first`, `last` or `only` says which one is meant)"
"""What was read where nobody has said which number counts."""


def build(options: Options) -> Check:
    """Compare numbers; `tolerance` is absolute, `relative_tolerance` a share of the larger one.

    `which` says which number of a text counts: the `first` (the default), the `last`, or the `only` one; what numbers
    the items of a list does not. A value to compare with that holds several different numbers needs it written: the
    first of them may be an order number that every answer repeats.

    A number that can be read in two ways, of which one is the value, makes the criterion errored: `1.234` may be a
    thousand and more. So does the value where the words that touch it say that it is not (`not 5`), a bound
    (`at least 5`), one of several (`5 or 6`) or, without a tolerance, near (`about 5`), where it is asked (`5?`), and
    where a later sentence takes it back or states the same quantity with another value. So does a number that stands
    beside another (`Alice has 10 and Bob has 12`), unless `which` or the question says which of them is meant.
    """
    which = options.choice("which", FIRST, (FIRST, LAST, ONLY))
    chosen = which if "which" in options.extra else None
    expected = options.expected(lambda value: as_quantity(value, chosen))
    absolute, relative = (Fraction(str(options.number(name, 0.0))) for name in ("tolerance", "relative_tolerance"))

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        held = list(quantities(context.text))
        every = [each for each in held if comparable(wanted, each)]
        every = every or [each for each in held if nearly_comparable(wanted, each)]
        found = pick(every, which)
        if found is None:
            many = "more than one" if which == ONLY else "no"
            return verdict(False, f"holds {many} such number", expected=shown_quantity(wanted))
        asked = context.request.last_user
        same = compare(wanted, found, absolute=absolute, relative=relative, question=asked)
        if same is Sameness.UNCLEAR:
            raise UnusableTemplate(UNCLEAR)
        itself = wanted.place is not None and found.place is not None and wanted.place.text == found.place.text
        if same is Sameness.SAME and not itself and (why := _not_the_last_word(found, every)) is not None:
            raise UnusableTemplate(why)
        if chosen is None and not itself and beside_another(wanted, found, every, asked):
            raise UnusableTemplate(SEVERAL)
        evidence = {"expected": shown_quantity(wanted), "found": shown_quantity(found)}
        if chosen is None and not itself and _several(found, every):
            evidence[READ] = FIRST_NUMBER
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


def _several(found: Quantity, every: Sequence[Quantity]) -> bool:
    """Whether a text holds another number than the one that was taken; what numbers the items of a list is none."""
    return any(not each.item and same_value(found, each) is not Sameness.SAME for each in every)


def _not_the_last_word(found: Quantity, every: Sequence[Quantity]) -> str | None:
    """Why a number of a text is not what the text says in the end; None where it is, as far as words tell.

    Args:
        found: The number that counts.
        every: All of the text that are of its kind.
    """
    if found.place is None:
        return None
    others = [each for each in every if each.place is not None and same_value(found, each) is not Sameness.SAME]
    text, begin, end = found.place

    different = {id(each) for each in others}

    def named(rest: str) -> list[bool]:
        start = len(text) - len(rest)
        return [id(each) not in different for each in every if each.place is not None and each.place.begin >= start]

    if (behind := named(text[end:])) and behind[-1]:
        return None  # the text comes back to it
    if asks(found.place):
        return UNCLEAR
    if taken_back(text[:begin], text[end:], named):
        return TAKEN_BACK
    # A unit of its own makes it another quantity: ten euros for five kilograms.
    stop = sentence_end(found.place)
    later = (each.place for each in others if each.unit == found.unit and each.place and each.place.begin >= stop)
    return TWO_VALUES if any(restates(found.place, place) for place in later) else None


def as_quantity(value: Any, which: str | None = FIRST) -> Quantity:
    """A number, or what a text holds: its number, else its date, time or other quantity.

    Args:
        value: A number or a text.
        which: Of several numbers; None where nobody has said, so that a text with several is refused.

    Raises:
        ValueError: There is none, or not the one that `which` asks for.
    """
    if (number := number_of(value)) is not None:
        return number
    every = [] if isinstance(value, bool) else list(quantities(as_text(value)))
    numbers = [each for each in every if each.kind is NumberKind.NUMBER]
    found = pick(numbers or every, which or ONLY)
    if which is None and found is not None and len(every) > 1 and _of_several_parts(every):
        raise ValueError(SEVERAL)
    if found is None and which is None and numbers:
        raise ValueError(SEVERAL)
    if found is None:
        raise ValueError("must be a number")
    return found


def _of_several_parts(every: Sequence[Quantity]) -> bool:
    """Whether a value is nothing but several quantities of several kinds: `Q3 2023` is no 2023."""
    places = [each.place for each in every]
    if len({each.kind for each in every}) == 1 or any(place is None for place in places):
        return False
    text = rest = places[0].text  # type: ignore[union-attr]
    for place in reversed(places):
        rest = rest[: place.begin] + rest[place.end :]  # type: ignore[union-attr]
    return bool(text) and not any(map(str.isalnum, rest))


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
    version=18,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "tolerance", "relative_tolerance", "which"),
    reads=("request",),
    takes=Takes.WHOLE,
)
