"""Numbers as models and people write them: `1,234.50`, `$-3`, `12 %`, `−2.5e3`."""

from __future__ import annotations

import math
import re

# A hyphen after a letter or a digit is no sign (`10-5`, `covid-19`). Digits are ASCII, as in every log seen.
_NUMBER = re.compile(
    r"(?P<before>(?<![\w.])[-+−])?\s?[$€£¥]?\s?(?P<after>(?<![\w.])[-+−])?"
    r"(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"(?P<exponent>[eE][-+]?[0-9]{1,4}(?![0-9A-Za-z]))?"
)


def first_number(text: str) -> float | None:
    """The first number in a text; currency signs and thousands separators are skipped, a per cent sign is ignored.

    Special cases:
        No number, or one beyond the range of a float: None.
    """
    match = _NUMBER.search(text)
    if match is None:
        return None
    number = float(match["digits"].replace(",", "") + (match["exponent"] or ""))
    negative = (match["before"] or match["after"]) in ("-", "−")
    if not math.isfinite(number):
        return None
    return -number if negative else number


def near(left: float, right: float, *, absolute: float = 0.0, relative: float = 0.0) -> bool:
    """Whether two numbers are equal within a tolerance; rounding of binary fractions never tells them apart."""
    return math.isclose(left, right, rel_tol=max(relative, 1e-9), abs_tol=absolute)
