"""What people said of pairs that were drawn at random, draw by draw: the truth that a judge's words are held against.

The certification draws are in random order, so the first so many pairs of it are a random sample of all, whoever judges
them and whatever they say, if all of them are judged. A line's own word for it is not enough: a pair that is missing
among them, or two numbers that were declared, and the labels are no random sample any more. What needs no label is
known of every draw: answers that say the same change nothing, and what was cut or refused is not accepted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from audit.core.artifacts import RunFolder, read_labels, rows_table, write_table
from audit.core.labels import Judgement, answer_content, last_words, settled
from audit.core.schemas import DRAWN, NO_ANSWER, NOT_ASKED
from audit.core.settings import Settings
from audit.scoring.answered import shortfall
from audit.scoring.inputs import INCUMBENT, Item, read_items
from audit.scoring.run import ScoreReport as ScoreReport
from audit.scoring.run import score as by_criteria


def score(folder: RunFolder, settings: Settings) -> ScoreReport:
    """Judge all answers by the criteria, and put what people said of random pairs beside them; as `run.score`."""
    scored = by_criteria(folder, settings)
    write_drawn(folder, settings)
    return scored


def write_drawn(folder: RunFolder, settings: Settings) -> None:
    """Write what `drawn_rows` knows; no table where there is nothing.

    Raises:
        InputError: A file of labels cannot be read.
    """
    rows = drawn_rows(folder, settings)
    if rows.num_rows or folder.drawn.exists():
        write_table(folder.drawn, rows)


def drawn_rows(folder: RunFolder, settings: Settings) -> pa.Table:
    """What is known of every certification draw of the routes that a judge decides and whose labels say that pairs were
    drawn at random, as `schemas.DRAWN`.

    Raises:
        InputError: A file of labels cannot be read.
    """
    rows: list[dict[str, Any]] = []
    slice_ = pl.read_parquet(folder.slice, columns=["exchange_id", "route", "purpose", "split", "draw_order"])
    slice_ = slice_.with_columns(pl.col(pl.Categorical).cast(pl.String)).filter(
        (pl.col("purpose") == "quality") & (pl.col("split") == "certification")
    )
    for name in slice_["route"].unique().sort():
        entry = settings.route(name)
        if entry is None or entry.labels is None or not any(one.judges for one in entry.criteria):
            continue
        path = settings.directory / entry.labels
        said = [one for one in read_labels(path) if one.random is not None] if path.exists() else []
        if not said:
            continue
        order = slice_.filter(pl.col("route") == name).sort("draw_order", "exchange_id")["exchange_id"].to_list()
        rows += [{"route": name, **row} for row in _rows(order, _answers(folder, name, set(order)), said)]
    return rows_table(rows, DRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """One answer: what it says, so that equal answers are equal, whether it is whole, and whether there is one."""

    request: str
    said: str
    whole: bool
    there: bool

    @classmethod
    def of(cls, item: Item) -> _Answer:
        made = item.context.completion
        # Asked without the tools that the log lacks: outside the claim, and a pair to whoever reads it.
        held = item.status == NOT_ASKED and (made.text or made.tool_calls)
        status = "ok" if held else item.status
        return cls(
            request=item.context.request.request_fp,
            said=answer_content(made.text, made.tool_calls),
            whole=shortfall(status, made) is None,
            there=status not in NO_ANSWER,
        )


def _answers(folder: RunFolder, route: str, ids: set[str]) -> dict[str, dict[str, _Answer]]:
    """By tier, "" for the log's own, and exchange."""
    found: dict[str, dict[str, _Answer]] = defaultdict(dict)
    for items in read_items(folder, {}, [route], ()):
        for item in items:
            if item.exchange_id in ids and item.repeat == 0 and item.arm in (INCUMBENT, "candidate"):
                found[item.tier][item.exchange_id] = _Answer.of(item)
    return found


def _rows(
    order: Sequence[str], answers: Mapping[str, Mapping[str, _Answer]], said: Sequence[Judgement]
) -> Iterator[dict[str, Any]]:
    own = answers.get("", {})
    for tier, theirs in sorted(answers.items()):
        if not tier:
            continue
        mine = [one for one in said if one.id in theirs and (one.logged or one.content == theirs[one.id].said)]
        declared = {one.random.first for one in mine if one.random is not None and not one.logged}
        if len(declared) != 1:
            continue
        votes = _votes(mine)
        places: dict[tuple[str, str, str], int] = {}
        known: dict[int, tuple[int, int] | None] = {}
        for exchange_id in order:
            if exchange_id not in own or exchange_id not in theirs:
                continue
            today, other = own[exchange_id], theirs[exchange_id]
            place, bounds = None, _without_labels(today, other)
            if bounds is None:
                place = places.setdefault((today.request, today.said, other.said), len(places))
                # The pair is shown once, at its first draw; what is said of it holds for all of them.
                bounds = known.setdefault(place, _by_labels(votes, exchange_id))
            low, high = bounds or (None, None)
            named = {"exchange_id": exchange_id, "tier": tier, "place": place, "low": low, "high": high}
            yield {**named, "declared": min(declared)}


def _without_labels(today: _Answer, other: _Answer) -> tuple[int, int] | None:
    """What is known of the true difference of two answers before anybody reads them; None where that takes a label."""
    if not other.there:
        return (-1 if today.whole else 0, 1)
    if today.whole and other.whole:
        return (0, 0) if today.said == other.said else None
    return (-1 if today.whole else 0, 1 if other.whole else 0)


def _votes(said: Iterable[Judgement]) -> Mapping[tuple[str, bool], list[bool]]:
    """What people say in the end of each answer, by exchange and whether it is the log's own; none where all who were
    asked could not tell."""
    lines = list(said)
    found: dict[tuple[str, bool], list[bool]] = {(one.id, one.logged): [] for one in lines}
    for one in last_words(lines):
        found[one.id, one.logged].append(bool(one.right))
    return found


def _by_labels(votes: Mapping[tuple[str, bool], list[bool]], exchange_id: str) -> tuple[int, int] | None:
    """The difference by labels, at its worst and its best where people disagree or could not tell; None unless both
    answers were judged."""
    if (exchange_id, True) not in votes or (exchange_id, False) not in votes:
        return None
    (low, high), (least, most) = (_bounds(settled(votes[exchange_id, own])) for own in (True, False))
    return least - high, most - low


def _bounds(right: bool | None) -> tuple[int, int]:
    return (0, 1) if right is None else (int(right), int(right))
