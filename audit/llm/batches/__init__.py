"""Batch interfaces by the name of the provider that has them."""

from audit.core.catalog import Catalog
from audit.llm.batch import BatchInterface

BATCHES: Catalog[BatchInterface] = Catalog(
    kind="batch interface",
    group="audit.batches",
    package=__name__,
    constant="BATCH",
    names=("anthropic", "azure-openai", "bedrock", "gemini", "openai", "openai-compatible", "openai-responses"),
    expects=BatchInterface,  # type: ignore[type-abstract]  # asked of values alone; nothing makes one
)
