"""Whether a number is a telephone's, by the numbering plans of phonenumbers."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "PT", "BR", "NL", "PL")
"""Where a telephone number without its country may be from."""
GROUPED = re.compile(
    r"\(\d{2,5}\)[ -]?\d{2,4}[ -]\d{2,5}(?:[ -]\d{2,4})?|0\d{1,4}[ /-]\d[\d -]{4,12}\d|0\d(?:\.\d\d){4}"
)
"""As telephone numbers are written, and little else."""
_NEVER = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4}|(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d$")
"""Dates, and spans of years."""
_FOR_FILMS = re.compile(r"\(?\d{3}\)?[ -]\d{3}[ -]\d{4}")
"""Numbers that are kept for films and examples are valid nowhere."""
_ABROAD = ("00", "011")


def is_telephone(value: str, digits: str, before: str, *, announced: bool) -> bool:
    """Whether it is a telephone number: with its country, or as a country writes it, or behind a word for one.

    Args:
        value: As written.
        digits: Of it.
        before: The text before it.
        announced: A word in that text is one for telephones.
    """
    if not 7 <= len(digits) <= 15 or _NEVER.match(value):
        return False
    if value.startswith("+"):
        return _valid(value, None)
    if not (announced or GROUPED.fullmatch(value)) or before[-1:] in ("/", "-"):
        return False
    return any(_may_be(digits, region) and _valid(value, region) for region in REGIONS) or bool(
        _FOR_FILMS.fullmatch(value)
    )


def _valid(value: str, region: str | None) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_possible_number(number) if region is None else phonenumbers.is_valid_number(number)


def _may_be(digits: str, region: str) -> bool:
    """Whether the library, which takes thirty times as long, could find a number of the region valid: as it is dialled
    there, with a carrier's prefix, or with the country's code."""
    if digits.startswith(_ABROAD) or (region == "BR" and len(digits) > 11):
        return True
    plan, code, prefix = _plan(region)
    forms = (digits, digits.removeprefix(prefix), digits.removeprefix(code))
    return any(plan.fullmatch(form) for form in forms)


@cache
def _plan(region: str) -> tuple[Any, str, str]:
    """The form of all numbers of a region, its code, and the digit that is dialled before them."""
    from phonenumbers import PhoneMetadata

    known: Any = PhoneMetadata.metadata_for_region(region)
    return re.compile(known.general_desc.national_number_pattern), str(known.country_code), known.national_prefix or ""
