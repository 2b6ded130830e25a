"""A replay in a process of its own, for tests that kill it.

python -m tests.replay.child FOLDER URL N CONCURRENCY [MODEL MESSAGES.json]

The environment may hold `FULL_AT`, the size in bytes at which no file of this process grows any more, as on a disk that
is full, `TIMEOUT_S`, what the tier waits for an answer, and `LIMITS`, the folder of limits that processes share.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError
from audit.core.exchange import Request
from audit.core.fingerprint import request_fp
from audit.core.settings import ReplaySettings
from audit.llm.client import ClientOptions
from audit.llm.retry import Backoff
from audit.replay.options import ReplayOptions
from audit.replay.run import run_replay
from tests.replay.world import World, tier, world, world_of


def made_of(base_url: str, n: str, concurrency: str, model: str = "m", messages: str | None = None) -> World:
    """The world that the arguments describe."""
    timeout_s = float(os.environ.get("TIMEOUT_S", "60"))
    asked = tier(base_url, model=model, concurrency=int(concurrency), timeout_s=timeout_s)
    if messages is None:
        return world(base_url, int(n), asked)
    lists = json.loads(Path(messages).read_text("utf-8"))[: int(n)]
    return world_of([Request(request_fp=request_fp(one), messages=one) for one in lists], asked)


def main(folder: str, *arguments: str) -> int:
    """Replay, and exit as the command line would."""
    made = made_of(*arguments)
    limits = Path(os.environ["LIMITS"]) if "LIMITS" in os.environ else None
    options = ReplayOptions(cap_usd=100.0, client=ClientOptions(backoff=Backoff(base_s=0.01), limits=limits))
    if full_at := int(os.environ.get("FULL_AT", "0")):
        resource.setrlimit(resource.RLIMIT_FSIZE, (full_at, full_at))
    print("ready", flush=True)
    try:
        run_replay(made.calls, made.requests, made.tiers, ReplaySettings(attempts=8), RunFolder(folder), options)
    except AuditError as error:
        print(error.code, error.what, *error.notes, sep="\n", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
