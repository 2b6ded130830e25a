"""Providers by name: reading the list is reading what `audit` can speak to."""

from audit.core.catalog import Catalog
from audit.llm.provider import Provider

PROVIDERS: Catalog[Provider] = Catalog(
    kind="provider",
    group="audit.providers",
    package=__name__,
    constant="PROVIDER",
    names=(
        *("anthropic", "azure-openai", "bedrock", "cassette", "cohere", "gemini", "local", "openai"),
        *("openai-compatible", "openai-responses", "openrouter", "simulated", "simulated-judge", "vertex"),
    ),
    expects=Provider,
)
