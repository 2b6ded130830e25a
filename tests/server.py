"""A real local endpoint with OpenAI's protocol and faults on demand: `python -m tests.server --port 0`.

The answer is a function of (model, messages), so that any two runs agree. Faults are drawn per attempt from a generator
seeded by (seed, model, messages, attempt). A model name that starts with `fault-` always behaves that way:

    fault-401 fault-429 fault-500 ...   that status        fault-reset      the connection is aborted
    fault-hang                          no answer          fault-cut        half of the body
    fault-not-json                      a web page         fault-no-usage   no `usage`
    fault-redirect                      a 302              fault-gzip       a compressed body
    fault-garbage                       random bytes
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from aiohttp import web

from tests.forked import Child

REPO = Path(__file__).parents[1]


@dataclass(frozen=True)
class Endpoint:
    """A running server."""

    base_url: str
    pid: int

    def stats(self) -> dict[str, int]:
        """Counters of events so far."""
        with urlopen(self.base_url.removesuffix("/v1") + "/stats") as reply:
            counters: dict[str, int] = json.load(reply)
            return counters


def free_port() -> int:
    """A port of this machine that nobody listens on, for a program that must be told one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def serving(**options: Any) -> Iterator[Endpoint]:
    """A server in a process of its own; keyword arguments are its flags (`rate_429=0.1`)."""
    process = Child("tests.server", "--port", "0", *flags(options))
    try:
        told = json.loads(process.stdout.readline())
        yield Endpoint(base_url=told["listening"], pid=told["pid"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def started(command: list[str]) -> Iterator[Endpoint]:
    """Start a server that prints one line of JSON with `listening` and `pid`; stop it at the end."""
    process = subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Endpoint(base_url=told["listening"], pid=told["pid"])
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def flags(options: dict[str, Any]) -> list[str]:
    """Keyword arguments as command-line flags."""
    return [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]


class Faulty:
    """The handlers."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.attempts: dict[str, int] = {}
        self.counters: dict[str, int] = {}
        self.in_flight = self.most_in_flight = 0
        self.journal = open(options.journal, "a", buffering=1) if options.journal else None  # noqa: SIM115

    def note(self, event: str, key: str, billed: dict[str, int] | None = None) -> None:
        """Write down an event, with the tokens that are billed for it."""
        self.counters[event] = self.counters.get(event, 0) + 1
        if self.journal:
            self.journal.write(json.dumps({"event": event, "key": key, "billed": billed}) + "\n")

    async def chat(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self.answer(request)
        finally:
            self.in_flight -= 1

    async def answer(self, request: web.Request) -> web.StreamResponse:
        options, body = self.options, await request.json()
        key = hashlib.sha256(json.dumps([body["model"], body["messages"]]).encode()).hexdigest()
        self.attempts[key] = attempt = self.attempts.get(key, 0) + 1
        draw = random.Random(f"{options.seed}|{key}|{attempt}")
        fault = self.fault(body["model"], draw)
        if fault in ("ok", "cut", "no-usage", "gzip") and options.latency_ms:
            await asyncio.sleep(options.latency_ms / 1000)
        if fault == "hang":
            self.note(fault, key)
            await asyncio.sleep(3600)
        if fault == "reset":
            self.note(fault, key)
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault == "garbage":
            self.note(fault, key)
            return web.Response(body=draw.randbytes(200), content_type="application/json")
        if fault.isdigit():
            self.note(fault, key)
            headers = {"Retry-After": f"{options.retry_after:g}"} if fault == "429" else {}
            error = {"message": "quotes the prompt", "type": "fault", "code": options.error_code}
            return web.json_response({"error": error}, status=int(fault), headers=headers)
        if fault == "not-json":
            return web.Response(text="<html>gateway</html>")
        if fault == "redirect":
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        completion = self.completion(body, key, usage=fault != "no-usage")
        data, billed = json.dumps(completion).encode(), completion.get("usage")
        if fault == "cut":
            self.note(fault, key, billed)
            response = web.StreamResponse(headers={"Content-Length": str(len(data))})
            with contextlib.suppress(ConnectionResetError):  # a client that was killed
                await response.prepare(request)
                await response.write(data[: len(data) // 2])
            assert request.transport is not None
            request.transport.close()
            return response
        self.note("ok", key, billed)
        if fault == "gzip":
            return web.Response(body=gzip.compress(data), headers={"Content-Encoding": "gzip"})
        return web.Response(body=data, content_type="application/json")

    def fault(self, model: str, draw: random.Random) -> str:
        """What goes wrong with this attempt; `ok` for nothing."""
        if model.startswith("fault-"):
            return model.removeprefix("fault-")
        options = self.options
        rates = {"reset": options.rate_reset, "429": options.rate_429, "500": options.rate_500}
        rates |= {"cut": options.rate_truncate, "hang": options.rate_hang, "garbage": options.rate_garbage}
        for name, rate in rates.items():
            if draw.random() < rate:
                return name
        return "ok"

    def completion(self, body: dict[str, Any], key: str, *, usage: bool) -> dict[str, Any]:
        """An answer made of the key; with --fill as long as the request allows."""
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or 16
        tokens = limit if self.options.fill else 16
        message = {"role": "assistant", "content": f"answer {key[:12]}"}
        reply = {
            "id": f"chatcmpl-{key[:8]}",
            "object": "chat.completion",
            "model": self.options.named or body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "length" if self.options.fill else "stop"}],
        }
        prompt = sum(len(str(m["content"])) // 4 + 4 for m in body["messages"])
        counts = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
        return {**reply, "usage": counts} if usage else reply

    async def models(self, _: web.Request) -> web.Response:
        status = self.options.models_status
        return web.json_response({"object": "list", "data": []}, status=status)

    async def stats(self, _: web.Request) -> web.Response:
        return web.json_response({**self.counters, "most_in_flight": self.most_in_flight})


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--port", type=int, default=0)
    flags.add_argument("--seed", type=int, default=0)
    flags.add_argument("--latency-ms", type=float, default=0)
    flags.add_argument("--retry-after", type=float, default=0)
    flags.add_argument("--models-status", type=int, default=200)
    flags.add_argument("--error-code", default=None)
    flags.add_argument("--fill", type=int, default=0)
    flags.add_argument("--named", help="the model that every answer says it is of; without it the one asked")
    flags.add_argument("--journal")
    for name in ("429", "500", "reset", "truncate", "hang", "garbage"):
        flags.add_argument(f"--rate-{name}", type=float, default=0)
    return flags


async def serve(options: argparse.Namespace) -> None:
    """Listen on 127.0.0.1 until SIGTERM."""
    faulty = Faulty(options)
    app = web.Application(client_max_size=64 * 2**20)
    app.add_routes(
        [
            web.post("/v1/chat/completions", faulty.chat),
            web.get("/v1/models", faulty.models),
            web.get("/stats", faulty.stats),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    port = runner.addresses[0][1]
    print(json.dumps({"listening": f"http://127.0.0.1:{port}/v1", "pid": os.getpid()}), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


def main(*arguments: str) -> int:
    """Serve with these flags until a signal comes."""
    asyncio.run(serve(parser().parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
