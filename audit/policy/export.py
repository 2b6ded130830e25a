"""A policy for a target, as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from audit.core.artifacts import publish
from audit.core.errors import InputError, UnknownName
from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import CannotExpress
from audit.policy.exports import EXPORTERS, NOT_SUPPORTED
from audit.policy.per_model import callers_lines, named_apart, one_model_each


def only_routes(policy: RoutingPolicy, globs: Sequence[str]) -> RoutingPolicy:
    """The policy of the routes that a glob matches; the others keep their models, as routes without a policy do.

    Raises:
        UnknownName: A glob matches no route of the policy.
    """
    names = [entry.route for entry in policy.routes]
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in names):
            raise UnknownName.among("route", glob, names)
    chosen = [entry for entry in policy.routes if any(fnmatchcase(entry.route, glob) for glob in globs)]
    return replace(policy, routes=tuple(chosen))


def with_default(policy: RoutingPolicy, tier: str | None) -> RoutingPolicy:
    """The policy with a tier for all that no entry is about; None leaves it as it is.

    Raises:
        UnknownName: The policy has no model for the tier.
    """
    if tier is None:
        return policy
    if tier not in policy.models:
        raise UnknownName.among("tier", tier, sorted(policy.models))
    return replace(policy, default_tier=tier)


def for_target(policy: RoutingPolicy, target: str) -> RoutingPolicy:
    """The policy as a target is given it: where it does not see the model that is asked for, an entry for each.

    Raises:
        UnknownName: There is no such target.
        CannotExpress: The target takes no policy of anybody, or a route of the log has the name of such an entry.
    """
    if target in NOT_SUPPORTED:
        raise CannotExpress(target, NOT_SUPPORTED[target])
    if EXPORTERS.get(target).sees_model:
        return policy
    apart = one_model_each(policy)
    if not named_apart(apart):
        raise CannotExpress(target, "a route is named like what another route's requests of one model would be")
    return apart


def export_policy(policy: RoutingPolicy, target: str) -> dict[str, bytes]:
    """The policy in a target's own words, as files by name.

    Raises:
        UnknownName: There is no such target.
        CannotExpress: The target cannot say what the policy says, in whole or for one route.
    """
    policy = for_target(policy, target)
    exporter = EXPORTERS.get(target)
    if not exporter.shares:
        for entry in policy.routes:
            if entry.canary is not None:
                raise CannotExpress(target, "it cannot send a share of the traffic to the cheap tier", route=entry)
    return exporter.export(policy)


def export_expressible(policy: RoutingPolicy, target: str) -> tuple[dict[str, bytes], RoutingPolicy, tuple[str, ...]]:
    """As much of a policy as the target can say exactly: whole routes, never a part of one.

    A route that is left out keeps its model, as a route without a policy does, so nothing uncertified runs.

    Returns:
        The files, the policy that they express, and a sentence for each route that was left out and for each that
        has several entries, one for every model that serves it.

    Raises:
        UnknownName: There is no such target.
        CannotExpress: The target can say nothing of it; the first reason.
    """
    certified, policy = policy, for_target(policy, target)
    left_out: list[str] = []
    first: CannotExpress | None = None
    while True:
        try:
            files = export_policy(policy, target)
            return files, policy, (*left_out, *(callers_lines(certified, policy) if policy != certified else ()))
        except CannotExpress as error:
            first = first or error
            if error.route is None or len(policy.routes) == 1:
                raise first from None
            left_out.append(
                f"Left out, so it keeps its model: route {error.route.route} ({error.route.kind}); {error.lacks}."
            )
            policy = replace(policy, routes=tuple(entry for entry in policy.routes if entry != error.route))


def canonical_prompts(policy: RoutingPolicy, target: str) -> set[str]:
    """Fingerprints of the requests whose texts the target would write.

    Raises:
        UnknownName: There is no such target.
        InputError: The target writes no texts, or the policy has none.
    """
    if not EXPORTERS.get(target).prompts:
        raise InputError(
            f"`{target}` takes no prompts", code="policy.prompts", hint="--with-prompts is about semantic-router"
        )
    listed = [entry.signal.params.get("prompts") or {} for entry in policy.routes if entry.signal]
    return {fingerprint for prompts in listed for side in prompts.values() for fingerprint in side}


def with_prompts(policy: RoutingPolicy, texts: Mapping[str, str]) -> RoutingPolicy:
    """The policy with its canonical prompts as texts beside their fingerprints: for one export, for no file of ours.

    Args:
        policy: To export.
        texts: By fingerprint, the last user message.
    """
    return replace(policy, routes=tuple(_spelled_out(entry, texts) for entry in policy.routes))


def _spelled_out(entry: RoutePolicy, texts: Mapping[str, str]) -> RoutePolicy:
    prompts = entry.signal.params.get("prompts") if entry.signal else None
    if entry.signal is None or not prompts:
        return entry
    said = {side: [texts[fingerprint] for fingerprint in prompts[side]] for side in prompts}
    return replace(entry, signal=replace(entry.signal, params={**entry.signal.params, "texts": said}))


def write_export(files: dict[str, bytes], output: Path, *, folder: bool) -> list[Path]:
    """Write what `export_policy` returned, each file whole or not at all.

    Args:
        files: By name.
        output: The file to write, or the folder for all of them.
        folder: Whether `output` is the folder.

    Raises:
        InputError: One file is named for several, or `output` is a file where a folder is needed.
    """
    if not folder and len(files) > 1:
        raise InputError(f"there are {len(files)} files to write, and {output} is one", hint=f"-o {output}/")
    if folder and output.exists() and not output.is_dir():
        raise InputError(f"{output} is a file, and several are written", code="policy.output")
    paths = {output / name if folder else output: data for name, data in files.items()}
    for path, data in paths.items():
        publish(path, data)
    return list(paths)
