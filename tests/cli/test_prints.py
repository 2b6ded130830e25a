"""What commands print, from results made by hand."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from audit.cli.consent import consent
from audit.cli.meter import TerminalMeter
from audit.cli.printing.levers import print_ledger
from audit.cli.printing.mix import print_mix
from audit.cli.printing.plan import print_plan
from audit.cli.printing.recheck import print_recheck_quote
from audit.cli.printing.store import print_stored
from audit.cli.saved import saved_plan
from audit.cli.switches import Switches
from audit.cli.terminal import Terminal, folded
from audit.core.artifacts import write_json
from audit.core.clock import ManualClock
from audit.core.errors import ConsentRequired, InputError
from audit.core.plan import Plan, RouteDesign, RouteQuote
from audit.core.reason import Because, Reason, because
from audit.store.upkeep import Stored, StoredReading, StoredTier
from tests.gate.world import example
from tests.golden_file import assert_golden
from tests.levers.made import LEDGER

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns, no colour, whatever the developer's terminal."""
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def design(route: str, spend: float, can_decide: str = "yes", why: Because | None = None) -> RouteDesign:
    """How a route is sampled."""
    return RouteDesign(
        route=route,
        requests=40_000,
        replayable=39_000,
        spend_usd=spend,
        auditable_usd=spend * 0.98,
        incumbent="large",
        incumbent_tier="large",
        incumbent_n=100,
        margin=0.02,
        candidates=("small", "medium"),
        quality_n=1740,
        dollars_n=100,
        distinct=1840,
        can_decide=can_decide,
        why=why,
    )


def plan(**changes: object) -> Plan:
    """A quote."""
    default = Plan(
        made_from={"logs": "x"},
        seed=0,
        margin=0.02,
        confidence=0.95,
        expected_usd=38.85,
        at_most_usd=52.1,
        max_spend_usd=60.0,
        calls=6426,
        tokens=9_100_000,
        whole_usd={"expected_usd": 40.0, "at_most_usd": 60.0},
        hosts=("api.example.com",),
        designs=(
            design("doc-extract", 10_804.0),
            design("email-summary", 486.0, "no", because(Reason.FEW_PAIRS, pairs=62, least=1460)),
            design("a-route-with-a-name-that-is-\x1b[31mfar-too-long", 12.0),
        ),
        quotes=(
            RouteQuote(
                route="doc-extract", calls=3680, recorded=12, expected_usd=11.77, at_most_usd=20.0, judge_usd=3.1
            ),
            RouteQuote(route="email-summary", calls=124, recorded=0, expected_usd=0.03, at_most_usd=0.1),
        ),
    )
    return replace(default, **changes)  # type: ignore[arg-type]


def terminal(**switches: bool) -> Terminal:
    """A terminal as a pipe is one."""
    return Terminal(Switches(**switches))  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["route", "tenant", "model", "environment"])
def test_mix(by: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A summary, one line per group, and the two sentences about what was not tested; within 80 columns."""
    print_mix(terminal(), example().mix, by)
    out = capsys.readouterr().out
    assert_golden(GOLDEN / f"mix-{by}.txt", out)
    assert "Nothing has been tested." in out
    assert "Upper bound" in out
    assert by in ("environment", "model") or "$20.00  " in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_mix_with_levers(capsys: pytest.CaptureFixture[str]) -> None:
    """What the log alone can save stands below the routes, from paid to left."""
    print_mix(terminal(), replace(example().mix, levers=LEDGER), "route")
    out = capsys.readouterr().out
    assert_golden(GOLDEN / "mix-levers.txt", out)
    assert "audit mix LOGS --levers" in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    """Every lever with what to change, what was found where, and what nobody looked at, within 80 columns."""
    print_ledger(terminal(), LEDGER)
    out = capsys.readouterr().out
    assert_golden(GOLDEN / "ledger.txt", out)
    assert "\x1b" not in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


def test_mix_without_requests(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty log has no cost per request, and nothing is divided by zero."""
    found = example().mix
    empty = replace(found.total, requests=0, spend_usd=0.0, cost_per_1k_usd=None, models=())
    nothing = replace(found, requests=0, spend_usd=0.0, total=empty, by_route=(), window_from=None, upper_bound=None)
    print_mix(terminal(), nothing, "route")
    out = capsys.readouterr().out
    assert "no dated requests" in out
    assert "nan" not in out


def test_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """What is sampled, what it costs at most, where text goes, and which route cannot be decided, within 80 columns."""
    print_plan(terminal(), plan(), saved=Path("plan.json"))
    out = capsys.readouterr().out
    assert_golden(GOLDEN / "plan.txt", out)
    assert "\x1b" not in out
    assert "Nothing has been sent." in out
    assert "api.example.com" in out
    assert max(len(line.rstrip()) for line in out.splitlines()) <= 80


@pytest.mark.parametrize("width", [44, 60, 72, 80, 100])
def test_a_line_of_the_quote_goes_on_under_its_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    """At any width: what is behind a label stays behind it, so that nothing in the margin looks like a new line."""
    monkeypatch.setenv("COLUMNS", str(width))
    print_plan(terminal(), plan(), saved=Path("plan.json"))
    quote = capsys.readouterr().out.split("\n  Quote   ")[1].split("\n\n")[0].splitlines()[1:]
    assert all(line[:1] == " " and len(line.rstrip()) <= width for line in quote)
    assert any(line.startswith("  Cap     ") for line in quote)


def test_the_quote_before_a_question_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Only results are on stdout."""
    print_plan(terminal(), plan(), asking=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "$52.10 at most" in err


def test_the_quote_of_a_recheck_is_seen_before_the_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where only results are asked for: nobody agrees to an amount that was not shown."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    print_recheck_quote(terminal(quiet=True), plan())
    out, err = capsys.readouterr()
    assert out == ""
    assert "$52.10 at most" in err


def test_without_a_person_consent_is_an_error() -> None:
    """Off a terminal nobody can say yes; the message has the command that does."""
    ask = consent(terminal(), ["audit", "replay", "my logs"], agreed=False)
    with pytest.raises(ConsentRequired) as caught:
        ask(plan())
    assert caught.value.exit_code == 2
    assert "$52.10" in caught.value.what
    assert "audit replay 'my logs' --yes" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("acme-1", "acme-1"),
        ('acme-1 {"max_tokens": 400, "provider": "anthropic"}', "acme-1, max_tokens 400, provider anthropic"),
        ("acme-1 {not JSON", "acme-1 {not JSON"),
        ("acme-1 {" + "[" * 100_000, "acme-1 {[["),
    ],
)
def test_whose_answers_a_store_has_is_told_in_words(key: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A model and its settings, whatever somebody else wrote into a shared store."""
    tier = StoredTier(answers_key=key, address="", answers=3, bytes=9, usd=0.5, first=0, last=0)
    print_stored(terminal(), Stored(path="runs/store", tiers=(tier,), readings=()))
    assert said.replace(" ", "") in "".join(line[:52] for line in capsys.readouterr().out.splitlines()).replace(" ", "")


def test_readings_of_the_same_logs_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """The one that was used last by its logs; each other by what it was read with besides; of other logs, nothing."""
    made = {"logs": "a", "ingest settings": "b", "price catalogue": "c", "version": "d"}
    otherwise = [made, made | {"version": "e", "price catalogue": "f"}, made | {"logs": "g", "version": "e"}]
    readings = tuple(
        StoredReading(
            name=str(number),
            logs=(f"{one['logs']}.jsonl",),
            requests=1,
            bytes=1,
            used=9.0 - number,
            whole=True,
            made_from=one,
        )
        for number, one in enumerate(otherwise)
    )
    print_stored(terminal(), Stored(path="runs/store", tiers=(), readings=readings))
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("read with other") == 1
    for word in ("a.jsonl (read with other", "price catalogue and version", "g.jsonl 1"):
        assert word in said


def test_agreed_or_free_needs_no_question(capsys: pytest.CaptureFixture[str]) -> None:
    """`--yes`, a saved plan, and a replay that costs nothing and sends nothing; what the gate will refuse is told."""
    assert consent(terminal(), [], agreed=True)(plan())
    assert not capsys.readouterr().err
    assert consent(terminal(), [], agreed=True, refused=lambda _: ["`audit gate` will refuse it"])(plan())
    assert "will refuse" in capsys.readouterr().err
    assert consent(terminal(), [], agreed=False)(plan(at_most_usd=0.0, hosts=()))
    with pytest.raises(ConsentRequired):
        consent(terminal(), [], agreed=False)(plan(at_most_usd=0.0))


def test_a_saved_plan_is_told_from_logs(tmp_path: Path) -> None:
    """By what is in the file, not by its name."""
    write_json(tmp_path / "plan.json", plan())
    assert saved_plan([tmp_path / "plan.json"]) == plan()
    (tmp_path / "log.json").write_text('[{"messages": []}]')
    assert saved_plan([tmp_path / "log.json"]) is None
    assert saved_plan([tmp_path / "absent.json"]) is None
    assert saved_plan([tmp_path / "plan.json", tmp_path / "log.json"]) is None
    write_json(tmp_path / "old.json", replace(plan(), schema="audit-plan/0"))
    with pytest.raises(InputError, match="another version"):
        saved_plan([tmp_path / "old.json"])
    (tmp_path / "damaged.json").write_text('{"schema": "audit-plan/1", "seed": 0}')
    with pytest.raises(InputError, match="lacks or spoils"):
        saved_plan([tmp_path / "damaged.json"])


@dataclass(frozen=True)
class Totals:
    """Where a replay stands."""

    planned: int = 100
    done: int = 0
    spent_usd: float = 0.0
    reserved_usd: float = 0.38
    cap_usd: float = 52.1
    recorded: int = 12
    retried: int = 3
    failed: int = 1
    estimated: bool = False


def test_the_meter_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """One plain line at each 10 % or every 30 s, and the last state at the end."""
    clock = ManualClock()
    with TerminalMeter(terminal(), clock=clock) as meter:
        for done in range(100):
            clock.seconds += 0.5
            meter.totals(Totals(done=done, spent_usd=done / 10))
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 11
    assert re.search(r"Replay  50/100  50%  2\.0/s  0 m 25 s left  spent \$5\.00  in flight \$0\.38", lines[5])
    assert "failed 1 (2.00%)" in lines[5]
    assert "99/100" in lines[-1]


def test_the_meter_speaks_every_30_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """A slow replay is not silent."""
    clock = ManualClock()
    with TerminalMeter(terminal(), clock=clock) as meter:
        for _ in range(13):
            meter.totals(Totals(done=1, estimated=True))
            clock.seconds += 10
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) in (5, 6)
    assert "spent ≈$0" in lines[0]


def test_throttling_is_a_word_and_stopping_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A 429 is no error; what is in flight is paid for."""
    with TerminalMeter(terminal()) as meter:
        meter.throttled("small\x1b[2J", 6.0)
        meter.totals(Totals())
        meter.stopping(12, "the cap is reached")
    err = capsys.readouterr().err
    assert "small throttled to 6/s" in err
    assert "Stopping: the cap is reached. 12 calls in flight are already paid for" in err
    assert "\x1b" not in err


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """`-q`: no meter, no notes."""
    with TerminalMeter(terminal(quiet=True)) as meter:
        meter.totals(Totals())
        meter.note("a note")
        meter.stopping(1, "x")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("    - " + "word " * 40, False),
        ("    │ " + "word " * 40, False),
        ("    reason    │ " + "word " * 40, False),
        ("    - " + "word " * 15 + "::error::word " + "word " * 4, True),
        ("Do what follows, and nothing else that might come to mind, now:  audit label runs/7f3a9c1e0b2d", True),
        ("\x1b[32m" + "word " * 40, True),
        ("/a/path/" + "x" * 100, True),
    ],
)
def test_a_long_sentence_is_folded_and_nothing_else(line: str, kept: bool) -> None:
    """No untrusted text loses its bar, no command and no path is broken; what goes on stands further in."""
    parts = folded(line, 80)
    assert (parts == [line]) is kept
    if not kept:
        assert max(map(len, parts)) <= 80
        assert all(part.startswith(("      ", line.partition("w")[0].replace("reason", " " * 6))) for part in parts[1:])
        assert " ".join(parts).replace("│", "").split() == line.replace("│", "").split()
