"""Options that leave nothing to do are refused with what is in the way: an empty audit would read as a clean one."""

import json
from pathlib import Path

import pytest

from audit.cli.main import run
from tests.e2e.tiny import write_config, write_log

LOG = ("log.jsonl", "--config", "audit.yaml", "--out", "run")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of one route that 160 requests can decide, a priced tier, and a second route without an entry."""
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path / "log.jsonl", 160)
    other = write_log(tmp_path / "other.jsonl", 2, metadata={"route": "/plain"})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write(other.read_text("utf-8").replace("chatcmpl-", "plain-").replace("call-", "plain-"))
    config = write_config(tmp_path / "audit.yaml")
    dear = '  - {name: dear, model: acme-large-2, provider: openai-compatible, base_url: "http://127.0.0.1:9/v1",\n'
    text = config.read_text("utf-8").replace("tiers:\n", f"tiers:\n{dear}     price: {{input: 9, output: 9}}}}\n")
    config.write_text(text.replace("max_spend: $1\n", ""), "utf-8")
    return tmp_path


@pytest.mark.parametrize("command", [["plan"], ["replay", "--yes"]])
@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--tier", "smal"], "tier.unknown", "did you mean `small`?"),
        (["--route", "/ad"], "route.unknown", "did you mean `/add`?"),
        (["--tier", "dear"], "slice.nothing", "/add: on acme-large-2 today"),
        (["--route", "/plain"], "slice.nothing", "/plain: no entry of `routes:` fits it"),
    ],
)
def test_a_choice_that_leaves_nothing(
    capsys: pytest.CaptureFixture[str], command: list[str], options: list[str], code: str, says: str
) -> None:
    """Names that are not there, a tier that is nowhere a candidate, and a route that nothing is said of."""
    assert run([*command, *LOG, *options]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"error[{code}]" in said.err
    assert says in " ".join(said.err.split())
    assert not Path("run/findings.json").exists()


@pytest.mark.parametrize(
    ("more", "idle"),
    [
        ("", []),
        ('  - {match: "/ad"}\n', ["/ad"]),
        ('  - {match: "/add"}\n  - {match: "/a*"}\n', ["/add", "/a*"]),  # the entry above fits them first
        ('  - {match: "/plain"}\n  - {match: "*"}\n', []),
    ],
)
def test_an_entry_without_effect_is_said_before_anything_is_spent(
    more: str, idle: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that was written in another way, or one that an entry above takes, would be criteria that never count."""
    config = Path("audit.yaml")
    config.write_text(config.read_text("utf-8").replace("gate:\n", f"{more}gate:\n"), "utf-8")
    assert run(["plan", *LOG, "-o", "plan.json"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert ("Without effect in `routes:`" in said) is bool(idle)
    assert all(f"`{match}`" in said for match in idle)
    assert json.loads(Path("plan.json").read_text("utf-8")).get("idle", []) == idle


@pytest.mark.parametrize("fixed", [[], ["--fixed"]])
def test_a_cap_that_begins_nothing(capsys: pytest.CaptureFixture[str], fixed: list[str]) -> None:
    """The quote is shown and its plan not offered; the replay is refused, by the plan too, before anything is sent."""
    assert run(["plan", *LOG, "--max-spend", "0.0000001", *fixed, "-o", "plan.json"]) == 2
    quote = capsys.readouterr().out
    assert "Cap     $0.0000001;" in quote
    assert "audit replay" not in quote
    for argv in ([*LOG, "--yes", "--max-spend", "0.0000001", *fixed], ["plan.json"]):
        assert run(["replay", *argv]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "the cap of $0.0000001 is too low to begin any route" in said
        assert "$0.00 spent" in said
    if not fixed:  # what is named begins a route: the refusal is the endpoint's then
        (enough,) = (word for before, word in zip(said.split(), said.split()[1:], strict=False) if "--max" in before)
        assert run(["replay", *LOG, "--yes", "--max-spend", enough]) == 2
        assert "error[replay.unreachable]" in capsys.readouterr().err


def test_a_saved_plan_is_run_with_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    """What a plan offers to run is that plan: its candidates, routes, seed, looks and cap, and none is taken for a
    change of the configuration."""
    options = ["--route", "/a*", "--tier", "small", "--seed", "5", "--fixed", "--max-spend", "0.2"]
    assert run(["plan", *LOG, *options, "-o", "plan.json"]) == 0
    assert "To run this plan: audit replay plan.json" in " ".join(capsys.readouterr().out.split())
    assert run(["replay", "plan.json", "--dry-run", "--json"]) == 0
    saved, now = json.loads(Path("plan.json").read_text("utf-8")), json.loads(capsys.readouterr().out)
    assert saved["made_from"] == now["made_from"]
    assert now["max_spend_usd"] == pytest.approx(0.2)
    assert run(["replay", "plan.json"]) == 2
    assert "error[replay.unreachable]" in capsys.readouterr().err


def test_a_watch_that_compares_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A day outside of the log would leave no series, and that is no good news."""
    assert run(["watch", "log.jsonl", "--config", "audit.yaml", "--before", "2001-01-01"]) == 2
    assert "leaves no day to compare" in capsys.readouterr().err
