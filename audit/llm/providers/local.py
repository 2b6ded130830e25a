"""A tier that is no model: rules learned from a route's log before anything is asked. No key, no network, no price.

`options: {route: NAME}` says of which route. A plan adds the digest of what was learned, which makes it a part of the
key of every call, and the file that holds it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from audit.core.artifacts import read_json
from audit.core.errors import ConfigError, LineageError
from audit.core.exchange import Completion, Request, Usage
from audit.core.fingerprint import fingerprint
from audit.core.policy import LESSON
from audit.core.tier import LEARNED, Price, Tier
from audit.imitation.lesson import lessons_from_plain
from audit.llm.provider import Answerer, LocalProvider
from audit.llm.simulation import prompt_tokens, tokens


def open_tier(tier: Tier, directory: Path) -> Answerer:
    """Answer by what was learned of the tier's route.

    Raises:
        ConfigError: The tier names no route.
        InputError: What was learned cannot be read.
        LineageError: It is not what the plan was made with.
    """
    if not isinstance(tier.options.get("route"), str):
        raise ConfigError(
            f"tier `{tier.name}` learns from the log and needs `options.route`",
            code="config.learned",
            hint="options: {route: NAME}, one tier for each route",
        )
    if LESSON not in tier.options:
        return _nothing_learned

    lesson = lessons_from_plain(read_json(Path(tier.options["path"]))).get(tier.name)
    named = tier.options[LESSON], tier.options.get("held_out")
    if lesson is None or (lesson.digest, fingerprint(lesson.held_out)) != named:
        raise LineageError(f"what tier `{tier.name}` learned is not what its plan was made with", code="learned.other")

    def answer(request: Request, repeat: int) -> Completion:
        found = lesson.completion(request, tier.model, served=False)
        # Nothing counts tokens here. What is shown beside the price of $0 is an estimate, as for any text.
        counted = Usage(
            prompt_tokens=prompt_tokens(request), completion_tokens=tokens(found.text or ""), estimated=True
        )
        return replace(found, usage=counted)

    return answer


def _nothing_learned(request: Request, repeat: int) -> Completion:
    raise ConfigError("rules are learned from a log when a replay is planned", code="config.learned")


PROVIDER = LocalProvider(
    name=LEARNED,
    summary="No model: a rule, a template or a classifier of words, learned from a route's log; free, offline",
    options=("route",),
    open=open_tier,
    served_from="local",
    price=Price(input=0.0, output=0.0, source="rules learned from the log: nothing is billed"),
)
