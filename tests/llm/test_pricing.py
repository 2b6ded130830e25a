"""Prices: the tier's own, else the list's, else an error; never $0 by accident."""

from __future__ import annotations

from datetime import date

import pytest

from audit.core.errors import PriceUnknown
from audit.core.exchange import Usage
from audit.core.settings import TierSettings
from audit.llm.pricing import catalogue_version, price_of, resolve_price

DAY = date(2026, 6, 1)


def settings(**rest: object) -> TierSettings:
    """One entry of `tiers:`."""
    return TierSettings.model_validate({"name": "t", "model": "gpt-4o-mini", "provider": "openai", **rest})


def test_a_known_call_has_its_known_cost() -> None:
    """gpt-4o-mini, 1,000 prompt tokens of which 600 cached, 200 completion tokens: $0.000225."""
    price = price_of("gpt-4o-mini", "openai", on=DAY)
    assert price is not None
    cost = price.cost_usd(Usage(prompt_tokens=1000, cached_tokens=600, completion_tokens=200))
    assert cost == pytest.approx(0.000225)


def test_the_source_names_the_catalogue() -> None:
    """Name, version, vendor and model of the list price are in its source, with the day."""
    price = resolve_price(settings(), on=DAY)
    assert price.source.startswith(f"{catalogue_version()}, openai/gpt-4o-mini")
    assert price.as_of == "2026-06-01"


def test_the_users_own_price_goes_first() -> None:
    """A negotiated price is not looked up."""
    price = resolve_price(settings(price={"input": 0.1, "output": 0.2, "as_of": "2026-01-01"}))
    assert (price.input, price.output, price.source, price.as_of) == (0.1, 0.2, "audit.yaml", "2026-01-01")


def test_prices_follow_the_day() -> None:
    """A model whose price changed has the old one on an old day."""
    then, now = (price_of("claude-sonnet-4-6", "anthropic", on=day) for day in (date(2026, 3, 1), date(2026, 6, 1)))
    assert then is not None
    assert now is not None
    assert "base step" in then.source
    assert "base step" not in now.source


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("acme-large-2-ft", "openai"),
        ("no-such-model-anywhere", None),
        ("gpt-4o-mini", "github-copilot"),  # a subscription: in the catalogue, without a price
    ],
)
def test_what_has_no_list_price_has_none(model: str, provider: str | None) -> None:
    """Unknown models and subscriptions are None, never $0."""
    assert price_of(model, provider, on=DAY) is None


@pytest.mark.parametrize(
    ("model", "provider", "vendor"),
    [
        ("gpt-4o-mini", "azure_openai", "azure"),
        ("openai/gpt-4o-mini", "openai", "openai"),
        ("gpt-4o-mini", None, "openai"),
        ("gpt-4o-mini", "some-gateway", "openai"),
        ("gemini-2.0-flash", "vertex_ai", "google"),
    ],
)
def test_vendors_go_by_many_names(model: str, provider: str | None, vendor: str) -> None:
    """Aliases name the vendor; without a known one it is the maker's."""
    price = price_of(model, provider, on=DAY)
    assert price is not None
    assert f" {vendor}/" in price.source


def test_a_private_endpoint_has_no_list_price() -> None:
    """A model of a famous name behind an address of one's own is not priced as the vendor's."""
    with pytest.raises(PriceUnknown, match="no price for tier `t`") as raised:
        resolve_price(settings(provider="openai-compatible", base_url="http://localhost:8000/v1"))
    assert "price: {input:" in (raised.value.hint or "")


def test_a_vendors_address_names_it() -> None:
    """`openai-compatible` at a vendor's own address is priced by that vendor's list."""
    price = resolve_price(
        settings(
            provider="openai-compatible", base_url="https://api.groq.com/openai/v1", model="llama-3.3-70b-versatile"
        ),
        on=DAY,
    )
    assert " groq/" in price.source


def test_simulated_and_recorded_tiers_need_a_price() -> None:
    """A tier in this process has no list price either: what it would cost must be said."""
    with pytest.raises(PriceUnknown):
        resolve_price(settings(provider="cassette"))
