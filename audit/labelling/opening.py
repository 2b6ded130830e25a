"""From a run and its configuration to a session: which route, which file, what the criteria ask for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from audit.core.artifacts import RunFolder, read_labels, read_run
from audit.core.errors import InputError
from audit.core.finding import RouteFinding
from audit.core.settings import Settings
from audit.labelling.at_random import RandomSize
from audit.labelling.pairs import Queue, open_queue, route_to_label
from audit.labelling.session import Session

FILE = "labels.jsonl"

RANDOM_PAIRS = 150
"""Pairs that are drawn at random where nobody declares a number and none would settle the route: about an evening of
reading."""

LEAST_RANDOM_PAIRS = 50
"""Pairs that are drawn at random at least where nobody declares a number; what is planned rests on guesses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session, and what is said around it.

    Attributes:
        criteria: What a right answer must hold, one line a criterion, as `audit.yaml` says it.
        unused: The line that `audit.yaml` lacks so that the labels are used; "" where it has it.
        demo: The run is about bundled data.
    """

    session: Session
    criteria: tuple[str, ...]
    unused: str
    demo: bool


def open_session(
    folder: RunFolder,
    settings: Settings,
    *,
    by: str,
    route: str | None = None,
    file: Path | None = None,
    at_random: int | None = None,
) -> Opened:
    """Open a session of one person on one route.

    Args:
        folder: Of a run with findings.
        settings: That the run was made with.
        by: Who labels.
        route: Name; None for the one on which labels may tell most.
        file: Of labels; None for the one that the route names, else `labels.jsonl` beside `audit.yaml`.
        at_random: Pairs to judge first that are drawn at random, where a judge decides; None for what the file
            declares, else as many as about settle the route, else `RANDOM_PAIRS`.

    Raises:
        InputError: Nothing was concluded yet, there is no such route, its answers are all alike, or
            another number of random pairs was declared before.
    """
    findings = read_run(folder.path)
    found = route_to_label(findings, route)
    entry = settings.route(found.route)
    named = entry.labels if entry is not None else None
    # What people say of bundled data is no part of the package that brought it.
    beside = folder.path if findings.demo else settings.directory
    chosen = file or (settings.directory / named if named else beside / FILE)
    queue = open_queue(folder, found)
    if not queue.pairs:
        raise InputError(
            "every answer of the candidate says what the log says, so there is nothing to judge",
            code="label.alike",
            notes=[f"{queue.alike} pairs of this route are alike"],
            hint="--route NAME for another one",
        )
    size = RandomSize.of(
        found,
        queue,
        confidence=findings.confidence,
        expects=(settings.slice.discordance, settings.slice.power),
    )
    used = named is not None and chosen.resolve() == (settings.directory / named).resolve()
    return Opened(
        session=Session(
            folder=folder,
            route=found,
            confidence=findings.confidence,
            queue=queue,
            file=chosen,
            by=by,
            seed=findings.provenance.seed,
            first=_random_pairs(found, queue, chosen, at_random, size),
            size=size,
        ),
        criteria=() if entry is None else tuple(_said(c.type, c.value, c.metric) for c in entry.criteria),
        unused="" if used else f"labels: {_from(chosen, settings.directory)}",
        demo=findings.demo,
    )


def _random_pairs(route: RouteFinding, queue: Queue, file: Path, wanted: int | None, size: RandomSize | None) -> int:
    """The number that holds: the one that was declared first. Who may change it after some labels can stop as soon as
    they please. Where nobody declares one, it is worked out from what the judge said, which no label changes."""
    if route.criteria is None or not route.criteria.judges:
        if wanted:
            raise InputError("no judge decides on this route, so its labels need not be random", code="label.no-judge")
        return 0
    mine = {(pair.exchange_id, pair.other) for pair in queue.pairs.values()}
    lines = read_labels(file) if file.exists() else ()
    declared = {one.random.first for one in lines if one.random is not None and (one.id, one.content) in mine}
    if wanted is not None and declared - {wanted}:
        raise InputError(
            f"{min(declared - {wanted})} random pairs were declared before the first of them was judged",
            code="label.declared",
            notes=[
                "it cannot be raised either: what the labels said so far is in the report, and who goes on until they "
                "please is wrong more often than the report says",
            ],
            hint="leave --at-random out; a larger number is for an audit of later traffic, in a run and a file of "
            "labels of its own",
        )
    if wanted == 0:
        return 0
    planned = None if wanted or size is None else size.wanted(())
    usual = max(planned, LEAST_RANDOM_PAIRS) if planned else RANDOM_PAIRS
    return min(declared, default=min(wanted or usual, queue.certifying))


def _said(kind: str, value: object, metric: str | None) -> str:
    said = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    named = f"{metric} ({kind})" if metric else kind
    return f"{named}: {said}" if said else named


def _from(path: Path, directory: Path) -> str:
    """The path as it is written in `audit.yaml`."""
    path, directory = path.resolve(), directory.resolve()
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)
