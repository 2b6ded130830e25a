"""Every real export against a candidate that answers as the log did, over every protocol: never a Keep.

A request that cannot be carried is not asked, and then the verdict is Not proven with the reason. A pair that a perfect
candidate loses would be a fault of ours: of a reader, of a translation, or of a criterion. The exports hold too few
requests for a Switch; `test_foreign_logs.py` has that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.core.artifacts import read_run
from audit.core.finding import RouteFinding, Verdict
from audit.core.settings import IngestSettings
from audit.protocols import PROTOCOLS
from audit.protocols.openai_chat import PROTOCOL as CHAT
from tests.ingest.reading import read
from tests.ingest.test_truth import EXPORTS
from tests.json_server import Headers, answering
from tests.shared import SHARED, needs_shared

PROVIDERS = {
    "openai-compatible": "openai_chat",
    "openai-responses": "openai_responses",
    "anthropic": "anthropic_messages",
    "gemini": "gemini",
    "bedrock": "bedrock_converse",
    "cohere": "cohere_chat",
}
assert set(PROVIDERS.values()) == set(PROTOCOLS.names), "every protocol is asked"
KEYS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "CO_API_KEY",
    "GEMINI_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
CONFIG = """\
margin: 30pt
max_spend: $5
ingest: {{route: model}}
slice: {{incumbent_min: 0, incumbent_share: 1%, looks: 1}}
tiers:
{tiers}
routes:
{routes}
"""
TIER = """\
  - {{name: small-{n}, model: acme-small-1, provider: {provider}, base_url: "{url}/{n}", concurrency: 4,
     adapt: [rename, role], price: {{input: 0.0001, output: 0.0003}}}}"""
ROUTE = """\
  - match: "{model}"
    candidates: [small-{n}]
    assert: [{{type: equals, value: "{{{{incumbent.text}}}}"}}, {{type: tool-call}}]"""
"""One tier for each logged model: two may have answered one conversation differently, and the address tells which."""


def texts_of(value: Any) -> Iterator[str]:
    """Every text anywhere inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_of(item)


def said_in(messages: list[dict[str, Any]]) -> set[str]:
    """What a logged conversation says, without its tools' JSON and its images."""
    contents = [message.get("content") for message in messages]
    parts = [part for content in contents for part in (content if isinstance(content, list) else [content])]
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return {text.strip() for text in texts if isinstance(text, str) and text.strip()}


class Recorded:
    """The log's own answers, found again by what a request says, whatever protocol it comes in."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.answers: list[tuple[set[str], dict[str, Any]]] = []
        for row in rows:
            message = {"role": "assistant", "content": row["response_text"]}
            if row["tool_calls"]:
                message["tool_calls"] = json.loads(row["tool_calls"])
            if row["refusal"]:
                message["refusal"] = row["refusal"]
            self.answers.append((said_in(json.loads(row["messages"])), {"message": message, **row}))

    def answer_to(self, body: dict[str, Any]) -> dict[str, Any]:
        """The logged answer to the conversation of which the body says all; the one that says most."""
        said = {text.strip() for text in texts_of(body)}
        known = [(texts, answer) for texts, answer in self.answers if texts and texts <= said]
        _, row = max(known, key=lambda one: sum(map(len, one[0])))
        finish = row["finish_reason"] if row["finish_reason"] in ("length", "tool_calls", "content_filter") else "stop"
        usage = {"prompt_tokens": row["prompt_tokens"] or 20, "completion_tokens": row["completion_tokens"] or 20}
        usage["total_tokens"] = sum(usage.values())
        choice = {"index": 0, "message": row["message"], "finish_reason": finish}
        return {"id": "a", "object": "chat.completion", "model": "acme-small-1", "choices": [choice], "usage": usage}


@pytest.mark.slow
@needs_shared("logs")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("export", EXPORTS)
def test_a_perfect_candidate_is_never_a_keep(
    export: str, provider: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Switch, or Not proven with its reason; prints which, how much was asked, and what was not."""
    for name in KEYS:
        monkeypatch.setenv(name, "test-key")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    files = [SHARED / "logs" / file for file in EXPORTS[export][0]]
    found = read(files, tmp_path / "read", IngestSettings()).rows()
    rows = [row for row in found if row["status"] == "ok" and row["messages"]]
    models = sorted({row["model_requested"] for row in rows})
    recorded = [Recorded([row for row in rows if row["model_requested"] == model]) for model in models]
    protocol = PROTOCOLS.get(PROVIDERS[provider])

    def answer(path: str, _headers: Headers, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not set(texts_of(body)):  # whether the endpoint is there at all
            return 400, {"message": "no messages"}
        said, _ = CHAT.answer_from(recorded[int(path.split("/")[1])].answer_to(body))
        return 200, protocol.answer_to(said)[0]

    config = tmp_path / "audit.yaml"
    with answering(answer) as url:
        tiers = [TIER.format(n=n, provider=provider, url=url) for n in range(len(models))]
        routes = [ROUTE.format(n=n, model=model) for n, model in enumerate(models)]
        config.write_text(CONFIG.format(tiers="\n".join(tiers), routes="\n".join(routes)), "utf-8")
        code = run(["replay", *map(str, files), "--config", str(config), "--out", str(tmp_path / "run"), "--yes"])
    streams = capsys.readouterr()
    assert code == 0, streams.err
    for route in read_run(tmp_path / "run").routes:
        print(f"{export:<18} {provider:<18} {told(route)}")
        assert route.verdict in (Verdict.SWITCH, Verdict.NOT_PROVEN), told(route)
        assert route.reason
        for candidate in route.candidates:
            # What is cut off or refused here was cut off or refused in the log: no pair is lost by it.
            assert not candidate.b, told(route)


def told(route: RouteFinding) -> str:
    """A verdict on a line, with its pairs and what was not asked."""
    pairs = [f"{one.n} pairs, {one.b} lost, {one.counted_against or 'none'} against" for one in route.candidates]
    unasked = [f"{n.requests} not asked: {n.because.sentence}" for one in route.candidates for n in one.not_asked]
    return "; ".join([f"{route.route}: {route.verdict} ({route.reason})", *pairs, *unasked])
