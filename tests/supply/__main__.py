"""What a release is made of: `make sbom`.

Writes two lists in CycloneDX, by its own tool, of the environment that the lock made: `sbom.json`, of what the product
installs, and `sbom-tests.json`, of what its tests have beside it. Checks every licence against the allowed ones, and
asks the index which locked releases are older than two years.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tests.supply.licences import refused
from tests.supply.lock import FOLDER, blocks

BIN = Path(sys.executable).parent
CHECKED = ("run", "test", "embeddings", "onnx")
"""Files of the lock that the two commands install."""
YEARS = 2
OLD = {
    "colorama": "colours on Windows; elsewhere only the tools of the documentation have it",
    "mdurl": "splits the addresses in Markdown for rich; a small thing that is finished",
    "shellingham": "tells typer the user's shell when completion is set up, and nothing else",
    "toml": "wordllama reads its own configuration with it; it meets no text of strangers",
    "blinker": "part of Flask, which only the tests' S3 server uses",
    "distro": "names the Linux distribution for a vendor's SDK, in tests alone",
    "itsdangerous": "part of Flask, which only the tests' S3 server uses",
    "python-dateutil": "botocore and pandas read dates with it; a stable library whose issues are still answered",
    "sniffio": "names the event loop for a vendor's SDK, in tests alone",
    "mpmath": "exact arithmetic for sympy, which torch asks for; it is finished",
}
"""Locked releases of more than two years ago, of which there is no newer one, and why they stay."""


def old_releases(names: dict[str, str]) -> list[str]:
    """Those whose locked version was there two years ago, by uv; by name, in their order."""
    then = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=365 * YEARS)
    found = []
    for name, block in names.items():
        given = block.split()[0]
        command: list[str | Path] = [
            BIN / "uv",
            "pip",
            "compile",
            "--no-deps",
            "--exclude-newer",
            then.isoformat(),
            "-",
        ]
        made = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if made.returncode == 0:
            found.append(name)
    return found


def only(bom: Mapping[str, Any], names: Collection[str], scope: str) -> dict[str, Any]:
    """A list of what is installed without all but some packages, and without what leads to the others.

    Args:
        bom: CycloneDX 1.x, as JSON.
        names: As the lock writes them.
        scope: What the packages are to the product, in CycloneDX's word: `required`, or `excluded`: it runs without.
    """
    kept = [part | {"scope": scope} for part in bom["components"] if locked_name(part["name"]) in names]
    whole = bom["metadata"]["component"]
    refs = {part["bom-ref"] for part in [*kept, whole]}
    arrows = [
        arrow | {"dependsOn": [ref for ref in arrow.get("dependsOn", ()) if ref in refs]}
        for arrow in bom.get("dependencies", ())
        if arrow["ref"] in refs
    ]
    return {**bom, "components": kept, "dependencies": arrows}


def locked_name(name: str) -> str:
    """A package's name as the lock writes it."""
    return name.lower().replace("_", "-").replace(".", "-")


def write_lists(files: Mapping[str, Collection[str]]) -> None:
    """`sbom.json` and `sbom-tests.json`.

    Args:
        files: Names by file of the lock.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "all.json"
        making: list[str | Path] = [
            BIN / "cyclonedx-py",
            "environment",
            BIN / "python",
            "--pyproject",
            "pyproject.toml",
        ]
        subprocess.run([*making, "--output-file", made, "--output-reproducible"], check=True)
        bom = json.loads(made.read_text("utf-8"))
    product = set(files["run"])
    tests = {name for file in CHECKED for name in files[file]} - product
    for target, names, scope in (("sbom.json", product, "required"), ("sbom-tests.json", tests, "excluded")):
        listed = only(bom, names, scope)
        Path(target).write_text(json.dumps(listed, indent=2, sort_keys=True) + "\n", "utf-8")
        print(f"Wrote {target}: {len(listed['components'])} packages")


def main() -> None:
    """Write the lists and say what is wrong with them; exit code 1 where something is."""
    write_lists({file: list(blocks((FOLDER / f"{file}.txt").read_text())) for file in CHECKED})
    names = {one: block for file in CHECKED for one, block in blocks((FOLDER / f"{file}.txt").read_text()).items()}
    wrong = [f"{name}: {licence}, which is not among the allowed ones" for name, licence in refused(names).items()]
    for name in old_releases(names):
        print(f"older than {YEARS} years: {name}, {OLD.get(name, 'and nobody has said why it stays')}")
        wrong += [] if name in OLD else [f"{name} is older than {YEARS} years: say in {__file__} why it stays"]
    print("\n".join(wrong) or f"{len(names)} packages, every licence allowed, every old release explained")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
