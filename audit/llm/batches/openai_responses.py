"""OpenAI's Batch API over Responses.

https://platform.openai.com/docs/api-reference/batch/create
"""

from __future__ import annotations

from dataclasses import replace

from audit.llm.batches import openai

BATCH = replace(
    openai.BATCH, name="openai-responses", summary="OpenAI's Batch API, over Responses", endpoint="/v1/responses"
)
