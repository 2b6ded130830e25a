"""Numbers as text, in one place, so that the report, the gate and the terminal agree exactly.

Rules (`experience.md` section 2): money as `$18,153`, two decimals below $100, `$1.24M` above a million; points with
sign and U+2212 and one decimal; `0.0` has no sign; every estimate is followed by `[low, high]`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from audit.core.interval import Estimate, same_amount

MINUS = "−"

_NOTHING = 1e-9
"""A share of no more is what sums of floats leave of none."""
_MILLIONS = -4
"""Decimals of `$1.24M`."""
_CENTS = 2

_BARS = " ▁▂▃▄▅▆▇█"

_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


def usd(value: float) -> str:
    """Money: `$18,153`, `$12.40`, `$1.24M`, `−$212`; fractions of a cent keep two significant digits."""
    sign, amount = (MINUS if value < 0 else ""), abs(value)
    if _in_millions(value):
        return f"{sign}${amount / 1e6:,.2f}M"
    if amount >= 99.995:
        return f"{sign}${amount:,.0f}"
    if amount >= 0.095 or amount == 0:
        return f"{sign}${amount:.2f}" if amount else "$0"
    return f"{sign}${amount:.4f}" if amount >= 0.00005 else "$0.00"


def usd_between(least: float, most: float) -> str:
    """An amount that may have been more: `between $28.28 and $32.09`; one amount where both ends read the same."""
    return f"between {usd(least)} and {usd(most)}" if usd(most) != usd(least) and most > least else usd(least)


def usd_limit(value: float) -> str:
    """A limit that somebody set: as money, but one below a hundredth of a cent is written out and never as $0.00."""
    return usd(value) if value == 0 or abs(value) >= 0.00005 else f"${value:.12f}".rstrip("0").rstrip(".")


def usd_call(value: float) -> str:
    """What one call cost: as money, but below a cent with two significant digits however little it is: `$0.000016`."""
    if not 0 < abs(value) < 0.0095:
        return usd(value)
    return usd_at(value, 1 - math.floor(math.log10(abs(value))))


def usd_rate(value: float) -> str:
    """A cost per 1,000 requests: as money, but with cents up to $9,999, so that a column of rates has one precision."""
    return usd_at(value, _CENTS) if 0.095 <= abs(value) < 9_999.995 else usd(value)


def usd_interval(estimate: Estimate) -> str:
    """`$7,400 [$6,907, $7,894]`; the estimate alone without an interval, or where it is known exactly."""
    if estimate.ends is None:
        return usd(estimate.est)
    low, high = usd_ends(*estimate.ends)
    return f"{usd_estimate(estimate)} [{low}, {high}]"


def usd_estimate(estimate: Estimate) -> str:
    """An estimate of money as it stands beside its ends: `$161` beside `[$160.69, $161.20]`; with the decimals of the
    ends where it would otherwise seem to lie outside them.
    """
    if estimate.lo is None or estimate.hi is None:
        return usd(estimate.est)
    more = _more_decimals(estimate.lo, estimate.hi, None)
    usual = _usual_digits(estimate.est)
    if more is None or (
        usual <= _CENTS and round(estimate.lo, more) <= round(estimate.est, usual) <= round(estimate.hi, more)
    ):
        return usd(estimate.est)
    return _plain(estimate.est, more)


def usd_ends(low: float, high: float, digits: int | None = None) -> tuple[str, str]:
    """Both ends of an interval of money, with more decimals where they would otherwise look like one amount.

    Args:
        low: Lower end.
        high: Upper end.
        digits: Decimals of the column that they stand in; None for those of each amount by itself.
    """
    more = _more_decimals(low, high, digits)
    if more is not None:
        return _plain(low, more), _plain(high, more)
    return (usd(low), usd(high)) if digits is None else (usd_at(low, digits), usd_at(high, digits))


def _more_decimals(low: float, high: float, digits: int | None) -> int | None:
    """Decimals that tell both ends of an interval of money apart, where those that they would have do not; else None.

    Only more than those that failed are tried: with fewer, two ends beside a rounding edge look a whole unit apart.
    """
    texts = (usd(low), usd(high)) if digits is None else (usd_at(low, digits), usd_at(high, digits))
    if same_amount(low, high) or not _alike(*texts):
        return None
    usual = [_usual_digits(end) if digits is None or _in_millions(end) else digits for end in (low, high)]
    return digits_apart(low, high, _plain, [more for more in range(0, 14, 2) if more > max(usual)])


def digits_apart(low: float, high: float, text: Callable[[float, int], str], digits: Sequence[int]) -> int:
    """How many decimals tell both ends of an interval apart: the first of these that does, else the last.

    Args:
        low: Lower end.
        high: Upper end; where it is the same as the lower one, nothing can tell them apart and the first is taken.
        text: A figure with so many decimals.
        digits: Decimals to try, in order, each more than the one before.
    """
    if same_amount(low, high):
        return digits[0]
    return next((more for more in digits if not _alike(text(low, more), text(high, more))), digits[-1])


def _alike(one: str, other: str) -> bool:
    """Whether two figures say the same; a zero is one however it is written: `$0`, `$0.00`, `−$0.00`."""
    return one == other or not any(figure in text for text in (one, other) for figure in "123456789")


def ends_apart(low: float, high: float, text: Callable[[float, int], str], digits: Sequence[int]) -> tuple[str, str]:
    """Both ends of an interval, with more decimals where they would otherwise look like one figure."""
    more = digits_apart(low, high, text, digits)
    return text(low, more), text(high, more)


def percent_ends(low: float, high: float, digits: int = 0) -> tuple[str, str]:
    """Both ends of an interval of a rate: `53%` and `54%`; `53.2%` and `53.4%` where they would look like one."""
    return ends_apart(low, high, percent, range(digits, digits + 9))


def _plain(value: float, digits: int) -> str:
    return f"{MINUS if value < 0 else ''}${abs(value):,.{digits}f}" if value else "$0"


def points(delta: float, digits: int = 1) -> str:
    """A difference of rates in percentage points: `−0.9`, `+1.2`, `0.0`."""
    text = f"{abs(delta) * 100:.{digits}f}"
    if not float(text):
        return text
    return (MINUS if delta < 0 else "+") + text


def points_interval(estimate: Estimate) -> str:
    """`−0.9 [−1.8, 0.0]`."""
    return _interval(estimate, points, range(1, 10))


def percent(share: float, digits: int = 0) -> str:
    """A rate: `44%`."""
    text = f"{abs(share) * 100:.{digits}f}"
    return (MINUS if share < 0 and float(text) else "") + text + "%"


def percent_share(share: float, digits: int = 0) -> str:
    """A part of a whole, or a chance: `44%`; what is there is never `0%`, and what is not all never `100%`: `<1%`,
    `>99%`.
    """
    text, unit = percent(share, digits), 10.0**-digits / 100
    if share > _NOTHING and text == percent(0.0, digits):
        return f"<{percent(unit, digits)}"
    if share < 1 - _NOTHING and text == percent(1.0, digits):
        return f">{percent(1 - unit, digits)}"
    return text


def percent_brief(share: float) -> str:
    """A rate that a person wrote, with a decimal only where it has one: `10%`, `12.5%`."""
    return percent(share, 0 if round(share * 100, 6).is_integer() else 1)


def percent_interval(estimate: Estimate, digits: int = 1) -> str:
    """`91.6% [90.9%, 92.2%]`."""
    return _interval(estimate, percent, range(digits, digits + 9))


def kappa_interval(estimate: Estimate) -> str:
    """An agreement beyond chance: `0.84 [0.71, 0.92]`."""
    return _interval(estimate, lambda value, digits: f"{value:.{digits}f}".replace("-", MINUS), range(2, 10))


def count(value: float) -> str:
    """A number of things with thousands separators; one decimal where requests are split by shares of their answers."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def compact(value: float) -> str:
    """A large count: `3.09 M`, `12.8 k`, `812`."""
    if value >= 999_500:
        return f"{value / 1e6:.2f} M"
    return f"{value / 1e3:.1f} k" if value >= 9_995 else f"{value:,.0f}"


def milliseconds(value: float | None, within: float = 0.0) -> str:
    """A duration: `812 ms`, `4.2 s`; unknown as a dash.

    Args:
        value: To show.
        within: The share of it by which it can be wrong: with any, no more than two digits are told, `810 ms`.
    """
    if value is None:
        return "–"
    if within and value > 0:
        value = round(value, 1 - math.floor(math.log10(value)))
    return f"{value / 1000:.1f} s" if value >= 999.5 else f"{value:.0f} ms"


def sparkline(values: Sequence[float]) -> str:
    """Bars of eighths, zero an empty cell. Values are not negative."""
    top = max(values, default=0.0)
    return "".join(_BARS[math.ceil(value / top * (len(_BARS) - 1))] if top > 0 else _BARS[0] for value in values)


def run_means(values: Sequence[float], most: int = 38) -> tuple[int, list[float]]:
    """At most so many figures in place of a course of more: how many values each is the mean of, and the figures.

    Means, because the last run may be shorter: its sum would look like a fall.
    """
    run = max(math.ceil(len(values) / most), 1)
    parts = [values[at : at + run] for at in range(0, len(values), run)]
    return run, [math.fsum(part) / len(part) for part in parts]


def rounded_parts(values: Mapping[str, float], digits: int = 0) -> dict[str, float]:
    """Round parts so that they add up to the rounded total; the residue goes to the largest part."""
    rounded = {name: round(value, digits) for name, value in values.items()}
    if rounded:
        residue = round(round(sum(values.values()), digits) - sum(rounded.values()), digits)
        largest = max(rounded, key=lambda name: abs(values[name]))
        rounded[largest] = round(rounded[largest] + residue, digits)
    return rounded


def usd_parts(
    values: Mapping[str, float],
    groups: Mapping[str, str] | None = None,
    ends: Mapping[str, Estimate] | None = None,
) -> dict[str, str]:
    """Money in a column, written as precisely as its total, so that what is shown adds up to the total shown.

    Every part is within one unit of its value: with hundreds of parts the residue is shared out by largest remainder.
    What is less than one unit of such a column is `<$1`: $0 is said of nothing alone.

    Args:
        values: Amounts by name.
        groups: Part name to group name; the sums of the groups are added to the result under the group's name.
        ends: Intervals of some amounts, by name. A part that would leave its own takes none of the residue while
            another can: an amount that is known exactly keeps its value.
    """
    total = sum(values.values())
    digits = money_digits(total)
    unit = 10**digits
    units = {name: round(value * unit) for name, value in values.items()}
    residue = round(total * unit) - sum(units.values())
    step = 1 if residue > 0 else -1
    missing = {name: step * (values[name] * unit - units[name]) for name in values}

    def reluctance(name: str) -> tuple[bool, bool, float]:
        end = (ends or {}).get(name)
        leaves = end is not None and not _encloses(end, (units[name] + step) / unit, digits)
        return missing[name] <= 0, leaves, -missing[name]

    for name in sorted([*values][::step], key=reluctance)[: abs(residue)]:
        units[name] += step
    something = {name: value != 0 for name, value in values.items()}
    for name, group in (groups or {}).items():
        units[group] = units.get(group, 0) + units[name]
        something[group] = something.get(group, False) or something[name]
    return {
        name: usd_at(whole / unit, digits) if whole or not something[name] else f"<{usd_at(1 / unit, digits)}"
        for name, whole in units.items()
    }


def _encloses(ends: Estimate, value: float, digits: int) -> bool:
    """Whether an amount lies between two ends that are written with as many decimals; an unknown end is anywhere."""
    low = -math.inf if ends.lo is None else round(ends.lo, digits)
    high = math.inf if ends.hi is None else round(ends.hi, digits)
    return low <= value <= high


def _in_millions(value: float) -> bool:
    return abs(value) >= 999_999.5


def _usual_digits(value: float) -> int:
    """Decimals of an amount by itself."""
    return _MILLIONS if _in_millions(value) else money_digits(value)


def money_digits(total: float) -> int:
    """Decimals of a column of money with this total."""
    return 0 if abs(total) >= 99.995 else 2 if abs(total) >= 0.095 else 4


def usd_at(value: float, digits: int) -> str:
    """Money with so many decimals, as it stands in a column; millions as ever."""
    if _in_millions(value):
        return usd(value)
    if value == 0:
        return "$0"
    return f"{MINUS if value < 0 else ''}${abs(value):,.{digits}f}"


def usd_cell(value: float, digits: int) -> str:
    """Money in a column whose total is written with so many decimals: what is there is never `$0`, but `<$1`; nothing
    is `$0` whatever the decimals, as in `usd_parts`."""
    if value == 0:
        return "$0"
    return usd_at(value, digits) if value <= 0 or round(value, digits) else f"<{usd_at(10**-digits, digits)}"


def _interval(estimate: Estimate, text: Callable[[float, int], str], digits: Sequence[int]) -> str:
    """An estimate and its ends with as many decimals, so that it does not seem to lie outside them."""
    if estimate.lo is None or estimate.hi is None:
        return text(estimate.est, digits[0])
    more = digits_apart(estimate.lo, estimate.hi, text, digits)
    return f"{text(estimate.est, more)} [{text(estimate.lo, more)}, {text(estimate.hi, more)}]"


def visible(text: str) -> str:
    """Untrusted text with control, bidirectional and zero-width characters drawn as visible signs."""
    if text.isprintable():
        return text
    out = []
    for char in text:
        category = unicodedata.category(char)
        if char in "\n\t" or category not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            out.append(char)
        elif ord(char) < 32:
            out.append(chr(0x2400 + ord(char)))
        else:
            out.append(f"⟦U+{ord(char):04X}⟧")
    return "".join(out)


def terminal_safe(text: str) -> str:
    """Untrusted text for a terminal: escape sequences removed, other controls drawn, on one line."""
    return visible(_CONTROLS.sub("", text)).replace("\n", " ").replace("\t", " ")


def cut_in_the_middle(text: str, longest: int) -> str:
    """A name in so many characters: its end stays, because two may differ there alone."""
    if len(text) <= longest:
        return text
    end = longest // 2
    return f"{text[: longest - end - 1]}…{text[-end:]}"


def plural(number: int, noun: str, plural_noun: str | None = None) -> str:
    """`1 route`, `5 routes`."""
    return f"{number:,} {noun if number == 1 else plural_noun or noun + 's'}"


def listing(items: Sequence[str], conjunction: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {conjunction} {items[-1]}"


_ASCII = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "…": "...", "·": "|", "→": "->", "≤": "<=", "≥": ">=", "≈": "~", "✗": "x", "✓": "+"}
    | {"●": "*", "◐": "/", "■": "#", "◇": "?", "█": "#", "━": "=", "╸": "-", "│": "|"}
)


def ascii_only(text: str) -> str:
    """Text for a terminal whose encoding is not UTF-8: our signs as ASCII ones, everything else as escapes."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
