"""`audit renew` on a run folder, by the command line."""

import json
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder, read_renewal, write_findings
from audit.core.finding import Findings
from audit.core.interval import Estimate
from tests.golden_file import assert_golden
from tests.renewal.world import audited, kept, moved

GOLDEN = Path(__file__).parent / "golden"
CONTRACT = """
seed: 5
contract:
  growth:
    - {name: low, probability: 40%, monthly: -1%}
    - {name: high, probability: 60%, monthly: 2%, spread: 5%}
  vendors:
    - name: Aurora
      models: [aurora-*]
      discount: 10%
      minimum_usd: $40000
      overage: 120%
      discounts: [{from: $120000, discount: 5%}]
      retires: [{model: aurora-4, on: 2026-10-01}]
    - {name: Birch, models: ["birch-*"], minimum_usd: $50000}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a contract, 80 columns, no colour."""
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    Path("audit.yaml").write_text(CONTRACT)


def example() -> Findings:
    """An audit that proved one of two routes movable."""
    return audited(kept("/a", 80_000.0), moved("/b", 30_000.0, Estimate(est=2e4, lo=1.8e4, hi=2.1e4, level=0.95)))


def saved(findings: Findings) -> str:
    """A run folder with these findings."""
    folder = RunFolder("run").create()
    write_findings(folder.findings, findings)
    folder.record("findings", {"scores": "x"})
    return "run"


def test_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """What to sign first, then each vendor, then every assumption with its origin."""
    assert run(["renew", saved(example())]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert max(map(len, out.splitlines())) <= 80
    assert_golden(GOLDEN / "renew.txt", out)


def test_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """The page of the command."""
    assert run(["renew", "--help"]) == 0
    assert_golden(GOLDEN / "renew-help.txt", capsys.readouterr().out)


def test_the_document_is_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints what `renewal.json` holds, and nothing else."""
    assert run(["renew", saved(example()), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "audit-renewal/1"
    assert document == json.loads(Path("run/renewal.json").read_text())
    assert {line["origin"] for line in document["assumptions"]} >= {"measured", "audit.yaml", "assumed"}


@pytest.mark.parametrize("name", ["renewal.csv", "renewal.md"])
def test_the_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`-o` writes a table beside, in the format that the name asks for."""
    assert run(["renew", saved(example()), "-o", name]) == 0
    assert capsys.readouterr().out.startswith("Sign ")
    assert_golden(GOLDEN / name, Path(name).read_text("utf-8"))


def test_without_a_contract(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to add, and exits 2."""
    Path("audit.yaml").write_text("margin: 3pt")
    assert run(["renew", saved(example())]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert_golden(GOLDEN / "renew-no-contract.txt", err)
    assert not Path("run/renewal.json").exists()


@pytest.mark.parametrize(
    ("contract", "argv", "code"),
    [
        (CONTRACT, ["-o", "renewal.xlsx"], "usage"),
        (CONTRACT.replace("months", "x"), ["--config", "absent.yaml"], "config.missing"),
        (
            "contract: {vendors: [{name: a, models: ['*'], prices: [{model: aurora-4, input: 1, output: 2}]}]}",
            [],
            "renew.price",
        ),
    ],
)
def test_what_cannot_run(contract: str, argv: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with the code; nothing is kept."""
    Path("audit.yaml").write_text(contract)
    assert run(["renew", saved(example()), *argv]) == 2
    assert f"error[{code}]" in capsys.readouterr().err


def test_a_log_without_spend(capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to renew."""
    assert run(["renew", saved(audited(kept("/a", 0.0)))]) == 2
    assert "error[renew.no-spend]" in capsys.readouterr().err


def test_new_findings_need_a_new_renewal() -> None:
    """A renewal that was made from other findings is not shown."""
    folder = RunFolder(saved(example()))
    assert run(["renew", "run", "--quiet"]) == 0
    assert read_renewal(folder) is not None
    write_findings(folder.findings, audited(kept("/a", 80_000.0)))
    assert read_renewal(folder) is None


def test_names_of_strangers(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of routes and vendors move no cursor and write no formula."""
    saving = Estimate(est=2e4, lo=1.8e4, hi=2.1e4, level=0.95)
    Path("audit.yaml").write_text('contract: {vendors: [{name: "=\\e[2Jx|y", models: ["*"]}]}')
    assert run(["renew", saved(audited(moved("\x1b[2J/b\n::error::", 30_000.0, saving))), "-o", "t.csv"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert not [line for line in out.splitlines() if line.lstrip().startswith("::")]
    assert Path("t.csv").read_text().splitlines()[1].startswith("'=")
