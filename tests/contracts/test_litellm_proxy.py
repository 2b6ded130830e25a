"""What is sent, as another program understands it: LiteLLM's proxy takes each protocol and asks on in OpenAI's.

Slow: it runs where LiteLLM's proxy is installed, in the environment whose Python `LITELLM_PYTHON` names
(`make test-litellm` makes one).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.core.exchange import ModelAnswer, Text, ToolCall
from audit.protocols import PROTOCOLS
from tests.json_server import Headers, answering
from tests.protocols.test_matrix import CASES, builtins, value_of
from tests.server import free_port

PYTHON = os.environ.get("LITELLM_PYTHON")
PROXY = Path(PYTHON).parent / "litellm" if PYTHON else None

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PROXY is None or not PROXY.exists(), reason="LITELLM_PYTHON names no Python that has LiteLLM's proxy"
    ),
]

KEY = "sk-audit-test-0123456789abcdef0123456789abcdef"
LOADING_S = 240
DOORS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
    "gemini": "/v1beta/models/m-1:generateContent",
}
"""Path of each protocol that the proxy takes for any model; it has none for Converse."""

LOST_BY_LITELLM: dict[str, set[str]] = {
    "openai_chat": {"developer", "a file without a name", "verbosity"},
    "openai_responses": {"reasoning effort", "minimal effort"},
    "anthropic_messages": {
        *("top_k", "stop", "parallel tool calls", "a tool result that is an error", "a tool result with an image"),
        *("no parallel calls", "JSON schema", "text file", "a file without a name", "a file at the vendor"),
        *("reasoning effort", "thinking budget", "thinking off", "thinking of an earlier turn", "redacted thinking"),
        *("cache points", "a tool that runs at Anthropic"),
    },
    "gemini": {
        *("top_k", "penalties", "seed", "tool call and result", "parallel tool calls", "tool arguments with spaces"),
        *("a tool result that is an error", "a tool result with an image", "one tool chosen", "several tools allowed"),
        *("JSON object", "JSON schema", "image", "image by address", "audio", "PDF", "text file"),
        *("a file without a name", "a file at the vendor", "reasoning effort", "minimal effort", "thinking budget"),
        *("thinking off", "a tool that runs at Google"),
    },
}
"""Cases in which the proxy (1.108) drops or rewrites something on its way to OpenAI's protocol that the body has: it
gives Gemini's calls other ids, sends no media from Gemini's door, and puts text behind calls from Anthropic's."""

TEXT = ModelAnswer(parts=(Text("It is 42."),), finish_reason="stop")
CALL = ModelAnswer(parts=(ToolCall(id="c9", name="add", arguments='{"a":1,"b":2}'),), finish_reason="tool_calls")


@dataclass
class Upstream:
    """What stands behind the proxy.

    Attributes:
        asked: Requests that arrived, each with its protocol.
        answer: To give.
    """

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answer: ModelAnswer = TEXT

    def handle(self, path: str, headers: Headers, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer in the protocol that was asked in."""
        name = "openai_responses" if path.endswith("/responses") else "openai_chat"
        self.asked.append((name, body))
        said, _ = PROTOCOLS.get(name).answer_to(self.answer)
        usage = {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17}
        envelope: dict[str, Any] = {"id": "x-1", "created": 1, "object": "chat.completion", "usage": usage}
        if name == "openai_responses":
            usage = {"input_tokens": 10, "output_tokens": 7, "total_tokens": 17}
            envelope = {"id": "resp_1", "created_at": 1, "object": "response", "usage": usage}
            envelope |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        return 200, envelope | {"model": body["model"]} | said


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    """Behind the proxy."""
    return Upstream()


@pytest.fixture(scope="module")
def proxy(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a proxy that sends every request on to the upstream."""
    folder, port = tmp_path_factory.mktemp("litellm"), free_port()
    with answering(upstream.handle) as address:
        model = {"model": "openai/m-1", "api_key": "none", "api_base": f"{address}/v1"}
        config = {
            "model_list": [{"model_name": "m-1", "litellm_params": model}],
            "router_settings": {"disable_cooldowns": True, "num_retries": 0},
            "litellm_settings": {"telemetry": False, "drop_params": True},
        }
        (folder / "config.yaml").write_text(json.dumps(config), "utf-8")
        command = [str(PROXY), "--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environ |= {"LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "DISABLE_ADMIN_UI": "True"}
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--telemetry", "False"], env=environ, cwd=folder, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                wait_for(f"http://127.0.0.1:{port}/health/liveliness", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until it answers."""
    give_up = time.monotonic() + LOADING_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"LiteLLM's proxy did not start (exit code {process.poll()})")


def ask(proxy: str, door: str, body: dict[str, Any]) -> dict[str, Any]:
    """Hand a body in at one of the proxy's doors."""
    headers = {"Authorization": f"Bearer {KEY}", "anthropic-version": "2023-06-01"}
    sent = {key: value for key, value in body.items() if door != "gemini" or key != "model"}
    reply = httpx.post(proxy + DOORS[door], json=sent, headers=headers, timeout=60)
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


@pytest.mark.parametrize("door", DOORS)
def test_another_program_understands_what_is_sent(door: str, proxy: str, upstream: Upstream) -> None:
    """Of every case of the matrix: what arrives behind the proxy is the request, but for losses that are known."""
    differ = set()
    for case in CASES:
        upstream.asked.clear()
        ask(proxy, door, case["bodies"][door])
        ((name, body),) = upstream.asked
        arrived, _ = PROTOCOLS.get(name).request_from(body)
        if builtins(arrived) != builtins(value_of(case)):
            differ.add(case["says"])
    ours = {case["says"] for case in CASES if door in case["losses"]}
    print(f"\n{door}: {len(CASES) - len(differ)} of {len(CASES)} requests arrive as they are")
    assert differ <= ours | LOST_BY_LITELLM[door]
    assert LOST_BY_LITELLM[door] <= differ, "the proxy loses less than it did"


@pytest.mark.parametrize("answer", [TEXT, CALL], ids=["text", "call"])
@pytest.mark.parametrize("door", DOORS)
def test_what_another_program_answers_is_read(door: str, answer: ModelAnswer, proxy: str, upstream: Upstream) -> None:
    """Text, calls with their arguments, why it ended, and tokens are the upstream's."""
    upstream.answer = answer
    (case,) = (case for case in CASES if case["says"] == "tools")
    found, losses = PROTOCOLS.get(door).answer_from(ask(proxy, door, case["bodies"][door]))
    assert not losses
    assert [said(part) for part in found.parts] == [said(part) for part in answer.parts]
    assert found.finish_reason == answer.finish_reason
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (10, 7)


def said(part: Any) -> Any:
    """A part for comparison: a call without its id, which Gemini's answers do not have."""
    return (part.name, json.loads(part.arguments)) if isinstance(part, ToolCall) else part.text
