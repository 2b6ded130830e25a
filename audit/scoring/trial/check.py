"""Criteria on trial: the log's own answers are scored, and damaged, before anything is paid.

What comes out is one `CriteriaCheck` per route. It reads traffic and bodies, sends nothing, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.criteria import CriteriaCheck
from audit.core.settings import RouteSettings, Settings
from audit.embeddings import Embedder, embedder_of
from audit.scoring.controls.run import run_controls
from audit.scoring.criteria import build_criteria, criteria_of, parts_read, unsupported
from audit.scoring.expected.references import load_references, no_random_sample
from audit.scoring.inputs import judge_replies, logged_items
from audit.scoring.trial.judges import controls_by_judges
from audit.scoring.trial.labelled import judge_labelled, labelled_answers, read_judgements, with_labels
from audit.scoring.trial.looked_at import constants
from audit.scoring.trial.problems import problems_of
from audit.scoring.trial.route import ScoredRoute
from audit.scoring.trial.trial import Trial

EMBEDDED = 100
"""Answers that are damaged at most where a criterion embeds: a dozen damages of each take a transformer a while."""


def check_criteria(
    folder: RunFolder,
    settings: Settings,
    drawn: Mapping[str, pl.DataFrame],
    *,
    embedder_factory: Callable[[], Embedder] | None = None,
) -> dict[str, CriteriaCheck]:
    """What each route's criteria are worth, by the log's own answers to some of its requests.

    Args:
        folder: With traffic and bodies, and what judges have replied so far; answers that they were not asked about are
            left out.
        settings: `audit.yaml`.
        drawn: By route, exchange_id, request_fp and cost_usd of the exchanges to look at, in a random order.
        embedder_factory: Opens the embedding model, only when a criterion needs it.

    Returns:
        By route. Routes without criteria, or with some that this version cannot measure, are left out.

    Raises:
        ConfigError, UnknownName: A criterion is wrong.
        InputError: The references or the labels cannot be read.
        MissingPackage: A criterion needs an embedding model, and there is none.
    """
    factory = embedder_factory or partial(embedder_of, settings, folder.vectors)
    embedder = cache(lambda: factory())
    references = load_references(settings.references, settings.directory).values
    parts, replies = _parts(folder, drawn), judge_replies(folder)
    sampled = settings.references is not None and settings.references.random_sample
    judgements = cache(read_judgements)
    found: dict[str, CriteriaCheck] = {}
    for name, entry, rows in _measurable(settings, drawn):
        criteria = criteria_of(entry, settings.directory, embedder=embedder, replies=replies)
        needs = parts_read(criteria)
        items = list(logged_items(folder, rows, references, needs))
        has = {item.exchange_id: item.context.reference is not None for item in items}
        unlike = no_random_sample(folder, has) if sampled else None
        route = ScoredRoute.of(name, entry, criteria, items)
        check = _check(Trial.of(route, settings, parts, sampled=sampled, unlike=unlike), settings)
        if entry.labels is not None:
            answers = labelled_answers(
                folder,
                name,
                judgements(settings.directory / entry.labels),
                needs=needs,
                references=references,
                own_answers=check.own_answers_tell,
            )
            check = with_labels(check, judge_labelled(answers, route.judge_both, route.waits), settings.alpha)
            if route.judges:
                controls = settings.controls_of(name)
                results = controls_by_judges(route, answers, controls, settings.seed, check.labelled)
                check = replace(check, controls=results)
        found[name] = check
    return found


def verdicts_of_log(folder: RunFolder, settings: Settings, drawn: Mapping[str, pl.DataFrame]) -> dict[str, bool | None]:
    """Whether each answer of the log is accepted by its route's criteria, without a call.

    Args:
        folder: With traffic and bodies.
        settings: `audit.yaml`.
        drawn: By route, exchange_id, request_fp and cost_usd of the exchanges to look at.

    Returns:
        By exchange; None where its criteria say nothing of it. Left out are routes without criteria, with some that
        this version cannot measure, or whose criteria hold an answer against the log's own alone, and answers that a
        judge has to be asked about.

    Raises:
        As `check_criteria`.
    """
    embedder = cache(partial(embedder_of, settings))
    references = load_references(settings.references, settings.directory).values
    found: dict[str, bool | None] = {}
    for name, entry, rows in _measurable(settings, drawn):
        criteria = build_criteria(entry.criteria, settings.directory, embedder=embedder, confirmed=entry.confirmed)
        # Against themselves the log's answers always hold.
        if all("incumbent" in criterion.reads for criterion in criteria if criterion.weight > 0):
            continue
        items = list(logged_items(folder, rows, references, parts_read(criteria)))
        route = ScoredRoute.of(name, entry, criteria, items)
        found |= dict(zip((item.exchange_id for item in route.items), route.verdicts, strict=True))
    return found


def _measurable(
    settings: Settings, drawn: Mapping[str, pl.DataFrame]
) -> Iterator[tuple[str, RouteSettings, pl.DataFrame]]:
    """The routes with drawn exchanges whose criteria this version can measure, each with its entry and its rows."""
    for name, rows in drawn.items():
        entry = settings.route(name)
        if entry is not None and entry.criteria and not unsupported(entry.criteria) and not rows.is_empty():
            yield name, entry, rows.with_columns(route=pl.lit(name))


def _check(trial: Trial, settings: Settings) -> CriteriaCheck:
    route, controls = trial.route, settings.controls_of(trial.route.name)
    most = min(controls.answers, EMBEDDED) if any(c.embeds for c in route.criteria) else controls.answers
    results = run_controls(
        # What a judge makes of damaged answers is asked about a few labelled ones (`controls_by_judges`).
        [] if route.judges else trial.accepted[:most],
        [item.context for item in route.items],
        trial.views,
        route.judge,
        controls.limits,
        seed=settings.seed,
        constants=constants(route, trial.accepted),
    )
    return CriteriaCheck(
        grade=trial.grade,
        grades={criterion.name: criterion.grade for criterion in route.criteria},
        shares=trial.shares,
        confirmed=route.settings.confirmed,
        answers=len(route.items),
        accepted=len(trial.accepted),
        problems=problems_of(trial),
        controls=results,
        leaves_open=route.leaves_open,
        judges=route.judges,
        gold=route.gold,
    )


def _parts(folder: RunFolder, drawn: Mapping[str, pl.DataFrame]) -> dict[str, dict[str, str]]:
    """The values of `PARTS` by exchange."""
    ids = pl.concat([rows["exchange_id"] for rows in drawn.values()]) if drawn else pl.Series(dtype=pl.String)
    table = (
        pl.scan_parquet([str(path) for path in folder.traffic_files()])
        .filter(pl.col("row_id").is_in(ids.implode()))
        .select(
            *("row_id", "tenant", "system_hash", "tools_hash"),
            model=pl.coalesce("model_called", "model_responded", "model_requested"),
        )
        .collect()
    )
    return {row.pop("row_id"): {k: v for k, v in row.items() if v} for row in table.iter_rows(named=True)}
