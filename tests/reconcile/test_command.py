"""`audit mix --reconcile` and `audit ingest --reconcile`: a log file and a bill file, to what is printed and kept."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder
from audit.core.reconciliation import Cause, Reconciliation, ReconciliationStep
from audit.findings.recount import disagreements
from audit.flow.reconciling import reconciliation_of
from audit.report.method import method
from tests.report import fixtures

START = datetime(2026, 9, 1, tzinfo=UTC)
SETTINGS = """\
ingest:
  map: {messages: chat, response: answer, model: engine, request_id: call, started_at: when, cost_usd: usd}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a log of five days, its bill with a credit of 10 %, and how to read them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    days: dict[tuple[int, str], float] = defaultdict(float)
    with Path("log.jsonl").open("w") as log:
        for number in range(120):
            at, model = START + timedelta(hours=number), ("big", "small")[number % 2]
            usd = 1.5 + number % 7
            days[number // 24, model] += usd
            call = {"chat": [{"role": "user", "content": "hi"}], "answer": "yes", "engine": model}
            log.write(json.dumps({**call, "call": f"c{number}", "when": at.isoformat(), "usd": usd}) + "\n")
    rows = [f"{(START + timedelta(days=day)).date()},{model},{0.9 * usd:.2f}" for (day, model), usd in days.items()]
    Path("bill.csv").write_text("date,model,cost\n" + "\n".join(rows) + "\n")
    Path("audit.yaml").write_text(SETTINGS)
    return tmp_path


def test_it_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the log through the credit to the bill, and each model."""
    assert run(["mix", "log.jsonl", "--reconcile", "bill.csv"]) == 0
    shown = capsys.readouterr().out
    assert "one share less than the log everywhere: a credit or a discount (10.0%)" in shown
    assert "Nothing is unexplained but for rounding." in shown
    assert "Read as invoice: day from `date`, amount from `cost`, model from `model`." in shown


def test_it_is_one_document(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` of both commands holds it, with every day and model."""
    assert run(["mix", "log.jsonl", "--reconcile", "bill.csv", "--json"]) == 0
    of_mix = json.loads(capsys.readouterr().out)["reconciliation"]
    assert run(["ingest", "log.jsonl", "--into", "run", "--reconcile", "bill.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reconciliation"] == of_mix
    assert len(of_mix["cells"]) == 10
    assert run(["mix", "log.jsonl", "--json"]) == 0
    assert "reconciliation" not in json.loads(capsys.readouterr().out)


def test_the_folder_keeps_it_for_its_own_traffic(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was reconciled stays until the folder holds another log."""
    assert run(["ingest", "log.jsonl", "--into", "run", "--reconcile", "bill.csv"]) == 0
    assert run(["ingest", "log.jsonl", "--into", "run"]) == 0
    kept = reconciliation_of(RunFolder("run"))
    assert kept is not None
    assert (kept.bill, kept.cells) == ("bill.csv", ())
    lines = Path("log.jsonl").read_text().splitlines(keepends=True)
    Path("log.jsonl").write_text("".join(lines[:-1]))
    assert run(["ingest", "log.jsonl", "--into", "run"]) == 0
    assert reconciliation_of(RunFolder("run")) is None
    capsys.readouterr()


def test_what_an_older_version_kept_is_not_read(place: Path) -> None:
    """The folder's manifest does not say that it has this form; everything else of the run is read as before."""
    assert run(["ingest", "log.jsonl", "--into", "run", "--reconcile", "bill.csv"]) == 0
    folder = RunFolder("run")
    folder.reconciliation.write_text('{"left_out": 0}', "utf-8")
    facts = folder.facts("reconciliation") or {}
    folder.record("reconciliation", facts["made_from"])
    assert reconciliation_of(folder) is None


def test_a_file_that_is_no_bill_says_what_to_do(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The log itself, given as the bill: exit 2, the columns seen, and how to name them; no value of the file."""
    assert run(["mix", "log.jsonl", "--reconcile", "log.jsonl"]) == 2
    said = capsys.readouterr().err
    assert "error[reconcile.unknown-bill]" in said
    assert "reconcile: {columns:" in said
    assert "hi" not in said.split()


def test_the_report_has_the_bill_below_the_ledger() -> None:
    """The steps stand there with amounts that add up as they are shown, and a wrong step is found."""
    steps = (
        ReconciliationStep(cause=Cause.SHARE_OFF, usd=-5.0, about="5.0%"),
        ReconciliationStep(cause=Cause.UNEXPLAINED, usd=2.0),
    )
    found = Reconciliation(
        bill="bill.csv", format="invoice", read_as="", log_usd=100.0, bill_usd=97.0, steps=steps, cells=()
    )
    whole = fixtures.proven()
    findings = replace(whole, mix=replace(whole.mix, reconciliation=found))
    rows = dict(method(findings, ()).ledger.rows)
    assert rows["Log, held against bill.csv"] == "$100.00"
    assert rows["– unexplained"] == "$2.00"
    assert rows["The bill"] == "$97.00"
    assert "mix.reconciliation" not in disagreements(findings)
    wrong = replace(findings, mix=replace(whole.mix, reconciliation=replace(found, bill_usd=90.0)))
    assert "mix.reconciliation" in disagreements(wrong)
