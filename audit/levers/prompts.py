"""Prompts as a vendor's cache sees them: tools, then messages, byte by byte. Read part by part; no text is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl
import pyarrow.parquet as pq

_GROUP_ROWS = 2_000
"""Rows whose prompts are in memory at once."""
_RAW = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request's prompt, as canonical JSON.

    Attributes:
        at: The request's row in the bill.
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


def read_prompts(body_files: Sequence[Path], rows: pl.DataFrame) -> Iterator[Prompt]:
    """The prompts of some rows of the bill, file by file, each group in the order of time.

    Requests whose body the log does not hold are left out, as are those whose body is no list of messages.

    Args:
        body_files: `bodies-*.parquet` of the run.
        rows: With `at` and `row` (the hash of the row's id).
    """
    wanted = rows.select("row", "at")
    for path in body_files:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_GROUP_ROWS, columns=["row_id", "messages", "tools", "tool_calls"]):
                bodies = pl.DataFrame(batch).with_columns(row=pl.col("row_id").hash()).drop_nulls("messages")
                found = bodies.join(wanted, on="row", how="inner").sort("at")
                for at, messages, tools, called in found.select("at", "messages", "tools", "tool_calls").iter_rows():
                    pieces, offered = _pieces(messages), _pieces(tools or "[]")
                    if pieces:
                        yield Prompt(at, offered, pieces, called)


def _pieces(text: str) -> tuple[bytes, ...]:
    try:
        return tuple(map(bytes, _RAW.decode(text.encode("utf-8", "surrogatepass"))))
    except (ValueError, RecursionError):
        return ()
