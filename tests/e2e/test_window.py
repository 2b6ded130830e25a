"""What dollars of a log's window do not say: a log that keeps some of the calls, and costs that changed within it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.cli.main import run
from audit.core.artifacts import read_run
from audit.core.finding import Findings, Verdict
from tests.e2e.tiny import record, write_answered

DAY = 86_400
REQUESTS = 240
MAP = """
  map:
    messages: messages
    response: response.choices.0.message.content
    model: model
    started_at: startTime
    prompt_tokens: prompt_tokens
    completion_tokens: completion_tokens
    cost_usd: response_cost
    finish_reason: response.choices.0.finish_reason
    sampling_weight: kept"""
CONFIG = """\
margin: 10pt
ingest:
  route: metadata.route{map}
slice: {{looks: 1}}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {{input: 0.1, output: 0.3}}
    options: {{answers: answers.jsonl, error_rates: {{add: 0}}}}
routes: [{{match: "*", candidates: [small], assert: [{{type: equals, value: "{{{{incumbent.text}}}}"}}]}}]
"""


def audited(folder: Path, changes: dict[str, list[dict[str, Any]]], more: str = "") -> Findings:
    """A log of thirty days, all of whose requests the candidate answers rightly.

    Args:
        folder: For the log and the run.
        changes: By route, what is different about each of its records.
        more: Of `ingest:`.
    """
    records = []
    for route, ones in changes.items():
        for number, one in enumerate(ones):
            start = 1_790_000_000 + number * DAY // 8
            told = {"startTime": start, "endTime": start + 1, "metadata": {"route": route}}
            records.append(record(len(records), **told, **one))
    log = write_answered(folder, records)
    (folder / "audit.yaml").write_text(CONFIG.format(map=more), "utf-8")
    config, out = str(folder / "audit.yaml"), str(folder / "run")
    assert run(["replay", str(log), "--config", config, "--out", out, "--yes"]) == 0
    return read_run(out)


def test_a_log_that_keeps_some_calls_says_so_beside_its_dollars(tmp_path: Path) -> None:
    """Every record of a route stands for twenty calls: it is tested, and the report says what its dollars count."""
    kept: dict[str, list[dict[str, Any]]] = {
        "/all": [{"kept": 1}] * REQUESTS,
        "/some": [{"kept": 20}] * REQUESTS,
        "/uneven": [{"kept": 1 + number % 2} for number in range(REQUESTS)],
    }
    found = audited(tmp_path, kept, MAP)
    verdicts = {route.route: route.verdict for route in found.routes}
    assert verdicts == {"/all": Verdict.SWITCH, "/some": Verdict.SWITCH, "/uneven": Verdict.NOT_PROVEN}
    told = [caveat for caveat in found.caveats if "the calls that they stand for" in caveat]
    assert [caveat.partition(" calls. ")[0] for caveat in told] == [
        "Each record of /some stands for 20",
        "Each record of /uneven stands for 1 to 2",
    ]


def test_costs_that_changed_within_the_window_are_told(tmp_path: Path) -> None:
    """A price that fell to a tenth: what is saved is of the whole log, and a year of that is another matter."""
    cut = [{"response_cost": 0.0012 if number < REQUESTS // 2 else 0.00012} for number in range(REQUESTS)]
    steady = [{"response_cost": 0.0001 + 0.0002 * (number % 2)} for number in range(REQUESTS)]
    found = audited(tmp_path, {"/cut": cut, "/steady": steady})
    assert {route.verdict for route in found.routes} == {Verdict.SWITCH}
    (told,) = (caveat for caveat in found.caveats if "the log's last week" in caveat)
    assert told.startswith(
        "At the costs per request of the log's last week /cut and /steady would have cost $0.0768, and cost $0.21: "
    )
