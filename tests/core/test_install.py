"""A package that is missing is named with a command that works where this process runs."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from audit.core.errors import MissingPackage, install_command

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
SAID = re.compile(
    r"""MissingPackage\(\s*(\w+|"[^"]+")(?:[^()]|\([^()]*\))*?extra="(\w+)"|install_command\("([^"]+)"\)""", re.S
)


def test_the_command_is_of_this_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of its own interpreter, not the shell's `pip`; without a pip by uv; in pipx's place by pipx."""
    python = tmp_path / "some where" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr("audit.core.errors.find_spec", lambda name: object())
    assert install_command("a b") == f"'{python}' -m pip install a b"
    monkeypatch.chdir(tmp_path)
    assert install_command("a b") == "'some where/bin/python' -m pip install a b"
    monkeypatch.setattr("audit.core.errors.find_spec", lambda name: None)
    assert install_command("a") == "uv pip install --python 'some where/bin/python' a"
    monkeypatch.setattr(sys, "prefix", "/home/x/.local/share/pipx/venvs/audit")
    assert install_command("a") == "pipx inject audit a"


def test_no_message_names_the_project_that_has_our_name_on_the_public_index() -> None:
    """`pip install audit[...]` installs somebody else's; every message has the packages themselves."""
    for path in (ROOT / "audit").rglob("*.py"):
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
        assert not [line for line in lines if re.search(r"pip install ['\"]?audit", line)], path
        loose = [line for line in lines if re.search(r"[^-]\b(?<!m )pip install [a-z]", line)]
        assert not loose or path.name == "errors.py", path


def test_every_extra_that_is_named_has_the_packages_that_are_named() -> None:
    """What a message says to install is what the extra would have brought."""
    found = set()
    for path in (ROOT / "audit").rglob("*.py"):
        for package, extra, _ in SAID.findall(path.read_text("utf-8")):
            if extra and package.startswith('"'):
                found.add(extra)
                assert any(one.startswith(package.strip('"')) for one in EXTRAS[extra]), (path, package, extra)
    assert found >= {"ray", "otlp", "sign", "embeddings"}
    assert metadata.version("pytest")
    assert str(MissingPackage("ray", extra="ray").hint) == install_command("ray")
