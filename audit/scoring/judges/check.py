"""A check that reads what judges said of an answer: its questions, named by their content, and what replies mean.

Who asks them, and when, is no matter of the check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

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


@dataclass(frozen=True, slots=True)
class LaterOrders:
    """What became of the questions of judges whose first reply was read: those that ask the same in another order.

    Attributes:
        asked: That were asked.
        failed: Of these, those without a reply that counts.
        left: That were not asked, because the first reply settled what the judge says.
    """

    asked: int = 0
    failed: int = 0
    left: int = 0

    def __add__(self, other: LaterOrders) -> LaterOrders:
        return LaterOrders(self.asked + other.asked, self.failed + other.failed, self.left + other.left)


Settles = Callable[[Sequence[str]], bool]
"""Whether one judge's first replies decide its verdict already, whatever the others would be. Raises `NoVerdict`."""

USUAL_AGREEMENT = 0.9
"""Share of answers on which a judge of a panel says what most people would, for what asking it is likely to cost."""

AUDITED = 0.1
"""Share of answers about which everything is asked, whatever the first replies say: how often a judge takes its word
back is counted on these. They are drawn by content, which has nothing to do with verdicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCheck:
    """A check by one judge, or by the majority of a panel.

    What cannot change a verdict is not asked: the last judges of a panel of which most have said the same already, and
    further questions of a judge whose first replies settle it.

    Attributes:
        judges: Names of tiers, an odd number of them.
        ask: What each is asked.
        read: What its replies mean; where `settles` says so, also the first ones alone.
        replies: What has been replied so far.
        each: Requests to each judge about one answer, at most.
        usual: Requests to each judge about one answer, as a rule.
        shown: Answers that a request shows, for what it costs.
        settles: Which first replies suffice; None where every reply counts.
        whole: Everything is asked, because the value counts and not the verdict alone.
    """

    judges: tuple[str, ...]
    ask: Ask
    read: Read
    replies: Replies
    each: int = 1
    usual: float = 1.0
    shown: int = 1
    settles: Settles | None = None
    whole: bool = False

    @property
    def majority(self) -> int:
        """Judges that decide when they say the same."""
        return len(self.judges) // 2 + 1

    def usual_requests(self, place: int) -> float:
        """Requests to the judge at this place of the panel, as a rule: later ones are asked where the first differ."""
        if self.whole:
            return float(self.each)
        decides = range(place - self.majority + 1, self.majority)
        asked = sum(
            comb(place, said) * USUAL_AGREEMENT**said * (1 - USUAL_AGREEMENT) ** (place - said)
            for said in decides
            if said >= 0
        )
        return self.usual * (asked + (1 - asked) * AUDITED)

    def questions(self, context: Context) -> list[Question]:
        """Everything that can be asked about an answer. Raises as `ask` does."""
        requests = self.ask(context)
        return [Question(judge=judge, request=request) for judge in self.judges for request in requests]

    def pending(self, context: Context) -> list[Question]:
        """What has to be asked next, so that the answer has a verdict; empty once it has. Raises as `ask` does."""
        requests = self.ask(context)
        if self._is_whole(requests):
            return [one for one in self.questions(context) if one.key not in self.replies]
        found: list[Question] = []
        votes: list[Scored] = []
        for place, judge in enumerate(self.judges):
            if self._decided(votes) or (place >= self.majority and found):
                break
            missing = self._missing(judge, requests)
            found += missing
            vote = None if missing else self._vote(context, judge, requests)
            if isinstance(vote, Scored):
                votes.append(vote)
            elif vote is not None:
                break  # one that gives no verdict leaves the answer without one, whatever the others say
        return found

    def audited(self, context: Context) -> bool:
        """Whether everything is asked about an answer, whatever the first replies say."""
        return self._is_whole(self.ask(context))

    def later_orders(self, context: Context) -> LaterOrders:
        """What became of the later questions of each judge whose first reply was read. Raises as `ask` does."""
        requests = self.ask(context)
        found = LaterOrders()
        for judge in self.judges if self.settles is not None else ():
            first, *later = [self.replies.get((judge, request.request_fp)) for request in requests] or [None]
            if first is None or not self._readable(first):
                continue
            asked = [reply for reply in later if reply is not None]
            failed = sum(not self._readable(reply) for reply in asked)
            found += LaterOrders(asked=len(asked), failed=failed, left=len(later) - len(asked))
        return found

    def _readable(self, reply: JudgeReply) -> bool:
        """Whether a reply holds a verdict, for a check with `settles`."""
        if reply.text is None or self.settles is None:
            return False
        try:
            self.settles([reply.text])
        except NoVerdict:
            return False
        return True

    def __call__(self, context: Context) -> Outcome:
        """Score an answer; where a judge was not asked or said nothing that counts, the measurement failed."""
        requests = self.ask(context)
        votes: list[Scored] = []
        for judge in self.judges:
            vote = self._vote(context, judge, requests)
            if isinstance(vote, Scored):
                votes.append(vote)
            elif self._decided(votes):
                break
            else:
                return vote
        return votes[0] if len(self.judges) == 1 else _majority(votes, self.judges)

    def _is_whole(self, requests: Sequence[Request]) -> bool:
        drawn = int(requests[0].request_fp[:8], 16) / 16**8 if requests and _is_hex(requests[0].request_fp) else 1.0
        return self.whole or drawn < AUDITED

    def _decided(self, votes: Sequence[Scored]) -> bool:
        passed = sum(vote.passed for vote in votes)
        return max(passed, len(votes) - passed) >= self.majority

    def _missing(self, judge: str, requests: Sequence[Request]) -> list[Question]:
        """What one judge has to be asked next."""
        texts: list[str] = []
        for place, request in enumerate(requests):
            reply = self.replies.get((judge, request.request_fp))
            if reply is None:
                if self._enough(texts):
                    return []
                left = requests[place : place + 1] if self.settles else requests[place:]
                asked = [Question(judge=judge, request=one) for one in left]
                return [one for one in asked if one.key not in self.replies]
            if reply.text is None:
                return []
            texts.append(reply.text)
        return []

    def _enough(self, texts: Sequence[str]) -> bool:
        if self.settles is None or not texts:
            return False
        try:
            return self.settles(texts)
        except NoVerdict:
            return True

    def _vote(self, context: Context, judge: str, requests: Sequence[Request]) -> Scored | Errored:
        """What one judge says of an answer."""
        texts: list[str] = []
        for request in requests:
            reply = self.replies.get((judge, request.request_fp))
            if (reply is None or reply.text is None) and self._enough(texts):
                break
            if reply is None:
                return Unjudged(error=f"judge `{judge}` was not asked")
            if reply.text is None:
                return Errored(error=f"judge `{judge}` gave no verdict: {reply.failure}")
            texts.append(reply.text)
        try:
            return self.read(context, texts)
        except NoVerdict as none:
            return Errored(error=f"judge `{judge}` gave no verdict: {none}")


def _is_hex(name: str) -> bool:
    return len(name) >= 8 and all(sign in "0123456789abcdef" for sign in name[:8])


def _majority(votes: Sequence[Scored], judges: Sequence[str]) -> Scored:
    """What most of an odd panel say; the value is the mean of those who were asked, in their order."""
    passed = sum(vote.passed for vote in votes) * 2 > len(votes)
    evidence = {
        judge: dict(vote.evidence) | {"passed": vote.passed} for judge, vote in zip(judges, votes, strict=False)
    }
    reason = "" if passed else next(vote.reason for vote in votes if not vote.passed)
    return Scored(
        value=sum(vote.value for vote in votes) / len(votes), passed=passed, reason=reason, evidence={"panel": evidence}
    )
