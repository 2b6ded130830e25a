"""A log whose answers are right or wrong by plan, and tiers that are right as often as their configuration says."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.tiny import record, write_answered

TODAY, TODAY_WRONG = "large-2", 0.07


def write_world(folder: Path, n: int, *, route: str = "/add", seed: int = 0) -> Path:
    """A log of n requests, some answered wrongly, with the right answers and what simulated tiers may say."""
    rng, records = random.Random(seed), [record(i, metadata={"route": route}) for i in range(n)]
    log = write_answered(folder, records)
    for one in records:
        if rng.random() < TODAY_WRONG:
            one["response"]["choices"][0]["message"]["content"] = "none"
    answers = [json.loads(line) for line in (folder / "answers.jsonl").read_text("utf-8").splitlines()]
    right = [{"prompt_hash": one["prompt_hash"], "reference": one["right"][0]["text"]} for one in answers]
    for name, lines in (("log.jsonl", records), ("references.jsonl", right)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return log


def write_tiers(
    folder: Path, wrong: Mapping[str, float], candidates: Sequence[str], *, margin: str = "10pt", more: str = ""
) -> Path:
    """A configuration with simulated tiers.

    Args:
        folder: Of the log.
        wrong: Share of wrong answers by tier; `TODAY` is the tier that served the log.
        candidates: Of the route.
        margin: Accepted loss.
        more: Further lines of `tiers:`.
    """
    dear, cheap = "{input: 8, output: 30}", "{input: 0.1, output: 0.3}"
    tiers = "".join(
        f"  - {{name: {name}, model: acme-{name}, provider: simulated, price: {dear if name == TODAY else cheap},\n"
        f"     options: {{answers: answers.jsonl, error_rates: {{add: {share}}}, seed: {seed}}}}}\n"
        for seed, (name, share) in enumerate(wrong.items())
    )
    config = folder / "audit.yaml"
    config.write_text(
        f"margin: {margin}\nmax_spend: $5\ningest: {{route: metadata.route}}\nreferences: {{path: references.jsonl}}\n"
        f"tiers:\n{tiers}{more}routes:\n  - match: '*'\n    candidates: [{', '.join(candidates)}]\n"
        '    assert: [{type: equals, value: "{{reference}}"}]\n',
        "utf-8",
    )
    return config
