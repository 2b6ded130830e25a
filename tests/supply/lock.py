"""Lock what `make` installs: versions of `constraints.txt`, with the hashes of all their files, in `requirements/`.

Each file has what the files before it do not have, so that they are installed one upon the other. uv resolves for every
Python from 3.11 on and for every processor at once; what a machine does not need, its marker leaves out.

    python -m tests.supply.lock UV    # the command `uv`; another index and wheels of torch by uv's own variables
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "requirements"
LAYERS: dict[str, tuple[str, ...]] = {
    "run": (),
    "test": ("--extra", "dev"),
    "embeddings": ("--extra", "dev", "--extra", "embeddings"),
    "onnx": ("--extra", "dev", "--extra", "onnx"),
    "ray": ("--extra", "dev", "--extra", "ray"),
    "docs": ("--extra", "dev", "--extra", "docs"),
    "supply": ("--extra", "dev", "--extra", "supply"),
}
"""The files, and the extras that each is resolved with."""
BELOW = {"run": (), "test": ("run",), "onnx": ("run", "test", "embeddings")}
"""The files that are installed before; of those that are not named: `run` and `test`."""
BUILD = "hatchling\neditables\n"
"""What builds the package itself; it is installed first, because a build of its own would fetch it unlocked."""
HEAD = "# Made by `make lock` from pyproject.toml and constraints.txt; not edited by hand.\n"
BLOCK = re.compile(r"^([A-Za-z0-9._-]+)==[^\n]*(?:\n    --hash=[^\n]*)+\n", re.MULTILINE)


def blocks(text: str) -> dict[str, str]:
    """The entries of a requirements file by name, hashes included, in its order."""
    return {match[1].lower().replace("_", "-"): match[0] for match in BLOCK.finditer(text)}


def resolved(uv: str, sources: Sequence[str], given: str, *more: str) -> str:
    """A requirements file by uv, with hashes."""
    command = [uv, "pip", "compile", *sources, "--quiet", "--generate-hashes", "--no-header", "--no-annotate"]
    # The documentation's tools leave out the first bugfix releases of 3.11.
    command += ["--python-version", "3.11.5", *more]
    made = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, check=False)
    if made.returncode:
        sys.exit(f"uv: {made.stderr}")
    return made.stdout


def main(uv: str) -> None:
    """Write every file of the folder."""
    pinned = ("--constraint", "constraints.txt")
    (FOLDER / "pip.txt").write_text(HEAD + resolved(uv, ["-"], "pip\n", *pinned), "utf-8")
    # Of torch's CPU build there is a wheel for each machine, none of them on the usual index: it is resolved for this
    # machine alone, and what it needs is resolved for all machines as the rest is.
    torch = blocks(resolved(uv, ["-"], "torch\n", *pinned))
    (FOLDER / "torch.txt").write_text(HEAD + torch.pop("torch"), "utf-8")
    made: dict[str, dict[str, str]] = {}
    for name, extras in LAYERS.items():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as override:
            override.write("torch; sys_platform == 'nowhere'\n")
            override.flush()
            needed = BUILD + ("\n".join(torch) if name in ("embeddings", "onnx") else "")
            # Ray has no wheels for every Python to come; what it needs is the same on all that it has them for.
            reach = () if name == "ray" else ("--universal",)
            more = (*reach, "--override", override.name, *pinned)
            whole = blocks(resolved(uv, ["pyproject.toml", *extras, "-"], needed, *more))
        whole.pop("torch", None)
        # What one file needs on some machines alone, the next may need on all.
        below = {one: block for layer in BELOW.get(name, ("run", "test")) for one, block in made[layer].items()}
        made[name] = {one: block for one, block in whole.items() if below.get(one) != block}
        (FOLDER / f"{name}.txt").write_text(HEAD + "".join(made[name].values()), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
