"""Where a run's store is, and which of its answers count for the run."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from audit.core.artifacts import RunFolder, read_findings
from audit.core.errors import InputError
from audit.core.plan import AskedOtherwise, StoredAnswers
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.places import limits_folder, store_folder
from audit.llm.client import ClientOptions
from audit.replay.journal import JournalLedger
from audit.replay.kept import AnswersAt, answered_otherwise, known_calls
from audit.replay.plan import Call
from audit.store.kept import Earlier, KnownCalls

DAY_S = 86_400.0
_ANSWERS = "answers"
"""Artefact of a run that was begun with `--fresh`: since when."""


def answers_at(settings: Settings, folder: RunFolder) -> AnswersAt:
    """Where a run finds the answers of earlier ones, and which it may take."""
    cassette = settings.replay.cassette
    begun = (folder.facts(_ANSWERS) or {}).get("not_before", 0.0)
    return AnswersAt(
        cassette=None if cassette is None else settings.directory / cassette,
        store=store_folder(settings, folder),
        not_before=max(time.time() - settings.store.max_age_days * DAY_S, begun),
        redacted=settings.ingest.redact,
        run=folder.path.name,
    )


def known(calls: Sequence[Call], tiers: Sequence[Tier], settings: Settings, folder: RunFolder) -> KnownCalls:
    """The calls of a run that have an answer already."""
    return known_calls(calls, tiers, folder, answers_at(settings, folder))


def otherwise(
    calls: Sequence[Call], tiers: Sequence[Tier], settings: Settings, folder: RunFolder
) -> tuple[AskedOtherwise, ...]:
    """The calls of a run that have been answered with other settings of their tier."""
    return answered_otherwise(calls, tiers, folder, answers_at(settings, folder))


def stored_answers(kept: Mapping[str, Earlier], expected_usd: float) -> StoredAnswers | None:
    """What a plan says of the calls that earlier runs were answered; None for none.

    Args:
        kept: By call id.
        expected_usd: What they would add to the quote.
    """
    if not kept:
        return None
    asked = [one.asked_at for one in kept.values() if one.asked_at is not None]
    since = datetime.fromtimestamp(min(asked), UTC).date().isoformat() if asked else None
    return StoredAnswers(calls=len(kept), expected_usd=expected_usd, since=since)


def client_options(settings: Settings) -> ClientOptions:
    """How a run's calls are made."""
    return ClientOptions(
        seed=settings.seed,
        directory=settings.directory,
        redact=settings.ingest.redact,
        limits=limits_folder(os.environ),
    )


def begin_fresh(settings: Settings, folder: RunFolder) -> None:
    """With `--fresh`: note in a new run folder that it takes no older answers, so that it is resumed that way too.

    Raises:
        InputError: The folder has answers already, which a run does not ask again.
    """
    if not settings.store.fresh:
        return
    if folder.facts(_ANSWERS) is not None and not _finished(folder):
        return
    if any(result.measured for result in JournalLedger.read(folder.journal).results.values()):
        raise InputError(
            f"{folder.path} has answers already, which --fresh would not ask again",
            code="store.not-fresh",
            notes=["nothing was sent, $0.00 spent"],
            hint="begin another run folder:  --fresh --out DIR",
        )
    folder.record(_ANSWERS, {}, not_before=time.time())


def _finished(folder: RunFolder) -> bool:
    if not folder.findings.exists():
        return False
    counts = read_findings(folder.findings).replay
    return counts is None or counts.complete
