"""OpenAI's models on Azure, by either of its addresses.

`base_url: https://NAME.openai.azure.com` with `options: {api_version: ...}` is the classic one, where the tier's
`model` names the deployment; `base_url: https://NAME.openai.azure.com/openai/v1` is the one that needs no version. The
key goes in the header `api-key`.
https://learn.microsoft.com/en-us/azure/ai-foundry/openai/reference
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from audit.core.errors import ConfigError
from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import base_of
from audit.llm.provider import HttpCall
from audit.llm.providers import openai, openai_compatible


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """As `openai`, at Azure's address."""
    call = openai.encode(request, tier, None)
    return replace(call, url=_address(tier, "/chat/completions"), headers=_headers(call, key))


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which is not billed."""
    call = openai_compatible.probe(tier, None)
    url = f"{base_of(tier)}/models"
    if not is_v1(tier):
        url = f"{base_of(tier)}/openai/models?api-version={version_of(tier)}"
    return replace(call, url=url, headers=_headers(call, key))


def _address(tier: Tier, path: str) -> str:
    if is_v1(tier):
        return f"{base_of(tier)}{path}"
    return f"{base_of(tier)}/openai/deployments/{quote(tier.model, safe='')}{path}?api-version={version_of(tier)}"


def is_v1(tier: Tier) -> bool:
    """Whether the tier is at the address that needs no version."""
    return base_of(tier).endswith("/v1")


def version_of(tier: Tier) -> str:
    """The version of the classic address.

    Raises:
        ConfigError: The tier names none.
    """
    version = tier.options.get("api_version")
    if not version:
        raise ConfigError(
            f"tier `{tier.name}` needs `options.api_version`, or a base_url that ends in /openai/v1",
            code="config.api-version",
            hint='options: {api_version: "2025-04-01-preview"}',
        )
    return quote(str(version), safe="")


def _headers(call: HttpCall, key: str | None) -> dict[str, str]:
    return {**call.headers, **({"api-key": key} if key else {})}


PROVIDER = replace(
    openai.PROVIDER,
    name="azure-openai",
    summary="OpenAI's models on Azure, by deployment or by the v1 path",
    options=(*(openai.PROVIDER.options or ()), "api_version"),
    default_base_url=None,
    default_key_env="AZURE_OPENAI_API_KEY",
    price_catalogue="azure",
    encode=encode,
    probe=probe,
)
