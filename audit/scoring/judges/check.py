"""A check that reads what judges said of an answer: its questions, named by their content, and what replies mean.

Who asks them, and when, is no matter of the check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audit.core.exchange import Request
from audit.core.outcome import Errored, Outcome, Scored, Unjudged
from audit.scoring.context import Context
from audit.scoring.judges.reply import NoVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that a judge is asked.

    Attributes:
        judge: Name of a tier.
        request: What it is sent: the exchange and its answers, never whose they are. Its fingerprint holds everything
            that shapes the reply, so equal answers to equal requests are one question.
    """

    judge: str
    request: Request

    @property
    def key(self) -> tuple[str, str]:
        """Judge and fingerprint."""
        return self.judge, self.request.request_fp


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeReply:
    """What became of a question.

    Attributes:
        text: The judge's words; None where there are none.
        failure: Why there are none, or none that count, for people; None where there are.
    """

    text: str | None = None
    failure: str | None = None


Replies = Mapping[tuple[str, str], JudgeReply]
"""By the question's key. What is not in it has not been asked."""

NO_REPLIES: Replies = {}

Ask = Callable[[Context], Sequence[Request]]
"""What one judge is asked about an answer; nothing where its verdict follows without asking."""

Read = Callable[[Context, Sequence[str]], Scored]
"""What one judge's replies, in the order of what it was asked, make of an answer. Raises `NoVerdict`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCheck:
    """A check by one judge, or by the majority of a panel.

    Attributes:
        judges: Names of tiers, an odd number of them.
        ask: What each is asked.
        read: What its replies mean.
        replies: What has been replied so far.
        each: Requests to each judge about one answer, at most.
        shown: Answers that a request shows, for what it costs.
    """

    judges: tuple[str, ...]
    ask: Ask
    read: Read
    replies: Replies
    each: int = 1
    shown: int = 1

    def questions(self, context: Context) -> list[Question]:
        """Everything that must be asked to score an answer. Raises as `ask` does."""
        requests = self.ask(context)
        return [Question(judge=judge, request=request) for judge in self.judges for request in requests]

    def __call__(self, context: Context) -> Outcome:
        """Score an answer; where a judge was not asked or said nothing that counts, the measurement failed."""
        requests = self.ask(context)
        votes: list[Scored] = []
        for judge in self.judges:
            texts: list[str] = []
            for request in requests:
                reply = self.replies.get((judge, request.request_fp))
                if reply is None:
                    return Unjudged(error=f"judge `{judge}` was not asked")
                if reply.text is None:
                    return Errored(error=f"judge `{judge}` gave no verdict: {reply.failure}")
                texts.append(reply.text)
            try:
                votes.append(self.read(context, texts))
            except NoVerdict as none:
                return Errored(error=f"judge `{judge}` gave no verdict: {none}")
        return votes[0] if len(votes) == 1 else _majority(votes, self.judges)


def _majority(votes: Sequence[Scored], judges: Sequence[str]) -> Scored:
    """What most of an odd panel say; the value is the mean of theirs."""
    passed = sum(vote.passed for vote in votes) * 2 > len(votes)
    evidence = {judge: dict(vote.evidence) | {"passed": vote.passed} for judge, vote in zip(judges, votes, strict=True)}
    reason = "" if passed else next(vote.reason for vote in votes if not vote.passed)
    return Scored(
        value=sum(vote.value for vote in votes) / len(votes), passed=passed, reason=reason, evidence={"panel": evidence}
    )
