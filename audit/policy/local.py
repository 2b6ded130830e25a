"""Requests answered in the caller's own process by rules that a run has learned from its log, as its policy certified.

    router, rules = Router.load("policy.json"), LearnedAnswers.load("policy.json")
    decision = router.route("tickets", request)
    if rules.serves(decision):
        completion = rules.answer(decision, request)

Nothing is sent, and nothing in the file is executed: words are looked up, texts found, numbers added.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.core.artifacts import read_json
from audit.core.errors import LineageError, UnknownName
from audit.core.exchange import Completion, Request
from audit.core.policy import LESSON, RoutingPolicy
from audit.imitation.lesson import Lesson, lessons_from_plain
from audit.policy.policy_file import read_policy
from audit.policy.router import Decision

FILE = "learned.json"
"""Beside the policy."""


def rules_of(policy: RoutingPolicy) -> dict[str, str]:
    """Tiers of a policy that answer by rules, each with the digest of these; empty for a policy that needs none."""
    served = {entry.tier for entry in policy.routes}
    return {tier: own[LESSON] for tier, own in policy.settings.items() if LESSON in own and tier in served}


class LearnedAnswers:
    """The rules of one policy; immutable, so any number of threads may share it."""

    def __init__(self, lessons: Mapping[str, Lesson]) -> None:
        self._lessons = dict(lessons)

    @classmethod
    def load(cls, policy: Path | str) -> LearnedAnswers:
        """The rules that a `policy.json` names, from the file beside it; none where it names none.

        Raises:
            InputError: A file is absent, damaged or of another version.
            LineageError: The rules are not those that the policy was certified with.
        """
        path = Path(policy)
        named = rules_of(read_policy(path))
        found = lessons_from_plain(read_json(path.with_name(FILE))) if named else {}
        for tier, digest in sorted(named.items()):
            if tier not in found or found[tier].digest != digest:
                raise LineageError(
                    f"the rules of tier `{tier}` in {path.with_name(FILE)} are not those of {path.name}",
                    code="learned.other",
                    hint="both files are of one run: copy them together from its folder `policy/`",
                )
        return cls({tier: found[tier] for tier in named})

    def serves(self, decision: Decision) -> bool:
        """Whether the request of a decision is answered here, and no model is asked."""
        return decision.tier in self._lessons

    def answer(self, decision: Decision, request: Request) -> Completion:
        """The answer to a request. A decision with `verify` needs the router's word for it, as any cheap answer does.

        Raises:
            UnknownName: `serves` is false for the decision.
            InputError: The rules are damaged.
        """
        lesson = self._lessons.get(decision.tier or "")
        if lesson is None:
            raise UnknownName.among("tier that answers by rules", decision.tier or "", sorted(self._lessons))
        return lesson.completion(request, decision.model_id or "")
