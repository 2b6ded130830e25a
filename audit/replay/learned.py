"""What a replay learns of its tiers while it asks: what they do not take, how requests are adapted, and what stopped.

It lives as long as the process, over all rounds; what later stages need of it stands in `replays/tiers.json`. A stop is
forgotten when the command is run again, an adaptation is not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from audit.core.adaptation import Adapt, Adaptation, TierNotes, adapted, remedy
from audit.core.artifacts import read_tier_notes, write_tier_notes
from audit.core.errors import AuditError
from audit.core.exchange import Request
from audit.core.fingerprint import canonical_json
from audit.core.reason import Because, Reason, because
from audit.core.tier import Tier
from audit.llm.provider import IMAGE_PARTS, part_types
from audit.protocols.trimming import trimmed
from audit.replay.plan import asked_as

FAILURES_COUNT_FROM = 50
"""Calls of a route to a tier before its failure rate says anything."""

BEYOND_CHANCE = 3.0
"""Standard deviations by which failures must exceed the limit. The count is looked at after every call, so a bare
excess would stop a route in the end whose true rate is just below the limit."""


@dataclass(slots=True, kw_only=True)
class Learned:
    """The memory of a replay. Not shared between processes.

    Attributes:
        path: Where it is written, after everything that is learned.
        notes: By tier.
        errors: What stopped tiers, and routes on tiers, in order; for the end of the run.
        shapes: By tier, shapes of requests that were asked one by one.
        tries: By call id, batches that it went into.
        stops: What stopped tiers, by tier.
        refused_marks: By tier, what of requests it is known not to take, and why.
    """

    path: Path
    notes: dict[str, TierNotes] = field(default_factory=dict)
    errors: list[AuditError] = field(default_factory=list)
    shapes: dict[str, set[str]] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    stops: dict[str, AuditError] = field(default_factory=dict)
    refused_marks: dict[str, dict[str, Because]] = field(default_factory=dict)
    _tally: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _told: set[tuple[str, Adaptation]] = field(default_factory=set)

    @classmethod
    def open(cls, path: Path, tiers: Mapping[str, Tier]) -> Learned:
        """What earlier runs of the folder learned of these tiers, as far as it is still allowed."""
        known = {
            name: TierNotes(
                adaptations=tuple(one for one in notes.adaptations if one.kind in tiers[name].adapt),
                asked_as=notes.asked_as,
            )
            for name, notes in read_tier_notes(path).items()
            if name in tiers
        }
        return cls(path=path, notes=known)

    def asking(self, tier: Tier) -> None:
        """Take in that a tier is about to be asked with its settings of now."""
        known, now = self.of(tier.name), asked_as(tier)
        if now not in known.asked_as:
            self._keep(tier.name, replace(known, asked_as=(*known.asked_as, now)))

    def of(self, tier: str) -> TierNotes:
        """What is known of a tier."""
        return self.notes.get(tier, TierNotes())

    def sent(self, request: Request, tier: Tier) -> Request:
        """The request as it goes to a tier: without what the tier is not sent, and changed as its endpoint wants it."""
        return adapted(trimmed(request, tier.trim), self.of(tier.name).adaptations, tier.max_output_tokens)

    def refusal(self, request: Request, tier: str) -> Because | None:
        """Why a tier is known not to take a request, before it is sent; None where nothing is known against it."""
        known = self.refused_marks.get(tier)
        return next((known[mark] for mark in _marks(request) if mark in known), None) if known else None

    def refused(self, why: Because, request: Request, tier: Tier) -> Adaptation | None:
        """Take in that a tier did not take a request: a change to its requests, where one is allowed and would help.

        Args:
            why: It was not taken.
            request: As it was sent.
            tier: That did not take it.

        Returns:
            The change, which is new to the tier or was learned while the request was on its way; None where the
            request stays unasked, and those like it will not be sent.
        """
        change = remedy(why, request, tier.adapt)
        known = self.of(tier.name)
        undone = change is not None and change.kind is Adapt.RENAME and _back(change) in known.adaptations
        if change is not None and not undone:
            if change not in known.adaptations:
                self._keep(tier.name, replace(known, adaptations=(*known.adaptations, change)))
            return change
        if why not in known.refused:
            self._keep(tier.name, replace(known, refused=(*known.refused, why)))
        if (mark := _mark(why, request)) is not None:
            self.refused_marks.setdefault(tier.name, {})[mark] = why
        return None

    def is_news(self, tier: str, change: Adaptation) -> bool:
        """Whether nobody has been told of a change to a tier's requests; it is told after this."""
        new = (tier, change) not in self._told
        self._told.add((tier, change))
        return new

    def stop_tier(self, tier: str, error: AuditError) -> bool:
        """Nothing more is sent to a tier; whether that is new."""
        known = self.of(tier)
        if known.stopped is not None:
            return False
        self._keep(tier, replace(known, stopped=because(Reason.TIER_STOPPED, what=error.what)))
        self.errors.append(error)
        self.stops[tier] = error
        return True

    def merge(self, notes: Mapping[str, TierNotes], refused_marks: Mapping[str, Mapping[str, Because]]) -> None:
        """Take in what another process learned that began with what is known here; its stops aside."""
        for tier, theirs in notes.items():
            ours = self.of(tier)
            new = tuple(one for one in theirs.adaptations if one not in ours.adaptations)
            refused = tuple(why for why in theirs.refused if why not in ours.refused)
            if new or refused:
                adaptations, whys = (*ours.adaptations, *new), (*ours.refused, *refused)
                self._keep(tier, replace(ours, adaptations=adaptations, refused=whys))
            self.refused_marks.setdefault(tier, {}).update(refused_marks.get(tier, {}))

    def count(self, route: str, tier: str, *, failed: str | None, limit: float) -> Because | None:
        """Take in how a call of a route to a tier ended; why the route stops there, where that is new.

        Args:
            failed: Why nothing was measured; None where something was.
            limit: Share of failed calls above which the route is not asked any more.
        """
        tally = self._tally.setdefault((route, tier), [0, 0])
        tally[0] += 1
        tally[1] += failed is not None
        calls, failures = tally
        tolerated = limit * calls + BEYOND_CHANCE * math.sqrt(limit * (1 - limit) * calls)
        if failed is None or calls < FAILURES_COUNT_FROM or failures <= tolerated or self.is_stopped(route, tier):
            return None
        why = because(Reason.TOO_MANY_FAILURES, failed=f"{failures:,}", calls=f"{calls:,}", last=failed)
        known = self.of(tier)
        self._keep(tier, replace(known, routes_stopped={**known.routes_stopped, route: why}))
        return why

    def is_stopped(self, route: str, tier: str) -> bool:
        """Whether nothing more of a route is sent to a tier."""
        known = self.of(tier)
        return known.stopped is not None or route in known.routes_stopped

    def _keep(self, tier: str, notes: TierNotes) -> None:
        self.notes[tier] = notes
        write_tier_notes(self.path, self.notes)


def shape_of(request: Request) -> str:
    """What of a request an endpoint may refuse, as one word: requests of one shape are taken or refused together."""
    return canonical_json(sorted(_marks(request)))


def _marks(request: Request) -> list[str]:
    """Everything about a request's form that an endpoint may refuse."""
    marks = ["any", *(f"role {message.get('role')}" for message in request.messages)]
    marks += [f"parameter {name} {canonical_json(value)}" for name, value in request.params.items()]
    marks += [f"parameter {name}" for name in request.params]
    marks += ["tools"] if request.tools or request.params.get("functions") else []
    marks += [f"format {canonical_json(request.response_format)}"] if request.response_format else []
    marks += ["media"] if any(kind in IMAGE_PARTS for kind in part_types(request.messages)) else []
    return list(dict.fromkeys(marks))


def _mark(why: Because, request: Request) -> str | None:
    """The mark of what was refused; None where that says nothing of other requests."""
    name = why.facts.get("name", "")
    match why.reason:
        case Reason.STREAMS_ONLY:
            return "any"
        case Reason.ROLE_REFUSED:
            return f"role {name}"
        case Reason.MEDIA_REFUSED:
            return "media"
        case Reason.TOOLS_REFUSED:
            return "tools"
        case Reason.FORMAT_REFUSED if request.response_format:
            return f"format {canonical_json(request.response_format)}"
        case Reason.PARAMETER_REFUSED if name in request.params:
            # An endpoint may take another value of it: only this one is known to be refused.
            return f"parameter {name} {canonical_json(request.params[name])}"
        case _:
            return None


def _back(change: Adaptation) -> Adaptation:
    return Adaptation(kind=change.kind, name=change.to, to=change.name)
