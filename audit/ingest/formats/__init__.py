"""Log formats, one file each, most specific first: the order in which they are tried on a log's first record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from audit.core.catalog import Catalog
from audit.core.settings import IngestSettings
from audit.ingest.row import Row

Reader = Callable[[bytes], Sequence[Row]]
"""From the bytes of one record to its rows: none for a record that is no call (a parent span), several where one
record nests several calls. Raises `Unusable` for a record that should have been one; total otherwise."""


class Join(Protocol):
    """Two passes over the records of one format, in all files: spans and their log records, a batch's two ends."""

    def see(self, record: Mapping[str, msgspec.Raw], file: str, /) -> Any:
        """Take a record into account.

        Args:
            file: The path of the file that it is in.

        Returns:
            What is handed back with it when it is joined, a value of JSON. What is kept beside that is `JoinNotes`: a
            log has millions of records, and is longer than memory.
        """

    def join(self, record: dict[str, msgspec.Raw], file: str, seen: Any, /) -> dict[str, msgspec.Raw]:
        """The record with what others say of it.

        Args:
            record: In the order in which they were seen.
            file: As for `see`.
            seen: What `see` returned; None also where it stumbled over the record.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How one kind of log is told and read.

    Attributes:
        name: As in `ingest.format`.
        summary: One line for the documentation.
        fields: Top-level fields that its records have, to name the nearest format when none fits.
        detects: Why a record is of this format, or None when it is not.
        open: A reader for the settings. Made once per block of records, in the process that reads it.
        join: Sees all records of the log before any is read, and adds to each what others say of it; None where a
            record stands for itself.
        any_wrapper: It reads bodies under whatever a team put around them, so that a record of a named format, within
            whatever a shipper put around it, is looked for first.
        carries: The field that may hold any program's lines, and in them records of another format.
        without_calls: Where the calls are, for a log of this format that has none.
    """

    name: str
    summary: str
    fields: tuple[str, ...]
    detects: Callable[[Mapping[str, Any]], str | None]
    open: Callable[[IngestSettings], Reader]
    join: Callable[[], Join] | None = None
    any_wrapper: bool = False
    carries: str | None = None
    without_calls: str = "check what the export has left out"


FORMATS: Catalog[Format] = Catalog(
    kind="format",
    group="audit.formats",
    package=__name__,
    constant="FORMAT",
    names=(
        "litellm-spend",
        "litellm",
        "otlp",
        "langsmith",
        "langfuse",
        "bedrock",
        "mlflow",
        "helicone",
        "portkey",
        "keywordsai",
        "bifrost",
        "tensorzero",
        "datadog",
        "braintrust",
        "cloudflare",
        "openrouter",
        "phoenix",
        "weave",
        "vertex",
        "azure-apim",
        "claude-code",
        "codex",
        "gemini-cli",
        "batch",
        "streams",
        "anthropic",
        "openai-responses",
        "openai-chat",
        "generic",
    ),
    expects=Format,
)
