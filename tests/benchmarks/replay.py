"""Replay throughput: the whole replay (journal, spend cap, limiter, retries, decoding) against bare aiohttp.

Both ask the same local server, which runs in a process of its own and answers 150 tokens after 0 or 200 ms. Runs take
turns, and the median of three is kept, since the machine is shared with the server.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from audit.core.artifacts import RunFolder
from audit.core.settings import ReplaySettings
from audit.core.tier import Tier
from audit.llm.client import ClientOptions
from audit.replay.journal import JournalLedger
from audit.replay.meter import SilentMeter, Totals
from audit.replay.options import ReplayOptions
from audit.replay.plan import TokenCounts
from audit.replay.run import run_replay
from tests.replay.world import World, tier, world
from tests.server import started

TEXT = "word " * 150
PROMPT = "word " * 200
CALLS = {(0, 8): 2000, (0, 32): 2000, (0, 128): 2000, (200, 8): 200, (200, 32): 640, (200, 128): 2560}
ROUNDS = 3


@dataclass(frozen=True)
class Run:
    """Calls per second while asking, and CPU milliseconds of this process per call."""

    calls_per_s: float
    cpu_ms: float


class Stopwatch(SilentMeter):
    """Times the asking alone: from the first call out to the last one journaled, as the yardstick is timed."""

    def __init__(self) -> None:
        self.began: tuple[float, float] | None = None
        self.ended = (0.0, 0.0)

    def totals(self, totals: Totals) -> None:
        """Look at the clocks."""
        self.ended = time.perf_counter(), time.process_time()
        self.began = self.began or self.ended

    def run(self, n: int) -> Run:
        """The figures of `n` calls."""
        assert self.began is not None
        wall, cpu = (end - begin for begin, end in zip(self.began, self.ended, strict=True))
        return Run(n / wall, cpu / n * 1000)


def ours(made: World, concurrency: int) -> Run:
    """One whole replay into a fresh folder."""
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        tokens = {request_fp: TokenCounts(prompt=200, completion=150) for request_fp in made.requests}
        options = ReplayOptions(cap_usd=1000.0, tokens=tokens, client=ClientOptions(environ={}), meter=watch)
        run_replay(made.calls, made.requests, made.tiers, ReplaySettings(), RunFolder(folder), options)
        assert len(JournalLedger.read(RunFolder(folder).journal).results) == len(made.calls)
    return watch.run(len(made.calls))


def bare(made: World, concurrency: int) -> Run:
    """The least that a client does: encode, post, read, decode."""
    url = f"{made.tiers[0].base_url}/chat/completions"

    async def main() -> Run:
        connector = aiohttp.TCPConnector(limit=concurrency)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            rest = iter(made.requests.values())

            async def work() -> None:
                for request in rest:
                    body = json.dumps({"model": "m", "messages": request.messages, "max_tokens": 100}).encode()
                    async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as reply:
                        json.loads(await reply.read())["choices"][0]["message"]["content"]

            wall, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(work() for _ in range(concurrency)))
            n = len(made.requests)
            return Run(n / (time.perf_counter() - wall), (time.process_time() - cpu) / n * 1000)

    return asyncio.run(main())


def rows() -> list[dict[str, Any]]:
    """One row per latency and concurrency, and the CPU per call at 200 ms and 128."""
    found = []
    for latency_ms in (0, 200):
        with started([sys.executable, "-m", "tests.benchmarks.replay", str(latency_ms)]) as endpoint:
            for concurrency in (8, 32, 128):
                made = wide(endpoint.base_url, CALLS[latency_ms, concurrency], concurrency)
                mine, theirs = medians(made, concurrency)
                name = f"replay_{latency_ms}ms_c{concurrency}"
                found.append(row(name, "calls/s", mine.calls_per_s, theirs.calls_per_s))
    found.append(row("replay_cpu_ms_per_call", "ms", mine.cpu_ms, theirs.cpu_ms))
    return found


def medians(made: World, concurrency: int) -> tuple[Run, Run]:
    """Ours and the yardstick's, in turns."""
    contenders: tuple[Callable[[World, int], Run], ...] = (ours, bare)
    runs = [[contender(made, concurrency) for contender in contenders] for _ in range(ROUNDS)]
    mine, theirs = (
        Run(statistics.median(r[i].calls_per_s for r in runs), statistics.median(r[i].cpu_ms for r in runs))
        for i in range(2)
    )
    return mine, theirs


def wide(base_url: str, n: int, concurrency: int) -> World:
    """`n` requests of about 200 tokens."""
    asked: Tier = tier(base_url, concurrency=concurrency)
    return world(base_url, n, asked, text=PROMPT)


def row(name: str, unit: str, value: float, anchor_value: float) -> dict[str, Any]:
    """A row of `make bench`."""
    ratio = value / anchor_value
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "anchor": "bare aiohttp",
        "anchor_value": anchor_value,
        "ratio": ratio,
    }


async def serve(latency_ms: float) -> None:
    """The lightest server: one fixed answer, no parsing."""
    reply = {
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 200, "completion_tokens": 150},
    }
    body = json.dumps(reply).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    loop = asyncio.get_running_loop()

    class Fixed(asyncio.Protocol):
        def __init__(self) -> None:
            self.received = b""

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            self.received += data
            head, separator, rest = self.received.partition(b"\r\n\r\n")
            if not separator:
                return
            lines = head.lower().split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            if len(rest) >= length:
                self.received = rest[length:]
                loop.call_later(latency_ms / 1000, self.transport.write, answer)

    server = await loop.create_server(Fixed, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"listening": f"http://127.0.0.1:{port}/v1", "pid": os.getpid()}), flush=True)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
