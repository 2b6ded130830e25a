"""How two JSON values are compared, by name: for the fields of an object and the arguments of a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from rapidfuzz import fuzz

from audit.core.errors import nearest
from audit.scoring.expected.templates import UnusableTemplate
from audit.scoring.quantities.cut import quantities
from audit.scoring.quantities.numbers import NumberKind, Quantity, Sameness, compare, number_of, same_value
from audit.scoring.quantities.spelled import spelled_out
from audit.scoring.quantities.units import RANK
from audit.scoring.texts.json_values import CONTRADICTED, json_text, nfc, same_json
from audit.scoring.texts.words import fold, normalised

Same = Callable[[Any, Any], bool]
"""The expected value and the one found to whether they count as equal. Raises `UnusableTemplate` where unclear."""

FUZZY = 0.9
"""Similarity that `fuzzy` asks for unless a threshold is given."""

DIGITS = ("same", "fuzzy")
"""Whether numbers and codes inside a text must be the same, or are letters like others."""

_PARAMETERS = {"compare", "tolerance", "threshold", "digits"}


def comparison(how: Any) -> Same:
    """A comparison from its name, from `{fuzzy: 0.8}` or `{numeric: 0.01}`, or from `compare` with its parameters.

    Raises:
        ValueError: It is none of these; the message says what is known.
    """
    read = _read(how)
    known: dict[str, Same] = {
        "exact": same_json,
        "numeric": lambda wanted, found: same_number(wanted, found, Fraction(str(read.tolerance))),
        "fuzzy": lambda wanted, found: _fuzzy(wanted, found, read),
        "set": same_set,
        "label": _same_label,
        "ignore": ignored,
    }
    if read.name not in known:
        near = nearest(read.name, known)
        raise ValueError(
            f"must compare by one of: {', '.join(sorted(known))}" + (f"; did you mean `{near}`?" if near else "")
        )
    return known[read.name]


def leaves_open(how: Any) -> str | None:
    """What a comparison lets differ, in words; None where two values that it calls equal are the same.

    Args:
        how: A comparison that `comparison` takes.
    """
    read = _read(how)
    return "numeric with a tolerance" if read.name == "numeric" and read.tolerance else _OPEN.get(read.name)


_OPEN = {
    "fuzzy": "fuzzy, which cannot tell a statement from its denial",
    "set": "set, which does not see the order",
    "ignore": "ignore",
}


@dataclass(frozen=True, slots=True)
class _How:
    """A comparison as it is written: its name and its parameters."""

    name: str
    tolerance: float = 0.0
    threshold: float = FUZZY
    digits_count: bool = True


def _read(how: Any) -> _How:
    if isinstance(how, str):
        return _How(how)
    if isinstance(how, Mapping) and "compare" not in how and (short := how.keys() & {"fuzzy", "numeric"}):
        name = next(iter(short))
        rest = {key: value for key, value in how.items() if key != name}
        how = {"compare": name, "threshold" if name == "fuzzy" else "tolerance": how[name], **rest}
    if not isinstance(how, Mapping) or how.keys() - _PARAMETERS:
        raise ValueError("must be a comparison, `{fuzzy: 0.8}`, or a mapping of compare, tolerance, threshold, digits")
    digits = how.get("digits", "same")
    if digits not in DIGITS:
        raise ValueError(f"has `digits` that is none of {', '.join(DIGITS)}")
    return _How(
        name=str(how.get("compare", "exact")),
        tolerance=_limit(how, "tolerance", 0.0, high=None),
        threshold=_limit(how, "threshold", FUZZY, high=1.0),
        digits_count=digits == "same",
    )


def ignored(wanted: Any, found: Any) -> bool:
    """Anything is as good as anything else."""
    return True


def _limit(how: Mapping[str, Any], name: str, default: float, *, high: float | None) -> float:
    value = how.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"has a `{name}` that is no number of at least 0")
    if high is not None and value > high:
        raise ValueError(f"has a `{name}` above {high:g}")
    return float(value)


def _same_label(wanted: Any, found: Any) -> bool:
    """Texts but for case, space and punctuation; what is no text is the same JSON, or it differs."""
    if isinstance(wanted, str) and isinstance(found, str):
        return normalised(wanted) == normalised(found)
    return same_json(wanted, found)


def _fuzzy(wanted: Any, found: Any, how: _How) -> bool:
    left, right = fold(nfc(json_text(wanted))), fold(nfc(json_text(found)))
    if left == right:
        return True
    alike = found is not CONTRADICTED and fuzz.ratio(left, right) >= 100 * how.threshold
    return alike and (not how.digits_count or same_figures(left, right)) and not opposed(left, right)


_WITHOUT_UNIT = (None, RANK)


def same_figures(wanted: str, found: str, *, ordered: bool = True, part: bool = False) -> bool:
    """Whether two texts hold the same numbers, dates and codes: `INV-001` is not nearly `INV-002`, nor `five` `nine`.

    Args:
        wanted: The expected text.
        found: The text that is there.
        ordered: Whether they stand in the same order, as they must where the order of words counts.
        part: Whether those of one text may be a part of the other's.
    """
    if not any(char.isdecimal() for char in wanted + found):
        wanted, found = spelled_out(wanted), spelled_out(found)
        if not any(char.isdecimal() for char in wanted + found):
            return True
    left, right = list(quantities(wanted)), list(quantities(found))
    if ordered:
        # A program that reads the field gets a number on one side, and a text on the other.
        same = [
            same_value(a, b) is Sameness.SAME and (a.unit in _WITHOUT_UNIT) == (b.unit in _WITHOUT_UNIT)
            for a, b in zip(left, right, strict=False)
        ]
        return len(left) == len(right) and all(same)
    ours, theirs = (Counter((each.kind, each.readings[0]) for each in side) for side in (left, right))
    return ours == theirs or (part and (ours <= theirs or theirs <= ours))


def opposed(left: str, right: str) -> bool:
    """Whether a word of one text stands in the other with a syllable that denies it: `approve` and `disapprove`."""
    ours, theirs = ({word.strip(_MARKS) for word in fold(text).split()} for text in (left, right))
    return any(
        syllable + word in other
        for mine, other in ((ours - theirs, theirs - ours), (theirs - ours, ours - theirs))
        for word in mine
        if len(word) > 2
        for syllable in _DENYING
    )


_MARKS = ".,;:!?\"'()[]"
_DENYING = ("dis", "un", "in", "im", "ir", "il", "non", "non-", "not-", "not_", "mis", "ab")


def same_number(wanted: Any, found: Any, tolerance: Fraction) -> bool:
    """Two numbers, or texts that hold one each; values without any number are the same when they are equal.

    Raises:
        UnusableTemplate: A text can be read in two ways, and only one of them is the expected, or one side alone has a
            unit: 5 is not `5 %`.
    """
    if same_json(wanted, found):
        return True
    left, right = _only_number(wanted), _only_number(found)
    if left is None or right is None:
        return False
    same = compare(left, right, absolute=tolerance)
    if same is Sameness.SAME and (left.unit is None) != (right.unit is None):
        same = Sameness.UNCLEAR  # a program that reads the field gets a number on one side, and a text on the other
    if same is Sameness.UNCLEAR:
        raise UnusableTemplate("a number here can be read in two ways, and only one of them is the expected")
    return same is Sameness.SAME


def _only_number(value: Any) -> Quantity | None:
    if not isinstance(value, str):
        return number_of(value)
    every = list(quantities(value))
    numbers = [each for each in every if each.kind is NumberKind.NUMBER] or every
    return numbers[0] if len(numbers) == 1 else None


def same_set(wanted: Any, found: Any) -> bool:
    """Lists with the same items, each as often, in any order; a single value counts as a list of one."""
    left, right = (value if isinstance(value, list) else [value] for value in (wanted, found))
    if len(left) != len(right):
        return False
    rest = list(right)
    for item in left:
        place = next((place for place, other in enumerate(rest) if same_json(item, other)), None)
        if place is None:
            return False
        del rest[place]
    return True
