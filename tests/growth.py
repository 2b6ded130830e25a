"""What a line of the log costs, by stage, as the log grows: `python -m tests.growth [--keep] [LINES...]` prints it.

Each size runs in a process of its own, with one worker, on a log that this module writes: five routes, three models,
sessions, prompts of some hundred words, answers that a simulated tier can repeat. What is measured is processor time
and the most memory, so a busy machine disturbs it less than a clock would; the ratio between two sizes is what counts.
What a process does once, such as imports, is done on a short log before. The store stands beside the log, so that no
size meets what another one left; within a size each stage goes on from the one before, so that the replay draws no
sample again.

What is done for every line (reading, the mix, the ledger, the plan) must cost the same per line at every size, and what
is done for the sample (replay, scores, findings) must not follow the log: what the log adds to it, by the mix and the
ledger of the report, is less than what reading it costs. With --keep the figures are written down, and `docs/scale.md`
is computed from them.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

SIZES = (10_000, 100_000, 1_000_000)
KEPT = Path(__file__).with_name("growth.json")
FLAT = 1.2
"""How much more a line may cost on a log ten times as long."""

WARM_UP = 500

PER_LINE = ("ingest", "mix", "levers", "plan")
PER_SAMPLE = ("replay", "score")

ROUTES = ("/add", "/classify", "/extract", "/summarise", "/translate")
MODELS = ("acme-large-2", "acme-large-2", "acme-medium-1")
WORDS = tuple(f"{head}{tail}" for head in ("ba", "co", "di", "fu", "ge", "ha") for tail in ("ren", "mot", "sil", "tak"))
PROMPTS = 500
"""Different prompts of a route: a real log repeats itself, and the simulated tier must know every answer."""

CONFIG = """\
margin: 8pt
ingest: {route: metadata.route, tenant: metadata.team}
slice: {looks: 1, incumbent_min: 0, incumbent_share: 1%}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {input: 0.1, output: 0.3}
    options: {answers: answers.jsonl, error_rates: {any: 0.02}}
routes:
  - match: "*"
    candidates: [small]
    assert: [{type: equals, value: "{{incumbent.text}}"}]
"""


def prompt_of(route: int, number: int) -> tuple[str, str]:
    """A prompt of a route, and its answer."""
    draw = random.Random(route * PROMPTS + number)
    return " ".join(draw.choices(WORDS, k=120)), " ".join(draw.choices(WORDS, k=8))


def record(number: int, draw: random.Random, prompts: Mapping[tuple[int, int], tuple[str, str]]) -> dict[str, Any]:
    """One line of the log, as LiteLLM writes it."""
    route, model, start = draw.randrange(len(ROUTES)), draw.choice(MODELS), 1_790_000_000 + number * 2
    prompt, answer = prompts[route, draw.randrange(PROMPTS)]
    return {
        "id": f"chatcmpl-{number}",
        "litellm_call_id": f"call-{number}",
        "trace_id": f"trace-{number // 4}",
        "call_type": "acompletion",
        "status": "success",
        "model": model,
        "custom_llm_provider": "acme",
        "startTime": start,
        "endTime": start + 1.5,
        "prompt_tokens": 180,
        "completion_tokens": 12,
        "response_cost": 0.0012 if model == MODELS[0] else 0.0005,
        "messages": [{"role": "user", "content": prompt}],
        "response": {
            "id": f"chatcmpl-{number}",
            "model": model,
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"},
            ],
            "usage": {"prompt_tokens": 180, "completion_tokens": 12, "total_tokens": 192},
        },
        "model_parameters": {"temperature": 0, "max_tokens": 64},
        "metadata": {"route": ROUTES[route], "team": f"team-{draw.randrange(20)}"},
    }


def write_world(folder: Path, lines: int) -> Path:
    """A log of so many lines, its configuration, and what the tier may answer."""
    from audit.core.fingerprint import prompt_hash

    prompts = {(route, number): prompt_of(route, number) for route in range(len(ROUTES)) for number in range(PROMPTS)}
    draw = random.Random(lines)
    log = folder / "log.jsonl"
    with log.open("w", encoding="utf-8") as file:
        for number in range(lines):
            file.write(json.dumps(record(number, draw, prompts)) + "\n")
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for prompt, answer in prompts.values():
            known = {
                "prompt_hash": prompt_hash([{"role": "user", "content": prompt}]),
                "task": "any",
                "difficulty": "easy",
                "right": [{"text": answer}],
                "wrong": [{"text": "no idea"}],
            }
            file.write(json.dumps(known) + "\n")
    (folder / "audit.yaml").write_text(CONFIG, "utf-8")
    return log


def stages(folder: Path, log: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The stages of an audit, in their order; each goes on from what the one before it left."""
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow import preparation, reading, sequential
    from audit.levers.run import measure_levers
    from audit.llm.logprices import rates_of
    from audit.llm.tiers import resolve_tiers
    from audit.mix.run import measure_mix

    settings = load_settings(folder / "audit.yaml", overrides={"executor.workers": 1})
    run = RunFolder(folder / "run")
    yield "ingest", lambda: reading.ingest([log], settings, run)
    yield "mix", lambda: measure_mix(run.traffic_files(), resolve_tiers(settings))
    yield "levers", lambda: measure_levers(run.traffic_files(), rates_of(settings.tiers), run.body_files())
    yield "plan", lambda: preparation.prepare([log], settings, run)
    yield "replay", lambda: sequential.replay([log], settings, run, consent=lambda plan: True)
    yield "score", lambda: sequential.score(run, settings)


def spent_s() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def measure(lines: int) -> dict[str, dict[str, float]]:
    """Processor seconds of each stage, and the most memory in MB until its end."""
    with tempfile.TemporaryDirectory(prefix="audit-growth-") as folder:
        for name, stage in stages(Path(folder), write_world(Path(folder), WARM_UP)):
            if name in PER_LINE:
                stage()
    found = {}
    with tempfile.TemporaryDirectory(prefix="audit-growth-") as folder:
        log = write_world(Path(folder), lines)
        found["log"] = {"mb": log.stat().st_size / 1e6}
        for name, stage in stages(Path(folder), log):
            began = spent_s()
            done = stage()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            found[name] = {"cpu_s": spent_s() - began, "peak_mb": peak}
            if name == "plan":
                found[name]["calls"] = len(done.calls)
    return found


def measured_apart(lines: int) -> dict[str, dict[str, float]]:
    """The same in a fresh process, so that no size meets another's memory."""
    code = f"import json; from tests.growth import measure; print(json.dumps(measure({lines})))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def table(found: Mapping[int, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """Microseconds per line, or seconds in all, by stage and size, and the growth from each size to the next."""
    sizes = sorted(found)
    rows = [f"{'stage':<8} {'unit':<9}" + "".join(f"{size:>12,}" for size in sizes) + "   growth"]
    for name in (*PER_LINE, *PER_SAMPLE):
        whole = name in PER_SAMPLE
        values = [found[size][name]["cpu_s"] / (1 if whole else size / 1e6) for size in sizes]
        steps = [later / earlier for earlier, later in pairwise(values)]
        unit = "CPU s" if whole else "us/line"
        digits = 1 if not whole else 2
        rows.append(
            f"{name:<8} {unit:<9}"
            + "".join(f"{value:>12.{digits}f}" for value in values)
            + "   "
            + "  ".join(f"x{step:.2f}{' !' if step > FLAT and not whole else ''}" for step in steps)
        )
    rows.append(f"{'sample':<8} {'calls':<9}" + "".join(f"{found[size]['plan']['calls']:>12,.0f}" for size in sizes))
    peaks = [max(stage.get("peak_mb", 0.0) for stage in found[size].values()) for size in sizes]
    rows.append(f"{'peak':<8} {'MB':<9}" + "".join(f"{peak:>12,.0f}" for peak in peaks))
    rows.append(f"{'log':<8} {'MB':<9}" + "".join(f"{found[size]['log']['mb']:>12,.0f}" for size in sizes))
    return rows


def main(arguments: Sequence[str]) -> None:
    """Measure the sizes that are named, smallest first, and print the table after each."""
    sizes = [int(float(word)) for word in arguments if word != "--keep"] or list(SIZES)
    found: dict[int, dict[str, dict[str, float]]] = {}
    for size in sorted(sizes):
        began = time.monotonic()
        found[size] = measured_apart(size)
        print(f"{size:,} lines: {time.monotonic() - began:.0f} s", file=sys.stderr)
        print(json.dumps({str(size): found[size]}), file=sys.stderr)
    print("\n".join(table(found)))
    if "--keep" in arguments:
        KEPT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
