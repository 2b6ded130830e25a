"""How many of a route's pairs, judged in their random order, about settle it, by the limits that the verdict uses.

The judge has looked at all of them, so it is known how often it saw a loss, nothing, or a gain. What people say adds
how often two answers differ in worth, and never which of them is right: told while they label, the number must not say
how their labels stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.display import plural
from audit.core.finding import RouteFinding
from audit.core.labels import LabelCounts
from audit.labelling.pairs import Queue
from audit.stats.label_sizes import LabelSizing


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSize:
    """What the number hangs on.

    Attributes:
        sizing: What is to be shown, and what is expected of judge and labels.
        said: What the judge makes of every pair that the verdict is tested on, in their random order: candidate less
            log, in {-1, 0, 1}; 0 where it said nothing.
        draws: These pairs, and those whose answers are alike.
    """

    sizing: LabelSizing
    said: tuple[int, ...]
    draws: int

    @classmethod
    def of(
        cls, route: RouteFinding, queue: Queue, *, confidence: float, expects: tuple[float, float]
    ) -> RandomSize | None:
        """Of a route as it was concluded; None where no judge decides it, or it has no pairs to test.

        Args:
            route: As concluded.
            queue: Its pairs.
            confidence: Of the run.
            expects: Share of pairs that are expected to differ in worth, and the wanted chance of a verdict.
        """
        check = route.criteria
        if check is None or not check.judges or not queue.certifying:
            return None
        pairs = list(queue.pairs.values())[: queue.certifying]
        accepted = [(one.logged_accepted, one.other_accepted) for one in pairs]
        return cls(
            sizing=LabelSizing.of(
                check,
                margin=route.margin,
                looks=route.looks[1],
                levels=(1 - confidence, confidence),
                expects=expects,
            ),
            said=tuple(0 if None in both else int(bool(both[1])) - int(bool(both[0])) for both in accepted),
            draws=queue.certifying + queue.certifying_alike,
        )

    def wanted(self, changed: Sequence[bool]) -> int | None:
        """About how many pairs settle the route if its candidate loses nothing; None where not even all of them do.

        Args:
            changed: Of the first so many pairs, whether people call one answer right and the other wrong, or cannot
                tell.
        """
        return self.sizing.pairs_to_judge(LabelCounts.of(self.said, changed, draws=self.draws))

    def words(self, changed: Sequence[bool]) -> str:
        """The same for people, as a clause."""
        wanted = self.wanted(changed)
        if wanted is None:
            return f"not even all {plural(len(self.said), 'pair')} would settle the route: it needs more replays"
        return f"about {wanted:,} settle the route if the candidate loses nothing"
