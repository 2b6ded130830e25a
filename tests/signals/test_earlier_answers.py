"""What an assistant said earlier decides no policy: production holds the words of whoever answered there."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from audit.core.exchange import Request
from audit.core.policy import RoutePolicy
from audit.policy.router import Router
from audit.signals import SIGNALS, compute
from audit.signals.features import FEATURES, feature_row, feature_table
from audit.signals.signal import FitData
from audit.signals.written import written_rule
from tests.policy.world import entry, policy

SAID: list[Any] = ["", "7", "Why? 12\n34 é", "A long answer. " * 60, None, [{"type": "text", "text": "parts " * 9}], []]
"""What an assistant may have said, in the forms that logs have."""


class Seen:
    """An embedder that keeps the texts that it was given."""

    name = "seen"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of the two parities of a text's length."""
        self.texts += texts
        return np.array([[len(text) % 2, 1 - len(text) % 2] for text in texts], dtype=np.float32).reshape(-1, 2)


def conversation(asked: Sequence[str], answered: Sequence[Any], *, calls: bool) -> Request:
    """System, then questions with what an assistant said after each but the last, and what a tool said after a call."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}]
    for question, answer in zip(asked, answered, strict=True):
        said = {"role": "assistant", "content": answer}
        if calls:
            function = {"name": "look_up", "arguments": json.dumps({"q": str(answer)})}
            said["tool_calls"] = [{"id": "c1", "type": "function", "function": function}]
        messages += [{"role": "user", "content": question}, said]
        messages += [{"role": "tool", "tool_call_id": "c1", "content": "found: 3"}] if calls else []
    return Request(request_fp="", messages=[*messages, {"role": "user", "content": "And now?"}])


@pytest.mark.parametrize("seed", range(40))
def test_no_feature_reads_an_earlier_answer(seed: int) -> None:
    """Text, parts, calls or nothing, in any number of turns: every feature stays."""
    draw = random.Random(seed)
    asked = ["".join(draw.choices("ab 1?\né", k=draw.randrange(30))) for _ in range(draw.randrange(4))]
    calls = draw.random() < 0.5
    one, other = (conversation(asked, [draw.choice(SAID) for _ in asked], calls=calls) for _ in range(2))
    assert feature_row(one) == feature_row(other)


def fitting() -> FitData:
    """Long first answers stand where the candidate is right: what reads them would learn that."""
    requests, good = [], []
    for i in range(200):
        right = i % 2 == 0
        requests.append(conversation([f"case {i}"], ["word " * (300 if right else 3)], calls=False))
        good.append(right)
    return FitData(
        requests=requests,
        differences=np.array(good) - 1.0,
        costs_usd=np.ones(200),
        seed=0,
        embedder=Seen(),
    )


@pytest.mark.parametrize("name", list(SIGNALS))
def test_nothing_is_learned_from_earlier_answers(name: str) -> None:
    """What parts good from bad is the length of the earlier answer alone; a signal that is found all the same gives
    equal values whatever stands there.
    """
    data = fitting()
    spec = SIGNALS.get(name).fit(data)
    assert isinstance(data.embedder, Seen)
    assert not any("word word" in text for text in data.embedder.texts)
    if spec is None:
        return
    swapped = [conversation([f"case {i}"], ["no"], calls=False) for i in range(200)]
    assert np.array_equal(
        compute(spec, data.requests, embedder=data.embedder), compute(spec, swapped, embedder=data.embedder)
    )


@pytest.mark.parametrize("feature", list(FEATURES))
def test_a_written_rule_routes_alike_after_either_model(feature: str) -> None:
    """A cut at the logged value of any feature: the router in production says what was tested."""
    logged = conversation(["how much?"], ["A long answer. " * 60], calls=True)
    served = conversation(["how much?"], ["7"], calls=True)
    cut = feature_table([logged])[0, list(FEATURES).index(feature)]
    for op in ("<=", "<", ">"):
        rule: RoutePolicy = entry("/a", "rules", threshold=1.0, signal=written_rule(f"{feature} {op} {cut:g}"))
        router = Router(policy(rule))
        assert router.route("/a", logged).tier == router.route("/a", served).tier


def test_words_of_the_others_still_count() -> None:
    """System, user and tool make the prompt longer; an assistant's turn is one turn, whatever it said."""
    one = conversation(["how much?"], ["7"], calls=True)
    found = dict(zip(FEATURES, feature_row(one), strict=True))
    assert found["prompt_chars"] == len("Be brief.how much?found: 3And now?")
    assert found["messages"] == 4
