"""Numbers as people read them."""

import math
import random
import re
from collections.abc import Callable, Iterator

import pytest

from audit.core import display
from audit.core.interval import Estimate
from audit.report.words import range_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (0.00001, "$0.00"),
        (0.0042, "$0.0042"),
        (12.4, "$12.40"),
        (99.99, "$99.99"),
        (99.996, "$100"),
        (18153.2, "$18,153"),
        (999_999.4, "$999,999"),
        (999_999.6, "$1.00M"),
        (1_240_000, "$1.24M"),
        (-212, "−$212"),
    ],
)
def test_money(value: float, text: str) -> None:
    """Two decimals below $100, none above, millions as M, and the sign before the dollar."""
    assert display.usd(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (0.000016049, "$0.000016"),
        (0.00034, "$0.00034"),
        (0.00996, "$0.0100"),
        (0.0031, "$0.0031"),
        (2.5, "$2.50"),
    ],
)
def test_what_a_call_cost(value: float, text: str) -> None:
    """A call costs a fraction of a cent, which is not nothing."""
    assert display.usd_call(value) == text


@pytest.mark.parametrize(("value", "text"), [(-0.009, "−0.9"), (0.012, "+1.2"), (0.0, "0.0"), (-0.0004, "0.0")])
def test_points(value: float, text: str) -> None:
    """One decimal with a sign, and a zero has none."""
    assert display.points(value) == text


def test_an_interval_follows_its_estimate() -> None:
    """Every estimate is followed by its two ends."""
    assert display.points_interval(Estimate(est=-0.009, lo=-0.018, hi=0, level=0.95)) == "−0.9 [−1.8, 0.0]"
    assert display.usd_interval(Estimate(est=7400, lo=6907, hi=7894, level=0.95)) == "$7,400 [$6,907, $7,894]"


def test_an_unbounded_estimate_stands_alone() -> None:
    """What has no interval shows none, rather than an invented one."""
    assert display.usd_interval(Estimate(est=7400, lo=None, hi=None, level=0.95)) == "$7,400"


def test_rounded_parts_add_up() -> None:
    """Parts are rounded so that they add up to the rounded total; the largest takes the residue."""
    parts = {"a": 7400.4, "b": 6379.4, "c": 4374.4}
    assert sum(display.rounded_parts(parts).values()) == round(sum(parts.values()))


def test_strangers_text_cannot_steer_a_terminal() -> None:
    """Escape sequences are removed; other control and bidirectional characters are drawn."""
    assert display.terminal_safe("a\x1b[31mred\x1b[0m\x07\u202eb\n::error::") == "ared␇⟦U+202E⟧b ::error::"


def test_listing() -> None:
    """Names are joined as in a sentence."""
    assert [display.listing(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    "text",
    [
        display.points_interval,
        display.usd_interval,
        display.percent_interval,
        lambda estimate: display.percent_interval(estimate, 0),
    ],
)
def test_ends_that_differ_look_different(text: Callable[[Estimate], str]) -> None:
    """Two ends that would round to one figure get more digits; ends that are one figure stay one, or are left out."""
    rng = random.Random(5)
    for _ in range(2_000):
        low, width = rng.uniform(-0.9, 0.9), 10 ** rng.uniform(-4, 0)
        low, high = text(Estimate(est=low, lo=low, hi=low + width, level=0.95)).partition("[")[2][:-1].split(", ")
        assert low != high
    same = text(Estimate(est=0.5, lo=0.5, hi=0.5, level=0.95)).partition("[")[2][:-1].split(", ")
    assert len(set(same)) == 1
    assert len(same[0]) <= len("+50.0")


def amounts(text: str) -> list[float]:
    """Amounts of money in a text, as printed."""
    found = re.findall(r"(−?)\$([\d,]+(?:\.\d+)?)(M?)", text)
    signs = [(-1 if sign else 1) * (1e6 if millions else 1) for sign, _, millions in found]
    return [sign * float(figures.replace(",", "")) for sign, (_, figures, _) in zip(signs, found, strict=True)]


def intervals() -> Iterator[Estimate]:
    """Money of every size with ends of every width, many of them beside an edge of rounding."""
    rng = random.Random(11)
    for _ in range(6_000):
        middle = rng.choice([0.0, 0.5, 1.0]) + rng.choice([0, 1, 27, 99.495, 10 ** rng.uniform(-4, 7)])
        low = rng.choice([1, -1]) * middle - 10 ** rng.uniform(-6, 3)
        high = low + 10 ** rng.uniform(-8, 3)
        yield Estimate(est=rng.uniform(low, high), lo=low, hi=high, level=0.95)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (display.usd_interval, 0.0),
        (range_text, 0.0),
        (lambda one: " ".join(display.usd_ends(one.lo or 0.0, one.hi or 0.0, 0)), 0.5),
        (lambda one: " ".join(display.usd_ends(one.lo or 0.0, one.hi or 0.0, 2)), 0.005),
    ],
)
def test_an_interval_of_money_is_printed_as_it_is(text: Callable[[Estimate], str], step: float) -> None:
    """Its ends differ where they do, the estimate lies within them, and none is rounded by more than its usual unit."""
    for one in intervals():
        assert one.lo is not None
        assert one.hi is not None
        if one.is_exact:
            continue
        printed = text(one)
        *_, low, high = amounts(printed)
        assert low < high, (one, printed)
        (estimate,) = amounts(display.usd_estimate(one))
        if not step:
            assert low <= estimate <= high, (one, printed)
        for end, shown in ((one.lo, low), (one.hi, high)):
            usual = 5_000 if abs(end) > 999_999 else 0.5 if abs(end) > 99.9 else 0.005 if abs(end) > 0.09 else 0.00006
            assert abs(end - shown) <= max(usual, step if abs(end) < 999_999 else 0.0) * 1.001, (one, printed)


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (2.498, 2.503, ("$2.4980", "$2.5030")),
        (27.4996, 27.5004, ("$27.4996", "$27.5004")),
        (0, 0.00001, ("$0", "$0.000010")),
        (0.1 + 0.2, 0.3, ("$0.30", "$0.30")),
    ],
)
def test_more_decimals_than_those_that_failed(low: float, high: float, ends: tuple[str, str]) -> None:
    """Two ends beside an edge of rounding do not look a whole dollar apart; what floats add up to is one amount."""
    assert display.usd_ends(low, high) == ends


def test_a_sparkline_has_a_bar_for_each_value() -> None:
    """Zero alone is empty, and the largest is whole."""
    assert display.sparkline([0, 0.001, 1, 2]) == " ▁▄█"
    assert display.sparkline([0, 0]) == "  "
    assert display.sparkline([]) == ""


@pytest.mark.parametrize("length", [0, 1, 4, 5, 7, 8, 9, 100])
def test_a_long_course_is_told_by_means(length: int) -> None:
    """What stays the same stays the same, also in a shorter last run; weighed by their days, the means are the sum."""
    run, means = display.run_means([2.0] * length, most=4)
    assert set(means) <= {2.0}
    assert len(means) == math.ceil(length / run) <= 4
    rising = [float(n) for n in range(length)]
    run, means = display.run_means(rising, most=4)
    sizes = [min(run, length - at) for at in range(0, length, run)]
    assert sum(mean * size for mean, size in zip(means, sizes, strict=True)) == pytest.approx(sum(rising))


def test_no_share_is_rounded_to_none_or_to_all() -> None:
    """A share is written as 0 % or as 100 % where it is, and within half a unit of what it is elsewhere."""
    rng = random.Random(3)
    shares = [0.0, 1.0, 1e-6, 1 - 1e-6, 0.0049, 0.005, 0.995, 0.9951, *(rng.random() for _ in range(2_000))]
    for share in shares:
        for digits in (0, 1, 2):
            text = display.percent_share(share, digits)
            nothing, all_of_it = f"{0:.{digits}f}%", f"{100:.{digits}f}%"
            assert (text == nothing, text == all_of_it) == (share == 0, share == 1), text
            if text[0] not in "<>":
                assert abs(float(text[:-1]) - share * 100) <= 0.5 * 10.0**-digits + 1e-9
    assert [display.percent_share(share) for share in (0.004, 0.996, 0.0, 1.0, 0.1 + 0.2 + 0.7)] == [
        *("<1%", ">99%", "0%", "100%", "100%"),
    ]
    assert [display.percent_share(share, 1) for share in (0.0004, 0.9996)] == ["<0.1%", ">99.9%"]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.0, 0, "$0"), (0.3, 0, "<$1"), (0.6, 0, "$1"), (0.004, 2, "<$0.01"), (0.3, 2, "$0.30"), (250.0, 0, "$250")],
)
def test_a_cell_of_money_is_zero_for_nothing_alone(value: float, digits: int, text: str) -> None:
    """What is less than a unit of its column is no $0."""
    assert display.usd_cell(value, digits) == text
