"""A first `audit.yaml` from logs: what could be found out is filled in, what a person must decide says so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from audit.core.artifacts import RunFolder
from audit.core.display import count, terminal_safe
from audit.core.exchange import Completion, Request
from audit.core.settings import Settings
from audit.flow.drafting.mapping import preview_of, with_map
from audit.flow.drafting.tiers import CANDIDATE, draft_tiers, in_line, rules_proposed, spent_words
from audit.flow.reading import traffic_of
from audit.ingest.suggest_route import RouteField, suggest_route_fields
from audit.sampling.frame import RouteFrame, route_frames
from audit.sampling.pool import load_together
from audit.scoring.context import Context
from audit.scoring.inference import infer_criteria, left_open

EXCHANGES, ROUTES = 200, 20
"""How much of the log is looked at and written down: exchanges per route, and routes by spend."""
MOST_CALLS = 0.5
"""Part of the calls in which a field must stand to be proposed as the route."""

HEAD = """\
# Drafted from the log. Read it before you trust it: the margin and the criteria decide what "good enough" means.
# Every key: audit init --schema

margin: 3pt          # the loss of accepted answers that a cheaper tier may cost; fix it before anything is replayed
confidence: 95%
max_spend: $20       # hard stop for replay money
seed: 1
"""

GATE = """\
gate:
  - {name: quality holds, when: "quality_delta{route:*} >= -3pt"}
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A first `audit.yaml`.

    Attributes:
        text: Of the file; it loads as it stands.
        preview: What a guessed map makes of the log, as lines; empty where the format is known.
    """

    text: str
    preview: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What another tool's configuration gives to a draft; each part is lines of `audit.yaml`.

    Attributes:
        head: Of the top level, with what is not taken over.
        tiers: Entries of `tiers:`.
        criteria: What follows `match:` in the entry of a route.
        prompts: Hashes of the prompts that it has right answers of.
        source: Name of its file.
    """

    head: tuple[str, ...]
    tiers: tuple[str, ...]
    criteria: tuple[str, ...]
    prompts: frozenset[str]
    source: str

    def alone(self) -> str:
        """The whole of a first `audit.yaml` where there is no log."""
        return "".join(
            [
                *(HEAD.replace("Drafted from the log.", f"Drafted from {self.source}."), *self.head),
                "\n# Where the log keeps the route (the call site's purpose); `audit init LOGS` finds it.\n",
                *(_settings({"route": "metadata.route"}, {}), "\ntiers:\n", *self.tiers, CANDIDATE),
                *("\nroutes:\n", '  - match: "*"\n', *self.criteria, "\n", GATE),
            ]
        )


NO_ROUTE = """\
# No field is known to name the route (the call site's purpose), and without one there is no verdict. Any field of a
# record can be it, by its dotted path; these repeat as a purpose does:
"""


def draft(sources: Sequence[Path], settings: Settings | None = None, given: TakenOver | None = None) -> Draft:
    """A first `audit.yaml` for these logs.

    Criteria are read from what the incumbent answers on each route, and are shown to be confirmed. For a log of no
    known format a map of its fields is guessed, and shown with five of its calls and its totals.

    Args:
        settings: Where the logs are read, and which store keeps what they say; default: as without a configuration.
        given: Of another tool's configuration. Its criteria are those of the routes that have its prompts, or of all
            where none has.
    """
    settings, guessed = with_map(sources, settings or Settings())
    proposed: RouteField | None = None
    while True:
        with traffic_of(sources, settings) as (folder, report):
            if proposed is None and (proposed := _proposed_route(folder)) is not None:
                ingest = settings.ingest.model_copy(update={"route": proposed.path})
                settings = settings.model_copy(update={"ingest": ingest})
                continue
            told = f"# {count(report.requests)} requests; {report.format_sniffed}\n"
            return _drafted(folder, told, preview_of(folder, report, guessed), given, guessed.fields, proposed)


def _drafted(
    folder: RunFolder,
    told: str,
    preview: tuple[str, ...],
    given: TakenOver | None,
    guessed: Mapping[str, Any],
    proposed: RouteField | None,
) -> Draft:
    """The draft of a log that was read; `proposed` is what its routes were taken from where nothing names them."""
    frames = sorted(route_frames(folder.traffic_files(), seed=0, priced=False), key=_by_weight)
    chosen, found = _routes_of(folder, frames, given)
    load_together([(frame.pool, [frame.pool.first(EXCHANGES)]) for frame in frames[:ROUTES]])
    seen = {frame.route: _contexts(frame, folder) for frame in frames[:ROUTES]}
    parts = [
        HEAD,
        *(given.head if given else ()),
        *([found] if given else []),
        told,
        *(f"# {line}\n" for line in preview),
        *_ingest(folder, frames, guessed, proposed),
        "\ntiers:\n",
        *(given.tiers if given else ()),
        *draft_tiers(folder, frames),
        *rules_proposed({route: [one.completion for one in contexts] for route, contexts in seen.items()}),
        "\nroutes:\n",
        *[
            _match(frame, len(frames))
            + ("".join(given.criteria) if given and frame.route in chosen else _criteria(frame, seen[frame.route]))
            for frame in frames[:ROUTES]
        ],
        *_rest(frames),
        "\n",
        GATE,
    ]
    return Draft("".join(parts), preview)


def _proposed_route(folder: RunFolder) -> RouteField | None:
    """Where no call names its route: the field that looks most like it by its name and stands in most calls."""
    named = pl.scan_parquet([str(path) for path in folder.traffic_files()]).select(pl.col("route").count())
    if named.collect().item():
        return None
    return next((field for field in suggest_route_fields(folder) if field.named and field.coverage >= MOST_CALLS), None)


def _routes_of(folder: RunFolder, frames: Sequence[RouteFrame], given: TakenOver | None) -> tuple[frozenset[str], str]:
    """The routes that have the prompts of a gold set, with a line that says how many; all where none has."""
    every = frozenset(frame.route for frame in frames)
    if given is None or not given.prompts:
        return every, ""
    prompts = pl.Series(sorted(given.prompts), dtype=pl.String).implode()
    rows = (
        pl.scan_parquet([str(path) for path in folder.traffic_files()])
        .filter(pl.col("prompt_hash").is_in(prompts))
        .select(pl.col("route").cast(pl.String).fill_null(""), "prompt_hash")
        .unique()
        .collect()
    )
    met = rows["prompt_hash"].n_unique()
    said = f"# {count(met)} of {count(len(given.prompts))} prompts of its tests are in this log"
    if not met:
        return every, f"{said}: the gold set says nothing of it.\n"
    return frozenset(rows["route"]), f"{said}.\n"


def _match(frame: RouteFrame, routes: int) -> str:
    """The first line of a route's entry.

    Args:
        routes: How many the log has. Where requests without a route are all that it has, the entry is of every route
            that a field will name: none of them will be called "".
    """
    name = "*" if not frame.route and routes == 1 else _literal(frame.route)
    whose = "" if frame.route else " that name no route"
    spent = spent_words(frame.spend_usd, frame.pool.unpriced)
    return f"  - match: {json.dumps(name)}   # {count(frame.requests)} requests{whose}, {spent}\n"


def _by_weight(frame: RouteFrame) -> tuple[float, int, str]:
    """Where a route stands: by spend, then, as where no price is known, by requests."""
    return -frame.spend_usd, -frame.requests, frame.route


def _ingest(
    folder: RunFolder, frames: Sequence[RouteFrame], guessed: Mapping[str, Any], proposed: RouteField | None
) -> Iterator[str]:
    """Where the route and the tenant were found, or what else could be the route.

    A field is named only where it is the only one: naming one of several would lose the routes of the others.
    """
    rows = pl.scan_parquet([str(path) for path in folder.traffic_files()])
    fields = {
        key: rows.select(pl.col(f"{key}_source").cast(pl.String).drop_nulls().unique().sort()).collect().to_series()
        for key in ("route", "tenant")
    }
    if proposed is not None:
        others = [str(field) for field in suggest_route_fields(folder) if field.path != proposed.path]
        yield f"# No field is sure to be the route (the call site's purpose). Confirm what is proposed: {proposed}.\n"
        yield f"# It could also be {', '.join(others)}.\n" if others else ""
    if any(frame.route for frame in frames):
        for key, found in fields.items():
            if len(found) > 1:
                yield f"# The {key} stands in several fields ({', '.join(found)}): each call's own is used.\n"
        only = {key: found[0] for key, found in fields.items() if len(found) == 1}
        yield _settings(only, guessed) if only or guessed else ""
        return
    yield NO_ROUTE
    for field in suggest_route_fields(folder):
        yield f"#   {field}\n"
    yield _settings({"route": "metadata.route"}, guessed)


def _settings(labels: Mapping[str, str], guessed: Mapping[str, Any]) -> str:
    """`ingest:` on a line; with a map, one of its values a line."""
    if not guessed:
        return f"ingest: {in_line(dict(labels))}\n"
    whole = {"ingest": {**labels, "map": dict(guessed)}}
    return yaml.safe_dump(whole, sort_keys=False, width=10**6, allow_unicode=True)


def _criteria(frame: RouteFrame, contexts: Sequence[Context]) -> str:
    """The rest of one route's entry, its criteria inferred and marked as such."""
    entries = infer_criteria(contexts)
    if not entries:
        return f"    assert: []   # no answer to infer criteria from: {_why_none(frame)}\n"
    lines = ["    confirmed: false   # set to true once you have read the criteria; reports say so until then\n"]
    lines.append(f"    assert:   # inferred from {count(len(contexts))} answers of the log; confirm or replace\n")
    lines += [
        f"      # compares {terminal_safe(words)}: certifies nothing until you confirm it\n"
        for words in left_open(entries)
    ]
    return "".join([*lines, *[f"      - {in_line(entry)}\n" for entry in entries]])


def _why_none(frame: RouteFrame) -> str:
    """Why the log has no answers of a route that could be looked at, the commonest cause first."""
    lost = sorted(frame.unreplayable.items(), key=lambda item: (-item[1], item[0]))
    return terminal_safe(", ".join(f"{reason.replace('_', ' ')} ({count(number)})" for reason, number in lost))


def _rest(frames: Sequence[RouteFrame]) -> Iterator[str]:
    if len(frames) > ROUTES:
        yield f"  # {count(len(frames) - ROUTES)} more routes are left out of this draft and would be Not proven.\n"


def _contexts(frame: RouteFrame, folder: RunFolder) -> list[Context]:
    """A random part of the route's exchanges, as the scorers see the incumbent's completions."""
    if not frame.replayable:
        return []
    rows = frame.pool.take(frame.pool.first(EXCHANGES))
    bodies = (
        pl.scan_parquet([str(path) for path in folder.body_files()])
        .filter(pl.col("row_id").is_in(rows["row_id"].implode()))
        .select("row_id", "response_text", "tool_calls")
        .join(rows.lazy().select("row_id", "request_fp"), on="row_id")
        .sort("row_id")
        .collect()
    )
    found = []
    for row in bodies.iter_rows(named=True):
        calls = json.loads(row["tool_calls"]) if row["tool_calls"] else []
        completion = Completion(text=row["response_text"], tool_calls=calls)
        request = Request(request_fp=row["request_fp"], messages=())
        found.append(Context(request=request, completion=completion, incumbent=completion))
    return found


def _literal(route: str) -> str:
    """A glob that fits this name and no other."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in route)
