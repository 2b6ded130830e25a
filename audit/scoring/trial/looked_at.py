"""What the negative controls damage: what a route's criteria look at, and the values that they accept beside others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.core.criteria import LEAST_ANSWERS, Grade
from audit.core.outcome import Scored
from audit.scoring.answered import look_of, shortfall
from audit.scoring.context import Context
from audit.scoring.controls.answer import AnswerView, FixedValue, canonical
from audit.scoring.criteria import Criterion
from audit.scoring.trial.route import ScoredRoute

SAME_SHARE = 0.95
"""From this share of equal answers on, a demanded text that all of them hold is all that they say."""

COMMON_SHARE = 0.5
"""A text that is right for this share of the requests is tried as the answer to all of them."""

CARRIED_BY_ALL = 0.01
"""Up to this share of answers without a demanded text it is said to be carried by all of them."""


def looked_at(route: ScoredRoute, accepted: Sequence[Context]) -> list[AnswerView]:
    """What the criteria look at. A demanded text that tells no answer of the log from another is none of it, so that
    the controls take the whole answer instead: all of them carry it, and say different things beside it.
    """
    contents = [c for c in route.criteria if c.weight > 0 and c.grade is not Grade.FORM]
    if all(c.grade is Grade.DEMANDED for c in contents) and not _tells(route, contents, accepted):
        return []
    return [look_of(criterion) for criterion in contents]


def constants(route: ScoredRoute, accepted: Sequence[Context]) -> list[FixedValue]:
    """What criteria accept beside other values, and what is among the right answers to most requests. A text that is
    demanded is one as well where another criterion compares the answer: with a `threshold`, the demand may do without
    the comparison.
    """
    found: dict[str, FixedValue] = {}
    compares = any(c.weight > 0 and c.grade.compares for c in route.criteria)
    for criterion in route.criteria:
        own = [FixedValue(one.value, criterion.extract, one.argument) for one in criterion.alternatives]
        own += [FixedValue(text, criterion.extract) for text in criterion.demands if compares]
        for one in own if criterion.weight > 0 else []:
            found.setdefault(repr((one.value, one.argument, id(one.extract))), one)
    return [*found.values(), *map(FixedValue, _common_replies(accepted))]


def _tells(route: ScoredRoute, demanding: Sequence[Criterion], accepted: Sequence[Context]) -> bool:
    """Whether demanded texts tell the log's whole answers apart, or are all that its accepted answers say."""
    places = [route.criteria.index(criterion) for criterion in demanding]
    rows = [
        row
        for item, row in zip(route.items, route.outcomes, strict=True)
        if shortfall("ok", item.context.completion) is None
    ]
    lacking = sum(any(isinstance(o := row[place], Scored) and not o.passed for place in places) for row in rows)
    said = Counter(canonical(context.text) for context in accepted)
    same = max(said.values(), default=0) >= SAME_SHARE * len(accepted)
    return lacking > CARRIED_BY_ALL * len(rows) or same


def _common_replies(accepted: Sequence[Context]) -> list[str]:
    """Texts that stand in a list of right answers to most requests."""
    lists = [list(_in_lists(context.reference)) for context in accepted if context.reference is not None]
    counts = Counter(text for texts in lists for text in set(texts))
    return [text for text, n in counts.most_common(2) if n >= max(COMMON_SHARE * len(accepted), LEAST_ANSWERS)]


def _in_lists(value: Any, listed: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if listed:
            yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _in_lists(item))
    elif isinstance(value, list | tuple) and len(value) > 1:
        yield from (text for item in value for text in _in_lists(item, True))
