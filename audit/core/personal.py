"""Kinds of personal data: the words that settings, masks and counts share."""

from __future__ import annotations

from typing import Any, Literal, get_args

PersonalKind = Literal[
    "email",
    "phone",
    "card",
    "iban",
    "ip",
    "mac",
    "national-id",
    "tax-id",
    "passport",
    "birth-date",
    "address",
    "name",
]
"""What is told from its form, its check digits or the words in front of it; installed recognisers add to it."""

PERSONAL_KINDS: tuple[PersonalKind, ...] = get_args(PersonalKind)

ALL = "personal"
"""What settings say for all of them, and for what installed recognisers find."""


def kinds_of(entry: Any) -> Any:
    """`personal` as all kinds, and anything else as it is: for the validation of settings."""
    return PERSONAL_KINDS if entry == ALL else entry
