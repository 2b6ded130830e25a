"""Answers that were paid for under other settings of their tier: how many, which settings differ, and what they cost.

A call's key holds everything that decides its answer. When a setting changes, its calls are other calls and are asked
again, which must be said before it is paid for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from audit.core.adaptation import AskedAs, TierNotes
from audit.core.plan import AskedOtherwise
from audit.core.tier import Tier
from audit.llm.tiers import is_local
from audit.replay.journal import JournalLedger
from audit.replay.plan import Call, asked_as, call_id_of
from audit.store.kept import AnswerName, KeptAnswers


def asked_otherwise(
    calls: Sequence[Call],
    tiers: Mapping[str, Tier],
    ledger: JournalLedger,
    notes: Mapping[str, TierNotes],
    kept: KeptAnswers | None = None,
) -> tuple[AskedOtherwise, ...]:
    """What of a plan has an answer under other settings and none under today's, by tier and settings.

    Args:
        calls: Of the plan.
        tiers: By name.
        ledger: What the journal holds.
        notes: With which settings the tiers were asked so far.
        kept: Answers of earlier runs; None for none.

    Special cases:
        What was asked as another of these tiers is asked now is that tier's own: nobody changed a setting.
    """
    found: list[AskedOtherwise] = []
    today = {asked_as(tier) for tier in tiers.values()}
    for name, tier in tiers.items():
        waiting = [call for call in calls if call.tier == name and not _answered(ledger, call.call_id)]
        if kept is not None and waiting and not is_local(tier):
            names = _names(waiting, asked_as(tier))
            there = kept.known(names)
            waiting = [call for call, name in zip(waiting, names, strict=True) if name not in there]
            found += _in_kept(waiting, tier, today, kept)
        found += _in_journal(waiting, tier, ledger, notes.get(name, TierNotes()))
    return tuple(found)


def _in_journal(calls: Sequence[Call], tier: Tier, ledger: JournalLedger, notes: TierNotes) -> Iterator[AskedOtherwise]:
    now = asked_as(tier)
    for then in notes.asked_as:
        others = calls if then != now else []
        ids = [call_id_of(tier.name, then, call.request_fp, call.arm, call.repeat) for call in others]
        costs = [ledger.results[call_id].spent_usd for call_id in ids if _answered(ledger, call_id)]
        if costs:
            differs = differing(then, now)
            yield AskedOtherwise(tier=tier.name, where="journal", calls=len(costs), usd=sum(costs), differs=differs)


def _in_kept(
    calls: Sequence[Call], tier: Tier, today: Collection[AskedAs], kept: KeptAnswers
) -> Iterator[AskedOtherwise]:
    now = asked_as(tier)
    for then in kept.other_settings(now):
        if then in today:
            continue
        there = kept.known(_names(calls, then))
        costs = [earlier.usd for earlier in there.values()]
        if costs:
            usd = math.fsum(cost for cost in costs if cost is not None) if None not in costs else None
            differs = differing(then, now)
            yield AskedOtherwise(tier=tier.name, where=kept.served_from, calls=len(costs), usd=usd, differs=differs)


def _names(calls: Sequence[Call], asked: AskedAs) -> list[AnswerName]:
    return [AnswerName(asked=asked, request_fp=call.request_fp, repeat=call.repeat) for call in calls]


def differing(then: AskedAs, now: AskedAs) -> tuple[str, ...]:
    """Names of the settings that are others now than then, sorted."""
    before, after = _settings(then), _settings(now)
    return tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))


def _answered(ledger: JournalLedger, call_id: str) -> bool:
    return call_id in ledger.results and ledger.results[call_id].measured


def _settings(asked: AskedAs) -> dict[str, Any]:
    """The settings in a key, by name; `Tier.answers_key` writes them as JSON behind the model."""
    model, brace, rest = asked.answers_key.partition(" {")
    settings = json.loads("{" + rest) if brace else {}
    return {"model": model, "base_url": asked.base_url, **settings}
