"""`audit doctor` and `audit init --schema`."""

import json
from pathlib import Path

import pytest

from audit.cli.main import run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, so that no configuration of the developer's is found."""
    monkeypatch.chdir(tmp_path)


def test_a_sound_environment(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything needed is there: exit 0."""
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "✓ templates" in out
    assert "✗" not in out


def test_a_key_that_is_not_set(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, its value never; without it a replay could not run: exit 2."""
    Path("audit.yaml").write_text("tiers: [{name: a, model: m, provider: openai, api_key_env: A_KEY_FOR_TESTS}]")
    monkeypatch.delenv("A_KEY_FOR_TESTS", raising=False)
    assert run(["doctor", "--json"]) == 2
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["key of a"]["says"] == "A_KEY_FOR_TESTS is not set"
    monkeypatch.setenv("A_KEY_FOR_TESTS", "very-secret")
    assert run(["doctor"]) == 0
    assert "very-secret" not in capsys.readouterr().out


def test_a_broken_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """It is one of the things looked at, not an end of the looking."""
    Path("audit.yaml").write_text("margn: 3pt")
    assert run(["doctor"]) == 2
    assert "✗ configuration  audit.yaml has 1 problem" in capsys.readouterr().out


def test_the_schema_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """`audit init --schema` prints JSON Schema and nothing else."""
    assert run(["init", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "audit.yaml"


def test_init_does_not_overwrite(capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that a person has edited is worth more than a draft."""
    Path("audit.yaml").write_text("margin: 2pt")
    assert run(["init", "logs.jsonl"]) == 2
    assert "error[init.exists]" in capsys.readouterr().err
    assert Path("audit.yaml").read_text() == "margin: 2pt"
