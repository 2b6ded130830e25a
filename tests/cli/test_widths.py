"""What commands print is read in 80 columns, whatever the names of routes, tenants, models and files are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from audit.cli.main import run
from audit.cli.terminal import PLAIN_WIDTH
from tests.e2e.tiny import record, write_answered

LONG = "payments-reconciliation-exceptions-reviewer-assist-of-the-second-line-"
"""Before what tells two names apart."""
ENDS = ("alpha", "omega")

CONFIG = """\
margin: 3pt
ingest: {{route: metadata.route, tenant: metadata.team}}
slice: {{looks: 1}}
tiers:
  - {{name: {tier}, model: {tier}, provider: simulated, price: {{input: 0.1, output: 0.3}},
     options: {{answers: answers.jsonl, seed: 1, error_rates: {{add/easy: 0.2}}}}}}
routes:
  - match: "*"
    assert: [{{type: numeric, value: "{{{{incumbent.text}}}}"}}]
gate:
  - {{name: quality holds wherever requests are moved elsewhere, when: "quality_delta{{route:*}} >= -3pt"}}
"""


def records() -> list[dict[str, Any]]:
    """Requests of two routes, tenants and models whose names differ at their ends alone."""
    made = []
    for number in range(120):
        end = ENDS[number % 2]
        one = record(number, model=f"{LONG}{end}", metadata={"route": f"/{LONG}{end}", "team": f"{LONG}{end}"})
        one["response"]["model"] = one["model"]
        made.append(one)
    return made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log, its configuration and a run of it."""
    folder = tmp_path_factory.mktemp("w")
    write_answered(folder, records())
    (folder / "audit.yaml").write_text(CONFIG.format(tier=f"{LONG}small"), "utf-8")
    told = ["replay", str(folder / "log.jsonl"), "--config", str(folder / "audit.yaml"), "--out", str(folder / "run")]
    assert run([*told, "--yes", "--quiet", "--no-store"]) == 0
    return folder


COMMANDS = {
    **{f"mix by {by}": ["mix", "LOG", "--by", by] for by in ("route", "tenant", "model")},
    "levers": ["mix", "LOG", "--levers"],
    "plan": ["plan", "LOG", "--config", "CONFIG", "--no-store"],
    "score": ["score", "RUN"],
    "show": ["show", "RUN"],
    "show a case": ["show", "RUN", "c-0001"],
    "gate": ["gate", "RUN"],
    "diff": ["diff", "RUN", "RUN"],
    "verify": ["verify", "PACK"],
    "tiers": ["tiers", "--config", "CONFIG"],
    "doctor": ["doctor"],
}
NAMING = {"mix by route", "mix by tenant", "mix by model", "plan", "score", "show", "gate"}
"""Commands whose rows are told apart by these names alone."""


def told(place: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints into a pipe."""
    paths = {"LOG": "log.jsonl", "CONFIG": "audit.yaml", "RUN": "run", "PACK": "e.zip"}
    if "PACK" in arguments:
        run(["report", str(place / "run"), "--pack", str(place / "e.zip")])
        capsys.readouterr()
    run([str(place / paths[one]) if one in paths else one for one in arguments])
    return capsys.readouterr().out


def is_unbreakable(line: str) -> bool:
    """A command to copy, or one word that is too long by itself: a path, an id, a name."""
    return "  audit " in line or len(line.replace("│", "").split()) <= 3


@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_is_longer_than_a_terminal_and_no_name_loses_its_end(
    name: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe as in a terminal: a CI log is read by people too."""
    monkeypatch.delenv("COLUMNS", raising=False)
    said = told(place, COMMANDS[name], capsys)
    assert said.strip()
    wide = [line for line in said.splitlines() if cell_len(line) > PLAIN_WIDTH and not is_unbreakable(line)]
    assert not wide
    if name in NAMING:
        flat = "".join(said.split())
        assert all(end in flat for end in ENDS)


def test_json_is_one_document_whatever_the_width(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of it is folded."""
    assert run(["gate", str(place / "run"), "--json"]) in (0, 1, 3)
    assert json.loads(capsys.readouterr().out)
