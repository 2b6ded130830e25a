"""Prompts as a vendor's cache sees them: tools, then messages, byte by byte. Read part by part; no text is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import polars as pl

from audit.levers.bill import IN_TIME
from audit.levers.log_files import LogFiles

_RAW = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request's prompt, as canonical JSON.

    Attributes:
        at: The request's row in the log.
        tools: One piece per tool that is offered, in the order sent.
        messages: One piece per message.
        called: The answer's tool calls, JSON, or None.
    """

    at: int
    tools: tuple[bytes, ...]
    messages: tuple[bytes, ...]
    called: str | None

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """Tools, then messages: the order in which vendors render a prompt."""
        return self.tools + self.messages


def read_prompts(files: LogFiles, number: int, rows: pl.DataFrame) -> Iterator[Prompt]:
    """The prompts of some rows of a part of the log, each row group of the bodies in the order of time.

    Requests whose body the log does not hold are left out, as are those whose body is no list of messages.

    Args:
        files: Of the log.
        number: Of the part.
        rows: With `IN_TIME`, in the order of the log.
    """
    for bodies in files.bodies_of(number, rows["at"], ("messages", "tools", "tool_calls")):
        told = bodies.drop_nulls("messages").join(rows.select(IN_TIME), on="at").sort(IN_TIME, nulls_last=True)
        for at, messages, tools, called in told.select("at", "messages", "tools", "tool_calls").iter_rows():
            pieces, offered = _pieces(messages), _pieces(tools or "[]")
            if pieces:
                yield Prompt(at, offered, pieces, called)


def _pieces(text: str) -> tuple[bytes, ...]:
    try:
        return tuple(map(bytes, _RAW.decode(text.encode("utf-8", "surrogatepass"))))
    except (ValueError, RecursionError):
        return ()
