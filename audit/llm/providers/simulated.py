"""Tiers that answer from a file of right and wrong completions: for the demo, and for audits whose truth is known.

The file (JSON Lines, plain or gzipped) holds a `SimulatedAnswer` per prompt, by `prompt_hash`. A tier is a set of error
rates. Whether a call goes wrong is a hash of (seed, model, prompt, repeat): no order, executor or clock enters it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.core.errors import ConfigError, TerminalError
from audit.core.exchange import Completion, Request, Usage
from audit.core.fingerprint import canonical_json, prompt_hash
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a simulated tier behaves; the keys of its `options:`.

    Attributes:
        answers: File of completions, relative to the configuration's folder.
        error_rates: Share of wrong answers by `task/difficulty` or `task`; the longer key wins.
        seed: Of every draw.
        run_to_run: Share of calls that are drawn anew on each repeat, as sampling at a temperature does; the others
            answer as they always do. It changes no error rate, only how far two runs differ.
        verbosity: Factor on the answer file's `effort_tokens`, which are billed as reasoning.
        latency_ms: Until the first token.
        tokens_per_second: After it.
    """

    answers: str
    error_rates: Mapping[str, float]
    seed: int = 0
    run_to_run: float = 0.0
    verbosity: float = 1.0
    latency_ms: float = 400.0
    tokens_per_second: float = 100.0

    @classmethod
    def of(cls, tier: Tier) -> Behaviour:
        """Read a tier's `options:`.

        Raises:
            UnknownName: An option that this provider does not have.
            ConfigError: `answers` or `error_rates` is missing, or a rate is not one.
        """
        refuse_unknown(tier, cls, "a simulated tier")
        if missing := [name for name in ("answers", "error_rates") if name not in tier.options]:
            raise ConfigError(f"tier `{tier.name}` is simulated and needs `options.{missing[0]}`")
        behaviour = cls(**tier.options)
        refuse_rates(tier, behaviour.error_rates)
        refuse_rates(tier, {"run_to_run": behaviour.run_to_run})
        return behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTier:
    """A tier with its answers by prompt hash: called with a request and a repeat, it returns a completion."""

    tier: Tier
    behaviour: Behaviour
    answers: Mapping[str, SimulatedAnswer]

    def __call__(self, request: Request, repeat: int) -> Completion:
        """The completion of this repeat.

        Raises:
            TerminalError: The file has no entry for the prompt; nothing is invented.
        """
        key = prompt_hash(request.messages)
        answer = self._answer(key)
        choices = answer.right if self.is_right(key, repeat) else answer.wrong
        chosen = choices[int(self._uniform(key, "choice", self._run(key, repeat)) * len(choices))]
        calls = tuple(chosen.get("tool_calls") or ())
        usage = self._usage(key, answer.effort_tokens, chosen, request, repeat)
        speed = self.behaviour.tokens_per_second * (0.8 + 0.4 * self._uniform(key, "speed", repeat))
        return Completion(
            text=chosen.get("text"),
            tool_calls=calls,
            finish_reason=chosen.get("finish_reason") or ("tool_calls" if calls else "stop"),
            refusal=chosen.get("refusal"),
            usage=usage,
            model_reported=self.tier.model,
            latency_ms=round(self.behaviour.latency_ms + 1000 * usage.completion_tokens / speed, 3),
            cost_usd=self.tier.price.cost_usd(usage),
        )

    def is_right(self, key: str, repeat: int) -> bool:
        """Whether this repeat answers the prompt rightly; the demo's planted truth is read from here.

        Raises:
            TerminalError: As a call.
        """
        return self._uniform(key, "right", self._run(key, repeat)) >= self.error_rate(self._answer(key))

    def error_rate(self, answer: SimulatedAnswer) -> float:
        """The planted rate for an entry's task and difficulty.

        Raises:
            ConfigError: `error_rates` has neither.
        """
        for name in (f"{answer.task}/{answer.difficulty}", answer.task):
            if name in self.behaviour.error_rates:
                return self.behaviour.error_rates[name]
        raise ConfigError(f"tier `{self.tier.name}`: no error rate for `{answer.task}/{answer.difficulty}`")

    def _answer(self, key: str) -> SimulatedAnswer:
        if (answer := self.answers.get(key)) is None:
            raise TerminalError(
                f"the simulated tier `{self.tier.name}` has no answer on file for this prompt",
                code="endpoint.simulated-unknown",
                status=404,
                hint="simulated tiers answer only the prompts that their answers file was made for",
            )
        return answer

    def _run(self, key: str, repeat: int) -> int | None:
        """The repeat, where this call is drawn anew; None where it goes as always."""
        return repeat if self._uniform(key, "run", repeat) < self.behaviour.run_to_run else None

    def _uniform(self, key: str, what: str, repeat: int | None) -> float:
        """A number in [0, 1) that depends on the arguments, the seed and the model alone."""
        return drawn(f"{self.behaviour.seed}|{self.tier.model}|{key}|{what}|{repeat}")

    def _usage(self, key: str, effort: int, chosen: Mapping[str, Any], request: Request, repeat: int) -> Usage:
        calls = chosen.get("tool_calls")
        said = (chosen.get("text") or "") + (chosen.get("refusal") or "") + (canonical_json(calls) if calls else "")
        thought = round(effort * self.behaviour.verbosity * (0.6 + 0.8 * self._uniform(key, "effort", repeat)))
        completed = thought + tokens(said)
        return Usage(prompt_tokens=prompt_tokens(request), completion_tokens=completed, reasoning_tokens=thought)


def _open(tier: Tier, directory: Path) -> Answerer:
    behaviour = Behaviour.of(tier)
    return SimulatedTier(tier=tier, behaviour=behaviour, answers=read_answers(directory / behaviour.answers))


PROVIDER = LocalProvider(
    name="simulated",
    summary="Answers from a file with planted error rates; no network, and every output says that it is simulated",
    open=_open,
)
