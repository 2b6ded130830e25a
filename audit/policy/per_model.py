"""Routes that several models serve, for a gateway that does not see which of them a caller asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from audit.core.display import listing
from audit.core.policy import RoutePolicy, RoutingPolicy, bare


def one_model_each(policy: RoutingPolicy) -> RoutingPolicy:
    """The policy with an entry for each model that it replaces: what does not move, or fails, goes to that model.

    The entry of the largest spend keeps the route's name, so that a model which answers for a few requests in one
    month does not rename it; the others are named `ROUTE@MODEL`. Routes of one model stay as they are.

    Args:
        policy: As certified.

    Returns:
        A policy whose every entry has `otherwise`, and `replaces` where it is one of several; no file holds it. Two of
        its entries have one name where a route of the log is called what another is here; `named_apart` says so.
    """
    return replace(policy, routes=tuple(one for entry in policy.routes for one in _apart(entry, policy)))


def named_apart(policy: RoutingPolicy) -> bool:
    """Whether every entry of a policy has a name of its own."""
    return len({entry.route for entry in policy.routes}) == len(policy.routes)


def callers_lines(policy: RoutingPolicy, written: RoutingPolicy) -> list[str]:
    """Who names which entry: a sentence for each route that several models serve.

    Args:
        policy: As certified.
        written: What is left of its `one_model_each` in a target.
    """
    kept = {entry.route for entry in written.routes}
    return [line for entry in policy.routes if (line := _callers(entry, policy, kept))]


def _callers(entry: RoutePolicy, policy: RoutingPolicy, kept: set[str]) -> str:
    names = {name: named(entry, name, policy) for name in entry.replaces}
    said = [f"of {policy.models[name]} name {route}" for name, route in names.items() if route in kept]
    if not said:
        return ""
    return (
        f"Several models serve {entry.route}, and what does not move keeps its own: callers {listing(said)} as their "
        "route, and callers of any other model change nothing."
    )


def named(entry: RoutePolicy, name: str, policy: RoutingPolicy) -> str:
    """The name of a route's entry for one of the models that it replaces."""
    return entry.route if name == entry.replaces[0] else f"{entry.route}@{bare(policy.models[name])}"


def _apart(entry: RoutePolicy, policy: RoutingPolicy) -> Iterator[RoutePolicy]:
    if entry.otherwise is not None:
        yield entry
        return
    for name in entry.replaces:
        yield replace(entry, route=named(entry, name, policy), otherwise=name, replaces=(name,))
