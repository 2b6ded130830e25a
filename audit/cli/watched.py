"""`audit gate --policy`: a policy judged on a later run or log."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from audit.cli.printing.gate import Judged
from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.flow import watching
from audit.gate.policy_rules import judge_policy
from audit.gate.watch_file import with_window
from audit.policy.policy_file import read_policy


def watched(target: Path, policy_file: Path, config: Path | None, record: Path, on: str | None) -> Judged:
    """Read the policy and the later traffic, append to the record, and judge.

    Args:
        target: A run folder, or a log.
        policy_file: `policy.json`.
        config: Default: the file that the run was made with, else `./audit.yaml`.
        record: Of the watched windows.
        on: ISO date, or None for today.

    Raises:
        InputError: A file is absent or damaged, or the date is none.
    """
    try:
        day = datetime.now(UTC).date() if on is None else date.fromisoformat(on)
    except ValueError:
        raise InputError(f"`--on {on}` is no date", code="gate.date", hint="--on 2026-12-01") from None
    policy = read_policy(policy_file)
    folder = RunFolder(target)
    settings = load_settings(config or (folder.config_file() if folder.manifest.exists() else None))
    seen = watching.watch(target, policy, settings)
    decision = judge_policy(policy, seen, with_window(record, policy, seen), on=day)
    return Judged(decision=decision, findings=None)
