"""The demo's requests and the tiers that answer them: what the log, the truth and the traffic have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.core.exchange import Completion, Request
from audit.core.fingerprint import prompt_hash, request_fp
from audit.core.tier import Price, Tier
from audit.llm.providers.simulated import Behaviour, SimulatedTier
from audit.llm.simulation import SimulatedAnswer
from sample_logs.demo_tasks import Task

LOG_REPEAT = 1000
"""The log's n-th answer to a prompt is the tier's repeat 1000 + n; the audit replays from repeat 0 on."""


@dataclass(slots=True, kw_only=True)
class Call:
    """One logical request, and what became of it."""

    route: str
    tenant: str
    region: str
    environment: str
    at: datetime
    task: Task
    tier: str
    session: str | None = None
    first_error: tuple[str, str, str] | None = None
    fallback: bool = False
    lost: bool = False
    redacted: bool = False
    cached_from: Call | None = None
    repeat: int = 0
    completion: Completion | None = None
    key: str = ""

    @property
    def cost_usd(self) -> float:
        """What the answer was billed; 0 where there is none."""
        return 0.0 if self.completion is None else self.completion.cost_usd or 0.0

    @property
    def request(self) -> Request:
        """The request as the audit will ask it."""
        params = {k: v for k, v in self.task.params.items() if k not in ("tools", "tool_choice", "response_format")}
        tools, choice, shape = (self.task.params.get(name) for name in ("tools", "tool_choice", "response_format"))
        return Request(
            request_fp=request_fp(self.task.messages, tools, choice, shape, params),
            messages=self.task.messages,
            tools=tools,
            tool_choice=choice,
            response_format=shape,
            params=params,
        )


class World:
    """The tiers, the answers that they know, and how often each prompt was asked."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.answers: dict[str, SimulatedAnswer] = {}
        self.references: dict[str, Any] = {}
        self.tiers = {entry["name"]: self._tier(entry) for entry in settings["tiers"]}
        self._asked: dict[str, int] = {}

    def _tier(self, entry: Mapping[str, Any]) -> SimulatedTier:
        own = {key: entry[key] for key in ("name", "model", "provider", "options")}
        tier = Tier(**own, price=Price(**entry["price"]))
        return SimulatedTier(tier=tier, behaviour=Behaviour.of(tier), answers=self.answers)

    def learn(self, task: Task) -> str:
        """Know a prompt from now on; returns its hash."""
        key = prompt_hash(task.messages)
        self.answers.setdefault(key, task.answer)
        self.references.setdefault(key, task.reference)
        return key

    def serve(self, call: Call) -> None:
        """Answer a call as its tier does, the next time that this prompt is asked."""
        call.key = self.learn(call.task)
        call.repeat = LOG_REPEAT + self._asked.get(call.key, 0)
        self._asked[call.key] = self._asked.get(call.key, 0) + 1
        call.completion = self.tiers[call.tier](call.request, call.repeat)
