"""What there is to judge on a route: pairs of answers that differ, in a random order, each shown blind.

A pair whose answers say the same tells nothing of a change, whatever it is worth: it passes or fails on both sides. So
the pairs that differ come first, and only they. Which of them come first must not depend on what the criteria said, or
the labels would measure the choice and not the criteria: the order is that of the sample, which is random.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from audit.cases.index import CANDIDATE, INCUMBENT, plain
from audit.cases.texts import AnswerText, CaseTexts, MessageText, calls_of, read_texts
from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.finding import Findings, RouteFinding
from audit.core.labels import answer_content

WHOLE = ("stop", "tool_calls", "unknown")
"""Finish reasons of whole answers: what was cut or refused is not accepted anyway, so nobody need judge it."""


ALONE = 'answers of the log alone are judged by lines of the file of labels: {"id": "…", "right": true, "by": "…"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to one request, of which the criteria have said something.

    Attributes:
        exchange_id: Of the request.
        request_fp: What both were asked.
        logged: The log's own answer, as `core.labels.answer_content` writes it.
        other: The candidate's, likewise.
        logged_accepted: By the criteria; None where they could not tell.
        other_accepted: Likewise.
    """

    exchange_id: str
    request_fp: str
    logged: str
    other: str
    logged_accepted: bool | None
    other_accepted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindPair:
    """A pair as a labeller sees it: nothing in it says whose answer is whose.

    Attributes:
        name: Of the pair, for the answer that comes back.
        messages: The conversation.
        tools: Names of the tools that were offered.
        first, second: The answers, in an order that was drawn.
    """

    name: str
    messages: tuple[MessageText, ...]
    tools: tuple[str, ...]
    first: AnswerText
    second: AnswerText


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The pairs of a route.

    Attributes:
        route: Its name.
        tier: Whose answers are beside the log's own.
        pairs: By exchange, in the order in which they are shown.
        alike: Pairs of the sample whose answers say the same; nobody is asked about them.
        certifying: The first so many of the pairs are those that the verdict is tested on. Any number of the first of
            them is a random sample of all.
        certifying_alike: Of `alike`, those that the verdict is tested on.
    """

    route: str
    tier: str
    pairs: Mapping[str, Pair]
    alike: int
    certifying: int = 0
    certifying_alike: int = 0


def route_to_label(findings: Findings, wanted: str | None) -> RouteFinding:
    """The route that is asked for; else the one on which labels may tell most: undecided first, then by spend.

    Raises:
        InputError: There is none of this name, or none with answers of a candidate.
    """
    able = [route for route in findings.routes if route.candidate is not None]
    if wanted is not None:
        able = [route for route in able if route.route == wanted]
    if not able:
        names = ", ".join(route.route for route in findings.routes if route.candidate is not None)
        raise InputError(
            "there is no such route with answers of a candidate" if wanted else "no candidate has answered anything",
            code="label.route",
            notes=[f"routes with answers: {names}"] if names else [ALONE],
            hint="audit replay LOGS" if not names else None,
        )
    return max(able, key=lambda route: (not route.recommendation.moves_traffic, route.up_to_usd, route.spend_usd))


def open_queue(folder: RunFolder, route: RouteFinding) -> Queue:
    """Pairs of a route, those that its verdict is tested on first, in the order of its sample of quality. A request
    that repeats with the same two answers is there once."""
    tier = route.candidate or ""
    rows = _drawn(folder, route.route, tier)
    pairs: dict[str, Pair] = {}
    seen: set[tuple[str, str, str]] = set()
    alike = certifying = certifying_alike = 0
    for row in rows.iter_rows(named=True):
        logged = answer_content(row["response_text"], calls_of(row["logged_calls"]))
        other = answer_content(row["text"], calls_of(row["other_calls"]))
        if logged == other:
            alike += 1
            certifying_alike += row["split"] == "certification"
        elif (row["request_fp"], logged, other) not in seen:
            seen.add((row["request_fp"], logged, other))
            certifying += row["split"] == "certification"
            pairs[row["exchange_id"]] = Pair(
                exchange_id=row["exchange_id"],
                request_fp=row["request_fp"],
                logged=logged,
                other=other,
                logged_accepted=row["logged_accepted"],
                other_accepted=row["other_accepted"],
            )
    return Queue(
        route=route.route,
        tier=tier,
        pairs=pairs,
        alike=alike,
        certifying=certifying,
        certifying_alike=certifying_alike,
    )


def _drawn(folder: RunFolder, route: str, tier: str) -> pl.DataFrame:
    """The sample's requests with both answers whole, and what the criteria said of each."""
    columns = ["exchange_id", "route", "purpose", "split", "draw_order", "request_fp"]
    drawn = plain(pl.read_parquet(folder.slice, columns=columns)).filter(
        (pl.col("route") == route) & (pl.col("purpose") == "quality")
    )
    ids = pl.col("row_id").is_in(drawn["exchange_id"].implode())
    finished = pl.scan_parquet([str(path) for path in folder.traffic_files()]).filter(ids)
    whole = plain(finished.select("row_id", "finish_reason").collect()).filter(
        pl.col("finish_reason").fill_null("unknown").is_in(WHOLE)
    )
    bodies = pl.scan_parquet([str(path) for path in folder.body_files()]).filter(ids & pl.col("refusal").is_null())
    logged = bodies.select("row_id", "response_text", logged_calls="tool_calls").collect()
    answered = plain(
        pl.scan_parquet(folder.replay_table)
        .filter((pl.col("tier") == tier) & (pl.col("repeat") == 0))
        .select("request_fp", "route", "arm", "status", "text", other_calls="tool_calls")
        .collect()
    ).filter((pl.col("arm") == CANDIDATE) & (pl.col("status") == "ok") & (pl.col("route") == route))
    accepted = plain(pl.read_parquet(folder.accepted)).filter(pl.col("repeat") == 0)
    own = accepted.filter(pl.col("arm") == INCUMBENT).select("exchange_id", logged_accepted="accepted")
    theirs = accepted.filter((pl.col("arm") == CANDIDATE) & (pl.col("tier") == tier))
    return (
        drawn.join(whole, left_on="exchange_id", right_on="row_id")
        .join(logged, left_on="exchange_id", right_on="row_id")
        .join(answered, on=["request_fp", "route"])
        .join(own, on="exchange_id", how="left")
        .join(theirs.select("exchange_id", other_accepted="accepted"), on="exchange_id", how="left")
        .sort(pl.col("split") != "certification", "draw_order", "exchange_id")
    )


def texts_of(folder: RunFolder, queue: Queue, pair: Pair) -> CaseTexts:
    """The conversation and both answers of a pair."""
    named = {"exchange_id": pair.exchange_id, "request_fp": pair.request_fp}
    return read_texts(folder, {**named, "route": queue.route, "tier": queue.tier})


def blind(folder: RunFolder, queue: Queue, pair: Pair, *, seed: int, by: str) -> BlindPair:
    """A pair as this labeller sees it, whenever it is shown."""
    texts = texts_of(folder, queue, pair)
    other = texts.other or AnswerText(text="", calls=())
    first, second = (texts.today, other) if logged_first(pair, seed=seed, by=by) else (other, texts.today)
    return BlindPair(name=pair.exchange_id, messages=texts.messages, tools=texts.tools, first=first, second=second)


def logged_first(pair: Pair, *, seed: int, by: str) -> bool:
    """Whether the log's own answer is shown first: by a hash, so that it is the same when the pair comes again, and
    even for each labeller."""
    text = f"{seed}\x1f{by}\x1f{pair.exchange_id}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=1, person=b"first").digest()[0] % 2 == 0
