"""Results as rows: what the journal holds of a call, and `replays.parquet`."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.artifacts import write_table
from audit.core.display import listing
from audit.core.finding import ReplayCounts
from audit.core.fingerprint import canonical_json
from audit.core.schemas import REPLAYS
from audit.core.tier import Tier
from audit.llm.reply import Reply
from audit.replay.journal import JournalLedger, done_events, parse_line
from audit.replay.plan import JUDGE, Call, asked_as, call_id_of
from audit.store.kept import Earlier

ROWS_AT_ONCE = 2000
MONEY_DIGITS = 12
"""Decimals of dollars that are told: a token of the cheapest model costs more than a thousand of the last."""
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """Money that a run folder's replays cost, USD.

    Attributes:
        spent_usd: Billed for answers that came over the network. Not the sum of `cost_usd` in the table: an answer
            from a cassette has a cost, which estimates need, and was not paid for.
        lost_usd: Worst case of attempts that may have been billed without an answer.
        estimated: Some endpoint reported no usage.
        earlier_usd: What earlier runs were billed for answers that this one took from the store. In no sum of this run.
    """

    spent_usd: float
    lost_usd: float
    estimated: bool
    earlier_usd: float = 0.0


def journal_row(call: Call, reply: Reply, lost_usd: float, earlier: Earlier | None = None) -> dict[str, Any]:
    """A result as the journal keeps it.

    Args:
        earlier: Of an answer that another run asked for: which run, when, and what it was billed.
    """
    completion = reply.completion
    row: dict[str, Any] = {
        "call_id": call.call_id,
        "request_fp": call.request_fp,
        "route": call.route,
        "tier": call.tier,
        "arm": call.arm,
        "repeat": call.repeat,
        "status": reply.status,
        "attempts": reply.attempts,
        "served_from": reply.served_from,
        "error": reply.error,
        "reason": None if reply.because is None else reply.because.reason.value,
        "about": None if reply.because is None else reply.because.facts.get("name"),
        "usage_estimated": False,
        "spent_usd": reply.spent_usd,
        "lost_usd": lost_usd,
        "failed_usd": reply.failed_usd,
    }
    if earlier is not None and earlier.asked_at is not None:
        row["earlier"] = {"usd": earlier.usd, "asked_at": earlier.asked_at, "run": earlier.run}
    if completion is None:
        return row
    usage = completion.usage
    row |= {
        "text": completion.text if completion.text is not None else completion.refusal,
        "tool_calls": list(completion.tool_calls) or None,
        "finish_reason": completion.finish_reason,
        "model_reported": completion.model_reported,
        "cost_usd": completion.cost_usd,
        "latency_ms": completion.latency_ms,
        "ttft_ms": completion.ttft_ms,
        "notes": list(completion.notes) or None,
    }
    if usage is not None:
        row |= {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
            "usage_estimated": usage.estimated,
        }
    return row


def write_replays(journal: Path, calls: Sequence[Call], path: Path) -> None:
    """Write `replays.parquet`: the latest result of each planned call, sorted, whatever the journal's order.

    `lost_usd` is that of all results of the call, with what failed attempts report that they were billed: a failure
    that a later session made good was billed too.
    Calls of earlier plans that are not planned any more stay in the journal and are left out here.
    """
    results = JournalLedger.read(journal).results
    known = [call for call in calls if call.call_id in results]
    known.sort(key=lambda call: (call.route, call.tier, call.arm, call.request_fp, call.repeat))
    descriptor = os.open(journal, os.O_RDONLY) if known else -1
    try:
        tables = []
        for start in range(0, len(known), ROWS_AT_ONCE):
            places = [results[call.call_id] for call in known[start : start + ROWS_AT_ONCE]]
            lines = [os.pread(descriptor, place.length, place.offset) for place in places]
            lost_usd = [place.lost_usd for place in places]
            tables.append(_table_of([parse_line(line) or {} for line in lines], lost_usd))
    finally:
        if known:
            os.close(descriptor)
    table = pa.concat_tables(tables).unify_dictionaries() if tables else REPLAYS.empty_table()
    write_table(path, table.combine_chunks())


def write_judge_replies(journal: Path, tiers: Sequence[Tier], path: Path) -> None:
    """Write what judges have replied so far, as the tiers are now: the latest result of each of their calls.

    A tier that has become another one since has replied nothing.
    """
    now = {tier.name: asked_as(tier) for tier in tiers}
    found: dict[str, dict[str, Any]] = {}
    for event in done_events(journal, JUDGE):
        if event["tier"] in now:
            wanted = call_id_of(event["tier"], now[event["tier"]], event["request_fp"], JUDGE)
            if event["call_id"] == wanted:
                found[wanted] = event
    rows = sorted(found.values(), key=lambda event: (event["tier"], event["request_fp"]))
    write_table(path, _table_of(rows))


def replay_counts(journal: Path, calls: Sequence[Call]) -> ReplayCounts:
    """What became of the calls that had their turn."""
    results = JournalLedger.read(journal).results
    found = [results[call.call_id] for call in calls if call.call_id in results]
    return ReplayCounts(
        planned=len(calls),
        done=len(found),
        by_status=_tally(result.status for result in found),
        served_from=_tally(result.served_from for result in found),
        retried=sum(result.attempts > 1 for result in found),
        complete=len(found) == len(calls),
    )


def cost_at_mean(table: Path, calls: Sequence[Call]) -> float | None:
    """What calls would have cost in USD, at the mean cost of the replayed calls of the same route and tier.

    Special cases:
        None of them has such a call with a known cost: None. Those without one are left out.
    """
    columns = pq.read_table(table, columns=["route", "tier", "cost_usd"]).to_pydict()
    costs: dict[tuple[str, str], list[float]] = {}
    for route, tier, cost in zip(columns["route"], columns["tier"], columns["cost_usd"], strict=True):
        if cost is not None:
            costs.setdefault((route, tier), []).append(cost)
    means = {key: math.fsum(known) / len(known) for key, known in costs.items()}
    priced = [means[call.route, call.tier] for call in calls if (call.route, call.tier) in means]
    return math.fsum(priced) if priced else None


def changed_models(table: Path) -> list[str]:
    """Tiers whose answers of earlier runs name another model than those of this one: behind an alias somebody else may
    answer by now. One sentence each."""
    columns = pq.read_table(table, columns=["tier", "served_from", "model_reported"]).to_pydict()
    named: dict[str, dict[bool, set[str]]] = {}
    for tier, served, model in zip(columns["tier"], columns["served_from"], columns["model_reported"], strict=True):
        if model is not None and served in ("store", "network"):
            named.setdefault(tier, {True: set(), False: set()})[served == "store"].add(model)
    return [
        f"tier `{tier}` answered as {listing(sorted(by[False]))} in this run and as {listing(sorted(by[True]))} in "
        "earlier ones, whose answers were taken from the store: --fresh asks them again"
        for tier, by in sorted(named.items())
        if by[True] - by[False] and by[False]
    ]


def unpaid(journal: Path, calls: Sequence[Call]) -> list[Call]:
    """The calls that no batch was asked ahead of its round: nothing was paid for them."""
    ledger = JournalLedger.read(journal)
    in_batch = {call_id for one in ledger.submissions.values() for call_id in one.calls}
    return [call for call in calls if call.call_id not in ledger.results and call.call_id not in in_batch]


def money_spent(journal: Path) -> Spend:
    """What a journal's calls cost, all sessions and all plans of the folder together."""
    ledger = JournalLedger.read(journal)
    estimated = any(r.estimated and r.served_from == "network" for r in ledger.results.values())
    earlier = math.fsum(result.earlier_usd for result in ledger.results.values())
    # The last digits of a sum depend on the order of its parts, which is that of the answers.
    spent, lost = round(ledger.spent_usd, MONEY_DIGITS), round(ledger.lost_usd, MONEY_DIGITS)
    return Spend(spent_usd=spent, lost_usd=lost, estimated=estimated, earlier_usd=earlier)


def _tally(words: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))


def _table_of(events: Sequence[Mapping[str, Any]], lost_usd: Sequence[float] | None = None) -> pa.Table:
    """Journal events as rows of the table, made column by column: a row of it as an object costs more than its line.

    Parquet's strings are UTF-8, which has no lone surrogates: in the text they become U+FFFD, in JSON they become
    escapes, which mean the same.

    Args:
        events: Of results.
        lost_usd: Of each; None for what the events say.
    """
    columns = {name: [event.get(name) for event in events] for name in REPLAYS.names}
    columns["text"] = [_clean(text, lambda match: "\ufffd") for text in columns["text"]]
    columns["tool_calls"] = [
        None if calls is None else _clean(canonical_json(calls), lambda match: f"\\u{ord(match[0]):04x}")
        for calls in columns["tool_calls"]
    ]
    if lost_usd is not None:
        columns["lost_usd"] = list(lost_usd)
    return pa.Table.from_pydict(columns, schema=REPLAYS)


def _clean(text: str | None, instead: Callable[[re.Match[str]], str]) -> str | None:
    return text if text is None or text.isascii() else _SURROGATE.sub(instead, text)
