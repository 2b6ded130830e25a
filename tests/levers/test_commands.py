"""The ledger through the doors that people use: the mix of a log, and the run of an audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.artifacts import RunFolder
from audit.core.levers import LeverName
from audit.core.settings import Settings
from audit.flow import reading
from audit.flow.levers import mix_with_levers

LOG = Path(__file__).parents[2] / "sample_logs" / "litellm.jsonl"
WITHOUT_PROMPTS = [
    LeverName.UNUSED_ANSWERS,
    LeverName.REPEATS,
    LeverName.SAME_MODEL,
    LeverName.BATCH,
]


def test_mix_reads_prompts_where_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """`mix --json` has the levers of the metadata, with `--levers` all of them, and they add up to the spend."""
    for flags, names in (([], WITHOUT_PROMPTS), (["--levers"], list(LeverName))):
        assert run(["mix", str(LOG), "--json", *flags]) == 0
        told = json.loads(capsys.readouterr().out)
        ledger = told["levers"]
        assert [line["lever"] for line in ledger["lines"]] == names
        assert ledger["prompts_read"] == bool(flags)
        assert ledger["paid_usd"] == told["spend_usd"]
        taken = sum(line["usd"] for line in ledger["lines"])
        assert ledger["paid_usd"] - taken == pytest.approx(ledger["left_usd"], abs=1e-9)
        unpriced = told["unpriced_requests"]
        assert (ledger["requests"], ledger["unpriced_requests"]) == (told["requests"], unpriced)


def test_a_run_takes_its_ledger_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time it comes from the manifest, equal to the last bit; other prices make it anew."""
    folder, settings = RunFolder(tmp_path), Settings()
    reading.ingest([LOG], settings, folder)
    first = mix_with_levers(folder, settings, ()).levers
    assert first is not None
    assert first.prompts_read

    def refused(*_: object) -> None:
        raise AssertionError("the ledger was taken again")

    monkeypatch.setattr("audit.flow.levers.measure_levers", refused)
    assert mix_with_levers(folder, settings, ()).levers == first
    priced = {"name": "a", "model": "gpt-4o", "provider": "simulated", "price": {"input": 1.0, "output": 1.0}}
    with pytest.raises(AssertionError, match="taken again"):
        mix_with_levers(folder, Settings.model_validate({"tiers": [priced]}), ())
