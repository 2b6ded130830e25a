"""Servers that have OpenAI's files and batches beside its chat completions.

https://platform.openai.com/docs/api-reference/batch
"""

from __future__ import annotations

from dataclasses import replace

from audit.llm.batches import openai

BATCH = replace(openai.BATCH, name="openai-compatible", summary="Any endpoint with OpenAI's files and batches")
