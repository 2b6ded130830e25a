"""The ledger by brute force: every request looked at alone, each rule as it is written in `docs/method/levers.md`."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from tests.levers.planted import listed

HOUR = timedelta(hours=1)
Bill = list[dict[str, Any]]


def ends(one: dict[str, Any]) -> Any:
    """When a call ended."""
    return one["started_at"] + timedelta(milliseconds=one["latency_ms"])


def fixed(one: dict[str, Any]) -> bool:
    """Whether a request asks for the same answer each time."""
    return '"temperature":0' in one["params"] and '"temperature":0.' not in one["params"]


def unreadable(one: dict[str, Any]) -> bool:
    """Whether a whole answer is not the JSON that the request demands, at its top."""
    form, text = one.get("form"), one.get("answer")
    whole = one["status"] == "ok" and one["finish_reason"] == "stop" and not one.get("calls")
    if not whole or form is None or text is None or not form["type"].startswith("json"):
        return False
    try:
        value = json.loads(text.strip().removeprefix("```json").removesuffix("```"))
    except ValueError:
        return True
    keys = form.get("json_schema", {}).get("schema", {}).get("required", [])
    return bool(keys) and not (isinstance(value, dict) and all(key in value for key in keys))


def unused(bill: Bill) -> set[int]:
    """Calls that were made again in their trace after they had ended."""
    gone = set()
    for i, one in enumerate(bill):
        short = one["status"] == "partial" or one["finish_reason"] == "length"
        for other in bill[i + 1 :]:
            same = other["trace_id"] == one["trace_id"] and other["request_fp"] == one["request_fp"]
            if same and other["started_at"] >= ends(one) and (fixed(one) or short or unreadable(one)):
                gone.add(i)
    return gone


def repeated(bill: Bill, gone: set[int], life: timedelta | None = HOUR, *, own: bool = True) -> set[int]:
    """Calls that a cache had the answer to: of the same route and tenant, or of anybody."""
    shared = ("request_fp", "model_key", "route", "tenant") if own else ("request_fp", "model_key")
    served: set[int] = set()
    for i, one in enumerate(bill):
        for j, before in enumerate(bill[:i]):
            if i in gone or j in gone or j in served or before["status"] != "ok":
                continue
            if own and not (fixed(one) and fixed(before)):
                continue
            age = one["started_at"] - ends(before)
            if all(one[key] == before[key] for key in shared) and timedelta(0) <= age and (not life or age <= life):
                served.add(i)
    return served


def deployment_factor(bill: Bill, gone: set[int], one: dict[str, Any]) -> float:
    """What the cheapest deployment of the same place is billed, over what this one is, on the days that they share."""
    place = ("model_key", "provider", "served_region", "service_tier")
    daily: dict[str, dict[date, list[tuple[float, float]]]] = {}
    for i, other in enumerate(bill):
        if i not in gone and all(other.get(key) == one.get(key) for key in place):
            days = daily.setdefault(other.get("model_called") or "", {})
            days.setdefault(other["started_at"].date(), []).append((other["cost_usd_logged"], listed(other)))
    name, day = one.get("model_called") or "", one["started_at"].date()
    found = [(0.0, 1.0, set[date]())]
    for other, theirs in daily.items():
        shared = set(theirs) & set(daily[name])
        calls = [sum(len(daily[who][when]) for when in shared) for who in (name, other)]
        if other == name or min(calls) < 20:
            continue
        paid = sum(a for when in shared for a, _ in daily[name][when])
        there = sum(
            sum(b for _, b in daily[name][when]) * sum(a for a, _ in theirs[when]) / sum(b for _, b in theirs[when])
            for when in shared
        )
        if there / paid < 0.99:
            found.append((there - paid, there / paid, shared))
    _, factor, shared = min(found, key=lambda pair: pair[0])
    return factor if day in shared else 1.0


def bills(rows: Bill) -> list[float]:
    """The whole bill before the first lever and after each of the first three, in USD."""
    bill = sorted(rows, key=lambda one: one["started_at"])
    assert all(one["started_at"] < other["started_at"] for one, other in pairwise(bill))
    totals = [sum(one["cost_usd_logged"] for one in bill)]
    gone = unused(bill)
    totals.append(sum(one["cost_usd_logged"] for i, one in enumerate(bill) if i not in gone))
    gone |= repeated(bill, gone)
    totals.append(sum(one["cost_usd_logged"] for i, one in enumerate(bill) if i not in gone))
    factors = {i: deployment_factor(bill, gone, one) for i, one in enumerate(bill) if i not in gone}
    return [*totals, sum(bill[i]["cost_usd_logged"] * factor for i, factor in factors.items())]
