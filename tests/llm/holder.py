"""A process that holds places of an allowance until it is killed: `python -m tests.llm.holder FILE MOST WANTED`."""

from __future__ import annotations

import os
import signal
import sys

from audit.llm.allowance import Allowance


def main(path: str, most: str, wanted: str) -> int:
    """Take them, say how many there were, and stay."""
    allowance = Allowance(os.open(path, os.O_RDWR))
    allowance.join()
    print(sum(allowance.take_place(0, int(most)) is not None for _ in range(int(wanted))), flush=True)
    signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
