"""The demo's criteria accept exactly the right answers: what an audit measures is what was planted."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from audit.config.load import load_settings
from audit.core.exchange import Completion
from audit.embeddings import Embedder, open_embedder
from audit.scoring.context import Context
from audit.scoring.criteria import build_criteria
from audit.scoring.verdict import accept
from tests.demo.material import DEMO, Line, answers, references, replayable, truth


@cache
def static() -> Embedder:
    """The embedding model that every installation has."""
    return open_embedder("wordllama")


@pytest.mark.parametrize("route", list(truth()["routes"]))
def test_right_passes_and_wrong_fails(route: str) -> None:
    """Every right and every wrong completion of the answers file, under the route's whole list."""
    check(route, static)


@pytest.mark.slow
def test_the_threshold_holds_for_the_best_embedder_too() -> None:
    """Where sentence-transformers and its weights are installed, the same threshold tells right from wrong."""
    check("/support-chat", open_embedder)


def check(route: str, embedder: Callable[[], Embedder]) -> None:
    """Score both kinds of completions of a route's prompts."""
    entry = load_settings(DEMO / "audit.yaml").route(route)
    assert entry is not None
    criteria = build_criteria(entry.criteria, DEMO, embedder=cache(embedder))
    cases = [
        (context(line, completion), expected, completion.get("finish_reason") != "length")
        for line in {line.key: line for line in replayable(route)}.values()
        for expected, kind in ((True, "right"), (False, "wrong"))
        for completion in answers()[line.key][kind]
    ]
    by_criterion = [criterion.score([case[0] for case in cases]) for criterion in criteria]
    weights = [criterion.weight for criterion in criteria]
    for (_, expected, answered), *outcomes in zip(cases, *by_criterion, strict=True):
        assert accept(outcomes, weights, entry.threshold, answered=answered) is expected


def context(line: Line, completion: dict[str, Any]) -> Context:
    """A completion to the request of a line, with its reference."""
    calls = tuple(completion.get("tool_calls") or ())
    return Context(
        request=line.request,
        completion=Completion(text=completion.get("text"), tool_calls=calls),
        reference=references()[line.key],
    )
