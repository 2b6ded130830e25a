"""Prompts that could be shorter: tools that nobody calls, and conversations that are sent again with each turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from audit.core.levers import Effort, Kind, LeverBasis, LeverName, PromptShares, Unseen
from audit.levers.lever import Lever, LeverFound, Log, all_changes, bounded, unseen
from audit.levers.prompts import Prompt, read_prompts
from audit.levers.tool_use import ToolUse, tool_name, turn_of

_STATIC = ("system", "developer")


@dataclass(slots=True)
class _Route:
    """What is known of one route's prompts while they are read."""

    use: ToolUse = field(default_factory=ToolUse)
    heads: set[int] = field(default_factory=set)
    toolsets: dict[tuple[bytes, ...], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Size:
    """Bytes of one prompt; `toolset` is the number of the tools that it offers, on its route."""

    at: int
    route: str
    size: int
    static: int
    history: int
    toolset: int


def find(bill: pl.DataFrame, log: Log) -> LeverFound:
    """What tools that nobody calls and earlier turns cost as part of prompts. Nothing of it is counted.

    A shorter prompt may have another answer, so that these are upper ends, of what a replay could try. A tool counts
    as uncalled where at least 100 requests of the route offer it, and no answer and no earlier turn calls it.
    """
    rows, blind = unseen(
        bill.filter("alive"),
        {
            Unseen.NO_RATES: ~pl.col("divided"),
            Unseen.MEDIA: (pl.col("has_images") | pl.col("has_audio")).fill_null(False),
        },
    )
    sizes, routes = _read(rows, log)
    unused = {route: _unused_bytes(known) for route, known in routes.items()}
    table = pl.DataFrame(
        [(one.at, one.size, one.static, one.history, unused[one.route][one.toolset]) for one in sizes],
        schema={"at": pl.UInt32, "size": pl.Int64, "static": pl.Int64, "history": pl.Int64, "unused": pl.Int64},
        orient="row",
    ).unique("at", maintain_order=True)
    rows, absent = unseen(
        rows.join(table, on="at", how="left", maintain_order="left"), {Unseen.NO_PROMPT: pl.col("size").is_null()}
    )
    prompt_usd = pl.col("input") + pl.col("cached") + pl.col("written")
    usd = {name: prompt_usd * pl.col(name) / pl.col("size") for name in ("unused", "history")}
    return LeverFound(
        changes=all_changes(
            bounded(rows.filter(_most("unused", "history")), Kind.UNUSED_TOOLS, usd["unused"]),
            bounded(rows.filter(_most("history", "unused")), Kind.LONG_HISTORY, usd["history"]),
        ),
        unseen=pl.concat([blind, absent]),
        prompts=tuple(_shares(rows, routes)),
    )


def _most(one: str, other: str) -> pl.Expr:
    """Whether a prompt has something of the one, and more of it than of the other."""
    return (pl.col(one) > 0) & (pl.col(one) >= pl.col(other))


def _read(rows: pl.DataFrame, log: Log) -> tuple[list[_Size], Mapping[str, _Route]]:
    of = dict(rows.select("at", "route").iter_rows())
    routes: defaultdict[str, _Route] = defaultdict(_Route)
    return [_measured(prompt, of[prompt.at], routes[of[prompt.at]]) for prompt in read_prompts(log.body_files, rows)], (
        routes
    )


def _measured(prompt: Prompt, route: str, known: _Route) -> _Size:
    """A prompt's bytes, and what it adds to what is known of its route."""
    messages = [turn_of(raw) for raw in prompt.messages]
    lengths = [len(raw) for raw in prompt.messages]
    tools = sum(map(len, prompt.tools))
    start = next((n for n, one in enumerate(messages) if one.role not in _STATIC), len(messages))
    last = max((n for n, one in enumerate(messages) if one.role == "user"), default=start)
    head = hash((prompt.tools, prompt.messages[:start]))
    static = tools + sum(lengths[:start]) if head in known.heads else 0
    known.heads.add(head)
    known.use.take(prompt, messages)
    toolset = known.toolsets.setdefault(prompt.tools, len(known.toolsets))
    return _Size(prompt.at, route, tools + sum(lengths), static, sum(lengths[start:last]), toolset)


def _unused_bytes(known: _Route) -> dict[int, int]:
    """By set of tools, the bytes of those that nobody calls."""
    names = known.use.unused
    return {
        number: sum(len(tool) for tool in tools if tool_name(tool) in names) for tools, number in known.toolsets.items()
    }


def _shares(rows: pl.DataFrame, routes: Mapping[str, _Route]) -> Iterable[PromptShares]:
    """By route, what its prompts are made of, the most dollars first."""
    sums = (pl.col(name).sum() for name in ("size", "static", "history", "unused", "left"))
    by_route = rows.group_by("route").agg(pl.len(), *sums).sort("left", "route", descending=[True, False])
    spent = rows.group_by("route", "model").agg(pl.col("left").sum())
    spent = spent.sort("left", "model", descending=[True, False]).unique("route", keep="first", maintain_order=True)
    models = dict(spent.select("route", "model").iter_rows())
    for route, requests, size, static, history, unused, _ in by_route.iter_rows():
        yield PromptShares(
            route=route,
            requests=requests,
            static=static / size,
            history=history / size,
            unused_tools=unused / size,
            never_called=tuple(routes[route].use.unused),
            model=models[route],
        )


LEVER = Lever(
    name=LeverName.PROMPT_TRIMMING,
    summary="parts of prompts that could go",
    basis=LeverBasis.CEILING,
    effort=Effort.CODE,
    change="offer the tools that are called, and send what is needed of earlier turns; a tier with `trim:` tries it",
    find=find,
    reads_prompts=True,
)
