"""Where an exported policy goes, and what is said beside it."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from pathlib import Path

from audit.cli.terminal import Terminal
from audit.core.artifacts import RunFolder, read_findings
from audit.core.display import listing, plural, terminal_safe
from audit.core.errors import InputError
from audit.core.policy import RoutingPolicy
from audit.policy.export import write_export
from audit.policy.policy_file import FOLDER, is_expired

STDOUT = "-"


def print_policy(
    terminal: Terminal,
    policy: RoutingPolicy,
    target: str,
    files: dict[str, bytes],
    output: str | None,
    folder: RunFolder,
) -> None:
    """Write the files and name them on stdout, or put the one file there; the rest is said on stderr."""
    if output == STDOUT and terminal.switches.json:
        raise InputError("`--json` and `-o -` both want stdout", code="policy.output", hint="-o FILE")
    unreal = _unreal(folder)
    for line in [*_notes(policy, target), *unreal]:
        terminal.note(line)
    if output == STDOUT:
        if len(files) > 1:
            raise InputError(f"`{target}` is {plural(len(files), 'file')}, and stdout is one", hint="-o FOLDER/")
        # The bytes as they are: a terminal's encoding is no concern of a configuration.
        with contextlib.suppress(BrokenPipeError):  # `| head`: no error, and `main` closes what is left
            sys.stdout.flush()
            sys.stdout.buffer.write(next(iter(files.values())))
        return
    paths = _written(files, target, output, folder)
    if terminal.switches.json:
        terminal.document(
            {
                "schema": "audit-policy-export/1",
                "target": target,
                "files": [str(path) for path in paths],
                "routes": [entry.route for entry in policy.routes],
                "expires_at": policy.expires_at,
                "warnings": unreal,
            }
        )
    else:
        terminal.lines(str(path) for path in paths)


def _written(files: dict[str, bytes], target: str, output: str | None, folder: RunFolder) -> list[Path]:
    if output is None:
        # Never over the run's own policy.json, which `--route` would shorten.
        return write_export(files, folder.path / FOLDER / target, folder=True)
    path = Path(output)
    return write_export(files, path, folder=output.endswith("/") or path.is_dir())


def _notes(policy: RoutingPolicy, target: str) -> list[str]:
    if not policy.routes:
        return ["No change is recommended: no policy of this run is certified."]
    names = listing([terminal_safe(entry.route) for entry in policy.routes])
    lines = [f"{target}: {plural(len(policy.routes), 'route')} ({names}); every other route keeps its model."]
    if is_expired(policy, datetime.now(UTC).date()):
        lines.append(
            f"The evidence has been stale since {policy.expires_at}: audit recent traffic before you deploy it."
        )
    return lines


def _unreal(folder: RunFolder) -> list[str]:
    """What a run says of itself when its figures are nobody's."""
    if not folder.findings.exists():
        return []
    findings = read_findings(folder.findings)
    demo = ["Demo: bundled data. Do not deploy this policy."] if findings.demo else []
    names = terminal_safe(listing(sorted(findings.simulated)))
    return demo + ([f"Simulated completions: {names}. Do not deploy this policy."] if findings.simulated else [])
