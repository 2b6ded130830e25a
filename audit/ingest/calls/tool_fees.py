"""Whether an answer says that tools ran at the vendor, which charges for each use: no price of tokens has that.

Sources: OpenAI's Responses, items of the output (https://platform.openai.com/docs/pricing, built-in tools); Anthropic's
`usage.server_tool_use`; Gemini's `groundingMetadata` (https://ai.google.dev/gemini-api/docs/pricing); xAI's
`num_sources_used` and `server_side_tool_usage`; Perplexity's `num_search_queries`; Mistral's `connectors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.ingest.values import number, obj, objects

_ITEMS = frozenset({"web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call"})
"""Items of OpenAI's Responses that are charged beside the tokens; MCP and shells of the client's own are not."""
_COUNTS = ("num_sources_used", "num_server_side_tools_used", "num_search_queries")
_BY_TOOL = ("server_tool_use", "server_side_tool_usage", "server_side_tool_usage_details", "connectors")
_USES = frozenset((*_COUNTS, *_BY_TOOL))
_SEARCHED = ("webSearchQueries", "web_search_queries", "retrievalQueries", "retrieval_queries")


def charged(body: Mapping[str, Any]) -> bool:
    """Whether the body of an answer tells of a tool that the vendor charges for.

    Args:
        body: Of any protocol, that of a stream as if it had not been streamed.
    """
    if any(item.get("type") in _ITEMS for item in objects(body.get("output"))):
        return True
    for candidate in objects(body.get("candidates")):
        found = obj(candidate.get("groundingMetadata", candidate.get("grounding_metadata")))
        if any(found.get(name) for name in _SEARCHED):
            return True
    return False


def counted(usage: Mapping[str, Any]) -> bool:
    """Whether usage tells of uses of such tools."""
    if _USES.isdisjoint(usage):
        return False
    if any((number(usage.get(name)) or 0) > 0 for name in _COUNTS):
        return True
    return any((number(times) or 0) > 0 for name in _BY_TOOL for times in obj(usage.get(name)).values())
