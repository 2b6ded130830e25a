"""Commands run under Python's audit hooks: what they execute, open and connect to, as lines of JSON.

Usage: `python -m tests.e2e.hooked FOLDER RUN < commands.json`. Events are told that concern a file below FOLDER and not
below RUN, code from a file below FOLDER, a socket, or another process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")


def main() -> None:
    """Run the commands and print what happened, after a line that says so."""
    from audit.cli.main import run

    folder, allowed = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    commands: list[list[str]] = json.load(sys.stdin)
    seen: list[dict[str, Any]] = []
    current: list[str] = []

    def inside(name: Any) -> bool:
        if not isinstance(name, str | bytes | os.PathLike):
            return False
        path = Path(os.path.abspath(os.fsdecode(name)))
        return path.is_relative_to(folder) and not path.is_relative_to(allowed)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        told = None
        if event == "open" and inside(args[0]):
            told = os.fsdecode(args[0])
        elif event == "exec" and Path(getattr(args[0], "co_filename", "")).is_relative_to(folder):
            told = args[0].co_filename
        elif event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
            told = str(args[1:])
        elif event in PROCESSES:
            told = str(args[:1])
        if told is not None:
            seen.append({"command": " ".join(current[:2]), "event": event, "what": told})

    sys.addaudithook(hook)
    codes = {}
    for current in commands:
        codes[" ".join(current)] = run(current)
    print("\n" + json.dumps({"seen": seen, "codes": codes}))


if __name__ == "__main__":
    main()
