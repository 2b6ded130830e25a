"""Kinds of personal data: the words that settings, masks and counts share."""

from __future__ import annotations

import re
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


_MASKED = re.compile(r"<(?:secret:[^<>\s]+|[^<>:\s]+:[0-9a-f]{6})>")


def is_masked(text: str) -> bool:
    """Whether something of a text stands there as the log is kept: a secret or personal data (`audit.masking.redact`)
    as a placeholder, in place of what was said."""
    return _MASKED.search(text) is not None


def without_masks(text: str) -> str:
    """The text without these placeholders."""
    return _MASKED.sub(" ", text) if "<" in text else text


def kinds_of(entry: Any) -> Any:
    """`personal` as all kinds, and anything else as it is: for the validation of settings."""
    return PERSONAL_KINDS if entry == ALL else entry
