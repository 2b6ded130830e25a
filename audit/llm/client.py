"""A call goes to its tier, over the network or in this process, and comes back as a `Reply`. Rate limits,
retries and outages are dealt with here and nowhere else; what is sent and read is `wire`'s.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from audit.core.clock import Clock, SystemClock
from audit.core.errors import AuditError, EndpointError, InputError, TerminalError, TransientError
from audit.core.exchange import Completion, Request
from audit.core.reason import Reason, because
from audit.core.tier import Tier
from audit.llm.allowance import shared_allowances
from audit.llm.breaker import Breaker, Outage
from audit.llm.budget import Reservation
from audit.llm.limiter import Limiter, PacedCall, limiters_of
from audit.llm.masked import ReplyMask, as_sent, unveiled, veiled, veiled_aside
from audit.llm.provider import (
    STREAM_WITHOUT_USAGE,
    Answerer,
    HttpCall,
    HttpReply,
    LocalProvider,
    Unsupported,
    WireProvider,
    require_supported,
)
from audit.llm.providers import PROVIDERS
from audit.llm.reply import Reply, failed, measured, unasked, with_limit_noted
from audit.llm.retry import Backoff, reset_s, retry_after_s
from audit.llm.tiers import host_of, key_of, with_defaults, with_header_values
from audit.llm.translation import (
    DOWN,
    MAYBE_BILLED,
    ONLY_AT_FIRST,
    REQUESTS_AT_FIRST,
    SLOW_DOWN,
    TIER_WIDE,
    tier_wide,
)
from audit.llm.wire import Carrier, Transport, Wire, open_carrier
from audit.protocols.errors import is_web_page
from audit.protocols.faults import Fault

PROBE_S = 10.0
ADMIN_S = 600.0
"""Seconds that a file may take to go up or down."""
LONGEST_RESULTS = 1 << 30
"""Bytes of one file of results."""
PROBES = 3
PAGES_AT_FIRST = 5
"""Web pages in place of a tier's first answers after which its address is taken for wrong: one may be a proxy's."""


class Drained(AuditError):
    """The call was not finished because the client was told to wind up; it has no result."""

    default_code = "replay.drained"


def _tell_nobody(*_: object) -> None:
    """Options are handed to other processes, so they hold no closures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How calls are made.

    Attributes:
        attempts: Tries per call.
        backoff: Waits between them.
        seed: Of the jitter.
        directory: Folder of `audit.yaml`, where paths in tier options start.
        environ: Where keys and proxies are looked up.
        offline: Nothing is sent; a call without a recording is an error.
        on_throttle: Told the names of the tiers that share a host's limit and their reduced rate per second, or None
            when it is back to normal.
        on_note: Told what a tier turned out to need, in one sentence.
        redact: Kinds of personal data that are replaced in the log, so that answers are compared in the same form.
        answered: Names of tiers that have answered another process of the run: what only a first answer can show of
            a tier is not looked for in theirs.
        limits: Folder where processes of this machine say what of a host's limits they use; None: this one is alone.
    """

    attempts: int = 6
    backoff: Backoff = field(default_factory=Backoff)
    seed: int = 0
    directory: Path = Path()
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    offline: bool = False
    on_throttle: Callable[[str, float | None], None] = _tell_nobody
    on_note: Callable[[str], None] = _tell_nobody
    redact: tuple[str, ...] = ()
    limits: Path | None = None
    answered: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Lane:
    """One tier as the client sees it."""

    tier: Tier
    provider: WireProvider | LocalProvider
    answer: Answerer | None
    host: str
    limiter: Limiter
    breaker: Breaker
    wire: Wire | None
    key: str | None = None
    down: AuditError | None = None
    answered: bool = False
    pages: int = 0
    doubted: set[str] = field(default_factory=set)  # requests that met a fault of `ONLY_AT_FIRST` before any answer


@asynccontextmanager
async def open_client(
    tiers: Sequence[Tier],
    *,
    clock: Clock | None = None,
    transport: Transport | None = None,
    options: ClientOptions | None = None,
) -> AsyncIterator[Client]:
    """A client for these tiers; leaving the block closes its connections.

    Args:
        transport: What carries HTTP; default: aiohttp, through the proxy that the environment names.
    """
    options = options or ClientOptions()
    clock = clock or SystemClock()
    async with open_carrier(sum(tier.concurrency for tier in tiers), transport) as carrier:
        allowances = shared_allowances(options.limits, options.environ, options.on_note)
        limiters = limiters_of(tiers, clock, options.on_throttle, allowances)
        lanes = {tier.name: _lane(tier, options, clock, carrier, limiters[tier.name]) for tier in tiers}
        yield Client(lanes, clock=clock, options=options)


def _lane(tier: Tier, options: ClientOptions, clock: Clock, carrier: Carrier, limiter: Limiter) -> _Lane:
    provider = PROVIDERS.get(tier.provider)
    assert isinstance(provider, WireProvider | LocalProvider)
    tier = with_defaults(tier)
    host = host_of(tier) or tier.name
    wired = isinstance(provider, WireProvider) and not options.offline
    return _Lane(
        tier=tier,
        provider=provider,
        answer=None if isinstance(provider, WireProvider) else provider.open(tier, options.directory),
        host=host,
        limiter=limiter,
        breaker=Breaker(clock),
        wire=Wire(carrier(tier.base_url or ""), host, clock) if wired else None,
        answered=tier.name in options.answered,
    )


class Client:
    """Asks tiers. Made by `open_client`."""

    def __init__(self, lanes: Mapping[str, _Lane], *, clock: Clock, options: ClientOptions) -> None:
        self._lanes = lanes
        self._clock = clock
        self._options = options
        self._rng = random.Random(options.seed)
        self._mask = ReplyMask((lane.tier for lane in lanes.values()), options.environ, options.redact)
        self._on_wire: set[asyncio.Task[object] | None] = set()
        self._draining = False

    def on_wire(self, task: asyncio.Task[object]) -> bool:
        """Whether a task is waiting for an HTTP answer, that is, for something that is being paid for."""
        return task in self._on_wire

    def is_doubted(self, tier: Tier) -> bool:
        """Whether a tier has answered nothing, and one request was refused in a way that may be about all of them."""
        lane = self._lanes[tier.name]
        return bool(lane.doubted) and not lane.answered and lane.down is None

    @property
    def shares_limits(self) -> bool:
        """Whether other processes of this machine see what is used up of the limits of all tiers."""
        return all(lane.limiter.shared for lane in self._lanes.values() if lane.wire is not None)

    def drain(self) -> None:
        """Send nothing more; what is on the wire may come back."""
        self._draining = True

    async def reach(self, tiers: Sequence[Tier]) -> dict[str, int]:
        """Look whether each tier's endpoint is there, before anything is spent. Any answer of an API but 401 will do.

        Returns:
            The HTTP status by tier, of those that are asked over the network.

        Raises:
            EndpointError: One is not (`replay.unreachable`), refuses the key (`replay.auth`), or shows a web page
                (`replay.not-an-api`).
            MissingKey: A tier's key is not in the environment.
        """
        if self._options.offline:
            return {}
        wired = [self._lanes[t.name] for t in tiers if isinstance(self._lanes[t.name].provider, WireProvider)]
        for lane in wired:
            self._unlock(lane)
        endpoints = {(lane.tier.base_url, lane.key): lane for lane in wired}
        found = await asyncio.gather(*(self._reach(lane) for lane in endpoints.values()))
        statuses = dict(zip(endpoints, found, strict=True))
        return {lane.tier.name: statuses[lane.tier.base_url, lane.key] for lane in wired}

    def call_of(self, request: Request, tier: Tier) -> HttpCall:
        """The call that asks a tier online, whole, for a batch of such.

        Raises:
            Unsupported: The tier cannot be asked this.
        """
        lane = self._lanes[tier.name]
        self._unlock(lane)
        whole = {name: value for name, value in lane.tier.options.items() if name != "stream"}
        _, sent = veiled(lane.tier, request)
        return _encoded(replace(lane, tier=replace(lane.tier, options=whole)), sent)

    def admin_headers(self, tier: Tier) -> tuple[Tier, Mapping[str, str]]:
        """The tier as it is addressed, and the headers of a call that asks no model."""
        lane = self._lanes[tier.name]
        assert isinstance(lane.provider, WireProvider)
        self._unlock(lane)
        return lane.tier, lane.provider.probe(lane.tier, lane.key).headers

    async def administer(self, tier: Tier, call: HttpCall, *, again: Container[str] | None = None) -> HttpReply:
        """Make a call that asks no model: about files and batches. It costs nothing, and its answer may be long.

        Args:
            again: Faults after which the call may be made again; default: every passing one. What must not be done
                twice names those after which it certainly was not done.

        Raises:
            EndpointError: As the last try left it.
        """
        lane = self._lanes[tier.name]
        assert isinstance(lane.provider, WireProvider)
        assert lane.wire is not None
        failures = 0
        while True:
            try:
                ready = _authorized(lane.provider, call, lane.tier)
                timeout_s = max(lane.tier.timeout_s, ADMIN_S)
                reply = await self._exchange(lane, ready, timeout_s, longest=LONGEST_RESULTS)
                if (error := lane.provider.classify(reply)) is None:
                    return reply
                _heed(error, reply.headers)
                self._mask.error(error)
                raise error
            except TransientError as error:
                failures += 1
                wait_s = self._options.backoff.wait_s(failures, self._rng, error.retry_after_s)
                allowed = again is None or error.kind in again
                if wait_s is None or not allowed or failures >= self._options.attempts:
                    raise
                await self._clock.sleep(wait_s)

    def read(self, http: HttpReply, request: Request, tier: Tier, *, attempts: int) -> Reply:
        """An answer that came in a batch, read as the same answer online would be.

        Raises:
            EndpointError: It is none. `TerminalError` with a code where it is about all of the tier.
        """
        lane = self._lanes[tier.name]
        try:
            completion = _decoded(lane, http)
        except EndpointError as error:
            if _is_tier_wide(lane, error, request):
                raise tier_wide(error, lane.host, lane.tier.api_key_env) from None
            self._mask.error(error)
            raise
        lane.answered = True
        veil, sent = as_sent(lane.tier, request)
        return self._mask.reply(unveiled(measured(completion, lane.tier, sent, "network", attempts=attempts), veil))

    def replay(self, kept: Completion, request: Request, tier: Tier, served_from: str) -> Reply:
        """An answer that an earlier run was given, as the reply to a call: it costs what the tier costs now, and
        nothing is spent.

        No key is needed for it.

        Args:
            served_from: Where it was kept.
        """
        lane = self._lanes[tier.name]
        try:
            _encoded(lane, request)  # what the tier is not asked now is no answer of it, whatever it was asked then
        except Unsupported as error:
            return unasked(error.because)
        return self._mask.reply(measured(kept, lane.tier, request, served_from))

    def masked(self, text: str) -> str:
        """A text of a tier that is no answer, without secrets."""
        return self._mask.text(text)

    async def pause(self, seconds: float) -> None:
        """Wait, by the clock that all of the client's waits go by."""
        await self._clock.sleep(seconds)

    def host(self, tier: Tier) -> str:
        """The host of a tier, for messages."""
        return self._lanes[tier.name].host

    def _unlock(self, lane: _Lane) -> None:
        """Take the lane's secrets from the environment."""
        lane.key = key_of(lane.tier, self._options.environ)
        lane.tier = with_header_values(lane.tier, self._options.environ)

    async def complete(
        self, request: Request, tier: Tier, repeat: int = 0, *, stake: Reservation | None = None
    ) -> Reply:
        """Ask a tier, until it answers, refuses for good, or the attempts are used up.

        Args:
            repeat: 0 for the first time a request is asked, 1 for the next independent answer, ...
            stake: Money set aside for one attempt; renewed here when an attempt is lost, settled by the caller.

        Returns:
            A reply with a status; a failure to measure is a reply too.

        Raises:
            TerminalError: Nothing more can be had from this tier: its key, credit or model is refused, or it is down.
            MissingKey: The tier's key is not in the environment.
            InputError: Offline, and there is no recording (`cassette.miss`).
            Drained: The client was told to wind up before there was an answer.
        """
        lane = self._lanes[tier.name]
        provider = lane.provider
        if isinstance(provider, LocalProvider):
            return self._mask.reply(_answer_here(lane, provider, request, repeat))
        try:
            if lane.key is None and not self._options.offline:
                self._unlock(lane)
            veil, sent = await veiled_aside(lane.tier, request)
            call = _encoded(lane, sent)
        except Unsupported as error:
            return unasked(error.because)
        if self._options.offline:
            raise InputError(f"offline, and no completion of `{tier.model}` is recorded", code="cassette.miss")
        return self._mask.reply(unveiled(await self._ask(lane, call, sent, stake), veil))

    async def _ask(self, lane: _Lane, call: HttpCall, request: Request, stake: Reservation | None) -> Reply:
        failures, billed_usd = 0, 0.0
        while True:
            streaming = lane.tier.options.get("stream")
            try:
                completion, latency_ms = await self._metered(lane, call, request, stake)
            except EndpointError as error:
                if error is lane.down:
                    raise
                if self._asked_otherwise(lane, error, streaming):
                    call = _encoded(lane, request)
                    continue
                failures += 1
                billed_usd += lane.tier.replay_price.cost_usd(error.billed) if error.billed else 0.0
                maybe = (error.begun or error.kind in MAYBE_BILLED) and error.billed is None
                # In the books first: what follows may give the whole tier up.
                again = stake is None or stake.attempt_failed(billed_usd, maybe_billed=maybe)
                wait_s = self._wait_s(lane, error, request, failures)
                if wait_s is None or not again:
                    return failed(error, failures, billed_usd)
                await self._clock.sleep(wait_s or 0.0)
            else:
                lane.answered = True
                reply = measured(
                    completion, lane.tier, request, "network", attempts=failures + 1, latency_ms=latency_ms
                )
                reply = replace(reply, spent_usd=reply.spent_usd + billed_usd, failed_usd=billed_usd)
                return reply if stake is None else with_limit_noted(reply, stake.worst_usd)

    def _wait_s(self, lane: _Lane, error: EndpointError, request: Request, failures: int) -> float | None:
        """Seconds before the next attempt; None when there is to be none. Gives the tier up where the error is about
        all of it, or asks for a longer pause than anybody waits."""
        if isinstance(error, TerminalError):
            if _is_tier_wide(lane, error, request):
                lane.down = tier_wide(error, lane.host, lane.tier.api_key_env)
                raise lane.down from None
            return None
        wait_s = self._options.backoff.wait_s(failures, self._rng, error.retry_after_s)
        if wait_s is None:
            words = f"{lane.host} asks for a pause of {error.retry_after_s:.0f} s"
            lane.down = TerminalError(words, kind=Fault.OUTAGE, code="replay.throttled")
            raise lane.down from None
        return wait_s if failures < self._options.attempts else None

    def _asked_otherwise(self, lane: _Lane, error: EndpointError, streaming: object) -> bool:
        """Whether a refusal is about the stream and not about the request: the tier is asked without it, or with it.

        Args:
            streaming: The option with which the refused call was made.
        """
        if error.kind == Fault.STREAM_ONLY and not streaming:
            return self._streams(lane)
        if error.kind != Fault.PARAMETER or streaming is not True:
            return False
        if not (error.parameter or "").startswith("stream_options"):
            return False
        lane.tier = replace(lane.tier, options={**lane.tier.options, "stream": STREAM_WITHOUT_USAGE})
        return True

    def _streams(self, lane: _Lane) -> bool:
        """Ask a tier for streams from now on. Returns whether its provider can."""
        options = lane.provider.options
        if options is not None and "stream" not in options:
            return False
        if not lane.tier.options.get("stream"):
            lane.tier = replace(lane.tier, options={**lane.tier.options, "stream": True})
            self._options.on_note(f"tier `{lane.tier.name}` only streams: its answers are read from streams")
        return True

    async def _metered(
        self, lane: _Lane, call: HttpCall, request: Request, stake: Reservation | None
    ) -> tuple[Completion, float]:
        """An attempt, with the tokens that it may use taken from the tier's minute."""
        if (tokens := lane.limiter.tokens) is None:
            return await self._attempt(lane, call, stake)
        taken = await tokens.take(request)
        try:
            answer = await self._attempt(lane, call, stake)
        except EndpointError as error:
            # What was refused at the door used nothing; of anything else nobody knows.
            tokens.give_back(taken if error.kind in SLOW_DOWN else 0)
            raise
        except Drained:
            tokens.give_back(taken)
            raise
        tokens.settle(taken, answer[0].usage)
        return answer

    async def _attempt(self, lane: _Lane, call: HttpCall, stake: Reservation | None) -> tuple[Completion, float]:
        """One HTTP request through the breaker and the limiter; its outcome is told to both."""
        assert isinstance(lane.provider, WireProvider)
        try:
            await lane.breaker.admit()
        except Outage:
            lane.down = TerminalError(
                f"{lane.host} is down: tier `{lane.tier.name}` was given up", kind=Fault.OUTAGE, code="replay.outage"
            )
        if lane.down is not None:
            raise lane.down
        sent: PacedCall | None = None
        try:
            async with lane.limiter as sent:
                if self._draining:
                    raise Drained("winding up")
                ready = _authorized(lane.provider, call, lane.tier)
                if stake is not None:
                    stake.send()
                answer = await self._send(lane, ready, sent)
        except EndpointError as error:
            self._mask.error(error)
            self._told(lane, up=not (isinstance(error, TransientError) and error.kind in DOWN))
            # A pause that nobody waits for must not hold the others back either: `_ask` gives the tier up.
            pause_s = min(error.retry_after_s or 0.0, self._options.backoff.longest_retry_after_s)
            if sent is not None:
                sent.refused(pause_s) if error.kind in SLOW_DOWN else sent.taken()
            raise
        except BaseException:
            lane.breaker.abandoned()
            raise
        self._told(lane, up=True)
        return answer

    def _told(self, lane: _Lane, *, up: bool) -> None:
        """Tell the breaker what a call has shown, and the user when an outage begins or ends."""
        was_open = lane.breaker.is_open
        lane.breaker.succeeded() if up else lane.breaker.failed()
        if lane.breaker.is_open and not was_open:
            self._options.on_note(f"{lane.host} does not answer: tier `{lane.tier.name}` waits, and is tried again")
        elif was_open and not lane.breaker.is_open:
            self._options.on_note(f"{lane.host} answers again: tier `{lane.tier.name}` goes on")

    async def _send(self, lane: _Lane, call: HttpCall, sent: PacedCall) -> tuple[Completion, float]:
        """The answer, and the milliseconds from sending to the last byte."""
        started = self._clock.now()
        reply = await self._exchange(lane, call, lane.tier.timeout_s)
        latency_ms = (self._clock.now() - started) * 1000
        try:
            completion = _decoded(lane, reply)
        except EndpointError as raised:
            error = raised
        else:
            sent.taken(reset_s(reply.headers) if sent.was_refused_lately else None)
            return completion, latency_ms
        _heed(error, reply.headers)
        if error.kind == Fault.NOT_AN_API:
            lane.pages += 1
            if lane.answered or lane.pages < PAGES_AT_FIRST:
                error = TransientError(error.what, kind=error.kind, status=error.status, certain=False)
        raise error

    async def _exchange(self, lane: _Lane, call: HttpCall, timeout_s: float, longest: int | None = None) -> HttpReply:
        assert lane.wire is not None
        task = asyncio.current_task()
        self._on_wire.add(task)
        try:
            return await lane.wire.exchange(call, timeout_s, longest)
        finally:
            self._on_wire.discard(task)

    async def _reach(self, lane: _Lane) -> int:
        provider = lane.provider
        assert isinstance(provider, WireProvider)
        call = provider.probe(lane.tier, lane.key)
        for probe in range(1, PROBES + 1):
            try:
                reply = await self._exchange(lane, _authorized(provider, call, lane.tier), PROBE_S)
            except EndpointError as error:
                if isinstance(error, TransientError) and probe < PROBES:
                    await self._clock.sleep(self._options.backoff.base_s)
                    continue
                raise TerminalError(
                    f"tier `{lane.tier.name}` cannot be used: {error.what}",
                    kind=Fault.CONNECT,
                    code="replay.unreachable",
                    notes=["nothing was sent and nothing was spent"],
                    hint=f"is {lane.tier.base_url} the right address, and is the server running?",
                ) from error
            if reply.status == 401:
                raise tier_wide(EndpointError("", kind=Fault.AUTH, status=401), lane.host, lane.tier.api_key_env)
            if reply.status < 300 and is_web_page(reply.body):
                raise TerminalError(
                    f"{lane.host} {Fault.NOT_AN_API.facts.words}",
                    kind=Fault.NOT_AN_API,
                    status=reply.status,
                    code="replay.not-an-api",
                    hint=Fault.NOT_AN_API.facts.hint,
                )
            return reply.status
        raise AssertionError("a probe ends in an answer or an error")


def _heed(error: EndpointError, headers: Mapping[str, str]) -> None:
    """The pause that a reply asks for: in its headers, in its body, or by an allowance that is used up."""
    asked_s = retry_after_s(headers)
    if asked_s is None and error.retry_after_s is None and error.kind == Fault.RATE_LIMITED:
        asked_s = reset_s(headers)
    error.retry_after_s = error.retry_after_s if asked_s is None else asked_s


def _is_tier_wide(lane: _Lane, error: EndpointError, request: Request) -> bool:
    """Whether an error is about all of a tier. A refusal that may be about the request is so until a tier that never
    answered has refused different ones."""
    if error.kind not in TIER_WIDE or error.kind not in ONLY_AT_FIRST:
        return error.kind in TIER_WIDE
    if lane.answered or error.certain:
        return not lane.answered
    lane.doubted.add(request.request_fp)
    return len(lane.doubted) >= REQUESTS_AT_FIRST


def _encoded(lane: _Lane, request: Request) -> HttpCall:
    """The call for a request; what an adapter raises over one request is about that request."""
    provider = lane.provider
    assert isinstance(provider, WireProvider)
    try:
        return provider.encode(request, lane.tier, lane.key)
    except AuditError:
        raise
    except Exception:
        raise Unsupported(because(Reason.LOST_ON_THE_WAY, name="the adapter cannot write it")) from None


def _decoded(lane: _Lane, reply: HttpReply) -> Completion:
    """The answer in a reply.

    Raises:
        EndpointError: There is none. Whatever an adapter raises over a reply costs its call and never the run.
    """
    provider = lane.provider
    assert isinstance(provider, WireProvider)
    try:
        error = provider.classify(reply)
        if error is None:
            return provider.decode(reply, lane.tier)
    except EndpointError as raised:
        error = raised
        # A stream that breaks off with an error has tokens before it, which vendors bill.
        error.begun = reply.begun
    except Exception:
        words = f"{lane.host} sent an answer that the adapter cannot read"
        error = TerminalError(words, kind=Fault.UNDECODABLE, status=reply.status)
    raise error


def _authorized(provider: WireProvider, call: HttpCall, tier: Tier) -> HttpCall:
    """The call with what must be fresh for each attempt."""
    return call if provider.authorize is None else provider.authorize(call, tier)


def _answer_here(lane: _Lane, provider: LocalProvider, request: Request, repeat: int) -> Reply:
    assert lane.answer is not None
    try:
        require_supported(request, lane.tier)
        completion = lane.answer(request, repeat)
    except Unsupported as error:
        return unasked(error.because, provider.served_from)
    except EndpointError as error:
        return replace(failed(error, 1), served_from=provider.served_from)
    return measured(completion, lane.tier, request, provider.served_from, attempts=1)
