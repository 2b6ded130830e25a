"""The rates of logged calls: the user's own tiers first, then the catalogue, by day, service tier and length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple

from audit.core.rates import SELF_HOSTED, CallKind, Rates, RatesOf
from audit.core.reason import Reason
from audit.core.settings import TierSettings
from audit.llm.pricing import catalogue_version, first_known_day, merged, rates_by_length, vendor_of

STANDARD_TIERS = frozenset({"default", "standard", "auto", "on_demand", "on-demand", "standard_only", "regular"})
"""Words for the price list's own tier; `auto` is what was asked for and says nothing of what was billed."""
_PARTS = ("steps", "earlier")
"""What a price of `audit.yaml` has beside its rates."""
_CLASSES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "input_audio": "input_audio_mtok",
    "output_audio": "output_audio_mtok",
    "input_image": "input_image_mtok",
    "output_image": "output_image_mtok",
}


def own_prices(tiers: Iterable[TierSettings]) -> dict[str, dict[str, Any] | None]:
    """The prices that `audit.yaml` gives models, by class of token; None where its tiers disagree.

    Neither one with a discount nor one of a service tier prices the log. A class that one tier leaves out, such as
    cached input at a tier with a trim, is no disagreement: the tier that names it says what the log paid.
    """
    found: dict[str, dict[str, Any] | None] = {}
    for tier in tiers:
        if tier.price is not None and not tier.discount and tier.service_tier is None:
            stated = tier.price.model_dump(exclude={"as_of"})
            price = {name: value for name, value in stated.items() if value or name not in _PARTS}
            found[tier.model] = _together(found.get(tier.model, price), price)
    return found


def _together(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any] | None:
    """Two prices of a model as one, with every class that either names; None where they name different rates of one."""
    if one is None or any(one.get(part) != other.get(part) for part in _PARTS):
        return None
    named = {name: rate for name, rate in one.items() if rate is not None}
    if any(rate is not None and named.get(name, rate) != rate for name, rate in other.items()):
        return None
    return other | named


class RatesUntil(NamedTuple):
    """The rates of `audit.yaml` until a day, by prompt length; those of today have no end."""

    until: date | None
    rates: tuple[Rates, ...]


def _own_periods(price: dict[str, Any] | None) -> tuple[RatesUntil, ...] | Reason:
    """A price of `audit.yaml`, oldest rates first; why there is none where its tiers disagree."""
    if price is None:
        return Reason.PRICES_DIFFER
    earlier = (RatesUntil(date.fromisoformat(rates["until"]), _by_length(rates)) for rates in price.get("earlier", ()))
    return (*earlier, RatesUntil(None, _by_length(price)))


def _by_length(stated: Mapping[str, Any]) -> tuple[Rates, ...]:
    first = {name: rate for name, rate in stated.items() if name not in (*_PARTS, "until")}
    return tuple(Rates(**rates, source="audit.yaml") for rates in (first, *stated.get("steps", ())))


@dataclass(frozen=True, slots=True)
class LogRates:
    """The rates of logged calls, as data that workers can be given.

    Attributes:
        own: Rates of `audit.yaml` by model; they outrank a list at every service tier.
    """

    own: Mapping[str, Sequence[RatesUntil] | Reason]

    def __call__(self, kind: CallKind) -> Sequence[Rates] | Reason:
        """The rates of a kind of call, or why there are none."""
        for model in kind.models:
            if (own := self.own.get(model)) is not None:
                return own if isinstance(own, Reason) else _on_day(own, kind.at)
        if kind.provider in SELF_HOSTED:
            return Reason.SELF_HOSTED
        return _listed(kind)


def _on_day(periods: Sequence[RatesUntil], at: datetime | None) -> Sequence[Rates]:
    """The rates of a day; a call without a time has today's."""
    for until, rates in periods:
        if until is None or (at is not None and at.date() < until):
            return rates
    raise AssertionError("the last period has no end")


def rates_of(tiers: Iterable[TierSettings] = ()) -> RatesOf:
    """The rates of logged calls.

    Args:
        tiers: Those of `audit.yaml`; one with a price prices the calls of its model too, at every service tier: what a
            contract says of a model outranks a list.
    """
    return LogRates({model: _own_periods(price) for model, price in own_prices(tiers).items()})


@lru_cache(maxsize=8192)
def _listed(kind: CallKind) -> Sequence[Rates] | Reason:
    at = kind.at or datetime.combine(datetime.now(UTC).date(), time(12), UTC)
    for model in kind.models:
        if (found := _entry(model, kind.provider)) is not None:
            vendor, entry = found
            found_prices = _on_tier(entry, at, kind)
            if found_prices is None:
                return Reason.SERVICE_TIER
            prices, seen_from = found_prices
            source = f"{catalogue_version()}, {vendor}/{entry.id}"
            if steps := tuple(_steps(prices, source, vendor)):
                # Nothing is nearer to what such a call cost than the oldest price; it is only not known to be it.
                early = at.date() < max(first_known_day(model), seen_from)
                return tuple(replace(step, assumed=True) for step in steps) if early else steps
    return Reason.UNKNOWN_MODEL


def _entry(model: str, provider: str | None) -> tuple[str, Any] | None:
    """The catalogue's entry of a model: at the provider, else at the one that a slug names, else at its maker."""
    from genai_prices import data_snapshot

    vendor = vendor_of(provider)
    prefix, _, rest = model.partition("/")
    tries: list[tuple[str, str | None]] = [(model, vendor)]
    if rest:
        tries += [(rest, vendor)] if vendor else [(model, "openrouter"), (rest, vendor_of(prefix))]
    for name, at in tries:
        if rest and name == rest and at is None:
            continue
        try:
            found_vendor, entry = data_snapshot.get_snapshot().find_provider_model(name, None, at, None)
        except LookupError:
            continue
        return found_vendor.id, entry
    return None


def _on_tier(entry: Any, at: datetime, kind: CallKind) -> tuple[Any, date] | None:
    """The prices of a day under a service tier, and the first day on which they were seen; None when the catalogue has
    none for it.

    The catalogue knows from which day on a tier's prices were seen. For earlier calls they are taken too: a tier's
    discount is older than its entry, and the list price would be wrong for certain; they are told as assumed.
    """
    standard = entry.get_prices(at)
    tier = (kind.service_tier or "").lower()
    if kind.batch or tier == "batch":
        wanted = {"processing": "batch"}
    elif tier and tier not in STANDARD_TIERS:
        wanted = {"service_tier": tier}
    else:
        return standard, date.min
    for variant in entry.price_variants or ():
        if variant.when == wanted:
            return merged(standard, variant.prices), getattr(variant.constraint, "start_date", None) or date.min
    return None


_HEARS_AS_IT_READS = "google"
"""The vendor whose models take audio at the price of text where its list names no other.

https://ai.google.dev/gemini-api/docs/pricing
"""


def _steps(prices: Any, source: str, vendor: str) -> Iterator[Rates]:
    """The rates by prompt length; nothing for a model that the catalogue has without a price of its input."""
    for above, rates in rates_by_length(prices, _CLASSES):
        if rates["input"] is None:
            return
        if vendor == _HEARS_AS_IT_READS and rates["input_audio"] is None:
            rates["input_audio"] = rates["input"]
        yield Rates(above=above, source=source, **rates)  # type: ignore[arg-type]
