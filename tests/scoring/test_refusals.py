"""Refusals of the speaker's own, told from what people cannot do: a set in twenty languages and more, both ways."""

from __future__ import annotations

import json
from pathlib import Path

from audit.scoring.refusals import declines

SET = [json.loads(line) for line in Path(__file__).with_name("refusals.jsonl").read_text("utf-8").splitlines()]


def test_precision_and_recall() -> None:
    """Letters that a model drafts, users' words that it repeats and statuses of logs are answers."""
    said = [(one["refuses"], declines(one["text"], one.get("asked", "")), one["text"]) for one in SET]
    right = sum(wanted and found for wanted, found, _ in said)
    precision = right / sum(found for _, found, _ in said)
    recall = right / sum(wanted for wanted, _, _ in said)
    print(f"{len(SET)} lines, {len({one['language'] for one in SET})} languages: {precision:.3f}, {recall:.3f}")
    wrong = [text for wanted, found, text in said if wanted is not found]
    assert precision >= 0.98, wrong
    assert recall >= 0.98, wrong
    assert sum(one["refuses"] for one in SET) > 80
    assert len({one["language"] for one in SET}) > 20
