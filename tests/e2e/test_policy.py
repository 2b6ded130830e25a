"""What follows a run, by the command line: policies carved from it, and the router held against the audit itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run as command


@pytest.fixture
def own(run: Path, tmp_path: Path) -> Path:
    """A copy of the demo's run in which files may be written."""
    return Path(shutil.copytree(run, tmp_path / "run", copy_function=shutil.copy2))


def written(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """The policy that was written, and what was said."""
    out, err = capsys.readouterr()
    return json.loads(Path(out.strip()).read_text("utf-8")), err


def test_a_tenant_with_enough_pairs(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A large tenant has a certificate of its own; a route that it never uses is left alone."""
    assert command(["policy", str(own), "--for", "tenant:finance-emea"]) == 0
    policy, err = written(capsys)
    assert policy["scope"] == {"tenant": "finance-emea"}
    (route,) = policy["routes"]
    part = route["evidence"]["part"]
    assert (route["route"], part["rests_on"]) == ("/invoice-extract", "its own pairs")
    assert part["n"] > 300
    assert part["saving_usd"]["lo"] > 0
    assert "certified for the route as a whole; for tenant finance-emea" in err
    assert "/ticket-triage: tenant finance-emea sent nothing that was sampled here" in err


def test_a_part_that_is_too_small(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Staging has too few pairs: nothing for a gateway, unless it is asked to rest on the route."""
    assert command(["policy", str(own), "--for", "environment:staging", "--to", "litellm"]) == 2
    err = capsys.readouterr().err
    assert "nothing that is certified fits" in err
    assert "pairs are needed to say anything" in err
    assert command(["policy", str(own), "--for", "environment:staging", "--route-wide"]) == 0
    policy, _ = written(capsys)
    assert {route["evidence"]["part"]["rests_on"] for route in policy["routes"]} == {"the route's certificate"}


def test_a_budget(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A budget that one route reaches leaves the other alone; one that nothing reaches says what is possible."""
    assert command(["policy", str(own), "--budget", "250/month"]) == 0
    policy, err = written(capsys)
    assert len(policy["routes"]) == 1
    assert "becomes at most" in err
    assert command(["policy", str(own), "--budget", "$50"]) == 2
    assert "cannot be reached by certified policies" in capsys.readouterr().err
