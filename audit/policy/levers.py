"""The lever ledger for a gateway: what of it a configuration can do, and the whole of it as a list.

Only what the ledger counts is handed over; what it names as an upper end needs a judgement or a replay first. Formats:
https://docs.litellm.ai/docs/tutorials/prompt_caching and https://docs.litellm.ai/docs/proxy/caching
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.artifacts import RunFolder, read_findings
from audit.core.display import count, plural, terminal_safe, usd
from audit.core.errors import InputError, UnknownName
from audit.core.levers import AT_END, CACHE_SECONDS, Kind, LeverLedger, LeverLine, LeverPart
from audit.core.plain import to_plain
from audit.core.policy import RoutingPolicy
from audit.policy.exporter import json_bytes, yaml_bytes
from audit.policy.exports.litellm import means_another

SCHEMA = "audit-levers/1"
LISTED, LITELLM = "policy-json", "litellm"
TARGETS = (LISTED, LITELLM)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedLevers:
    """The ledger in a target's words.

    Attributes:
        files: By name.
        routes: That something is written for.
        left_out: A sentence on each part that the target cannot do.
        notes: Sentences on what is written.
    """

    files: dict[str, bytes]
    routes: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedBy:
    """By what the routes of a log are served.

    Attributes:
        models: That serve each route in the log, those without a known price among them.
        moved: Routes that the run's policy moves as a whole: the ledger counts what the model costs that they leave.
    """

    models: Mapping[str, Sequence[str]]
    moved: Collection[str] = ()


def levers_of(folder: RunFolder, policy: RoutingPolicy, target: str) -> HandedLevers:
    """What the ledger of a run counts, for a target; raises as `hand_over`, and where the run took no ledger."""
    findings = read_findings(folder.findings)
    if findings.mix.levers is None:
        raise InputError(
            "this run has no lever ledger", code="policy.no-levers", hint="run the audit once more, which takes it"
        )
    served = ServedBy(
        models={route.route: tuple(sorted(route.incumbents)) for route in findings.routes},
        moved=frozenset(entry.route for entry in policy.routes if entry.signal is None),
    )
    return hand_over(findings.mix.levers, target, findings.run_id, served)


def hand_over(ledger: LeverLedger, target: str, run_id: str, served: ServedBy) -> HandedLevers:
    """Write what the ledger counts for a target. Same ledger, same bytes.

    Args:
        ledger: The run's.
        target: One of `TARGETS`.
        run_id: Of the audit.
        served: By which models the routes are served.

    Raises:
        UnknownName: No levers are written for such a target.
        InputError: The ledger counts nothing, or nothing that the target can do.
    """
    if target not in TARGETS:
        raise UnknownName.among("target of levers", target, TARGETS)
    parts = [(line, part) for line in ledger.lines for part in line.parts if part.usd > 0]
    if not parts:
        raise InputError(
            f"the lever ledger of this run counts nothing, so nothing is written for `{target}`",
            code="policy.no-levers",
            hint="what it names as upper ends: `audit mix LOGS --levers`",
        )
    if target == LITELLM:
        return _for_litellm(parts, run_id, served)
    return HandedLevers(
        files={"levers.json": json_bytes(_listed(parts, run_id, served.moved))},
        routes=tuple(dict.fromkeys(part.route for _, part in parts)),
        left_out=(),
        notes=tuple(_both([part for _, part in parts], served.moved)),
    )


def _both(parts: Sequence[LeverPart], moved: Collection[str]) -> Iterator[str]:
    """A word on what is counted at the price of a model that the policy leaves."""
    if both := [part.usd for part in parts if part.route in moved]:
        saved = usd(sum(both))
        yield (
            f"{saved} of it is on routes that the policy moves to another model, counted at what they pay today: with "
            "the move it is less, and the two do not add up"
        )


def _listed(parts: Sequence[tuple[LeverLine, LeverPart]], run_id: str, moved: Collection[str]) -> dict[str, Any]:
    """Every part as data: the batch list and the cache points among them."""
    steps = [
        {
            "lever": line.lever.value,
            "kind": part.kind.value,
            "route": part.route,
            "change": line.change,
            "effort": line.effort.value,
            "place": part.place,
            "cache_point": part.cache_point,
            "requests": part.requests,
            "saves_usd": to_plain(part.usd),
            "moved": part.route in moved,
            "rests_on": line.basis.value,
            "cases": list(part.cases),
        }
        for line, part in parts
    ]
    return {"schema": SCHEMA, "run_id": run_id, "steps": steps}


def _for_litellm(parts: Sequence[tuple[LeverLine, LeverPart]], run_id: str, served: ServedBy) -> HandedLevers:
    """`levers.yaml`: cache points in `model_list`, an exact cache that callers opt in to in `litellm_settings`."""
    points: dict[str, LeverPart] = {}
    repeated: dict[str, LeverPart] = {}
    left_out = []
    for line, part in parts:
        if why := _why_not(part, served):
            left_out.append(f"{terminal_safe(part.route) or '(no route)'}, {line.lever.words} ({usd(part.usd)}): {why}")
        else:
            (points if part.kind is Kind.CACHE_OFF else repeated).setdefault(part.route, part)
    if not (points or repeated):
        raise InputError(
            f"`{LITELLM}` can do nothing of what the lever ledger counts",
            code="policy.no-levers",
            notes=left_out,
            hint=f"all of it as a list: --to {LISTED}",
        )
    config: dict[str, Any] = {}
    if points:
        config["model_list"] = [
            {
                "model_name": route,
                "litellm_params": {
                    "model": served.models[route][0],
                    "cache_control_injection_points": [_injected(part)],
                },
            }
            for route, part in points.items()
        ]
    if repeated:
        cache = {"type": "local", "mode": "default_off", "ttl": CACHE_SECONDS}
        config["litellm_settings"] = {"cache": True, "cache_params": cache}
    head = "\n".join(_head(run_id, points, repeated))
    routes = tuple(dict.fromkeys([*points, *repeated]))
    return HandedLevers(
        files={"levers.yaml": yaml_bytes(config, head=head)},
        routes=routes,
        left_out=tuple(left_out),
        notes=tuple(_both([*repeated.values()], served.moved)),
    )


def _why_not(part: LeverPart, served: ServedBy) -> str | None:
    """Why a part cannot stand in LiteLLM's configuration; None where it can."""
    if not _carried(part.route):
        return "it has no name that a configuration can carry"
    if part.kind is Kind.REPEATED:
        return None
    if part.kind is not Kind.CACHE_OFF:
        return "a gateway's configuration cannot do it"
    if part.route in served.moved:
        return "the policy moves the route to another model"
    models = served.models.get(part.route, ())
    if len(models) > 1:
        return "several models serve the route, and not all of them have the cache"
    if not models or not _carried(models[0]):
        return "its model has no name that a configuration can carry"
    if not part.cache_point:
        return "the equal part ends within the first message, where no configuration can point"
    return None


def _carried(name: str) -> bool:
    """Whether a name of the log stands for itself in a configuration."""
    return bool(name) and name.isprintable() and not means_another(name)


def _injected(part: LeverPart) -> dict[str, Any]:
    assert part.cache_point  # `_why_not`
    index = part.cache_point if part.cache_point == AT_END else part.cache_point - 1
    return {"location": "message", "index": index}


def _head(run_id: str, points: Mapping[str, LeverPart], repeated: Mapping[str, LeverPart]) -> Iterator[str]:
    printable = "".join(char if char.isprintable() else "?" for char in run_id)
    yield f"Lever ledger of audit run {printable}, for the `config.yaml` of LiteLLM's proxy: merge it into yours."
    for route, part in points.items():
        yield f"{route}: {part.place} saves {usd(part.usd)} of the log's {plural(part.requests, 'request')}."
    if repeated:
        yield "An exact cache of an hour, used by those who ask for it: callers of the routes below send"
        yield '`"cache": {"use-cache": true, "namespace": TENANT}`: nobody is given the answer of another tenant.'
    for route, part in repeated.items():
        yield f"{route}: {count(part.requests)} requests had their answer in it, {usd(part.usd)}."
