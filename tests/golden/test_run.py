"""One whole run, kept as a file: what changes in it changes what users see. `make golden` renews it; read the diff."""

import json
from pathlib import Path
from typing import Any

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.flow import demonstration, sequential
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


def test_the_golden_run(tmp_path: Path) -> None:
    """Two routes of the demo, from log to findings and summary."""
    home = demonstration.demo_files()
    settings = load_settings(home / "audit.yaml", overrides={"slice.routes": ["/policy-qa", "/order-quote"]})
    folder = RunFolder(tmp_path / "run")
    sequential.replay([home / "log.jsonl.gz"], settings, folder, consent=lambda plan: True, demo=True)
    findings = rounded(json.loads(folder.findings.read_text("utf-8")))
    del findings["provenance"]["packages"]  # they change with every upgrade, and the numbers must not
    text = json.dumps(findings, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    assert_golden(HERE / "findings.json", text)
    assert_golden(HERE / "summary.md", folder.summary.read_text("utf-8"))
