"""What a message is made of: one discriminated union of parts.

Each part holds the meaning that every vendor shares. What only the vendor it was read from understands rides along in
`vendor`, so that a request that stays within one protocol loses nothing.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Vendor(Struct, frozen=True):
    """Fields of one protocol that have no place in the shared form.

    Attributes:
        protocol: Name of the protocol, as in `audit.protocols`.
        fields: By their name on the wire.
    """

    protocol: str
    fields: dict[str, Any]


class Blob(Struct, frozen=True, tag="blob"):
    """Content that is sent along: `data` is base64, `media_type` as in `image/png`; "" where nobody said."""

    data: str
    media_type: str = ""


class Url(Struct, frozen=True, tag="url"):
    """Content at an address that the vendor reads itself: http, https, s3, gs."""

    url: str
    media_type: str = ""


class FileId(Struct, frozen=True, tag="file_id"):
    """Content that was uploaded to one vendor before."""

    id: str


Source = Blob | Url | FileId


class _Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    vendor: Vendor | None = None


class Text(_Part, frozen=True, tag="text"):
    """Words."""

    text: str


class Refusal(_Part, frozen=True, tag="refusal"):
    """Words by which the model declined, where the protocol keeps them apart."""

    text: str


class Image(_Part, frozen=True, tag="image"):
    """A picture. `detail` is OpenAI's: low, high or auto."""

    source: Source
    detail: str | None = None


class Audio(_Part, frozen=True, tag="audio"):
    """Sound."""

    source: Source


class File(_Part, frozen=True, tag="file"):
    """A document, or any other medium; plain text is a `Blob` of type text/plain."""

    source: Source
    name: str | None = None


class Thinking(_Part, frozen=True, tag="thinking"):
    """The model's reasoning, as far as it was shown.

    Attributes:
        text: What was shown; "" where nothing was.
        signature: The vendor's seal, without which it does not take the reasoning back.
        redacted: The reasoning itself, readable by the vendor alone.
        origin: Whose models can verify the seal: anthropic, openai, google; None without one.
    """

    text: str
    signature: str | None = None
    redacted: str | None = None
    origin: str | None = None


class ToolCall(_Part, frozen=True, tag="tool_call"):
    """A call that the model wants made. `arguments` is the text as the model wrote it, JSON or not."""

    id: str
    name: str
    arguments: str


class ToolResult(_Part, frozen=True, tag="tool_result"):
    """What a call gave: texts, images or files. `id` is the call's."""

    id: str
    content: tuple[Text | Image | Audio | File | Opaque, ...]
    name: str | None = None
    is_error: bool = False


class CachePoint(_Part, frozen=True, tag="cache_point"):
    """Everything up to here is to be kept in the prompt cache, for `ttl`: 5m or 1h."""

    ttl: str = "5m"


class Opaque(_Part, frozen=True, tag="opaque"):
    """What only one protocol has a word for: a tool that runs at the vendor, its results, a citation list."""

    protocol: str
    payload: dict[str, Any]


Part = Text | Refusal | Image | Audio | File | Thinking | ToolCall | ToolResult | CachePoint | Opaque
