"""Quantities as people write them."""

import pytest
from pydantic import ValidationError

from audit.core.settings import Settings


@pytest.mark.parametrize(("text", "value"), [("3pt", 0.03), ("0.5 pt", 0.005), ("10pts", 0.1)])
def test_points_are_read(text: str, value: float) -> None:
    """A margin in points is a difference of rates."""
    assert Settings(margin=text).margin == pytest.approx(value)


@pytest.mark.parametrize("text", ["3", 3, "3%", "three", "", "3 points of it", "300pt"])
def test_a_margin_without_its_unit_is_refused(text: object) -> None:
    """`3` could be points or per cent, so it is neither."""
    with pytest.raises(ValidationError, match="write it like `3pt`"):
        Settings(margin=text)


def test_dollars_and_shares() -> None:
    """`$1,250.50` and `95%` are what they say."""
    settings = Settings(max_spend="$1,250.50", confidence="95%")
    assert settings.max_spend == pytest.approx(1250.5)
    assert settings.alpha == pytest.approx(0.05)
