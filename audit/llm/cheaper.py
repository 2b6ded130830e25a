"""Who sells what a log was served by, and cheaper models of the same vendor, from the price catalogue: what a first
configuration writes down, and what it proposes to test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.core.exchange import Usage
from audit.core.policy import bare
from audit.llm.pricing import price_of, vendor_of
from audit.llm.provider import WireProvider
from audit.llm.providers import PROVIDERS

CHEAPER = 0.6
"""A proposal costs at most this part of what the model costs, at its tokens."""

CLASS_BELOW = 0.5
"""A model that costs at most this part of another is of a cheaper class."""

OTHER_WORK = re.compile(
    r"image|-oss-|audio|tts|whisper|embed|moderation|realtime|transcri|search|computer-use|research|codex|instruct|davinci|"
    r"babbage|curie|^ada|live|robotics|vision|preview|^ft:|latest$|\d{4}-?\d{2}-?\d{2}|-\d{4}$|-exp"
)
"""In names of models that do something else than answer a chat, or are another name of one that is listed."""

CLOUD = re.compile("vertex")
"""In names of providers whose prices are a vendor's own, and whose address is not: each customer has another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheaperModel:
    """A model that the same vendor sells for less.

    Attributes:
        model: As the vendor calls it.
        provider: Ours, with an address and a variable for the key of its own.
        share: What it costs of what the other model costs, at the same tokens.
    """

    model: str
    provider: str
    share: float


def cheaper_models(
    model: str, provider: str | None, usage: Usage, *, served: Iterable[str] = (), most: int = 3
) -> tuple[CheaperModel, ...]:
    """Models of the vendor of a model that cost clearly less, the nearest relatives by name first,
    and one of a cheaper class where there is any.

    Args:
        model: As logged.
        provider: As logged.
        usage: Tokens that it was billed.
        served: Models as logged, of any vendor, that need no proposal; a snapshot stands for the model that it is of.
        most: Proposals.

    Returns:
        None of a vendor that has no address here, of a model without a list price, or that nothing undercuts.
    """
    from genai_prices import data_snapshot

    written, _, name = model.rpartition("/")
    provider = provider if vendor_of(provider) else (written or None)
    now = price_of(name, provider)
    if now is None or not (cost := now.cost_usd(usage)):
        return ()
    try:
        vendor, _ = data_snapshot.get_snapshot().find_provider_model(name, None, vendor_of(provider), None)
    except LookupError:
        return ()
    ours = _at_home(vendor.id)
    if ours is None:
        return ()
    known = {entry for one in served if (entry := _entry(one, vendor.id)) is not None}
    found = []
    for other in vendor.models:
        if other.id in known:
            continue
        price = price_of(other.id, vendor.id) if other.context_window and not OTHER_WORK.search(other.id) else None
        if price is not None and not other.deprecated and 0 < price.cost_usd(usage) <= CHEAPER * cost:
            found.append(CheaperModel(model=other.id, provider=ours, share=price.cost_usd(usage) / cost))
    found.sort(key=lambda one: (-_alike(one.model, name), -one.share, one.model))
    return _of_two_classes(found, most)


def _of_two_classes(found: Sequence[CheaperModel], most: int) -> tuple[CheaperModel, ...]:
    """The first so many; where another is of a cheaper class than all of these, the first such in the last's place."""
    chosen = list(found[:most])
    least = min((one.share for one in chosen), default=0.0)
    if (other := next((one for one in found[most:] if one.share <= CLASS_BELOW * least), None)) is not None:
        chosen[-1] = other
    return tuple(chosen)


def _entry(model: str, vendor: str) -> str | None:
    """What the catalogue calls a vendor's model."""
    from genai_prices import data_snapshot

    try:
        return str(data_snapshot.get_snapshot().find_provider_model(bare(model), None, vendor, None)[1].id)
    except LookupError:
        return None


def serving(model: str, provider: str | None) -> str | None:
    """Our provider that asks for a model where a log says that it was served.

    Args:
        model: As logged.
        provider: As logged.

    Returns:
        One with an address and a variable for the key of its own.

    Special cases:
        The log names no provider, one that has no address here, as where each customer has one, or writes it before the
        model, as gateways do and it does not: None.
    """
    vendor, (written, _, _) = vendor_of(provider), model.rpartition("/")
    if vendor is None or vendor_of(written) == vendor or CLOUD.search((provider or "").lower()):
        return None
    return _at_home(vendor)


def _at_home(vendor: str) -> str | None:
    return next((one for one in PROVIDERS.known() if _sells(one, vendor)), None)


def _sells(name: str, vendor: str) -> bool:
    provider = PROVIDERS.get(name)
    return isinstance(provider, WireProvider) and provider.price_catalogue == vendor and bool(provider.default_base_url)


def _alike(one: str, other: str) -> int:
    """How many parts of two names are the same: `gpt-4.1-mini` and `gpt-4.1` share two."""
    return len(set(one.split("-")) & set(other.split("-")))
