"""The files that a part of a log is written to: each appears under its name when it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.artifacts import private_file
from audit.core.errors import AuditError
from audit.core.schemas import BODIES
from audit.ingest.row import DRAFT


@dataclass(frozen=True, slots=True)
class PartFiles:
    """Where a part of the log is written: its number, and the folder that all parts share."""

    number: int
    folder: Path

    @property
    def draft(self) -> Path:
        """Metadata before the second pass."""
        return self.folder / f"draft-{self.number:05d}.arrow"

    @property
    def bodies(self) -> Path:
        """Bodies, final."""
        return self.folder / f"bodies-{self.number:05d}.parquet"

    @property
    def traffic(self) -> Path:
        """Metadata, final."""
        return self.folder / f"traffic-{self.number:05d}.parquet"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write a file that appears under its name when it is whole.

    Two workers may write the same part, where one was taken for lost and was not: neither sees the other's half.

    Raises:
        AuditError: The folder is not there: this is another machine, and it does not share the folder.
    """
    if not path.parent.is_dir():
        raise AuditError(
            "a worker does not see the run folder",
            code="executor.not-shared",
            notes=["every machine that reads the log writes its part there"],
            hint="put the run folder on storage that all machines share, under the same path",
        )
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def bodies_writer(path: Path) -> pq.ParquetWriter:
    """A writer of bodies; a dictionary is tried for what repeats, elsewhere it would be built and thrown away."""
    return pq.ParquetWriter(
        private_file(path),
        BODIES,
        compression="zstd",
        compression_level=1,
        use_dictionary=["system_text", "tools", "tool_choice", "response_format", "native_api"],
        write_statistics=False,
    )


def write_draft(path: Path, drafts: Sequence[pa.Table]) -> None:
    """Write the metadata of a part before the second pass."""
    table = pa.concat_tables(drafts or [DRAFT.empty_table()]).unify_dictionaries()
    with pa.ipc.new_file(private_file(path), DRAFT) as writer:
        writer.write_table(table)
