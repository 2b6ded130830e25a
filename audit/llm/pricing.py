"""What tokens cost: the tier's own price, else the bundled catalogue's list price, else an error. Never $0 by default.

The catalogue (genai-prices) is imported on first use. It prices a model where the vendor is known: by the provider's
name, or by the address of its API. A private endpoint has no list price, whatever its model is called.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from audit.core.errors import PriceUnknown
from audit.core.settings import TierSettings
from audit.core.tier import Price
from audit.llm.provider import WireProvider
from audit.llm.providers import PROVIDERS

PACKAGE = "genai-prices"
VENDORS = {
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "cohere_chat": "cohere",
    "fireworks_ai": "fireworks",
    "gcp.gemini": "google",
    "gcp.vertex": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "google_genai": "google",
    "mistralai": "mistral",
    "moonshot": "moonshotai",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertexai": "google",
    "xai": "x-ai",
}
"""Names that logs and gateways use for a vendor, to the catalogue's."""


def resolve_price(tier: TierSettings, *, on: date | None = None) -> Price:
    """A tier's price, its discount taken off.

    Args:
        on: Day on which the list price must be true; default: today (UTC).

    Raises:
        PriceUnknown: The tier names none, and the catalogue has no list price for its model at its endpoint.
    """
    if tier.price is not None:
        return Price(**tier.price.model_dump(), source="audit.yaml").less(tier.discount)
    found = _listed(tier, on)
    if found is None:
        raise PriceUnknown(
            f'no price for tier `{tier.name}` (model "{tier.model}")',
            notes=["USD per million tokens; an unknown price is never taken for $0"],
            hint="add it to the tier in audit.yaml:   price: {input: 0.50, output: 1.50}",
        )
    return found.less(tier.discount)


def resolve_batch_price(tier: TierSettings, online: Price, *, on: date | None = None) -> Price:
    """What a batch of a tier is billed: its price online less its `batch_discount`, else the catalogue's batch price.

    Args:
        online: The tier's price, discounts taken off.
        on: As in `resolve_price`.

    Raises:
        PriceUnknown: The tier names no `batch_discount`, and the catalogue has no batch price for it.
    """
    if "batch_discount" in tier.model_fields_set:
        return replace(online.less(tier.batch_discount), discount=online.discount)
    found = _listed(tier, on, batch=True) if tier.price is None else None
    if found is None:
        raise PriceUnknown(
            f"no price of batches for tier `{tier.name}`",
            code="prices.batch-missing",
            notes=["an unknown discount is never taken for half"],
            hint="say what a batch takes off its price:   batch_discount: 50%",
        )
    return found.less(tier.discount)


def _listed(tier: TierSettings, on: date | None, *, batch: bool = False) -> Price | None:
    """The list price of a tier. A base_url of its own outranks the protocol's vendor: a gateway bills what it likes."""
    if tier.base_url:
        return _list_price(tier.model, None, tier.base_url, on, batch=batch)
    provider = PROVIDERS.get(tier.provider)
    vendor = provider.price_catalogue if isinstance(provider, WireProvider) else None
    return _list_price(tier.model, vendor, None, on, batch=batch) if vendor else None


def price_of(model: str, provider: str | None, *, on: date | None = None) -> Price | None:
    """The list price of a model, for logs without costs.

    Args:
        provider: As logged. A name that the catalogue knows, or an alias of one, decides the vendor; where it is None
            or a gateway's, the vendor is the one that makes the model.

    Returns:
        None when there is no list price: an unknown model, or a subscription's (the catalogue has those as empty).
    """
    vendor = vendor_of(provider)
    model = model.partition("/")[2] if vendor and model.lower().startswith(f"{(provider or '').lower()}/") else model
    return _list_price(model, vendor, None, on)


def catalogue_models() -> frozenset[str]:
    """Names that the price catalogue has a model under, of every vendor: `gpt-4o`, `meta-llama/llama-3.3-70b`."""
    from genai_prices import data_snapshot

    return frozenset(model.id for vendor in data_snapshot.get_snapshot().providers for model in vendor.models)


def catalogue_version() -> str:
    """Name and version of the price catalogue, for the report."""
    return f"{PACKAGE} {version(PACKAGE)}"


def vendor_of(provider: str | None) -> str | None:
    """The catalogue's name of a provider; None for one that it does not have."""
    from genai_prices import data_snapshot

    name = VENDORS.get((provider or "").lower(), (provider or "").lower())
    known = {vendor.id for vendor in data_snapshot.get_snapshot().providers}
    return name if name in known else None


@lru_cache(maxsize=4096)
def _list_price(
    model: str, vendor: str | None, url: str | None, on: date | None, *, batch: bool = False
) -> Price | None:
    from genai_prices import data_snapshot

    try:
        found_vendor, found = data_snapshot.get_snapshot().find_provider_model(model, None, vendor, url)
    except LookupError:
        return None
    day = on or datetime.now(UTC).date()
    prices = found.get_prices(datetime.combine(day, time(12), UTC))
    fields = {name: _base(getattr(prices, f"{name}_mtok", None)) for name in _FIELDS}
    if batch:
        variant = next((one.prices for one in found.price_variants or () if one.when == BATCH), None)
        if variant is None:
            return None
        own = {name: _base(getattr(variant, f"{name}_mtok", None)) for name in _FIELDS}
        fields |= {name: price for name, price in own.items() if price is not None}
    # Free tiers and subscriptions are in the catalogue without prices, and some models without one half.
    if fields["input"] is None or fields["output"] is None:
        return None
    stepped = any(hasattr(getattr(prices, f"{name}_mtok", None), "tiers") for name in _FIELDS)
    source = (
        f"{catalogue_version()}, {found_vendor.id}/{found.id}"
        + (", batch" if batch else "")
        + (", base step" if stepped else "")
    )
    return Price(
        input=fields["input"],
        output=fields["output"],
        cached_input=fields["cache_read"],
        cache_write=fields["cache_write"],
        source=source,
        as_of=day.isoformat(),
    )


BATCH = {"processing": "batch"}
"""How the catalogue marks the prices of batches."""
_FIELDS = ("input", "output", "cache_read", "cache_write")


def _base(price: Any) -> float | None:
    """A price as a number; of one that rises with the prompt's length, the first step."""
    return None if price is None else float(getattr(price, "base", price))
