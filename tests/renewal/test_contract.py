"""What stands in `contract:`, and what it does not touch."""

from pathlib import Path

import pytest

from audit.config.load import load_settings, settings_digest
from audit.core.contract import ContractSettings, probabilities
from audit.core.settings import Settings
from tests.renewal.world import contract


def test_an_offer_is_no_part_of_the_audit(tmp_path: Path) -> None:
    """Another offer makes no plan stale and no run folder new: it decides nothing that is measured."""
    path = tmp_path / "audit.yaml"
    path.write_text('contract: {vendors: [{name: a, models: ["*"], discount: 10%}]}')
    first = load_settings(path)
    assert first.contract is not None
    assert settings_digest(first) == settings_digest(Settings())


def test_what_is_committed_is_added_up() -> None:
    """Over the vendors that name it; None when none does."""
    assert contract().committed_usd is None
    vendors = [
        {"name": "a", "models": ["a"], "committed_usd": "$100"},
        {"name": "b", "models": ["b"]},
        {"name": "c", "models": ["c"], "committed_usd": "$20"},
    ]
    assert contract(vendors=vendors).committed_usd == 120


def test_probabilities_left_out() -> None:
    """Scenarios without one share what the others leave."""
    growth = [{"name": "a", "probability": "50%"}, {"name": "b"}, {"name": "c"}]
    assert probabilities(contract(growth=growth).growth) == pytest.approx((0.5, 0.25, 0.25))


def test_the_first_vendor_bills() -> None:
    """Like routes: the first whose glob fits."""
    both = contract(vendors=[{"name": "a", "models": ["x-large"]}, {"name": "b", "models": ["x-*"]}])
    assert [getattr(both.vendor_of(model), "name", None) for model in ("x-large", "x-mini", "y")] == ["a", "b", None]


def test_only_the_vendors_are_obligatory() -> None:
    """Every other key has a default, which the output lists."""
    made = ContractSettings.model_validate({"vendors": [{"name": "a", "models": ["*"]}]})
    assert (made.months, made.risk, made.moves_after, len(made.growth)) == (12, 0.1, 0, 1)
