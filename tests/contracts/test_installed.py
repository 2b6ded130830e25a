"""A package of somebody else's, really installed: its adapters are found by their entry points, listed and used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.contracts import installed_adapters

ADAPTERS = {
    "formats": ("acme-log", "FORMAT"),
    "providers": ("acme-adder", "PROVIDER"),
    "scorers": ("acme-words", "SCORER"),
    "exporters": ("acme-gateway", "EXPORTER"),
    "signals": ("acme-length", "SIGNAL"),
    "executors": ("acme-series", "EXECUTOR"),
    "protocols": ("acme_chat", "PROTOCOL"),
}
ROOT = Path(__file__).parents[2]
CONFIG = """\
margin: 3pt
max_spend: $1
ingest: {route: route}
slice: {incumbent_min: 0, incumbent_share: 1%}
tiers:
  - {name: small, model: adder-1, provider: acme-adder, price: {input: 0.1, output: 0.3}}
routes:
  - match: "*"
    candidates: [small]
    assert: [{type: acme-words, value: "{{incumbent.text}}"}]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that has the package, installed by pip from a wheel."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = folder / "acme_audit-1.0-py3-none-any.whl"
    points = "".join(f"[audit.{group}]\n{name} = acme_audit:{it}\n" for group, (name, it) in ADAPTERS.items())
    info = "acme_audit-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("acme_audit.py", Path(installed_adapters.__file__).read_bytes())
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: acme-audit\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/entry_points.txt", points)
        file.writestr(f"{info}/RECORD", "")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*pip, "--target", str(folder / "site"), str(wheel)], check=True)
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(folder / "site"), str(ROOT)))}


def audit(installed: dict[str, str], folder: Path, *argv: str) -> str:
    """A command that must succeed; what it printed."""
    command = [sys.executable, "-m", "audit", *argv]
    done = subprocess.run(command, cwd=folder, env=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_every_kind_is_found(installed: dict[str, str], tmp_path: Path) -> None:
    """Each catalog knows the name and gives the adapter; the group is one that packaging tools accept."""
    places = {
        "formats": "audit.ingest.formats", "providers": "audit.llm.providers", "scorers": "audit.scoring.scorers",
        "exporters": "audit.policy.exports", "signals": "audit.signals", "executors": "audit.executors",
        "protocols": "audit.protocols",
    }  # fmt: skip
    assert places.keys() == ADAPTERS.keys()
    lines = [
        f"from {package} import {group.upper()}\n"
        f"assert {group.upper()}.get({ADAPTERS[group][0]!r}).name == {ADAPTERS[group][0]!r}\n"
        f"assert {group.upper()}.installed() == [{ADAPTERS[group][0]!r}] and {ADAPTERS[group][0]!r} in {group.upper()}"
        for group, package in places.items()
    ]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], env=installed, cwd=tmp_path, check=True)


def test_a_log_is_sniffed_replayed_judged_and_handed_over(installed: dict[str, str], tmp_path: Path) -> None:
    """An audit from end to end through their format, tier, criterion and target."""
    (tmp_path / "log.jsonl").write_text("\n".join(map(installed_adapters.log_line, range(260))), "utf-8")
    (tmp_path / "audit.yaml").write_text(CONFIG, "utf-8")
    assert "acme-log" in audit(installed, tmp_path, "ingest", "log.jsonl", "--into", "read")
    audit(installed, tmp_path, "replay", "log.jsonl", "--config", "audit.yaml", "--yes", "--out", "run")
    found = json.loads((tmp_path / "run" / "findings.json").read_text("utf-8"))
    assert [(route["route"], route["verdict"]) for route in found["routes"]] == [("/add", "switch")]
    audit(installed, tmp_path, "policy", "run", "--to", "acme-gateway", "--output", "acme.json")
    assert json.loads((tmp_path / "acme.json").read_text("utf-8")) == {"/add": "adder-1"}
