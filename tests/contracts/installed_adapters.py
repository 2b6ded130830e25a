"""Adapters that another package brings, one of each kind; `test_installed.py` makes a wheel of this file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from audit.core.exchange import Completion, Request, Usage
from audit.core.outcome import Outcome
from audit.core.policy import RoutingPolicy, SignalSpec
from audit.core.settings import IngestSettings
from audit.core.tier import Tier
from audit.executors.executor import Executor, find_work
from audit.ingest import labels, values
from audit.ingest.calls import bodies, chat
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.llm.provider import Answerer, LocalProvider
from audit.policy.exporter import Exporter, json_bytes, static_routes
from audit.protocols import openai_chat
from audit.protocols.protocol import Protocol
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Options, Scorer, verdict
from audit.scoring.texts.words import as_words
from audit.signals.signal import FitData, FloatArray, Signal, TextEmbedder


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of Acme's records: `acme` holds a request and its answer in the chat shape."""
    wanted = labels.finders(settings, labels.COMMON_KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or not isinstance(line.get("acme"), dict):
            raise Unusable("no `acme`")
        row = Row(emitter="acme", status="ok", cost_usd_logged=line["usd"], cost_basis="provider")
        facts = bodies.put_exchange(row, line["acme"]["asked"], line["acme"]["said"])
        row.started_at, row.started_at_resolution = values.microseconds(line["at"])
        row.model_called = row.model_key = row.model_requested
        labels.put(row, wanted, line.get, ((line, ""),))
        row.dedupe_key = call_key(row)
        chat.judge_replayable(row, facts.reasons, "exact")
        return (row,)

    return read


def opened(tier: Tier, directory: Path) -> Answerer:
    """A tier that adds up what it is asked to."""

    def answer(request: Request, repeat: int) -> Completion:
        left, _, right = request.last_user.removeprefix("What is ").removesuffix("?").partition(" plus ")
        text = str(int(left) + int(right))
        return Completion(text=text, finish_reason="stop", usage=Usage(prompt_tokens=9, completion_tokens=2))

    return answer


def build(options: Options) -> Check:
    """Compare the words."""
    expected = options.expected(as_words)

    def check(context: Context) -> Outcome:
        return verdict(context.text.split() == expected(context).split(), "other words")

    return check


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """A route and its model, for whole routes."""
    found = {entry.route: policy.models[entry.tier] for entry in static_routes(policy, "acme", "it knows no signal")}
    return {"acme.json": json_bytes(found)}


def fit(data: FitData) -> SignalSpec | None:
    """Nothing is learned: the signal is the prompt's length."""
    return SignalSpec(name="acme-length", version=1, params={})


def compute(params: Mapping[str, Any], requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """Letters of the last turn."""
    return np.array([float(len(request.last_user)) for request in requests])


class OneByOne:
    """One job after another."""

    workers = 1

    def run(self, jobs: Iterable[Any], *, work: str) -> Iterator[Any]:
        return map(find_work(work), jobs)


def log_line(number: int) -> str:
    """A record of Acme's log."""
    asked = {"model": "acme-large", "messages": [{"role": "user", "content": f"What is {number} plus 7?"}]}
    choice = {"index": 0, "message": {"role": "assistant", "content": str(number + 7)}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    said = {
        "id": f"c-{number}",
        "object": "chat.completion",
        "model": "acme-large",
        "choices": [choice],
        "usage": usage,
    }
    at = 1_790_000_000 + 60 * number
    return json.dumps({"acme": {"asked": asked, "said": said}, "usd": 0.001, "at": at, "route": "/add"})


FORMAT = Format(
    name="acme-log",
    summary="Acme's log",
    fields=("acme", "usd"),
    detects=lambda record: "has acme" if "acme" in record else None,
    open=open_reader,
)
PROVIDER = LocalProvider(name="acme-adder", summary="Adds up", open=opened)
SCORER = Scorer(
    name="acme-words", version=1, summary="The same words", needs_reference=True, calls_model=False, build=build
)
EXPORTER = Exporter(name="acme-gateway", summary="Acme's gateway", suffix=".json", export=export)
SIGNAL = Signal(name="acme-length", version=1, summary="The prompt's length", fit=fit, compute=compute)
EXECUTOR = Executor(name="acme-series", summary="One after another", open=lambda settings: nullcontext(OneByOne()))
PROTOCOL = Protocol(
    name="acme_chat",
    summary="Acme's chat, which is OpenAI's",
    request_from=openai_chat.request_from,
    request_to=openai_chat.request_to,
    answer_from=openai_chat.answer_from,
    answer_to=openai_chat.answer_to,
    stream_from=openai_chat.PROTOCOL.stream_from,
)
