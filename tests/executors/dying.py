"""The work of the stages, by processes that are killed at it."""

from audit.core.outcome import Outcome
from audit.ingest import group, work
from audit.scoring import run as scoring
from tests.executors.work import die_at_first


def read_dying(job: work.Job) -> work.FilePart:
    """Read a part of a log, after a process died at it."""
    die_at_first(job.files.folder.parent.parent / "read")
    return work.read_part(job)


def finish_dying(job: group.FinishJob) -> group.AttemptLedger:
    """Finish a part of a log; the first process dies after that, before it could say so."""
    done = group.finish_part(job)
    die_at_first(job.files.folder.parent.parent / "finish")
    return done


def score_dying(job: scoring.ScoreJob) -> list[Outcome]:
    """Score a batch, after a process died at it."""
    die_at_first(job.directory / "score")
    return scoring.score_batch(job)
