"""Endpoints that only stream, of every vendor: our client learns it and reads the stream as the vendor's SDK does."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import pytest

from audit.core.exchange import ModelAnswer, Text, ToolCall, Usage
from audit.protocols import PROTOCOLS
from tests.contracts.test_vendors import AWS, WAYS, Way, ask, request_of, tier_of
from tests.protocols.streaming import bytes_of, content_type, events_of

ANSWER = ModelAnswer(
    parts=(Text("Je regarde… 今日は."), ToolCall("c9", "weather", '{"town":"Nîmes","days":[1,2]}')),
    finish_reason="tool_calls",
    usage=Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=60),
    model="m-1",
)
Read = tuple[str, list[tuple[str, Any]], int]
"""Text, calls and completion tokens of an answer."""


@contextmanager
def streaming(protocol: str) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A server that refuses what is not to be streamed; its address, and the calls that it got."""
    calls: list[tuple[str, dict[str, Any]]] = []
    raw = bytes_of(protocol, events_of(protocol, json.loads(json.dumps(PROTOCOLS.get(protocol).answer_to(ANSWER)[0]))))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls.append((self.path, body))
            if body.get("stream") or "stream" in self.path.lower():
                self.reply(200, raw, content_type(protocol))
            else:
                said = {"error": {"message": "This model only supports stream mode.", "type": "invalid_request_error"}}
                self.reply(400, json.dumps(said).encode(), "application/json")

        def reply(self, status: int, data: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _chat(url: str, body: dict[str, Any]) -> Read:
    from openai import OpenAI

    rest = {key: value for key, value in body.items() if key != "stream"}
    client = OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
    with client, client.chat.completions.stream(**rest) as stream:
        completion = stream.get_final_completion()
    message = completion.choices[0].message
    assert completion.usage is not None
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()]
    return message.content or "", calls, completion.usage.completion_tokens


def _responses(url: str, body: dict[str, Any]) -> Read:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        response = list(client.responses.create(**body))[-1].response
    calls = [(item.name, json.loads(item.arguments)) for item in response.output if item.type == "function_call"]
    return response.output_text, calls, response.usage.output_tokens


def _anthropic(url: str, body: dict[str, Any]) -> Read:
    from anthropic import Anthropic

    rest = {key: value for key, value in body.items() if key != "stream"}
    with Anthropic(base_url=url, api_key="k", max_retries=0) as client, client.messages.stream(**rest) as stream:
        message = stream.get_final_message()
    text = "".join(block.text for block in message.content if block.type == "text")
    calls = [(block.name, block.input) for block in message.content if block.type == "tool_use"]
    return text, calls, message.usage.output_tokens


def _gemini(url: str, body: dict[str, Any]) -> Read:
    from google.genai import Client, types

    text, calls, tokens = "", list[tuple[str, Any]](), 0
    with Client(api_key="k", http_options=types.HttpOptions(base_url=url, api_version="v1beta")) as client:
        for chunk in client.models.generate_content_stream(model="m-1", contents=body["contents"]):
            content = chunk.candidates[0].content if chunk.candidates else None
            for part in (content.parts if content else None) or ():
                text += part.text or ""
                if part.function_call:
                    calls.append((part.function_call.name or "", part.function_call.args))
            if chunk.usage_metadata:
                tokens = chunk.usage_metadata.candidates_token_count or 0
    return text, calls, tokens


def _bedrock(url: str, body: dict[str, Any]) -> Read:
    from botocore.session import Session

    client = Session().create_client("bedrock-runtime", region_name="eu-west-1", endpoint_url=url)
    text, names, inputs, tokens = "", list[str](), dict[int, str](), 0
    for event in client.converse_stream(modelId="m-1", messages=body["messages"])["stream"]:
        if started := event.get("contentBlockStart"):
            names.append(started["start"]["toolUse"]["name"])
        if piece := event.get("contentBlockDelta"):
            text += piece["delta"].get("text", "")
            if call := piece["delta"].get("toolUse"):
                place = piece["contentBlockIndex"]
                inputs[place] = inputs.get(place, "") + call["input"]
        if told := event.get("metadata"):
            tokens = told["usage"]["outputTokens"]
    client.close()
    return text, list(zip(names, map(json.loads, inputs.values()), strict=True)), tokens


THEIRS: dict[str, Callable[[str, dict[str, Any]], Read]] = {
    "openai": _chat,
    "openai-responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "bedrock": _bedrock,
}
TRIED = [way for way in WAYS if way.provider in THEIRS]


@pytest.mark.parametrize("way", TRIED, ids=lambda way: way.provider)
def test_a_stream_is_read_as_the_sdk_reads_it(way: Way) -> None:
    """One refusal, then one stream: the SDK's address, its text, calls and tokens, and a time to the first token."""
    with streaming(way.protocol) as (url, calls), mock.patch.dict(os.environ, AWS):
        reply = ask(tier_of(way, url), request_of("text"), {"KEY": "k", **AWS})
        _, (path, body) = calls
        theirs = THEIRS[way.provider](url, body)
        assert calls[-1][0] == path
    completion = reply.completion
    assert completion is not None, reply.error
    assert completion.usage is not None
    said = [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in completion.tool_calls]
    assert (completion.text, said, completion.usage.completion_tokens) == theirs
    assert completion.ttft_ms is not None
    assert completion.ttft_ms <= (completion.latency_ms or 0)
    assert reply.attempts == 1


@pytest.mark.parametrize("way", TRIED, ids=lambda way: way.provider)
def test_a_stream_may_be_asked_for_at_once(way: Way) -> None:
    """With `stream: true` in the tier's options nothing is refused."""
    with streaming(way.protocol) as (url, calls), mock.patch.dict(os.environ, AWS):
        small = tier_of(way, url)
        reply = ask(replace(small, options={**small.options, "stream": True}), request_of("text"), {"KEY": "k", **AWS})
        assert len(calls) == 1
    assert reply.status == "ok"
