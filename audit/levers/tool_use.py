"""Which tools the requests of a route offer, and which of them anybody calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from audit.core.columns import ROW_KEY, billable
from audit.core.trim import OFFERED
from audit.levers.log_files import LogFiles
from audit.levers.prompts import Prompt, read_prompts


class _Function(msgspec.Struct):
    name: str = ""


class _Call(msgspec.Struct):
    function: _Function = msgspec.field(default_factory=_Function)


class TurnCalls(msgspec.Struct):
    """A message, as far as levers look into it.

    Attributes:
        elsewhere: Tools that it calls in another form than that of chat.
    """

    role: str = ""
    tool_calls: list[_Call] | None = None
    elsewhere: tuple[str, ...] = ()


_TURN = msgspec.json.Decoder(TurnCalls)
_TOOL = msgspec.json.Decoder(_Call)
_CALLS = msgspec.json.Decoder(list[_Call])


@dataclass(slots=True)
class ToolUse:
    """What is known of one route's tools while its prompts are read.

    Attributes:
        offered: Requests by the name of a tool that they offer.
        called: Tools that an answer or an earlier turn calls.
    """

    offered: Counter[str] = field(default_factory=Counter)
    called: set[str] = field(default_factory=set)

    def take(self, prompt: Prompt, turns: Iterable[TurnCalls]) -> None:
        """Take in a prompt, with its messages as they were read."""
        self.offered.update({tool_name(tool) for tool in prompt.tools})
        for one in turns:
            self.called |= {call.function.name for call in one.tool_calls or ()}
            self.called.update(one.elsewhere)
        self.called |= _called(prompt.called)

    @property
    def unused(self) -> dict[str, int]:
        """Tools that nobody calls, with the requests that offer them: at least `OFFERED`."""
        return {
            name: times
            for name, times in sorted(self.offered.items())
            if name and times >= OFFERED and name not in self.called
        }


def together(uses: Iterable[ToolUse]) -> ToolUse:
    """Several routes as one: a tool that one of them calls is used."""
    whole = ToolUse()
    for use in uses:
        whole.offered.update(use.offered)
        whole.called |= use.called
    return whole


def tool_use(traffic_files: Sequence[Path], body_files: Sequence[Path]) -> Mapping[str, ToolUse]:
    """The tools of every route, "" where the log has none; of all billable requests whose prompt it holds."""
    files = LogFiles(traffic_files, body_files)
    routes: defaultdict[str, ToolUse] = defaultdict(ToolUse)
    route = pl.col("route").cast(pl.String).fill_null("")
    for number in range(files.number):
        rows = files.part(number).filter(billable()).select("at", "started_at", key=ROW_KEY, route=route).collect()
        of = dict(rows.select("at", "route").iter_rows())
        for prompt in read_prompts(files, number, rows):
            routes[of[prompt.at]].take(prompt, map(turn_of, prompt.messages))
    return routes


def turn_of(raw: bytes) -> TurnCalls:
    """A message, of whatever protocol; without a role where it is of no shape."""
    try:
        turn = _TURN.decode(raw)
        if any(mark in raw for mark in _MARKS):
            turn.elsewhere = tuple(_named_in(msgspec.json.decode(raw)))
    except (ValueError, RecursionError):
        return TurnCalls()
    return turn


_MARKS = (b"tool_use", b"toolUse", b"function_call", b"functionCall", b"custom")
"""What stands in a message that calls a tool in another form than that of chat, and in few others."""


def _named_in(message: Any) -> Iterator[str]:
    """Tools that a message calls: as a part of it (Anthropic, Bedrock, Gemini), as the whole (Responses), in the older
    form of chat, or as a custom tool."""
    parts = [message]
    for place in ("content", "parts", "tool_calls"):
        value = message.get(place) if isinstance(message, dict) else None
        parts += value if isinstance(value, list) else []
    for part in parts:
        if not isinstance(part, dict):
            continue
        calls = [part.get(key) for key in ("function_call", "functionCall", "toolUse", "custom")]
        calls += [part] if part.get("type") in ("tool_use", "function_call", "custom_tool_call") else []
        names = (call.get("name") for call in calls if isinstance(call, dict))
        yield from (name for name in names if isinstance(name, str))


def tool_name(tool: bytes) -> str:
    """A tool's name; empty for one that is none of ours to judge, as a vendor's own."""
    try:
        return _TOOL.decode(tool).function.name
    except (ValueError, RecursionError):
        return ""


def _called(calls: str | None) -> set[str]:
    try:
        return {call.function.name for call in _CALLS.decode(calls)} if calls else set()
    except (ValueError, RecursionError):
        return set()
