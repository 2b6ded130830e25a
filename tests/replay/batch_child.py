"""A replay in batches in a process of its own, for tests that kill it.

python -m tests.replay.batch_child FOLDER URL PROVIDER MOMENT TEXT...

MOMENT: `whole` waits for the end; `hand-in` leaves once batches are handed in; `submit` and `accept` kill the process
with SIGKILL as soon as that event is written, or is about to be.
"""

from __future__ import annotations

import os
import signal
import sys

from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError
from audit.core.settings import ReplaySettings
from audit.core.tier import Price
from audit.llm.client import ClientOptions
from audit.llm.retry import Backoff
from audit.replay.batches import BatchPace
from audit.replay.journal import Journal
from audit.replay.options import ReplayOptions
from audit.replay.run import run_replay
from tests.replay.world import World, request, tier, world_of

FILES = {
    "region": "us-east-1",
    "batch_bucket": "s3://batches/audit",
    "batch_role": "arn:aws:iam::123456789012:role/batch",
    "batch_least": 1,
}
"""Where Bedrock's batches lie."""
PACE = BatchPace(first_s=0.02, longest_s=0.05, arrival_s=0.2)


def made_of(base_url: str, provider: str, texts: list[str], **own: object) -> World:
    """One tier that asks in batches, at half its price; `own` options of it, where its batches are files."""
    half = Price(input=0.5, output=1.0)
    options = {**FILES, **own} if provider == "bedrock" else {}
    asked = tier(base_url, provider=provider, batch=True, batch_price=half, model="m", options=options)
    return world_of([request(text) for text in texts], asked)


def replayed(folder: RunFolder, made: World, *, wait: bool = True, cap_usd: float = 1.0) -> None:
    """Run to the end, or hand in and leave."""
    options = ReplayOptions(cap_usd=cap_usd, client=ClientOptions(backoff=Backoff(base_s=0.01)), pace=PACE)
    settings = ReplaySettings(attempts=3, wait=wait)
    run_replay(made.calls, made.requests, made.tiers, settings, folder, options)


def kill(*_: object) -> None:
    """End this process as a machine does that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, base_url: str, provider: str, moment: str, *texts: str) -> int:
    """Replay, and exit as the command line would."""
    if moment == "accept":
        Journal.accept = kill  # type: ignore[assignment, method-assign]
    if moment == "submit":
        whole = Journal.submit

        def submit(*arguments: object) -> None:
            whole(*arguments)  # type: ignore[arg-type]
            kill()

        Journal.submit = submit  # type: ignore[assignment, method-assign]
    try:
        replayed(RunFolder(folder), made_of(base_url, provider, list(texts)), wait=moment != "hand-in")
    except AuditError as error:
        print(error.code, error.what, *error.notes, sep="\n", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
