"""A whole audit whose candidate is asked in batches: handed in by one run of the command, concluded by the next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli.main import run
from tests.batch_server import COMPLETION_TOKENS, PROMPT_TOKENS, vendor
from tests.e2e.tiny import record

N = 260
CONFIG = """\
margin: 3pt
max_spend: $5
ingest: {{route: metadata.route}}
slice: {{incumbent_min: 0, incumbent_share: 1%}}
tiers:
  - {{name: small, model: acme-small-1, provider: openai-compatible, base_url: "{url}", batch: true,
     batch_discount: 50%, price: {{input: 0.1, output: 0.3}}}}
routes:
  - match: "*"
    candidates: [small]
    assert: [{{type: equals, value: "{{{{incumbent.text}}}}"}}]
"""


def write(folder: Path, url: str) -> list[str]:
    """A log whose answers the server gives too, its configuration, and the arguments of a replay."""
    log, config = folder / "log.jsonl", folder / "audit.yaml"
    with log.open("w") as file:
        for number in range(N):
            line = record(number)
            line["response"]["choices"][0]["message"]["content"] = f"answer to {line['messages'][0]['content']}"
            file.write(json.dumps(line) + "\n")
    config.write_text(CONFIG.format(url=url), "utf-8")
    return ["replay", str(log), "--config", str(config), "--out", str(folder / "run")]


def test_an_audit_in_batches_takes_one_batch_and_two_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The quote has the price and the wait; the sample goes out at once; the money is half, the savings are not."""
    with vendor(tmp_path / "books") as at:
        command = write(tmp_path, at.base_url)
        assert run([*command, "--dry-run"]) == 0
        quote = capsys.readouterr().out
        assert "in 1 batch; answers within 24 hours." in quote
        assert "$0.05 in, $0.15 out per million tokens; online $0.1 in, $0.3 out." in quote
        assert "All at once, as with --fixed." in quote
        assert not at.books.read_text()

        assert run([*command, "--yes", "--no-wait"]) == 4
        told = capsys.readouterr().err
        assert "in 1 batch wait for their answers" in told
        assert run([*command, "--yes", "--json"]) == 0
        findings = json.loads(capsys.readouterr().out)

        assert len(at.events("batch")) == 1
        assert set(at.billed.values()) == {1}
        assert not at.events("online")
        each_usd = (PROMPT_TOKENS * 0.05 + COMPLETION_TOKENS * 0.15) / 1e6
        assert findings["replay_cost_usd"] == pytest.approx(len(at.billed) * each_usd)
        assert findings["replay"]["complete"]
        assert findings["replay"]["spared"] == 0  # nothing that was paid for is called spared
        route = findings["routes"][0]
        assert route["verdict"] == "switch", route["verdict"]
        cost_usd = route["spend_usd"] - route["recommendation"]["saving_usd"]["est"]
        online_usd = (PROMPT_TOKENS * 0.1 + COMPLETION_TOKENS * 0.3) / 1e6
        assert cost_usd == pytest.approx(N * online_usd, rel=0.02)


def test_a_plan_says_how_many_requests_a_vendor_takes_at_least(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bedrock's batches by files, in the plan: the price, the wait, and a least number that these requests miss."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    command = write(tmp_path, "http://127.0.0.1:9/v1")
    config = tmp_path / "audit.yaml"
    named = 'batch_bucket: "s3://audits/x", batch_role: "arn:aws:iam::123456789012:role/b"'
    options = f"provider: bedrock, options: {{region: eu-west-1, batch_least: 900, {named}}}"
    config.write_text(config.read_text("utf-8").replace("provider: openai-compatible", options, 1), "utf-8")
    assert run([*command, "--dry-run"]) == 0
    quote = " ".join(capsys.readouterr().out.split())
    assert "answers within 72 hours." in quote
    assert "batches of at least 900 requests; these are too few, and will not be asked." in quote


@pytest.mark.parametrize(
    ("from_", "to", "code"),
    [
        ("batch_discount: 50%, ", "", "prices.batch-missing"),
        ("slice: {", "slice: {looks: 3, ", "config.batch-looks"),
        ("openai-compatible", "openrouter", "config.batch"),
        ("openai-compatible", "bedrock, options: {region: eu-west-1}", "config.batch"),
    ],
)
def test_what_a_batch_cannot_be_is_said(
    tmp_path: Path, from_: str, to: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A discount that nobody knows, looks that want early answers, and a vendor without batches: nothing is sent."""
    command = write(tmp_path, "http://127.0.0.1:9/v1")
    config = tmp_path / "audit.yaml"
    config.write_text(config.read_text("utf-8").replace(from_, to, 1), "utf-8")
    assert run([*command, "--yes"]) == 2
    assert f"error[{code}]" in capsys.readouterr().err
