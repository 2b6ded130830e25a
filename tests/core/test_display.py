"""Numbers as people read them."""

import random
from collections.abc import Callable

import pytest

from audit.core import display
from audit.core.interval import Estimate


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
    """Two ends that would round to one figure get more digits; ends that are one figure stay one."""
    rng = random.Random(5)
    for _ in range(2_000):
        low, width = rng.uniform(-0.9, 0.9), 10 ** rng.uniform(-4, 0)
        low, high = text(Estimate(est=low, lo=low, hi=low + width, level=0.95)).partition("[")[2][:-1].split(", ")
        assert low != high
    same = text(Estimate(est=0.5, lo=0.5, hi=0.5, level=0.95)).partition("[")[2][:-1].split(", ")
    assert same[0] == same[1]
    assert len(same[0]) <= len("+50.0")
