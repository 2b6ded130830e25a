"""What a person gets who hands in something wrong: what, where, why, what to do; exit code 2; no traceback."""

import gzip
import json
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import write_json
from tests.e2e.tiny import write_config, write_log


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, so that no configuration of somebody else is found."""
    monkeypatch.chdir(tmp_path)


def fails(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """What a command prints on stderr when it ends with exit code 2, on one line."""
    capsys.readouterr()
    code = run([str(word) for word in argv])
    streams = capsys.readouterr()
    assert code == 2, streams
    assert "Traceback" not in streams.err
    assert streams.out == ""
    return " ".join(streams.err.split())


def test_a_file_that_is_not_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names file and line and shows none of the content."""
    log = tmp_path / "log.jsonl"
    log.write_text("the quarterly numbers are secret\n" * 3, "utf-8")
    said = fails(capsys, "mix", log)
    assert "log.jsonl" in said
    assert "not JSON" in said
    assert "quarterly" not in said


def test_an_empty_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty log is an error, not an audit of nothing."""
    log = tmp_path / "log.jsonl"
    log.touch()
    said = fails(capsys, "mix", log)
    assert "log.jsonl" in said
    assert "empty" in said


def test_a_truncated_gz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half a file is not taken for a whole one, and nothing is left that looks done."""
    whole = gzip.compress(write_log(tmp_path / "log.jsonl", 400).read_bytes())
    log = tmp_path / "cut.jsonl.gz"
    log.write_bytes(whole[: len(whole) // 2])
    said = fails(capsys, "ingest", log, "--into", tmp_path / "run")
    assert "cut.jsonl.gz" in said
    assert "truncated" in said or "cut" in said
    assert not (tmp_path / "run" / "traffic").exists()


def test_a_file_of_the_traffic_that_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is left of a log is another log: nothing is worked out from it, and reading the log again mends it."""
    log, into = write_log(tmp_path / "log.jsonl"), tmp_path / "run"
    assert run(["ingest", str(log), "--into", str(into)]) == 0
    (file,) = (into / "traffic").glob("traffic-*.parquet")
    file.unlink()
    said = fails(capsys, "erase", into, "--user", "somebody")
    assert f"{into} is not as it was read: traffic/{file.name}" in said
    assert run(["ingest", str(log), "--into", str(into)]) == 0
    assert file.exists()


def test_a_table_that_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name and what to do, and not that this is a bug: other bytes of the same number, in the middle."""
    into = tmp_path / "run"
    assert run(["ingest", str(write_log(tmp_path / "log.jsonl")), "--into", str(into)]) == 0
    (file,) = (into / "traffic").glob("traffic-*.parquet")
    data = file.read_bytes()
    file.unlink()  # it is a link to the store's
    file.write_bytes(data[:4] + bytes(len(data) - 12) + data[-8:])
    said = fails(capsys, "erase", into, "--user", "somebody")
    assert f"{file} is damaged" in said
    assert "delete it" in said


def test_a_csv_named_jsonl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is read as CSV; where no format fits its columns, the error names them and the way to map them."""
    log = tmp_path / "export.jsonl"
    log.write_text("id,model,prompt_tokens,completion_tokens\n1,acme,10,20\n2,acme,11,21\n", "utf-8")
    said = fails(capsys, "mix", log)
    assert "export.jsonl" in said
    assert "completion_tokens, id, model, prompt_tokens" in said
    assert "ingest: {map:" in said


def test_an_unknown_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, and the nearest key that exists."""
    config = write_config(tmp_path / "audit.yaml")
    config.write_text(config.read_text("utf-8").replace("max_spend:", "max_spent:"), "utf-8")
    said = fails(capsys, "plan", write_log(tmp_path / "log.jsonl"), "--config", config)
    assert "max_spent" in said
    assert "audit.yaml:2:1" in said
    assert "did you mean `max_spend`?" in said


def test_an_unknown_assertion_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, and the nearest type that exists; never ignored."""
    config = write_config(tmp_path / "audit.yaml")
    config.write_text(config.read_text("utf-8").replace("type: numeric", "type: numerik"), "utf-8")
    said = fails(capsys, "plan", write_log(tmp_path / "log.jsonl"), "--config", config)
    assert "numerik" in said
    assert "audit.yaml:10:" in said
    assert "did you mean `numeric`?" in said


def test_a_missing_key_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named before anything is sent."""
    monkeypatch.delenv("ACME_API_KEY", raising=False)
    config = write_config(tmp_path / "audit.yaml", more=", api_key_env: ACME_API_KEY")
    said = fails(capsys, "replay", write_log(tmp_path / "log.jsonl"), "--config", config, "--yes")
    assert "ACME_API_KEY is not set" in said
    assert "`small`" in said


def test_an_unreachable_tier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The host is named, and nothing was spent."""
    config = write_config(tmp_path / "audit.yaml")
    said = fails(capsys, "replay", write_log(tmp_path / "log.jsonl"), "--config", config, "--yes")
    assert "127.0.0.1:9" in said
    assert "reach" in said


def test_an_unknown_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tier without a price is an error with a way out, never $0."""
    config = write_config(tmp_path / "audit.yaml")
    config.write_text(config.read_text("utf-8").replace(",\n     price: {input: 0.1, output: 0.3}", ""), "utf-8")
    said = fails(capsys, "plan", write_log(tmp_path / "log.jsonl"), "--config", config)
    assert 'no price for tier `small` (model "acme-small-1")' in said
    assert "price:" in said


@pytest.mark.parametrize(("changed", "named"), [("log", "the logs changed"), ("config", "the audit.yaml changed")])
def test_a_stale_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: str, named: str) -> None:
    """A plan whose inputs changed is refused by the input's name, and nothing is spent."""
    log, config = write_log(tmp_path / "log.jsonl"), write_config(tmp_path / "audit.yaml")
    assert run(["plan", str(log), "--config", str(config), "-o", str(tmp_path / "plan.json")]) == 0
    if changed == "log":
        write_log(log, 13)
    else:
        config.write_text(config.read_text("utf-8").replace("margin: 3pt", "margin: 2pt"), "utf-8")
    said = fails(capsys, "replay", tmp_path / "plan.json")
    assert f"the plan is stale: {named}" in said
    assert "$0.00 spent" in said


def test_a_run_of_another_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run folder of another format is refused by every command that opens one."""
    write_json(tmp_path / "run" / "manifest.json", {"schema": "audit-run/0", "artifacts": {}})
    for command in ("report", "score", "gate"):
        said = fails(capsys, command, tmp_path / "run")
        assert "is a run of another version: 'audit-run/0'" in said


def test_no_route_key_in_the_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without routes there is no verdict; the error suggests fields that could name them."""
    config = write_config(tmp_path / "audit.yaml")
    config.write_text(config.read_text("utf-8").replace("metadata.route", "metadata.rout"), "utf-8")
    log = write_log(tmp_path / "log.jsonl", metadata={"endpoint_name": "/add", "team": "one"})
    said = fails(capsys, "plan", log, "--config", config)
    assert "no request has a value at `metadata.rout`" in said
    assert "ingest: {route:" in said


def test_a_rule_that_matches_no_route(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A gate rule about a route that is not there is an error, never a pass."""
    log, config = write_log(tmp_path / "log.jsonl"), write_config(tmp_path / "audit.yaml")
    config.write_text(config.read_text("utf-8").replace("candidates: [small]", "candidates: []"), "utf-8")
    assert run(["replay", str(log), "--config", str(config), "--out", str(tmp_path / "run"), "--yes"]) == 0
    said = fails(capsys, "gate", tmp_path / "run", "--rule", "quality_delta{route:/ad} >= -3pt")
    assert "no route matches" in said
    assert "did you mean `/add`?" in said or 'did you mean "/add"?' in said


@pytest.mark.parametrize(
    ("before", "after", "said_of"),
    [
        ("margin: 3pt", "margin: 12pt", "the margin is 12pt now, and was 3pt when the replay was planned"),
        ("candidates: []", "candidates: []\n    margin: 5pt", "the margin of /add is 5pt now, and was 3pt"),
        ("margin: 3pt", "margin: 3pt\nconfidence: 60%", "the confidence is 60% now, and was 95%"),
        ("margin: 3pt", "margin: 3pt\nguarantee: portfolio", "the guarantee is `portfolio` now, and was `route`"),
    ],
)
def test_what_a_run_promised_is_not_changed_after_its_replay(
    before: str, after: str, said_of: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Replays are not scored, planned or asked again for another margin or confidence: findings stay as they are."""
    log, config = write_log(tmp_path / "log.jsonl"), write_config(tmp_path / "audit.yaml")
    config.write_text(config.read_text("utf-8").replace("candidates: [small]", "candidates: []"), "utf-8")
    assert run(["replay", str(log), "--config", str(config), "--out", str(tmp_path / "run"), "--yes"]) == 0
    findings = (tmp_path / "run" / "findings.json").read_bytes()
    config.write_text(config.read_text("utf-8").replace(before, after), "utf-8")
    again = (str(log), "--config", str(config), "--out", str(tmp_path / "run"))
    for command in (("score", str(tmp_path / "run")), ("plan", *again), ("replay", *again, "--yes")):
        said = fails(capsys, *command)
        assert said_of in said
        assert "audit replay LOGS" in said
        assert (tmp_path / "run" / "findings.json").read_bytes() == findings


@pytest.mark.parametrize(
    "command",
    [
        "report RUN",
        "gate RUN",
        "score RUN",
        "show RUN",
        "renew RUN",
        "label RUN",
        "diff RUN RUN",
        "recheck RUN --tier small",
    ],
)
def test_a_run_that_has_not_got_there_yet(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that was only read into is told from none, with the command that goes on with it."""
    log, folder = write_log(tmp_path / "log.jsonl"), tmp_path / "run"
    assert run(["ingest", str(log), "--into", str(folder), "--no-store"]) == 0
    said = fails(capsys, *command.replace("RUN", str(folder)).split())
    assert "run.unfinished" in said
    assert f"audit replay LOGS --out {folder}" in said


def test_a_run_is_not_a_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever hands in the folder is told how a pack of it is made."""
    said = fails(capsys, "verify", tmp_path)
    assert "is a folder, not a pack" in said
    assert "audit report RUN --pack" in said


def test_json_errors_are_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the error is one document on stdout."""
    capsys.readouterr()
    assert run(["--json", "mix", str(tmp_path / "nothing.jsonl")]) == 2
    document = json.loads(capsys.readouterr().out)
    assert set(document) == {"error"}
    assert "nothing.jsonl" in document["error"]["message"]


def test_what_of_a_log_was_not_read_and_what_was_doubted_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Numbers that leave records out, or rest on a guess, say so beside them, on the screen and as JSON."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    answer = {
        "model": "gpt-4o", "choices": [{"message": {"content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "citation_tokens": 5},
    }  # fmt: skip
    whole = json.dumps({"request": asked, "response": answer, "cost": "free"})
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join([whole, whole, whole, whole[:40]]), "utf-8")
    assert run(["mix", str(log)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Not read 1 record: not JSON" in said
    for doubt in ("without a time", "name that is not understood", "`cost_usd` that cannot be read"):
        assert f"3 calls {doubt}" in said.replace("with tokens under a ", "").replace("with a ", "")
    assert run(["--json", "mix", str(log)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rejected"] == {"not JSON": 1}
    assert set(found["questioned"].values()) == {3}
