"""Where data outside the repository is, and how a test says that it needs it."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SHARED = Path(os.environ.get("AUDIT_SHARED", REPOSITORY.parent / "shared"))


def needs_shared(path: str) -> pytest.MarkDecorator:
    """Skip a test where `path`, relative to the shared folder, is absent."""
    place = SHARED / path
    return pytest.mark.skipif(not place.exists(), reason=f"needs {place}, which is outside the repository")
