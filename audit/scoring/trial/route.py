"""A route's criteria, and what they say of the log's own answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.criteria import GoldAnswers, Grade
from audit.core.outcome import NotApplicable, Outcome, Scored, Unjudged
from audit.core.settings import RouteSettings
from audit.scoring.answered import calls_beside, not_accepted
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion
from audit.scoring.inputs import Item
from audit.scoring.verdict import accept


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRoute:
    """A route's criteria, with what they say of the log's own answers.

    Attributes:
        name: Of the route.
        settings: The route's entry of `audit.yaml`.
        criteria: In the order of its `assert:` list.
        items: Answers of the log, but for those that a judge has yet to be asked about.
        outcomes: What each criterion says, by answer.
        verdicts: Whether each answer is accepted; None where the criteria cannot say.
    """

    name: str
    settings: RouteSettings
    criteria: tuple[Criterion, ...]
    items: Sequence[Item]
    outcomes: Sequence[Sequence[Outcome]]
    verdicts: Sequence[bool | None]

    @classmethod
    def of(
        cls, name: str, settings: RouteSettings, criteria: tuple[Criterion, ...], items: Sequence[Item]
    ) -> ScoredRoute:
        """Score answers of the log."""
        rows = _score(criteria, [item.context for item in items])
        known = [
            (item, row)
            for item, row in zip(items, rows, strict=True)
            if not any(isinstance(o, Unjudged) and c.weight > 0 for c, o in zip(criteria, row, strict=True))
        ]
        return cls(
            name=name,
            settings=settings,
            criteria=criteria,
            items=[item for item, _ in known],
            outcomes=[row for _, row in known],
            verdicts=[_accepted(settings, criteria, item.context, row) for item, row in known],
        )

    @property
    def judges(self) -> tuple[str, ...]:
        """Tiers that judge by a criterion that decides."""
        return tuple(dict.fromkeys(name for c in self.criteria if c.weight > 0 for name in c.judges))

    @property
    def accepted(self) -> list[Context]:
        """The answers that are accepted."""
        return [item.context for item, holds in zip(self.items, self.verdicts, strict=True) if holds]

    @property
    def leaves_open(self) -> tuple[str, ...]:
        """What criteria that compare with the incumbent let differ, so that nobody's draft may decide by it; nothing
        where a person has confirmed them.
        """
        comparing = [c for c in self.criteria if c.weight > 0 and not c.negated and "incumbent" in c.reads]
        told = dict.fromkeys(words for criterion in comparing for words in criterion.leaves_open)
        return () if self.settings.confirmed else tuple(told)

    @property
    def gold(self) -> GoldAnswers | None:
        """What right answers of some requests say of the log's own; None where all requests or none have one."""
        places = [place for place, criterion in enumerate(self.criteria) if "reference" in criterion.reads]
        said = [[row[place] for place in places if isinstance(row[place], Scored)] for row in self.outcomes]
        told = [[outcome.passed for outcome in one if isinstance(outcome, Scored)] for one in said if one]
        if not told or len(told) == len(said):
            return None
        names = tuple(self.criteria[place].name for place in places)
        return GoldAnswers(criteria=names, requests=len(told), of=len(said), accepted=sum(map(all, told)))

    def applying(self, item: Item, row: Sequence[Outcome]) -> list[tuple[Grade, float]]:
        """Grade and weight of the criteria that decide and say something of an answer."""
        return [
            (criterion.grade_on(item.context), criterion.weight)
            for criterion, outcome in zip(self.criteria, row, strict=True)
            if criterion.weight > 0 and not isinstance(outcome, NotApplicable)
        ]

    def waits(self, context: Context) -> bool:
        """Whether a judge that decides has yet to be asked about an answer."""
        deciding = [c for c in self.criteria if c.weight > 0 and c.judges]
        return any(isinstance(c.score([context])[0], Unjudged) for c in deciding)

    def judge(self, contexts: Sequence[Context]) -> list[bool | None]:
        """Whether each of some answers is accepted."""
        rows = _score(self.criteria, contexts)
        return [
            _accepted(self.settings, self.criteria, context, row) for context, row in zip(contexts, rows, strict=True)
        ]

    def judge_both(self, contexts: Sequence[Context]) -> list[tuple[bool | None, bool | None]]:
        """Whether each of some answers is accepted, by all criteria and by those alone that compare it."""
        rows = _score(self.criteria, contexts)
        seeing = [c.weight if c.grade.compares else 0.0 for c in self.criteria]
        return [
            (
                _accepted(self.settings, self.criteria, context, row),
                accept(row, seeing, self.settings.threshold, answered=calls_beside(self.criteria, context) is None),
            )
            for context, row in zip(contexts, rows, strict=True)
        ]


def _accepted(
    settings: RouteSettings, criteria: Sequence[Criterion], context: Context, row: Sequence[Outcome]
) -> bool | None:
    answered = not_accepted("ok", context, criteria) is None
    return accept(row, [criterion.weight for criterion in criteria], settings.threshold, answered=answered)


def _score(criteria: Sequence[Criterion], contexts: Sequence[Context]) -> list[tuple[Outcome, ...]]:
    """What every criterion says of every answer, by answer."""
    return list(zip(*(criterion.score(contexts) for criterion in criteria), strict=True)) if contexts else []
