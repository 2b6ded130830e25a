"""Personal data in texts: one pass finds what may be some, rules and check digits say what is.

Numbers are checked as their issuers do: by the algorithms of python-stdnum, and by the numbering plans of phonenumbers.
A number without check digits counts only behind a word that announces it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import re2

from audit.masking.personal_kinds import CANDIDATES, MODEL, NO_NAMES, OTHER_NUMBER, VERSION, WORDS
from audit.masking.recognisers import RECOGNISERS
from audit.masking.telephones import GROUPED, is_telephone

_DFA_BYTES = 1 << 27
LONGEST_LOCAL = 64
"""Letters in front of the @ of an address, by RFC 5321."""
LOOK_BACK = 40
"""Letters in front of a number in which a word may announce what it is."""
MOST_CUTS = 4
"""Groups that a run of digits may have too many, because another number follows it."""
_GROUP = re.compile(r"(?<!\\)\((?!\?)")
"""The one group of a pattern: the first parenthesis that opens one."""
_FOUR = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\d.])")
_ARTICLES = ("Die ", "Der ", "Das ", "Den ", "Dem ", "Eine ", "Einer ", "De ", "Het ")
"""What makes a street one that is talked about."""
_SSN, _CPF = re.compile(r"\d{3}-\d{2}-\d{4}"), re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")
_NIR = re.compile(r"[12][ .]?\d{2}[ .]?\d{2}[ .]?\d{2}[ .]?\d{3}[ .]?\d{3}[ .]?\d{2}")
_OWN_FORM = re.compile(
    rf"\+|(?:\d[ -]?){{13}}|\d{{8}}-?[A-Z]\b|{_SSN.pattern}|{_CPF.pattern}|{_NIR.pattern}|\d{{11}}(?!\d)"
    rf"|{GROUPED.pattern}"
)
"""Numbers that may be personal without a word in front of them."""
_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]")
_DECIMAL = re.compile(r"\d+[.,]\d{1,2}")
_MONEY = re.compile(r" ?(?:EUR|USD|GBP|CHF|PLN|BRL|zł|kr|[€$£%]|(?i:euros?|dollars?|pounds?|złot)\b)")
"""What makes the number before it an amount."""


class _Finder:
    """All candidates as one pattern without groups, which takes a third of the time; then the one that fits."""

    def __init__(self) -> None:
        options = re2.Options()
        options.max_mem = _DFA_BYTES
        groupless = [_GROUP.sub("(?:", pattern, count=1) for _, pattern in CANDIDATES]
        self._any = re2.compile("|".join(groupless), options)
        self._each = [(what, re2.compile(pattern, options)) for what, pattern in CANDIDATES]
        self._which = re2.Set.FullMatchSet(options)
        for pattern in groupless:
            self._which.Add(pattern)
        self._which.Compile()
        # In bytes: of a text with other letters the places would be counted anew at each match.

    def find(self, text: str) -> Iterator[tuple[str, int, int]]:
        """What each candidate may be, and where it begins and ends."""
        # A lone half of a surrogate pair has no UTF-8; its substitute is one letter too, so places stay.
        data = text.encode("utf-8", "replace")
        plain = len(data) == len(text)
        seen = shift = 0
        for match in self._any.finditer(data):
            whole = match[0]
            # Of the candidates that one place fits, the first of the table decides; none where only a part fits.
            what, pattern = self._each[min(self._which.Match(whole))]
            start, end = pattern.fullmatch(whole).span(1)
            start, end = match.start() + start, match.start() + end
            if not plain:
                shift += len(data[seen:start]) - len(data[seen:start].decode())
                seen, value = start, data[start:end].decode()
                yield what, start - shift, start - shift + len(value)
            else:
                yield what, start, end


@cache
def _finder() -> _Finder:
    return _Finder()


@cache
def _words(name: str) -> Any:
    return re2.compile(WORDS.get(name) or "|".join(WORDS.values()))


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)


def found_personal(text: str, kinds: Collection[str]) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of the personal data in a text, in its order and apart from each other.

    Args:
        text: Any.
        kinds: Of `PERSONAL_KINDS`, and those that installed recognisers find; others are left alone.
    """
    found = list(_by_form(text, kinds))
    for name in RECOGNISERS.installed():
        more = ((start, end, kind) for start, end, kind in RECOGNISERS.get(name).find(text) if kind in kinds)
        found += [one for one in more if not any(one[0] < end and start < one[1] for start, end, _ in found)]
    yield from sorted(found)


def _by_form(text: str, kinds: Collection[str]) -> Iterator[tuple[int, int, str]]:
    done = 0
    for what, start, end in _finder().find(text):
        for first, last, kind in _parts(what, text, start, end):
            if kind in kinds:
                yield max(first, done), last, kind
                done = last


def _parts(what: str, text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """What a candidate is; nothing where it only looks like it."""
    value = text[start:end]
    match what:
        case "number":
            yield from _number(text, start, end)
        case "coded":
            if (kind := _coded(value, text[max(0, start - LOOK_BACK) : start])) is not None:
                yield start, end, kind
        case "iban":
            # What follows it in capitals may have been taken with it.
            for length in _ends(value):
                if iban(value[:length]):
                    yield start, start + length, "iban"
                    return
            if (kind := _coded(value, text[max(0, start - LOOK_BACK) : start])) is not None:
                yield start, end, kind
        case "ip":
            if _address(text, start, end):
                yield start, end, "ip"
        case "email":
            local = _local_part(text, start)
            if local:
                yield start - local, end, "email"
        case "address":
            if not value.startswith(_ARTICLES) and not _says(MODEL, text, start, value):
                yield start, end, what
        case "name":
            if value.split(" ", 1)[0].rstrip("'’-") not in NO_NAMES:
                yield start, end, what
        case "passport" | "national-id":
            if not _says(OTHER_NUMBER, text, start):
                yield start, end, what
        case _:
            yield start, end, what


def _says(words: str, text: str, start: int, value: str = "") -> bool:
    """Whether words end right before a place, or begin a value."""
    return _compiled(words).search(f"{text[max(0, start - LOOK_BACK) : start]}{value.split(' ', 1)[0]}") is not None


def _local_part(text: str, at: int) -> int:
    """Letters in front of an @ that belong to the address."""
    before = text[max(0, at - LONGEST_LOCAL) : at]
    return next((n for n, char in enumerate(reversed(before)) if not (char.isalnum() or char in "._%+-")), len(before))


def _number(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """A run of digits, by what its check digits or the words in front of it say."""
    before = text[max(0, start - LOOK_BACK) : start]
    # Part of a word, of a decimal or of a path.
    if before[-1:].isalnum() or before[-1:] in ("_", ".") or text[end : end + 1].isalnum():
        return
    if text[end : end + 1] == "@":
        return
    value = text[start:end]
    if (four := _FOUR.match(value)) is not None and _address(text, start, start + four.end()):
        yield start, start + four.end(), "ip"
        return
    announced = _announced(before) if not _says(OTHER_NUMBER, text, start) else frozenset()
    if _DECIMAL.fullmatch(value) or _MONEY.match(text[end : end + LOOK_BACK]):
        announced -= {"tax", "vat"}
    if not announced and _OWN_FORM.match(value) is None:
        return
    for length in _ends(value)[: MOST_CUTS + 1]:
        part = value[:length].rstrip(" .-/")
        kind = _kind_of(part, before, announced)
        if kind is not None:
            yield start, start + len(part), kind
            return


def _announced(before: str) -> frozenset[str]:
    """What the words in front of a number say that it may be."""
    said = before.encode("utf-8", "replace")
    if _words("any").search(said) is None:
        return frozenset()
    return frozenset(name for name in WORDS if _words(name).search(said) is not None)


def _kind_of(value: str, before: str, announced: frozenset[str]) -> str | None:
    digits = "".join(char for char in value if char.isdecimal())
    if card(value, digits):
        return "card"
    if _national(value, digits, announced="id" in announced):
        return "national-id"
    if 8 <= len(digits) <= 14 and ("tax" in announced or ("vat" in announced and _vat(digits))):
        return "tax-id"
    if not value[-1:].isalpha() and is_telephone(value, digits, before, announced="phone" in announced):
        return "phone"
    return None


def _ends(value: str) -> list[int]:
    """Where a run may end, the longest first: at its end, and before each of its gaps."""
    return [len(value), *(at for at in range(len(value) - 1, 5, -1) if value[at] == " ")]


_NETWORKS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d{2}|2(?:22[1-9]|2[3-9]\d|[3-6]\d{2}|7[01]\d|720))\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|65\d{2}|64[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
    r"|(?:5018|5020|5038|6304|6759|676[1-3])\d{8,15}"
)
"""First digits and lengths of Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro."""


def card(value: str, digits: str) -> bool:
    """Whether a number is of a payment card: groups apart by spaces or hyphens, a network's form, a right sum.

    One number in ten has a right sum, so that a network's form has to hold too.

    Source: ISO/IEC 7812-1, annex B; the networks' published ranges.
    """
    if (
        not _NETWORKS.fullmatch(digits)
        or len(set(digits)) < 2
        or any(char not in " -" for char in value if not char.isdecimal())
    ):
        return False
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(map(int, reversed(digits)))]
    return sum(doubled) % 10 == 0


def iban(account: str) -> bool:
    """Whether an IBAN's check digits hold. Source: ISO 13616-1, mod 97."""
    compact = account.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return 15 <= len(compact) <= 34 and int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _address(text: str, start: int, end: int) -> bool:
    """Whether it is an address of the Internet, and no version, time or part of a longer word."""
    before, after = text[start - 1 : start] if start else "", text[end : end + 2]
    if before.isalnum() or before in ("_", ".", ":") or after[:1].isalnum() or after[:1] in ("_", ":"):
        return False
    if after[:1] == "." and after[1:].isdecimal():
        return False
    value = text[start:end]
    if _says(VERSION, text, start):
        return False
    if ":" in value and "::" not in value and value.count(":") != 7:
        return False
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (found.is_unspecified or found.is_loopback or (found.version == 6 and len(value) < 6))


def _national(value: str, digits: str, *, announced: bool) -> bool:
    """Whether it is a national number: by its form, or because a word announces it and its check digits hold."""
    from stdnum.br import cpf
    from stdnum.de import idnr
    from stdnum.es import dni
    from stdnum.fr import nir
    from stdnum.nl import bsn
    from stdnum.pl import pesel
    from stdnum.pt import cc
    from stdnum.us import ssn

    if value[-1:].isalpha():
        return len(digits) == 8 and bool(dni.is_valid(value))
    own_form = (
        (_SSN.fullmatch(value) and ssn)
        or (_CPF.fullmatch(value) and cpf)
        or (_NIR.fullmatch(value) and nir)
        or (len(value) == 11 and value.isdecimal() and pesel)
    )
    if own_form and (announced or own_form.is_valid(value)):
        return True
    if not announced or not 8 <= len(digits) <= 15:
        return False
    return any(kind.is_valid(digits) for kind in (ssn, cpf, idnr, nir, bsn, pesel, cc)) or _nif(digits)


def _nif(digits: str) -> bool:
    from stdnum.pt import nif

    return bool(nif.is_valid(digits))


def _vat(digits: str) -> bool:
    """Whether the check digits are those of a VAT number without its country."""
    from stdnum.de import vat as de
    from stdnum.fr import siren
    from stdnum.gb import vat as gb
    from stdnum.it import iva
    from stdnum.pl import nip
    from stdnum.pt import nif

    return any(kind.is_valid(digits) for kind in (de, siren, gb, iva, nip, nif))


def _coded(value: str, before: str) -> str | None:
    """A number with letters in it, by its check digits, or by a word for taxes in front of it."""
    from stdnum.es import nie
    from stdnum.eu import vat
    from stdnum.it import codicefiscale

    if _NINO.fullmatch(value) or nie.is_valid(value) or codicefiscale.is_valid(value):
        return "national-id"
    return "tax-id" if vat.is_valid(value) or "tax" in _announced(before) else None
