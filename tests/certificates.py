"""What findings of many routes cost: `python -m tests.certificates ROUTES FOLDER [WORKERS...]`.

It writes a log of so many routes with two candidates each, whose requests show which of them a candidate gets wrong, so
that policies are fitted and tested on every route; replays it once, by simulated tiers; then runs `audit score` with
one worker and with two, where no score has to be worked out again, and prints what each took and whether both wrote the
same findings. A folder that has the run serves again.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.e2e.tiny import record
from tests.growth import spent_s

REQUESTS = 700
"""Of a route."""

HARD = 0.3
WORDS = tuple(f"{head}{tail}" for head in ("ba", "co", "di", "fu", "ge", "ha") for tail in ("ren", "mot", "sil", "tak"))
CONFIG = """\
margin: 3pt
ingest: {route: metadata.route, tenant: metadata.team}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {input: 0.1, output: 0.3}
    options: {answers: answers.jsonl, error_rates: {easy: 0.002, hard: 0.3}}
  - name: medium
    model: acme-medium-1
    provider: simulated
    price: {input: 0.4, output: 1.2}
    options: {answers: answers.jsonl, error_rates: {easy: 0.001, hard: 0.02}}
routes:
  - match: "*"
    candidates: [small, medium]
    assert: [{type: equals, value: "{{incumbent.text}}"}]
"""


def write_world(folder: Path, routes: int) -> Path:
    """A log of so many routes, its configuration, and what the tiers may answer."""
    from audit.core.fingerprint import prompt_hash

    folder.mkdir(parents=True, exist_ok=True)
    log, draw = folder / "log.jsonl", random.Random(routes)
    with log.open("w", encoding="utf-8") as calls, (folder / "answers.jsonl").open("w", encoding="utf-8") as answers:
        for number in range(routes * REQUESTS):
            hard = draw.random() < HARD
            words = " ".join(draw.choices(WORDS, k=80 if hard else 25))
            messages = [{"role": "user", "content": f"{'Prove' if hard else 'Name'} {number}: {words}"}]
            calls.write(json.dumps(_record(number, routes, messages)) + "\n")
            known: dict[str, Any] = {
                "prompt_hash": prompt_hash(messages),
                "task": "hard" if hard else "easy",
                "difficulty": "any",
                "right": [{"text": str(number)}],
                "wrong": [{"text": "no idea"}],
            }
            answers.write(json.dumps(known) + "\n")
    (folder / "audit.yaml").write_text(CONFIG, "utf-8")
    return log


def _record(number: int, routes: int, messages: list[dict[str, str]]) -> dict[str, Any]:
    one = record(number, messages=messages, metadata={"route": f"/route-{number % routes:03}", "team": "one"})
    one["response"]["choices"][0]["message"]["content"] = str(number)
    return one


def measured(folder: Path, *options: str) -> tuple[dict[str, float], bytes]:
    """What `audit score` takes of this machine with an executor, in a process of its own, and the findings' bytes."""
    command = [sys.executable, "-m", "audit", "--quiet", "score", str(folder / "run"), "--config", "audit.yaml"]
    began, spent = time.monotonic(), spent_s()
    subprocess.run([*command, *options], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    took = {"s": time.monotonic() - began, "cpu_s": spent_s() - spent}
    return took, (folder / "run" / "findings.json").read_bytes()


def main(arguments: list[str]) -> None:
    """Write and replay the world where it is not there, then conclude with one worker and with more."""
    routes, folder, *workers = arguments
    place = Path(folder).absolute()
    if not (place / "run" / "findings.json").exists():
        log = write_world(place, int(routes))
        command = [sys.executable, "-m", "audit", "--quiet", "replay", log.name, "--config", "audit.yaml", "--yes"]
        subprocess.run([*command, "--out", "run"], check=True, cwd=place, stdout=subprocess.DEVNULL)
    found = set()
    for number in workers or ["1", "2"]:
        took, findings = measured(place, "--workers", number)
        found.add(findings)
        print(f"{number} workers: {took['cpu_s']:.1f} CPU s, {took['s']:.1f} s", flush=True)
    print("the same findings" if len(found) == 1 else "THE FINDINGS DIFFER")


if __name__ == "__main__":
    main(sys.argv[1:])
