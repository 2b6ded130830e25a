"""What `make` installs is locked, whole, and allowed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.supply.__main__ import OLD, only
from tests.supply.licences import is_allowed, licence_of, refused
from tests.supply.lock import FOLDER, blocks

ROOT = Path(__file__).parents[2]
LOCKED = {path.stem: blocks(path.read_text("utf-8")) for path in FOLDER.glob("*.txt")}
EXTRAS = {"dev": "test", "embeddings": "embeddings", "onnx": "onnx", "ray": "ray", "docs": "docs", "supply": "supply"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def _versions(*files: str) -> dict[str, str]:
    return {name: block.split()[0].split("==")[1] for file in files for name, block in LOCKED[file].items()}


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_every_requirement_is_locked(extra: str) -> None:
    """What pyproject asks for is in the lock, at a version that it takes."""
    asked = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    versions = _versions("run", *(["test", "torch", "embeddings", EXTRAS[extra]] if extra else []))
    for requirement in map(Requirement, asked):
        name = requirement.name.lower().replace("_", "-")
        assert name in versions, f"{name}: run make lock"
        assert requirement.specifier.contains(Version(versions[name]), prereleases=True), name


@pytest.mark.parametrize("file", sorted(LOCKED))
def test_every_package_has_its_hashes_and_the_version_of_the_constraints(file: str) -> None:
    """No line without a hash, none with the address of an index, and one version of a package in the whole project."""
    text = (FOLDER / f"{file}.txt").read_text("utf-8")
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").split())
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    assert "://" not in text
    assert len(LOCKED[file]) == len(re.findall(r"^[a-z]", text, re.MULTILINE)) > 0
    assert {name: version for name, version in _versions(file).items() if pins[name] != version} == {}


def test_what_the_two_commands_install_is_there_for_every_python_and_processor() -> None:
    """No marker of the lock leaves a package out on Linux or macOS, from 3.11 to 3.13, on x86-64 or ARM."""
    for name, block in (LOCKED["run"] | LOCKED["test"]).items():
        if ";" not in (head := block.splitlines()[0].removesuffix(" \\")):
            continue
        marker = Requirement(head).marker
        assert marker is not None
        for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")):
            for version in ("3.11", "3.12", "3.13"):
                here = {"sys_platform": system, "platform_machine": machine, "python_version": version}
                here |= {"python_full_version": f"{version}.5", "platform_python_implementation": "CPython"}
                needed = marker.evaluate({**here, "implementation_name": "cpython"})
                assert needed is (name not in {"colorama", "httpx2-jsfetch", "tzdata"}), (name, here)


def test_every_licence_is_allowed() -> None:
    """Of all that the lock names and that is installed here; what nobody allowed is named with its licence."""
    names = {name for file in LOCKED.values() for name in file}
    assert len([name for name in names if licence_of(name) is not None]) > 60
    assert refused(names) == {}


def test_what_is_not_allowed_is_told_apart() -> None:
    """One strict licence among several that all hold is too many; of alternatives one that is allowed is enough."""
    assert is_allowed("Apache-2.0 OR GPL-3.0-only")
    assert is_allowed("MIT AND (Apache-2.0 OR BSD-2-Clause)")
    assert not is_allowed("MIT AND GPL-3.0-only")
    assert not is_allowed("none is named")


def test_old_releases_that_are_explained_are_still_used() -> None:
    """Whoever leaves takes the word for them along."""
    assert set(OLD) <= {name for file in LOCKED.values() for name in file}


def test_a_list_of_the_product_has_nothing_of_its_tests() -> None:
    """Nor an arrow to them; however a package writes its name."""
    bom = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [
            {"name": "Ruamel.YAML", "bom-ref": "a"},
            {"name": "py_test", "bom-ref": "b"},
            {"name": "pip", "bom-ref": "c"},
        ],
        "dependencies": [{"ref": "root", "dependsOn": ["a", "b"]}, {"ref": "b", "dependsOn": ["a"]}, {"ref": "a"}],
    }
    product, tests = only(bom, {"ruamel-yaml"}, "required"), only(bom, {"py-test"}, "excluded")
    assert product["components"] == [{"name": "Ruamel.YAML", "bom-ref": "a", "scope": "required"}]
    assert product["dependencies"] == [{"ref": "root", "dependsOn": ["a"]}, {"ref": "a", "dependsOn": []}]
    assert [part["name"] for part in tests["components"]] == ["py_test"]
