"""`ingest`: exported logs in, `traffic/*.parquet` and `rejects.parquet` out, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from audit.core.artifacts import RunFolder, private_folder, rows_table, write_table
from audit.core.errors import InputError, Place
from audit.core.fingerprint import file_sha256
from audit.core.progress import counted, step
from audit.core.rates import RatesOf
from audit.core.schemas import REJECTS
from audit.core.settings import ExecutorSettings, IngestSettings
from audit.executors import IN_PROCESS, open_pool
from audit.ingest.files.source import PIECE_BYTES, Source, find_sources
from audit.ingest.first_pass import EARLY_RECORDS, FilePart, Job, Reject, keys_in_use
from audit.ingest.parts import Reading, parts_of, refuse_no_calls
from audit.ingest.second_pass import AttemptLedger, finish_jobs

PARALLEL_BYTES = 3 * PIECE_BYTES
"""Below this much input, starting a process costs more than it saves."""

FEW_PARTS = 24
"""So many are finished here sooner than another process has imported what it needs for it."""

PACKED = frozenset({".gz", ".zst", ".zstd", ".bz2", ".xz", ".parquet", ".arrow", ".feather", ".orc", ".pb", ".binpb"})
"""Files whose records take other bytes than the file does."""

READ, FINISH = "audit.ingest.first_pass:read_part", "audit.ingest.second_pass:finish_part"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What became of a log. Every record read is a row (or several, or a structural one without a call) or a reject.

    Attributes:
        read: Records seen, blank lines left out.
        rejected: Records that could not be used.
        rejects: How many, by reason.
        requests: Billable rows: answered, not duplicates, not cache hits.
        failures: Rows with status error that are no duplicates.
        duplicates: Rows that repeat an earlier one; in no sum.
        cache_hits: Answered by the gateway's cache.
        unknown: Rows of which the log tells neither an answer nor an error; with the four above, every row is in one
            of these counters.
        not_priced: Billable rows without a cost, logged or recomputed.
        unpriced: How many of them, by the reason (`core.reason.Reason`).
        spend_usd: Dollars by where they come from: what the gateway or the provider logged, or `recomputed` by a price
            table; `free` is a model that costs nothing by its name.
        not_auditable_usd: Of these, what cannot be replayed, by the reasons why.
        apart_usd: Dollars that the log names for rows that are no billable request, by `core.traffic.Apart`; in none of
            the sums above. With these and `spend_usd`, every dollar of the log is in one counter.
        warnings: Values that were questioned or could not be read, by kind.
        not_calls: Records that are no call: a parent span, a row that `ingest.map.where` leaves out.
        secrets_masked: Secrets replaced in what was written.
        formats: Rows by format.
        inputs: SHA-256 of each source by its name.
        format_sniffed: The format of each kind of source, with the reason.
        unrouted: Rows of each format of which none has a route, where those of another one have.
    """

    read: int
    rejected: int
    rejects: dict[str, int]
    requests: int
    failures: int
    duplicates: int
    cache_hits: int
    unknown: int
    not_priced: int
    unpriced: dict[str, int]
    spend_usd: dict[str, float]
    not_auditable_usd: dict[str, float]
    warnings: dict[str, int]
    not_calls: int
    secrets_masked: int
    formats: dict[str, int]
    inputs: dict[str, str]
    format_sniffed: str
    apart_usd: dict[str, float] = field(default_factory=dict)
    unrouted: dict[str, int] = field(default_factory=dict)


def ingest(
    sources: Sequence[Path],
    settings: IngestSettings,
    folder: RunFolder,
    *,
    executor: ExecutorSettings | None = None,
    rates_of: RatesOf | None = None,
    variables: Sequence[str] = (),
) -> IngestReport:
    """Read logs of any known format into a run folder.

    The same input gives the same bytes whatever the workers. Files appear under their names only when the last one is
    complete; what an earlier ingest left there is replaced.

    Args:
        sources: Files and folders; folders are searched, sorted.
        executor: Where large inputs are read, small ones being read in this process; default: one process per core.
        rates_of: Rates of a kind of call, for rows whose cost the log does not have and to compare with it; it can be
            pickled, where workers are other processes.
        variables: Environment variables whose values are masked whatever they look like, where they are set.

    Raises:
        InputError: A source is missing, empty, damaged, of no known format, or mostly unusable.
    """
    found = find_sources(sources)
    folder.create()
    small = sum(source.path.stat().st_size for source in found) < PARALLEL_BYTES
    opened = open_pool(ExecutorSettings(workers=1) if small else executor or ExecutorSettings())
    with opened as pool, _scratch(folder) as scratch, ThreadPoolExecutor(1) as hasher:
        reading = Reading(digests={s.name: hasher.submit(file_sha256, s.path) for s in found})
        keys = keys_in_use(variables)
        sizes: list[int] = []

        def jobs() -> Iterator[Job]:
            for number, part in enumerate(parts_of(found, settings, reading)):
                sizes.append(sum(piece.size for piece in part))
                yield Job(number, scratch, tuple(piece.absolute() for piece in part), settings, keys)

        watch, parts = _Watch(found), []
        with step("Reading logs", total=_bytes_of(found), unit="bytes") as advance:
            for part in pool.run(jobs(), work=READ):
                watch.see(part)
                parts.append(replace(part, early=()))
                advance(sizes[part.files.number])
        if not parts and reading.refused is not None:
            raise reading.refused
        watch.judge()
        if not any(part.rows for part in parts):
            refuse_no_calls(
                sum(part.not_calls for part in parts),
                {name for part in parts for name in part.formats},
                [reject for part in parts for reject in part.rejects],
            )
        digests = {name: future.result() for name, future in reading.digests.items()}
        drafts = [part.files for part in parts]
        finish = finish_jobs(drafts, [part.rows for part in parts], digests, rates_of)
        finishers = pool if len(drafts) > FEW_PARTS else IN_PROCESS
        finished = counted(finishers.run(finish, work=FINISH), "Writing traffic", total=len(drafts), unit="parts")
        total = sum(finished, start=AttemptLedger())
        for files in drafts:
            files.draft.unlink()
        rejects = [*reading.skipped, *(reject for part in parts for reject in part.rejects)]
        _publish(folder, scratch, rejects)
    return _report(parts, rejects, total, digests, reading)


@contextmanager
def _scratch(folder: RunFolder) -> Iterator[Path]:
    """A hidden folder beside the final one; what killed runs left of theirs goes too."""
    for stale in folder.path.glob(".traffic.*.tmp"):
        shutil.rmtree(stale, ignore_errors=True)
    scratch = folder.path.absolute() / f".traffic.{os.getpid()}.tmp"
    private_folder(scratch)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _bytes_of(found: Sequence[Source]) -> float | None:
    """Bytes to read; None where some are compressed, so that nobody knows before."""
    if any(source.path.suffix.lower() in PACKED for source in found):
        return None
    return float(sum(source.path.stat().st_size for source in found))


def _publish(folder: RunFolder, scratch: Path, rejects: Sequence[Reject]) -> None:
    write_table(folder.rejects, rows_table((asdict(reject) for reject in rejects), REJECTS))
    if folder.traffic.exists():
        shutil.rmtree(folder.traffic)
    scratch.rename(folder.traffic)


class _Watch:
    """Stops when more than half of the first thousand records are unusable: wrong file, or wrong format."""

    def __init__(self, found: Sequence[Source]) -> None:
        self._paths = {source.name: source.path for source in found}
        self._early: list[bool] = []
        self._first: Reject | None = None

    def see(self, part: FilePart) -> None:
        """Take a part into account."""
        self._first = self._first or next(iter(part.rejects), None)
        if len(self._early) < EARLY_RECORDS:
            self._early += part.early[: EARLY_RECORDS - len(self._early)]
            if len(self._early) >= EARLY_RECORDS:
                self.judge()

    def judge(self) -> None:
        """Judge by what was seen.

        Raises:
            InputError: Most of it could not be used, or there was nothing.
        """
        bad = self._early.count(False)
        if not self._early and self._first is None:
            raise InputError("there is no record in these logs", code="ingest.empty")
        if self._first is not None and (bad * 2 > len(self._early) or not self._early):
            share = f"{bad} of the first {len(self._early)} records" if bad else "the records"
            raise InputError(
                f"{share} cannot be used: {self._first.reason}",
                code="ingest.mostly-bad",
                place=Place(file=str(self._paths[self._first.source_file]), line=self._first.source_row),
                notes=["the place is the first such record; nothing was written"],
                hint="check the export, or name its format with `ingest.format` or its fields with `ingest.map`",
            )


def _report(
    parts: Sequence[FilePart],
    rejects: Sequence[Reject],
    total: AttemptLedger,
    digests: dict[str, str],
    reading: Reading,
) -> IngestReport:
    formats: Counter[str] = Counter()
    routed: Counter[str] = Counter()
    for part in parts:
        formats.update(part.formats)
        routed.update(part.routed)
    reasons = Counter(reject.reason for reject in rejects)
    return IngestReport(
        read=sum(part.records for part in parts),
        rejected=len(rejects),
        rejects=dict(sorted(reasons.items())),
        requests=total.requests,
        failures=total.failures,
        duplicates=total.duplicates,
        cache_hits=total.cache_hits,
        unknown=total.unknown,
        not_priced=total.not_priced,
        unpriced=dict(sorted(total.unpriced.items())),
        spend_usd=dict(sorted(total.spend_usd.items())),
        not_auditable_usd=dict(sorted(total.not_auditable_usd.items())),
        apart_usd=dict(sorted(total.apart_usd.items())),
        warnings=dict(sorted(total.warnings.items())),
        not_calls=sum(part.not_calls for part in parts),
        secrets_masked=total.secrets_masked,
        formats=dict(sorted(formats.items())),
        inputs=dict(sorted(digests.items())),
        unrouted={name: n for name, n in sorted(formats.items()) if n and not routed[name]} if routed.total() else {},
        format_sniffed="; ".join(str(sniffed) for _, sniffed in sorted(reading.sniffed.items())),
    )
