"""What tokens cost: the tier's own price, else the bundled catalogue's list price, else an error. Never $0 by default.

The catalogue (genai-prices) is imported on first use. It prices a model where the vendor is known: by the provider's
name, or by the address of its API. A private endpoint has no list price, whatever its model is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from audit.core.errors import PriceUnknown
from audit.core.settings import TierSettings
from audit.core.tier import Price, PriceStep
from audit.llm.provider import LocalProvider, WireProvider
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
        on: Day on which the list price must be true; default: today (UTC). Of days before `first_known_day` none is.

    Raises:
        PriceUnknown: The tier names none, and the catalogue has no list price for its model at its endpoint.
    """
    if tier.price is not None:
        own = tier.price.model_dump(exclude={"steps", "earlier"})
        steps = tuple(PriceStep(**step.model_dump()) for step in tier.price.steps)
        return Price(**own, steps=steps, source="audit.yaml").less(tier.discount)
    provider = PROVIDERS.get(tier.provider)
    if isinstance(provider, LocalProvider) and provider.price is not None:
        return provider.price
    found = _listed(tier, on)
    if found is None:
        raise PriceUnknown(
            f'no price for tier `{tier.name}` (model "{tier.model}")',
            notes=["USD per million tokens; an unknown price is never taken for $0", *_too_early(tier.model, on)],
            hint="add it to the tier in audit.yaml:   price: {input: 0.50, output: 1.50}",
        )
    return found.less(tier.discount)


def _too_early(model: str, on: date | None) -> list[str]:
    """Why a day has no list price, where it lies before the first known one."""
    first = first_known_day(model)
    return [f"{on} is before {first}, the first day of which the list can know it"] if on and on < first else []


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
            or a gateway's, the vendor is the one that makes the model, or that stands before a slash.

    Returns:
        None when there is no list price: an unknown model, or a subscription's (the catalogue has those as empty).
    """
    vendor = vendor_of(provider)
    prefix, _, rest = model.partition("/")
    if vendor and rest and prefix.lower() == (provider or "").lower():
        return _list_price(rest, vendor, None, on)
    found = _list_price(model, vendor, None, on)
    if found is None and provider is None and rest:  # as logs are priced: by OpenRouter's name, else at whom it names
        found = _list_price(model, "openrouter", None, on)
        if found is None and (named := vendor_of(prefix)) is not None:
            found = _list_price(rest, named, None, on)
    return found


def catalogue_models(provider: str | None = None) -> frozenset[str]:
    """Names that the price catalogue has a model under: `gpt-4o`, `meta-llama/llama-3.3-70b`.

    Args:
        provider: Whose; default: every vendor's.
    """
    from genai_prices import data_snapshot

    vendors_of = data_snapshot.get_snapshot().providers
    own = vendor_of(provider)
    return frozenset(
        model.id for vendor in vendors_of if provider is None or vendor.id == own for model in vendor.models
    )


def catalogue_version() -> str:
    """Name and version of the price catalogue, for the report."""
    return f"{PACKAGE} {version(PACKAGE)}"


def newest_change(on: date | None = None) -> date | None:
    """The newest day, up to one, on which the catalogue says that a price changed: it is no older than this."""
    last = on or datetime.now(UTC).date()
    return max((start for start in _changes() if start <= last), default=None)


@lru_cache(maxsize=1)
def _oldest_change() -> date:
    """The oldest day on which the catalogue says that a price changed. It tells no day for a model's first price: of
    earlier days it may not know that the price was another, or that there was none."""
    return min(_changes(), default=date.min)


def _changes() -> Iterator[date]:
    """The days on which the catalogue says that a price changed."""
    from genai_prices import data_snapshot

    for vendor in data_snapshot.get_snapshot().providers:
        for model in vendor.models:
            for price in model.prices if isinstance(model.prices, list) else ():
                start = getattr(getattr(price, "constraint", None), "start_date", None)
                if start is not None:
                    yield start


_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")


def first_known_day(model: str) -> date:
    """The first day of which the catalogue can know what a model costs: its own first, or the day in the model's name.

    `claude-sonnet-4-20250514` cost nothing in 2024, when it was not there.
    """
    found = _DAY_IN_NAME.search(model)
    try:
        named = date(int(found[1]), int(found[3]), int(found[4])) if found else date.min
    except ValueError:
        named = date.min
    return max(named, _oldest_change())


def vendors() -> list[str]:
    """Names that the catalogue has vendors under, and the aliases of them."""
    from genai_prices import data_snapshot

    return sorted({*VENDORS, *(vendor.id for vendor in data_snapshot.get_snapshot().providers)})


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
    if on is not None and on < first_known_day(model):
        return None
    prices = found.get_prices(datetime.combine(day, time(12), UTC))
    if batch:
        variant = next((one.prices for one in found.price_variants or () if one.when == BATCH), None)
        if variant is None:
            return None
        prices = merged(prices, variant)
    (_, first), *longer = rates_by_length(prices, _FIELDS)
    # Free tiers and subscriptions are in the catalogue without prices, and some models without one half.
    if first["input"] is None or first["output"] is None:
        return None
    source = f"{catalogue_version()}, {found_vendor.id}/{found.id}" + (", batch" if batch else "")
    steps = tuple(PriceStep(above=above, **rates) for above, rates in longer)  # type: ignore[arg-type]
    return Price(**first, steps=steps, source=source, as_of=day.isoformat())  # type: ignore[arg-type]


BATCH = {"processing": "batch"}
"""How the catalogue marks the prices of batches."""
_FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
"""Our names of the classes of tokens that a replay is billed for, to the catalogue's."""


class _Merged:
    """Prices by name, as the catalogue's own object has them."""

    def __init__(self, prices: dict[str, Any]) -> None:
        vars(self).update(prices)


def merged(standard: Any, variant: Any) -> Any:
    """The catalogue's prices with those of a variant over them, as far as it has any."""
    changed = {name: price for name, price in vars(variant).items() if price is not None}
    return _Merged({**vars(standard), **changed})


def rates_by_length(prices: Any, fields: Mapping[str, str]) -> list[tuple[int, dict[str, float | None]]]:
    """The catalogue's prices by prompt length: above how many tokens, and the rate of each class; 0 comes first.

    Args:
        prices: The catalogue's object.
        fields: Our names of the classes, to the catalogue's.
    """
    found = {name: getattr(prices, field, None) for name, field in fields.items()}
    starts = sorted({0, *(step.start for price in found.values() for step in getattr(price, "tiers", ()))})
    return [(start, {name: _at(price, start) for name, price in found.items()}) for start in starts]


def _at(price: Any, start: int) -> float | None:
    """A price as a number, for prompts of more tokens than `start`."""
    if price is None:
        return None
    steps = [step.price for step in getattr(price, "tiers", ()) if step.start <= start and start > 0]
    return float(steps[-1] if steps else getattr(price, "base", price))
