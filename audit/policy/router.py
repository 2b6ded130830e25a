"""A certified policy run in the caller's own process: which model serves this request, and is its answer good enough.

Nothing here opens a socket, keeps a count or writes: the caller makes the calls and sends its own telemetry. A router
is immutable, so any number of threads may share it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from audit.core.errors import AuditError, InputError
from audit.core.exchange import Completion, Request
from audit.core.plain import from_plain
from audit.core.policy import RoutePolicy, RoutingPolicy, bare
from audit.core.trim import Trim
from audit.policy.policy_file import read_policy
from audit.protocols.trimming import trimmed
from audit.signals import compute
from audit.signals.signal import TextEmbedder
from audit.signals.verifiers import VERIFIERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where one request goes.

    Attributes:
        route: As the caller named it.
        tier: None when the request keeps the model that was asked for: the policy says nothing about the route and has
            no default, was not certified against that model, or leaves the request as it is where several models serve
            the route.
        model_id: Of the tier; without one the model that was asked for, or None where the caller did not name it.
        reason: In one sentence, without a word of the request.
        kind: Of the route's policy; None for a route without one.
        cheap: The request goes to the policy's cheap tier.
        value: Of the signal, or None.
        threshold: That the signal was held against, or None.
        verify: The answer must pass `Router.verify` before it is used.
        error: Name of the exception that kept the signal from being computed; the request then does not move.
        canary: Share of the traffic that follows the policy; None where all of it does.
        asked: The model that was asked for, as the caller named it.
        settings: What the tier is asked with beside its model, as it was certified: an effort, a limit, a `trim`, which
            `Router.sent` makes. Empty for the model alone.
    """

    route: str
    tier: str | None
    model_id: str | None
    reason: str
    kind: str | None = None
    cheap: bool = False
    value: float | None = None
    threshold: float | None = None
    verify: bool = False
    error: str | None = None
    canary: float | None = None
    asked: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class Router:
    """Runs one `policy.json`."""

    def __init__(self, policy: RoutingPolicy, *, embedder: TextEmbedder | None = None) -> None:
        """Make a router of a policy.

        Args:
            policy: As read by `read_policy`.
            embedder: From `audit.embeddings.open_embedder`, the model that the policy was fitted with; only a policy
                whose signal embeds texts needs one.

        Raises:
            UnknownName: The policy has a signal or a verifier that this version does not know.
            InputError: A signal cannot be computed by this version or with this embedder.
        """
        self.policy = policy
        self._embedder = embedder
        self._routes = {entry.route: entry for entry in policy.routes}
        self._today = {entry.route: {bare(policy.models[name]) for name in entry.today} for entry in policy.routes}
        for entry in policy.routes:
            self._prove(entry)

    @classmethod
    def load(cls, path: Path | str, *, embedder: TextEmbedder | None = None) -> Router:
        """A router of a `policy.json`; see the constructor.

        Raises:
            InputError: The file is absent, damaged, or of another version.
        """
        return cls(read_policy(Path(path)), embedder=embedder)

    def is_expired(self, on: date) -> bool:
        """Whether the policy's evidence is stale on this day. An expired policy still routes: the caller decides."""
        return self.policy.is_expired(on)

    def route(self, route: str, request: Request, key: str | None = None, model: str | None = None) -> Decision:
        """Where a request goes. Never raises for what a request holds: what cannot be decided stays as it is today.

        Args:
            route: The request's route, named as in the audit.
            request: What will be asked.
            key: While the policy is a canary, whether this request follows it: the id of its conversation, exactly as
                the log has it for its session, or of its end user where the canary is by user. Nothing else may be
                given, because the watch counts by the same id. Without a key nothing follows a canary.
            model: That the caller asks for today, named as in the log; a provider before it does not count. A request
                keeps a model that the policy was not certified against. Without it the request is taken to be one of
                those that the policy is about.
        """
        entry = self._routes.get(route)
        if entry is None:
            return self._unlisted(route, model)
        if model is not None and bare(model) not in self._today[route]:
            reason = "the policy was not certified against the model that was asked for"
            return Decision(route=route, tier=None, model_id=model, reason=reason, kind=entry.kind, asked=model)
        decision = self._listed(entry, request, key)
        if model is None:
            return decision
        return replace(decision, asked=model, model_id=model if decision.tier is None else decision.model_id)

    def _listed(self, entry: RoutePolicy, request: Request, key: str | None) -> Decision:
        """Where a request goes that the policy is about."""
        if entry.canary is not None and not (key and entry.canary.holds(key)):
            reason = "the canary leaves this key as it was" if key else "a canary, and no key was given"
            return self._decision(entry, cheap=False, reason=reason)
        if entry.signal is None or entry.threshold is None:
            reason = "every request of the route goes to the cheap tier first" if entry.verifier else "the whole route"
            return self._decision(entry, cheap=True, reason=reason)
        try:
            value = float(compute(entry.signal, [request], embedder=self._embedder)[0])
        except Exception as error:
            # The boundary to an adapter's code. Its message may quote the prompt, so only its type is told.
            name = type(error).__name__
            return self._decision(entry, cheap=False, reason=f"the signal failed: {name}", error=name)
        if math.isnan(value):
            return self._decision(entry, cheap=False, reason="the signal has no value for this request", error="NaN")
        cheap = value >= entry.threshold
        reason = f"{entry.signal.name} {value:.4g} {'≥' if cheap else '<'} {entry.threshold:.4g}"
        return self._decision(entry, cheap=cheap, reason=reason, value=value)

    def sent(self, decision: Decision, request: Request) -> Request:
        """The request as the tier is to be sent it: without what its certified answers were given without.

        Args:
            decision: About this request. One that leaves it where it is leaves it whole.
            request: As given to `route`.
        """
        trim = decision.settings.get("trim")
        return request if trim is None else trimmed(request, from_plain(Trim, trim))

    def verify(
        self, route: str, request: Request, completion: Completion, others: Sequence[Completion] = ()
    ) -> Literal["accept", "escalate"]:
        """Whether the cheap tier's answer is used, or the incumbent is asked after all.

        Ask only for decisions with `verify`; what the incumbent answered is accepted as it is.

        Args:
            route: As given to `route`.
            request: As given to `route`.
            completion: The cheap tier's answer.
            others: Answers of the verifier's own tiers, in the order of `VerifierSpec.tiers`.
        """
        entry = self._routes.get(route)
        if entry is None or entry.verifier is None:
            return "accept"
        check = VERIFIERS[entry.verifier.name]
        try:
            passed = check(entry.verifier.params, request, [completion, *others])
        except Exception:
            # A check that failed has not passed; the incumbent's answer is the one that costs no quality.
            return "escalate"
        return "accept" if passed else "escalate"

    def escalated(self, decision: Decision) -> Decision:
        """The decision that follows a cheap answer which was not accepted: what serves the request today."""
        entry = self._routes[decision.route]
        found = self._decision(entry, cheap=False, reason="the cheap answer was not accepted")
        model_id = decision.asked if found.tier is None else found.model_id
        return replace(found, asked=decision.asked, model_id=model_id)

    def _unlisted(self, route: str, model: str | None) -> Decision:
        """Where a request goes that no policy is about: to its own model where that is known, else to the one that
        serves all such routes in the log."""
        tier = self.policy.default_tier
        if tier is None or (model is not None and bare(model) != bare(self.policy.models[tier])):
            reason = "no policy for this route: it stays as it is"
            return Decision(route=route, tier=None, model_id=model, reason=reason, asked=model)
        reason = "no policy for this route: the default tier"
        settings = self.policy.settings.get(tier, {})
        model_id = self.policy.models[tier]
        return Decision(route=route, tier=tier, model_id=model_id, reason=reason, asked=model, settings=settings)

    def _decision(self, entry: RoutePolicy, *, cheap: bool, reason: str, **rest: Any) -> Decision:
        tier = entry.tier if cheap else entry.otherwise
        return Decision(
            route=entry.route,
            tier=tier,
            model_id=None if tier is None else self.policy.models[tier],
            reason=reason,
            kind=entry.kind,
            cheap=cheap,
            threshold=entry.threshold,
            verify=cheap and entry.verifier is not None,
            canary=None if entry.canary is None else entry.canary.share,
            settings={} if tier is None else self.policy.settings.get(tier, {}),
            **rest,
        )

    def _prove(self, entry: RoutePolicy) -> None:
        """Compute the signal once, so that a policy which cannot run fails when it is loaded, not in production."""
        if entry.verifier is not None:
            VERIFIERS[entry.verifier.name]
        if entry.signal is None:
            return
        probe = Request(request_fp="", messages=[{"role": "user", "content": "probe"}])
        try:
            compute(entry.signal, [probe], embedder=self._embedder)
        except AuditError:
            raise
        except Exception as error:
            raise InputError(
                f"the signal `{entry.signal.name}` of route `{entry.route}` cannot be computed: {type(error).__name__}",
                code="policy.signal",
            ) from error


def attributes(
    decision: Decision,
    *,
    escalations: int = 0,
    completion: Completion | None = None,
    latency_ms: float | None = None,
) -> dict[str, str | bool | int | float | list[str]]:
    """A decision as attributes of an OpenTelemetry span, for the caller's own telemetry.

    Args:
        decision: The one that the call was made by.
        escalations: Answers that were not accepted before this call: 1 on the span of the incumbent's call after a
            cascade's cheap answer failed its check.
        completion: What came back, if the span has it.
        latency_ms: Of the call. A span has its own times; this is for events and logs, which have none.

    Source:
        https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
    """
    usage = completion.usage if completion else None
    found: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": decision.model_id,
        "gen_ai.response.model": completion.model_reported if completion else None,
        "gen_ai.response.finish_reasons": [completion.finish_reason] if completion else None,
        "gen_ai.usage.input_tokens": usage.prompt_tokens if usage else None,
        "gen_ai.usage.output_tokens": usage.completion_tokens if usage else None,
        "audit.route": decision.route,
        "audit.tier": decision.tier,
        "audit.policy.kind": decision.kind,
        "audit.policy.canary": decision.canary,
        "audit.signal.value": decision.value,
        "audit.signal.threshold": decision.threshold,
        "audit.error": decision.error,
        "audit.escalations": escalations,
        "audit.latency_ms": latency_ms,
    }
    return {name: value for name, value in found.items() if value is not None}
