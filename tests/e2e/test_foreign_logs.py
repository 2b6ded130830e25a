"""A log of one vendor's agents on a tier of another's protocol: a candidate that answers as the log did is a switch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from tests.e2e.tiny import record
from tests.json_server import Headers, answering
from tests.protocols import sdk

N = 260
CONFIG = """\
margin: 3pt
max_spend: $5
ingest: {{route: metadata.route}}
slice: {{incumbent_min: 0, incumbent_share: 1%}}
tiers:
  - {{name: small, model: acme-small-1, provider: {provider}, base_url: "{url}", concurrency: 8,
     price: {{input: 0.1, output: 0.3}}}}
routes:
  - match: "*"
    candidates: [small]
    assert: [{{type: equals, value: "{{{{incumbent.text}}}}"}}]
"""


def conversation(number: int) -> list[dict[str, Any]]:
    """An agent's turn in Anthropic's words: thinking with its seal, two calls at once, a result that failed."""
    calls = [{"type": "tool_use", "id": f"toolu_{n}", "name": "price", "input": {"item": n}} for n in (1, 2)]
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": f"{number} EUR"}]},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no such item", "is_error": True},
    ]
    cached = {"type": "text", "text": f"Price of order {number}?", "cache_control": {"type": "ephemeral"}}
    return [
        {"role": "user", "content": [cached]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "I look.", "signature": "c2ln"}, *calls]},
        {"role": "user", "content": results},
    ]


TOOL = {"name": "price", "description": "A price", "input_schema": {"type": "object", "properties": {"item": {}}}}


def answer_to(body: dict[str, Any]) -> str:
    """The right answer, found in the first tool message alone: a server that is not sent the results is wrong."""
    results = [message["content"] for message in body["messages"] if message["role"] == "tool"]
    return f"It is {results[0]}." if len(results) == 2 else "I do not know."


@pytest.fixture
def chat() -> Iterator[str]:
    """A strict chat endpoint: what the SDK's types do not take is a 400."""

    def answer(_path: str, _headers: Headers, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            sdk.accept("openai_chat", body)
        except Exception as error:
            return 400, {"error": {"message": str(error)[:300]}}
        message = {"role": "assistant", "content": answer_to(body), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        usage = {"prompt_tokens": 90, "completion_tokens": 6, "total_tokens": 96}
        return 200, {
            "id": "c",
            "object": "chat.completion",
            "model": body["model"],
            "choices": [choice],
            "usage": usage,
        }

    with answering(answer) as url:
        yield f"{url}/v1"


def test_anthropic_agents_with_tool_results_are_a_switch_on_a_chat_tier(
    tmp_path: Path, chat: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every request is asked, whole or with losses that change no answer, and a perfect candidate is recommended."""
    log, config = tmp_path / "log.jsonl", tmp_path / "audit.yaml"
    with log.open("w") as file:
        for number in range(N):
            line = record(
                number,
                call_type="anthropic_messages",
                messages=conversation(number),
                model_parameters={"max_tokens": 64, "tools": [TOOL], "tool_choice": {"type": "auto"}},
                metadata={"route": "/price"},
            )
            line["response"]["choices"][0]["message"]["content"] = f"It is {number} EUR."
            file.write(json.dumps(line) + "\n")
    config.write_text(CONFIG.format(url=chat, provider="openai-compatible"), "utf-8")
    code = run(["replay", str(log), "--config", str(config), "--out", str(tmp_path / "run"), "--yes", "--json"])
    streams = capsys.readouterr()
    assert code == 0, streams.err
    findings = json.loads(streams.out)
    route = findings["routes"][0]
    assert route["recommendation"] is not None, json.dumps(route)[:3000]
    assert "switch" in json.dumps(route["recommendation"]).lower(), json.dumps(route["recommendation"])[:2000]
