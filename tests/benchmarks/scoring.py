"""What a criterion costs per answer over the bare library that it rests on, on the same texts, in the same run.

Ours fills the template of `value`, compares as the criterion says, and gives an outcome with its reason; the anchor is
the library's call alone. CPU microseconds an answer, the least of some runs, in this process.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from audit.core.exchange import Completion, Request
from audit.core.settings import CriterionSettings
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria
from audit.scoring.scorer import no_embedder

ANSWERS = 20_000
RUNS = 5
REQUEST = Request(request_fp="f", messages=[{"role": "user", "content": "How much?"}])


def texts() -> list[tuple[str, str]]:
    """Answers of two models to one request each: some the same, some not, of a few hundred letters, as JSON."""
    draw = random.Random(5)
    words = ["order", "refund", "invoice", "total", "customer", "shipped", "pending", "address", "amount", "ticket"]
    found = []
    for number in range(ANSWERS):
        said = {"id": number, "summary": " ".join(draw.choices(words, k=40))}
        other = said if draw.random() < 0.7 else said | {"id": number + 1}
        found.append((json.dumps(said), json.dumps(other)))
    return found


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


BARE: dict[str, tuple[dict[str, Any], str, Callable[[Sequence[str], Sequence[str]], Any]]] = {
    "equals": (
        {"type": "equals", "value": "{{incumbent.text}}"},
        "==",
        lambda ours, wanted: [a == b for a, b in zip(ours, wanted, strict=True)],
    ),
    "contains": (
        {"type": "contains", "value": "{{incumbent.text}}"},
        "in",
        lambda ours, wanted: [b in a for a, b in zip(ours, wanted, strict=True)],
    ),
    "levenshtein": (
        {"type": "levenshtein", "value": "{{incumbent.text}}"},
        "rapidfuzz cpdist",
        lambda ours, wanted: process.cpdist(ours, wanted, scorer=Levenshtein.distance),
    ),
    "is-json": (
        {"type": "is-json"},
        "json.loads",
        lambda ours, _: [_is_json(text) for text in ours],
    ),
}
"""By criterion: its entry, the name of the library's call, and the call."""


def rows() -> list[dict[str, Any]]:
    """One row a criterion."""
    pairs = texts()
    ours, wanted = [a for a, _ in pairs], [b for _, b in pairs]
    contexts = [
        Context(request=REQUEST, completion=Completion(text=a), incumbent=Completion(text=b), metadata={})
        for a, b in pairs
    ]
    found = []
    for name, (entry, library, bare) in BARE.items():
        settings = CriterionSettings.model_validate(CriterionSettings.from_entry(entry))
        (criterion,) = build_criteria([settings], Path(), embedder=no_embedder)
        value, anchor = _least(criterion.score, contexts), _least(bare, ours, wanted)
        found.append(
            {
                "name": f"scoring_{name}_us_per_answer",
                "value": round(value, 2),
                "unit": "CPU µs",
                "anchor": library,
                "anchor_value": round(anchor, 3),
                "ratio": round(value / anchor, 2),
            }
        )
    return found


def _least(work: Callable[..., Any], *given: Any) -> float:
    """CPU microseconds an answer."""
    spent = []
    for _ in range(RUNS):
        began = time.process_time()
        work(*given)
        spent.append(time.process_time() - began)
    return min(spent) / ANSWERS * 1e6
