"""Server-sent events: which bodies are streams, and the JSON that they carry.

Of vendors' words it knows only the fields in which an answer may begin.

Source: WHATWG HTML, section 9.2. Lines end in CR LF, LF or CR; a colon opens a comment (OpenRouter keeps connections
alive with them, before JSON bodies too); several `data:` lines are one payload.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

DONE = "[DONE]"
_FIELD = re.compile(rb"^(?:data|event|id|retry)\s*:")
_ENDS = re.compile("\r\n|\n|\r")
_TOKEN = re.compile(
    rb'"(?:content|reasoning_content|reasoning|refusal|text|thinking|tool_plan|arguments|partial_json|delta|input)"\s*:\s*"[^"]'
    rb'|"functionCall"\s*:\s*\{'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The events of one body.

    Attributes:
        payloads: JSON of each event, in order; what is no JSON is left out.
        done: The endpoint said that it was finished.
        damaged: Objects that could not be read: a stream that was cut ends in one. Other words, such as `ping`, keep a
            connection alive.
    """

    payloads: tuple[Any, ...]
    done: bool
    damaged: int


def without_comments(body: bytes) -> bytes:
    """A body without blank lines and comment lines before its content."""
    at = 0
    while at < len(body):
        line_end = min((end for end in (body.find(b"\n", at), body.find(b"\r", at)) if end >= 0), default=len(body))
        line = body[at:line_end].strip(b" \t\xef\xbb\xbf")
        if line and not line.startswith(b":"):
            break
        at = line_end + 1
    return body[at:]


def is_stream(body: bytes) -> bool:
    """Whether a body is a stream of events, whatever its content type says. Comments before it are taken off first."""
    return _FIELD.match(body[:32].lstrip(b"\xef\xbb\xbf")) is not None


def has_token(chunk: bytes) -> bool:
    """Whether a piece of a stream holds the first letters of an answer, for the time to the first token."""
    return _TOKEN.search(chunk) is not None


def read_stream(body: bytes) -> Stream:
    """All events of a body.

    Raises:
        UnicodeDecodeError: It is not UTF-8, which the format demands.
    """
    payloads, damaged, done = [], 0, False
    for data in _data(_ENDS.split(body.decode("utf-8-sig"))):
        if data.strip() == DONE:
            done = True
            continue
        try:
            payloads.append(json.loads(data))
        except (ValueError, RecursionError):
            damaged += data.lstrip()[:1] in ("{", "[")
    return Stream(payloads=tuple(payloads), done=done, damaged=damaged)


def payloads(lines: Iterable[bytes]) -> Iterator[Any]:
    """The JSON of each event of a text that is longer than memory, and `[DONE]`; what is no JSON is left out.

    Args:
        lines: Without their ends.
    """
    for data in _data(line.decode("utf-8", "replace") for line in lines):
        if data.strip() == DONE:
            yield DONE
            continue
        with contextlib.suppress(ValueError, RecursionError):
            yield json.loads(data)


def _data(text: Iterable[str]) -> Iterator[str]:
    """The payload of each event that has one, from the lines; a last event without its blank line counts too.

    Special cases: a line of data that is whole and followed by another without a blank line between: two payloads, as
    what takes blank lines away leaves them. `data: data: {`, as a proxy makes it that frames a stream again: once.
    """
    lines: list[str] = []
    for line in text:
        if not line:
            if lines:
                yield "\n".join(lines)
            lines = []
        elif line.startswith("data:"):
            if len(lines) == 1 and _is_whole(lines[0]):
                yield lines.pop()
            while line.startswith("data:"):
                line = line[5:].removeprefix(" ")
            lines.append(line)
    if lines:
        yield "\n".join(lines)


def _is_whole(data: str) -> bool:
    try:
        return data.strip() == DONE or isinstance(json.loads(data), dict | list)
    except (ValueError, RecursionError):
        return False
