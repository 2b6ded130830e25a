"""An evidence pack, as it was written and as it was checked."""

from __future__ import annotations

from collections.abc import Sequence

from audit.cli.terminal import Terminal
from audit.core.criteria import split_by_grade
from audit.core.display import ascii_only, count, terminal_safe
from audit.pack.evidence import Packed
from audit.pack.signing import SIGNATURE
from audit.pack.verify import Verification

NO_TABLES = (
    "The run folder has no scores any more: the pack has no tables, and `audit verify` says that it does not hold.",
    "Run what made this run again, and pack it then; recorded answers are not paid for again.",
)

RESCORED = (
    "The run was scored again with another configuration than it was planned with. What it found was not declared",
    "beforehand, and `audit verify` says that the pack does not hold. Replay with that configuration, and pack that;",
    "recorded answers are not paid for again.",
)


def print_packed(terminal: Terminal, packed: Packed) -> None:
    """Print what is in a pack, its id and its path."""
    if terminal.switches.json:
        facts = {"pack": str(packed.path), "pack_id": packed.pack_id, "members": packed.members}
        terminal.document({**facts, "config_edited": packed.edited})
        return
    wide = max(map(len, packed.members))
    sizes = {name: count(size) for name, size in packed.members.items()}
    right = max(map(len, sizes.values()))
    lines = [f"  {name:<{wide}}  {size:>{right}} bytes" for name, size in sizes.items()]
    lines += ["", *edited_words(packed.edited)] if packed.edited else []
    lines += ["", *NO_TABLES] if packed.lacks_tables and not packed.rescored else []
    lines += ["", *RESCORED] if packed.rescored else []
    terminal.lines([*lines, "", f"Pack id  {packed.pack_id}", str(packed.path)], fold=True)


def edited_words(keys: Sequence[str]) -> list[str]:
    """That the user's configuration is another one now, and which is in the pack."""
    return [
        f"audit.yaml is not as the run read it any more: {', '.join(keys)}.",
        "The pack has it as the run read it, from the run folder. The figures follow from that one.",
    ]


def verification_lines(found: Verification, *, ascii: bool) -> list[str]:  # noqa: A002
    """One line per check, and the word on the last line."""
    lines = [f"Evidence of run {terminal_safe(found.run_id)}, packed by audit {terminal_safe(found.tool_version)}"]
    if found.demo:
        lines.append("  Demo: bundled data; these figures describe no real company.")
    if found.simulated:
        lines.append(f"  Simulated completions: {terminal_safe(', '.join(found.simulated))}.")
    if found.signed_by is not None and not any(check.name == SIGNATURE for check in found.checks):
        lines.append(f"  It says that key {found.signed_by} signed it; --key FILE.pub checks that.")
    if found.previous is not None:
        lines.append(f"  It says that it follows pack {found.previous}.")
    if found.holds and (split := split_by_grade(found.avoidable_by_grade)):
        lines.append(f"  Avoidable, proven: {split}.")
    wide = max(len(terminal_safe(check.name)) for check in found.checks)
    lines += [
        "",
        *(
            f"  {'✓' if check.holds else '✗'} {terminal_safe(check.name):<{wide}}  {terminal_safe(check.says)}"
            for check in found.checks
        ),
        "",
        f"Pack id  {found.pack_id}",
        "PACK HOLDS" if found.holds else "PACK DIFFERS",
    ]
    return [ascii_only(line) for line in lines] if ascii else lines
