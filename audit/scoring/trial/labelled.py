"""Answers that people have judged: what a route's criteria make of right and of wrong ones.

`core.labels` says what a line of the file is, and how the words of several people become one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from audit.core.artifacts import RunFolder, read_labels
from audit.core.criteria import CriteriaCheck, Labelled
from audit.core.errors import InputError
from audit.core.exchange import Completion
from audit.core.fingerprint import canonical_json
from audit.core.interval import Estimate
from audit.core.labels import Judgement, answer_content, faults, last_words, settled
from audit.scoring.context import Context
from audit.scoring.inputs import logged_items
from audit.scoring.texts.words import normalised
from audit.stats.agreement import agreement_of, agreements
from audit.stats.discrimination import discrimination_of, uneven_error

Accepts = Callable[[Sequence[Context]], Sequence[tuple[bool | None, bool | None]]]
"""Whether the route's criteria accept each of some answers, all of them and those alone that see what it says."""

Waits = Callable[[Context], bool]
"""Whether a judge has yet to be asked about an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One answer of the route with what people say of it, by name."""

    context: Context
    own: bool
    votes: Mapping[str, bool]

    @property
    def right(self) -> bool | None:
        return settled(self.votes.values())


def read_judgements(path: Path) -> tuple[Judgement, ...]:
    """What people say in the end; a line that says the same as another counts once.

    Raises:
        InputError: The file is absent or not text, a line is not as it should be, or two lines that name nobody
            contradict each other.
    """
    found: dict[tuple[str, str | None, str], Judgement] = {}
    for one in last_words(read_labels(path)):
        before = found.setdefault((one.id, one.content, one.by), one)
        if before.right is not one.right:
            raise InputError(
                f"two lines of {path} call the same answer right and wrong, and do not say who",
                code="labels.contradiction",
                notes=[f"the request is {one.id}"] if one.id.isascii() and one.id.isprintable() else [],
                hint='keep the one that holds, or say in both who judged: "by": "…"',
            )
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswers:
    """The answers of a route that people have judged.

    Attributes:
        contexts: One per answer.
        right: What people say of each; None for what they dispute.
        unknown: Judgements whose request is not among the route's requests in this log.
        people: Who judged, by name.
        kappa: Agreement of the two who judged most of the same answers.
        own: Whether each is the log's own.
    """

    contexts: Sequence[Context]
    right: Sequence[bool | None]
    own: Sequence[bool]
    unknown: int
    people: int
    kappa: Estimate | None


def labelled_answers(
    folder: RunFolder,
    route: str,
    judgements: Iterable[Judgement],
    *,
    needs: set[str],
    references: Mapping[str, object],
    own_answers: bool,
) -> LabelledAnswers:
    """The answers of a route that people have judged, each once.

    Args:
        folder: With traffic and bodies.
        route: Name; judgements of other routes' requests are counted as unknown.
        judgements: From `read_judgements`.
        needs: Parts of the context that some criterion reads.
        references: Right answer by prompt hash.
        own_answers: The log's own answers count (`core.criteria.own_answers_tell`).
    """
    wanted = list(judgements)
    rows = _rows(folder, route, {one.id for one in wanted})
    names = {
        name: row["exchange_id"]
        for row in rows.iter_rows(named=True)
        for name in (row["request_id"], row["exchange_id"])
    }
    part = rows.select("exchange_id", "request_fp", "cost_usd", route=pl.lit(route))
    contexts = {item.exchange_id: item.context for item in logged_items(folder, part, references, needs)}
    known = [(one, names[one.id], contexts[names[one.id]]) for one in wanted if one.id in names]
    answers = _gathered(known)
    used = [answer for answer in answers if own_answers or not answer.own]
    people = {one.by for one, _, _ in known} - {""}
    most = max(agreements([answer.votes for answer in answers]), key=lambda two: two.answers, default=None)
    return LabelledAnswers(
        contexts=[answer.context for answer in used],
        right=[answer.right for answer in used],
        own=[answer.own for answer in used],
        unknown=len(wanted) - len(known),
        people=len(people),
        kappa=most.kappa if most else None,
    )


def judge_labelled(answers: LabelledAnswers, accepts: Accepts, waits: Waits) -> Labelled:
    """What a route's criteria make of judged answers.

    Args:
        answers: From `labelled_answers`.
        accepts: The route's criteria.
        waits: Whether a judge has yet to be asked about an answer; it then counts for nothing.
    """
    waiting = [waits(context) for context in answers.contexts]
    kept = [place for place, waits_still in enumerate(waiting) if not waits_still]
    verdicts = accepts([answers.contexts[place] for place in kept]) if kept else ()
    right = [answers.right[place] for place in kept]
    wrong_in = faults([_content(c.completion) for c in answers.contexts], [_expected(c) for c in answers.contexts])
    said = [wrong_in[place] for place in kept]
    unasked = [place for place, waits_still in enumerate(waiting) if waits_still]
    return replace(
        Labelled.of(right, [whole for whole, _ in verdicts], said),
        unknown=answers.unknown,
        content=Labelled.of(right, [part for _, part in verdicts], said),
        people=answers.people,
        kappa=answers.kappa,
        waiting_right=sum(answers.right[place] is True for place in unasked),
        waiting_wrong=len({wrong_in[place] for place in unasked if answers.right[place] is False} - {*said}),
        uneven=uneven_error(
            [
                (answers.own[place], good, bool(whole), wrong_in[place])
                for place, good, (whole, _) in zip(kept, right, verdicts, strict=True)
                if good is not None and whole is not None
            ]
        ),
    )


def _content(completion: Completion) -> str:
    """An answer, without differences of case, space and punctuation."""
    return answer_content(normalised(completion.text or ""), completion.tool_calls)


def _expected(context: Context) -> str:
    """The answer that was expected: the reference, or what the log says."""
    if context.reference is not None:
        right = context.reference
        return answer_content(normalised(right if isinstance(right, str) else canonical_json(right)), ())
    return _content(context.incumbent or context.completion)


def _gathered(known: Iterable[tuple[Judgement, str, Context]]) -> list[_Judged]:
    """Judgements by answer. An answer that says what the log's own says is the log's own, whoever gave it."""
    found: dict[tuple[str, str | None], _Judged] = {}
    for one, exchange_id, context in known:
        logged = answer_content(context.completion.text, context.completion.tool_calls)
        own = one.logged or one.content == logged
        key = (exchange_id, None if own else one.content)
        before = found.get(key) or _Judged(context=context if own else _answered(one, context), own=own, votes={})
        # A line that names nobody is one voice.
        found[key] = replace(before, votes={**before.votes, one.by: bool(one.right)})
    return list(found.values())


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
    calls = one.tool_calls or ()
    done = "tool_calls" if calls and not one.answer else "stop"
    return replace(context, completion=Completion(text=one.answer, tool_calls=calls, finish_reason=done))


def with_labels(check: CriteriaCheck, labelled: Labelled, error: float) -> CriteriaCheck:
    """The check with what the criteria make of judged answers, as bounds that people can read."""
    agreement = agreement_of(labelled, level=1 - error) if check.judges else None
    labelled = replace(labelled, agreement=agreement)
    check = replace(check, labelled=labelled)
    if not labelled.wrong:
        return check
    told = discrimination_of(check, error=error)
    shown = Estimate(est=told.est, lo=told.low, hi=told.high, level=1 - error)
    return replace(check, labelled=replace(labelled, shown=shown))
