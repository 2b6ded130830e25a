"""Providers: one wire protocol, or one source of answers, as pure functions. None of them opens a socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.core.errors import AuditError, EndpointError
from audit.core.exchange import Completion, Request
from audit.core.reason import Because, Reason, because
from audit.core.tier import Price, Tier
from audit.llm.tokens import prompt_tokens_estimate
from audit.protocols.sse import has_token

STREAM_WITHOUT_USAGE = "without usage"
"""The option `stream` of a tier that streams and does not take `stream_options`."""

CERTAINLY_TOO_LONG = 1.25
"""A prompt is refused unasked only when its estimated tokens exceed the window by this factor: the estimate knows no
tokenizer, and the endpoint's own refusal of a borderline prompt counts as too long just the same."""

TEXT_PARTS = frozenset({"text", "input_text", "output_text", "refusal"})
IMAGE_PARTS = frozenset({"image_url", "input_image", "image"})


class Unsupported(AuditError):
    """A request that is not sent to a tier, and why; nothing is paid."""

    default_code = "unsupported"

    def __init__(self, because: Because) -> None:
        super().__init__(because.sentence)
        self.because = because


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One HTTP request, ready to be sent. `body` is sent as it is."""

    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """One HTTP answer, read to its end. Header names are in lower case.

    Attributes:
        first_token_ms: From sending to the first letters of the answer, where it was streamed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    first_token_ms: float | None = None

    @property
    def begun(self) -> bool:
        """Whether it holds the first letters of an answer, streamed or not."""
        return has_token(self.body)


Encode = Callable[[Request, Tier, str | None], HttpCall]
Answerer = Callable[[Request, int], Completion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What every provider says of itself.

    Attributes:
        name: As written in `audit.yaml`.
        summary: One sentence for lists.
        options: Names that a tier's `options:` may hold; None leaves the check to the provider.
    """

    name: str
    summary: str
    options: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireProvider(Provider):
    """A protocol over HTTP.

    Attributes:
        default_base_url: Where the tier names none; None when a tier must name one.
        default_key_env: Environment variable of the key where the tier names none; None for no key.
        price_catalogue: Id of the vendor in the price catalogue, or None when only the URL can tell.
        encode: Request, tier and key to one HTTP call; the tier's `base_url` is filled in. Raises `Unsupported`.
        decode: An answer with a 2xx status to a completion. Raises `EndpointError`.
        classify: An answer to the error it stands for; None when `decode` should read it.
        probe: A cheap call that shows that the endpoint is there.
        authorize: Adds what must be fresh for each attempt, such as a signature or a token; None where the key is all.
        address: The tier's address where it follows from its options; None where it does not.
    """

    default_base_url: str | None
    encode: Encode
    decode: Callable[[HttpReply, Tier], Completion]
    classify: Callable[[HttpReply], EndpointError | None]
    probe: Callable[[Tier, str | None], HttpCall]
    default_key_env: str | None = None
    price_catalogue: str | None = None
    authorize: Callable[[HttpCall, Tier], HttpCall] | None = None
    address: Callable[[Tier], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProvider(Provider):
    """Answers made in this process, without a network.

    Attributes:
        open: A tier and the folder of `audit.yaml` to a function that answers; the function is synchronous and
            deterministic, and raises `EndpointError` for a request that it has no answer to.
        served_from: How replays say where the answer came from: `simulated`, `cassette` or `local`.
        price: What its answers cost where the tier names no price; None where that must be known.
    """

    open: Callable[[Tier, Path], Answerer]
    served_from: str = "simulated"
    price: Price | None = None


def require_supported(request: Request, tier: Tier) -> None:
    """Refuse a request that needs what the tier has not.

    Raises:
        Unsupported: It needs tools, a JSON schema, images or other media, or it is longer than the context.
    """
    supports = tier.supports
    if not supports.tools and (request.tools or request.params.get("functions")):
        raise Unsupported(because(Reason.TOOLS_OFF))
    if not supports.json_schema and request.response_format and request.response_format.get("type") == "json_schema":
        raise Unsupported(because(Reason.SCHEMAS_OFF))
    for kind in part_types(request.messages):
        if kind in IMAGE_PARTS:
            if not supports.images:
                raise Unsupported(because(Reason.IMAGES_OFF))
        elif kind not in TEXT_PARTS:
            raise Unsupported(because(Reason.PART_NOT_CARRIED, name=kind[:40]))
    window = tier.context_tokens
    if window is not None and prompt_tokens_estimate(request) > window * CERTAINLY_TOO_LONG:
        raise Unsupported(because(Reason.TOO_LONG))


def part_types(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Types of the content parts of all messages; a plain string has none."""
    found = []
    for message in messages:
        content = message.get("content")
        if isinstance(content, list | tuple):
            found += [str(part.get("type", "text")) for part in content if isinstance(part, Mapping)]
    return found
