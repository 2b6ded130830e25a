"""A policy held against later traffic: is its evidence fresh, and does the world still look like it?

Six rules. Expiry, models, prices and the shape of the traffic say whether the certificate is still about this world;
criteria and margin whether later pairs are measured as the audited ones were; if not, they say nothing of quality;
quality is watched by an e-process over all windows since the policy was made, so it may be looked at every month, or
every night, without a false alarm becoming likely.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from audit.core.criteria import proven_by
from audit.core.display import listing, percent, percent_share, plural, points
from audit.core.interval import Estimate
from audit.core.policy import RoutePolicy, RoutingPolicy, bare
from audit.core.watching import CriteriaSeen, RouteSeen, Seen, WatchedPairs
from audit.gate.decide import Check, GateDecision, RuleResult, State, worst
from audit.gate.watch_file import Record, is_own_evidence, judged_alike
from audit.stats.drift import stability_index
from audit.stats.missing import Missing, optimistic, pessimistic
from audit.stats.sequential import watch_windows
from audit.stats.tango import PairCounts

STRANGE_SHARE = 0.01
"""Share of a route's requests that may be served by other models than the audited ones: canaries, fallbacks."""

LEAST_REQUESTS = 100
"""Fewer requests have no shape."""

SMALL_DRIFT, LARGE_DRIFT = 0.1, 0.25
UNJUDGED = "nothing of a log without replays is judged: audit replay LOGS, then gate that run"
OTHER_CRITERIA = "this run judges answers by other criteria than the audited ones"
AGAIN = "audit recent traffic (audit replay LOGS), and deploy the policy that follows"


def judge_policy(policy: RoutingPolicy, seen: Seen, record: Record, *, on: date) -> GateDecision:
    """Judge a policy on later traffic.

    Args:
        policy: With the evidence of its certification.
        seen: The later traffic.
        record: Pairs of every watched window, from `watch_file`.
        on: The day that expiry is held against.
    """
    rules = (
        _rule("evidence is fresh", f"expires {policy.expires_at or 'never'}", _fresh(policy, on)),
        _rule(
            "models are the audited ones",
            f"at most {percent(STRANGE_SHARE)} of requests on any other model",
            _models(policy, seen),
        ),
        _rule("prices are the audited ones", "USD per million tokens", _prices(policy, seen)),
        _rule("traffic is like the audited", f"stability index at most {SMALL_DRIFT}", _shape(policy, seen)),
        _rule("criteria are the audited ones", "same criteria, same margin", _criteria(policy, seen)),
        _rule("quality holds", "e-process, each route at its margin", _quality(policy, seen, record)),
    )
    return GateDecision(
        run_id=seen.run_id or "none: a log without replays",
        demo=seen.demo or policy.demo,
        simulated=tuple(sorted({*seen.simulated, *policy.simulated})),
        complete=seen.complete,
        state=worst([rule.state for rule in rules]),
        rules=rules,
    )


def _rule(name: str, when: str, checks: Iterator[Check]) -> RuleResult:
    found = sorted(checks, key=lambda check: (list(State).index(check.state), check.subject, check.tier or ""))
    return RuleResult(
        name=name, when=when, level="error", state=worst([check.state for check in found]), checks=tuple(found)
    )


def _check(
    subject: str,
    state: State,
    reason: str,
    *,
    tier: str | None = None,
    value: Estimate | None = None,
    unit: str = "%",
    n: int | None = None,
) -> Check:
    return Check(
        subject=subject,
        tier=tier,
        state=state,
        value=value,
        unit=unit,
        n=n,
        p_holm=None,
        stays=False,
        reason=reason,
    )


def _fresh(policy: RoutingPolicy, on: date) -> Iterator[Check]:
    if policy.demo:
        yield _check("policy", State.PASS, "bundled data does not age")
    elif policy.expires_at is None:
        yield _check("policy", State.INCONCLUSIVE, f"it does not say when its evidence was made: {AGAIN}")
    elif policy.is_expired(on):
        yield _check("policy", State.FAIL, f"its evidence expired on {policy.expires_at}: {AGAIN}")
    else:
        left = (date.fromisoformat(policy.expires_at) - on).days
        yield _check("policy", State.PASS, f"{left} days left")


def _models(policy: RoutingPolicy, seen: Seen) -> Iterator[Check]:
    for name in _tiers(policy):
        now, audited = seen.tiers.get(name), policy.models[name]
        if now is not None and now.model != audited:
            yield _check(
                "configuration", State.FAIL, f"it is {now.model} now, audited was {audited}: {AGAIN}", tier=name
            )
    for entry in policy.routes:
        here = seen.routes.get(entry.route)
        if here is None or not here.requests:
            yield _check(entry.route, State.INCONCLUSIVE, "the log has no request of this route")
            continue
        strange = _strange(entry, policy, here)
        share = sum(strange.values()) / here.requests
        if share > STRANGE_SHARE:
            names = listing(sorted(strange)[:3])
            reason = f"{percent_share(share, 1)} served by {names}, which the audit did not see on it: {AGAIN}"
            yield _check(entry.route, State.FAIL, reason)
        else:
            yield _check(entry.route, State.PASS, _in_force(entry, policy, here))


def _strange(entry: RoutePolicy, policy: RoutingPolicy, here: RouteSeen) -> dict[str, int]:
    known = {bare(policy.models[name]) for name in (entry.tier, *entry.today)}
    known |= {bare(str(model)) for model in entry.evidence.get("models", ())}
    return {model: n for model, n in here.models.items() if bare(model) not in known}


def _in_force(entry: RoutePolicy, policy: RoutingPolicy, here: RouteSeen) -> str:
    cheap = bare(policy.models[entry.tier])
    moved = sum(n for model, n in here.models.items() if bare(model) == cheap)
    return f"{percent_share(moved / here.requests)} served by {entry.tier}"


def _prices(policy: RoutingPolicy, seen: Seen) -> Iterator[Check]:
    for name in _tiers(policy):
        if name not in policy.prices:
            continue  # an incumbent that no tier serves: its dollars are the log's
        now, audited = seen.tiers.get(name), policy.prices[name]
        if now is None:
            yield _check("configuration", State.INCONCLUSIVE, "no tier of this name is configured", tier=name)
            continue
        changed = [kind for kind in {**audited, **now.price} if now.price.get(kind) != audited.get(kind)]
        if changed:
            told = listing([f"{kind} {audited.get(kind)} → {now.price.get(kind)}" for kind in changed])
            reason = f"{told}: the savings are about other prices; {AGAIN}"
            yield _check("configuration", State.FAIL, reason, tier=name)
        else:
            yield _check("configuration", State.PASS, "", tier=name)


def _tiers(policy: RoutingPolicy) -> list[str]:
    return sorted({tier for entry in policy.routes for tier in (entry.tier, *entry.today)})


def _shape(policy: RoutingPolicy, seen: Seen) -> Iterator[Check]:
    for entry in policy.routes:
        before: Mapping[str, Sequence[int]] = entry.evidence.get("shape") or {}
        here = seen.routes.get(entry.route)
        if not before or here is None or here.requests < LEAST_REQUESTS:
            n = here.requests if here else 0
            reason = "the policy has no shape of its traffic" if not before else f"{n} requests have no shape"
            yield _check(entry.route, State.INCONCLUSIVE, reason)
            continue
        drifts = {name: stability_index(counts, here.shape.get(name, ())) for name, counts in before.items()}
        name, most = max(drifts.items(), key=lambda item: (item[1], item[0]))
        told = f"stability index {most:.2f} ({name})"
        if most > LARGE_DRIFT:
            yield _check(entry.route, State.FAIL, f"{told}: this is other traffic; {AGAIN}")
        elif most > SMALL_DRIFT:
            yield _check(entry.route, State.INCONCLUSIVE, f"{told}: it is drifting")
        else:
            yield _check(entry.route, State.PASS, told)


def _criteria(policy: RoutingPolicy, seen: Seen) -> Iterator[Check]:
    for entry in policy.routes:
        now, audited = seen.criteria.get(entry.route), entry.evidence.get("criteria_digest")
        if seen.run_id is None:
            yield _check(entry.route, State.INCONCLUSIVE, UNJUDGED)
        elif now is None:
            yield _check(entry.route, State.INCONCLUSIVE, "this run has no such route")
        elif not judged_alike(entry, seen):
            yield _check(entry.route, State.INCONCLUSIVE, f"{_other_criteria(entry, now)}: {AGAIN}")
        elif audited is None:
            reason = "it cannot be told: the policy was made before policies said which criteria certified them"
            yield _check(entry.route, State.INCONCLUSIVE, f"{reason}; {AGAIN}")
        else:
            yield _check(entry.route, State.PASS, f"certified by {proven_by(entry.grade)}")


def _other_criteria(entry: RoutePolicy, now: CriteriaSeen) -> str:
    """In what a run judged a route otherwise than the audit did."""
    if entry.evidence.get("criteria_digest") not in (None, now.digest):
        return OTHER_CRITERIA if now.digest else "this run does not say by which criteria it judges answers"
    audited = float(entry.evidence["margin"])
    return f"its margin is {now.margin * 100:g} points in this run, audited was {audited * 100:g}"


def _quality(policy: RoutingPolicy, seen: Seen, record: Record) -> Iterator[Check]:
    for entry in policy.routes:
        windows = record.get(entry.route, ())
        if not {"margin", "alpha"} <= set(entry.evidence):
            yield _check(entry.route, State.INCONCLUSIVE, "the policy does not say which loss it was certified at")
            continue
        if entry.route in seen.pairs and not judged_alike(entry, seen):
            now = seen.criteria.get(entry.route)
            reason = _why_none(policy, seen, entry) if now is None else _other_criteria(entry, now)
            yield _check(entry.route, State.INCONCLUSIVE, f"{reason}: its pairs are not counted")
            continue
        if entry.route not in seen.pairs or not windows or is_own_evidence(policy, seen):
            yield _check(entry.route, State.INCONCLUSIVE, _why_none(policy, seen, entry))
            continue
        yield _watched(entry, windows, routes=len(policy.routes))


def _why_none(policy: RoutingPolicy, seen: Seen, entry: RoutePolicy) -> str:
    if seen.run_id is None:
        return "a log without replays says nothing of quality: audit replay LOGS, then gate that run"
    if seen.pairs and is_own_evidence(policy, seen):
        return f"its traffic begins before {policy.made_at}, where the policy's own evidence ends: nothing is counted"
    if why := unwatched(entry):
        return f"{why}; or replay {entry.tier}, and not {entry.today[0]}, on traffic that it does not serve yet"
    return "this run has no replays of the tiers that the policy uses on this route"


def unwatched(entry: RoutePolicy) -> str:
    """Why the quality of a policy is not watched where it is in force, and what is watched in its place; "" where it
    is. Without a full stop."""
    if len(entry.today) == 1:
        return ""
    return (
        f"{listing(entry.today)} answered here before the policy, and no log shows which of them would have answered "
        f"what {entry.tier} answers now, so there is nothing to compare with. Watch it by a rule of your own, such as "
        "`accept_rate{route:*} >= 95%`, with criteria that know the right answer"
    )


def _watched(entry: RoutePolicy, windows: Sequence[WatchedPairs], *, routes: int) -> Check:
    alpha = float(entry.evidence["alpha"])
    # Criteria that miss a part of the faults show a loss of the margin as less than that.
    margin = float(entry.evidence.get("measured_margin", entry.evidence["margin"]))
    bounds = [_bounds(one) for one in windows]
    state = watch_windows(
        worst=[lowest for lowest, _ in bounds],
        best=[highest for _, highest in bounds],
        margin=margin,
        alpha=alpha,
        # A failure is claimed of any of the routes; a pass needs all of them.
        alpha_fail=alpha / routes,
    )
    found, n = State(state.decision.value), sum(one.n for one in windows)
    value = Estimate.of(sum(one.c - one.b for one in windows) / n, state.interval, state.interval.level)
    told, size = plural(len(windows), "window"), points(margin).lstrip("+")
    if found is State.FAIL:
        told += f", e-value {_e(state.log_e_fail)} for a loss above {size} points: {AGAIN}"
    else:
        told += f", e-value {_e(state.log_e_pass)} for a loss below {size} points; shown from {1 / alpha:.0f} on"
    told += f"; certified by {proven_by(entry.grade)}"
    return _check(entry.route, found, told, tier=entry.tier, value=value, unit="pt", n=n)


def _e(logarithm: float) -> str:
    return f"{math.exp(logarithm):.3g}" if logarithm < math.log(1e6) else "over a million"


def _bounds(one: WatchedPairs) -> tuple[PairCounts, PairCounts]:
    """The counts with every unmeasured draw at its worst for the policy, and at its best."""
    counts, missing = PairCounts(b=one.b, c=one.c, n=one.n), Missing.of(one)
    return pessimistic(counts, missing), optimistic(counts, missing)
