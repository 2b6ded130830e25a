"""A tiny log with its configuration, and with what a simulated tier may answer to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit.core.fingerprint import prompt_hash


def record(number: int, **changes: Any) -> dict[str, Any]:
    """One request with its answer, as LiteLLM logs it."""
    start = 1_790_000_000 + number * 600
    return {
        "id": f"chatcmpl-{number}",
        "litellm_call_id": f"call-{number}",
        "trace_id": f"trace-{number}",
        "call_type": "acompletion",
        "status": "success",
        "model": "acme-large-2",
        "model_group": "primary",
        "custom_llm_provider": "acme",
        "startTime": start,
        "endTime": start + 1.5,
        "prompt_tokens": 120,
        "completion_tokens": 3,
        "response_cost": 0.0012,
        "messages": [{"role": "user", "content": f"What is {number} plus {number}?"}],
        "response": {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "model": "acme-large-2",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": str(2 * number)}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 120, "completion_tokens": 3, "total_tokens": 123},
        },
        "model_parameters": {"temperature": 0, "max_tokens": 16},
        "metadata": {"route": "/add", "team": "one"},
        "hidden_params": {},
        "model_map_information": {},
        **changes,
    }


def write_log(path: Path, n: int = 12, **changes: Any) -> Path:
    """n records, one a line."""
    path.write_text("".join(json.dumps(record(i, **changes)) + "\n" for i in range(n)), "utf-8")
    return path


CONFIG = """\
margin: 3pt
max_spend: $1
ingest: {{route: metadata.route, tenant: metadata.team}}
tiers:
  - {{name: small, model: acme-small-1, provider: openai-compatible, base_url: "{url}"{more},
     price: {{input: 0.1, output: 0.3}}}}
routes:
  - match: "/add"
    candidates: [small]
    assert: [{{type: numeric, value: "{{{{incumbent.text}}}}"}}]
gate:
  - {{name: quality holds, when: "quality_delta{{route:/add}} >= -3pt"}}
"""


def write_config(path: Path, url: str = "http://127.0.0.1:9/v1", more: str = "") -> Path:
    """A configuration for the tiny log; port 9 answers nobody."""
    path.write_text(CONFIG.format(url=url, more=more), "utf-8")
    return path


def write_answered(folder: Path, records: Sequence[dict[str, Any]]) -> Path:
    """A log of these records, and beside it `answers.jsonl`: what a simulated tier may say, the logged answer right."""
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    answers = [
        {
            "prompt_hash": prompt_hash(one["messages"]),
            "task": "add",
            "difficulty": "easy",
            "right": [{"text": one["response"]["choices"][0]["message"]["content"]}],
            "wrong": [{"text": "no idea"}],
        }
        for one in records
    ]
    (folder / "answers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in answers), "utf-8")
    return log
