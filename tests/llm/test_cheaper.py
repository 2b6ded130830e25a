"""Cheaper models of the same vendor, as a first configuration proposes them."""

from __future__ import annotations

import pytest

from audit.core.exchange import Usage
from audit.core.settings import TierSettings
from audit.llm.cheaper import CHEAPER, CLASS_BELOW, cheaper_models
from audit.llm.pricing import price_of
from audit.llm.tiers import resolve_tier

USAGE = Usage(prompt_tokens=1_000, completion_tokens=200)


@pytest.mark.parametrize(
    ("model", "provider", "nearest"),
    [
        ("gpt-4.1", "openai", "gpt-4.1-mini"),
        ("openai/gpt-4o", None, "gpt-4o-mini"),
        ("claude-sonnet-4-5-20250929", "anthropic", "claude-haiku-4-5"),
        ("gemini-2.5-pro", "vertex_ai", "gemini-2.5-flash"),
    ],
)
def test_relatives_that_cost_less(model: str, provider: str | None, nearest: str) -> None:
    """The nearest relative comes first; each has a list price, costs clearly less, and is a tier as it stands."""
    found = cheaper_models(model, provider, USAGE)
    assert found[0].model == nearest
    assert 0 < len(found) <= 3
    now = price_of(model.rpartition("/")[2], provider or "openai")
    assert now is not None
    for one in found:
        tier = resolve_tier(TierSettings(name=one.model, model=one.model, provider=one.provider))
        assert tier.base_url
        assert tier.price.cost_usd(USAGE) == pytest.approx(one.share * now.cost_usd(USAGE))
        assert one.share <= CHEAPER


def test_nothing_is_proposed_of_what_is_not_known() -> None:
    """A model of nobody's, one that is billed nothing, and a vendor whose address depends on the account."""
    assert not cheaper_models("acme-large-2", None, USAGE)
    assert not cheaper_models("gpt-4.1", "openai", Usage(prompt_tokens=0, completion_tokens=0))
    assert not cheaper_models("anthropic.claude-3-5-sonnet-20241022-v2:0", "bedrock", USAGE)


@pytest.mark.parametrize(
    ("model", "provider"),
    [("claude-opus-4-1", "anthropic"), ("claude-sonnet-4-5", "anthropic"), ("gpt-4o", "openai")],
)
def test_one_of_a_cheaper_class_is_among_them(model: str, provider: str) -> None:
    """Relatives of one price are not all that is proposed where the vendor sells for half of that."""
    three, every = (cheaper_models(model, provider, USAGE, most=most) for most in (3, 1_000))
    nearest = min(one.share for one in every[:3])
    if any(one.share <= CLASS_BELOW * nearest for one in every):
        assert min(one.share for one in three) <= CLASS_BELOW * nearest


def test_opus_has_a_haiku_beside_it() -> None:
    """Its next versions cost a third, and Haiku a fifteenth."""
    found = [one.model for one in cheaper_models("claude-opus-4-1", "anthropic", USAGE)]
    assert any("haiku" in model for model in found)
