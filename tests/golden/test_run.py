"""One whole run, kept as a file: what changes in it changes what users see. `make golden` renews it; read the diff."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.core.artifacts import RunFolder
from tests.golden.run import golden_run
from tests.golden_file import assert_golden

HERE = Path(__file__).parent
DIGITS = 9


def rounded(value: Any) -> Any:
    """Floats to nine significant digits: the last ones depend on the machine's arithmetic."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The run, made here."""
    return golden_run(RunFolder(tmp_path_factory.mktemp("golden") / "run"))


def test_the_golden_run(run: RunFolder) -> None:
    """Findings and summary are those that were kept."""
    findings = rounded(json.loads(run.findings.read_text("utf-8")))
    del findings["provenance"]["packages"]  # they change with every upgrade, and the numbers must not
    text = json.dumps(findings, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    assert_golden(HERE / "findings.json", text)
    assert_golden(HERE / "summary.md", run.summary.read_text("utf-8"))


def test_same_inputs_same_bytes_in_another_time_zone_and_locale(run: RunFolder, tmp_path: Path) -> None:
    """Findings and report are byte-identical wherever they are made."""
    elsewhere = {"TZ": "Asia/Kathmandu", "LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-m", "tests.golden.run", str(tmp_path / "run")]
    subprocess.run(command, check=True, cwd=HERE.parents[1], env={**os.environ, **elsewhere})
    for name in ("findings.json", "report.html", "cases.jsonl", "summary.md", "policies.json", "policy/policy.json"):
        assert (run.path / name).read_bytes() == (tmp_path / "run" / name).read_bytes(), name
