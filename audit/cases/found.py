"""A case of the tables in the words of the findings: any exchange of a run, not only those that a report keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from audit.cases.index import CaseIndex
from audit.cases.texts import AnswerText, CriterionSaid, call_line, gist, message_texts, read_bodies, read_texts
from audit.core.artifacts import RunFolder, read_plan
from audit.core.criteria import ID_SHOWN
from audit.core.errors import InputError, UnknownName
from audit.core.finding import Case, CaseSide

SHORTEST_PREFIX = 6


def find(folder: RunFolder, name: str, tier: str) -> Case:
    """The case of an exchange, read from the run's tables.

    Args:
        folder: Of the run.
        name: Of the exchange, or its beginning; or the id that the log has for the request.
        tier: Of the candidate; "" for the first that was asked.

    Raises:
        UnknownName: No sampled exchange has this id, or this tier was not asked.
        InputError: Several have it.
    """
    index = CaseIndex.read(folder)
    mine = pl.col("request_id") == name
    if len(name) >= SHORTEST_PREFIX:
        mine |= pl.col("exchange_id").str.starts_with(name)
    rows = index.cases.filter(mine)
    ids = rows["exchange_id"].unique().to_list()
    if not ids:
        raise UnknownName.among("exchange", name, index.cases["exchange_id"].str.head(ID_SHOWN).unique().to_list())
    if len(ids) > 1:
        raise InputError(f"`{name}` begins the ids of {len(ids)} exchanges", code="case.ambiguous")
    tiers = rows["tier"].to_list()
    if tier and tier not in tiers:
        raise UnknownName.among("candidate of this exchange", tier, tiers)
    row = index.row(ids[0], tier or tiers[0])
    assert row is not None
    return _case(folder, row, "" if row["tier"] else _why_unasked(folder, row))


def _why_unasked(folder: RunFolder, row: Mapping[str, Any]) -> str:
    """Why no candidate was asked a request: its route has none, or its look was not begun."""
    designs = read_plan(folder.plan).designs if folder.plan.exists() else ()
    design = next((one for one in designs if one.route == row["route"]), None)
    if design is not None and not design.candidates:
        return design.reason or "its route has no candidate"
    looks = design.looks if design is not None and row["purpose"] == "quality" else ()
    look = next((at for at, end in enumerate(looks, start=1) if row["draw_order"] < end), 1)
    if look == 1:
        return "the replay has not come to it"
    return (
        f"it belongs to look {look} of {len(looks)} at its route's sample, and that look was not needed, because the "
        "route was decided before, or the replay was stopped"
    )


def gists(folder: RunFolder, ids: Sequence[str]) -> dict[str, str]:
    """The first line of what was asked last, by exchange."""
    return {name: gist(message_texts(body.get("messages"))) for name, body in read_bodies(folder, list(ids)).items()}


def _case(folder: RunFolder, row: dict[str, Any], unasked: str) -> Case:
    texts = read_texts(folder, row)
    nothing = AnswerText(text=unasked, calls=(), status=row["status"] or "not asked")
    return Case(
        case_id=row["exchange_id"],
        exchange_id=row["exchange_id"],
        route=row["route"],
        kind=row["kind"],
        request="\n".join(f"{one.role}: {one.text}" for one in texts.messages),
        incumbent=_side(row["model"], texts.today, row["cost_usd"], row["today"], texts.said_today),
        candidate=_side(row["tier"], texts.other or nothing, row["call_usd"], row["other"], texts.said_other),
        tenant=row["tenant"],
    )


def _side(
    tier: str, answer: AnswerText, cost_usd: float | None, passed: bool | None, said: Sequence[CriterionSaid]
) -> CaseSide:
    text = "\n".join([*([answer.text] if answer.text else []), *map(call_line, answer.calls)])
    return CaseSide(
        tier=tier,
        text=text or ("" if answer.status == "ok" else f"[{answer.status}]"),
        cost_usd=cost_usd,
        passed=passed,
        results=tuple(
            {
                "criterion": one.criterion,
                "status": one.status,
                "passed": one.passed,
                "value": one.value,
                "reason": one.reason,
                "expected": one.expected,
                "extracted": one.extracted,
            }
            for one in said
        ),
    )
