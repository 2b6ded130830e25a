"""What `audit doctor` looks at. Nothing is imported that is heavy, and nothing is sent."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from audit import __version__
from audit.core.display import ascii_only, plural
from audit.core.errors import ConfigError, install_command

TEMPLATES = ("report.html.j2", "gate.md.j2")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing looked at. `needed` says whether an audit can run without it."""

    name: str
    found: bool
    needed: bool
    says: str


def examine(config: Path | None) -> list[Examined]:
    """Look at everything, in the order printed."""
    return [
        Examined(name="audit", found=True, needed=True, says=f"{__version__}, Python {platform.python_version()}"),
        _packages(),
        _templates(),
        _embedder(),
        _browser(),
        *_configuration(config),
    ]


def exit_code(checks: Sequence[Examined]) -> int:
    """2 when something needed is not there."""
    return 0 if all(check.found or not check.needed for check in checks) else 2


def status_lines(checks: Sequence[Examined], *, ascii: bool) -> list[str]:  # noqa: A002
    """One line per thing: ✓ there, ✗ needed and absent, – absent and optional."""
    wide = max(len(check.name) for check in checks)
    signs = [("✓" if check.found else "✗" if check.needed else "–") for check in checks]
    lines = [f"{sign} {check.name:<{wide}}  {check.says}" for sign, check in zip(signs, checks, strict=True)]
    return [ascii_only(line) for line in lines] if ascii else lines


def _packages() -> Examined:
    """Every package that ours requires, without its extras."""
    try:
        wanted = [text for text in requires("audit") or [] if "extra ==" not in text]
    except PackageNotFoundError:
        return Examined(name="packages", found=True, needed=False, says="not installed as a package; not checked")
    absent = [name for name in map(_distribution, wanted) if not _installed(name)]
    says = f"absent: {', '.join(absent)}" if absent else f"{plural(len(wanted), 'package')} installed"
    return Examined(name="packages", found=not absent, needed=True, says=says)


def _distribution(requirement: str) -> str:
    return re.split(r"[\s<>=!~;\[(]", requirement.strip(), maxsplit=1)[0]


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _templates() -> Examined:
    from audit.gate.markdown import template_folder

    folder = template_folder()
    absent = [name for name in TEMPLATES if not (folder / name).is_file()]
    says = f"absent from {folder}: {', '.join(absent)}" if absent else str(folder)
    return Examined(name="templates", found=not absent, needed=True, says=says)


def _embedder() -> Examined:
    best, fallback = "sentence_transformers", "wordllama"
    if find_spec(best):
        says = f"sentence-transformers {version('sentence-transformers')}"
        says += f"; 8-bit integers by onnxruntime {version('onnxruntime')}" if find_spec("onnxruntime") else ""
        return Examined(name="embedder", found=True, needed=False, says=says)
    here = find_spec(fallback) is not None
    better = install_command("sentence-transformers")
    says = f"static embeddings (wordllama); better ones: {better}" if here else f"none; {better}"
    return Examined(name="embedder", found=here, needed=False, says=says)


def _browser() -> Examined:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    return Examined(name="browser", found=path is not None, needed=False, says=path or "none found to open reports in")


def _configuration(config: Path | None) -> list[Examined]:
    from audit.config.load import NAMES, load_settings

    if config is None and not any(Path(name).is_file() for name in NAMES):
        return [Examined(name="configuration", found=False, needed=False, says="no audit.yaml here; defaults hold")]
    try:
        settings = load_settings(config)
    except ConfigError as error:
        return [Examined(name="configuration", found=False, needed=True, says=error.what)]
    found = [Examined(name="configuration", found=True, needed=True, says=plural(len(settings.tiers), "tier"))]
    for tier in settings.tiers:
        if tier.api_key_env:
            here = bool(os.environ.get(tier.api_key_env))
            says = f"{tier.api_key_env} is {'set' if here else 'not set'}"
            found.append(Examined(name=f"key of {tier.name}", found=here, needed=True, says=says))
    return found
