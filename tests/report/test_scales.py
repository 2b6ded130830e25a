"""Scales, ticks and labels: pure numbers."""

import itertools

import pytest

from audit.report.scales import Linear, elided, nice_domain, nice_ticks, shortened, spans_apart, spread, text_width


def test_a_scale_maps_its_ends_onto_its_range() -> None:
    """Domain ends land on range ends, also on an axis that points up."""
    scale = Linear(low=-2, high=6, start=100, end=0)
    assert [scale(-2), scale(2), scale(6)] == [100, 50, 0]


def test_a_scale_clips_to_its_domain() -> None:
    """A value outside lands on the nearer end, and an empty domain on the middle."""
    scale = Linear(low=0, high=1, start=10, end=20)
    assert (scale.clip(-5), scale.clip(5), scale(2)) == (10, 20, 30)
    assert Linear(low=3, high=3, start=0, end=8)(3) == 4


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.08, 0.04, (-0.08, -0.06, -0.04, -0.02, 0.0, 0.02, 0.04)),
        (0, 1, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (12.3, 12.9, (12.3, 12.4, 12.5, 12.6, 12.7, 12.8, 12.9)),
        (0, 83_000, (0.0, 20_000.0, 40_000.0, 60_000.0, 80_000.0)),
        (5, 5, (5,)),
    ],
)
def test_ticks_are_round_and_inside(low: float, high: float, expected: tuple[float, ...]) -> None:
    """Ticks are multiples of 1, 2 or 5 times a power of ten, zero exact."""
    assert nice_ticks(low, high) == expected


def test_a_domain_widens_to_round_values() -> None:
    """The widened domain holds the given one."""
    low, high = nice_domain(-0.074, 0.031)
    assert low <= -0.074
    assert high >= 0.031
    assert (round(low, 6), round(high, 6)) == (-0.08, 0.04)


@pytest.mark.parametrize("places", [[10, 11, 12], [0, 0, 0], [90, 95, 99], [50], [], [99, 1, 50]])
def test_labels_are_pushed_apart_in_their_order(places: list[float]) -> None:
    """Neighbours keep the gap, stay inside, and do not change places."""
    moved = spread(places, 14, 0, 100)
    assert all(b - a >= 14 for a, b in itertools.pairwise(sorted(moved)))
    assert all(0 <= place <= 100 for place in moved)
    assert [moved.index(x) for x in sorted(moved)] == sorted(range(len(places)), key=lambda i: (places[i], i))


def test_labels_without_room_keep_the_gap() -> None:
    """With too little room the gap holds and the last go over the edge."""
    moved = spread([1, 2, 3], 10, 0, 5)
    assert moved == [0, 10, 20]


def test_labels_in_a_row_end_inside() -> None:
    """Labels over the segments of a bar neither overlap nor leave the bar on the right."""
    starts = spans_apart([0, 900, 940], [100, 90, 80], 10, 1000)
    assert starts == [0, 820, 920]


def test_long_names_are_cut_where_told() -> None:
    """Full-width characters count double, and elision keeps both ends."""
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"
    assert shortened("发票字段", 6) == "发票…"
    assert elided("a" * 50 + "tail", 20) == "a" * 12 + "…" + "aaatail"
    assert elided("发票字段" * 5 + "v2", 12) == "发票字…段v2"


@pytest.mark.parametrize("limit", [8, 22, 28, 34])
@pytest.mark.parametrize("text", ["/finance/invoice-extraction-v2" * 2, "发票" * 20 + "-v2", "a → b … " * 9 + "-v2"])
def test_a_cut_name_keeps_its_end_in_the_room_it_has(text: str, limit: int) -> None:
    """One ellipsis, which is as wide as a letter."""
    cut = elided(text, limit)
    assert cut.endswith("v2")
    assert cut.count("…") - text.count("…") <= 1
    assert text_width(cut, 1) <= text_width("a" * limit, 1)
