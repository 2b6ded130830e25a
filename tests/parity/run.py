"""Both tools on the same pairs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.core.exchange import Completion, Request
from audit.core.outcome import Scored
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria
from tests.parity.pairs import Pair
from tests.scoring.cases import entry_of
from tests.shared import REPOSITORY

PROMPTFOO = Path(os.environ.get("AUDIT_PROMPTFOO", REPOSITORY.parent / "promptfoo"))
"""A folder in which `npm install promptfoo` was run."""

RUNNER = Path(__file__).parent / "runner.mjs"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A pair, and what each of the two says of it: `pass`, `fail`, or why it says nothing."""

    pair: Pair
    ours: str
    theirs: str


def missing() -> str | None:
    """What must be installed first; None when nothing is missing."""
    if shutil.which("node") is None:
        return "node is not installed: promptfoo runs on Node.js 20 or later (https://nodejs.org)"
    if not (PROMPTFOO / "node_modules" / "promptfoo").is_dir():
        return (
            f"promptfoo is not in {PROMPTFOO}: make that folder, outside of the repository, and run there\n"
            "    npm install promptfoo\n"
            "or say where it is: AUDIT_PROMPTFOO=FOLDER python -m tests.parity"
        )
    return None


def theirs(pairs: Sequence[Pair]) -> list[str]:
    """What promptfoo says of each pair."""
    questions = (
        {
            "id": number,
            "assertion": dict(pair.entry),
            "output": list(pair.calls) if pair.calls else pair.text,
            "response": {"finishReason": pair.finish},
            "tools": list(pair.tools) or None,
        }
        for number, pair in enumerate(pairs)
    )
    done = subprocess.run(
        ["node", "--no-warnings", str(RUNNER), str(PROMPTFOO.resolve())],
        input="".join(json.dumps(question) + "\n" for question in questions),
        capture_output=True,
        text=True,
        check=True,
    )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"id"')]
    answers = {each["id"]: each.get("error") or ("pass" if each["pass"] else "fail") for each in said}
    return [answers[number] for number in range(len(pairs))]


def ours(pair: Pair) -> str:
    """What this project says of a pair."""
    (criterion,) = build_criteria([entry_of(dict(pair.entry))], Path())
    completion = Completion(
        text=None if pair.calls else pair.text, tool_calls=tuple(pair.calls), finish_reason=pair.finish
    )
    request = Request(request_fp="", messages=(), tools=tuple(pair.tools) or None)
    (outcome,) = criterion.score([Context(request=request, completion=completion)])
    if isinstance(outcome, Scored):
        return "pass" if outcome.passed else "fail"
    return type(outcome).__name__.lower()


def disagreements(pairs: Sequence[Pair]) -> list[Disagreement]:
    """The pairs on which the two differ."""
    return [
        Disagreement(pair, mine, said)
        for pair, said in zip(pairs, theirs(pairs), strict=True)
        if (mine := ours(pair)) != said
    ]
