"""Whole audits through the command line against an endpoint with the habits of real ones, one habit at a time.

`wire.csv` says in words what must be concluded; here each line has the check of it. The candidate is perfect unless the
habit says otherwise, so whatever is not about its answers must not count against it.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from audit.cli.main import run as run_command
from tests.cases.frame import CASES, Family, Result
from tests.server import free_port

SOURCE = CASES / "wire"
REQUESTS = 200

LOGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "log with max_completion_tokens": {"params": {"max_tokens": None, "max_completion_tokens": 64}},
    "log with seed": {"params": {"seed": 1}},
    "log with role developer": {"role": "developer"},
    "tool log": {"kind": "tool"},
}
"""What `make_log.py` is told, by the column `log`."""

DROP = ", adapt: [rename, role, drop]"
EFFORT = ', options: {{body: {{reasoning_effort: "{}"}}}}'


@dataclass(frozen=True)
class Run:
    """What an audit left behind; `said` is everything that it printed and wrote for people, on one line."""

    code: int
    said: str
    findings: dict[str, Any]

    @property
    def route(self) -> dict[str, Any]:
        """The one route."""
        return dict(self.findings["routes"][0]) if self.findings else {}

    @property
    def candidate(self) -> dict[str, Any]:
        """Its one candidate."""
        return dict(self.route["candidates"][0]) if self.route.get("candidates") else {}

    @property
    def verdict(self) -> str:
        """Of the route; "none" where the audit left no findings."""
        return str(self.route.get("verdict", "none"))

    @property
    def against(self) -> int:
        """Answers that count against the candidate."""
        return sum(self.candidate.get("counted_against", {}).values())

    def told(self) -> str:
        """The conclusion on a line."""
        return f"{self.verdict} (exit {self.code}): {self.route.get('reason', self.said[-200:])}"


Check = Callable[[Run], bool]


def switch(run: Run) -> bool:
    """The candidate is recommended for the whole route."""
    return run.verdict == "switch"


def switch_and(*words: str) -> Check:
    """A Switch, and one of these words is said."""
    return lambda run: switch(run) and any(word in run.said for word in words)


def open_and(*words: str) -> Check:
    """Not proven, nothing against the candidate, and one of these words is said."""
    return lambda run: run.verdict == "not_proven" and not run.against and any(word in run.said for word in words)


def stopped(*words: str) -> Check:
    """Never worse than Not proven, nothing against the candidate, not a success, and one of these words is said."""
    return lambda run: (
        run.code != 0
        and run.verdict in ("none", "not_proven")
        and not run.against
        and any(word in run.said for word in words)
    )


def against(status: str) -> Check:
    """About a tenth counts against the candidate under this word."""
    return lambda run: run.verdict != "switch" and run.candidate.get("counted_against", {}).get(status, 0) > 0


def priced(tokens: float) -> Check:
    """A Switch whose candidate is billed for about this many completion tokens a call."""

    def check(run: Run) -> bool:
        found = (run.candidate.get("cost") or {}).get("output") or {}
        return switch(run) and abs(found.get("candidate", 0.0) - tokens) <= 0.02 * tokens

    return check


def noted(*words: str) -> Check:
    """Anything but a silent conclusion."""
    return lambda run: any(word in run.said.lower() for word in words)


CHECKS: dict[str, Check] = {
    **dict.fromkeys(("ok", "content-list", "output-text-list", "429-ms", "429-date", "429-google-quota"), switch),
    **dict.fromkeys(("529", "200-error-str", "200-choice-error", "finish-null", "finish-end-turn"), switch),
    **dict.fromkeys(("usage-float", "refusal-empty", "gzip", "deflate", "br", "zstd", "chunked"), switch),
    **dict.fromkeys(("keepalive-prefix", "nan", "ws", "tool-calls", "tool-calls-dict", "tool-finish-stop"), switch),
    "stream-400": lambda run: switch(run) or open_and("only streams")(run),
    "always-sse": lambda run: switch(run) or open_and("only streams", "stream")(run),
    "reasoning-content": priced(300),
    "usage-no-reason": priced(503),
    "think-only": lambda run: run.verdict != "switch" and noted("reasoning")(run),
    "think-trunc": lambda run: run.verdict != "switch" and noted("truncated", "cut", "limit")(run),
    "need-max-completion": switch_and("`max_tokens` is sent as `max_completion_tokens`"),
    "no-max-completion": switch_and("`max_completion_tokens` is sent as `max_tokens`"),
    "temp-400": open_and("does not take `temperature`"),
    "temp-400 drop": switch_and("`temperature` is left out"),
    "unknown-400-litellm": open_and("does not take `seed`"),
    "unknown-400-litellm drop": switch_and("`seed` is left out"),
    "unknown-400-groq": open_and("does not take `seed`"),
    "unknown-400-groq drop": switch_and("`seed` is left out"),
    "dev-role-400": switch_and("role `developer` are sent as `system`"),
    **dict.fromkeys(("ctx-openai", "ctx-vllm", "ctx-anthropic-litellm"), against("too_long")),
    **dict.fromkeys(("filter-azure", "filter-azure-resp", "filter-gemini-empty", "refusal"), against("refused")),
    "429-quota": stopped("quota", "credit"),
    "200-error-always": noted("could not be measured"),
    "finish-MAX": against("truncated"),
    **dict.fromkeys(
        ("usage-missing", "usage-null", "usage-zero"),
        lambda run: switch(run) and bool(run.findings["replay_cost_estimated"]) and run.findings["replay_cost_usd"] > 0,
    ),
    "latin1": noted("could not be measured", "cannot be read", "could not be read", "decoded"),
    "eos": switch_and("control token", "<|im_end|>", "end token"),
    "403-ip": stopped("403", "forbid"),
    "404-model": stopped("model"),
    "405": stopped("address", "base_url", "path"),
    "html200": stopped("web page", "no API", "not an API"),
    "wrongmodel": switch_and("some-other-model-9000"),
    "tool-text": lambda run: run.verdict == "keep" and noted("as text", "tool")(run),
    "echo-effort:high": switch,
    "echo-effort:low": lambda run: run.verdict == "keep",
}


def audit(home: Path, url: str, mode: str, log: str) -> Run:
    """Make the log, write the configuration, and run `audit replay`."""
    home.mkdir()
    told = json.dumps(LOGS[log])
    subprocess.run(
        [sys.executable, str(SOURCE / "make_log.py"), str(REQUESTS), str(home / "log.jsonl"), told], check=True
    )
    habit, _, how = mode.partition(" ")
    more = DROP if how == "drop" else ""
    if habit.startswith("echo-effort:"):
        habit, more = habit.split(":")[0], EFFORT.format(habit.split(":")[1])
    criterion = "{type: tool-call}" if log == "tool log" else '{type: numeric, value: "{{incumbent.text}}"}'
    (home / "audit.yaml").write_text(
        "margin: 3pt\nmax_spend: $1\ningest: {route: metadata.route}\n"
        f'tiers: [{{name: small, model: "m:{habit}", provider: openai-compatible, base_url: "{url}"{more}, '
        "price: {input: 0.1, output: 0.3}}]\n"
        f'routes: [{{match: "/add", candidates: [small], assert: [{criterion}]}}]\n',
        "utf-8",
    )
    command = ["replay", str(home / "log.jsonl"), "--config", str(home / "audit.yaml"), "--out", str(home / "run")]
    out, err = io.StringIO(), io.StringIO()
    # In this process: half of the time of an audit this small would be Python reading its modules.
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command([*command, "--yes"])
    summary, findings = home / "run" / "summary.md", home / "run" / "findings.json"
    read = json.loads(findings.read_text("utf-8")) if findings.exists() else {}
    texts = [out.getvalue(), err.getvalue(), summary.read_text("utf-8") if summary.exists() else ""]
    texts.append(json.dumps({k: read.get(k) for k in ("caveats", "provenance")}))
    return Run(code=code, said=" ".join(" ".join(texts).split()), findings=read)


def cases() -> list[tuple[str, str, str]]:
    """(mode, log, expected in words) of every line; where dropping may be allowed, once without and once with it."""
    found = []
    with (SOURCE / "wire.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            mode, log, expected = row["mode"], row["log"], row["right conclusion"]
            names = ["echo-effort:high", "echo-effort:low"] if mode.startswith("echo-effort") else [mode]
            names += [f"{mode} drop"] if f"{mode} drop" in CHECKS else []
            found += [(name, log, expected) for name in names]
    return found


def run() -> Iterator[Result]:
    """Every line of the table."""
    port = free_port()
    server = subprocess.Popen([sys.executable, str(SOURCE / "quirky_server.py"), str(port)])
    try:
        _wait_for(port)
        with tempfile.TemporaryDirectory(prefix="wire-") as scratch:
            for number, (mode, log, expected) in enumerate(cases()):
                got = audit(Path(scratch) / str(number), f"http://127.0.0.1:{port}/v1", mode, log)
                right = CHECKS[mode](got) if got.findings or got.code else False
                yield Result(case=f"{mode}, {log}", expected=expected, got=got.told(), right=right)
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(port: int) -> None:
    for _ in range(1_200):
        try:
            with urlopen(f"http://127.0.0.1:{port}/v1/models"):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("the endpoint did not start")


FAMILY = Family(name="wire", source=SOURCE, run=run)
