"""Where an exported policy goes, and what is said beside it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from audit.cli.terminal import Terminal
from audit.core.artifacts import RunFolder, read_findings
from audit.core.display import listing, plural, terminal_safe
from audit.core.errors import InputError
from audit.core.policy import RoutingPolicy
from audit.gate.policy_rules import unwatched
from audit.policy.export import export_expressible, write_export
from audit.policy.exporter import NothingCertified
from audit.policy.levers import levers_of
from audit.policy.local import FILE as RULES
from audit.policy.local import rules_of
from audit.policy.policy_file import FOLDER

STDOUT = "-"
POLICY_JSON = "policy-json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A policy in a target's words.

    Attributes:
        name: Of its folder below RUN/policy/.
        notes: On what was carved.
    """

    target: str
    name: str
    files: dict[str, bytes]
    notes: Sequence[str] = ()


def exported(policy: RoutingPolicy, target: str, name: str, notes: Sequence[str]) -> tuple[RoutingPolicy, Exported]:
    """What of the policy the target can say, in its words; a refusal for want of routes says why each is left out."""
    try:
        files, said, left_out = export_expressible(policy, target)
        return said, Exported(target=target, name=name, files=files, notes=[*notes, *left_out])
    except NothingCertified as error:
        if not notes:
            raise
        what = f"nothing that is certified fits what was asked, so nothing is written for `{target}`"
        raise InputError(what, code=error.code, notes=[*map(terminal_safe, notes)], hint=error.hint) from None


def print_policy(
    terminal: Terminal, policy: RoutingPolicy, written: Exported, output: str | None, folder: RunFolder
) -> None:
    """Write the files and name them on stdout, or put the one file there; the rest is said on stderr."""
    facts = {
        "routes": [entry.route for entry in policy.routes],
        "expires_at": policy.expires_at,
        "scope": dict(policy.scope),
    }
    _put(terminal, _with_rules(policy, written, output, folder), output, folder, _notes(policy, written), facts)


def _with_rules(policy: RoutingPolicy, written: Exported, output: str | None, folder: RunFolder) -> Exported:
    """The rules that a policy's tiers answer by, beside it where a folder is written; else a word on where they are."""
    if written.target != POLICY_JSON or not rules_of(policy):
        return written
    if folder.served.exists() and (output is None or output.endswith("/") or Path(output).is_dir()):
        return replace(written, files={**written.files, RULES: folder.served.read_bytes()})
    note = f"It answers by the rules in {folder.served}: that file belongs beside it, under the same name."
    return replace(written, notes=[*written.notes, note])


def print_handed(terminal: Terminal, policy: RoutingPolicy, target: str, output: str | None, folder: RunFolder) -> None:
    """The same for what a target can do of the lever ledger, beside the run's policy."""
    handed = levers_of(folder, policy, target)
    names = listing([terminal_safe(route) or "(no route)" for route in handed.routes])
    said = [f"{target}: levers on {plural(len(handed.routes), 'route')} ({names})."]
    left_out = [f"Left out: {why}." for why in handed.left_out]
    notes = [*(f"{note}." for note in handed.notes), *left_out]
    written = Exported(target=target, name=f"{target}-levers", files=handed.files, notes=notes)
    _put(terminal, written, output, folder, said, {"routes": list(handed.routes)})


def _put(
    terminal: Terminal,
    written: Exported,
    output: str | None,
    folder: RunFolder,
    said: Sequence[str],
    facts: Mapping[str, Any],
) -> None:
    target, files = written.target, written.files
    if output == STDOUT and terminal.switches.json:
        raise InputError("`--json` and `-o -` both want stdout", code="policy.output", hint="-o FILE")
    unreal = _unreal(folder)
    for line in [*said, *map(terminal_safe, written.notes), *unreal]:
        terminal.note(line)
    if output == STDOUT:
        if len(files) > 1:
            raise InputError(f"`{target}` is {plural(len(files), 'file')}, and stdout is one", hint="-o FOLDER/")
        # The bytes as they are: a terminal's encoding is no concern of a configuration.
        with contextlib.suppress(BrokenPipeError):  # `| head`: no error, and `main` closes what is left
            sys.stdout.flush()
            sys.stdout.buffer.write(next(iter(files.values())))
        return
    paths = _written(files, written.name, output, folder)
    if terminal.switches.json:
        named = {"schema": "audit-policy-export/1", "target": target, "files": [str(path) for path in paths]}
        terminal.document({**named, **facts, "notes": list(written.notes), "warnings": unreal})
    else:
        terminal.lines(str(path) for path in paths)


def _written(files: dict[str, bytes], name: str, output: str | None, folder: RunFolder) -> list[Path]:
    if output is None:
        # Never over the run's own policy.json, which `--route` would shorten.
        return write_export(files, folder.path / FOLDER / name, folder=True)
    path = Path(output)
    return write_export(files, path, folder=output.endswith("/") or path.is_dir())


def _notes(policy: RoutingPolicy, written: Exported) -> list[str]:
    if not policy.routes:
        none = (
            "nothing that is certified fits what was asked" if written.notes else "no policy of this run is certified"
        )
        return [f"No change is recommended: {none}."]
    names = listing([terminal_safe(entry.route) for entry in policy.routes])
    scope = "".join(f" for {kind} {terminal_safe(name) or '(none)'}" for kind, name in policy.scope.items())
    lines = [
        f"{written.target}{scope}: {plural(len(policy.routes), 'route')} ({names}); every other route keeps its model."
    ]
    unseen = [(entry.route, why) for entry in policy.routes if (why := unwatched(entry))]
    lines += [
        f"{terminal_safe(route)}: `audit gate --policy` cannot watch its quality once the policy is in force: "
        f"{terminal_safe(why)}."
        for route, why in unseen
    ]
    return [*lines, *_holds(policy, datetime.now(UTC).date())]


def _holds(policy: RoutingPolicy, today: date) -> list[str]:
    """How long the evidence holds; bundled data does not age."""
    if policy.demo:
        return []
    if policy.expires_at is None:
        return ["It does not say when its evidence was made: audit recent traffic before you deploy it."]
    until = policy.expires_at
    left = (date.fromisoformat(until) - today).days
    if left < 0:
        return [f"Its evidence has been stale since {until}: audit recent traffic before you deploy it."]
    if left == 0:
        return [f"Its evidence expires today, {until}: audit recent traffic before you deploy it."]
    return [f"Its evidence holds until {until}, {plural(left, 'more day')}: audit again before then."]


def _unreal(folder: RunFolder) -> list[str]:
    """What a run says of itself when its figures are nobody's."""
    if not folder.findings.exists():
        return []
    findings = read_findings(folder.findings)
    demo = ["Demo: bundled data. Do not deploy this policy."] if findings.demo else []
    names = terminal_safe(listing(sorted(findings.simulated)))
    return demo + ([f"Simulated completions: {names}. Do not deploy this policy."] if findings.simulated else [])
