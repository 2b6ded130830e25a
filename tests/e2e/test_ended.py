"""A route whose name was changed within the window: the old one is past, and says so where it would save."""

from __future__ import annotations

from pathlib import Path

from audit.cli.main import run
from audit.core.artifacts import read_run
from audit.core.finding import Verdict
from tests.e2e.tiny import record, write_answered

DAY = 86_400
CONFIG = """\
margin: 10pt
ingest: {route: metadata.route}
slice: {looks: 1}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {input: 0.1, output: 0.3}
    options: {answers: answers.jsonl, error_rates: {add: 0}}
routes: [{match: "*", candidates: [small], assert: [{type: equals, value: "{{incumbent.text}}"}]}]
"""


def test_what_a_route_that_has_ended_would_save_is_past(tmp_path: Path) -> None:
    """Both names hold the margin; of the one without traffic in the last week a caveat says that it is over."""
    records = []
    for number in range(480):
        start = 1_790_000_000 + number * DAY // 16
        route = "/old" if number < 240 else "/new"
        records.append(record(number, startTime=start, endTime=start + 1, metadata={"route": route}))
    log = write_answered(tmp_path, records)
    (tmp_path / "audit.yaml").write_text(CONFIG, "utf-8")
    config, out = str(tmp_path / "audit.yaml"), str(tmp_path / "run")
    assert run(["replay", str(log), "--config", config, "--out", out, "--yes"]) == 0
    found = read_run(out)
    assert {route.route: route.verdict for route in found.routes} == {"/old": Verdict.SWITCH, "/new": Verdict.SWITCH}
    (past,) = (caveat for caveat in found.caveats if "the last seven days" in caveat)
    assert past.startswith("/old has had no request")
