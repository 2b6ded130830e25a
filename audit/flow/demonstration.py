"""The whole chain on the bundled logs."""

from __future__ import annotations

from pathlib import Path

from audit.config.load import load_settings
from audit.core.artifacts import (
    RunFolder,
)
from audit.core.errors import InputError
from audit.core.finding import Findings
from audit.flow.sequential import replay


def demo(folder: RunFolder) -> Findings:
    """The whole chain on the bundled logs with embedded tiers: no key, no network."""
    home = demo_files()
    settings = load_settings(home / "audit.yaml")
    return replay([home / "log.jsonl.gz"], settings, folder, consent=lambda plan: True, demo=True)


def demo_files() -> Path:
    """Folder of the bundled logs: in the installed package, else in the source tree."""
    here = Path(__file__).parent.parent
    candidates = (here / "_demo", here.parent / "sample_logs" / "demo")
    found = next((path for path in candidates if (path / "audit.yaml").is_file()), None)
    if found is None:
        raise InputError("the demo's logs are not installed", code="demo.missing", hint="reinstall the package audit")
    return found
