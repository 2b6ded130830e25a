"""`policy.json`: read, checked as a whole before anything is routed by it, and written."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from audit.core.artifacts import RunFolder, publish, read_json
from audit.core.errors import InputError
from audit.core.plain import from_plain, to_plain
from audit.core.policy import CANARY_SCHEMA, KINDS, SCHEMA, SEVERAL_SCHEMA, WITH_SIGNAL, RoutePolicy, RoutingPolicy
from audit.core.trim import Trim

FOLDER, FILE = "policy", "policy.json"
"""Where a run folder holds it."""


def read_policy(path: Path) -> RoutingPolicy:
    """Read `policy.json`.

    Raises:
        InputError: It is absent, of another version, or damaged: a policy that would route wrongly is not read.
    """
    value = read_json(path)
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema not in (SCHEMA, CANARY_SCHEMA, SEVERAL_SCHEMA):
        raise InputError(
            f"{path} has the schema {schema!r}, which this version cannot read",
            code="policy.version",
            notes=[
                f"this version reads {SCHEMA!r}; of a canary, {CANARY_SCHEMA!r}; where several models serve a route, "
                f"{SEVERAL_SCHEMA!r}"
            ],
        )
    try:
        policy = from_plain(RoutingPolicy, value)
        _check(policy)
        if schema != policy.schema:
            # Older routers read the first schema without its canary, so one that holds a canary is no policy anywhere.
            raise ValueError(f"its schema is {schema!r}, and what is in it takes {policy.schema!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged: {error}", code="policy.damaged", hint="run the audit again, which makes it anew"
        ) from None
    return policy


def read_run_policy(folder: RunFolder) -> RoutingPolicy:
    """The policy of a run.

    Raises:
        InputError: The run has none, or it is damaged.
    """
    path = folder.path / FOLDER / FILE
    if not path.exists():
        why = "" if folder.findings.exists() else ": no replay in it has come to its end"
        raise InputError(
            f"{folder.path} has no routing policy yet{why}",
            code="policy.missing",
            hint=f"audit replay LOGS --out {folder.path}; calls that have a result are not made again",
        )
    return read_policy(path)


def write_policy(path: Path, policy: RoutingPolicy) -> None:
    """Write `policy.json`, whole or not at all.

    Raises:
        ValueError: The policy is one that `read_policy` refuses.
    """
    publish(path, policy_bytes(policy))


def policy_bytes(policy: RoutingPolicy) -> bytes:
    """The bytes of `policy.json`: keys sorted, names kept as they are.

    Raises:
        ValueError: The policy is one that `read_policy` refuses.
    """
    _check(policy)
    text = json.dumps(to_plain(policy), ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def _check(policy: RoutingPolicy) -> None:
    for name, value in (("made_at", policy.made_at), ("expires_at", policy.expires_at)):
        if value is not None:
            _iso_day(name, value)
    if not isinstance(policy.models, Mapping) or not all(isinstance(model, str) for model in policy.models.values()):
        raise ValueError("`models` is not a table of model ids")
    if policy.default_tier is not None and policy.default_tier not in policy.models:
        raise ValueError(f"the default tier `{policy.default_tier}` has no model")
    _check_settings(policy.settings)
    twice = [route for route, n in Counter(entry.route for entry in policy.routes).items() if n > 1]
    if twice:
        raise ValueError(f"route `{twice[0]}` stands in it twice")
    for entry in policy.routes:
        _check_route(entry, policy)


def _check_settings(settings: object) -> None:
    """What tiers are asked with; a trim is made by this program, so it has to be one."""
    if not isinstance(settings, Mapping) or not all(isinstance(one, Mapping) for one in settings.values()):
        raise ValueError("`settings` is not a table of what tiers are asked with")
    for tier, asked in settings.items():
        if "trim" in asked and from_plain(Trim, asked["trim"]).unused:
            raise ValueError(f"the trim of tier `{tier}` does not name its tools")


def _iso_day(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is not a date")
    date.fromisoformat(value)


def _check_route(entry: RoutePolicy, policy: RoutingPolicy) -> None:
    _ = entry.grade  # a word that is no grade is no evidence
    if entry.kind not in KINDS:
        raise ValueError(f"route `{entry.route}` has the unknown kind `{entry.kind}`")
    for tier in (entry.tier, *entry.today):
        if tier not in policy.models:
            raise ValueError(f"the tier `{tier}` of route `{entry.route}` has no model")
    if (entry.otherwise is None) != bool(entry.replaces):
        raise ValueError(f"route `{entry.route}` does not say what serves the requests that do not move")
    if (entry.signal is None) != (entry.threshold is None):
        raise ValueError(f"route `{entry.route}` has a signal without a threshold, or a threshold without a signal")
    if entry.threshold is not None and not math.isfinite(entry.threshold):
        raise ValueError(f"the threshold of route `{entry.route}` is no number")
    if entry.canary is not None and not 0.0 <= entry.canary.share < 1.0:
        raise ValueError(f"the canary of route `{entry.route}` is no share of its traffic")
    if entry.kind == "static" and (entry.signal or entry.verifier):
        raise ValueError(f"route `{entry.route}` is static and has a signal or a verifier")
    if entry.kind == "cascade" and entry.verifier is None:
        raise ValueError(f"route `{entry.route}` is a cascade without a verifier")
    if entry.kind in WITH_SIGNAL and entry.signal is None:
        raise ValueError(f"route `{entry.route}` of kind `{entry.kind}` has no signal")
