"""Secrets and personal data out of every text, before anything is written.

Secrets are always masked. Personal data is replaced by placeholders that are the same for the same value
(`<email:1a2b3c>`), so that a conversation still makes sense and duplicates stay duplicates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from audit.core.fingerprint import canonical_json, digest
from audit.ingest.row import Unusable
from audit.ingest.values import parse

# Name, what its text has in it in lower case, pattern. Masked is the group `v` where there is one, else all of it, and
# if `digit` is a group too, only where there is a digit in it. No pattern looks further ahead than it consumes or than
# a fixed length: each text is read once, whatever stands in it.
_SECRETS = (
    (
        "private-key",
        ("private key-----",),
        r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----"
        r"(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----)?",
    ),
    ("api-key", ("sk-",), r"(?<![A-Za-z0-9])(?P<digit>sk-[A-Za-z0-9_-]{16,})"),
    ("api-key", ("k_live_", "k_test_"), r"(?<![A-Za-z0-9])(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}"),
    ("aws-key", ("akia", "asia"), r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])"),
    (
        "github-token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    ("slack-token", ("xox",), r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("google-key", ("aiza",), r"(?<![A-Za-z0-9])AIza[0-9A-Za-z_-]{35}"),
    ("token", ("glpat-", "hf_"), r"(?<![A-Za-z0-9])(?:glpat-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,})"),
    ("jwt", ("eyj",), r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,1000}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
    ("bearer", ("bearer",), r"(?i:\bbearer)\s{1,99}(?P<v>(?P<digit>[A-Za-z0-9._~+/=-]{16,}))"),
    ("url-password", ("://",), r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:@/\"']{0,80}:(?P<v>[^\s@/\"']{1,200})@"),
    (
        "password",
        ("passw", "pwd"),
        r"(?i:\b(?:password|passwd|pwd))\s{0,99}=\s{0,99}[\"']?(?P<v>[^\s\"',;&<>{}$%()]{4,})",
    ),
    (
        "password",
        ("passw", "pwd"),
        r"(?i:\b(?:password|passwd|pwd))[\"']?\s{0,99}:\s{0,99}[\"']?(?P<v>(?P<digit>[^\s\"',;&<>{}$%()]{6,}))",
    ),
    (
        "api-key",
        ("key", "secret", "token"),
        r"(?i:\b(?:api[_-]?key|secret[_-]?key|client[_-]?secret|access[_-]?key|account[_-]?key|auth[_-]?token))"
        r"[\"']?\s{0,99}[=:]\s{0,99}[\"']?(?P<v>(?P<digit>[A-Za-z0-9_+/.=-]{16,}))",
    ),
)
_SECRET_PATTERNS = tuple((name, hints, re.compile(pattern)) for name, hints, pattern in _SECRETS)

SECRET_HINTS = (
    r"PRIVATE KEY|sk-|[srp]k_live|[srp]k_test|AKIA|ASIA|gh[pousr]_|github_pat_|xox[abeoprs]-|AIza|glpat-|hf_|eyJ"
    r"|[eE][aA][rR][eE][rR][^0-9A-Za-z]|[aA][sS][sS][wW]|[pP][wW][dD]|[eE][cC][rR][eE][tT]|[aA][pP][iI][_-]?[kK][eE][yY]"
    r"|[cC][eE][sS][sS][_-]?[kK][eE][yY]|[oO][uU][nN][tT][_-]?[kK][eE][yY]|[uU][tT][hH][_-]?[tT][oO][kK][eE][nN]"
    r"|://[^\s:@/\"']*:[^\s@/\"']+@"
)
"""What every secret has in it, as a regex of RE2's dialect: one fast pass over a column finds the rows to look at."""

_IPV4 = r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]?\d)"
_HEXTET = r"[0-9A-Fa-f]{1,4}"
_IPV6 = (
    rf"(?<![\w:])(?:{_HEXTET}:){{7}}{_HEXTET}(?![\w:])"
    rf"|(?<![\w:])(?:{_HEXTET}:){{1,6}}:(?:{_HEXTET}(?::{_HEXTET}){{0,5}})?(?![\w:])"
)
_PERSONAL_PATTERNS = {
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


_CHECKS: dict[str, Callable[[str], bool]] = {"card": luhn, "iban": iban, "phone": _telephone}


class Redactor:
    """Masks texts and JSON values, and counts what it masked.

    Args:
        personal: Kinds of personal data to replace, from `ingest.redact`.
    """

    def __init__(self, personal: Collection[str] = ()) -> None:
        self.kinds = tuple(kind for kind in _PERSONAL_PATTERNS if kind in personal)
        self.found: Counter[str] = Counter()

    def text(self, value: str) -> str:
        """The text without secrets and without the personal data asked for; JSON inside it stays JSON."""
        if value[:1] in ("{", "["):
            try:
                inner = parse(value.encode("utf-8", "replace"))
            except Unusable:
                return self._plain(value)
            if isinstance(inner, dict | list):
                masked = self.value(inner)
                return value if masked == inner else canonical_json(masked)
        return self._plain(value)

    def json(self, value: str) -> str:
        """JSON text with every string in it masked; canonical if anything was."""
        inner = parse(value.encode())
        masked = self.value(inner)
        return value if masked == inner else canonical_json(masked)

    def value(self, value: Any) -> Any:
        """A JSON value with every string in it masked, keys too; however deep it is nested."""
        made: list[Any] = [value]
        todo: list[tuple[Any, Any, str | None]] = [(made, 0, None)]  # container, place in it, its key before masking
        while todo:
            container, place, key = todo.pop()
            found = container[place]
            if isinstance(found, list):
                container[place] = copy = list(found)
                todo.extend((copy, index, None) for index in range(len(copy)))
            elif isinstance(found, dict):
                names = {name: self._plain(name) for name in found}
                container[place] = fresh = {names[name]: item for name, item in found.items()}
                todo.extend((fresh, names[name], name) for name in found)
            else:
                container[place] = self._leaf(found) if key is None else self.named(key, found)
        return made[0]

    def _leaf(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if self.kinds and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 1e12:
            text = str(value)
            masked = self._plain(text)
            return value if masked == text else masked
        return value

    def named(self, key: str, value: Any) -> Any:
        """A text or a number masked in the light of its key."""
        # A value of `"password": "..."` shows that it is one only beside its key.
        if isinstance(value, str) and value and value[:1] not in ("{", "["):
            pair = f"{key}: {value}"
            masked = self._secrets(pair)
            if masked != pair and masked.startswith(f"{key}: "):
                return self._personal(masked[len(key) + 2 :])
        return self._leaf(value)

    def _plain(self, value: str) -> str:
        return self._personal(self._secrets(value))

    def _secrets(self, value: str) -> str:
        low = value.lower()
        for name, hints, pattern in _SECRET_PATTERNS:
            if any(hint in low for hint in hints):
                value = pattern.sub(partial(self._mask, name), value)
        return value

    def _mask(self, name: str, match: re.Match[str]) -> str:
        if "digit" in match.re.groupindex and not any(map(str.isdecimal, match["digit"])):
            return match[0]
        self.found["secret"] += 1
        return _masked(name, match)

    def _personal(self, value: str) -> str:
        for kind in self.kinds:
            value = _PERSONAL_PATTERNS[kind].sub(partial(self._placeholder, kind), value)
        return value

    def _placeholder(self, kind: str, match: re.Match[str]) -> str:
        value = match[0]
        if kind in _CHECKS and not _CHECKS[kind](value):
            return value
        self.found[kind] += 1
        same = value.lower() if kind in ("email", "ip") else re.sub(r"[^0-9A-Za-z+]", "", value)
        return f"<{kind}:{digest(same)[:6]}>"


def _masked(name: str, match: re.Match[str]) -> str:
    start, end = match.span("v") if "v" in match.re.groupindex else match.span()
    offset, whole = match.start(), match[0]
    # No digest of the secret: a short one could be guessed back from it.
    return f"{whole[: start - offset]}<secret:{name}>{whole[end - offset :]}"
