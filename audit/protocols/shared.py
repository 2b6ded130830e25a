"""What the protocols have in common: careful reading of JSON, media, and the list of losses."""

from __future__ import annotations

import json
import math
import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.exchange import Audio, Blob, Image, Loss, Losses, Lost, Part, Source, Url, Vendor

WITHOUT_MEANING = frozenset(
    {"id", "status", "index", "annotations", "response", "json", "max_completion_tokens", "phase", "legacy", "caller"}
)
"""Vendor fields whose absence changes nothing: names of stored items, and second copies of what is carried."""

FILTERS = frozenset({"safetySettings", "guardrailConfig", "moderation"})
"""Vendor fields that set up the vendor's own filter."""


class NotAnAnswer(ValueError):
    """A body that holds no answer of the protocol. The message quotes nothing of it."""


class GaveUp(NotAnAnswer):
    """A body with which the vendor says that it failed before there was an answer: the next one may be whole."""


class NotARequest(ValueError):
    """A body that holds no request of the protocol. The message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A stream put together.

    Attributes:
        body: That the same call would have without a stream, as far as it came.
        ended: The stream came to its end. A body without its end is no answer.
    """

    body: dict[str, Any]
    ended: bool


INVALID_JSON = "INVALID_JSON"
"""What a call's arguments stand under that are no object, where the protocol has objects only."""
MOST_BLOCKS = 4096
"""Parts of one streamed answer at most; what names a higher place is left out."""


class LossList:
    """Losses as they are met, each once."""

    def __init__(self) -> None:
        self._met: dict[Lost, None] = {}

    def add(self, loss: Loss, what: str = "") -> None:
        """Note one."""
        self._met[Lost(loss, what)] = None

    @property
    def all(self) -> Losses:
        """All of them."""
        return tuple(self._met)


def obj(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    # Bodies out of JSON are dicts, which is told at once; to ask for any mapping takes ten times as long.
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list; nothing for anything else."""
    if not isinstance(value, list | tuple):
        return iter(())
    return (item for item in value if type(item) is dict or isinstance(item, Mapping))


def text(value: Any) -> str | None:
    """The value if it is a string."""
    return value if isinstance(value, str) else None


def check_texts(values: Iterable[Any]) -> None:
    """See that what an answer gives as its text is one: an empty answer would be scored in its place.

    Raises:
        NotAnAnswer: One of the values is no string.
    """
    if not all(isinstance(value, str) for value in values):
        raise NotAnAnswer("a text of the answer is none")


def count(value: Any) -> int | None:
    """The value if it is a whole number from 0; a float that is one counts."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != value:
        return None
    return int(value) if value < 2**63 and int(value) == value else None


def place_of(value: Any) -> int | None:
    """The value if it is a place in a list that an answer may have."""
    place = count(value)
    return place if place is not None and place < MOST_BLOCKS else None


def number(value: Any) -> float | None:
    """The value if it is a number."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def finite_number(value: Any) -> float | None:
    """A finite number, also when written as text; else None. Booleans are not numbers."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is not int and (kind is not str or "_" in value):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def strings(value: Any) -> tuple[str, ...]:
    """A string, or the strings of a list."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def json_text(value: Any) -> str:
    """A value as compact JSON, its keys in the order in which they stand."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def arguments_object(arguments: str, losses: LossList) -> dict[str, Any]:
    """A tool call's arguments as an object, for protocols that take nothing else.

    Arguments that are none are wrapped, as Anthropic advises for answers that were cut.
    https://docs.claude.com/en/docs/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    losses.add(Loss.BROKEN_ARGUMENTS)
    return {INVALID_JSON: arguments}


def arguments_text(value: Any) -> str:
    """A tool call's arguments as text: as it is, or an object as JSON."""
    return value if isinstance(value, str) else json_text(value if value is not None else {})


def vendor_of(protocol: str, fields: Mapping[str, Any], known: frozenset[str]) -> Vendor | None:
    """What an object holds beside its known fields; fields of null say nothing."""
    rest = {key: value for key, value in fields.items() if key not in known and value is not None}
    return Vendor(protocol, rest) if rest else None


def vendor_fields(vendor: Vendor | None, protocol: str, losses: LossList) -> dict[str, Any]:
    """The fields to send along: those of the same protocol; those of another one are lost by name."""
    if vendor is None:
        return {}
    if vendor.protocol == protocol:
        return dict(vendor.fields)
    for name in vendor.fields:
        if name == "thoughtSignature":
            losses.add(Loss.THINKING)
        elif name in FILTERS:
            losses.add(Loss.FILTER_SETTINGS)
        elif name not in WITHOUT_MEANING:
            losses.add(Loss.VENDOR_FIELD, name[:60])
    return {}


def media_loss(part: Part) -> Loss:
    """What is lost where a protocol has no place for an image, a sound or a file."""
    return Loss.IMAGE if isinstance(part, Image) else Loss.AUDIO if isinstance(part, Audio) else Loss.FILE


def source_of(url: str) -> Source:
    """An address, or the content of a data URL."""
    if url.startswith("data:"):
        head, comma, data = url[5:].partition(",")
        media_type, *flags = head.split(";")
        if comma and "base64" in flags:
            return Blob(data, media_type)
    return Url(url, guessed_type(url))


def data_url(blob: Blob) -> str:
    """The content as a data URL."""
    return f"data:{blob.media_type};base64,{blob.data}"


def guessed_type(url: str) -> str:
    """The media type that an address' ending stands for; "" for none."""
    return mimetypes.guess_type(url.partition("?")[0].partition("#")[0])[0] or ""


def present(**fields: Any) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}
"""The schema of a function without parameters, where the protocol asks for one."""


def schema_from(value: Any) -> dict[str, Any] | None:
    """A function's parameters as they are written; None where there are none."""
    return dict(value) if isinstance(value, Mapping) else None


def schema_to(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """A function's parameters where the protocol asks for the schema of an object."""
    return dict(schema) if schema else dict(NO_PARAMETERS)


def detail_of(image: Mapping[str, Any]) -> str | None:
    """The wanted level of detail of an image; `auto` is what no wish means."""
    detail = text(image.get("detail"))
    return None if detail == "auto" else detail


SCHEMA_NAME = "response"
"""Name of a response schema where the protocol asks for one and the request has none."""


def schema_name(form: Mapping[str, Any]) -> str | None:
    """The name of a response schema; None for the one that is given to those without."""
    name = text(form.get("name"))
    return None if name == SCHEMA_NAME else name


def opaque_name(payload: Mapping[str, Any]) -> str:
    """What a vendor's own part or tool calls itself: its type, or the one field that it has."""
    return (text(payload.get("type")) or next((key for key in payload if isinstance(key, str)), ""))[:60]


def has_messages_and(body: Mapping[str, Any], own: frozenset[str]) -> bool:
    """Whether a request holds messages, and beside them a field that only one vendor has."""
    return isinstance(body.get("messages"), list) and not own.isdisjoint(body)
