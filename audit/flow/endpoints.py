"""What is known of tiers without replaying: their prices, and whether their endpoints are there. Sends no prompt."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import AuditError, InputError, PriceUnknown, UnknownName
from audit.core.pricecheck import PriceCheck
from audit.core.settings import Settings, TierSettings
from audit.core.tier import Price
from audit.llm.pricecheck import check_prices
from audit.llm.pricing import (
    catalogue_models,
    catalogue_version,
    first_known_day,
    newest_change,
    price_of,
    resolve_price,
    vendor_of,
    vendors,
)
from audit.llm.provider import LocalProvider
from audit.llm.providers import PROVIDERS
from audit.llm.tiers import host_of, resolve_tier

# Prices are read without an HTTP client; what asks an endpoint imports it.
if TYPE_CHECKING:
    from audit.llm.client import ClientOptions
    from audit.llm.wire import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPrice:
    """A price, USD per million tokens; `tier` names the entry of `tiers:` that it is of, None for a list price."""

    model: str
    tier: str | None
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What became of asking a tier's endpoint whether it is there.

    Attributes:
        host: None for a tier that answers in this process.
        reachable: It answered, and did not refuse the key.
        says: In a few words.
        code: Of the error, or None.
    """

    tier: str
    model: str
    provider: str
    host: str | None
    reachable: bool
    says: str
    code: str | None = None


ADDRESS_HINT = "does base_url end before /chat/completions, often in /v1?"


def known_models() -> frozenset[str]:
    """Names of the models that the price catalogue has, of every vendor."""
    return catalogue_models()


def known_prices(
    settings: Settings, model: str | None = None, *, provider: str | None = None, on: date | None = None
) -> list[KnownPrice]:
    """Prices of the configured tiers, or of one model: its tiers' and its list price.

    Args:
        settings: With the tiers.
        model: A model, a tier's name, or a glob over tiers and the models of the catalogue; default: every tier.
        provider: Whose list price; default: the vendor that makes the model.
        on: Day on which list prices must be true; default: today (UTC).

    Raises:
        PriceUnknown: A tier has no price, or nobody knows one for the model.
        InputError: No model was named and there are no tiers.
        UnknownName: The catalogue has no such provider.
    """
    _check_provider(provider)
    if model is None and not settings.tiers:
        raise InputError(
            "audit.yaml names no tiers, so there is no price to show",
            code="prices.no-tiers",
            hint="name a model:  audit prices MODEL",
        )
    tiers = [t for t in settings.tiers if model is None or fnmatchcase(t.model, model) or fnmatchcase(t.name, model)]
    found = [KnownPrice(model=t.model, tier=t.name, price=resolve_price(t, on=on)) for t in tiers]
    for name in () if model is None else _listed_names(model, provider):
        if (listed := price_of(name, provider, on=on)) is not None:
            found.append(KnownPrice(model=name, tier=None, price=listed))
    if not found and model is not None:
        raise _no_price(model, provider, on)
    return found


_GLOB = re.compile(r"[*?\[]")
NEAR = 5
"""Names that are told where one has no price."""
NEAR_ENOUGH = 0.6
"""Least likeness of such a name, as `difflib` counts it."""


def _listed_names(model: str, provider: str | None) -> list[str]:
    """A model's name, or those of the catalogue that a glob fits."""
    if not _GLOB.search(model):
        return [model]
    return sorted(name for name in catalogue_models(provider) if fnmatchcase(name, model))


def _no_price(model: str, provider: str | None, on: date | None) -> PriceUnknown:
    """Why nothing is known: the day is too early, or nothing has the name; with the names that are nearest to it."""
    names, is_glob = _listed_names(model, provider), _GLOB.search(model) is not None
    for name in names if on else ():
        first = first_known_day(name)
        if on and on < first and (known := price_of(name, provider, on=first)) is not None:
            rates = f"${known.input:,.2f} and ${known.output:,.2f} per million tokens of prompts and answers"
            return PriceUnknown(
                f'no price of {on} is known for model "{name}"',
                notes=[f"the first day of which the list can know one is {first}: {rates}"],
                hint=f"ask for that day or a later one:  audit prices {name} --on {first}",
            )
    notes = ["USD per million tokens; an unknown price is never taken for $0"]
    if near := get_close_matches(_GLOB.sub("", model), sorted(catalogue_models(provider)), NEAR, NEAR_ENOUGH):
        notes.insert(0, f"near names: {', '.join(near)}")
    if is_glob:
        hint = "a glob is held against whole names:  audit prices '*/llama-3*'"
    else:
        hint = "add it to audit.yaml, with your own figures:   tiers: [{name: NAME, provider: openai-compatible, "
        hint += f'base_url: "https://...", model: "{model}", price: {{input: 0.50, output: 1.50}}}}]'
    return PriceUnknown(f'no price is known for model "{model}"', notes=notes, hint=hint)


def age_of_catalogue(on: date | None = None) -> str:
    """The price catalogue with its version, and the newest day, up to one, of which it knows a change of a price."""
    newest = newest_change(on)
    return f"{catalogue_version()}, newest dated change {newest or 'unknown'}"


def compare_tables(pattern: str, *, provider: str | None, on: date | None, table: Path | None) -> PriceCheck:
    """Where two public price tables disagree, as `llm.pricecheck.check_prices`.

    Raises:
        UnknownName: The catalogue has no such provider.
    """
    _check_provider(provider)
    return check_prices(f"{vendor_of(provider)}/{pattern}" if provider else pattern, on=on, table=table)


def _check_provider(provider: str | None) -> None:
    if provider is not None and vendor_of(provider) is None:
        raise UnknownName.among("provider", provider, vendors())


def reach_tiers(
    settings: Settings, *, transport: Transport | None = None, environ: Mapping[str, str] | None = None
) -> list[Reached]:
    """Ask every tier's endpoint whether it is there, all at once. No prompt is sent and nothing is spent.

    Args:
        settings: With the tiers.
        transport: What carries HTTP; default: the network.
        environ: Where keys are looked up; default: the process's.

    Raises:
        InputError: There are no tiers.
    """
    if not settings.tiers:
        raise InputError(
            "audit.yaml names no tiers", code="tiers.none", hint="audit init LOGS writes some, or name --config FILE"
        )
    from audit.llm.client import ClientOptions

    options = ClientOptions(directory=settings.directory)
    if environ is not None:
        options = ClientOptions(directory=settings.directory, environ=environ)

    async def reach_all() -> list[Reached]:
        return list(await asyncio.gather(*(_reach(tier, options, transport) for tier in settings.tiers)))

    return asyncio.run(reach_all())


async def _reach(settings: TierSettings, options: ClientOptions, transport: Transport | None) -> Reached:
    from audit.llm.client import open_client

    host, says, code = None, "answers in this process", None
    try:
        tier = resolve_tier(settings)
        host = host_of(tier)
        provider = PROVIDERS.get(tier.provider)
        if isinstance(provider, LocalProvider):
            provider.open(tier, options.directory)
        else:
            async with open_client([tier], transport=transport, options=options) as client:
                status = (await client.reach([tier])).get(tier.name, 200)
            says = "reachable" if status < 400 else f"answers HTTP {status} where models are listed; {ADDRESS_HINT}"
    except AuditError as error:
        says, code = error.what if error.hint is None else f"{error.what}; {error.hint}", error.code
    return Reached(
        tier=settings.name,
        model=settings.model,
        provider=settings.provider,
        host=host,
        reachable=code is None,
        says=says,
        code=code,
    )
