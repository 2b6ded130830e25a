"""A routing policy: which tier serves a request, by what is known before the call, and when to escalate after it.

Every policy of a route is one shape: a *signal* (a number known before the call) against a *threshold* decides between
the cheap tier and the incumbent, and a *verifier* may send a cheap answer up after all. A static tier is a policy
without a signal, a cascade one with a verifier; rules, similarity and a learned classifier are signals.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar

from audit.core.criteria import Grade
from audit.core.fingerprint import pseudonym

SCHEMA, CANARY_SCHEMA, SEVERAL_SCHEMA = "audit-policy/1", "audit-policy/2", "audit-policy/3"
"""Of a file that all traffic of its routes follows, of one with a canary, and of one with a route that several models
serve (and perhaps a canary). A reader of the first alone knows no canary: it would send everything to the cheap tier,
so it must refuse the second. A field that changes where a request goes gets a schema of its own, and files without it
keep theirs."""

KINDS = ("static", "rules", "similarity", "classifier", "guarded", "cascade")
WITH_SIGNAL = ("rules", "similarity", "classifier", "guarded")


LESSON = "lesson"
"""Among a tier's settings in a policy: digest of the rules, learned from the log, that answer in place of a model."""


def bare(model: str) -> str:
    """A model's name without the provider that a gateway writes before it: `openai/gpt-4.1` is `gpt-4.1`."""
    return model.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSpec:
    """A fitted signal, complete in itself.

    Attributes:
        name: In `signals.SIGNALS`.
        params: What the fit found, JSON values only: rules, weights, canonical vectors; enough to compute the signal
            anywhere, exactly.
        version: Of the signal's code; another version is refused.
    """

    name: str
    params: Mapping[str, Any]
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierSpec:
    """A check of the cheap answer that needs neither the right answer nor the incumbent's.

    Attributes:
        name: In `signals.VERIFIERS`: schema, regex, agreement, similarity, answered.
        params: JSON values only.
        tiers: Tiers that the verifier itself calls (agreement), besides the cheap one.
    """

    name: str
    params: Mapping[str, Any]
    tiers: tuple[str, ...] = ()
    version: int = 1


class CanaryKey(StrEnum):
    """What stays together in a canary."""

    SESSION = "session"
    """A conversation, by the id that the log has for its session."""
    USER = "user"
    """An end user, by the id that the log's reader is shown, of which it keeps a pseudonym."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """The part of a route's traffic that follows its policy; the rest is served as before.

    A conversation or a user is in it or not by a hash of its key: the same key always, in every process, and a larger
    share keeps who was in a smaller one. The key is hashed by its pseudonym, which is all that is kept of a user, so
    that the watch finds in the log whom the router let in.

    Attributes:
        share: Of the keys, in [0, 1).
        salt: So that another policy begins with other keys.
        by: What the key of a request is.
    """

    share: float
    salt: str
    by: CanaryKey = CanaryKey.SESSION

    def holds(self, key: str) -> bool:
        """Whether a key is in it."""
        return self.holds_pseudonym(pseudonym(key))

    def holds_pseudonym(self, name: str) -> bool:
        """Whether the key is in it that has this pseudonym."""
        named = hashlib.blake2b(f"{self.salt} {name}".encode("utf-8", "surrogatepass"), digest_size=8)
        return int.from_bytes(named.digest(), "big") < self.share * 2.0**64


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePolicy:
    """How one route is served.

    Attributes:
        route: Name.
        kind: One of `KINDS`; what the policy mainly rests on.
        tier: The cheap tier.
        otherwise: The tier for everything else: the incumbent's. None where several models serve the route today: what
            does not move keeps the one that serves it.
        replaces: In that case what it was certified against, each by its tier or else by its model, the largest spend
            first; the cheap tier itself is not among them. Empty otherwise.
        signal: None sends every request to `tier` first.
        threshold: The request goes to `tier` when the signal is at least this.
        verifier: None accepts every answer of `tier`.
        evidence: Of the certification: grade and digest of the criteria, n, share moved, quality loss and saving with
            their intervals, margin, alpha, digest of the sealed list of policies.
        canary: None where all of the traffic follows it.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("canary", "replaces")

    route: str
    kind: str
    tier: str
    otherwise: str | None
    signal: SignalSpec | None = None
    threshold: float | None = None
    verifier: VerifierSpec | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    canary: Canary | None = None
    replaces: tuple[str, ...] = ()

    @property
    def today(self) -> tuple[str, ...]:
        """What serves today the requests that it is about, by tier or model; no other request may be moved by it."""
        return self.replaces if self.otherwise is None else (self.otherwise,)

    @property
    def grade(self) -> Grade | None:
        """Of the criteria that certified it; None where they were not tested.

        Raises:
            ValueError: The evidence names none.
        """
        name = self.evidence.get("criteria")
        return None if name is None else Grade(name)

    @property
    def checks_itself(self) -> bool:
        """Whether it checks answers by a rule of its own; that two tiers agree is no criterion of the route."""
        return self.verifier is not None and not self.verifier.tiers

    @property
    def asks(self) -> tuple[str, ...]:
        """Every tier that it calls before it turns to `otherwise`: the cheap one, then those of its verifier."""
        return (self.tier, *(self.verifier.tiers if self.verifier else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a tier is asked, as far as a gateway's configuration needs it; never a key.

    Attributes:
        provider: Name in `llm.providers`.
        base_url: None where the provider has a default.
        api_key_env: Environment variable that holds the key; None for no key.
    """

    provider: str
    base_url: str | None = None
    api_key_env: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPolicy:
    """What a gateway runs: `policy.json`.

    Attributes:
        run_id: Of the audit.
        default_tier: For routes that no entry is about: the one model that serves all of them in the log, or what the
            user names; None where several do, so that each keeps its own.
        models: Model id by tier name.
        endpoints: By tier name; an incumbent that no tier of `audit.yaml` serves has none.
        routes: Only routes whose policy is certified; every other route keeps its incumbent.
        made_at: End of the log's window, ISO date: the evidence is about traffic up to then.
        expires_at: ISO date after which the evidence is stale (30 days), or a model or price change before it.
        prices: USD per million tokens by tier, on which the savings rest.
        settings: By tier, what it asks of its model beside the request (`Tier.request_settings`); only tiers with any.
            A tier that is its model alone is not what was certified then.
        demo: Made from bundled data; not for a gateway that serves anybody.
        simulated: Tiers whose completions were simulated.
        scope: The part of the traffic that it is for, such as `{"tenant": "acme"}`; empty for all of it. A router does
            not see who asks, so a caller uses the file for this part and no other.
    """

    REPEATED: ClassVar[tuple[str, ...]] = ("schema",)

    run_id: str
    default_tier: str | None
    models: Mapping[str, str]
    routes: tuple[RoutePolicy, ...]
    made_at: str | None
    expires_at: str | None
    prices: Mapping[str, Mapping[str, float | None]]
    demo: bool = False
    simulated: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scope: Mapping[str, str] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        """What a reader has to know, to route by it: the least that says all of it."""
        if any(entry.otherwise is None for entry in self.routes):
            return SEVERAL_SCHEMA
        return SCHEMA if all(entry.canary is None for entry in self.routes) else CANARY_SCHEMA

    def is_expired(self, on: date) -> bool:
        """Whether the evidence is stale on this day. A policy without an expiry date never is by date alone, nor is one
        of bundled data, which no traffic follows."""
        return not self.demo and self.expires_at is not None and on > date.fromisoformat(self.expires_at)
