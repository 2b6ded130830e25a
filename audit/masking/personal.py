"""Personal data in texts: what each kind looks like, and how what only looks like it is told from it."""

from __future__ import annotations

import re
from collections.abc import Callable

_IPV4 = r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]?\d)"
_HEXTET = r"[0-9A-Fa-f]{1,4}"
_IPV6 = (
    rf"(?<![\w:])(?:{_HEXTET}:){{7}}{_HEXTET}(?![\w:])"
    rf"|(?<![\w:])(?:{_HEXTET}:){{1,6}}:(?:{_HEXTET}(?::{_HEXTET}){{0,5}})?(?![\w:])"
)
PERSONAL_PATTERNS = {
    "email": re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}\b"),
    "iban": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
    "card": re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]?\d)"),
    "ip": re.compile(f"{_IPV4}|{_IPV6}"),
    "phone": re.compile(r"(?<![\w.:/-])(?!\d{4}-\d\d-\d\d)(?:\+|\(?\d)[\d ().-]{6,18}\d(?![\w])"),
}
"""In the order in which they are applied: a card number would pass for a telephone number."""


def luhn(number: str) -> bool:
    """Whether the digits of a card number add up. Source: ISO/IEC 7812-1, annex B."""
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0 and len(set(digits)) > 1


def iban(account: str) -> bool:
    """Whether an IBAN's check digits hold. Source: ISO 13616-1, mod 97."""
    compact = account.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return 15 <= len(compact) <= 34 and int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _telephone(number: str) -> bool:
    digits = sum(char.isdigit() for char in number)
    separators = sum(char in " ().-" for char in number)
    return 8 <= digits <= 15 and (number.startswith("+") or separators >= 2)


PERSONAL_CHECKS: dict[str, Callable[[str], bool]] = {"card": luhn, "iban": iban, "phone": _telephone}
"""Kinds whose pattern alone says too much."""
