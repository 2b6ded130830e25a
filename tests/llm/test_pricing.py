"""Prices: the tier's own, else the list's, else an error; never $0 by accident."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from genai_prices import data_snapshot

from audit.core.errors import PriceUnknown
from audit.core.exchange import Usage
from audit.core.rates import CallKind
from audit.core.reason import Reason
from audit.core.settings import TierSettings
from audit.llm.logprices import rates_of
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
    assert (bool(then.steps), bool(now.steps)) == (True, False)


def test_a_candidate_costs_what_the_same_call_costs_in_the_log() -> None:
    """Every model whose price rises with the prompt's length, at every length about a step: one price on both sides."""
    moment, compared = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC), 0
    for vendor in data_snapshot.get_snapshot().providers:
        for entry in vendor.models:
            price = price_of(entry.id, vendor.id, on=DAY)
            if price is None or not price.steps:
                continue
            kind = CallKind(models=(entry.id,), provider=vendor.id, at=moment, service_tier=None, batch=False)
            rates = rates_of()(kind)
            assert not isinstance(rates, Reason)
            for start in (0, *(step.above for step in price.steps)):
                for prompt in (start, start + 1):
                    billed = [rate for rate in rates if rate.above < prompt or not rate.above][-1]
                    usage = Usage(prompt_tokens=prompt, completion_tokens=100)
                    assert price.cost_usd(usage) == pytest.approx((prompt * billed.input + 100 * billed.output) / 1e6)
                    compared += 1
    assert compared > 100


def test_a_contract_holds_at_every_length() -> None:
    """Ten per cent off a price of two steps are ten per cent off both; a call is priced whole at its length's rates."""
    steps = [{"above": 100, "input": 20, "output": 40, "cached_input": 2}]
    own = settings(price={"input": 10, "output": 20, "steps": steps}, discount="10%")
    price = resolve_price(own)
    for prompt, rate in ((100, 9.0), (101, 18.0)):
        usage = Usage(prompt_tokens=prompt, completion_tokens=1)
        assert price.cost_usd(usage) == pytest.approx((prompt * rate + 2 * rate) / 1e6)
    assert price.at(101).cached_rate == pytest.approx(1.8)
    assert [(low, high) for low, high, _ in price.spans()] == [(-1, 100), (100, float("inf"))]


def test_the_users_steps_price_the_log_too() -> None:
    """A price of audit.yaml that rises with the length is the log's and the candidate's."""
    own = settings(price={"input": 10, "output": 20, "steps": [{"above": 100, "input": 30, "output": 60}]})
    kind = CallKind(models=(own.model,), provider="openai", at=None, service_tier=None, batch=False)
    found = rates_of([own])(kind)
    assert not isinstance(found, Reason)
    assert [(rate.above, rate.input, rate.source) for rate in found] == [(0, 10, "audit.yaml"), (100, 30, "audit.yaml")]


def test_steps_go_from_shorter_to_longer() -> None:
    """Two steps at one length, or in the wrong order, cannot both be meant."""
    step = {"above": 100, "input": 20, "output": 40}
    with pytest.raises(ValueError, match="from shorter to longer"):
        settings(price={"input": 10, "output": 20, "steps": [step, step]})


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


@pytest.mark.parametrize(
    "model", ["openai/gpt-4o", "anthropic/claude-sonnet-4-20250514", "gpt-4o", "google/gemini-2.5-pro"]
)
def test_a_model_has_the_price_that_its_log_is_given(model: str) -> None:
    """A name with its vendor before a slash costs what a logged call under it does."""
    rates = rates_of()(CallKind(models=(model,), provider=None, at=None, service_tier=None, batch=False))
    price = price_of(model, None)
    assert not isinstance(rates, Reason)
    assert price is not None
    assert (price.input, price.output) == (rates[0].input, rates[0].output)
    assert price_of("nosuch/gpt-4o", None) is None


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
