"""What is said of a candidate that samples and was therefore asked each request several times."""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.display import percent_share, points


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """How far the answers to one request differ, and what that does to the delta.

    Attributes:
        asked: Answers to each request.
        requests: With all of them measured.
        disagree: Of these, requests with accepted and with rejected answers.
        once: How far the delta moves from run to run, either way, because answers are sampled, had each request been
            asked once; half the width of an interval at the findings' level.
        moves: The same as it was asked.
    """

    asked: int
    requests: int
    disagree: int
    once: float
    moves: float

    @property
    def share(self) -> float:
        """Share of the requests whose answers disagree; 0 without requests."""
        return self.disagree / self.requests if self.requests else 0.0

    @property
    def words(self) -> str:
        """For people; without a full stop."""
        return f"{self.asked} answers to each request; they disagree on {percent_share(self.share, 1)} of the requests"

    @property
    def meaning(self) -> str:
        """What that means for the delta; without a full stop."""
        once, now = (points(value).lstrip("+") for value in (self.once, self.moves))
        return (
            f"by sampling alone the change moves by up to {now} points from run to run, where one answer to each would "
            f"move it by up to {once}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatQuote:
    """What `repeats` adds to a plan, of one tier.

    Attributes:
        tier: That is asked again.
        asked: Answers to each request of the quality sample.
        requests: Asked so often.
        calls: To make beyond the first of each request.
        expected_usd: Of these calls, at the logged completion lengths.
        at_most_usd: Of these calls, every answer at its token limit.
    """

    tier: str
    asked: int
    requests: int
    calls: int
    expected_usd: float
    at_most_usd: float
