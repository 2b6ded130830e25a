"""Cases as data: one JSON line is a criterion's entry, a completion, what it is compared with, and the outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from audit.core.exchange import Completion, Request, Usage
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.core.settings import CriterionSettings
from audit.embeddings import Embedder
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria
from audit.scoring.judges.check import JudgeReply
from audit.scoring.scorer import no_embedder

HERE = Path(__file__).parent

Case = dict[str, Any]


def read_cases(name: str) -> Iterator[Case]:
    """Cases of one scorer."""
    path = HERE / name.replace("-", "_") / "cases.jsonl"
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)


def entry_of(written: dict[str, Any]) -> CriterionSettings:
    """An entry as `audit.yaml` has it."""
    return CriterionSettings.model_validate(CriterionSettings.from_entry(written))


def completion_of(value: Any) -> Completion:
    """A completion from its text, or from a mapping of its fields."""
    fields = dict(value) if isinstance(value, dict) else {"text": value}
    tokens = fields.pop("completion_tokens", None)
    usage = None if tokens is None else Usage(prompt_tokens=1, completion_tokens=tokens)
    return Completion(text=fields.pop("text"), usage=usage, **fields)


def context_of(case: Case) -> Context:
    """What a case compares."""
    request = case.get("request", {"messages": []})
    return Context(
        request=Request(request_fp="f", **request),
        completion=completion_of(case["completion"]),
        reference=case.get("reference"),
        incumbent=completion_of(case["incumbent"]) if "incumbent" in case else None,
        metadata=case.get("metadata", {}),
    )


def outcome_of(name: str, case: Case, embedder: Callable[[], Embedder] = no_embedder) -> Outcome:
    """Score a case."""
    entry = entry_of({"type": name, **case["options"]})
    (criterion,) = build_criteria([entry], HERE, embedder=embedder)
    context = context_of(case)
    if "replies" in case:
        asked = criterion.questions(context)
        said = {one.key: JudgeReply(text=text) for one, text in zip(asked, case["replies"], strict=True)}
        (criterion,) = build_criteria([entry], HERE, embedder=embedder, replies=said)
    return criterion.score([context])[0]


def check(outcome: Outcome, wanted: Any) -> None:
    """Compare an outcome with `true`, `false`, a status, or a mapping of its fields."""
    if isinstance(wanted, bool):
        assert isinstance(outcome, Scored), outcome
        assert outcome.passed is wanted, outcome
    elif isinstance(wanted, str):
        assert isinstance(outcome, {"not_applicable": NotApplicable, "errored": Errored}[wanted]), outcome
    else:
        assert isinstance(outcome, Scored), outcome
        for field, value in wanted.items():
            found = getattr(outcome, field)
            assert (round(found, 4) if isinstance(found, float) else found) == value, outcome
