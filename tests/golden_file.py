"""Files of expected text. `AUDIT_GOLDEN=write` (make golden) renews them; the diff is read."""

import os
from pathlib import Path


def assert_golden(path: Path, text: str) -> None:
    """Assert that a file holds this text; write it instead when golden files are being renewed."""
    if os.environ.get("AUDIT_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
        return
    assert path.exists(), f"{path} is missing: make golden"
    assert text == path.read_text("utf-8")
