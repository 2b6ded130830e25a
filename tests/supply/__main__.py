"""What a release is made of: `make sbom`.

Writes `sbom.json` (CycloneDX, by its own tool, of the environment that the lock made), checks every licence against the
allowed ones, and asks the index which locked releases are older than two years.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

from tests.supply.licences import refused
from tests.supply.lock import FOLDER, blocks

BIN = Path(sys.executable).parent
CHECKED = ("run", "test", "embeddings")
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
        command = [BIN / "uv", "pip", "compile", "--no-deps", "--exclude-newer", then.isoformat(), "-"]
        made = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
        if made.returncode == 0:
            found.append(name)
    return found


def main() -> None:
    """Write the list and say what is wrong with it; exit code 1 where something is."""
    python, target = BIN / "python", "sbom.json"
    making = [BIN / "cyclonedx-py", "environment", python, "--pyproject", "pyproject.toml", "--output-file", target]
    subprocess.run([*making, "--output-reproducible"], check=True)
    print(f"Wrote {target}")
    names = {one: block for file in CHECKED for one, block in blocks((FOLDER / f"{file}.txt").read_text()).items()}
    wrong = [f"{name}: {licence}, which is not among the allowed ones" for name, licence in refused(names).items()]
    for name in old_releases(names):
        print(f"older than {YEARS} years: {name}, {OLD.get(name, 'and nobody has said why it stays')}")
        wrong += [] if name in OLD else [f"{name} is older than {YEARS} years: say in {__file__} why it stays"]
    print("\n".join(wrong) or f"{len(names)} packages, every licence allowed, every old release explained")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
