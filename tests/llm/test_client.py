"""The client: retries, statuses, translation, and what it costs. Time is turned by hand."""

from __future__ import annotations

import asyncio
import inspect
import json
from dataclasses import replace
from typing import Any

import aiohttp
import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from audit.core.catalog import Catalog
from audit.core.clock import ManualClock
from audit.core.errors import EndpointError, MissingKey, TerminalError, TransientError
from audit.core.exchange import ModelAnswer, Text, Usage
from audit.core.note import AnswerNote
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.llm.budget import Budget
from audit.llm.client import Client, ClientOptions, open_client
from audit.llm.providers import PROVIDERS
from audit.llm.reply import Reply
from audit.llm.retry import Backoff
from audit.llm.tiers import hosts, resolve_tiers
from audit.llm.translation import FOREIGN, MAYBE_BILLED, NEVER_ARRIVED, STATUS_OF_KIND, translated
from audit.protocols import PROTOCOLS
from audit.protocols.faults import Fault
from audit.protocols.sse import has_token
from tests.llm.virtual import JumpingClock
from tests.llm.world import URL, Script, body, ok, request, tier
from tests.protocols.speakers import SPEAKERS, broken_off
from tests.protocols.streaming import events_of
from tests.server import free_port, serving


def ask(script: httpx.AsyncBaseTransport | None, *, tier_: Tier | None = None, **rest: Any) -> Reply:
    """One call with a manual clock."""
    clock = rest.pop("clock", ManualClock())
    options = ClientOptions(environ={}, **rest)

    async def main() -> Reply:
        asked = tier_ or tier()
        async with open_client([asked], clock=clock, transport=script, options=options) as client:
            return await client.complete(request(), asked)

    return asyncio.run(main())


def failure(status: int, **headers: str) -> httpx.Response:
    """An error reply."""
    return httpx.Response(status, headers=headers, json={"error": {"message": "x"}})


def test_an_answer_is_priced() -> None:
    """10 prompt and 5 completion tokens at $1 and $2 per million."""
    reply = ask(Script(ok()))
    assert (reply.status, reply.attempts, reply.served_from) == ("ok", 1, "network")
    assert reply.completion is not None
    assert reply.completion.cost_usd == reply.spent_usd == pytest.approx(20e-6)


@pytest.mark.parametrize(
    ("finish", "limit", "tokens", "told"),
    [
        ("stop", 40, 40, True),
        ("stop", 40, 39, False),
        ("stop", 5, 5, False),
        ("length", 40, 40, False),
        ("tool_calls", 40, 40, False),
    ],
)
def test_an_answer_with_all_the_tokens_of_its_limit_says_so(finish: str, limit: int, tokens: int, told: bool) -> None:
    """Some servers call an answer whole that they cut at the limit; a limit made for a label is met by whole ones."""
    usage = {"prompt_tokens": 10, "completion_tokens": tokens}
    said = httpx.Response(200, json=body("word " * tokens, finish=finish) | {"usage": usage})
    found = ask(Script(said), tier_=tier(max_tokens=limit))
    assert found.completion is not None
    assert (AnswerNote.AT_LIMIT.value in found.completion.notes) is told


@pytest.mark.parametrize(
    ("said", "spent", "told"),
    [
        ({"cost": 0.004}, 0.004, True),
        ({"cost": "0.004"}, 0.004, True),
        ({"cost": {"total_cost": 0.004, "currency": "USD"}}, 0.004, True),
        ({"cost_in_usd_ticks": 40_000_000}, 0.004, True),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.004}}, 0.004, True),
        ({"cost": 1e-9}, None, True),
        ({"cost": 0.004, "currency": "EUR"}, None, False),
        ({"cost": 0}, None, False),
        ({"cost": -1}, None, False),
        ({"cost": True}, None, False),
        ({"cost": "nan"}, None, False),
        ({}, None, False),
    ],
)
def test_what_the_endpoint_says_it_billed_is_in_the_books(
    said: dict[str, Any], spent: float | None, told: bool
) -> None:
    """The cap counts the larger of it and the tier's price, the savings count that price, and a note says so."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    by_price = ask(Script(httpx.Response(200, json=body("yes") | {"usage": usage}))).spent_usd
    reply = ask(Script(httpx.Response(200, json=body("yes") | {"usage": usage | said})))
    assert reply.completion is not None
    assert reply.spent_usd == pytest.approx(by_price if spent is None else spent)
    assert reply.completion.cost_usd == pytest.approx(by_price)
    assert (AnswerNote.BILLED_OTHERWISE.value in reply.completion.notes) is told
    assert AnswerNote.ABOVE_LIMIT.value not in reply.completion.notes


def test_missing_usage_is_estimated_and_says_so() -> None:
    """An endpoint without usage: four characters a token."""
    plain = body("x" * 40)
    del plain["usage"]
    completion = ask(Script(httpx.Response(200, json=plain))).completion
    assert completion is not None
    assert completion.usage is not None
    assert (completion.usage.completion_tokens, completion.usage.estimated) == (10, True)


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (failure(429), "rate_limited"),
        (failure(500), "http_error"),
        (failure(503), "http_error"),
        (failure(408), "timeout"),
        (failure(409), "http_error"),
        (httpx.Response(200, text="<html>"), "undecodable"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.ConnectError("down"), "http_error"),
        (httpx.ReadError("reset"), "http_error"),
    ],
)
def test_transient_failures_are_tried_again(step: httpx.Response | Exception, status: str) -> None:
    """Two failures and an answer are an answer; failures only are a failure to measure, after `attempts` tries."""
    healed = ask(script := Script(step, step, ok()))
    assert (healed.status, healed.attempts, len(script.seen)) == ("ok", 3, 3)
    broken = ask(script := Script(step), attempts=4)
    assert (broken.status, broken.attempts, len(script.seen)) == (status, 4, 4)
    assert broken.completion is None


@pytest.mark.parametrize("status", [400, 411, 415, 422])
def test_terminal_failures_are_not(status: int) -> None:
    """A malformed request is asked once."""
    reply = ask(script := Script(failure(status)))
    assert (reply.status, reply.attempts, len(script.seen)) == ("http_error", 1, 1)


def test_an_answer_that_is_too_long_to_ask_counts_as_too_long() -> None:
    """The endpoint's own words for a full context make the call too long; nothing was billed."""
    long = httpx.Response(400, json={"error": {"code": "context_length_exceeded"}})
    reply = ask(Script(long))
    assert (reply.status, reply.spent_usd) == ("too_long", 0.0)


def test_a_request_that_cannot_be_carried_is_not_sent() -> None:
    """Zero attempts, the reason in the reply."""
    script = Script(ok())
    reply = ask(script, tier_=tier(context_tokens=1))
    assert (reply.status, reply.attempts, script.seen) == ("too_long", 0, [])
    assert "context" in (reply.error or "")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (httpx.Response(404, json={"error": {"code": "model_not_found"}}), "replay.model"),
        (httpx.Response(403, json={"error": {"code": "unsupported_country_region_territory"}}), "replay.forbidden"),
        (httpx.Response(401), "replay.auth"),
    ],
)
def test_a_wrong_model_or_key_stops_at_the_first_call(step: httpx.Response, code: str) -> None:
    """The reply says that it is about all of the tier."""
    script = Script(step)
    with pytest.raises(TerminalError) as raised:
        ask(script)
    assert raised.value.code == code
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    ("step", "code", "looks"),
    [
        (httpx.Response(302), "replay.address", 1),
        (httpx.Response(404, text="404 page not found"), "replay.address", 1),
        (httpx.Response(405), "replay.address", 1),
        (httpx.Response(308, headers={"location": "https://elsewhere.example/v1"}), "replay.address", 1),
        (httpx.Response(403), "replay.forbidden", 1),
        (httpx.Response(403, text="<html>blocked</html>"), "replay.forbidden", 1),
        (httpx.Response(403, json={"error": {"type": "permission_error"}}), "replay.forbidden", 1),
        (httpx.Response(200, text="<html>sign in</html>"), "replay.not-an-api", 5),
        (httpx.Response(400), None, 1),
        (httpx.Response(200, text=""), None, 6),
    ],
)
@pytest.mark.parametrize("later", [True, False])
def test_a_first_reply_that_may_be_about_the_request_is_tried_on_another(
    step: httpx.Response, code: str | None, looks: int, later: bool
) -> None:
    """One that is answered shows that it was about the first; one that is refused too, that it is about the tier."""
    script = Script(*[step] * looks, *[ok() if later else step] * 12)

    async def main() -> list[str]:
        asked = tier()
        found: list[str] = []
        options = ClientOptions(environ={}, backoff=Backoff(base_s=0.0))
        async with open_client([asked], transport=script, options=options) as client:
            for text in ("a", "a", "b", "c") if later else ("a", "b"):
                try:
                    found.append((await client.complete(request(text), asked)).status)
                except TerminalError as error:
                    found.append(error.code)
        return found

    found = asyncio.run(main())
    if later:
        assert found[1:] == ["ok", "ok", "ok"]
        assert found[0] in ("http_error", "undecodable")
    else:
        assert found[0] in ("http_error", "undecodable")
        assert found[1] == (code or found[0])


@pytest.mark.parametrize("status", [403, 404, 405])
def test_after_an_answer_the_same_is_about_one_request(status: int) -> None:
    """A 403 after successes costs its call, and the tier goes on."""
    script = Script(ok(), failure(status), ok())

    async def main() -> list[str]:
        asked = tier()
        async with open_client([asked], transport=script, options=ClientOptions(environ={})) as client:
            return [(await client.complete(request(str(i)), asked)).status for i in range(3)]

    assert asyncio.run(main()) == ["ok", "http_error", "ok"]


def test_an_endpoint_that_only_streams_is_read_from_streams() -> None:
    """One refusal teaches it: one request a prompt from then on, and the refusal is no failure."""
    refusal = httpx.Response(400, json={"error": {"message": "This model only support stream mode"}})
    chunk = {"model": "m", "choices": [{"index": 0, "delta": {"content": "fine"}, "finish_reason": "stop"}]}
    text = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
    stream = httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})
    script, told = Script(refusal, stream), []

    async def main() -> list[Reply]:
        asked = tier()
        options = ClientOptions(environ={}, on_note=told.append)
        async with open_client([asked], transport=script, options=options) as client:
            return [await client.complete(request(str(i)), asked) for i in range(3)]

    replies = asyncio.run(main())
    assert [(r.status, r.attempts, r.completion and r.completion.text) for r in replies] == [("ok", 1, "fine")] * 3
    assert [json.loads(r.content).get("stream") for r in script.seen] == [None, True, True, True]
    assert replies[0].completion is not None
    assert replies[0].completion.ttft_ms is not None
    assert len(told) == 1


def test_an_outage_is_told_when_it_begins_and_when_it_ends() -> None:
    """Whoever looks at a log file, too, sees why nothing goes on, and that it does again; each once."""
    fine = httpx.Response(200, json={"model": "m", "choices": [{"message": {"content": "fine"}}]})
    down = [True]
    told: list[str] = []

    def answer(_: httpx.Request) -> httpx.Response:
        if down[0]:
            raise httpx.ConnectError("nobody there")
        return fine

    def note(text: str) -> None:
        told.append(text)
        down[0] = False

    async def main() -> None:
        asked, clock = tier(), JumpingClock()
        options = ClientOptions(environ={}, on_note=note)

        async with open_client([asked], transport=httpx.MockTransport(answer), options=options, clock=clock) as client:

            async def one(number: int) -> None:
                await client.complete(request(str(number)), asked)

            await clock.run([one(number) for number in range(40)])

    asyncio.run(main())
    assert [text.partition(":")[0].split(" ", 1)[1] for text in told] == ["does not answer", "answers again"]


def test_what_an_adapter_raises_costs_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in reading one reply, or in writing one request, is about that call; nothing escapes."""
    found = PROVIDERS.get("openai-compatible")

    def broken(*_: Any) -> Any:
        raise KeyError("secret prompt")

    get = Catalog.get
    adapter = replace(found, decode=broken)
    monkeypatch.setattr(Catalog, "get", lambda self, name: adapter if self is PROVIDERS else get(self, name))
    reply = ask(Script(ok()))
    assert (reply.status, reply.attempts, reply.fault) == ("undecodable", 1, Fault.UNDECODABLE)
    adapter = replace(found, encode=broken)
    reply = ask(script := Script(ok()))
    assert (reply.status, script.seen) == ("not_asked", [])
    assert "secret" not in (reply.error or "")


def test_failures_that_were_billed_are_in_the_books() -> None:
    """An endpoint that gives up after it has counted tokens is paid for each time, and for the answer."""
    gave_up = httpx.Response(200, json=body("", finish="error"))
    reply = ask(Script(gave_up, gave_up, ok()))
    assert (reply.status, reply.attempts) == ("ok", 3)
    assert reply.completion is not None
    assert reply.completion.cost_usd == pytest.approx(20e-6)
    assert reply.spent_usd == pytest.approx(60e-6)
    reply = ask(Script(gave_up), attempts=2)
    assert (reply.status, reply.spent_usd) == ("http_error", pytest.approx(40e-6))


STREAMING = {"openai-compatible": "openai_chat"} | {
    speaker.provider: name for name, speaker in SPEAKERS.items() if speaker.provider != "bedrock"
}


@pytest.mark.parametrize("provider", sorted(STREAMING))
@pytest.mark.parametrize("begun", [True, False])
def test_a_stream_that_an_error_ends_may_have_been_billed(provider: str, *, begun: bool) -> None:
    """Its answer had begun and nobody says what it cost: the worst case is booked. Without a letter nothing is."""
    name = STREAMING[provider]
    answer = PROTOCOLS.get(name).answer_to(
        ModelAnswer(
            parts=(Text("forty-two, and more"),),
            finish_reason="stop",
            usage=Usage(prompt_tokens=9, completion_tokens=5),
        )
    )[0]
    events = events_of(name, answer)
    broken = broken_off(name, events[: len(events) - 1 - SPEAKERS[name].closing] if begun else [])
    assert has_token(broken) is begun

    async def main() -> Budget:
        budget = Budget(100.0)
        stake = await budget.reserve(1.0)
        asked, options = tier(provider=provider), ClientOptions(environ={}, attempts=1)
        script = Script(httpx.Response(200, content=broken))
        async with open_client([asked], clock=ManualClock(), transport=script, options=options) as client:
            reply = await client.complete(request(), asked, stake=stake)
        assert reply.completion is None
        stake.settle(stake.paid_usd)
        return budget

    budget = asyncio.run(main())
    assert (budget.lost_usd + budget.spent_usd > 0) is begun


def test_retry_after_is_honoured() -> None:
    """A 429 that asks for 7 seconds is not asked again before."""
    clock = ManualClock()
    ask(Script(failure(429, **{"Retry-After": "7"}), ok()), clock=clock)
    assert 7 <= clock.seconds < 8


def test_a_stream_is_asked_for_as_the_endpoint_takes_it() -> None:
    """An endpoint that only streams, and does not take `stream_options`, is asked twice more and no request is lost."""
    only = httpx.Response(400, json={"error": {"message": "Only streaming mode is supported"}})
    unknown = httpx.Response(400, json={"error": {"message": "Unknown parameter: 'stream_options'."}})
    script = Script(only, unknown, ok())
    assert ask(script).status == "ok"
    sent = [json.loads(call.content) for call in script.seen]
    assert [(body.get("stream"), "stream_options" in body) for body in sent] == [
        (None, False),
        (True, True),
        (True, False),
    ]


def test_a_pause_that_nobody_waits_for_ends_the_tier() -> None:
    """An endpoint that asks for a day is given up."""
    with pytest.raises(TerminalError) as raised:
        ask(Script(failure(429, **{"Retry-After": "86400"})))
    assert raised.value.code == "replay.throttled"


USED_UP = {"error": {"code": "insufficient_quota", "message": "quota"}}


@pytest.mark.parametrize(
    ("step", "spent", "lost"),
    [
        (httpx.Response(429, json=USED_UP | {"usage": {"prompt_tokens": 10, "completion_tokens": 5}}), 20e-6, 0.0),
        (httpx.Response(200, headers={"Retry-After": "86400"}, content=b'data: {"choices": [{"delta": {'), 0.0, 1.0),
    ],
)
def test_what_ends_a_tier_is_in_the_books_too(step: httpx.Response, spent: float, lost: float) -> None:
    """An error that counts its tokens is paid for, and an answer that broke off may have been, when it is the last."""

    async def main() -> Budget:
        budget = Budget(100.0)
        stake = await budget.reserve(1.0)
        async with open_client(
            [tier()], clock=ManualClock(), transport=Script(step), options=ClientOptions(environ={})
        ) as client:
            with pytest.raises(TerminalError):
                await client.complete(request(), tier(), stake=stake)
        stake.settle(stake.paid_usd)
        return budget

    budget = asyncio.run(main())
    assert (budget.spent_usd, budget.lost_usd, budget.reserved_usd) == (pytest.approx(spent), lost, 0.0)


def test_waits_grow_with_jitter() -> None:
    """Waits double from half a second, between half and all of it."""
    clock = ManualClock()
    ask(Script(failure(500)), clock=clock, attempts=5)
    assert len(clock.slept) == 4
    assert all(0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(clock.slept))


@pytest.mark.parametrize(("status", "code"), [(401, "replay.auth"), (402, "replay.quota")])
def test_a_refused_key_ends_the_tier(status: int, code: str) -> None:
    """After a 401 nothing more is sent to that tier, and the error names host and variable."""
    asked = tier(api_key_env="ACME_KEY")
    script = Script(failure(status))

    async def main() -> list[BaseException]:
        options = ClientOptions(environ={"ACME_KEY": "secret-key"})
        async with open_client([asked], clock=ManualClock(), transport=script, options=options) as client:
            calls = (client.complete(request(), asked) for _ in range(3))
            return [error for error in [await outcome(call) for call in calls] if error is not None]

    errors = asyncio.run(main())
    assert [getattr(error, "code", None) for error in errors] == [code] * 3
    assert len(script.seen) == 1
    assert "tier.test" in str(errors[0])
    assert "secret-key" not in str(errors[0])


async def outcome(call: Any) -> BaseException | None:
    """What a call raised."""
    try:
        await call
    except EndpointError as error:
        return error
    return None


def test_a_missing_key_is_missed_when_it_is_needed() -> None:
    """Opening a client needs no key; asking does."""
    with pytest.raises(MissingKey, match="ACME_KEY"):
        ask(Script(ok()), tier_=tier(api_key_env="ACME_KEY"))


def test_every_foreign_exception_is_translated() -> None:
    """Every exception that httpx and aiohttp define comes out as one of ours, and names the host only."""
    known = [
        *(e for e in vars(httpx).values() if inspect.isclass(e) and issubclass(e, Exception)),
        *(e for e in vars(aiohttp).values() if inspect.isclass(e) and issubclass(e, aiohttp.ClientError)),
        *(TimeoutError, ConnectionResetError, BrokenPipeError, OSError),
    ]
    assert len(known) > 40
    for kind in known:
        assert issubclass(kind, FOREIGN), kind
        error = translated(kind.__new__(kind), "tier.test")
        assert isinstance(error, TransientError | TerminalError)
        assert error.what.startswith("tier.test ")
        assert STATUS_OF_KIND.get(error.kind, "http_error")


def test_a_reset_is_not_taken_for_a_timeout() -> None:
    """httpx-aiohttp reports both as ConnectTimeout; the cause tells."""
    reset, slow = httpx.ConnectTimeout(""), httpx.ConnectTimeout("")
    reset.__cause__, slow.__cause__ = aiohttp.ServerDisconnectedError(), aiohttp.ServerTimeoutError()
    assert [translated(e, "h").kind for e in (reset, slow)] == ["reset", "connect"]


@pytest.mark.parametrize("because", [ConnectionRefusedError(111, "refused"), OSError(113, "no route")])
def test_what_was_never_connected_was_not_billed(because: OSError) -> None:
    """httpx-aiohttp reports it as it reports a reset, whose request may have arrived; this one did not."""
    error = httpx.ConnectTimeout("")
    error.__cause__ = aiohttp.ClientConnectorError(None, because)  # type: ignore[arg-type]
    assert translated(error, "h").kind in NEVER_ARRIVED
    assert translated(error, "h").kind not in MAYBE_BILLED


def test_a_port_where_nobody_listens_says_so() -> None:
    """By the transport that calls are made with; the port was free a moment ago."""

    async def connect() -> Exception:
        async with httpx.AsyncClient(transport=AiohttpTransport()) as client:
            with pytest.raises(httpx.TransportError) as caught:
                await client.get(f"http://127.0.0.1:{free_port()}/")
            return caught.value

    error = translated(asyncio.run(connect()), "127.0.0.1")
    assert "nothing listens there" in error.what
    assert error.kind in NEVER_ARRIVED


def test_a_lost_attempt_costs_another_stake() -> None:
    """A time-out may have been billed: with money for one more, one more is tried, and both count."""

    async def main() -> tuple[Reply, Budget]:
        budget, script = Budget(2.5), Script(httpx.ReadTimeout("slow"))
        stake = await budget.reserve(1.0)
        async with open_client(
            [tier()], clock=ManualClock(), transport=script, options=ClientOptions(environ={})
        ) as client:
            reply = await client.complete(request(), tier(), stake=stake)
        stake.settle(reply.spent_usd)
        return reply, budget

    reply, budget = asyncio.run(main())
    assert (reply.status, reply.attempts) == ("timeout", 2)
    assert (budget.lost_usd, budget.reserved_usd, budget.spent_usd) == (2.0, 0.0, 0.0)


def test_faults_on_a_real_socket() -> None:
    """What a server can do to a connection ends as a status, over the real transport."""
    expected = {
        "fault-reset": "http_error",
        "fault-cut": "undecodable",
        "fault-hang": "timeout",
        "fault-not-json": "undecodable",
        "fault-503": "http_error",
        "fault-429": "rate_limited",
        "fault-gzip": "ok",
        "fault-no-usage": "ok",
        "plain": "ok",
    }
    with serving() as endpoint:

        async def main() -> dict[str, str]:
            tiers = [tier(n, model=n, base_url=endpoint.base_url, timeout_s=0.7) for n in expected]
            options = ClientOptions(attempts=2, backoff=Backoff(base_s=0.001), environ={})
            async with open_client(tiers, options=options) as client:
                replies = await asyncio.gather(*(client.complete(request(), t) for t in tiers))
            return {t.name: r.status for t, r in zip(tiers, replies, strict=True)}

        assert asyncio.run(main()) == expected


def test_concurrency_is_kept() -> None:
    """No more calls are in flight than the tier allows."""
    with serving(latency_ms=20) as endpoint:
        asked = tier(base_url=endpoint.base_url, concurrency=3)

        async def main() -> None:
            async with open_client([asked], options=ClientOptions(environ={})) as client:
                await asyncio.gather(*(client.complete(request(str(i)), asked) for i in range(20)))

        asyncio.run(main())
        assert endpoint.stats()["most_in_flight"] == 3


@pytest.mark.parametrize(("status", "code"), [(200, None), (404, None), (500, None), (401, "replay.auth")])
def test_any_answer_shows_that_an_endpoint_is_there(status: int, code: str | None) -> None:
    """`reach` accepts every HTTP status but 401."""
    script = Script(httpx.Response(status))

    async def main(client: Client | None = None) -> BaseException | None:
        async with open_client([tier()], transport=script, options=ClientOptions(environ={})) as client:
            return await outcome(client.reach([tier(), tier()]))

    error = asyncio.run(main())
    assert getattr(error, "code", None) == code
    assert len(script.seen) == 1


def test_proxies_are_looked_up_once_per_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is used, but for hosts that NO_PROXY names."""
    from audit.llm.wire import proxy_of

    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "inner.test")
    assert proxy_of("http://tier.test/v1") == "http://proxy.test:3128"
    assert proxy_of("http://inner.test/v1") is None


def test_tiers_are_resolved_from_settings() -> None:
    """Names, prices and defaults; a vendor's key is not sent to another address."""
    entries: list[dict[str, Any]] = [
        {"name": "a", "model": "gpt-4o-mini", "provider": "openai"},
        {
            "name": "b",
            "model": "x",
            "provider": "openai-compatible",
            "base_url": URL,
            "price": {"input": 1, "output": 2},
        },
        {"name": "c", "model": "y", "provider": "openai", "base_url": URL, "price": {"input": 1, "output": 2}},
    ]
    tiers = resolve_tiers(Settings.model_validate({"tiers": entries}))
    assert [t.api_key_env for t in tiers] == ["OPENAI_API_KEY", None, None]
    assert tiers[0].base_url == "https://api.openai.com/v1"
    assert (tiers[0].price.input, tiers[0].price.output, tiers[0].price.cached_input) == (0.15, 0.6, 0.075)
    assert hosts(tiers) == ("api.openai.com", "tier.test")
