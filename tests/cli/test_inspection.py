"""`audit show`, `diff`, `runs`, `prices`, `tiers`: what they print, and when they exit 2."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.cli.main import run
from audit.cli.printing.tiers import print_prices, reached_lines
from audit.cli.switches import Switches
from audit.cli.terminal import Terminal
from audit.config.load import gate_places, load_settings
from audit.core.artifacts import RunFolder, write_cases, write_findings
from audit.core.finding import Findings, ReplayCounts, Verdict
from audit.core.tier import Price
from audit.flow.comparison import compare
from audit.flow.endpoints import KnownPrice, Reached, reach_tiers
from tests.gate.test_outputs import HOSTILE
from tests.gate.world import example, interval, judged, left_alone, world
from tests.golden_file import assert_golden
from tests.report.fixtures import cases, scan_only

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, 80 columns, no colour."""
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def saved(name: str, findings: Findings) -> str:
    """A run folder with findings and cases."""
    folder = RunFolder(Path(name)).create()
    write_findings(folder.findings, findings)
    write_cases(folder.cases, cases())
    folder.record("findings", {"scores": "x"})
    return name


def printed(capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> str:
    """What a command prints on stdout, with nothing on stderr."""
    capsys.readouterr()
    assert run(list(argv)) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What a command prints on stderr when it exits 2."""
    capsys.readouterr()
    assert run(list(argv)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_show_lists_cases(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a case, the run's cases with what differs in each."""
    assert_golden(GOLDEN / "show-list.txt", printed(capsys, "show", saved("run", example())))


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    """The request, both answers, and each criterion; every line that a stranger wrote is behind a bar."""
    out = printed(capsys, "show", saved("run", example()), cases()[0].case_id)
    assert_golden(GOLDEN / "show.txt", out)


def test_show_by_the_exchanges_id(capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning of the exchange's id will do; --json has the whole case."""
    folder = saved("run", example())
    write_cases(RunFolder(folder).cases, [replace(cases()[0], exchange_id="abcdef0123456789")])
    document = json.loads(printed(capsys, "show", folder, "abcdef", "--json"))
    assert document["exchange_id"] == "abcdef0123456789"
    assert document["request"] == cases()[0].request


def test_show_is_safe_with_any_text(capsys: pytest.CaptureFixture[str]) -> None:
    """No line of a request or an answer starts a command of a CI runner or moves the cursor, whatever ends a line."""
    attack = "x\n::error::y\r::stop-commands::z\u2028##[warning]a\x1b[2J\u202eb\v\f::add-mask::c"
    case = cases()[0]
    side = replace(case.candidate, text=attack, tier=attack, results=({"criterion": attack, "reason": attack},))
    hostile = replace(case, route=attack, request=attack, candidate=side, metadata={"k": attack}, tenant=attack)
    folder = saved("run", example())
    write_cases(RunFolder(folder).cases, [hostile])
    for argv in (("show", folder), ("show", folder, hostile.case_id)):
        out = printed(capsys, *argv)
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert "##[" not in out
        assert not [line for line in out.splitlines() if line.lstrip().startswith("::")]
    assert "│ ::error::y" in out.splitlines()


def test_show_of_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown case suggests the near one; a run without cases says why."""
    folder = saved("run", example())
    near = cases()[0].case_id
    assert f"did you mean `{near}`?" in refused(capsys, "show", folder, near + "0")
    write_cases(RunFolder(folder).cases, [])
    assert "error[case.none]" in refused(capsys, "show", folder, near)
    assert "error[run.missing]" in refused(capsys, "show", "nowhere")


def later() -> Findings:
    """The example, a month on: one route gone, one new, one verdict changed, dearer."""
    routes = (
        judged("doc-extract", interval(-0.009, -0.018, 0.0), n=2110),
        left_alone("support-triage", Verdict.KEEP),
        judged("chat-assist", interval(-0.01, -0.045, 0.02), n=720),
        left_alone("code-review", Verdict.KEEP),
        left_alone("new-route", Verdict.NOT_PROVEN),
    )
    found = replace(world(*routes), run_id="2c41d08b0000", spend_usd=6000.0, margin=0.02)
    return replace(found, provenance=replace(found.provenance, seed=99, tool_version="0.2.0"))


def test_diff(capsys: pytest.CaptureFixture[str]) -> None:
    """Figures, mix, and the routes whose verdict changed; what the two were not made from alike."""
    out = printed(capsys, "diff", saved("a", example()), saved("b", later()))
    assert_golden(GOLDEN / "diff.txt", out)
    assert max(map(len, out.splitlines())) <= 100


def test_diff_of_a_run_with_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing changed."""
    folder = saved("a", example())
    out = printed(capsys, "diff", folder, folder)
    assert "No verdict changed (5 routes)." in out
    assert "They differ" not in out
    assert "(unchanged)" in out


def test_diff_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers are numbers, an interval has its ends, and a route that an audit lacks is null."""
    document = json.loads(printed(capsys, "diff", saved("a", example()), saved("b", later()), "--json"))
    routes = {route["route"]: route for route in document["routes"]}
    assert routes["new-route"]["before"] is None
    assert routes["email-summary"]["after"] is None
    assert [name for name, route in routes.items() if route["changed"]] == [
        *("email-summary", "new-route", "support-triage"),
    ]
    assert document["before"]["avoidable_usd"].keys() == {"est", "lo", "hi", "level"}
    assert document["made_from"] == ["seed", "version of audit"]


def test_diff_says_what_one_has_to_know() -> None:
    """Demo, simulated and incomplete runs are named, and an untested one has nothing avoidable."""
    counts = ReplayCounts(planned=9, done=3, by_status={"ok": 3}, served_from={}, retried=0, complete=False)
    found = compare(example(demo=True, simulated=("mini",), replay=counts), scan_only())
    assert (found.before.demo, found.before.simulated, found.before.complete) == (True, ("mini",), False)
    assert found.after.avoidable_usd is None
    assert {route.after.verdict for route in found.routes if route.after} == {None}


def test_names_are_inert_in_a_diff(capsys: pytest.CaptureFixture[str]) -> None:
    """Untrusted route names command nobody."""
    after = world(*(judged(name, interval(-0.01, -0.02, 0.0)) for name in HOSTILE))
    out = printed(capsys, "diff", saved("a", example()), saved("b", after))
    assert "\x1b" not in out
    assert "##[" not in out
    assert not [line for line in out.splitlines() if line.lstrip().startswith("::")]


def past(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """What `audit runs` prints of runs in every state."""
    Path("runs").mkdir()
    saved("runs/first", example())
    saved("runs/demo", example(demo=True, window={"from": "2026-09-01", "to": "2026-09-30"}))
    counts = ReplayCounts(planned=9, done=3, by_status={"ok": 3}, served_from={}, retried=0, complete=False)
    saved("runs/stopped", example(replay=counts))
    saved("runs/mix-only", scan_only())
    for name in ("read", "planned", "begun"):
        RunFolder(f"runs/{name}").create().record("traffic", {})
    for name in ("planned", "begun"):
        RunFolder(f"runs/{name}").plan.write_text("{}")
    RunFolder("runs/begun").journal.parent.mkdir()
    RunFolder("runs/begun").journal.write_text("{}\n")
    saved("runs/broken", example())
    Path("runs/broken/findings.json").write_text("{")
    Path("runs/a-file").write_text("")
    Path("runs/no-run").mkdir()
    return printed(capsys, "runs", *argv)


def test_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """A line per run folder with its state; one that cannot be read is listed with its problem, and ends nothing."""
    out = past(capsys)
    assert_golden(GOLDEN / "runs.txt", out)
    assert max(len(line.rstrip()) for line in out.split("\n\n")[0].splitlines()) <= 80


def test_runs_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """States and verdict counts by name."""
    found = {Path(one["folder"]).name: one for one in json.loads(past(capsys, "--json"))["runs"]}
    assert {name: one["state"] for name, one in found.items()} == {
        "first": "complete",
        "demo": "complete",
        "stopped": "incomplete",
        "mix-only": "untested",
        "read": "read",
        "planned": "planned",
        "begun": "unfinished",
        "broken": "unreadable",
    }
    assert found["first"]["verdicts"] == {"switch": 3, "split": 0, "keep": 1, "not_proven": 1}
    assert found["mix-only"]["avoidable_usd"] is None


def test_runs_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty folder is an answer, none is an error."""
    Path("runs").mkdir()
    assert printed(capsys, "runs") == "No runs in runs.\n"
    assert "error[runs.missing]" in refused(capsys, "runs", "nowhere")


TIERS = """\
tiers:
  - {name: large, model: gpt-4o, provider: openai}
  - {name: own, model: acme-1, provider: openai-compatible, base_url: "http://127.0.0.1:9/v1",
     price: {input: 0.5, output: 1.5, as_of: "2026-11-01"}}
"""


def test_prices_of_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """Each tier's price with where it is from and of when; the catalogue's for a tier that names none."""
    Path("audit.yaml").write_text(TIERS)
    out = printed(capsys, "prices", "--on", "2026-11-01")
    lines = [line.split() for line in out.splitlines()]
    assert lines[1][:2] == ["gpt-4o", "large"]
    assert "2026-11-01" in lines[1]
    assert lines[2] == ["openai/gpt-4o"], "the source goes on below, whole"
    assert lines[3] == ["acme-1", "own", "$0.50", "$1.50", "–", "–", "2026-11-01", "audit.yaml"]


def test_prices_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    """A list price has a source with a version and a date; a tier of the same model is shown beside it."""
    document = json.loads(printed(capsys, "prices", "gpt-4o", "--on", "2026-11-01", "--json"))
    (found,) = document["prices"]
    assert found["tier"] is None
    assert found["price"]["input"] > 0
    assert found["price"]["source"].startswith("genai-prices ")
    assert found["price"]["as_of"] == "2026-11-01"
    Path("audit.yaml").write_text(TIERS)
    document = json.loads(printed(capsys, "prices", "gpt-4o", "--json"))
    assert [one["tier"] for one in document["prices"]] == ["large", None]


def test_an_unknown_provider_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped provider is never another one's price."""
    said = refused(capsys, "prices", "gpt-4o", "--provider", "opneai")
    assert "error[provider.unknown]: unknown provider: `opneai`" in said
    assert "did you mean `openai`?" in said


def test_the_age_of_the_catalogue_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside every price, in both forms."""
    assert "Price catalogue: genai-prices " in printed(capsys, "prices", "gpt-4o", "--on", "2026-11-01")
    document = json.loads(printed(capsys, "prices", "gpt-4o", "--on", "2026-11-01", "--json"))
    assert "newest dated change 2026-" in document["catalogue"]


def test_two_tables_are_compared(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """`--check` prints both prices of what differs, and all of it as JSON."""
    other = {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 5e-06,
        "output_cost_per_token": 1e-05,
    }
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"gpt-4o": other}))
    asked = ("prices", "gpt-4o", "--check", "--against", str(table), "--on", "2026-11-01")
    lines = printed(capsys, *asked).splitlines()
    assert any(line.split() == ["openai/gpt-4o", "input", "$2.50", "$5.00", "2.00"] for line in lines)
    document = json.loads(printed(capsys, *asked, "--json"))
    assert [one["kind"] for one in document["disagreements"]] == ["input"]
    of_another = refused(capsys, *asked, "--provider", "azure_openai")
    assert "no model of both price tables fits `azure/gpt-4o`" in of_another


def test_a_price_before_any_is_known_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """With the first day of which one can be known: the list's own first, or the day in the model's name."""
    for name, day in (("gpt-4o", "2025-05-22"), ("claude-sonnet-4-5-20250929", "2025-09-29")):
        said = refused(capsys, "prices", name, "--on", "2020-01-01")
        assert f'error[prices.missing]: no price of 2020-01-01 is known for model "{name}"' in said
        assert f"audit prices {name} --on {day}" in said
        document = json.loads(printed(capsys, "prices", name, "--on", day, "--json"))
        assert [one["price"]["as_of"] for one in document["prices"]] == [day]
    Path("audit.yaml").write_text(TIERS)
    assert "2020-01-01 is before 2025-05-22" in refused(capsys, "prices", "--on", "2020-01-01")


def test_a_glob_lists_what_it_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """Every model of the catalogue with a price, and the tiers; where it fits none, names that are near."""
    found = json.loads(printed(capsys, "prices", "gpt-4.1*", "--json"))["prices"]
    assert {"gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"} <= {one["model"] for one in found}
    Path("audit.yaml").write_text(TIERS)
    both = json.loads(printed(capsys, "prices", "*acme*", "--json"))["prices"]
    assert [(one["model"], one["tier"]) for one in both][:1] == [("acme-1", "own")]
    for missed in ("gpt-4.1x*", "gpt4.1"):
        assert "near names: gpt-4.1" in refused(capsys, "prices", missed)


def test_an_unknown_price_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """With the lines to add to audit.yaml; never $0."""
    said = refused(capsys, "prices", "acme-large-2-ft")
    assert 'error[prices.missing]: no price is known for model "acme-large-2-ft"' in said
    assert 'model: "acme-large-2-ft", price: {input: ' in said
    assert "error[prices.no-tiers]" in refused(capsys, "prices")
    assert "is not a date" in refused(capsys, "prices", "gpt-4o", "--on", "yesterday")


def test_tiers_that_cannot_be_used(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tier is looked at by itself: a missing key and a dead address are both told, exit 2."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    Path("audit.yaml").write_text(TIERS)
    found = {one["tier"]: one for one in json.loads(printed(capsys, "tiers", "--json", code=2))["tiers"]}
    assert (found["large"]["code"], found["own"]["code"]) == ("key.missing", "replay.unreachable")
    assert found["own"]["host"] == "127.0.0.1:9"


def test_tiers() -> None:
    """A line per tier, with its host and why it cannot be used."""
    common = {"model": "m", "provider": "openai-compatible"}
    reached = [
        Reached(tier="small", host="localhost:8000", reachable=True, says="reachable", **common),
        Reached(tier="replayed", host=None, reachable=True, says="answers in this process", **common),
        Reached(tier="bad\x1b[2J\nname", host="h", reachable=False, says="h refused the key", code="x", **common),
    ]
    assert_golden(GOLDEN / "tiers.txt", "\n".join(reached_lines(reached, ascii=False)) + "\n")
    assert "\n".join(reached_lines(reached, ascii=True)).isascii()


def test_prices(capsys: pytest.CaptureFixture[str]) -> None:
    """A line per price within 80 columns; a class of tokens without a price has a dash."""
    price = Price(
        input=2.5, output=10.0, cached_input=1.25, source="genai-prices 0.2.3, openai/gpt-4o", as_of="2026-11-01"
    )
    own = Price(input=0.05, output=1234.5)
    known = [KnownPrice(model="gpt-4o", tier=None, price=price), KnownPrice(model="acme", tier="own", price=own)]
    print_prices(Terminal(Switches()), known, "genai-prices 0.2.3, newest dated change 2026-10-30")
    out = capsys.readouterr().out
    assert_golden(GOLDEN / "prices.txt", out)
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_no_tiers(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to reach is an error, not a success."""
    assert "error[tiers.none]" in refused(capsys, "tiers")


@pytest.mark.parametrize(("status", "reachable"), [(200, True), (404, True), (401, False)])
def test_tiers_send_no_prompt(status: int, reachable: bool) -> None:
    """One GET per endpoint, without a body; any answer but a refused key means that it is there."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status)

    Path("audit.yaml").write_text(TIERS)
    environ: Mapping[str, str] = {"OPENAI_API_KEY": "very-secret"}
    found = reach_tiers(load_settings(), transport=httpx.MockTransport(answer), environ=environ)
    assert [one.reachable for one in found] == [reachable, reachable]
    assert {(request.method, request.content) for request in asked} == {("GET", b"")}
    assert "very-secret" not in repr(found)


def test_a_tier_of_this_process(capsys: pytest.CaptureFixture[str]) -> None:
    """It is there when its file is."""
    tier: dict[str, Any] = {"name": "c", "model": "m", "provider": "cassette", "price": {"input": 1, "output": 1}}
    Path("audit.yaml").write_text(json.dumps({"tiers": [{**tier, "options": {"path": "recorded"}}]}))
    assert "✗ c  –  there is no cassette at recorded" in printed(capsys, "tiers", code=2)
    Path("recorded").mkdir()
    assert printed(capsys, "tiers") == "✓ c  –  answers in this process\n"


def test_rules_know_their_places() -> None:
    """A rule's line in audit.yaml, for what points at it."""
    Path("audit.yaml").write_text('margin: 2pt\ngate:\n  - when: "requests > 1n"\n  - {when: "requests > 2n"}\n')
    assert [(place.file, place.line) for place in gate_places(load_settings())] == [
        ("audit.yaml", 3),
        ("audit.yaml", 4),
    ]
    Path("audit.yaml").unlink()
    assert gate_places(load_settings()) == []


def test_report_as_cost_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """`--format focus` writes a CSV file, beside the report unless told otherwise."""
    folder = saved("run", example())
    assert printed(capsys, "report", folder, "--format", "focus") == "run/focus.csv\n"
    assert printed(capsys, "report", folder, "--format", "focus", "-o", "costs.csv") == "costs.csv\n"
    rows = sum(len(row.models) for row in example().mix.by_route)
    assert Path("costs.csv").read_text("utf-8").count("\n") == 1 + rows
    assert Path("costs.csv").read_bytes() == Path("run/focus.csv").read_bytes()


def test_a_gate_against_a_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    """`--baseline` names the earlier run; without it a rule about a change cannot be judged."""
    before, after = saved("a", example()), saved("b", example())
    rule = ["--rule", "change(cost_per_1k{route:*}) <= 5%"]
    assert printed(capsys, "gate", after, "--baseline", before, *rule).endswith("GATE PASS exit=0\n")
    assert "error[gate.no-baseline]" in refused(capsys, "gate", after, *rule)
    assert "error[run.missing]" in refused(capsys, "gate", after, "--baseline", "nowhere", *rule)


def test_a_gate_in_two_formats(capsys: pytest.CaptureFixture[str]) -> None:
    """Annotations on stdout, JUnit in a file that holds one document however often the gate is run."""
    folder = saved("run", example())
    Path("audit.yaml").write_text('gate:\n  - {name: quality, when: "quality_delta{route:*} >= -3pt"}\n')
    for _ in range(2):
        out = printed(capsys, "gate", folder, "--format", "github", "--format", "junit:gate.xml", code=1)
    assert out.startswith("::error file=audit.yaml,line=2,title=quality::fail: ")
    assert Path("gate.xml").read_text("utf-8").count("<testsuites") == 1


def test_a_gate_that_cannot_write(capsys: pytest.CaptureFixture[str]) -> None:
    """An output that cannot be written is exit 2 with its path, and neither a pass nor a bug."""
    folder = saved("run", example())
    Path("file").write_text("")
    for name in ("markdown", "junit"):
        said = refused(capsys, "gate", folder, "--rule", "requests > 1n", "--format", f"{name}:file/x")
        assert said.startswith("error[output.place]: file/x cannot be written")


def test_findings_of_another_shape(capsys: pytest.CaptureFixture[str]) -> None:
    """Findings that somebody edited are an error of the input, and one line of `audit runs`."""
    folder = saved("runs/a", example())
    path = RunFolder(folder).findings
    document = json.loads(path.read_text("utf-8"))
    for spoil in ({"window": None}, {"routes": [3]}, {"mix": None}, {"ledger": {}}):
        path.write_text(json.dumps({**document, **spoil}))
        assert "error[findings.damaged]" in refused(capsys, "show", folder)
        assert "unreadable" in printed(capsys, "runs")
