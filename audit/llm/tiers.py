"""Tiers from `audit.yaml`: names checked, prices found, keys looked up only when a call is about to be made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from audit.core.errors import ConfigError, MissingKey, UnknownName
from audit.core.settings import Settings, TierSettings, TrimSettings
from audit.core.tier import Supports, Tier
from audit.core.trim import UNUSED, Trim
from audit.llm.batches import BATCHES
from audit.llm.pricing import resolve_batch_price, resolve_price
from audit.llm.provider import LocalProvider, WireProvider
from audit.llm.providers import PROVIDERS

FROM_ENVIRONMENT = "env:"
"""What the value of a header starts with that names a variable of the environment."""


def resolve_tiers(settings: Settings) -> tuple[Tier, ...]:
    """The tiers of a configuration, in its order, each with a provider that exists and a price.

    Raises:
        UnknownName: No provider has the name, or it does not know one of the tier's options; or no tier has a name that
            `slice.tiers` chooses.
        ConfigError: Two tiers have one name, or a tier needs a `base_url` and has none.
        PriceUnknown: A tier has no price, and the catalogue has none for it.
    """
    names = [tier.name for tier in settings.tiers]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"two tiers are named `{twice}`", code="config.tier-twice")
    for chosen in settings.slice.tiers or ():
        if chosen not in names:
            raise UnknownName.among("tier", chosen, names)
    return tuple(resolve_tier(tier) for tier in settings.tiers)


def resolve_tier(settings: TierSettings) -> Tier:
    """One entry of `tiers:` as a tier; raises as `resolve_tiers`."""
    provider = PROVIDERS.get(settings.provider)
    for option in settings.options if provider.options is not None else ():
        if option not in (provider.options or ()):
            raise UnknownName.among(f"option of provider {provider.name}", option, provider.options or ())
    placed = isinstance(provider, WireProvider) and (provider.default_base_url or provider.address)
    if isinstance(provider, WireProvider) and not (settings.base_url or placed):
        raise ConfigError(
            f"tier `{settings.name}` needs a base_url: provider `{provider.name}` has no address of its own",
            code="config.base-url",
            hint='base_url: "http://localhost:8000/v1"',
        )
    plain = settings.model_dump(exclude={"price", "supports", "discount", "plain_http", "trim"})
    supports = Supports(**settings.supports.model_dump())
    price = resolve_price(settings)
    if settings.batch:
        refuse_batches(settings.name, settings.provider)
    batch_price = resolve_batch_price(settings, price) if settings.batch else None
    trim = None if settings.trim is None else _trim(settings.trim)
    tier = with_defaults(Tier(**plain, price=price, batch_price=batch_price, supports=supports, trim=trim))
    if tier.batch:
        BATCHES.get(tier.provider).check(tier)
    return tier


def _trim(settings: TrimSettings) -> Trim:
    """What a tier is not sent; what the log has yet to say is left open."""
    unused = settings.tools == UNUSED
    return Trim(tools=() if unused else tuple(sorted(set(settings.tools))), history=settings.history, unused=unused)


def refuse_batches(name: str, provider: str) -> None:
    """See that a tier's provider has a batch interface.

    Raises:
        ConfigError: It has none that is known here; the message names those that have one.
    """
    if provider not in BATCHES:
        raise ConfigError(
            f"tier `{name}` asks for batches, and provider `{provider}` has no batch interface here",
            code="config.batch",
            notes=[f"with one: {', '.join(BATCHES.known())}"],
            hint="leave out `batch: true`, and the tier is asked online",
        )


def with_defaults(tier: Tier) -> Tier:
    """The tier with its provider's address and key variable where it names none of its own."""
    provider = PROVIDERS.get(tier.provider)
    if not isinstance(provider, WireProvider):
        return tier
    address = tier.base_url or provider.default_base_url or (provider.address(tier) if provider.address else None)
    return replace(tier, base_url=address, api_key_env=key_variable(tier))


def is_local(tier: Tier) -> bool:
    """Whether the tier answers in this process, without a network and without spending."""
    return isinstance(PROVIDERS.get(tier.provider), LocalProvider)


def host_of(tier: Tier) -> str | None:
    """Host (and port) that text is sent to; None for a local tier."""
    if is_local(tier):
        return None
    return urlsplit(with_defaults(tier).base_url or "").netloc.rpartition("@")[2] or None


def leaves_machine(tier: Tier) -> bool:
    """Whether what a tier is asked leaves this machine: its address is no loopback one."""
    if (where := host_of(tier)) is None:
        return False
    name = (urlsplit(f"//{where}").hostname or "").rstrip(".")
    try:
        return not ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name != "localhost" and not name.endswith(".localhost")


def keeps_personal_data(tier: Tier) -> bool:
    """Whether a tier is not asked what holds personal data: text would leave this machine, and nobody said how."""
    return tier.redact is None and leaves_machine(tier)


def hosts(tiers: Iterable[Tier]) -> tuple[str, ...]:
    """Every host that text is sent to, sorted; and every bucket, where a tier's batches are files."""
    listed = list(tiers)
    named = {host for tier in listed if (host := host_of(tier))}
    files = (BATCHES.get(tier.provider).shelf(tier, "") for tier in listed if tier.batch)
    return tuple(sorted(named | {"/".join(file.address.split("/")[:3]) for file in files if file is not None}))


def key_of(tier: Tier, environ: Mapping[str, str] | None = None) -> str | None:
    """The tier's key from the environment; None for a tier without one.

    Raises:
        MissingKey: The tier names a variable that is not set, or empty.
    """
    if tier.api_key_env is None:
        return None
    key = (os.environ if environ is None else environ).get(tier.api_key_env)
    if not key:
        raise MissingKey(tier.api_key_env, tier.name)
    return key


def with_header_values(tier: Tier, environ: Mapping[str, str] | None = None) -> Tier:
    """The tier with every header that names a variable (`env:NAME`) holding its value.

    Raises:
        MissingKey: A variable is not set, or empty.
    """
    headers = tier.options.get("headers")
    if not isinstance(headers, Mapping) or not any(
        str(value).startswith(FROM_ENVIRONMENT) for value in headers.values()
    ):
        return tier
    values = {}
    for name, value in headers.items():
        variable = str(value).removeprefix(FROM_ENVIRONMENT) if str(value).startswith(FROM_ENVIRONMENT) else None
        values[name] = value if variable is None else (os.environ if environ is None else environ).get(variable)
        if variable is not None and not values[name]:
            raise MissingKey(variable, tier.name)
    return replace(tier, options={**tier.options, "headers": values})


def variables_of(tier: Tier | TierSettings) -> tuple[str, ...]:
    """The environment variables whose values are sent to a tier as secrets: its key's, and those of its headers."""
    headers = tier.options.get("headers")
    written = headers.values() if isinstance(headers, Mapping) else ()
    named = [str(value).removeprefix(FROM_ENVIRONMENT) for value in written if str(value).startswith(FROM_ENVIRONMENT)]
    return (*filter(None, [key_variable(tier)]), *named)


def key_variable(tier: Tier | TierSettings) -> str | None:
    """The environment variable of a tier's key; None for none.

    A key meant for the vendor's address is not sent to another host; a vendor without one is wherever the tier says.
    """
    provider = PROVIDERS.get(tier.provider)
    if tier.api_key_env or not isinstance(provider, WireProvider):
        return tier.api_key_env
    vendors = provider.default_base_url
    elsewhere = vendors is not None and tier.base_url is not None and tier.base_url != vendors
    return None if elsewhere else provider.default_key_env


def check_keys(tiers: Iterable[Tier], environ: Mapping[str, str] | None = None) -> None:
    """See that every key is at hand before the first call is made.

    Raises:
        MissingKey: One is not.
    """
    for tier in tiers:
        if not is_local(tier):
            key_of(with_defaults(tier), environ)
            with_header_values(tier, environ)
