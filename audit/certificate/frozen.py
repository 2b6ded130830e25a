"""The sealed list of a route's policies: what is worth a test, in which order, and the digest that pins it.

Nothing in it has seen a verdict of the certification split (`policies.py`); `certify.py` goes on from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.exchange import Request
from audit.core.fingerprint import fingerprint
from audit.core.personal import is_masked
from audit.core.plain import to_plain
from audit.core.policy import RoutePolicy
from audit.pairing.replayed import SignalValues
from audit.signals.signal import TextEmbedder
from audit.stats.risk_control import MAX_POLICIES, PolicyOrder, TunedPolicy, order_by_loss, order_by_promise

SCHEMA = "audit-policies/1"

LEARNED_RANK = 2
"""Place of learned policies, behind whole-route switches and what people wrote, when the list is too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A policy with what the tuning split says of it.

    Attributes:
        name: With everything that defines it.
        loss: Over all traffic, out of fold; 1 when nothing was measured.
        saving_share: Of the spend, on the tuning draws.
        promise: Of a policy that moves a part: the lesser of two scores on the tuning draws, that the part is within
            the margin and that it is better than a random mix of its share. None of a whole-route switch.
    """

    name: str
    policy: RoutePolicy
    loss: float
    saving_share: float
    promise: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPolicies:
    """The policies of one route in the order in which they will be tested.

    Attributes:
        order: Names and digest.
        splits: The order in which policies that move a part must show that they do right by that part; `order` is
            from safe to bold over all traffic, which puts parts first that are too small to show anything.
        dropped: Candidates that are not tested at all, each with the reason.
        by_price: No tuning draw was left, so the order is that of prices.
    """

    route: str
    order: PolicyOrder
    splits: PolicyOrder
    policies: tuple[Proposal, ...]
    dropped: Mapping[str, str]
    by_price: bool = False

    @classmethod
    def of(
        cls, route: str, proposed: Sequence[Proposal], dropped: Mapping[str, str], *, by_price: bool = False
    ) -> FrozenPolicies:
        """Put what was proposed for a route in order, without what could only be in the way of the rest."""
        kept = {tuned.name: tuned for tuned in _cut(proposed)}
        order = order_by_loss([TunedPolicy(name=t.name, loss=t.loss, saving=t.saving_share) for t in kept.values()])
        policies = tuple(kept[name] for name in order.names)
        splits = order_by_promise({t.name: t.promise for t in policies if t.promise is not None})
        return cls(route=route, order=order, splits=splits, policies=policies, dropped=dropped, by_price=by_price)

    def plain(self) -> dict[str, Any]:
        """As `policies.json` has it, each fitted signal once."""
        signals, policies = {}, []
        for tuned in self.policies:
            entry = to_plain(tuned)
            if tuned.policy.signal is not None:
                key = fingerprint(entry["policy"]["signal"])
                signals[key], entry["policy"]["signal"] = entry["policy"]["signal"], key
            policies.append(entry)
        return {
            "digest": self.order.digest,
            "splits": {"digest": self.splits.digest, "order": list(self.splits.names)},
            "policies": policies,
            "signals": signals,
            "dropped": dict(self.dropped),
        }


def policy_name(policy: RoutePolicy) -> str:
    """A name that two different policies never share."""
    parts = [policy.kind, policy.tier]
    if policy.signal is not None:
        parts.append(f"{policy.signal.name} >= {policy.threshold!r} {fingerprint(to_plain(policy.signal))[:16]}")
    if policy.verifier is not None:
        parts.append(f"{policy.verifier.name} {fingerprint(to_plain(policy.verifier))[:16]}")
    return " | ".join(parts)


def undominated(tuned: Sequence[Proposal]) -> list[Proposal]:
    """Those that no other of the same kind beats in both loss and saving: testing them would only lengthen the row."""
    best: dict[tuple[float, float], Proposal] = {}
    for one in tuned:
        best.setdefault((one.loss, one.saving_share), one)
    return [one for one in best.values() if not any(_beats(other, one) for other in best.values())]


def _beats(other: Proposal, one: Proposal) -> bool:
    """Whether a policy loses no more, saves no less, and is not the equal of another."""
    mine, theirs = (one.loss, one.saving_share), (other.loss, other.saving_share)
    return theirs != mine and theirs[0] <= mine[0] and theirs[1] >= mine[1]


def _cut(proposed: Sequence[Proposal]) -> list[Proposal]:
    """At most `MAX_POLICIES` that save something: static tiers, then what people wrote, then the safest.

    Of what was learned, a policy that one to another tier beats in both loss and saving is left out: it could only
    stop the sequence before the other is tested. One to the same tier stays, as what is left when the bolder fails.
    """
    saving = [tuned for tuned in proposed if tuned.saving_share > 0]
    # An agreement of two tiers is never recommended, so it takes nothing's place.
    fit = [tuned for tuned in saving if len(tuned.policy.asks) == 1]
    kept = [
        one
        for one in saving
        if _rank(one.policy) < LEARNED_RANK
        or not any(other.policy.tier != one.policy.tier and _beats(other, one) for other in fit)
    ]
    return sorted(kept, key=lambda t: (_rank(t.policy), t.loss, t.saving_share, t.name))[:MAX_POLICIES]


def _rank(policy: RoutePolicy) -> int:
    if policy.kind == "static":
        return 0
    written = policy.verifier is None and policy.signal is not None and "when" in policy.signal.params
    return 1 if written else LEARNED_RANK


def document(sealed: Sequence[FrozenPolicies]) -> dict[str, Any]:
    """`policies.json`: what will be tested, in which order, and the digests that say so.

    The digest of the whole is over the routes' digests, so one line of it pins every list.
    """
    routes = {one.route: one.plain() for one in sorted(sealed, key=lambda one: one.route)}
    digests = json.dumps([[route, entry["digest"], entry["splits"]["digest"]] for route, entry in routes.items()])
    return {"schema": SCHEMA, "digest": hashlib.sha256(digests.encode()).hexdigest(), "routes": routes}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """The policies of a route.

    Attributes:
        sealed: In the order in which they are tested.
        values: Of their signals, on every request that a test looks at.
        requests: These requests, in number; 0 where none could be read.
        masked: Of these, requests in which what the user said last stands masked in the log, in part at least.
    """

    sealed: FrozenPolicies
    values: SignalValues
    requests: int = 0
    masked: int = 0

    @classmethod
    def of(cls, sealed: FrozenPolicies, requests: Sequence[Request], embedder: TextEmbedder | None) -> Choice:
        """Work the signals out on all requests that a test looks at: they see requests alone, and no verdict."""
        policies = [tuned.policy for tuned in sealed.policies]
        return cls(
            sealed=sealed,
            values=SignalValues.worked_out(policies, requests, embedder),
            requests=len(requests),
            masked=sum(is_masked(request.last_user) for request in requests),
        )
