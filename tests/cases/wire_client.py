"""Habits of real endpoints, as the client sees them: what each call ends as, how it is priced, and what is noted.

What an audit concludes from it is looked at where verdicts are made; here stands what it is told.
"""

from __future__ import annotations

import asyncio
import csv
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import urlopen

from audit.core.errors import AuditError
from audit.core.exchange import Request
from audit.core.fingerprint import request_fp
from audit.core.tier import Price, Tier
from audit.llm.client import ClientOptions, open_client
from audit.llm.retry import Backoff
from tests.cases.frame import CASES, Family, Result
from tests.server import free_port

SOURCE = CASES / "wire" / "quirky_server.py"
CALLS = 40


@dataclass(frozen=True)
class Told:
    """What must be told of a habit.

    Attributes:
        ok: Calls of forty that are answered; None where the tier stops at once.
        rest: What the others end as: a fault, a status, or the error code of a tier that stops.
        notes: Notes that the answers carry.
        at_least_usd: Of one answer.
    """

    ok: int | None = CALLS
    rest: str = ""
    notes: tuple[str, ...] = ()
    at_least_usd: float = 0.0


ANSWERED = Told()
TOLD = {
    "reasoning-content": Told(at_least_usd=600e-6),
    "think-only": Told(notes=("in_reasoning",)),
    "think-trunc": Told(ok=0, rest="truncated", notes=("reasoning_used_limit",)),
    "need-max-completion": Told(ok=0, rest="parameter max_tokens"),
    "no-max-completion": Told(ok=0, rest="parameter max_completion_tokens"),
    "temp-400": Told(ok=0, rest="parameter_value temperature"),
    "unknown-400-litellm": Told(ok=0, rest="parameter seed"),
    "unknown-400-groq": Told(ok=0, rest="parameter seed"),
    "dev-role-400": Told(ok=0, rest="role"),
    **dict.fromkeys(("ctx-openai", "ctx-vllm", "ctx-anthropic-litellm"), Told(ok=32, rest="context_too_long")),
    "filter-azure": Told(ok=32, rest="filtered"),
    "filter-azure-resp": Told(ok=32, rest="refused"),
    "filter-gemini-empty": Told(ok=32, rest="refused", notes=("no_choice",)),
    "refusal": Told(ok=32, rest="refused"),
    "429-quota": Told(ok=None, rest="replay.quota"),
    "200-error-always": Told(ok=39, rest="server_error"),
    "finish-MAX": Told(ok=0, rest="truncated"),
    "usage-missing": Told(notes=("usage_missing",), at_least_usd=10e-6),
    "usage-null": Told(notes=("usage_missing",), at_least_usd=10e-6),
    "usage-zero": Told(notes=("usage_zero",), at_least_usd=10e-6),
    "usage-float": Told(at_least_usd=26e-6),
    "usage-no-reason": Told(notes=("hidden_tokens",), at_least_usd=1026e-6),
    "latin1": Told(ok=0, rest="undecodable"),
    "eos": Told(notes=("control_token",)),
    "403-ip": Told(ok=None, rest="replay.forbidden"),
    "404-model": Told(ok=None, rest="replay.model"),
    "405": Told(ok=None, rest="replay.address"),
    "html200": Told(ok=None, rest="replay.not-an-api"),
    "wrongmodel": Told(notes=("other_model",)),
    "tool-text": Told(notes=("tool_call_as_text",)),
}
"""Habits that are more than an answer with nothing to note."""


def run() -> Iterator[Result]:
    """Every habit of the server, over a real socket."""
    with (SOURCE.parent / "wire.csv").open() as file:
        modes = [row["mode"].replace("high|low", "high") for row in csv.DictReader(file)]
    port = free_port()
    server = subprocess.Popen([sys.executable, str(SOURCE), str(port)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        for mode in modes:
            told = TOLD.get(mode, ANSWERED)
            got, right = asyncio.run(_asked(mode, port, told))
            yield Result(case=mode, expected=str(told), got=got, right=right)
    finally:
        server.terminate()
        server.wait()


async def _asked(mode: str, port: int, told: Told) -> tuple[str, bool]:
    tier = Tier(
        name="t",
        model=f"m:{mode}",
        provider="openai-compatible",
        price=Price(input=1, output=2),
        base_url=f"http://127.0.0.1:{port}/v1",
    )
    ends: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    least_usd = float("inf")
    options = ClientOptions(environ={}, backoff=Backoff(base_s=0.02))
    async with open_client([tier], options=options) as client:
        for number in range(1, CALLS + 1):
            try:
                reply = await client.complete(_request(mode, number), tier)
            except AuditError as error:
                ends[error.code] += 1
                continue
            fault = " ".join(filter(None, (reply.fault, reply.parameter)))
            ends[fault or reply.status] += 1
            if reply.completion is not None:
                notes.update(reply.completion.notes)
                least_usd = min(least_usd, reply.completion.cost_usd or 0.0)
    expected = {"ok": told.ok or 0, told.rest: CALLS - (told.ok or 0)}
    right = ends == Counter({name: count for name, count in expected.items() if count})
    right = right and set(notes) == set(told.notes) and (not told.ok or least_usd >= told.at_least_usd - 1e-12)
    return f"{dict(ends)}, notes {dict(notes)}, from ${least_usd:.6f} an answer", right


def _request(mode: str, number: int) -> Request:
    role = "developer" if mode == "dev-role-400" else "system"
    question = f"What is {number} plus {number}?"
    messages = [{"role": role, "content": "You add."}, {"role": "user", "content": question}]
    limit = "max_completion_tokens" if mode == "no-max-completion" else "max_tokens"
    params = {"temperature": 0, limit: 64, **({"seed": 1} if mode.startswith("unknown") else {})}
    return Request(request_fp=request_fp(messages), messages=messages, params=params)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(URLError, ConnectionError):
            urlopen(f"http://127.0.0.1:{port}/v1/models").close()
            return
        time.sleep(0.05)


FAMILY = Family(name="wire-client", source=SOURCE, run=run)
