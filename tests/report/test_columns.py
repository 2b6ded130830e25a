"""Money in columns: what is shown adds up."""

import random

import pytest

from audit.core.display import usd_parts


def units(text: str) -> float:
    """The number in a money text."""
    return float(text.replace("$", "").replace(",", "").replace("−", "-"))


@pytest.mark.parametrize("scale", [0.0001, 0.01, 1.0, 40.0, 3_000.0])
def test_hundreds_of_parts_add_up_and_stay_near(scale: float) -> None:
    """The parts shown are the total shown, and each is within one unit of its value."""
    rng = random.Random(5)
    values = {str(index): rng.expovariate(1) * scale for index in range(300)}
    texts = usd_parts(values)
    total = sum(values.values())
    unit = 1.0 if total >= 100 else 0.01 if total >= 0.095 else 0.0001
    assert sum(units(text) for text in texts.values()) == pytest.approx(round(total / unit) * unit, abs=unit / 100)
    assert all(abs(units(texts[name]) - value) < unit for name, value in values.items())


def test_groups_are_sums_of_what_is_shown() -> None:
    """A group's text is the sum of its parts as they are written."""
    texts = usd_parts({"a": 100.2, "b": 50.45, "c": 50.4}, {"b": "rest", "c": "rest"})
    assert texts == {"a": "$100", "b": "$51", "c": "$50", "rest": "$101"}


def test_nothing_stays_nothing() -> None:
    """A part of exactly $0 takes no residue, a negative one keeps its sign, and no parts are no column."""
    assert usd_parts({"a": 0.0, "b": 150.5, "c": -20.2}) == {"a": "$0", "b": "$150", "c": "−$20"}
    assert usd_parts({}) == {}
