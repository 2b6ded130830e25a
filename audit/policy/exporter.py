"""What an exporter is, and the refusal that all of them share: a policy is expressed exactly, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from audit.core.criteria import proven_by
from audit.core.display import listing
from audit.core.errors import AuditError
from audit.core.fingerprint import digest
from audit.core.plain import from_plain
from audit.core.policy import LESSON, RoutePolicy, RoutingPolicy
from audit.core.trim import Trim

ROUTE_KEY = "audit_route"
"""Where a gateway that cannot read the route from the model's name finds it: a key of the request's metadata."""

ROUTE_HEADER = "x-audit-route"
"""The same as a header."""


class CannotExpress(AuditError):
    """The target has no way to say what the policy says."""

    default_code = "policy.cannot-express"

    def __init__(self, target: str, lacks: str, *, route: RoutePolicy | None = None, hint: str | None = None) -> None:
        about = f"the policy of route `{route.route}` ({route.kind})" if route else "this policy"
        super().__init__(
            f"`{target}` cannot express {about}: {lacks}",
            hint=hint or "run it in your own process: `--to policy-json`, which audit.policy.router reads",
        )
        self.target, self.lacks, self.route = target, lacks, route


class NothingCertified(AuditError):
    """The policy has no route. That is a result, but no configuration: an empty one would take a gateway's away."""

    default_code = "policy.nothing-certified"

    def __init__(self, target: str) -> None:
        super().__init__(
            f"no change is recommended: no policy of this run is certified, so nothing is written for `{target}`",
            hint="leave the gateway as it is; `--to policy-json` writes a policy without routes",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """A target that a routing policy is written for.

    Attributes:
        name: As in `audit policy --to`.
        summary: One line for the documentation.
        suffix: Of the main file.
        export: The policy as files, by name. Same policy, same bytes. Raises `CannotExpress`.
        prompts: It can write the texts of canonical prompts, where a policy carries them.
        shares: It can send a share of a route's traffic to the cheap tier, as a canary does.
        sees_model: What it writes leaves a request on the model that was asked for, or names no other than the cheap
            tier. Any other target is given an entry for each model that serves a route (`per_model.py`).
    """

    name: str
    summary: str
    suffix: str
    export: Callable[[RoutingPolicy], dict[str, bytes]]
    prompts: bool = False
    shares: bool = False
    sees_model: bool = False


def checked_routes(policy: RoutingPolicy, target: str, carries: frozenset[str] = frozenset()) -> Iterator[RoutePolicy]:
    """The policy's routes, in order, after what no gateway can do has been refused.

    Args:
        carries: Settings of a tier (`Tier.request_settings`) that the target can ask of a model.

    Raises:
        NothingCertified: There is no route.
        CannotExpress: A name has characters that no configuration carries, a cheap answer would have to be checked
            after the call, or a tier has settings that the target does not carry.
    """
    if not policy.routes:
        raise NothingCertified(target)
    for name in [*policy.models, *policy.models.values()]:
        if not name or not name.isprintable():
            raise CannotExpress(target, f"the tier or model {name!a} has characters that are not printable")
    for entry in policy.routes:
        if not entry.route or not entry.route.isprintable():
            raise CannotExpress(target, "the route's name has characters that are not printable", route=entry)
        if entry.verifier is not None:
            raise CannotExpress(
                target, f"it has no step after the call that runs the check `{entry.verifier.name}`", route=entry
            )
        settings = policy.settings.get(entry.tier, {})
        if LESSON in settings:
            raise CannotExpress(target, "it cannot run rules learned from the log", route=entry)
        if "trim" in settings and "trim" not in carries:
            sent = from_plain(Trim, settings["trim"]).words
            lacks = f"tier `{entry.tier}` is sent requests {sent}, and it sends them whole"
            raise CannotExpress(target, lacks, route=entry)
        for name in sorted(settings):
            if name not in carries:
                raise CannotExpress(target, f"tier `{entry.tier}` has a {name} that it does not carry", route=entry)
        yield entry


def static_routes(
    policy: RoutingPolicy, target: str, lacks: str, carries: frozenset[str] = frozenset()
) -> Iterator[RoutePolicy]:
    """The policy's routes when all of them are whole-route switches.

    Args:
        policy: To export.
        target: Name of the exporter.
        lacks: What the target would need for a signal.
        carries: As for `checked_routes`.
    """
    for entry in checked_routes(policy, target, carries):
        if entry.signal is not None:
            raise CannotExpress(target, lacks, route=entry)
        yield entry


def incumbent_of(entry: RoutePolicy, target: str) -> str:
    """The tier of what does not move.

    Raises:
        CannotExpress: Several models serve the route, and one of them would be given the requests of all.
    """
    if entry.otherwise is None:
        raise CannotExpress(
            target, "several models serve the route, and it does not see which one is asked for", route=entry
        )
    return entry.otherwise


def ascii_route(entry: RoutePolicy, target: str, where: str) -> str:
    """The route's name for a place that carries ASCII only, such as a header."""
    if not entry.route.isascii() or entry.route != entry.route.strip():
        raise CannotExpress(target, f"the route's name cannot stand in {where}", route=entry)
    return entry.route


SPOKEN = {
    "openai": "openai",
    "openai-compatible": "openai",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "bedrock": "bedrock",
}
"""What gateways call the protocol of a provider of ours. Any other, and a simulated one, has no name there."""


def with_provider(policy: RoutingPolicy, tier: str) -> str:
    """`provider/model`: by the tier's endpoint where the audit knows it, else the model as it stands in the policy."""
    model, endpoint = policy.models[tier], policy.endpoints.get(tier)
    spoken = None if endpoint is None else SPOKEN.get(endpoint.provider)
    if spoken is None or model.startswith(f"{spoken}/"):
        return model
    return f"{spoken}/{model}"


def no_default(target: str, what: str, policy: RoutingPolicy) -> CannotExpress:
    """A target asks for a default, and the log does not say which: it has no other route, or several models there."""
    lacks = (
        f"it needs {what} for requests of any other route, and the log does not settle which tier that is: either the "
        "log has no other route, or several models serve them"
    )
    return CannotExpress(target, lacks, hint=f"choose one:  --default TIER, of {listing(sorted(policy.models))}")


def slug(name: str, longest: int = 40) -> str:
    """A name of lower-case letters, digits and hyphens; one that had to change carries eight digits of its digest."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if plain == name and len(plain) <= longest:
        return plain
    return "-".join(part for part in (plain[: longest - 9].strip("-"), digest(name)[:8]) if part)


def json_bytes(value: Any) -> bytes:
    """A JSON document, keys in the order given."""
    return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def yaml_bytes(*documents: Mapping[str, Any], head: str) -> bytes:
    """YAML documents under a comment of several lines."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())
    body = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=100, explicit_start=False)
    return (comment + body).encode()


def heading(policy: RoutingPolicy, *lines: str) -> str:
    """The lines of a comment: what the file rests on, and how the route reaches the gateway."""
    run = _printable(policy.run_id)
    scope = "".join(f"\nOnly for {kind} {_printable(name)}." for kind, name in policy.scope.items())
    dated = f"evidence up to {policy.made_at or 'an unknown day'}, stale after {policy.expires_at or 'an unknown day'}"
    needs = [
        f"Tier {_printable(entry.tier)} was measured like this, so change requests to it too: {change}."
        for entry in policy.routes
        for change in entry.evidence.get("adaptations", ())
    ]
    proofs = dict.fromkeys(proof_of(entry) for entry in policy.routes if entry.evidence)
    proven = [f"{proof[:1].upper()}{proof[1:]}: {listing(_routes(policy, proof))}." for proof in proofs]
    callers = [
        f"{_printable(entry.route)} is for callers of {_printable(policy.models[entry.otherwise])} today; callers of "
        "any other model change nothing."
        for entry in policy.routes
        if entry.replaces and entry.otherwise is not None
    ]
    first = f"Routing policy of audit run {run}: {dated}.{scope}"
    return "\n".join([first, *proven, *dict.fromkeys(needs), *lines, *callers])


def canary_lines(routes: Sequence[RoutePolicy]) -> list[str]:
    """A line of comment on each canary of a target that draws by weight."""
    return [
        f"Canary: {entry.canary.share:.0%} of the calls of {_printable(entry.route)} go to {_printable(entry.tier)}, "
        "drawn call by call."
        for entry in routes
        if entry.canary is not None
    ]


def proof_of(entry: RoutePolicy) -> str:
    """What an entry's certificate rests on: `certified by the right answer`."""
    return f"certified by {proven_by(entry.grade)}"


def _routes(policy: RoutingPolicy, proof: str) -> list[str]:
    return [_printable(entry.route) for entry in policy.routes if proof_of(entry) == proof]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
