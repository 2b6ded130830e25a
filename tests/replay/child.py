"""A replay in a process of its own, for tests that kill it: `python -m tests.replay.child FOLDER URL N CONCURRENCY`."""

from __future__ import annotations

import sys

from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError
from audit.core.settings import ReplaySettings
from audit.llm.client import ClientOptions
from audit.llm.retry import Backoff
from audit.replay.run import ReplayOptions, run_replay
from tests.replay.world import tier, world


def main(folder: str, base_url: str, n: str, concurrency: str) -> int:
    """Replay, and exit as the command line would."""
    made = world(base_url, int(n), tier(base_url, concurrency=int(concurrency)))
    options = ReplayOptions(cap_usd=100.0, client=ClientOptions(backoff=Backoff(base_s=0.01)))
    print("ready", flush=True)
    try:
        run_replay(made.calls, made.requests, made.tiers, ReplaySettings(attempts=8), RunFolder(folder), options)
    except AuditError as error:
        print(error.code, error.what, *error.notes, sep="\n", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
