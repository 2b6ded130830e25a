"""What a store that machines share costs at size: `python -m tests.store_at_size 100000`.

One machine shares so many answers with a real S3 server, another takes them in, and looks again when nothing is new.
CPU seconds of this process, which is both machines, and the most memory that it held.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.storage.address import ObjectAddress
from audit.store.answers import AnswerStore
from audit.store.shared import SharedStore
from tests.object_servers import environment, s3_server, storage_at
from tests.store.test_answers import FULL, NAME

ADDRESS = ObjectAddress("s3", "audits/team")


def fill(folder: Path, answers: int) -> None:
    """Keep so many answers, of a few hundred letters each, as an earlier run would."""
    store = AnswerStore(folder, run="earlier")
    for number in range(answers):
        completion = replace(FULL, text=f"answer {number} " * 30)
        store.put(replace(NAME, request_fp=f"{number:064x}"), completion, 0.5)
    store.close()


def spent(what: str, answers: int, work: Callable[[], Any]) -> Any:
    """Do some work and print what it cost."""
    began = time.process_time()
    found = work()
    seconds = time.process_time() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {seconds:.2f} CPU s, {seconds / answers * 1e6:.0f} µs an answer, {megabytes:.0f} MB held at most")
    return found


def main(answers: int) -> None:
    """Share, take in, and look again."""
    with s3_server() as url, tempfile.TemporaryDirectory() as scratch:
        os.environ.update(environment(url))
        storage_at(url).create_dir("audits")
        mine, theirs = Path(scratch, "mine"), Path(scratch, "theirs")
        SharedStore(ADDRESS, mine).take_in()
        fill(mine, answers)
        spent("shared", answers, SharedStore(ADDRESS, mine).share)
        taken = spent("taken in", answers, SharedStore(ADDRESS, theirs).take_in)
        assert taken.answers == answers, f"{taken.answers} of {answers} arrived"
        spent("looked again", answers, SharedStore(ADDRESS, theirs).take_in)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
