"""What it costs to go on with a replay whose calls are all made: `python -m tests.resumed [CALLS]` prints it.

The calls are made first, at a simulated tier; then a fresh process finds every one of them in the journal. Both print
their processor time, without what is read of the log before and what is concluded of the answers afterwards.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.growth import CONFIG, WORDS, spent_s

CALLS = 500_000
SETTINGS = CONFIG.replace("margin: 8pt", "margin: 0.1pt")
"""So narrow a margin that nearly every request of the log is in the sample."""
SPARE = 1.13
"""Lines of the log for each call."""


def write_world(folder: Path, lines: int) -> None:
    """A log in which no request comes twice, its configuration, and what the tier may answer."""
    from audit.core.fingerprint import prompt_hash

    with (folder / "log.jsonl").open("w") as log, (folder / "answers.jsonl").open("w") as answers:
        for number in range(lines):
            draw = random.Random(number)
            messages = [{"role": "user", "content": " ".join([*draw.choices(WORDS, k=40), str(number)])}]
            text = " ".join(draw.choices(WORDS, k=8))
            log.write(json.dumps(_record(number, messages, text)) + "\n")
            known = {"prompt_hash": prompt_hash(messages), "task": "any", "difficulty": "easy"}
            answers.write(json.dumps({**known, "right": [{"text": text}], "wrong": [{"text": "no idea"}]}) + "\n")
    (folder / "audit.yaml").write_text(SETTINGS, "utf-8")


def _record(number: int, messages: list[dict[str, str]], text: str) -> dict[str, Any]:
    start = 1_790_000_000 + number * 2
    return {
        "id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "status": "success",
        "model": "acme-large-2",
        "custom_llm_provider": "acme",
        "startTime": start,
        "endTime": start + 1.5,
        "messages": messages,
        "response": {
            "id": f"chatcmpl-{number}",
            "model": "acme-large-2",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 160, "completion_tokens": 32, "total_tokens": 192},
        },
        "prompt_tokens": 160,
        "completion_tokens": 32,
        "response_cost": 0.002,
        "metadata": {"route": f"/{number % 5}"},
    }


def ask(folder: Path) -> None:
    """Make the calls of the plan that have no result yet, and print what that cost."""
    from audit.cli.lean import collect_rarely, give_memory_back

    collect_rarely()  # as every command does
    give_memory_back()
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow.asking import Asking
    from audit.flow.planning import prepared
    from audit.replay.meter import SilentMeter

    settings = load_settings(folder / "audit.yaml", overrides={"executor.workers": 1})
    run = prepared([folder / "log.jsonl"], settings, RunFolder(folder / "run"))
    asking = Asking.open(run, SilentMeter())
    began = spent_s()
    asking.ask(run.calls)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{len(run.calls):,} calls: {spent_s() - began:.1f} CPU s, at most {peak:,.0f} MB in all", flush=True)


def main(calls: int) -> None:
    """Write the log, make the calls, and go on with them in another process."""
    with tempfile.TemporaryDirectory(prefix="audit-resumed-") as folder:
        write_world(Path(folder), int(calls * SPARE))
        for what in ("made", "found in the journal"):
            print(f"{what}: ", end="", flush=True)
            code = f"from pathlib import Path; from tests.resumed import ask; ask(Path({folder!r}))"
            subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else CALLS)
