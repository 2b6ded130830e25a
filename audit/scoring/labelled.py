"""Answers that people have judged: what a route's criteria make of right and of wrong ones.

A file of JSON Lines. Each line has the `id` of a logged request (the exchange as outputs name it, or the log's own
request id), `right`, and the `answer` that was judged, where that is not the log's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.criteria import Labelled
from audit.core.errors import InputError, Place
from audit.core.exchange import Completion
from audit.scoring.context import Context
from audit.scoring.inputs import logged_items
from audit.scoring.jsontext import parse_json

_KEYS = {"id", "right", "answer"}

Accepts = Callable[[Sequence[Context]], Sequence[tuple[bool | None, bool | None]]]
"""Whether the route's criteria accept each of some answers, all of them and those alone that see what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One line of the file.

    Attributes:
        id: Of a logged request.
        right: What people say of the answer.
        answer: That was judged; None for the log's own.
    """

    id: str
    right: bool
    answer: str | None = None


def read_judgements(path: Path) -> tuple[Judgement, ...]:
    """Read a file of judged answers; a line that says the same as another counts once.

    Raises:
        InputError: The file is absent or not text, a line is not as it should be, or two lines contradict each other.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"the labels {path} cannot be read",
            code="labels.unreadable",
            hint="`labels:` of a route is a file of JSON Lines, relative to audit.yaml",
        ) from None
    found: dict[tuple[str, str | None], Judgement] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        judged = _judgement(line, Place(file=str(path), line=number))
        before = found.setdefault((judged.id, judged.answer), judged)
        if before.right is not judged.right:
            raise InputError(
                "two lines call the same answer right and wrong",
                code="labels.contradiction",
                place=Place(file=str(path), line=number),
                hint="keep the one that holds",
            )
    return tuple(found.values())


def _judgement(line: str, place: Place) -> Judgement:
    try:
        value = parse_json(line)
    except ValueError:
        raise _wrong("it is not JSON", place) from None
    if not isinstance(value, Mapping):
        raise _wrong("it is not an object", place)
    if value.keys() - _KEYS:
        raise _wrong("it has other keys than `id`, `right` and `answer`", place)
    name, right, answer = value.get("id"), value.get("right"), value.get("answer")
    if not isinstance(name, str) or not name:
        raise _wrong("`id` is not the id of a request, as text", place)
    if not isinstance(right, bool):
        raise _wrong("`right` is neither true nor false", place)
    if answer is not None and not isinstance(answer, str):
        raise _wrong("`answer` is not text", place)
    return Judgement(id=name, right=right, answer=answer)


def _wrong(why: str, place: Place) -> InputError:
    return InputError(
        f"a line of the labels cannot be used: {why}",
        code="labels.line",
        place=place,
        hint='one line an answer: {"id": "…", "right": false, "answer": "…"}',
    )


def judge_labelled(
    folder: RunFolder,
    route: str,
    judgements: Iterable[Judgement],
    accepts: Accepts,
    *,
    needs: set[str],
    references: Mapping[str, object],
    own_answers: bool,
) -> Labelled:
    """What a route's criteria make of judged answers.

    Args:
        folder: With traffic and bodies.
        route: Name; judgements of other routes' requests are counted as unknown.
        judgements: From `read_judgements`.
        accepts: The route's criteria.
        needs: Parts of the context that some criterion reads.
        references: Right answer by prompt hash.
        own_answers: The log's own answers count; criteria that compare with them accept them by construction.
    """
    wanted = list(judgements)
    rows = _rows(folder, route, {one.id for one in wanted})
    places = {name: row for row in rows.iter_rows(named=True) for name in (row["request_id"], row["exchange_id"])}
    part = rows.select("exchange_id", "request_fp", "cost_usd", route=pl.lit(route))
    contexts = {item.exchange_id: item.context for item in logged_items(folder, part, references, needs)}
    known = [(one, contexts[places[one.id]["exchange_id"]]) for one in wanted if one.id in places]
    used = [(one, context) for one, context in known if own_answers or one.answer is not None]
    verdicts = accepts([_answered(one, context) for one, context in used]) if used else ()
    right = [one.right for one, _ in used]
    labelled = _counted(right, [whole for whole, _ in verdicts])
    content = _counted(right, [part for _, part in verdicts])
    return replace(labelled, unknown=len(wanted) - len(known), content=content)


def _rows(folder: RunFolder, route: str, ids: set[str]) -> pl.DataFrame:
    names = pl.Series(sorted(ids), dtype=pl.String).implode()
    return (
        pl.scan_parquet([str(path) for path in folder.traffic_files()])
        .filter(
            pl.col("route").cast(pl.String).fill_null("") == route,
            pl.col("request_fp").is_not_null(),
            pl.col("row_id").is_in(names) | pl.col("request_id").is_in(names),
        )
        .select("request_id", "request_fp", exchange_id="row_id", cost_usd=pl.lit(None, dtype=pl.Float64))
        .collect()
    )


def _answered(one: Judgement, context: Context) -> Context:
    if one.answer is None:
        return context
    return replace(context, completion=Completion(text=one.answer, finish_reason="stop"))


def _counted(right: Sequence[bool], accepted: Sequence[bool | None]) -> Labelled:
    pairs = [(good, holds) for good, holds in zip(right, accepted, strict=True) if holds is not None]
    return Labelled(
        right=sum(good for good, _ in pairs),
        right_accepted=sum(good and holds for good, holds in pairs),
        wrong=sum(not good for good, _ in pairs),
        wrong_accepted=sum(not good and holds for good, holds in pairs),
        unscored=len(right) - len(pairs),
    )
