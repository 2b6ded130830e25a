"""What protocols of the chat family share: content as text or parts, calls beside it, functions as tools.

OpenAI's chat completions began it; others kept its messages and changed the words around them. A protocol adds what is
its own and says what it does not carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.core.exchange import Blob, CachePoint, FileId, Image, Tool, ToolCall, Vendor
from audit.protocols.shared import (
    arguments_text,
    data_url,
    detail_of,
    obj,
    present,
    schema_from,
    source_of,
    text,
)


def simple(content: list[dict[str, Any]]) -> Any:
    """Content as a string where one text is all there is; None for nothing."""
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content or None


def image_from(part: Mapping[str, Any], vendor: Vendor | None) -> Image:
    """An `image_url` part; its address stands in an object, or for itself."""
    image = part.get("image_url")
    url = text(image) or text(obj(image).get("url")) or ""
    return Image(source_of(url), detail=detail_of(obj(image)), vendor=vendor)


def image_to(image: Image) -> dict[str, Any] | None:
    """An `image_url` part; None for an image that only a vendor has."""
    if isinstance(image.source, FileId):
        return None
    url = data_url(image.source) if isinstance(image.source, Blob) else image.source.url
    return {"type": "image_url", "image_url": present(url=url, detail=image.detail)}


def call_from(call: Mapping[str, Any], vendor: Vendor | None) -> ToolCall:
    """A call of a function; its arguments stay the text that they are."""
    function = obj(call.get("function"))
    arguments = arguments_text(function.get("arguments"))
    return ToolCall(text(call.get("id")) or "", text(function.get("name")) or "", arguments, vendor=vendor)


def call_to(call: ToolCall) -> dict[str, Any]:
    """A call of a function."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def tool_from(
    function: Mapping[str, Any], *, strict: bool = False, cache: CachePoint | None = None, vendor: Vendor | None = None
) -> Tool:
    """A function that may be called."""
    return Tool(
        name=text(function.get("name")) or "",
        description=text(function.get("description")),
        schema=schema_from(function.get("parameters")),
        strict=strict,
        cache=cache,
        vendor=vendor,
    )


def tool_to(tool: Tool, parameters: Mapping[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A function that may be called.

    Args:
        parameters: Its schema as the protocol wants it; None leaves it out.
        more: Further fields of the function; None leaves them out.
    """
    function = present(name=tool.name, description=tool.description, parameters=parameters, **more)
    return {"type": "function", "function": function}
