"""A first `audit.yaml` from a configuration of promptfoo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.core.display import terminal_safe
from audit.core.errors import InputError
from audit.flow.drafting.draft import TakenOver
from audit.flow.drafting.promptfoo.assertions import Assertions
from audit.flow.drafting.promptfoo.goldset import GoldSet, gold_set, told
from audit.flow.drafting.promptfoo.providers import Tiers
from audit.flow.drafting.promptfoo.reading import Promptfoo, read_promptfoo
from audit.flow.drafting.tiers import in_line

GOLD = "gold.jsonl"
"""Name of the file of right answers, beside `audit.yaml`."""
ASSUMED = "  # promptfoo names no grader and takes one by your keys: confirm the judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class FromPromptfoo:
    """What was taken over.

    Attributes:
        given: For the draft.
        gold: Lines of the gold set's file; empty where there is none.
        left: What was not taken over, as sentences.
    """

    given: TakenOver
    gold: str
    left: tuple[str, ...]


def from_promptfoo(path: Path, directory: Path | None = None) -> FromPromptfoo:
    """Take a configuration over.

    Args:
        path: Of promptfoo's file.
        directory: Where `audit.yaml` will be; default: beside it. Files that values name stay where they are, so
            elsewhere they are refused.

    Raises:
        ConfigError: The file cannot be read.
        InputError: It is no configuration of promptfoo, or holds nothing that could be taken over.
    """
    config = read_promptfoo(path)
    tiers = Tiers()
    for provider in config.providers:
        tiers.add(provider)
    assertions = Assertions(
        tiers=tiers, templates=config.templates, directory=directory or config.directory, grader=_grader(config)
    )
    gold = gold_set(config, assertions)
    left = tuple(dict.fromkeys([*config.left, *tiers.left, *assertions.left, *gold.left]))
    if not tiers.entries and not gold.criteria:
        raise InputError(
            f"{path} holds no provider and no assertion that could be taken over", code="promptfoo.nothing", notes=left
        )
    head = tuple(_head(path, gold, left))
    entries = (f"  - {in_line(entry)}{_priced(name, tiers)}\n" for name, entry in tiers.entries.items())
    judged = f"{ASSUMED}\n" if assertions.assumed else ""
    given = TakenOver(
        head=head,
        tiers=(judged, *entries),
        criteria=tuple(_criteria(gold)),
        prompts=frozenset(gold.rows),
        source=path.name,
    )
    rows = ({"prompt_hash": key, "reference": _whole(row, gold)} for key, row in sorted(gold.rows.items()))
    lines = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    return FromPromptfoo(given=given, gold=lines, left=left)


def _grader(config: Promptfoo) -> Any:
    options = config.default.get("options")
    return options.get("provider") if isinstance(options, dict) else None


def _whole(row: dict[str, Any], gold: GoldSet) -> dict[str, Any]:
    """With null for what this prompt does not expect: a criterion does not apply there."""
    names = {name for one in gold.rows.values() for name in one}
    return {name: row.get(name) for name in sorted(names)}


def _head(path: Path, gold: GoldSet, left: tuple[str, ...]) -> Iterator[str]:
    """Where it comes from, and what does not."""
    yield f"\n# Taken over from {terminal_safe(path.name)}.\n"
    if left:
        yield "# Not taken over:\n"
        yield from (f"#   {' '.join(terminal_safe(one).split())}\n" for one in left)
    if gold.rows:
        yield f"references: {in_line({'path': GOLD})}   # {told(gold)}; joined to the log by the prompt\n"


def _priced(name: str, tiers: Tiers) -> str:
    return "   # no list price is known: add price: {input: ..., output: ...}" if name in tiers.unpriced else ""


def _criteria(gold: GoldSet) -> Iterator[str]:
    if gold.threshold is not None:
        yield f"    threshold: {gold.threshold:g}\n"
    if not gold.criteria:
        yield "    assert: []   # no assertion could be taken over\n"
        return
    yield "    assert:\n"
    yield from (f"      - {in_line(one)}\n" for one in gold.criteria)
