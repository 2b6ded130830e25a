"""The truth of the demo: what an audit would find that replayed every request and knew every right answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sample_logs.demo_world import Call, World

EXPECTED = {
    "/invoice-extract": (
        "switch",
        {"medium": "non_inferior", "small": "non_inferior"},
        "both candidates lose well under the margin, and there is enough traffic to prove it",
    ),
    "/ticket-triage": (
        "split",
        {"medium": "inferior", "small": "inferior"},
        "both candidates fail on long threads; on single mails they are as good, so the mails can move",
    ),
    "/order-quote": (
        "keep",
        {"medium": "inferior", "small": "inferior"},
        "both candidates calculate clearly worse",
    ),
    "/support-chat": (
        "keep",
        {"medium": "not_proven", "small": "not_proven"},
        "the incumbent is below the floor of 92 %, which no cheaper tier mends: every model invents rules",
    ),
    "/policy-qa": (
        "not_proven",
        {"medium": "not_proven", "small": "not_proven"},
        "too little traffic for any verdict at this margin",
    ),
}


def truth_of(
    calls: Sequence[Call], world: World, settings: Mapping[str, Any], *, lines: int, double: int
) -> dict[str, Any]:
    """Counts, money, and per route and candidate what is true over all billable replayable requests."""
    routes = {entry["match"]: entry for entry in settings["routes"]}
    return {
        "simulated": True,
        "window": {"from": "2026-10-01", "to": "2026-10-30"},
        "lines": {
            "all": lines,
            "torn": 1,
            "double": double,
            "failures": sum(call.first_error is not None for call in calls),
            "cache_hits": sum(call.cached_from is not None for call in calls),
        },
        "requests": sum(len(billable(calls, route)) for route in routes),
        "spend_usd": money(call.cost_usd for route in routes for call in billable(calls, route)),
        "routes": {route: _route(entry, calls, world) for route, entry in routes.items()},
    }


def billable(calls: Sequence[Call], route: str) -> list[Call]:
    """Requests of a route that were answered and paid for."""
    return [c for c in calls if c.route == route and c.completion is not None and c.cached_from is None]


def money(amounts: Iterable[float]) -> float:
    """A sum in USD, rounded so that the file does not show the last bits of floating point."""
    return round(sum(amounts), 6)


def share(part: float, whole: float) -> float:
    """A rate with six decimals; 0 of 0 is 0."""
    return round(part / whole, 6) if whole else 0.0


def _route(entry: Mapping[str, Any], calls: Sequence[Call], world: World) -> dict[str, Any]:
    route = entry["match"]
    mine = [call for call in calls if call.route == route]
    paid = billable(calls, route)
    known = [call for call in paid if not call.redacted]
    spent: dict[str, float] = {}
    for call in paid:
        model = world.tiers[call.tier].tier.model
        spent[model] = spent.get(model, 0.0) + call.cost_usd
    incumbent = max(spent, key=lambda model: spent[model])
    arm = next(name for name, simulated in world.tiers.items() if simulated.tier.model == incumbent)
    right = sum(_logged_right(call, world) for call in known)
    verdict, verdicts, why = EXPECTED[route]
    return {
        "requests": len(paid),
        "replayable": len(known),
        "redacted": len(paid) - len(known),
        "failures": sum(call.first_error is not None for call in mine),
        "lost": sum(call.lost for call in mine),
        "cache_hits": sum(call.cached_from is not None for call in mine),
        "distinct_prompts": len({call.key for call in known}),
        "repeated_prompts": len(known) - len({call.key for call in known}),
        "sessions": len({call.session for call in known if call.session}),
        "spend_usd": money(call.cost_usd for call in paid),
        "auditable_usd": money(call.cost_usd for call in known),
        "spend_by_model_usd": {model: round(usd, 6) for model, usd in sorted(spent.items())},
        "incumbent": incumbent,
        "accepted": right,
        "accepted_rate": share(right, len(known)),
        "floor": entry.get("floor"),
        "noise": _paired([call for call in known if call.tier == arm], arm, world),
        "expected_verdict": verdict,
        "why": why,
        "candidates": {
            name: {**_candidate(known, name, world), "expected_verdict": verdicts[name]} for name in entry["candidates"]
        },
    }


def _candidate(known: Sequence[Call], name: str, world: World) -> dict[str, Any]:
    """A candidate on every replayable request: pairs, cost, and the same for each difficulty."""
    by_difficulty: dict[str, list[Call]] = {}
    for call in known:
        by_difficulty.setdefault(call.task.answer.difficulty, []).append(call)
    cost = money(world.tiers[name](call.request, 0).cost_usd or 0.0 for call in known)
    spent = money(call.cost_usd for call in known)
    return {
        **_paired(known, name, world),
        "cost_usd": cost,
        "saving_usd": round(spent - cost, 6),
        "by_difficulty": {key: _part(part, name, world) for key, part in sorted(by_difficulty.items())},
    }


def _part(known: Sequence[Call], name: str, world: World) -> dict[str, Any]:
    """The pairs of one difficulty, and what moving exactly these requests would save."""
    cost = sum(world.tiers[name](call.request, 0).cost_usd or 0.0 for call in known)
    return {**_paired(known, name, world), "saving_usd": round(sum(call.cost_usd for call in known) - cost, 6)}


def _logged_right(call: Call, world: World) -> bool:
    return world.tiers[call.tier].is_right(call.key, call.repeat)


def _paired(known: Sequence[Call], name: str, world: World) -> dict[str, Any]:
    """Pairs of the log's answer and a tier's first replay, and the delta that the planted rates give in expectation."""
    tier = world.tiers[name]
    b = c = passed = 0
    planted = 0.0
    for call in known:
        logged, replayed = _logged_right(call, world), tier.is_right(call.key, 0)
        b += logged and not replayed
        c += replayed and not logged
        passed += replayed
        planted += world.tiers[call.tier].error_rate(call.task.answer) - tier.error_rate(call.task.answer)
    n = len(known)
    return {
        "n": n,
        "b": b,
        "c": c,
        "delta": share(c - b, n),
        "planted_delta": share(planted, n),
        "discordance": share(b + c, n),
        "accepted": passed,
        "accepted_rate": share(passed, n),
    }


def markdown_table(truth: Mapping[str, Any]) -> str:
    """The truth as the README shows it."""
    rows = [
        "| route | requests | spend | accepted today | candidate | true change | lost / won | would save | expected |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for route, told in truth["routes"].items():
        for name, found in told["candidates"].items():
            rows.append(
                f"| {route} | {told['requests']:,} | ${told['spend_usd']:.2f} | {told['accepted_rate']:.1%} | {name} "
                f"| {100 * found['delta']:+.1f} pt | {found['b']} / {found['c']} | ${found['saving_usd']:.2f} "
                f"| {found['expected_verdict'].replace('_', ' ')} |"
            )
    return "\n".join(rows)
