"""Prompts that could be shorter: tools that nobody calls, and conversations that are sent again with each turn."""

from __future__ import annotations

from collections import Counter, defaultdict

import polars as pl

from audit.core.exactly import column_of, in_pieces, pieces_of
from audit.core.levers import Effort, Kind, LeverBasis, LeverName, PromptShares, Unseen
from audit.core.partial import PartialSums
from audit.levers.bill import IN_TIME, MONEY
from audit.levers.lever import Finder, Lever, LeverFound, LeverNotes, Log, all_changes, bounded, unseen
from audit.levers.prompts import Prompt, read_prompts
from audit.levers.tool_use import ToolUse, tool_name, turn_of

_STATIC = ("system", "developer")


_SIZES = {
    "at": pl.UInt32, "size": pl.Int64, "head": pl.Int64, "head_size": pl.Int64, "history": pl.Int64,
    "toolset": pl.UInt32,
}  # fmt: skip
"""Bytes of a prompt: all, its tools and leading system messages (with their hash) and its earlier turns; and the number
of the tools that it offers."""
_SHARES = ("size", "head_size", "history", "unused")


class _PromptTrimming:
    """What tools that nobody calls and earlier turns cost as part of prompts. Nothing of it is counted.

    A shorter prompt may have another answer, so that these are upper ends, of what a replay could try. A tool counts
    as uncalled where at least 100 requests of the route offer it, and no answer and no earlier turn calls it.
    """

    def __init__(self, log: Log) -> None:
        self._files = log.files
        self._sizes, self._heads = log.files.kept(), log.files.dealt()
        self._use: defaultdict[str, ToolUse] = defaultdict(ToolUse)
        self._toolsets: dict[tuple[tuple[str, int], ...], int] = {}
        self._routes = PartialSums(("route",), ("requests", *_SHARES, *pieces_of("left")))
        self._spent = PartialSums(("route", "model"), pieces_of("left"))

    def look(self, bill: pl.DataFrame, number: int) -> None:
        """How long the prompts are, and which tools they offer and call."""
        rows, _ = _readable(bill)
        of = dict(rows.select("at", "route").iter_rows())
        found = [self._measured(prompt, self._use[of[prompt.at]]) for prompt in read_prompts(self._files, number, rows)]
        sizes = pl.DataFrame(found, schema=_SIZES, orient="row")
        self._sizes.add(number, sizes)
        heads = sizes.join(rows.select("at", "route"), on="at").select("route", "head", "head_size").unique()
        self._heads.spread(heads, pl.col("head") % self._heads.number)

    def find(self, bill: pl.DataFrame, number: int) -> LeverFound:
        """What could go of the prompts of one part of the bill."""
        rows, blind = _readable(bill)
        sized = rows.join(self._sizes.part(number), on="at", how="left", maintain_order="left")
        rows, absent = unseen(sized, {Unseen.NO_PROMPT: pl.col("size").is_null()})
        rows = rows.join(self._unused(rows), on=["route", "toolset"], how="left", maintain_order="left")
        cut = rows.with_columns(in_pieces(pl.col("left"), "left"))
        self._routes.add(
            cut.group_by("route").agg(pl.len().alias("requests"), pl.col(*_SHARES, *pieces_of("left")).sum())
        )
        self._spent.add(cut.group_by("route", "model").agg(pl.col(pieces_of("left")).sum()))
        prompt_usd = pl.col("input") + pl.col("cached") + pl.col("written")
        usd = {name: prompt_usd * pl.col(name) / pl.col("size") for name in ("unused", "history")}
        return LeverFound(
            changes=all_changes(
                bounded(rows.filter(_most("unused", "history")), Kind.UNUSED_TOOLS, usd["unused"]),
                bounded(rows.filter(_most("history", "unused")), Kind.LONG_HISTORY, usd["history"]),
            ),
            unseen=pl.concat([blind, absent]),
        )

    def notes(self) -> LeverNotes:
        """By route, what its prompts are made of, the most dollars first."""
        spent, routes = self._spent.table(), self._routes.table()
        spent = spent.with_columns(column_of(spent, "left")).sort("left", "model", descending=[True, False])
        models = dict(reversed(spent.select("route", "model").rows()))  # the first of a route stays
        routes = routes.with_columns(column_of(routes, "left")).sort("left", "route", descending=[True, False])
        first = self._first_heads()
        shares = []
        for route, requests, size, heads, history, unused in routes.select("route", "requests", *_SHARES).iter_rows():
            shares.append(
                PromptShares(
                    route=route,
                    requests=requests,
                    static=(heads - first[route]) / size,
                    history=history / size,
                    unused_tools=unused / size,
                    never_called=tuple(self._use[route].unused),
                    model=models[route],
                )
            )
        return LeverNotes(prompts=tuple(shares))

    def _measured(self, prompt: Prompt, use: ToolUse) -> tuple[int, ...]:
        """A prompt's bytes as in `_SIZES`; what it adds to the use of its route's tools is taken in."""
        messages = [turn_of(raw) for raw in prompt.messages]
        lengths = [len(raw) for raw in prompt.messages]
        tools = sum(map(len, prompt.tools))
        start = next((n for n, one in enumerate(messages) if one.role not in _STATIC), len(messages))
        last = max((n for n, one in enumerate(messages) if one.role == "user"), default=start)
        use.take(prompt, messages)
        named = tuple((tool_name(tool), len(tool)) for tool in prompt.tools)
        toolset = self._toolsets.setdefault(named, len(self._toolsets))
        head = hash((prompt.tools, prompt.messages[:start])) & (2**63 - 1)
        return prompt.at, tools + sum(lengths), head, tools + sum(lengths[:start]), sum(lengths[start:last]), toolset

    def _unused(self, rows: pl.DataFrame) -> pl.DataFrame:
        """By route and set of tools, the bytes of those that nobody calls."""
        sets = list(self._toolsets)
        names = {route: self._use[route].unused for route in rows["route"].unique()}
        found = [
            (route, number, sum(size for name, size in sets[number] if name in names[route]))
            for route, number in rows.select("route", "toolset").unique().iter_rows()
        ]
        schema = {"route": pl.String, "toolset": pl.UInt32, "unused": pl.Int64}
        return pl.DataFrame(found, schema=schema, orient="row")

    def _first_heads(self) -> Counter[str]:
        """By route, the bytes of tools and leading system messages that had not been sent before."""
        first = Counter[str]()
        for number in range(self._heads.number):
            once = self._heads.part(number).unique()
            first.update(dict(once.group_by("route").agg(pl.col("head_size").sum()).iter_rows()))
        return first


def _begin(log: Log) -> Finder:
    work = _PromptTrimming(log)
    return Finder(find=work.find, looks=(work.look,), notes=work.notes)


def _readable(bill: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    return unseen(
        bill.filter("alive"),
        {
            Unseen.NO_RATES: ~pl.col("divided"),
            Unseen.MEDIA: (pl.col("has_images") | pl.col("has_audio")).fill_null(False),
        },
    )


def _most(one: str, other: str) -> pl.Expr:
    """Whether a prompt has something of the one, and more of it than of the other."""
    return (pl.col(one) > 0) & (pl.col(one) >= pl.col(other))


LEVER = Lever(
    name=LeverName.PROMPT_TRIMMING,
    summary="parts of prompts that could go",
    basis=LeverBasis.CEILING,
    effort=Effort.CODE,
    change="offer the tools that are called, and send what is needed of earlier turns; a tier with trim: tries it",
    begin=_begin,
    reads=(*IN_TIME, *MONEY, "route", "model", "divided", "has_images", "has_audio"),
    reads_prompts=True,
)
