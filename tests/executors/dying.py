"""The work of the stages, by processes that are killed at it."""

from pathlib import Path

from audit.core.outcome import Outcome
from audit.ingest import group, work
from audit.scoring import jobs as scoring
from tests.executors.work import die_at_first


def mark_above(path: Path, name: str) -> Path:
    """The test's mark of this name, in the nearest folder above."""
    return next(folder / name for folder in path.parents if (folder / name).exists())


def read_dying(job: work.Job) -> work.FilePart:
    """Read a part of a log, after a process died at it."""
    die_at_first(mark_above(job.files.folder, "read"))
    return work.read_part(job)


def finish_dying(job: group.FinishJob) -> group.AttemptLedger:
    """Finish a part of a log; the first process dies after that, before it could say so."""
    done = group.finish_part(job)
    die_at_first(mark_above(job.files.folder, "finish"))
    return done


def score_dying(job: scoring.ScoreJob) -> list[Outcome]:
    """Score a batch, after a process died at it."""
    die_at_first(mark_above(job.directory / "audit.yaml", "score"))
    return scoring.score_batch(job)
