"""Sample sizes and their power."""

import pytest

from audit.stats.exact import Region
from audit.stats.planning import (
    pairs_needed,
)
from tests.stats.regions import rejection_region

TABLE = {
    0.02: (1397, 425, 225, 107, 41),
    0.05: (3162, 837, 400, 167, 56),
    0.10: (6215, 1578, 717, 274, 81),
    0.20: (12378, 3104, 1386, 507, 134),
    0.35: (21643, 5414, 2408, 869, 220),
}


@pytest.mark.acceptance(6)
@pytest.mark.parametrize(("discordance", "expected"), TABLE.items())
def test_table_of_sample_sizes(discordance: float, expected: tuple[int, ...]) -> None:
    """The published table: equal arms, alpha .05, power .80, margins of 1, 2, 3, 5 and 10 points."""
    found = tuple(
        pairs_needed(discordance=discordance, margin=margin, alpha=0.05) for margin in (0.01, 0.02, 0.03, 0.05, 0.10)
    )
    assert found == expected


@pytest.mark.acceptance(6)
def test_golden() -> None:
    """A drop of .0197 needs 363 pairs; without a pilot 389; a drop of the margin cannot pass."""
    assert pairs_needed(discordance=0.0409, delta=-0.0197, margin=0.05, alpha=0.05) == 363
    assert pairs_needed(margin=0.05, alpha=0.05) == 389
    assert pairs_needed(discordance=0.1, delta=-0.05, margin=0.05, alpha=0.05) is None
    assert pairs_needed(discordance=0.1, delta=-0.06, margin=0.05, alpha=0.05) is None
    assert pairs_needed(discordance=0.0, margin=0.05, alpha=0.05) == 59


def test_planned_power_is_reached() -> None:
    """The exact power at the planned n is close to the 80 % that was asked for."""
    for discordance, delta, margin in ((0.1, 0.0, 0.05), (0.15, 0.0, 0.1), (0.0409, -0.0197, 0.05), (0.2, 0.02, 0.05)):
        n = pairs_needed(discordance=discordance, delta=delta, margin=margin, alpha=0.05)
        assert n is not None
        region = rejection_region(n, margin=margin, alpha=0.05)
        gains, losses = (discordance + delta) / 2, (discordance - delta) / 2
        assert 0.77 <= Region.of(region).probability(losses, gains) <= 0.88
