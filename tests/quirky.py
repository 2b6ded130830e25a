"""Endpoints with habits, as a transport in this process: each a perfect candidate behind a server that does not take
every request.

Prompts hold "Double N." and the right answer is 2N. A habit looks at the body that was sent and either answers or
refuses, in the words of some real endpoint. The model's name says which: `no temperature`; two habits at once,
`no temperature + streams only`; one that begins in the middle of a run, `no quota after 30` answers.
`python -m tests.quirky` serves them on a port.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import httpx
from aiohttp import web

from tests.server import Endpoint, started

Body = Mapping[str, Any]
Habit = Callable[[Body], httpx.Response | None]
"""A refusal, or None where the request is taken."""


def refusal(status: int, message: str, **rest: Any) -> httpx.Response:
    """An error as OpenAI's protocol has it."""
    return httpx.Response(status, json={"error": {"message": message, "type": "invalid_request_error", **rest}})


def unless(takes: Callable[[Body], bool], refused: Callable[[], httpx.Response]) -> Habit:
    """A habit that refuses what it does not take."""
    return lambda body: None if takes(body) else refused()


def has_images(body: Body) -> bool:
    """Whether any part of a message is an image."""
    contents = [message["content"] for message in body["messages"]]
    return any(isinstance(c, list) and any(part.get("type") == "image_url" for part in c) for c in contents)


def number_in(body: Body) -> int:
    """The number that is to be doubled."""
    return int(re.findall(r"Double (\d+)\.", json.dumps(body["messages"]))[-1])


HABITS: dict[str, Habit] = {
    "takes everything": lambda body: None,
    "no temperature": unless(
        lambda body: body.get("temperature", 1) == 1,
        lambda: refusal(
            400, "Unsupported value: 'temperature' takes 1 only.", code="unsupported_value", param="temperature"
        ),
    ),
    "no top_p": unless(
        lambda body: "top_p" not in body,
        lambda: refusal(400, "Unsupported parameter: 'top_p'.", code="unsupported_parameter", param="top_p"),
    ),
    "no max_tokens": unless(
        lambda body: "max_tokens" not in body,
        lambda: refusal(400, "Unsupported parameter: 'max_tokens'.", code="unsupported_parameter", param="max_tokens"),
    ),
    "no max_completion_tokens": unless(
        lambda body: "max_completion_tokens" not in body,
        lambda: refusal(
            400,
            "Unsupported parameter: 'max_completion_tokens'.",
            code="unsupported_parameter",
            param="max_completion_tokens",
        ),
    ),
    "no developer": unless(
        lambda body: all(message["role"] != "developer" for message in body["messages"]),
        lambda: refusal(400, "Unexpected message role."),
    ),
    "no images": unless(
        lambda body: not has_images(body),
        lambda: refusal(400, "This model does not support image input."),
    ),
    "no seed, in pydantic's words": unless(
        lambda body: "seed" not in body,
        lambda: httpx.Response(
            422, json={"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "x"}]}
        ),
    ),
    "no temperature, without saying so": unless(
        lambda body: "temperature" not in body, lambda: httpx.Response(400, json={"detail": "Bad request"})
    ),
    "warm on some": unless(
        lambda body: body.get("temperature", 1) == 1 or number_in(body) % 3 != 0,
        lambda: refusal(400, "temperature must be 1 here."),
    ),
    "forbidden on some": unless(
        lambda body: number_in(body) % 10 != 9, lambda: refusal(403, "Request blocked by the organization's firewall.")
    ),
    "streams only": unless(
        lambda body: bool(body.get("stream")),
        lambda: refusal(400, "This model only supports stream mode.", code="invalid_parameter_error"),
    ),
    "no such model": lambda body: refusal(404, "The model `x` does not exist.", code="model_not_found"),
    "no quota": lambda body: refusal(429, "You exceeded your quota", code="insufficient_quota"),
    "forbidden": lambda body: refusal(403, "Country, region, or territory not supported"),
    "another model": lambda body: None,
    "fails on some": unless(lambda body: number_in(body) % 20 != 0, lambda: httpx.Response(500, text="boom")),
}
ANOTHER = "acme-other-7"
"""The name under which `another model` answers."""


def habits_of(model: str, answered: int) -> list[str]:
    """The habits that a model's name names, as far as they have begun after so many answers."""
    named = (part.partition(" after ") for part in model.split(" + "))
    return [habit for habit, _, late in named if answered >= int(late or 0)]


class Quirky(httpx.AsyncBaseTransport):
    """Answers chat calls right, where the habit takes them; the model's name names the habit.

    Attributes:
        bodies: What was sent, by model, in order.
        answered: Answers so far, by model.
    """

    def __init__(self) -> None:
        self.bodies: dict[str, list[dict[str, Any]]] = {}
        self.answered: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One call; `GET` is the probe, which every habit answers."""
        if request.method == "GET":
            return httpx.Response(200, json={"data": []})
        body = json.loads(request.content)
        model = body["model"]
        self.bodies.setdefault(model, []).append(body)
        habits = habits_of(model, self.answered[model])
        refused = next((said for habit in habits if (said := HABITS[habit](body)) is not None), None)
        if refused is not None:
            return refused
        self.answered[model] += 1
        answers_as = ANOTHER if "another model" in habits else model
        message = {"role": "assistant", "content": str(2 * number_in(body))}
        usage = {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}
        if body.get("stream"):
            return _streamed(answers_as, message["content"], usage)
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return httpx.Response(200, json={"model": answers_as, "choices": [choice], "usage": usage})


def _streamed(model: str, text: str, usage: dict[str, int]) -> httpx.Response:
    """An answer in two events and an end."""
    first = {"model": model, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]}
    last = {"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}
    events = "".join(f"data: {json.dumps(event)}\n\n" for event in (first, last))
    return httpx.Response(200, text=f"{events}data: [DONE]\n\n", headers={"content-type": "text/event-stream"})


def serving_habits() -> AbstractContextManager[Endpoint]:
    """The habits behind a port, in a process of their own."""
    return started([sys.executable, "-m", "tests.quirky"])


async def serve() -> None:
    """Listen on 127.0.0.1 until SIGTERM."""
    server = Quirky()

    async def answer(request: web.Request) -> web.Response:
        sent = httpx.Request(request.method, str(request.url), content=await request.read())
        said = await server.handle_async_request(sent)
        return web.Response(
            status=said.status_code, body=said.content, headers={"Content-Type": said.headers["content-type"]}
        )

    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"listening": f"http://127.0.0.1:{runner.addresses[0][1]}/v1", "pid": os.getpid()}), flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
