"""The demo's committed files, read once, and its tiers, opened as an audit opens them."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from audit.core.exchange import Completion, Request
from audit.core.fingerprint import prompt_hash, request_fp
from audit.core.tier import Price, Tier
from audit.llm.provider import Answerer, LocalProvider
from audit.llm.providers import PROVIDERS

SAMPLES = Path(__file__).parents[2] / "sample_logs"
DEMO = SAMPLES / "demo"


@dataclass(frozen=True)
class Line:
    """One whole line of the log."""

    record: dict[str, Any]

    @property
    def route(self) -> str:
        return str(self.record["metadata"]["requester_metadata"]["route"])

    @property
    def answered(self) -> bool:
        return bool(self.record["status"] == "success")

    @property
    def cached(self) -> bool:
        return self.record["cache_hit"] is True

    @property
    def redacted(self) -> bool:
        return "redacted-by-litellm" in str(self.record["messages"][0]["content"])

    @cached_property
    def key(self) -> str:
        return prompt_hash(self.record["messages"])

    @cached_property
    def request(self) -> Request:
        params = dict(self.record["model_parameters"])
        tools, choice, shape = (params.pop(name, None) for name in ("tools", "tool_choice", "response_format"))
        messages = self.record["messages"]
        return Request(
            request_fp=request_fp(messages, tools, choice, shape, params),
            messages=messages,
            tools=tools,
            tool_choice=choice,
            response_format=shape,
            params=params,
        )

    @cached_property
    def said(self) -> dict[str, Any]:
        """What was answered, as the answers file says it."""
        choice = self.record["response"]["choices"][0]
        return said(choice["message"].get("content"), choice["message"].get("tool_calls") or ())


def said(text: str | None, tool_calls: Any) -> dict[str, Any]:
    """A completion's words and calls, comparable with an entry of the answers file."""
    return {"text": text, "tool_calls": list(tool_calls)}


def is_right(completion: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether a completion is one of an entry's right ones."""
    return any(completion == said(right.get("text"), right.get("tool_calls") or ()) for right in answer["right"])


@cache
def raw_lines() -> list[str]:
    """The log's lines as they stand."""
    return gzip.decompress((DEMO / "log.jsonl.gz").read_bytes()).decode("utf-8").split("\n")[:-1]


@cache
def lines() -> list[Line]:
    """Whole lines, each once, in order."""
    return [Line(json.loads(text)) for text in dict.fromkeys(raw_lines()[:-1])]


@cache
def paid(route: str) -> list[Line]:
    """Billable requests of a route."""
    return [line for line in lines() if line.route == route and line.answered and not line.cached]


@cache
def replayable(route: str) -> list[Line]:
    """Those that still have their bodies."""
    return [line for line in paid(route) if not line.redacted]


@cache
def answers() -> dict[str, dict[str, Any]]:
    """The answers file by prompt hash."""
    text = gzip.decompress((DEMO / "answers.jsonl.gz").read_bytes()).decode("utf-8")
    entries = [json.loads(line) for line in text.split("\n") if line]
    return {entry["prompt_hash"]: entry for entry in entries}


@cache
def references() -> dict[str, Any]:
    """The references by prompt hash."""
    rows = [json.loads(line) for line in (DEMO / "references.jsonl").read_text("utf-8").split("\n") if line]
    return {row["prompt_hash"]: row["reference"] for row in rows}


@cache
def truth() -> dict[str, Any]:
    """`truth.json`."""
    return dict(json.loads((DEMO / "truth.json").read_text("utf-8")))


@cache
def config() -> dict[str, Any]:
    """`audit.yaml` as plain values."""
    return dict(yaml.safe_load((DEMO / "audit.yaml").read_text("utf-8")))


def tier(name: str, **options: Any) -> Tier:
    """A tier of the demo, with other options where they are given."""
    entry = next(entry for entry in config()["tiers"] if entry["name"] == name)
    return Tier(
        name=name,
        model=entry["model"],
        provider=entry["provider"],
        price=Price(**entry["price"]),
        options={**entry["options"], **options},
    )


def opened(found: Tier) -> Answerer:
    """A tier's answerer, through the catalogue of providers."""
    provider = PROVIDERS.get(found.provider)
    assert isinstance(provider, LocalProvider)
    return provider.open(found, DEMO)


@cache
def first_replays(name: str) -> dict[str, Completion]:
    """What a tier answers to every replayable prompt the first time, by prompt hash."""
    answer = opened(tier(name))
    return {line.key: answer(line.request, 0) for route in truth()["routes"] for line in replayable(route)}
