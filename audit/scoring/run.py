"""The stage: replays to scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.fingerprint import fingerprint
from audit.core.outcome import Outcome
from audit.core.schemas import ACCEPTED, AS_LOGGED, NO_ANSWER, SCORES
from audit.core.settings import Settings
from audit.executors import open_pool
from audit.scoring.answered import CALLS_BESIDE, not_accepted, says_the_same
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion, later_orders, orders_of
from audit.scoring.expected.references import left_words, load_references
from audit.scoring.inputs import CANDIDATE, INCUMBENT, Item, read_items
from audit.scoring.jobs import Bench
from audit.scoring.routes import CompiledRoutes, OpensEmbedder, RouteCriteria
from audit.scoring.tables import (
    SAYS_SEVERAL,
    Cell,
    Key,
    Sink,
    cell,
    is_of_several,
    open_sink,
    outcome_of,
    said_as_one,
    stored_cells,
)
from audit.scoring.texts.extract import opens_with_thinking, strips_thinking
from audit.scoring.verdict import accept

ANSWERED = "answered"
"""Criterion that every completion has: that it is a whole answer, neither refused nor cut off."""

_ANSWERED_ROW = (ANSWERED, -1, "finish-reason", 1, fingerprint([ANSWERED]), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReport:
    """What scoring did.

    Attributes:
        counts: Rows per route, criterion and status (scored, not_applicable, errored).
        embedder: Name of the embedding model that was used, or None.
        embedding_shift: A sentence for each criterion that compared at less than full precision: what that did.
        notes: Sentences for the report: what could not be scored and why, which patterns have a time limit.
        computed: Distinct scores that were worked out now.
        reused: Distinct scores read from the earlier table.
    """

    counts: Mapping[tuple[str, str, str], int]
    embedder: str | None
    embedding_shift: tuple[str, ...]
    notes: tuple[str, ...]
    computed: int
    reused: int


@dataclass(slots=True, kw_only=True)
class _Scoring:
    """The run of the stage: what is fixed, and what is counted on the way."""

    compiled: CompiledRoutes
    bench: Bench
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    thinking: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    several: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    orders: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    decided: dict[tuple[object, ...], tuple[bool | None, bool | None, str | None]] = field(default_factory=dict)
    computed: int = 0
    reused: int = 0

    def batch(self, items: Sequence[Item], stored: Mapping[Key, Cell], scores: Sink, accepted: Sink) -> None:
        """Score a batch and add its rows, sorted by key."""
        cells = self._cells(items, stored)
        order = sorted(range(len(items)), key=lambda i: _key(items[i]))
        for index in order:
            self._add(items[index], [cells[index, c.position] for c in self._criteria(items[index])], scores, accepted)
        scores.flush()
        accepted.flush()

    def _criteria(self, item: Item) -> tuple[Criterion, ...]:
        return self.compiled.routes[item.route].criteria

    def _cells(self, items: Sequence[Item], stored: Mapping[Key, Cell]) -> dict[tuple[int, int], Cell]:
        """The cell of every item and criterion; each distinct score is worked out once."""
        known: dict[Key, Cell] = {}
        keys: dict[tuple[int, int], Key] = {}
        todo: dict[tuple[str, int], dict[Key, Context]] = {}
        for index, item in enumerate(items):
            if item.status in NO_ANSWER:
                continue
            for criterion in self._criteria(item):
                key = (criterion.scorer, criterion.version, criterion.options_fp, item.inputs(criterion.reads))
                keys[index, criterion.position] = key
                if key in known:
                    continue
                # What judges say is read from their replies each time: the same question has another reply when the
                # tier behind the name has changed.
                if key in stored and not criterion.judges:
                    known[key] = stored[key]
                    self.reused += 1
                else:
                    todo.setdefault((item.route, criterion.position), {}).setdefault(key, item.context)
        for (route, position), contexts in todo.items():
            # Another route may have the same criterion, and an equal completion.
            contexts = {key: context for key, context in contexts.items() if key not in known}
            outcomes = self._score(self.compiled.routes[route], position, list(contexts.values()))
            known |= {key: cell(outcome, key[3]) for key, outcome in zip(contexts, outcomes, strict=True)}
            self.computed += len(contexts)
        failed = {
            (index, criterion.position): Cell("errored", None, None, item.status, None)
            for index, item in enumerate(items)
            if item.status in NO_ANSWER
            for criterion in self._criteria(item)
        }
        for (index, position), key in keys.items():
            self.compiled.compared(items[index].route, position, key[3], items[index].context, known[key])
        return failed | {place: known[key] for place, key in keys.items()}

    def _score(self, route: RouteCriteria, position: int, contexts: Sequence[Context]) -> list[Outcome]:
        criterion = route.criteria[position]
        if criterion.judges:
            return self._judged(route.settings.match, criterion, contexts)
        return self.bench.score(criterion, route.settings.criteria[position], contexts)

    def _judged(self, route: str, criterion: Criterion, contexts: Sequence[Context]) -> list[Outcome]:
        """Score by what judges have replied; count how often one took its word back when the answers changed places."""
        outcomes = criterion.score(contexts)
        for context, outcome in zip(contexts, outcomes, strict=True):
            for judge, (first, second) in orders_of(criterion, context, outcome):
                self.orders[route, judge, "pairs"] += 1
                self.orders[route, judge, "turned"] += {first, second} not in ({"A", "B"}, {"tie"})
                self.orders[route, judge, "first"] += first == second == "A"
        return outcomes

    def _add(self, item: Item, cells: Sequence[Cell], scores: Sink, accepted: Sink) -> None:
        route, criteria = self.compiled.routes[item.route], self._criteria(item)
        self.thinking[item.route] += opens_with_thinking(item.context.completion.text or "")
        own = (item.exchange_id, item.route, item.arm, item.tier, item.repeat)
        problem = not_accepted(item.status, item.context, criteria)
        answered = _answered_cell(item.status, problem)
        scores.add(*own, *_ANSWERED_ROW, *_fields(answered))
        self.counts[item.route, ANSWERED, answered.status] += 1
        side = "the log" if item.arm == INCUMBENT else item.tier
        self.answers[item.route, side] += 1
        for criterion, found in zip(criteria, cells, strict=True):
            scores.add(
                *own,
                criterion.name,
                criterion.position,
                criterion.scorer,
                criterion.version,
                criterion.options_fp,
                criterion.weight,
                *_fields(found),
            )
            self.counts[item.route, criterion.name, found.status] += 1
            if criterion.weight > 0 and is_of_several(found):
                self.several[item.route, criterion.name, side] += 1
        # Few combinations of verdicts occur, so each is decided once.
        seen = (
            item.route,
            item.status,
            problem,
            tuple((found.status, found.passed, is_of_several(found)) for found in cells),
        )
        if seen not in self.decided:
            self.decided[seen] = _acceptance(item, route, criteria, cells, problem)
        holds, content, why = self.decided[seen]
        if holds is False and item.arm == CANDIDATE and problem is None:
            rejecting = [c for c, found in zip(criteria, cells, strict=True) if found.passed is False]
            why = AS_LOGGED if says_the_same(rejecting, item.context) else why
        accepted.add(*own, holds, content, why, *_orders(item, route, criteria, cells, problem, holds=holds))


def score(
    folder: RunFolder,
    settings: Settings,
    *,
    embedder_factory: OpensEmbedder | None = None,
) -> ScoreReport:
    """Score every replay and the log's own completions of the slice by their route's criteria.

    Writes `scores.parquet` and `accepted.parquet`. Scores whose scorer, options and inputs are as in the earlier
    table are read from it. The bytes do not depend on the number of workers, or on what was reused.

    Args:
        folder: With slice, traffic and bodies; replays where there are some.
        settings: `audit.yaml`; its executor scores large batches.
        embedder_factory: Opens the embedding model, only when a criterion needs it; default: as `audit.yaml` says.

    Raises:
        ConfigError, UnknownName: A criterion is wrong.
        InputError: The references, an artefact or the embedding model cannot be read.
        MissingPackage: A criterion needs an embedding model, and there is none.
    """
    names = pl.read_parquet(folder.slice, columns=["route"])["route"].unique().sort().to_list()
    compiled = CompiledRoutes.of(names, settings, folder, embedder_factory)
    routes, notes = compiled.routes, [*compiled.notes]
    references = load_references(settings.references, settings.directory)
    if references.ambiguous:
        notes.append(f"{references.ambiguous} prompts have two different references each; they count as having none")
    notes += left_words(references.left)
    needs = {part for route in routes.values() for criterion in route.criteria for part in criterion.reads}
    with (
        open_pool(settings.executor) as pool,
        open_sink(folder.scores, SCORES) as scores,
        open_sink(folder.accepted, ACCEPTED) as accepted,
    ):
        state = _Scoring(compiled=compiled, bench=Bench(pool=pool, directory=settings.directory.absolute()))
        for items in read_items(folder, references.values, list(routes), needs):
            state.batch(items, stored_cells(folder.scores, {i.exchange_id for i in items}), scores, accepted)
    notes += [*_thinking_notes(state), *_several_notes(state), *_order_notes(state)]
    return ScoreReport(
        counts=dict(sorted(state.counts.items())),
        embedder=compiled.embedder_name,
        embedding_shift=compiled.embedding_shift(),
        notes=tuple(notes),
        computed=state.computed,
        reused=state.reused,
    )


def _thinking_notes(state: _Scoring) -> list[str]:
    """Sentences on routes whose answers open with reasoning that a criterion takes for part of the answer."""
    return [
        f"{name}: {count} answers open with reasoning in tags such as <think>, which the criteria read as part of the "
        "answer; `extract: {strip: think}` takes it off"
        for name, count in sorted(state.thinking.items())
        if count and not all(strips_thinking(entry.extract) for entry in state.compiled.routes[name].settings.criteria)
    ]


def _several_notes(state: _Scoring) -> list[str]:
    """Sentences on answers that hold several different values of what a criterion reads, by who gave them."""
    return [
        f"{route}: of {n:,} of {state.answers[route, side]:,} answers of {side}, `{name}` reads one of several "
        "different values; no `which` says which one is meant"
        for (route, name, side), n in sorted(state.several.items())
    ]


def _order_notes(state: _Scoring) -> list[str]:
    """Sentences on judges that compared answers in both orders."""
    notes, orders = [], state.orders
    for (route, judge, what), pairs in sorted(orders.items()):
        if what == "pairs":
            turned, first = orders[route, judge, "turned"], orders[route, judge, "first"]
            notes.append(
                f"{route}: `{judge}` compared {pairs:,} pairs of answers, drawn at random, in both orders; in "
                f"{turned:,} it turned when they changed places (a tie), in {first:,} of them it took whichever stood "
                "first"
            )
    return notes


@lru_cache(maxsize=64)
def _answered_cell(status: str, problem: str | None) -> Cell:
    if status in NO_ANSWER:
        return Cell("errored", None, None, status, None)
    return Cell("scored", 1.0 if problem is None else 0.0, problem is None, problem, None)


def _acceptance(
    item: Item, route: RouteCriteria, criteria: Sequence[Criterion], cells: Sequence[Cell], problem: str | None
) -> tuple[bool | None, bool | None, str | None]:
    """Whether a completion is accepted, by all criteria and by those alone that compare what it says with something
    else; where the first is unknown, why: a replay status, not_applicable or errored; where the first alone holds
    because the answer says several things, that it does.

    The second is what a policy that checks answers is tested on as well: what its check enforces shows nothing of it.
    There an answer with several different values, of which nobody has said which one is meant, says none of them: a
    claim must not rest on the first being right.
    """
    if item.status in NO_ANSWER:
        return None, None, item.status
    outcomes = [outcome_of(found) for found in cells]
    weights = [criterion.weight for criterion in criteria]
    holds = accept(outcomes, weights, route.settings.threshold, answered=problem is None)
    seeing = [criterion.weight if criterion.grade.compares else 0.0 for criterion in criteria]
    said = [said_as_one(found) for found in cells]
    compared = accept(outcomes, seeing, route.settings.threshold, answered=problem != CALLS_BESIDE)
    content = accept(said, seeing, route.settings.threshold, answered=problem != CALLS_BESIDE)
    if holds is not None:
        return holds, content, SAYS_SEVERAL if holds and compared and not content else None
    decides = zip(cells, weights, strict=True)
    why = "errored" if any(f.status == "errored" and w > 0 for f, w in decides) else "not_applicable"
    return None, content, why


def _orders(
    item: Item,
    route: RouteCriteria,
    criteria: Sequence[Criterion],
    cells: Sequence[Cell],
    problem: str | None,
    *,
    holds: bool | None,
) -> tuple[int | None, int | None, int | None]:
    """What became of the questions in another order on which a verdict hangs; nulls where it hangs on none.

    An answer that other criteria turn down has its verdict whatever judges say, so nothing of it could be missing.
    """
    if item.status in NO_ANSWER:
        return None, None, None
    hangs_on = []
    for place, criterion in enumerate(criteria):
        if criterion.weight > 0 and criterion.judges:
            lost = replace(cells[place], status="errored", value=None, passed=None)
            without = [*cells[:place], lost, *cells[place + 1 :]]
            if holds is None or _acceptance(item, route, criteria, without, problem)[0] is None:
                hangs_on.append(criterion)
    return later_orders(hangs_on, item.context)


def _fields(found: Cell) -> tuple[object, ...]:
    return found.status, found.value, found.passed, found.reason, found.evidence_json


def _key(item: Item) -> tuple[object, ...]:
    order = {INCUMBENT: 0, "incumbent_replay": 1}.get(item.arm, 2)
    return item.route, item.exchange_id, order, item.tier, item.repeat
