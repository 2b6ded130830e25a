"""Batch deployments on Azure: OpenAI's interface at Azure's two addresses.

A file holds at most 100,000 requests and 200 MB. Jobs are meant to be done in 24 hours and do not expire. The classic
address names the operation without `/v1`. A deployment for batches takes no calls online.
https://learn.microsoft.com/en-us/azure/ai-foundry/openai/how-to/batch
https://learn.microsoft.com/en-us/rest/api/azureopenai/batch/create
"""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.tier import Tier
from audit.llm.batches.openai import FileBatches, line_of
from audit.llm.over_protocol import base_of
from audit.llm.provider import HttpCall
from audit.llm.providers.azure_openai import is_v1, version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureBatches(FileBatches):
    """As OpenAI's, at the resource's address."""

    def address(self, tier: Tier, path: str) -> str:
        """The v1 path, or the classic one with its version."""
        if is_v1(tier):
            return f"{base_of(tier)}{path}"
        return f"{base_of(tier)}/openai{path}?api-version={version_of(tier)}"

    def operation(self, tier: Tier) -> str:
        """The classic interface names its operations without `/v1`."""
        return self.endpoint if is_v1(tier) else self.endpoint.removeprefix("/v1")

    def entry(self, custom_id: str, call: HttpCall) -> bytes:
        """A line of the file; a classic call has its version in its address."""
        classic = "api-version=" in call.url
        return line_of(custom_id, self.endpoint.removeprefix("/v1") if classic else self.endpoint, call)


BATCH = AzureBatches(
    name="azure-openai",
    summary="Batch deployments of OpenAI's models on Azure",
    most_requests=100_000,
    most_bytes=200_000_000,
    hours=None,
    queue_full="token_limit_exceeded",
)
