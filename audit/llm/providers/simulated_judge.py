"""A judge without a model: it knows the right answers to the prompts of a file, and errs as often as it is told to.

For the demo, and for audits whose truth is known. It reads what a careful judge reads: the sections that the code in
their lines delimits, and nothing of what stands in them as an instruction. Its errors are hashes of the seed and the
texts, so equal questions have equal replies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import ConfigError, TerminalError
from audit.core.exchange import Completion, Request, Usage, content_text
from audit.core.fingerprint import prompt_hash
from audit.core.tier import Tier
from audit.llm.provider import Answerer, LocalProvider
from audit.llm.simulation import (
    SimulatedAnswer,
    drawn,
    prompt_tokens,
    read_answers,
    refuse_rates,
    refuse_unknown,
    tokens,
)

_FIRST_LINE = re.compile(r"\[([0-9a-f]+) [\w ]+ begins\]\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeBehaviour:
    """How a simulated judge errs; the keys of its `options:`.

    Attributes:
        answers: File of completions, relative to the configuration's folder, as of a simulated tier.
        false_pass: Share of wrong answers that it passes.
        false_fail: Share of right answers that it does not pass.
        first_bias: Share of comparisons in which it prefers whatever stands first.
        seed: Of every draw.
    """

    answers: str
    false_pass: float = 0.0
    false_fail: float = 0.0
    first_bias: float = 0.0
    seed: int = 0

    @classmethod
    def of(cls, tier: Tier) -> JudgeBehaviour:
        """Read a tier's `options:`.

        Raises:
            UnknownName: An option that this provider does not have.
            ConfigError: `answers` is missing, or a rate is not one.
        """
        refuse_unknown(tier, cls, "a simulated judge")
        if "answers" not in tier.options:
            raise ConfigError(f"tier `{tier.name}` is a simulated judge and needs `options.answers`")
        behaviour = cls(**tier.options)
        refuse_rates(tier, {name: getattr(behaviour, name) for name in ("false_pass", "false_fail", "first_bias")})
        return behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedJudge:
    """A judge with the right answers by prompt hash; every other answer to one of these prompts is wrong."""

    tier: Tier
    behaviour: JudgeBehaviour
    answers: Mapping[str, SimulatedAnswer]

    def __call__(self, request: Request, repeat: int) -> Completion:
        """The verdict on what the request shows.

        Raises:
            TerminalError: The prompt is not in the file, or is more than one message; nothing is invented. Or the
                verdict that is asked for is none of those that it knows.
        """
        found = sections_of(content_text(request.messages[-1].get("content")))
        verdict = self._verdict(found, _verdicts(request))
        score = 1.0 if verdict in ("pass", "tie") else 0.0
        text = json.dumps({"reason": "simulated", "score": score, "verdict": verdict})
        usage = Usage(prompt_tokens=prompt_tokens(request), completion_tokens=tokens(text))
        return Completion(
            text=text,
            finish_reason="stop",
            usage=usage,
            model_reported=self.tier.model,
            latency_ms=1.0,
            cost_usd=self.tier.price.cost_usd(usage),
        )

    def _verdict(self, found: Mapping[str, str], words: frozenset[str]) -> str:
        if words == {"pass", "fail"} and "response" in found:
            return "pass" if self._passes(found, "response") else "fail"
        if words == {"A", "B", "tie"} and {"response_a", "response_b"} <= found.keys():
            if self._uniform(found, "first", *sorted((found["response_a"], found["response_b"]))) < (
                self.behaviour.first_bias
            ):
                return "A"
            first, second = self._passes(found, "response_a"), self._passes(found, "response_b")
            return "tie" if first == second else "A" if first else "B"
        raise self._unknown("it knows no such verdict")

    def _passes(self, found: Mapping[str, str], name: str) -> bool:
        entry = self.answers.get(prompt_hash([{"role": "user", "content": found.get("question", "")}]))
        if entry is None or "conversation" in found:
            raise self._unknown("it has no answers to this prompt on file")
        text = found[name]
        right = any(text == one.get("text") for one in entry.right)
        rate = self.behaviour.false_fail if right else self.behaviour.false_pass
        return right != (self._uniform(found, "error", text) < rate)

    def _unknown(self, why: str) -> TerminalError:
        return TerminalError(
            f"the simulated judge `{self.tier.name}` cannot say: {why}", code="endpoint.simulated-unknown", status=404
        )

    def _uniform(self, found: Mapping[str, str], what: str, *texts: str) -> float:
        """A number in [0, 1) that depends on the question, the texts, the seed and the model alone."""
        parts = (str(self.behaviour.seed), self.tier.model, what, found.get("question", ""), *texts)
        return drawn("\x1f".join(parts))


def sections_of(text: str) -> dict[str, str]:
    """The sections of a question to a judge, by name; what stands in one of them ends none."""
    opening = _FIRST_LINE.search(text)
    if opening is None:
        return {}
    code = re.escape(opening[1])
    pattern = rf"\[{code} ([\w ]+) begins\]\n<[\w ]+>\n(.*?)\n</[\w ]+>\n\[{code} \1 ends\]"
    return dict(re.findall(pattern, text, re.DOTALL))


def _verdicts(request: Request) -> frozenset[str]:
    """The verdicts that the request's schema allows."""
    form = request.response_format or {}
    schema = form.get("json_schema", {}).get("schema", {})
    return frozenset(schema.get("properties", {}).get("verdict", {}).get("enum", ()))


def _open(tier: Tier, directory: Path) -> Answerer:
    behaviour = JudgeBehaviour.of(tier)
    return SimulatedJudge(tier=tier, behaviour=behaviour, answers=read_answers(directory / behaviour.answers))


PROVIDER = LocalProvider(
    name="simulated-judge",
    summary="Judges by a file of right and wrong answers, with planted errors; no network, and every output says so",
    open=_open,
)
