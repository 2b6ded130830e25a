"""Prompts that could be shorter: nothing of it is counted, and what is said of a prompt is exact."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from audit.core.exchange import Message, ModelRequest, Text, ToolCall, ToolResult
from audit.core.fingerprint import canonical_json
from audit.core.levers import Kind, LeverName, PromptShares
from audit.core.settings import TierSettings, TrimSettings
from audit.protocols import PROTOCOLS
from tests.levers.prompt_worlds import CLAUDE, World, text

ROUTE = "/tools"


def tool(name: str, words: int, chance: random.Random) -> dict[str, Any]:
    """A tool that is offered."""
    return {"type": "function", "function": {"name": name, "description": text(chance, words)}}


def call(name: str) -> dict[str, Any]:
    """A call of it."""
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": "{}"}}


def size(*values: Any) -> int:
    """Bytes as canonical JSON."""
    return sum(len(canonical_json(value).encode()) for value in values)


def offering(requests: int, called: set[str], *, in_history: str | None = None) -> tuple[World, list[Any], list[int]]:
    """Requests that offer four tools, of which some are called; with the bytes of each prompt."""
    chance, world, sizes = random.Random(2), World(), []
    tools = [tool(f"t{n}", 20 + 40 * n, chance) for n in range(4)]
    names = sorted(called)
    for n in range(requests):
        question = {"role": "user", "content": text(chance, chance.randrange(5, 60))}
        messages: list[Any] = [question]
        if in_history and n == 0:
            messages = [{"role": "assistant", "content": None, "tool_calls": [call(in_history)]}, question]
        calls = [call(names[n % len(names)])] if names else None
        sizes.append(size(*tools, *messages))
        world.ask(10.0 * n, messages, sizes[-1] // 4, tools=tools, calls=calls, route=ROUTE)
    return world, tools, sizes


@pytest.mark.parametrize("called", [{"t0"}, {"t1", "t2"}, {"t0", "t1", "t2"}])
def test_unused_tools_are_found_exactly(called: set[str], tmp_path: Path) -> None:
    """Those that no answer calls, by name, with their share of what the prompts cost to the last bit."""
    world, tools, sizes = offering(120, called)
    found = world.line(tmp_path, LeverName.PROMPT_TRIMMING)
    unused = [one for one in tools if one["function"]["name"] not in called]
    (shares,) = found.prompts
    assert shares.never_called == tuple(one["function"]["name"] for one in unused)
    assert shares.unused_tools == pytest.approx(120 * size(*unused) / sum(sizes))
    usd = [one["prompt_tokens"] * 4.0 / 1e6 * size(*unused) / n for one, n in zip(world.rows, sizes, strict=True)]
    assert found.usd == 0
    assert found.at_most_usd == pytest.approx(sum(usd))
    assert {part.kind for part in found.parts} == {Kind.UNUSED_TOOLS}
    assert shares.trim == {"tools": "unused"}


def test_a_tool_is_not_unused_too_soon(tmp_path: Path) -> None:
    """Few requests show nothing, and a call in an earlier turn is a call."""
    (tmp_path / "few").mkdir()
    few, _, _ = offering(99, set())
    assert few.line(tmp_path / "few", LeverName.PROMPT_TRIMMING).prompts[0].never_called == ()
    world, _, _ = offering(100, {"t0", "t1"}, in_history="t3")
    assert world.line(tmp_path, LeverName.PROMPT_TRIMMING).prompts[0].never_called == ("t2",)


LEGACY = [{"role": "assistant", "content": None, "function_call": {"name": "t3", "arguments": "{}"}}]
CUSTOM = [{"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "t3", "input": ""}}]}]


@pytest.mark.parametrize("form", [*PROTOCOLS.names, "legacy", "custom"])
def test_a_call_in_an_earlier_turn_is_a_call_in_any_protocol(form: str, tmp_path: Path) -> None:
    """Logs of gateways keep a vendor's own messages: a tool that one of them calls is not unused, and not left out."""
    talk = ModelRequest(
        messages=(
            Message("user", (Text("a"),)),
            Message("assistant", (Text("b"), ToolCall("c", "t3", "{}"))),
            Message("tool", (ToolResult("c", (Text("d"),)),)),
            Message("user", (Text("the tool_use of t2, a functionCall"),)),
        )
    )
    if form in PROTOCOLS.names:
        protocol = PROTOCOLS.get(form)
        earlier = protocol.request_to(talk)[0][protocol.shape.field]
    else:
        earlier = {"legacy": LEGACY, "custom": CUSTOM}[form]
    world, tools, sizes = offering(110, {"t0", "t1"})
    world.ask(2_000.0, earlier, sizes[-1] // 4, tools=tools, route=ROUTE)
    assert world.line(tmp_path, LeverName.PROMPT_TRIMMING).prompts[0].never_called == ("t2",)


def test_history_and_static_parts(tmp_path: Path) -> None:
    """Turns before the last user message are history; a system prompt that was sent before is static."""
    chance, world = random.Random(4), World()
    system = {"role": "system", "content": text(chance, 300)}
    talk: list[Any] = [system]
    total = static = history = 0
    for n in range(6):
        talk.append({"role": "user", "content": text(chance, 40)})
        world.ask(60.0 * n, list(talk), size(*talk) // 4, route=ROUTE)
        total += size(*talk)
        static += size(system) if n else 0
        history += size(*talk[1:-1])
        talk.append({"role": "assistant", "content": text(chance, 60)})
    found = world.line(tmp_path, LeverName.PROMPT_TRIMMING)
    assert found.prompts == (
        PromptShares(
            route=ROUTE,
            requests=6,
            static=static / total,
            history=history / total,
            unused_tools=0.0,
            never_called=(),
            model=CLAUDE,
        ),
    )
    assert TierSettings.model_validate({**found.prompts[0].tier, "provider": "anthropic"}).trim == TrimSettings(
        history=2
    )
    assert {part.kind for part in found.parts} == {Kind.LONG_HISTORY}


def test_odd_tools_and_calls_cost_nothing(tmp_path: Path) -> None:
    """A vendor's own tool, a tool without a name and calls of no shape are read past."""
    world = World()
    for n in range(120):
        tools = [{"type": "web_search"}, {"type": "function", "function": {"name": 7}}]
        messages = [{"role": "assistant", "tool_calls": "none"}, {"role": "user", "content": "hi"}]
        world.ask(float(n), messages, 50, tools=tools, calls=[{"function": None}])
    found = world.line(tmp_path, LeverName.PROMPT_TRIMMING)
    assert found.prompts[0].never_called == ()
    assert not [part for part in found.parts if part.kind is Kind.UNUSED_TOOLS]
