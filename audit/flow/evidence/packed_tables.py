"""The tables that findings are made from, in a pack: without any text of a request or an answer.

tables/draws.jsonl     the sample, each draw with what the log says that it cost
tables/calls.jsonl     what each call to a candidate counted and cost
tables/scores.jsonl    what each criterion said of each answer
tables/verdicts.jsonl  whether each answer was accepted
tables/drawn.jsonl     what people said of pairs that were drawn at random; only where some were
tables/terms.json      what dollars assume of the candidates, and what acceptance takes
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.exchange import Usage
from audit.core.plain import from_plain, to_plain
from audit.core.settings import Settings
from audit.core.tier import Price, Tier
from audit.core.trim import Trim
from audit.flow.trimming import tiers_of
from audit.pack.evidence import TABLES
from audit.pairing.costing import LIMIT, LOGGED, Costing, retry_multipliers
from audit.pairing.evidence import Tables

DRAWS, CALLS, SCORES, VERDICTS, TERMS = (
    *(f"{TABLES}{name}.jsonl" for name in ("draws", "calls", "scores", "verdicts")),
    f"{TABLES}terms.json",
)
_TEXT, _NUMBER, _WHOLE, _YES = pl.String(), pl.Float64(), pl.Int64(), pl.Boolean()
OWN = {"exchange_id": _TEXT, "route": _TEXT, "arm": _TEXT, "tier": _TEXT, "repeat": _WHOLE}
DRAWN = f"{TABLES}drawn.jsonl"
TOKENS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
COLUMNS: dict[str, dict[str, pl.DataType]] = {
    DRAWS: {
        **dict.fromkeys(("exchange_id", "route", "purpose", "split", "request_fp", "incumbent_model"), _TEXT),
        **dict.fromkeys(("inclusion_prob", "weight", "cost_usd"), _NUMBER),
        **dict.fromkeys(("draw_order", *LOGGED, LIMIT), _WHOLE),
    },
    CALLS: {
        **dict.fromkeys(("request_fp", "route", "tier", "arm", "status", "finish_reason", "served_from"), _TEXT),
        **dict.fromkeys(("repeat", *TOKENS), _WHOLE),
        **dict.fromkeys(("cost_usd", "lost_usd", "latency_ms"), _NUMBER),
        "usage_estimated": _YES,
    },
    SCORES: {
        **OWN,
        "position": _WHOLE,
        "criterion": _TEXT,
        "weight": _NUMBER,
        "status": _TEXT,
        "passed": _YES,
    },
    VERDICTS: {**OWN, "accepted": _YES, "reason": _TEXT},
}
"""Of each table; a pack's has these and no others."""
OPTIONAL: dict[str, dict[str, pl.DataType]] = {
    DRAWN: {
        **dict.fromkeys(("exchange_id", "route", "tier"), _TEXT),
        **dict.fromkeys(("place", "low", "high", "declared"), _WHOLE),
    }
}
"""The same of tables that a pack has only where the run does."""


def tables_of(folder: RunFolder, settings: Settings) -> dict[str, bytes]:
    """The tables of a run as members of a pack; none where nothing was replayed."""
    if not folder.accepted.exists() or not folder.slice.exists() or not folder.traffic_files():
        return {}
    tiers = tiers_of(folder, settings)
    tables = Tables.read(folder).costed(tiers, settings)
    frames = {DRAWS: tables.slice, CALLS: tables.replays, SCORES: tables.scores, VERDICTS: tables.accepted}
    members = {name: _lines(frame.cast(_dtypes(name)).select(*COLUMNS[name])) for name, frame in frames.items()}
    if not tables.drawn.is_empty():
        members[DRAWN] = _lines(tables.drawn.cast(_dtypes(DRAWN)).select(*OPTIONAL[DRAWN]))
    costing = tables.costing
    terms = {
        "prompt_cache": costing.prompt_cache,
        "batch_shares": dict(costing.batch_shares),
        "batch_discounts": dict(costing.batch_discounts),
        "tiers": {
            tier.name: {
                **{name: getattr(tier, name) for name in ("model", "max_tokens", "max_output_tokens")},
                "thinking_tokens": tier.thinking_tokens,
                "repeats": tier.repeats,
                "price": to_plain(tier.price),
                "identity": tier.identity,
                **({} if tier.trim is None else {"trim": to_plain(tier.trim)}),
            }
            for tier in tiers
        },
        "thresholds": {
            route: entry.threshold
            for route in sorted(set(tables.slice["route"]))
            if (entry := settings.route(route)) is not None and entry.threshold is not None
        },
    }
    return {**members, TERMS: (json.dumps(terms, sort_keys=True, indent=2) + "\n").encode()}


def _dtypes(name: str) -> dict[Any, Any]:
    return dict({**COLUMNS, **OPTIONAL}[name])


def _lines(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ndjson(buffer)
    return buffer.getvalue()


def read_tables(members: Mapping[str, bytes]) -> tuple[Tables, dict[str, Any]]:
    """The tables of a pack, and its terms.

    Raises:
        ValueError, KeyError, TypeError: One cannot be read, or holds more than it should.
    """
    frames = {}
    for name, columns in {**COLUMNS, **OPTIONAL}.items():
        packed = members.get(name, b"") if name in OPTIONAL else members[name]
        try:
            frame = pl.read_ndjson(io.BytesIO(packed), schema=columns) if packed else None
        except pl.exceptions.PolarsError:
            raise ValueError(f"{name} is no table") from None
        frames[name] = pl.DataFrame(schema=columns) if frame is None else frame
        if _lines(frames[name]) != packed:
            raise ValueError(f"{name} has more than it should")
    terms = json.loads(members[TERMS])
    facts = terms["tiers"]
    tiers = {
        name: Tier(
            name=name,
            provider="",
            price=from_plain(Price, one["price"]),
            trim=from_plain(Trim, one["trim"]) if "trim" in one else None,
            **{key: one[key] for key in ("model", "max_tokens", "max_output_tokens", "thinking_tokens", "repeats")},
        )
        for name, one in facts.items()
    }
    costing = Costing(
        prices={name: tier.price for name, tier in tiers.items()},
        prompt_cache=terms["prompt_cache"],
        batch_shares=terms["batch_shares"],
        batch_discounts=terms["batch_discounts"],
        retries=retry_multipliers(frames[CALLS]),
        models={name: facts[name]["identity"] for name in facts},
        limits=tiers,
    )
    blank = [pl.lit(None, dtype=pl.String).alias(name) for name in ("text", "tool_calls")]
    tables = Tables(
        slice=frames[DRAWS],
        replays=frames[CALLS].with_columns(blank),
        accepted=frames[VERDICTS],
        scores=frames[SCORES],
        drawn=frames[DRAWN],
        costing=costing,
        repeats={name: tier.repeats for name, tier in tiers.items() if tier.repeats > 1},
    )
    return tables, terms


def usages(rows: pl.DataFrame, *, logged: bool = False) -> Iterator[Usage]:
    """The tokens of each row: of the candidate's call, or of the log's own. What was not counted is none."""
    for counts in rows.select(f"logged_{name}" if logged else name for name in TOKENS).fill_null(0).iter_rows():
        yield Usage(**dict(zip(TOKENS, counts, strict=True)))
