"""Each provider against a local server that behaves like the vendor, beside the vendor's own SDK sending the same.

Path, authentication and body of a call are those that the SDK sends; the answer is read as the SDK reads it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import pytest

from audit.core.exchange import ModelAnswer, Request, Text, ToolCall, Usage
from audit.core.tier import Price, Supports, Tier
from audit.llm.client import ClientOptions, open_client
from audit.llm.providers import PROVIDERS, bedrock
from audit.llm.reply import Reply
from audit.protocols import PROTOCOLS
from audit.protocols.kept import FIELDS, kept_of
from tests.json_server import Headers, answering
from tests.protocols import sdk
from tests.protocols.test_matrix import CASES, value_of

ANSWER = ModelAnswer(
    parts=(Text("I look."), ToolCall("c9", "weather", '{"town":"Nice"}')),
    finish_reason="tool_calls",
    usage=Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=60),
    model="m-1",
)
AWS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}


@dataclass
class Vendor:
    """A running server: what it speaks, and the calls that it got as (path, headers in lower case, body)."""

    url: str
    protocol: str = ""
    calls: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)


@contextmanager
def serving(protocol: str) -> Iterator[Vendor]:
    """A server on this machine that answers with `ANSWER` whatever the SDK's types take, and 400 to the rest."""
    vendor = Vendor("", protocol)

    def answer(path: str, headers: Headers, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        vendor.calls.append((path, dict(headers), body))
        try:
            sdk.accept(vendor.protocol, {**({"modelId": "m-1"} if protocol == "bedrock_converse" else {}), **body})
        except Exception as error:
            return 400, {"error": {"message": str(error)[:500]}}
        return 200, PROTOCOLS.get(vendor.protocol).answer_to(ANSWER)[0]

    with answering(answer) as vendor.url:
        yield vendor


def request_of(says: str) -> Request:
    """A case's request, as it is kept of a log."""
    kept = json.loads(json.dumps(kept_of(value_of(next(case for case in CASES if case["says"] == says)))))
    params = {name: value for name, value in kept.items() if name not in FIELDS}
    held = {name: kept.get(name) for name in FIELDS[1:]}
    return Request(request_fp="f", messages=kept["messages"], params=params, **held)


def ask(tier: Tier, request: Request, environ: dict[str, str]) -> Reply:
    """One call through the real client."""

    async def main() -> Reply:
        async with open_client([tier], options=ClientOptions(attempts=1, environ=environ)) as client:
            return await client.complete(request, tier)

    return asyncio.run(main())


def _openai(url: str, body: dict[str, Any]) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        client.chat.completions.create(**body)


def _responses(url: str, body: dict[str, Any]) -> None:
    from openai import OpenAI

    with OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        client.responses.create(**body)


def _azure(url: str, body: dict[str, Any]) -> None:
    from openai import AzureOpenAI

    with AzureOpenAI(azure_endpoint=url, api_version="2025-04-01-preview", api_key="k", max_retries=0) as client:
        client.chat.completions.create(**body)


def _anthropic(url: str, body: dict[str, Any]) -> None:
    from anthropic import Anthropic

    with Anthropic(base_url=url, api_key="k", max_retries=0) as client:
        client.messages.create(**body)


def _bedrock(url: str, body: dict[str, Any]) -> None:
    from botocore.config import Config
    from botocore.session import Session

    options = Config(retries={"max_attempts": 1})
    client = Session().create_client("bedrock-runtime", region_name="eu-west-1", endpoint_url=url, config=options)
    client.converse(modelId="m-1", **body)
    client.close()


def _gemini(url: str, body: dict[str, Any]) -> None:
    from google.genai import Client, types

    with Client(api_key="k", http_options=types.HttpOptions(base_url=url, api_version="v1beta")) as client:
        settings = body.get("generationConfig", {})
        config = types.GenerateContentConfig.model_validate(
            {**settings, "systemInstruction": body.get("systemInstruction"), "tools": body.get("tools")}
        )
        client.models.generate_content(model="m-1", contents=body["contents"], config=config)


@dataclass(frozen=True)
class Way:
    """A provider, the protocol it speaks, how its SDK sends a body, and where and with which header."""

    provider: str
    protocol: str
    send: Callable[[str, dict[str, Any]], None]
    path: str
    secret: str
    its_secret: str = ""
    options: dict[str, Any] = field(default_factory=dict)


WAYS = [
    Way("openai", "openai_chat", _openai, "/v1", "authorization"),
    Way("openai-responses", "openai_responses", _responses, "/v1", "authorization"),
    Way("azure-openai", "openai_chat", _azure, "", "api-key", options={"api_version": "2025-04-01-preview"}),
    Way("anthropic", "anthropic_messages", _anthropic, "/v1", "x-api-key", "authorization"),
    Way("gemini", "gemini", _gemini, "/v1beta", "x-goog-api-key"),
    Way("bedrock", "bedrock_converse", _bedrock, "", "", options={"region": "eu-west-1"}),
]
BY_HAND = frozenset({"cohere", "openai-compatible", "openrouter", "vertex"})
"""Providers without an SDK that is held against them here, or that have another's; each has tests of its own."""
NO_WIRE = frozenset({"cassette", "local", "simulated", "simulated-judge"})
assert {way.provider for way in WAYS} | BY_HAND | NO_WIRE == set(PROVIDERS.names), "every provider is looked at"


def tier_of(way: Way, url: str) -> Tier:
    """A tier of the provider at the server."""
    return Tier(
        name="t",
        model="m-1",
        provider=way.provider,
        price=Price(input=1, output=1),
        base_url=url + way.path,
        api_key_env="KEY" if way.secret else None,
        options=way.options,
        supports=Supports(images=True),
    )


def camel(value: Any) -> Any:
    """A body with its names in camel case, and without what is empty: Google's SDK mixes two spellings."""
    if isinstance(value, dict):
        named = {re.sub("_([a-z])", lambda match: match[1].upper(), key): camel(item) for key, item in value.items()}
        return {key: item for key, item in named.items() if item not in ({}, [], None)}
    return [camel(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.provider)
@pytest.mark.parametrize("says", ["parallel tool calls", "multi-turn", "image"])
def test_a_provider_sends_what_the_sdk_sends(way: Way, says: str) -> None:
    """One request by this program and by the vendor's SDK: one path, one secret, one body, one answer."""
    with serving(way.protocol) as vendor, mock.patch.dict(os.environ, AWS):
        reply = ask(tier_of(way, vendor.url), request_of(says), {"KEY": "k"})
        assert reply.status == "ok", reply.error
        assert reply.completion is not None
        path, headers, body = vendor.calls[0]
        way.send(vendor.url, json.loads(json.dumps(body)) if way.provider != "bedrock" else sdk.as_parameters(body))
        its_path, its_headers, its_body = vendor.calls[1]
    assert path == its_path
    assert camel(body) == camel(its_body)
    if way.secret:
        assert headers[way.secret].removeprefix("Bearer ") == "k"
        assert its_headers[way.its_secret or way.secret].removeprefix("Bearer ") == "k"
    assert reply.completion.text == "I look."
    assert reply.completion.tool_calls[0]["function"] == {"name": "weather", "arguments": '{"town":"Nice"}'}
    assert reply.completion.usage == ANSWER.usage


def test_a_call_to_bedrock_is_signed_as_botocore_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature over path, headers and body is botocore's own at the same moment."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.session import Session

    # A process looks up its credentials once, and another test may have done so with others.
    monkeypatch.setattr(bedrock, "_session", Session)
    way = WAYS[-1]
    with serving(way.protocol) as vendor, mock.patch.dict(os.environ, AWS):
        ask(tier_of(way, vendor.url), request_of("multi-turn"), {})
        path, headers, body = vendor.calls[0]
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/bedrock/aws4_request" in headers["authorization"]
    signed = headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    again = AWSRequest("POST", vendor.url + path, {k: headers[k] for k in signed if k != "host"}, content)
    again.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKIDEXAMPLE", "secret"), "bedrock", "eu-west-1")
    wanted = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    assert headers["authorization"].endswith(f"Signature={wanted}")


def test_azures_v1_path_needs_no_version() -> None:
    """The same provider at the address that needs none; the key is in the same header."""
    way = Way("azure-openai", "openai_chat", _azure, "/openai/v1", "api-key")
    with serving(way.protocol) as vendor:
        reply = ask(tier_of(way, vendor.url), request_of("text"), {"KEY": "k"})
        path, headers, _ = vendor.calls[0]
    assert (reply.status, path, headers["api-key"]) == ("ok", "/openai/v1/chat/completions", "k")
    assert "authorization" not in headers


def test_a_vertex_tier_takes_a_token_from_a_variable() -> None:
    """A project's address, and a bearer token that somebody else made."""
    way = Way("vertex", "gemini", _gemini, "/v1/projects/p/locations/l/publishers/google", "authorization")
    with serving(way.protocol) as vendor:
        reply = ask(tier_of(way, vendor.url), request_of("tools"), {"KEY": "ya29.x"})
        path, headers, _ = vendor.calls[0]
    assert reply.status == "ok"
    assert path == "/v1/projects/p/locations/l/publishers/google/models/m-1:generateContent"
    assert headers["authorization"] == "Bearer ya29.x"


@pytest.mark.parametrize("says", ["parallel tool calls", "multi-turn", "image"])
def test_cohere_is_asked_for_a_whole_answer_in_so_many_words(says: str) -> None:
    """Path, key and body as the API's reference has them; a call without `stream` is none."""
    way = Way("cohere", "cohere_chat", _openai, "/v2", "authorization")
    with serving(way.protocol) as vendor:
        reply = ask(tier_of(way, vendor.url), request_of(says), {"KEY": "k"})
        path, headers, body = vendor.calls[0]
    assert (reply.status, path, headers["authorization"]) == ("ok", "/v2/chat", "Bearer k")
    assert body["stream"] is False
    assert reply.completion is not None
    assert (reply.completion.text, reply.completion.usage) == ("I look.", ANSWER.usage)
    assert reply.completion.tool_calls[0]["function"] == {"name": "weather", "arguments": '{"town":"Nice"}'}


def test_what_a_vendor_gave_up_is_asked_again_and_is_no_answer() -> None:
    """An answer of Cohere's that says that it failed, or ran out of time, is a fault of the vendor's."""
    from audit.core.errors import TransientError
    from audit.llm.provider import HttpReply
    from audit.llm.providers.cohere import PROVIDER

    tier = Tier(name="t", model="m-1", provider="cohere", price=Price(input=1, output=1), base_url="http://x/v2")
    body = PROTOCOLS.get("cohere_chat").answer_to(ANSWER)[0]
    for word in ("ERROR", "TIMEOUT"):
        reply = HttpReply(status=200, headers={}, body=json.dumps(body | {"finish_reason": word}).encode())
        with pytest.raises(TransientError) as raised:
            PROVIDER.decode(reply, tier)
        assert raised.value.billed is not None


def test_openrouter_takes_a_reasoning_budget() -> None:
    """What the chat protocol has no word for, OpenRouter has."""
    from audit.llm.providers.openrouter import PROVIDER

    tier = Tier(name="t", model="m-1", provider="openrouter", price=Price(input=1, output=1), base_url="http://x/v1")
    body = json.loads(PROVIDER.encode(request_of("thinking budget"), tier, "k").body)
    assert body["reasoning"] == {"enabled": True, "max_tokens": 2048}


def test_the_version_of_anthropics_api_is_the_one_that_takes_the_request() -> None:
    """The version of October 2026 refuses a temperature, even the default one; a request with one asks the older."""
    way = WAYS[3]
    with serving(way.protocol) as vendor:
        for says in ("text", "sampling"):
            assert ask(tier_of(way, vendor.url), request_of(says), {"KEY": "k"}).status == "ok"
        versions = [headers["anthropic-version"] for _, headers, _ in vendor.calls]
        _anthropic(vendor.url, vendor.calls[0][2])
        assert versions == [vendor.calls[2][1]["anthropic-version"], "2023-06-01"]


def test_a_header_may_name_a_variable() -> None:
    """`env:NAME` is read when a call is made, and an unset variable is an error that names it."""
    from audit.core.errors import MissingKey

    way = Way(
        "openai-compatible", "openai_chat", _openai, "/v1", "", options={"headers": {"api-key": "env:GATEWAY_KEY"}}
    )
    with serving(way.protocol) as vendor:
        assert ask(tier_of(way, vendor.url), request_of("text"), {"GATEWAY_KEY": "s3cret"}).status == "ok"
        assert vendor.calls[0][1]["api-key"] == "s3cret"
        with pytest.raises(MissingKey, match="GATEWAY_KEY"):
            ask(tier_of(way, vendor.url), request_of("text"), {})


def test_a_request_that_would_lose_something_is_not_sent() -> None:
    """Nothing goes out, the loss is the reason, and the user may accept it by name."""
    way = Way("anthropic", "anthropic_messages", _anthropic, "/v1", "x-api-key")
    with serving(way.protocol) as vendor:
        tier = tier_of(way, vendor.url)
        reply = ask(tier, request_of("penalties"), {"KEY": "k"})
        assert reply.completion is None
        assert "frequency_penalty" in (reply.error or "")
        assert vendor.calls == []
        accepting = replace(tier, options={"accept_losses": ["parameter"]})
        assert ask(accepting, request_of("penalties"), {"KEY": "k"}).status == "ok"
