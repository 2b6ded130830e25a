"""`contract:` what vendors offer and what is expected of the traffic: the assumptions of `audit renew`, each named.

Money is USD over the whole term unless a name says otherwise. "The log's prices" are what the log was billed; of
a model that traffic moves to, its tier's price before the tier's own `discount`, whose place the vendor's terms take.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from audit.core.levers import LeverName
from audit.core.section import Section
from audit.core.units import Change, Dollars, Factor, Share

ROUNDING = 1e-6


def _day(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("is not a date; write it like `2027-01-01`")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar; write it like `2027-01-01`") from None
    return value


Day = Annotated[str, BeforeValidator(_day)]
"""ISO date; written `2027-01-01`."""


class RouteVolume(Section):
    """One entry of a scenario's `routes:`: a route whose volume differs from the rest."""

    match: str = Field(description="Glob over route names")
    volume: Factor = Field(description="Multiple of the log's volume", examples=["150%"])


class Scenario(Section):
    """One entry of `growth:`: how the traffic may go on."""

    name: str = Field(min_length=1, description="In the table of the renewal")
    probability: Share | None = Field(None, description="Default: what the others leave, in equal parts")
    monthly: Change = Field(0.0, description="Growth of the volume per month", examples=["2%"])
    spread: Share = Field(0.0, description="Standard deviation of the volume around that, over the whole term")
    routes: tuple[RouteVolume, ...] = Field((), description="Another mix: routes that grow or shrink at the start")

    def volume_of(self, route: str) -> float:
        """Multiple of the log's volume at which a route starts."""
        return next((entry.volume for entry in self.routes if fnmatch.fnmatchcase(route, entry.match)), 1.0)


class ModelPrice(Section):
    """One entry of a vendor's `prices:`: the price that was negotiated for some models."""

    model: str = Field(description="Glob over model names")
    discount: Share | None = Field(None, description="Off the log's prices")
    input: float | None = Field(None, ge=0, description="USD per million tokens")
    output: float | None = Field(None, ge=0, description="USD per million tokens")
    cached_input: float | None = Field(None, ge=0, description="USD per million tokens")

    @model_validator(mode="after")
    def _one_way(self) -> ModelPrice:
        rates = (self.input, self.output)
        if (self.discount is None) == (rates == (None, None)) or (self.discount is None and None in rates):
            raise ValueError("has to say `discount`, or both `input` and `output`; not both ways")
        return self


class PriceClass(Section):
    """One entry of a vendor's `classes:`: use that will be billed at another rate, such as batch or cached prompts."""

    name: str = Field(min_length=1, description="In the table of the renewal")
    share: Share = Field(description="Part of the vendor's spend that will be in the class and was not in the log")
    price: Factor = Field(description="Of the normal price", examples=["50%"])


class DiscountTier(Section):
    """One entry of a vendor's `discounts:`: from so much use or commitment on, all use is cheaper."""

    from_usd: Dollars = Field(alias="from", description="At negotiated prices, before this discount")
    discount: Share = Field(description="Off all use")


class Capacity(Section):
    """`capacity:` provisioned throughput: a monthly fee for use up to a limit."""

    monthly_usd: Dollars = Field(description="The fee")
    covers_usd: Dollars = Field(description="Use per month, at negotiated prices, that the fee covers")


class RetiringModel(Section):
    """One entry of a vendor's `retires:`: a model that is switched off."""

    model: str = Field(description="Its name in the log")
    on: Day = Field(description="Its last day")
    price: Factor = Field(1.0, description="Of its successor, against its own", examples=["80%"])


class VendorSettings(Section):
    """One entry of `vendors:`: an offer, or a contract that runs already."""

    name: str = Field(min_length=1, description="In the table of the renewal")
    models: tuple[str, ...] = Field(min_length=1, description="Globs over the names of models that it bills")
    discount: Share = Field(0.0, description="Negotiated, off the log's prices")
    prices: tuple[ModelPrice, ...] = Field((), description="Prices negotiated for some models")
    committed_usd: Dollars | None = Field(None, description="Signed already, or on the table: shown beside the others")
    minimum_usd: Dollars = Field(0.0, description="The floor: the least commitment that the vendor signs")
    overage: Factor = Field(1.0, description="Price beyond the commitment, of the negotiated one", examples=["115%"])
    without_contract: Factor = Field(1.0, description="Price without any contract, of the log's", examples=["110%"])
    discounts: tuple[DiscountTier, ...] = Field((), description="By use or commitment")
    classes: tuple[PriceClass, ...] = Field((), description="Use that will be billed at another rate")
    capacity: Capacity | None = Field(None, description="Provisioned throughput")
    retires: tuple[RetiringModel, ...] = Field((), description="Models that are switched off in the term")

    @model_validator(mode="after")
    def _consistent(self) -> VendorSettings:
        starts = [tier.from_usd for tier in self.discounts]
        cuts = [tier.discount for tier in self.discounts]
        if any(later <= first for first, later in pairwise(starts)) or cuts != sorted(cuts):
            raise ValueError("has `discounts` out of order; write them from the smallest to the largest")
        if sum(part.share for part in self.classes) > 1 + ROUNDING:
            raise ValueError("has `classes` whose shares add up to more than 100%; lower them")
        return self

    def bills(self, model: str) -> bool:
        """Whether a model is this vendor's."""
        return any(fnmatch.fnmatchcase(model, glob) for glob in self.models)

    def price_entry(self, model: str) -> ModelPrice | None:
        """The negotiated price of a model where it has one of its own."""
        return next((entry for entry in self.prices if fnmatch.fnmatchcase(model, entry.model)), None)


FLAT = Scenario(name="flat")
"""What is assumed when nobody said how the traffic goes on."""


class ContractSettings(Section):
    """`contract:` the renewal that `audit renew` works out."""

    vendors: tuple[VendorSettings, ...] = Field(min_length=1, description="Offers and contracts")
    months: int = Field(12, ge=1, le=60, description="Term")
    starts: Day | None = Field(None, description="First day of the term; default: the day after the log's last")
    risk: Share = Field(0.10, description="Accepted chance of paying for commitment that is not used", examples=["10%"])
    moves_after: int = Field(0, ge=0, le=60, description="Months of the term before moves are made and levers pulled")
    levers: tuple[LeverName, ...] = Field(
        (), description="Of the lever ledger, those that you pull; from `moves_after` on they lower the need"
    )
    growth: tuple[Scenario, ...] = Field((FLAT,), min_length=1, description="How the traffic may go on")

    @model_validator(mode="after")
    def _consistent(self) -> ContractSettings:
        names = [vendor.name for vendor in self.vendors]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"has two vendors named `{twice}`; give each its own name")
        if not 0 < self.risk < 1:
            raise ValueError("has a `risk` that is not between 0% and 100%; write it like `10%`")
        if LeverName.PROMPT_TRIMMING in self.levers:
            raise ValueError("has the lever `prompt-trimming`, which counts nothing: it needs a replay; leave it out")
        probabilities(self.growth)
        return self

    @property
    def committed_usd(self) -> float | None:
        """What is committed already, over all vendors; None when nothing is."""
        known = [vendor.committed_usd for vendor in self.vendors if vendor.committed_usd is not None]
        return sum(known) if known else None

    def vendor_of(self, model: str) -> VendorSettings | None:
        """The first vendor that bills a model; None when it has no contract here."""
        return next((vendor for vendor in self.vendors if vendor.bills(model)), None)


def probabilities(growth: Sequence[Scenario]) -> tuple[float, ...]:
    """Probability of each scenario; those without one share what the others leave.

    Raises:
        ValueError: They do not add up to 1.
    """
    said = [scenario.probability for scenario in growth]
    left = 1 - sum(value for value in said if value is not None)
    silent = sum(value is None for value in said)
    if left < -ROUNDING or (not silent and abs(left) > ROUNDING):
        raise ValueError("has `growth` whose probabilities do not add up to 100%; change one of them")
    return tuple(max(left, 0.0) / silent if value is None else value for value in said)
