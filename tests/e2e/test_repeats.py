"""A tier that samples, by the command line: what repeats cost is said before, and what they show after."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_cases, read_run
from audit.findings.recount import disagreements
from audit.replay.journal import JournalLedger
from tests.e2e.tiny import record, write_answered

REQUESTS = 500
CONFIG = """\
margin: 8pt
ingest: {{route: metadata.route}}
slice: {{looks: 1}}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {{input: 0.1, output: 0.3}}
    repeats: {repeats}
    options: {{answers: answers.jsonl, error_rates: {{add: 0.03}}, run_to_run: 1.0, seed: {seed}}}
routes:
  - match: "*"
    candidates: [small]
    assert: [{{type: equals, value: "{{{{incumbent.text}}}}"}}]
gate:
  - {{name: quality holds, when: "quality_delta{{route:/add}} >= -8pt"}}
"""


def write(folder: Path, *, repeats: int, seed: int = 0) -> list[str]:
    """A log, what the tier may answer to it, and the configuration; as arguments."""
    records = [record(number) for number in range(REQUESTS)]
    log = write_answered(folder, records)
    (folder / "audit.yaml").write_text(CONFIG.format(repeats=repeats, seed=seed), "utf-8")
    return [str(log), "--config", str(folder / "audit.yaml"), "--out", str(folder / "run")]


def test_repeats_from_the_quote_to_the_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once each, then three times: only the further answers are asked, and plan, JSON, report and gate say so."""
    assert run(["replay", *write(tmp_path, repeats=1), "--yes"]) == 0
    folder = RunFolder(tmp_path / "run")
    single, before = read_run(folder.path).routes[0].candidates[0], JournalLedger.read(folder.journal).results
    assert single.repeats is None
    capsys.readouterr()
    arguments = write(tmp_path, repeats=3)
    assert run(["plan", *arguments, "-o", str(tmp_path / "plan.json")]) == 0
    assert "3 times each" in capsys.readouterr().out
    assert run(["replay", *arguments, "--yes"]) == 0
    after, route = JournalLedger.read(folder.journal).results, read_run(folder.path).routes[0]
    assert before.keys() < after.keys()
    assert all(after[name] == result for name, result in before.items())
    # Dollars are those of the first answers.
    assert route.candidates[0].saving_usd == single.saving_usd

    made = route.recommendation
    assert made.repeats is not None
    assert made.repeats.asked == 3
    assert 0 < made.repeats.disagree < made.repeats.requests == made.pairs.n
    assert made.quality_delta is not None
    assert -made.pairs.only_today / made.pairs.n == pytest.approx(made.quality_delta.est, abs=1e-6)
    assert disagreements(read_run(folder.path)) == []
    capsys.readouterr()
    assert run(["gate", str(folder.path), "--config", str(tmp_path / "audit.yaml")]) == 0
    assert made.repeats.words in " ".join(capsys.readouterr().out.split())
    for told in (folder.report, folder.summary):
        assert "3 answers to each request" in told.read_text("utf-8")
    sides = [case.candidate for case in read_cases(folder.cases)]
    assert all(side.asked == 3 and "of 3 answers" in side.answers for side in sides)
    assert all(side.accepted or not side.passed for side in sides)
