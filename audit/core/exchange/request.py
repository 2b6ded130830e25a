"""What a model is asked, in one typed form that every protocol is read into and written from."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from audit.core.exchange.parts import CachePoint, Opaque, Part, Vendor

Role = Literal["system", "developer", "user", "assistant", "tool"]


class Message(Struct, frozen=True, omit_defaults=True):
    """One turn. A message of role `tool` holds one `ToolResult`; what a vendor groups is taken apart on reading.

    Attributes:
        name: Name of a participant, where several have one role.
    """

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    vendor: Vendor | None = None


class Tool(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="tool"):
    """A function that the model may call; `schema` is the JSON schema of its arguments, None for no arguments."""

    name: str
    description: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool = False
    cache: CachePoint | None = None
    vendor: Vendor | None = None


class ToolChoice(Struct, frozen=True, omit_defaults=True):
    """Which tools may or must be called.

    Attributes:
        mode: auto: the model decides; none: no call; required: at least one call.
        names: Only these tools; empty for all. `required` with one name is a call of that tool.
        parallel: Whether several calls at once are allowed; None for the vendor's default, which is yes.
    """

    mode: Literal["auto", "none", "required"] | None = None
    names: tuple[str, ...] = ()
    parallel: bool | None = None


class ResponseFormat(Struct, frozen=True, omit_defaults=True):
    """The form of the answer: some JSON object, or one that keeps to `schema`."""

    kind: Literal["json_object", "json_schema"]
    schema: dict[str, Any] | None = None
    name: str | None = None
    description: str | None = None
    strict: bool = False


class Sampling(Struct, frozen=True, omit_defaults=True):
    """How tokens are drawn, and when to stop; None for what the client did not send."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    verbosity: str | None = None


class Reasoning(Struct, frozen=True, omit_defaults=True):
    """How much the model is to think before it answers.

    Attributes:
        enabled: False where thinking is switched off; None where nobody said.
        effort: A word: minimal, low, medium, high, ...
        budget_tokens: At most so many tokens.
    """

    enabled: bool | None = None
    effort: str | None = None
    budget_tokens: int | None = None


class ModelRequest(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One request, whatever protocol it was written in.

    Attributes:
        model: As sent; None where the address names it.
        tools: Functions, and tools that run at a vendor as `Opaque`.
        service_tier: As sent: flex, priority, ...
        vendor: Further fields of the body that change the answer.
    """

    messages: tuple[Message, ...]
    model: str | None = None
    tools: tuple[Tool | Opaque, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    reasoning: Reasoning = Reasoning()
    service_tier: str | None = None
    vendor: Vendor | None = None
