"""`ingest`: exported logs in, `traffic/*.parquet` and `rejects.parquet` out, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from audit.core.artifacts import RunFolder, private_folder, rows_table, write_table
from audit.core.errors import AuditError, InputError, Place
from audit.core.fingerprint import file_sha256
from audit.core.rates import RatesOf
from audit.core.schemas import REJECTS
from audit.core.settings import IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.group import AttemptLedger, find_fixes, finish_part
from audit.ingest.join import joined_pieces
from audit.ingest.sniff import Sniffed, sniff
from audit.ingest.source import PIECE_BYTES, Piece, Source, find_sources, pieces
from audit.ingest.work import EARLY_RECORDS, FilePart, Job, Reject, read_part

PARALLEL_BYTES = 3 * PIECE_BYTES
"""Below this much input, starting a process costs more than it saves."""


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


@dataclass(slots=True)
class _Reading:
    """What is known of the sources while they are cut into pieces."""

    digests: dict[str, Future[str]] = field(default_factory=dict)
    sniffed: dict[str, Sniffed] = field(default_factory=dict)
    skipped: list[Reject] = field(default_factory=list)
    refused: InputError | None = None


def ingest(
    sources: Sequence[Path],
    settings: IngestSettings,
    folder: RunFolder,
    *,
    workers: int = 2,
    rates_of: RatesOf | None = None,
    variables: Sequence[str] = (),
) -> IngestReport:
    """Read logs of any known format into a run folder.

    The same input gives the same bytes whatever the number of workers. Files appear under their names only when the
    last one is complete; what an earlier ingest left there is replaced.

    Args:
        sources: Files and folders; folders are searched, sorted.
        workers: Processes to parse with; small inputs are read in this one.
        rates_of: Rates of a kind of call, for rows whose cost the log does not have and to compare with it.
        variables: Environment variables whose values are masked whatever they look like, where they are set.

    Raises:
        InputError: A source is missing, empty, damaged, of no known format, or mostly unusable.
    """
    found = find_sources(sources)
    folder.create()
    with _scratch(folder) as scratch, ThreadPoolExecutor(1) as hasher:
        reading = _Reading(digests={s.name: hasher.submit(file_sha256, s.path) for s in found})
        cut = (
            Job(i, part, settings, scratch, tuple(variables)) for i, part in enumerate(_parts(found, settings, reading))
        )
        size, watch = sum(source.path.stat().st_size for source in found), _Watch(found)
        jobs, parts = [], []
        for job, part in _read(cut, size, workers):
            watch.see(part)
            jobs.append(job)
            parts.append(part)
        if not jobs and reading.refused is not None:
            raise reading.refused
        watch.judge()
        digests = {name: future.result() for name, future in reading.digests.items()}
        total = AttemptLedger()
        finish = partial(finish_part, digests=digests, rates_of=rates_of)
        with ThreadPoolExecutor(workers) as pool:  # compression, which is most of it, runs outside the lock
            for ledger in pool.map(finish, jobs, find_fixes(jobs)):
                total = total + ledger
        rejects = [*reading.skipped, *(reject for part in parts for reject in part.rejects)]
        _publish(folder, scratch, rejects)
    return _report(parts, rejects, total, digests, reading)


@contextmanager
def _scratch(folder: RunFolder) -> Iterator[Path]:
    """A hidden folder beside the final one; what killed runs left of theirs goes too."""
    for stale in folder.path.glob(".traffic.*.tmp"):
        shutil.rmtree(stale, ignore_errors=True)
    scratch = folder.path / f".traffic.{os.getpid()}.tmp"
    private_folder(scratch)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _publish(folder: RunFolder, scratch: Path, rejects: Sequence[Reject]) -> None:
    write_table(folder.rejects, rows_table((asdict(reject) for reject in rejects), REJECTS))
    if folder.traffic.exists():
        shutil.rmtree(folder.traffic)
    scratch.rename(folder.traffic)


def _read(jobs: Iterator[Job], size: int, workers: int) -> Iterator[tuple[Job, FilePart]]:
    """Parts in order. This process reads too: it need not import everything first, as a new one must.

    At most two parts per other process are under way, and a job that was read lets go of its records, so memory does
    not grow with the log.
    """
    if workers < 2 or size < PARALLEL_BYTES:
        yield from ((job.without_records(), read_part(job)) for job in jobs)
        return
    # Imported here: a small log needs no processes, and is read before they could be imported.
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers - 1, mp_context=get_context("spawn")) as pool:
        flying: deque[tuple[Job, Future[FilePart]]] = deque()
        try:
            for job in jobs:
                if sum(not future.done() for _, future in flying) < 2 * (workers - 1):
                    flying.append((job.without_records(), pool.submit(read_part, job)))
                else:
                    flying.append((job.without_records(), _done(read_part(job))))
                while flying and flying[0][1].done():
                    ready, future = flying.popleft()
                    yield ready, future.result()
            while flying:
                ready, future = flying.popleft()
                yield ready, future.result()
        except BrokenProcessPool:
            raise AuditError(
                "a process that parses the log died",
                code="ingest.worker-died",
                notes=["killed for its memory, or started by a script without a guard"],
                hint='pass workers=1, or call this under `if __name__ == "__main__":`',
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _done(part: FilePart) -> Future[FilePart]:
    future: Future[FilePart] = Future()
    future.set_result(part)
    return future


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
        if not self._early:
            raise InputError("there is no record in these logs", code="ingest.empty")
        if bad * 2 > len(self._early) and self._first is not None:
            raise InputError(
                f"{bad} of the first {len(self._early)} records cannot be used: {self._first.reason}",
                code="ingest.mostly-bad",
                place=Place(file=str(self._paths[self._first.source_file]), line=self._first.source_row),
                notes=["the place is the first such record; nothing was written"],
                hint="check the export, or name its format with `ingest.format` or its fields with `ingest.map`",
            )


def _parts(found: Sequence[Source], settings: IngestSettings, reading: _Reading) -> Iterator[tuple[Piece, ...]]:
    """Pieces packed into parts of about PIECE_BYTES: a large file makes many parts, many small files make one."""
    batch: list[Piece] = []
    size = 0
    for piece in _all_pieces(found, settings, reading):
        batch.append(piece)
        size += piece.size
        if size >= PIECE_BYTES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def _all_pieces(found: Sequence[Source], settings: IngestSettings, reading: _Reading) -> Iterator[Piece]:
    """Pieces with their formats; those of a format whose records belong together come last, joined."""
    apart: dict[str, list[tuple[Source, Sniffed]]] = {}
    for source in found:
        stream = _known_pieces(source, settings, reading, alone=len(found) == 1)
        first = next(stream, None)
        if first is not None and FORMATS.get(first.format).join is not None:
            apart.setdefault(first.format, []).append((source, Sniffed(first.format, "", first.within)))
        elif first is not None:
            yield from chain((first,), stream)
    for name, sources in apart.items():
        yield from joined_pieces(FORMATS.get(name), sources)


def _known_pieces(source: Source, settings: IngestSettings, reading: _Reading, *, alone: bool) -> Iterator[Piece]:
    stream = pieces(source)
    try:
        first = next(stream)
        sniffed = sniff(first, settings)
    except InputError as error:
        # One empty or foreign file among thousands is no reason to stop; it is counted.
        if alone or error.code not in _FOREIGN:
            raise
        reading.skipped.append(Reject(source.name, 0, _FOREIGN[error.code], ""))
        reading.refused = reading.refused or error
        return
    reading.sniffed.setdefault(sniffed.name, sniffed)
    for piece in chain((first,), stream):
        yield piece.of(sniffed.name, sniffed.within)


_FOREIGN = {
    "ingest.empty": "empty file",
    "ingest.not-json": "file that is no log",
    "ingest.unknown-format": "file of no known format",
}
"""Errors of a whole file that others beside it may outweigh, by their code."""


def _report(
    parts: Sequence[FilePart],
    rejects: Sequence[Reject],
    total: AttemptLedger,
    digests: dict[str, str],
    reading: _Reading,
) -> IngestReport:
    formats: Counter[str] = Counter()
    for part in parts:
        formats.update(part.formats)
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
        format_sniffed="; ".join(str(sniffed) for _, sniffed in sorted(reading.sniffed.items())),
    )
