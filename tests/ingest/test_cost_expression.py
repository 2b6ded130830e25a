"""The expression that prices a part grows with the classes of tokens, not with what two to their power is."""

from __future__ import annotations

import pytest

from audit.ingest.second_pass import _RATES, _cost


@pytest.mark.parametrize("rate", _RATES)
def test_each_rate_stands_in_the_sum_a_few_times(rate: str) -> None:
    """No addend holds the sum before it twice."""
    # The input's rate is also what a class without one costs, and what an image is dearer than.
    assert 1 <= str(_cost()).count(f'col("_{rate}")') <= 4
