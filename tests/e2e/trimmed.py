"""A log whose prompts hold tools that nobody calls and earlier turns, and what is lost without them: planted."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from audit.core.exchange import Request
from audit.core.fingerprint import prompt_hash
from audit.llm.simulation import prompt_tokens
from tests.e2e.tiny import record

ROUTE = "/agent"
UNUSED = ("archive", "refund")
CONFIG = """\
margin: 10pt
seed: {seed}
ingest: {{route: metadata.route}}
store: {{keep: false}}
slice: {{incumbent_min: 0, incumbent_share: 1%, looks: {looks}, discordance: 25%}}
tiers:
  - {{name: bare, model: acme-large-2, provider: simulated, trim: {{tools: unused}}, {rest}}}
  - {{name: brief, model: acme-large-2, provider: simulated, trim: {{history: 1}}, {rest}}}
routes:
  - match: "*"
    assert: [{{type: equals, value: "{{{{incumbent.text}}}}"}}]
"""
REST = (
    "price: {input: 5, output: 15}, "
    "options: {answers: answers.jsonl, error_rates: {whole: 0.0, harmless: 0.0, matters: 1.0}}"
)


def tool(name: str) -> dict[str, Any]:
    """A tool that is offered."""
    return {"type": "function", "function": {"name": name, "description": f"{name}: " + "what it does " * 20}}


TOOLS = [tool(name) for name in ("search", *UNUSED)]


def conversation(number: int) -> list[dict[str, Any]]:
    """Two turns, the first with a call of the tool that is used."""
    call = {"id": f"c{number}", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    return [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": f"My order is {number}. " + "Some more words. " * 15},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{number}", "content": "It was sent."},
        {"role": "assistant", "content": "It was sent."},
        {"role": "user", "content": f"And where is {number}, please?"},
    ]


def saved_without_tools(requests: int) -> float:
    """USD that the unused tools cost in a log of so many requests, as the simulated tier counts tokens."""
    return sum(_tokens(conversation(n), TOOLS) - _tokens(conversation(n), TOOLS[:1]) for n in range(requests)) * 5 / 1e6


def _tokens(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> int:
    return prompt_tokens(Request(request_fp="", messages=messages, tools=tools))


def last_turn(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What one turn of it is, with the system's words."""
    return [messages[0], messages[-1]]


def write(folder: Path, *, requests: int, matters: int, seed: int = 0, looks: int = 1) -> tuple[Path, Path]:
    """The log and its configuration; the earlier turn matters in so many requests, drawn anew for each seed."""
    lost = set(random.Random(seed).sample(range(requests), matters))
    records, answers = [], []
    for number in range(requests):
        messages, said = conversation(number), f"Parcel {number} is on its way."
        prompt = _tokens(messages, TOOLS)
        usage = {"prompt_tokens": prompt, "completion_tokens": 8, "total_tokens": prompt + 8}
        one = record(
            number,
            messages=messages,
            prompt_tokens=prompt,
            completion_tokens=8,
            response_cost=(prompt * 5 + 8 * 15) / 1e6,
            model_parameters={"temperature": 0, "max_tokens": 16, "tools": TOOLS, "parallel_tool_calls": True},
            metadata={"route": ROUTE},
        )
        one["response"]["choices"][0]["message"]["content"] = said
        one["response"]["usage"] = usage
        records.append(one)
        task = "matters" if number in lost else "harmless"
        for kind, shown in (("whole", messages), (task, last_turn(messages))):
            key = {"prompt_hash": prompt_hash(shown), "task": kind, "difficulty": "easy"}
            answers.append(key | {"right": [{"text": said}], "wrong": [{"text": "Which parcel?"}]})
    log, config = folder / "log.jsonl", folder / "audit.yaml"
    log.write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    (folder / "answers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in answers), "utf-8")
    config.write_text(CONFIG.format(seed=seed, looks=looks, rest=REST), "utf-8")
    return log, config
