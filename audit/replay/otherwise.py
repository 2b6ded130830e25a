"""Answers that were paid for under other settings of their tier: how many, which settings differ, and what they cost.

A call's key holds everything that decides its answer. When a setting changes, its calls are other calls and are asked
again, which must be said before it is paid for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.core.adaptation import AskedAs, TierNotes
from audit.core.plan import AskedOtherwise
from audit.core.tier import Tier
from audit.llm.cassette import Cassette
from audit.replay.journal import JournalLedger
from audit.replay.plan import Call, asked_as, call_id_of


def asked_otherwise(
    calls: Sequence[Call],
    tiers: Mapping[str, Tier],
    ledger: JournalLedger,
    notes: Mapping[str, TierNotes],
    cassette: Cassette | None = None,
) -> tuple[AskedOtherwise, ...]:
    """What of a plan has an answer under other settings and none under today's, by tier and settings.

    Args:
        calls: Of the plan.
        tiers: By name.
        ledger: What the journal holds.
        notes: With which settings the tiers were asked so far.
        cassette: None for none. Recordings under another address are used, so that no address differs there.
    """
    found: list[AskedOtherwise] = []
    for name, tier in tiers.items():
        key = tier.answers_key
        waiting = [call for call in calls if call.tier == name and not _answered(ledger, call.call_id)]
        if cassette is not None:
            waiting = [call for call in waiting if not cassette.has(key, call.request_fp, call.repeat)]
            found += _in_cassette(waiting, tier, cassette)
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


def _in_cassette(calls: Sequence[Call], tier: Tier, cassette: Cassette) -> Iterator[AskedOtherwise]:
    now = asked_as(tier)
    for key in cassette.identities(tier.model):
        there = sum(cassette.has(key, call.request_fp, call.repeat) for call in calls)
        if there:
            differs = differing(AskedAs(answers_key=key, base_url=now.base_url), now)
            yield AskedOtherwise(tier=tier.name, where="cassette", calls=there, usd=None, differs=differs)


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
