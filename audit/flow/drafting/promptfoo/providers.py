"""Promptfoo's providers as tiers: `openai:chat:gpt-4.1-mini`, `anthropic:messages:...`, and mappings with `id`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.core.errors import PriceUnknown
from audit.core.settings import TierSettings
from audit.llm.pricing import resolve_price

NATIVE = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure": "azure-openai",
    "azureopenai": "azure-openai",
    "google": "gemini",
    "vertex": "vertex",
    "bedrock": "bedrock",
    "openrouter": "openrouter",
    "cohere": "cohere",
}
"""Beginnings of a provider's id, to ours."""

COMPATIBLE = {
    "mistral": ("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "groq": ("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    "togetherai": ("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "fireworks": ("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    "deepseek": ("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    "cerebras": ("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    "xai": ("https://api.x.ai/v1", "XAI_API_KEY"),
    "ollama": ("http://localhost:11434/v1", None),
    "litellm": ("http://localhost:4000/v1", "LITELLM_API_KEY"),
}
"""Vendors whose address speaks OpenAI's chat protocol: address and variable of the key, by beginning of the id."""

KINDS = {"chat", "messages", "responses", "converse", "completion", "embedding", "embeddings", "assistant", "realtime",
         "image", "moderation", "transcription", "agents", "video", "tts", "codex-sdk"}  # fmt: skip
"""Second parts of an id that say which interface is asked, and are no model."""
TAKEN_KINDS = {"chat", "messages", "responses", "converse"}

_ENVIRONMENT = re.compile(r"^\s*(?:\{\{\s*env\.(\w+)\s*\}\}|\{\{\s*env\[['\"](\w+)['\"]\]\s*\}\}|\$\{?(\w+)\}?)\s*$")

JUDGE = "judge"
"""Name of the tier that judges."""


@dataclass(slots=True)
class Tiers:
    """Tiers that were taken over.

    Attributes:
        entries: As in `audit.yaml`, by name; judges have a tier of their own.
        left: What is not taken over, as sentences.
        unpriced: Names of tiers whose price must be written down.
    """

    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    unpriced: set[str] = field(default_factory=set)
    _judges: dict[str, str] = field(default_factory=dict)

    def add(self, written: Any) -> str | None:
        """Take over a provider; its name, or None where it cannot be."""
        made = self._entry(written)
        return None if made is None else self._named(made, str(made.pop("name")))

    def judge(self, written: Any) -> str | None:
        """Take over a provider that grades; the same one is one tier."""
        key = repr(written)
        if key not in self._judges:
            made = self._entry(written)
            if made is None:
                return None
            made.pop("name")
            self._judges[key] = self._named(made, JUDGE)
        return self._judges[key]

    def _named(self, made: dict[str, Any], wanted: str) -> str:
        name, number = wanted, 2
        while name in self.entries:
            name, number = f"{wanted}-{number}", number + 1
        entry = {"name": name, **made}
        self.entries[name] = entry
        try:
            resolve_price(TierSettings.model_validate(entry))
        except PriceUnknown:
            self.unpriced.add(name)
        return name

    def _entry(self, written: Any) -> dict[str, Any] | None:
        """A tier's entry."""
        id_, options = _written(written)
        if id_ is None:
            self.left.append("a provider that is neither a text nor a mapping with `id`")
            return None
        config = options.get("config")
        config = config if isinstance(config, Mapping) else {}
        parts = id_.split(":")
        kind = parts[1] if len(parts) > 1 and parts[1] in KINDS else ""
        model = ":".join(parts[2:] if kind else parts[1:])
        if kind and kind not in TAKEN_KINDS:
            self.left.append(f"provider `{id_}`: it is no chat model ({kind})")
            return None
        if not model or parts[0] not in (*NATIVE, *COMPATIBLE):
            self.left.append(f"provider `{id_}`: no provider here speaks to it; write a tier with its address")
            return None
        entry = {"name": str(options.get("label") or model), "model": model, **_endpoint(parts[0], kind, config)}
        entry |= _price(config)
        self.left += [f"provider `{id_}`: {one}" for one in _left(options, config)]
        return entry


def _written(written: Any) -> tuple[str | None, Mapping[str, Any]]:
    """Id and options of a provider, in each of the ways of writing one."""
    if isinstance(written, str):
        return written, {}
    if isinstance(written, Mapping) and isinstance(written.get("id"), str):
        return written["id"], written
    if isinstance(written, Mapping) and len(written) == 1:
        ((id_, options),) = written.items()
        options = options if isinstance(options, Mapping) else {}
        return (str(options.get("id") or id_), options)
    return None, {}


def provider_names(written: Any) -> tuple[str, ...]:
    """What tests can call a provider by: its id and its label."""
    id_, options = _written(written)
    return tuple(str(one) for one in (id_, options.get("label")) if one)


def _endpoint(vendor: str, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Provider, address and the variable of the key."""
    address, variable = COMPATIBLE.get(vendor, (None, None))
    provider = NATIVE.get(vendor, "openai-compatible")
    if provider == "openai" and kind == "responses":
        provider = "openai-responses"
    host = config.get("apiHost")
    own = config.get("apiBaseUrl") or config.get("baseUrl") or (f"https://{host}" if isinstance(host, str) else None)
    if isinstance(own, str):
        address = own
        provider = "openai-compatible" if provider == "openai" else provider
    found = {"provider": provider}
    if address is not None:
        found["base_url"] = address
    named = config.get("apiKeyEnvar")
    reference = _ENVIRONMENT.match(str(config.get("apiKey", "")))
    if isinstance(named, str):
        variable = named
    elif reference is not None:
        variable = next(name for name in reference.groups() if name)
    elif provider == "openai-compatible" and vendor == "openai":
        variable = "OPENAI_API_KEY"
    if variable is not None:
        found["api_key_env"] = variable
    return found


def _price(config: Mapping[str, Any]) -> dict[str, Any]:
    """Prices of a provider's own, USD a token there and per million here."""
    both = config.get("cost")
    rates = [config.get(name, both) for name in ("inputCost", "outputCost")]
    if any(not isinstance(rate, int | float) or isinstance(rate, bool) for rate in rates):
        return {}
    each = [round(float(rate) * 1e6, 9) for rate in rates if rate is not None]
    return {"price": {"input": each[0], "output": each[1]}}


def _left(options: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    """What of a provider's options is not taken over."""
    taken = {"apiKey", "apiKeyEnvar", "apiBaseUrl", "baseUrl", "apiHost", "cost", "inputCost", "outputCost"}
    if "apiKey" in config and not _ENVIRONMENT.match(str(config["apiKey"])):
        yield "its key stands in the file and is not copied; set `api_key_env`"
    sampling = sorted(str(name) for name in config if name not in taken)
    if sampling:
        yield f"`{'`, `'.join(sampling)}`: every request is replayed with the parameters that the log has"
    for name in options:
        if name not in ("id", "label", "config", "provider"):
            yield f"`{name}`"
