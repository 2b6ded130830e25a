"""Targets that a routing policy is written for, one file each. Each refuses what its target cannot express."""

from audit.core.catalog import Catalog
from audit.policy.exporter import Exporter

EXPORTERS: Catalog[Exporter] = Catalog(
    kind="export target",
    group="audit.exporters",
    package=__name__,
    constant="EXPORTER",
    names=(
        "policy-json",
        "litellm",
        "litellm-auto-router",
        "openrouter",
        "portkey",
        "bifrost",
        "envoy-ai-gateway",
        "semantic-router",
        "vllm-semantic-router",
        "bedrock",
        "routellm",
    ),
    expects=Exporter,
)

NOT_SUPPORTED = {
    "azure-model-router": "it chooses among models by a mode (quality, cost, balanced) and takes no rule from outside",
    "openrouter-auto": "it chooses by itself; `openrouter` writes presets that name the models",
}
"""Targets that people ask for and that can express no policy at all, with why."""
