"""What was learned of one route: the way that answers its held-out requests best, and how often it is right there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.core.errors import InputError
from audit.core.exchange import Completion, Request, Usage
from audit.core.fingerprint import digest, fingerprint
from audit.core.personal import is_masked
from audit.core.plain import from_plain, to_plain
from audit.core.reason import Because, Reason, because
from audit.imitation import classifier, rule, template
from audit.imitation.way import Example, Params, Way, labels_of, same_as

WAYS: tuple[Way, ...] = (rule.WAY, template.WAY, classifier.WAY)
"""In the order in which they are tried: what a person can read comes first."""

SCHEMA = "audit-learned/1"

FOLDS = 5
LEAST_EXAMPLES = 20
LEAST_AGREEMENT = 0.5
LEAST_GAIN = 2
"""Held-out requests that a later way must answer rightly beyond an earlier one. Fewer are chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What answers a route without a model; JSON values only.

    Attributes:
        route: Whose requests it was learned from.
        way: Name of one of `WAYS`.
        version: Of its code.
        params: As it learned them.
        examples: Requests that it was learned from.
        agreement: Share of them that it answers as wanted when it was learned without them, in [0, 1].
        held_out: By fingerprint of the request, for each example: the answer of what was learned without it. What
            tries a candidate before its test must not be an answer that it had seen.
    """

    route: str
    way: str
    version: int
    params: Params
    examples: int
    agreement: float
    held_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def program(self) -> dict[str, Any]:
        """What serves requests, as plain values: all but the answers to its own examples."""
        return {**to_plain(self), "held_out": {}}

    @property
    def digest(self) -> str:
        """Of what serves requests: by which calls and a policy name it."""
        return fingerprint(self.program)

    def completion(self, request: Request, model: str, *, served: bool = True) -> Completion:
        """The answer to a request.

        Args:
            request: Any of the route.
            model: Named as what answered.
            served: As requests are served; else, in a replay, an example has the answer of what was learned without
                it, and a message that the log holds masked none: whoever is served says something else there.

        Raises:
            InputError: As `answer`.
        """
        held_out = None if served else self.held_out.get(request.request_fp)
        if not served and is_masked(request.last_user):
            text = ""
        else:
            text = self.answer(request.last_user) if held_out is None else held_out
        usage = Usage(prompt_tokens=0, completion_tokens=0)
        return Completion(text=text, finish_reason="stop", usage=usage, model_reported=model, cost_usd=0.0)

    def answer(self, text: str) -> str:
        """The answer to a last user message; "" for none.

        Raises:
            InputError: It was learned by another version, or is damaged.
        """
        way = next((way for way in WAYS if way.name == self.way), None)
        if way is None or way.version != self.version:
            raise InputError(
                f"what was learned of route `{self.route}` is of another version: `{self.way}` {self.version}",
                code="learned.version",
                hint="run the audit again, which learns it anew",
            )
        try:
            return way.answer(self.params, text)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise damaged(f"what was learned of route `{self.route}`", error) from None


def damaged(what: str, error: Exception) -> InputError:
    """What was learned cannot be read."""
    return InputError(
        f"{what} is damaged: {type(error).__name__}",
        code="learned.damaged",
        hint="run the audit again, which learns it anew",
    )


def lessons_to_plain(lessons: Mapping[str, Lesson], *, served: bool = False) -> dict[str, Any]:
    """A learned file's values: lessons by tier.

    Args:
        lessons: By tier.
        served: For whoever serves with them: without the answers to their own examples.
    """
    return {
        "schema": SCHEMA,
        "tiers": {tier: lesson.program if served else to_plain(lesson) for tier, lesson in lessons.items()},
    }


def lessons_from_plain(value: Any) -> dict[str, Lesson]:
    """Rebuild lessons by tier from a learned file's values.

    Raises:
        InputError: It is of another version, or damaged.
    """
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise InputError("the learned file is of another version", code="learned.version")
    try:
        return {tier: from_plain(Lesson, one) for tier, one in value["tiers"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise damaged("the learned file", error) from None


def are_labels(answers: Sequence[str]) -> bool:
    """Whether a route with these answers is worth a try."""
    return len(answers) >= LEAST_EXAMPLES and bool(labels_of([Example(text="", answer=one) for one in answers]))


def learn(route: str, examples: Mapping[str, Example], *, unlike: int = 0) -> Lesson | Because:
    """Learn what answers a route, or why nothing does. The order of the examples does not count.

    Args:
        route: Its name.
        examples: By fingerprint of the request.
        unlike: Requests beside these whose answers are no texts; no way answers them.
    """
    all_ = len(examples) + unlike
    if len(examples) < LEAST_EXAMPLES:
        return because(Reason.FEW_TUNING_REQUESTS, requests=len(examples), least=LEAST_EXAMPLES)
    ordered = {key: examples[key] for key in sorted(examples)}
    best: tuple[int, Way, Params, dict[str, str]] | None = None
    for way in WAYS:
        if (params := way.fit(list(ordered.values()))) is None:
            continue
        held_out = _held_out(way, ordered)
        right = sum(same_as(held_out[key]) == same_as(one.answer) for key, one in ordered.items())
        if best is None or right >= best[0] + LEAST_GAIN:
            best = (right, way, params, held_out)
        if right > len(ordered) - LEAST_GAIN:
            break
    if best is None:
        return because(Reason.NEITHER_LABEL_NOR_PART)
    right, way, params, held_out = best
    if right < LEAST_AGREEMENT * all_:
        return because(Reason.RULES_DIFFER, count=right, of=all_)
    return Lesson(
        route=route,
        way=way.name,
        version=way.version,
        params=params,
        examples=len(ordered),
        agreement=round(right / all_, 4),
        held_out=held_out,
    )


def _held_out(way: Way, examples: Mapping[str, Example]) -> dict[str, str]:
    """Each example's answer by what is learned of the other folds; equal messages are in one fold."""
    folds: dict[int, list[str]] = {}
    for key, one in examples.items():
        folds.setdefault(int(digest(one.text)[:8], 16) % FOLDS, []).append(key)
    answers: dict[str, str] = {}
    for keys in folds.values():
        mine = set(keys)
        params = way.fit([one for key, one in examples.items() if key not in mine])
        answers |= {key: "" if params is None else way.answer(params, examples[key].text) for key in keys}
    return {key: answers[key] for key in sorted(answers)}
