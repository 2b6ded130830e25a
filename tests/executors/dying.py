"""The work of the stages, by processes that are killed at it."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from audit.certificate.certified import certificate_jobs
from audit.certificate.jobs import CertificateJob, Certified, certify
from audit.core.outcome import Outcome
from audit.ingest import first_pass, second_pass
from audit.replay.lending import ShardJob, ShardReport
from audit.replay.shard import ask_shard
from audit.scoring import jobs as scoring
from tests.executors.work import die_at_first

SOME_RESULTS = 3


def mark_above(path: Path, name: str) -> Path:
    """The test's mark of this name, in the nearest folder above."""
    return next(folder / name for folder in path.parents if (folder / name).exists())


def read_dying(job: first_pass.Job) -> first_pass.FilePart:
    """Read a part of a log, after a process died at it."""
    die_at_first(mark_above(job.files.folder, "read"))
    return first_pass.read_part(job)


def finish_dying(job: second_pass.FinishJob) -> second_pass.AttemptLedger:
    """Finish a part of a log; the first process dies after that, before it could say so."""
    done = second_pass.finish_part(job)
    die_at_first(mark_above(job.files.folder, "finish"))
    return done


def score_dying(job: scoring.ScoreJob) -> list[Outcome]:
    """Score a batch, after a process died at it."""
    die_at_first(mark_above(job.directory / "audit.yaml", "score"))
    return scoring.score_batch(job)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkedJob(CertificateJob):
    """A route to be tested, with the test's mark: it has no folder of its own."""

    mark: Path


def marked_jobs(mark: Path, *told: Any) -> Iterator[MarkedJob]:
    """The jobs of `certificate_jobs`, each with a mark."""
    for job in certificate_jobs(*told):
        yield MarkedJob(**{one.name: getattr(job, one.name) for one in fields(job)}, mark=mark)


def certify_dying(job: MarkedJob) -> Certified:
    """Test a route, after a process died at it."""
    die_at_first(job.mark)
    return certify(job)


def ask_dying(job: ShardJob) -> ShardReport:
    """Make the calls of a shard; the first process dies after that, before it could say so."""
    done = ask_shard(job)
    if _is_to_die(job):
        die_at_first(mark_above(job.run, "dying"))
    return done


def ask_dying_at_once(job: ShardJob) -> ShardReport:
    """Make the calls of a shard; the first process dies when it has some results and waits for others."""
    if _is_to_die(job):
        threading.Thread(target=_die_at_work, args=(job,), daemon=True).start()
    return ask_shard(job)


def _is_to_die(job: ShardJob) -> bool:
    """Whether a shard asks the tier that the test chose, if it chose one."""
    chosen = mark_above(job.run, "dying").with_suffix(".model")
    return not chosen.exists() or chosen.read_text("utf-8") in {tier.model for tier in job.tiers}


def _die_at_work(job: ShardJob) -> None:
    mark, journal = mark_above(job.run, "dying"), job.folder.journal
    while journal.exists() and not mark.with_suffix(".died").exists():
        if journal.read_bytes().count(b'"event":"done"') >= SOME_RESULTS:
            die_at_first(mark)
            return
        time.sleep(0.002)
