"""The configuration that a run was made with, kept beside what it found: the user's own file goes on being edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.config.load import load_settings, section_digests, settings_digest
from audit.core.artifacts import RunFolder, write_atomic
from audit.core.display import listing
from audit.core.errors import AuditError, InputError
from audit.core.finding import Findings
from audit.core.settings import Settings

CONFIG = "config"
"""Name in the manifest of what is noted of the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsRead:
    """The configuration of a run's findings.

    Attributes:
        file: With the text that the run read; None where it read none.
        edited: Keys of the user's own file that are others now; empty where it is as it was.
    """

    settings: Settings
    file: Path | None
    edited: tuple[str, ...] = ()


def keep_settings(folder: RunFolder, settings: Settings) -> None:
    """Keep in the run folder which configuration it is planned with; its secrets stand in the environment only."""
    digests = section_digests(settings)
    if settings.config_file is None:
        folder.config_copy.unlink(missing_ok=True)
    else:
        write_atomic(folder.config_copy, settings.config_file.read_bytes())
    # What the command line may have given in place of the file: `--seed`, `--fixed`, `--tier`, `--route`.
    part = settings.slice
    given = {"seed": settings.seed, "slice.routes": part.routes, "slice.tiers": part.tiers, "slice.looks": part.looks}
    folder.record(CONFIG, digests, given=given, directory=str(settings.directory))


def settings_as_read(folder: RunFolder, findings: Findings) -> AsRead | None:
    """The configuration that the findings were made with: the copy of it, and without one the user's own file as long
    as that is as it was.

    None where neither is, of a run that tested nothing: nothing rests on the configuration then.

    Raises:
        InputError: Neither is, and something was tested.
    """
    facts = folder.facts(CONFIG) or {}
    own = folder.config_file()
    now = list(_readings(own, facts, findings))
    edited = _differing(now, facts.get("made_from", {})) if now else ("it cannot be read",)
    copy = folder.config_copy
    if copy.is_file() and not copy.is_symlink():
        for settings in _readings(copy, facts, findings):
            if _is_of(settings, findings):
                return AsRead(settings=settings, file=copy, edited=("it is gone",) if own is None else edited)
    for settings in now:
        if _is_of(settings, findings):
            return AsRead(settings=settings, file=own)
    if findings.tested:
        raise _refused(folder, own, edited)
    return None


def _is_of(settings: Settings, findings: Findings) -> bool:
    return settings_digest(settings) == findings.provenance.config_sha256


def _readings(file: Path | None, facts: Mapping[str, Any], findings: Findings) -> Iterator[Settings]:
    """A file's settings, with what the command line may have changed of them; none where it cannot be read."""
    seed = findings.provenance.seed
    ways: list[dict[str, Any]] = [{"seed": seed}, {"seed": seed, "slice.looks": 1}]
    if given := facts.get("given"):
        ways.insert(0, {**given, "seed": seed})
    for overrides in ways:
        try:
            directory = None if file is None or "directory" not in facts else Path(facts["directory"])
            yield Settings() if file is None else load_settings(file, overrides=overrides, directory=directory)
        except AuditError:
            continue


def _differing(now: Sequence[Settings], then: Mapping[str, str]) -> tuple[str, ...]:
    """Top keys of the configuration that decide numbers and are not what they were, as far as both are known."""
    if not then:
        return ()
    digests = section_digests(now[0])
    return tuple(sorted(name for name in digests.keys() | then.keys() if digests.get(name) != then.get(name)))


def _refused(folder: RunFolder, own: Path | None, edited: Sequence[str]) -> InputError:
    name = own.name if own else "audit.yaml"
    differs = f": {listing(edited)}" if edited else ""
    what = f"{name} is not what {folder.path} was made with{differs}" if own else f"{name} of {folder.path} is gone"
    return InputError(
        what,
        code="pack.config",
        notes=["nothing was packed: `audit verify` could not work the figures out again, and would say PACK DIFFERS"],
        hint="set it back and pack again, or make a run with it as it is; answers that were paid for are not asked "
        "again:  audit replay LOGS",
    )
