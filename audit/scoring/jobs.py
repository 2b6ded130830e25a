"""Many completions scored by one criterion: in this process, or in jobs that an executor shares out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.core.outcome import Outcome
from audit.core.progress import step
from audit.core.settings import CriterionSettings
from audit.executors.executor import Pool
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion, build_criterion

PARALLEL_FROM = 50_000
"""Completions to score in one batch from which several processes are worth their start."""

CONTEXTS_PER_JOB = 2_000

WORK = "audit.scoring.jobs:score_batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreJob:
    """Completions for one criterion, as data for another process."""

    entry: CriterionSettings
    directory: Path
    contexts: tuple[Context, ...]


def score_batch(job: ScoreJob) -> list[Outcome]:
    """Compile the criterion and score; what a worker process does."""
    return build_criterion(job.entry, job.directory).score(job.contexts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where completions are scored: by whom, and from which folder a criterion reads its files."""

    pool: Pool
    directory: Path

    def score(self, criterion: Criterion, entry: CriterionSettings, contexts: Sequence[Context]) -> list[Outcome]:
        """One outcome per context, in order, whoever works it out.

        Args:
            criterion: Built from the entry.
            entry: What a job builds it from again.
            contexts: All that one batch holds of a route.
        """
        if criterion.embeds:  # all at once: an embedder sorts texts by length, and says itself how far it has come
            return criterion.score(contexts)
        outcomes: list[Outcome] = []
        with step("Scoring a batch", total=len(contexts), unit=f"answers by {criterion.name}") as advance:
            for part in self._parts(criterion, entry, contexts):
                outcomes += part
                advance(len(part))
        return outcomes

    def _parts(
        self, criterion: Criterion, entry: CriterionSettings, contexts: Sequence[Context]
    ) -> Iterable[list[Outcome]]:
        parts = (contexts[at : at + CONTEXTS_PER_JOB] for at in range(0, len(contexts), CONTEXTS_PER_JOB))
        if len(contexts) < PARALLEL_FROM or self.pool.workers == 1:
            return map(criterion.score, parts)
        jobs = (ScoreJob(entry=entry, directory=self.directory, contexts=tuple(part)) for part in parts)
        return self.pool.run(jobs, work=WORK)
