"""The price of a model under an offer, as a multiple of what the log was billed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.contract import ContractSettings, ModelPrice, VendorSettings
from audit.core.errors import InputError
from audit.core.exchange import Usage
from audit.core.finding import Findings
from audit.core.renewal import Billed
from audit.core.tier import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A model's price.

    Attributes:
        vendor: Name, or None when no vendor of the contract bills it.
        offer: Of the log's prices, under the contract, before discount tiers.
        without: Of the log's prices, without any contract.
    """

    vendor: str | None
    offer: float = 1.0
    without: float = 1.0


def rate_of(model: str, contract: ContractSettings, findings: Findings, billed: Mapping[str, Billed]) -> Rate:
    """Find a model's vendor and price.

    Raises:
        InputError: The contract has a price in USD per million tokens for a model whose tokens nobody counted.
    """
    vendor = contract.vendor_of(model)
    if vendor is None:
        return Rate(vendor=None)
    entry = vendor.price_entry(model)
    if entry is None:
        factor = 1 - vendor.discount
    elif entry.discount is not None:
        factor = 1 - entry.discount
    else:
        factor = _per_token(model, entry, vendor, findings, billed)
    by_class = 1 - sum(part.share * (1 - part.price) for part in vendor.classes)
    return Rate(vendor=vendor.name, offer=factor * by_class, without=vendor.without_contract * by_class)


def charged_share(tier: Mapping[str, Any] | None) -> float:
    """What of a tier's full price the audit charged: 1 less `tiers[].discount`.

    Args:
        tier: As the findings have it; None for a model that is no tier.

    Special cases:
        A discount of 100 % leaves nothing to work the full price out from: 1, the price stays $0.
    """
    discount = 0.0 if tier is None else float(tier["price"].get("discount", 0.0))
    return (1 - discount) or 1.0


def _per_token(
    model: str, entry: ModelPrice, vendor: VendorSettings, findings: Findings, billed: Mapping[str, Billed]
) -> float:
    """The offered rates on the model's own tokens; for a model that is not in the log, on all tokens of the log."""
    offered = Price(input=entry.input or 0.0, output=entry.output or 0.0, cached_input=entry.cached_input)
    own = billed.get(model)
    if own is not None and own.spend_usd > 0:
        return offered.cost_usd(own.usage) / own.spend_usd
    known = next((tier for tier in findings.provenance.tiers.values() if tier["model"] == model), None)
    usage = Usage(
        prompt_tokens=sum(part.usage.prompt_tokens for part in billed.values()),
        completion_tokens=sum(part.usage.completion_tokens for part in billed.values()),
    )
    reference = 0.0
    if known is not None:
        charged = Price(input=known["price"]["input"], output=known["price"]["output"]).cost_usd(usage)
        reference = charged / charged_share(known)
    if not reference:
        raise InputError(
            f"the price of {model} with vendor `{vendor.name}` cannot be compared: the log has no tokens of it",
            code="renew.price",
            hint="write its price as a discount:   prices: [{model: NAME, discount: 10%}]",
        )
    return offered.cost_usd(usage) / reference
