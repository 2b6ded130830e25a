"""A chat route whose truth is planted: answers in prose, a cheaper tier, a judge with a chosen error, and labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from audit.core.fingerprint import prompt_hash
from tests.e2e.tiny import record

CONFIG = """\
margin: {margin}
seed: {seed}
ingest: {{route: metadata.route}}
slice: {{looks: 1{sample}}}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {{input: 0.1, output: 0.3}}
    options: {{answers: answers.jsonl, error_rates: {{chat: {wrong}}}, seed: {seed}}}
  - name: judge
    model: acme-judge-1
    provider: simulated-judge
    price: {{input: 0.5, output: 1.5}}
    options: {{answers: known.jsonl, false_pass: {false_pass}, false_fail: {false_fail}, seed: {seed}}}
routes:
  - match: "/chat"
    candidates: [small]
{labels}    assert:
      - {{type: llm-rubric, judge: judge, value: "Answers what was asked, and nothing in it is false."}}
"""

_OPENINGS = ("Gladly", "Of course", "Here you go", "Certainly", "In short", "Thanks for asking")


def right_text(number: int, by: str) -> str:
    """A right answer in the words of one tier."""
    return f"{_OPENINGS[(number + len(by)) % len(_OPENINGS)]}: parcel {number} left depot {number % 7} ({by})."


def wrong_text(number: int, by: str) -> str:
    """A wrong one."""
    return f"{_OPENINGS[(number + len(by)) % len(_OPENINGS)]}: parcel {number} was never sent ({by})."


def write_chat(
    folder: Path,
    *,
    requests: int = 600,
    wrong: float = 0.0,
    incumbent_wrong: float = 0.05,
    false_pass: float = 0.0,
    false_fail: float = 0.0,
    labels: int | None = 300,
    wrong_labels: float = 0.5,
    margin: str = "8pt",
    seed: int = 0,
    sample: str = "",
) -> list[str]:
    """Write log, answers, labels and configuration; returns the arguments of a command.

    Args:
        wrong: Share of wrong answers of the cheaper tier.
        incumbent_wrong: Of the log's own.
        labels: Answers that people have labelled; None for a route without labels.
        wrong_labels: Share of wrong ones among them.
    """
    random = Random(seed)
    own = [random.random() >= incumbent_wrong for _ in range(requests)]
    records = [_record(number, right=own[number]) for number in range(requests)]
    _write(folder / "log.jsonl", records)
    _write(folder / "answers.jsonl", [_answers(number, records[number]) for number in range(requests)])
    _write(folder / "known.jsonl", [_answers(number, records[number], "large", "small") for number in range(requests)])
    if labels is not None:
        chosen = [random.randrange(requests) for _ in range(labels)]
        _write(folder / "labels.jsonl", [_label(number, right=random.random() >= wrong_labels) for number in chosen])
    config = CONFIG.format(
        margin=margin,
        seed=seed,
        wrong=wrong,
        false_pass=false_pass,
        false_fail=false_fail,
        labels="" if labels is None else "    labels: labels.jsonl\n",
        sample=f", {sample}" if sample else "",
    )
    (folder / "audit.yaml").write_text(config, "utf-8")
    return [
        str(folder / "log.jsonl"),
        *("--config", str(folder / "audit.yaml"), "--out", str(folder / "run")),
    ]


def _record(number: int, *, right: bool) -> dict[str, Any]:
    text = right_text(number, "large") if right else wrong_text(number, "large")
    one = record(number, messages=[{"role": "user", "content": f"Where is my parcel {number}?"}])
    one["metadata"] = {"route": "/chat"}
    one["response"]["choices"][0]["message"]["content"] = text
    return one


def _answers(number: int, logged: dict[str, Any], *whose: str) -> dict[str, Any]:
    tiers = whose or ("small",)
    return {
        "prompt_hash": prompt_hash(logged["messages"]),
        "task": "chat",
        "difficulty": "easy",
        "right": [{"text": right_text(number, tier)} for tier in tiers],
        "wrong": [{"text": wrong_text(number, tier)} for tier in tiers],
    }


def _label(number: int, *, right: bool) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{number}",
        "right": right,
        "answer": right_text(number, "small") if right else wrong_text(number, "small"),
    }


def _write(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
