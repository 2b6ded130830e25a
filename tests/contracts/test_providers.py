"""What every provider keeps to, over every name of the catalog."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from audit.core.errors import EndpointError, TransientError
from audit.core.exchange import Completion, Request
from audit.core.fingerprint import request_fp
from audit.core.tier import Price, Tier
from audit.llm.client import ClientOptions, open_client
from audit.llm.provider import HttpReply, LocalProvider, Unsupported, WireProvider
from audit.llm.providers import PROVIDERS

WIRES = [name for name in PROVIDERS if isinstance(PROVIDERS.get(name), WireProvider)]
MESSAGES = [{"role": "system", "content": "s"}, {"role": "user", "content": "the prompt"}]
REQUEST = Request(request_fp=request_fp(MESSAGES), messages=MESSAGES, params={"temperature": 0, "max_tokens": 9})


def wire(name: str) -> WireProvider:
    """A provider that speaks HTTP."""
    provider = PROVIDERS.get(name)
    assert isinstance(provider, WireProvider)
    return provider


def tier(name: str) -> Tier:
    """A tier of it at a local address."""
    return Tier(
        name="t",
        model="m",
        provider=name,
        price=Price(input=1, output=1),
        base_url="http://tier.test/v1",
        api_key_env="KEY",
    )


def test_the_list_is_the_folder() -> None:
    """Every provider's file is in the list, and every name has a file."""
    folder = Path(__import__("audit.llm.providers", fromlist=["x"]).__file__).parent
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert files == {name.replace("-", "_") for name in PROVIDERS.names}


def test_listing_names_imports_no_provider() -> None:
    """Reading the list in a fresh interpreter imports neither a provider nor a library for HTTP."""
    code = (
        "import sys; from audit.llm.providers import PROVIDERS; list(PROVIDERS); "
        "bad = [m for m in sys.modules if m.startswith(('audit.llm.providers.', 'httpx', 'aiohttp', 'genai_prices'))]; "
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PROVIDERS.names)
def test_a_provider_describes_itself(name: str) -> None:
    """Its name is the list's, and it has a summary."""
    provider = PROVIDERS.get(name)
    assert provider.name == name
    assert provider.summary
    assert isinstance(provider, WireProvider | LocalProvider)


@pytest.mark.parametrize("name", WIRES)
def test_encoding_is_pure_and_hides_the_key(name: str) -> None:
    """The same request gives the same call; the key is in a header and nowhere else."""
    provider = wire(name)
    calls = [provider.encode(REQUEST, tier(name), "the-key") for _ in range(2)]
    assert calls[0] == calls[1]
    assert "the-key" not in calls[0].url
    assert b"the-key" not in calls[0].body
    assert any("the-key" in value for value in calls[0].headers.values())
    assert calls[0].url.startswith("http://tier.test/v1")
    assert json.loads(calls[0].body)


@pytest.mark.parametrize("name", WIRES)
def test_what_cannot_be_carried_is_unsupported(name: str) -> None:
    """A parameter that nobody knows is refused by name, not dropped."""
    with pytest.raises(Unsupported, match="sing_it"):
        wire(name).encode(Request(request_fp="f", messages=MESSAGES, params={"sing_it": True}), tier(name), None)


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529])
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'"the prompt"', b'{"error":"the prompt"}', b"\xff"])
def test_every_error_reply_is_classified(name: str, status: int, body: bytes) -> None:
    """Any status with any body becomes an error that quotes nothing; rate limits and 5xx are worth another try."""
    error = wire(name).classify(HttpReply(status=status, headers={}, body=body))
    assert isinstance(error, EndpointError)
    assert "the prompt" not in error.what
    assert isinstance(error, TransientError) == (status in (408, 409, 429) or status >= 500)


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"choices":7}', b'{"choices":[null]}', b"<html>", b"\xff"]
)
def test_every_odd_body_is_undecodable(name: str, body: bytes) -> None:
    """A 2xx body that holds no completion is never one."""
    with pytest.raises(EndpointError) as raised:
        wire(name).decode(HttpReply(status=200, headers={}, body=body), tier(name))
    assert raised.value.kind in ("undecodable", "not_an_api")


@pytest.mark.parametrize("name", WIRES)
def test_the_client_speaks_it(name: str) -> None:
    """A refusing endpoint is a failure to measure through the real client, whatever the protocol."""

    async def main() -> str:
        transport = httpx.MockTransport(lambda request: httpx.Response(400))
        async with open_client(
            [tier(name)], transport=transport, options=ClientOptions(environ={"KEY": "k"})
        ) as client:
            return (await client.complete(REQUEST, tier(name))).status

    assert asyncio.run(main()) == "http_error"


def test_recorded_answers_are_the_same_every_time(tmp_path: Path) -> None:
    """`cassette`: one request, one answer."""
    from audit.llm.cassette import Cassette

    with Cassette(tmp_path) as cassette:
        cassette.put("m", REQUEST.request_fp, 0, Completion(text="x"))
    provider = PROVIDERS.get("cassette")
    assert isinstance(provider, LocalProvider)
    made = Tier(name="t", model="m", provider="cassette", price=Price(input=1, output=1), options={"path": "."})
    answer = provider.open(made, tmp_path)
    assert answer(REQUEST, 0) == answer(REQUEST, 0) == Completion(text="x")
    with pytest.raises(EndpointError):
        answer(REQUEST, 1)
