"""Evidence: replayed exchanges that a person can read, the ones on which the two answers differ first."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from audit.core.exchange import content_text
from audit.core.finding import Case, CaseSide, RouteFinding
from audit.pairing.evidence import Tables, answer_shares, pair_up, quality_draws

DIFFERING, NORMAL = 5, 1
KINDS = {(True, False): "only_incumbent", (False, True): "only_candidate", (True, True): "both_pass"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """An exchange to show: of which route, which of its two answers pass, and whether it moves."""

    route: RouteFinding
    kind: str
    moved: bool


def pick_cases(
    routes: Sequence[RouteFinding],
    moved: Mapping[str, Mapping[str, bool] | None],
    tables: Tables,
    body_files: Sequence[Path],
    scores_file: Path,
) -> list[Case]:
    """Per route up to five exchanges on which what is recommended changes the verdict, losses first, and a normal one.

    Of a Split one more that stays although the two answers differ: what the policy keeps back.

    Args:
        routes: Judged.
        moved: By route, the exchanges behind the recommended policy's pairs; None where the route stays.
        tables: The run's.
        body_files: Texts of the log.
        scores_file: What each criterion said.
    """
    picked: dict[str, Picked] = {}
    mine = tables.by_route(route.route for route in routes)
    for route in routes:
        if route.candidate is None:
            continue
        for exchange_id, kind, moves in _choose(route, mine[route.route], moved.get(route.route)):
            picked[exchange_id] = Picked(route=route, kind=kind, moved=moves)
    if not picked:
        return []
    bodies = read_bodies(body_files, list(picked), ["messages", "response_text", "tool_calls", "refusal"])
    results = _results(scores_file, list(picked))
    # As objects rows are many times what they are in a table, and a handful of them is shown.
    shown = tables.slice.filter(pl.col("exchange_id").is_in(list(picked))).unique("exchange_id")
    known = {row["exchange_id"]: row for row in shown.iter_rows(named=True)}
    asked = pl.col("request_fp").is_in(shown["request_fp"].implode())
    first = tables.replays.filter(asked, arm="candidate", repeat=0)
    replays = {(row["request_fp"], row["tier"]): row for row in first.iter_rows(named=True)}
    several = _several(tables, {route.candidate for route in routes if route.candidate})
    cases = []
    for number, (exchange_id, one) in enumerate(picked.items(), start=1):
        drawn, route, kind = known[exchange_id], one.route, one.kind
        candidate = route.candidate or ""
        cases.append(
            Case(
                case_id=f"c-{number:04d}",
                exchange_id=exchange_id,
                route=route.route,
                kind=kind,
                moved=one.moved,
                request=_request_text(bodies[exchange_id]["messages"]),
                incumbent=_side(
                    drawn["incumbent_model"],
                    _logged(bodies[exchange_id]),
                    drawn["cost_usd"],
                    kind in _PASSES["incumbent"],
                    results.get((exchange_id, "incumbent", ""), []),
                ),
                candidate=_side(
                    candidate,
                    *_replayed(replays.get((drawn["request_fp"], candidate), {})),
                    kind in _PASSES["candidate"],
                    results.get((exchange_id, "candidate", candidate), []),
                    several.get((exchange_id, candidate), (0, 0)),
                ),
            )
        )
    return cases


_PASSES = {"incumbent": ("only_incumbent", "both_pass"), "candidate": ("only_candidate", "both_pass")}


def _several(tables: Tables, tiers: Collection[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """By exchange and candidate, answers and how many of them are accepted, where each request was asked several
    times and all answers were measured."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for tier in tiers:
        if (asked := tables.asked(tier)) > 1:
            shares = answer_shares(tables, tier, asked).drop_nulls("share").select("exchange_id", "share")
            found |= {(name, tier): (asked, round(share * asked)) for name, share in shares.iter_rows()}
    return found


def _choose(route: RouteFinding, tables: Tables, moved: Mapping[str, bool] | None) -> Iterator[tuple[str, str, bool]]:
    """Exchange ids with their kind and whether they move, worst first; ties by draw order: the seed alone decides.

    A case shows one answer, so of several to a request the first is meant.
    """
    draws = quality_draws(tables, "certification")
    pairs = pair_up(tables.first_answers(), draws, arm="candidate", tier=route.candidate or "")
    kinds: dict[str, list[str]] = {}
    kept_back: list[tuple[str, str]] = []
    for exchange_id, before, after in zip(pairs.exchange_ids, pairs.incumbent, pairs.candidate, strict=True):
        kind = KINDS.get((bool(before), bool(after)), "both_fail")
        if moved is None or moved.get(exchange_id):
            kinds.setdefault(kind, []).append(exchange_id)
        elif exchange_id in moved and kind == "only_incumbent":
            kept_back.append((exchange_id, kind))
    differing = [(x, kind) for kind in ("only_incumbent", "only_candidate") for x in kinds.get(kind, [])]
    # Both directions are shown where both exist: a candidate that also repairs answers should be seen to.
    gains = [pair for pair in differing if pair[1] == "only_candidate"][:1]
    losses = [pair for pair in differing if pair[1] == "only_incumbent"][: DIFFERING - len(gains)]
    rest = [pair for pair in differing if pair not in gains and pair not in losses]
    yield from ((x, kind, True) for x, kind in (losses + gains + rest)[:DIFFERING])
    yield from ((x, "both_pass", True) for x in kinds.get("both_pass", [])[:NORMAL])
    yield from ((x, kind, False) for x, kind in kept_back[:NORMAL])


def read_bodies(
    body_files: Sequence[Path], row_ids: Sequence[str], columns: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Bodies of some rows, by row id; only these rows are held in memory."""
    if not row_ids or not body_files:
        return {}
    wanted = pl.Series(row_ids, dtype=pl.String)
    rows = (
        pl.scan_parquet([str(path) for path in body_files])
        .select("row_id", *columns)
        .filter(pl.col("row_id").is_in(wanted.implode()))
        .collect(engine="streaming")
    )
    return {row["row_id"]: row for row in rows.iter_rows(named=True)}


def _results(scores_file: Path, exchange_ids: Sequence[str]) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """Criterion results with what was expected and extracted, by (exchange, arm, tier)."""
    wanted = pl.Series(exchange_ids, dtype=pl.String)
    rows = (
        pl.scan_parquet(str(scores_file))
        .filter(pl.col("exchange_id").is_in(wanted.implode()) & (pl.col("repeat") == 0))
        .sort("exchange_id", "arm", "tier", "position")
        .collect()
    )
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows.with_columns(pl.col(pl.Categorical).cast(pl.String)).iter_rows(named=True):
        evidence = json.loads(row["evidence_json"]) if row["evidence_json"] else {}
        found.setdefault((row["exchange_id"], row["arm"], row["tier"]), []).append(
            {
                "criterion": row["criterion"],
                "status": row["status"],
                "passed": row["passed"],
                "value": row["value"],
                "reason": row["reason"] or "",
                "expected": _as_text(evidence.get("expected")),
                "extracted": _as_text(evidence.get("extracted")),
            }
        )
    return found


def _side(
    tier: str,
    text: str,
    cost_usd: float | None,
    passed: bool,
    results: Sequence[dict[str, Any]],
    several: tuple[int, int] = (0, 0),
) -> CaseSide:
    asked, accepted = several
    return CaseSide(
        tier=tier, text=text, cost_usd=cost_usd, passed=passed, results=tuple(results), asked=asked, accepted=accepted
    )


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _request_text(messages: str | None) -> str:
    """The conversation as text; parts that are not text become placeholders."""
    lines = []
    for message in json.loads(messages or "[]"):
        content = message.get("content")
        text = content_text(content)
        if isinstance(content, list):
            kinds = [part.get("type", "part") for part in content if part.get("type", "text") != "text"]
            text += "".join(f"\n[{kind}]" for kind in kinds)
        calls = _calls_text(message.get("tool_calls"))
        lines.append(f"{message.get('role', '?')}: {text}{calls}")
    return "\n\n".join(lines)


def _calls_text(calls: Any) -> str:
    """Tool calls as text, one a line."""
    lines = [
        f"\n[tool call] {call.get('function', {}).get('name')}({call.get('function', {}).get('arguments')})"
        for call in calls or []
        if isinstance(call, Mapping)
    ]
    return "".join(lines)


def _logged(body: Mapping[str, Any]) -> str:
    calls = json.loads(body["tool_calls"]) if body["tool_calls"] else None
    return (body["response_text"] or body["refusal"] or "") + _calls_text(calls)


def _replayed(row: Mapping[str, Any]) -> tuple[str, float | None]:
    calls = json.loads(row["tool_calls"]) if row.get("tool_calls") else None
    status = "" if row.get("status") in ("ok", None) else f"\n[{row['status']}]"
    return (row.get("text") or "") + _calls_text(calls) + status, row.get("cost_usd")
