"""Server-sent events: which bodies are streams, and the JSON that they carry.

Of vendors' words it knows only the fields in which an answer may begin.

Source: WHATWG HTML, section 9.2. Lines end in CR LF, LF or CR; a colon opens a comment (OpenRouter keeps connections
alive with them, before JSON bodies too); several `data:` lines are one payload.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
        damaged: Payloads that could not be read: a stream that was cut ends in one.
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
    for data in _data(body.decode("utf-8-sig")):
        if data.strip() == DONE:
            done = True
            continue
        try:
            payloads.append(json.loads(data))
        except (ValueError, RecursionError):
            damaged += 1
    return Stream(payloads=tuple(payloads), done=done, damaged=damaged)


def _data(text: str) -> Iterator[str]:
    """The payload of each event that has one; a last event without its blank line counts too."""
    lines: list[str] = []
    for line in _ENDS.split(text):
        if not line:
            if lines:
                yield "\n".join(lines)
            lines = []
        elif line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
    if lines:
        yield "\n".join(lines)
