"""What stands behind a hit in a run: the model's spend, and the route that the call site likely serves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.core.mixture import Mix
from audit.literals.names import ModelNames
from audit.literals.places import Hit, LikelyRoute, words

_SHORTEST = 4
"""Letters that two words must share from their start to be one: `extract` and `extraction`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a run says that one model cost on one route."""

    route: str
    model: str
    requests: int
    spend_usd: float


def served_by(mix: Mix) -> tuple[Served, ...]:
    """The traffic of a mix by route and model."""
    return tuple(
        Served(route=row.name, model=share.model, requests=share.requests, spend_usd=share.spend_usd)
        for row in mix.by_route
        for share in row.models
    )


class Traffic:
    """A run's traffic, to be asked by the literal of a hit."""

    def __init__(self, served: Iterable[Served], names: ModelNames) -> None:
        self._exact: dict[str, list[Served]] = {}
        self._models: dict[str, list[Served]] = {}
        for one in served:
            named = names.named(one.model)
            self._exact.setdefault(one.model, []).append(one)
            self._models.setdefault(named.model if named else one.model, []).append(one)

    def of_model(self, model: str) -> list[Served]:
        """All that the model served, whatever its snapshot; largest spend first."""
        found = self._models.get(model, [])
        return sorted(found, key=lambda one: (-one.spend_usd, one.route, one.model))

    def of(self, literal: str, model: str) -> list[Served]:
        """What the literal itself served where the log has that very name, else all that the model served."""
        return self._exact.get(literal.rpartition("/")[2]) or self.of_model(model)


def likely_route(hit: Hit, served: Sequence[Served], nearby: Sequence[tuple[str, int]]) -> LikelyRoute | None:
    """The route of a call site, with the reason; None where nothing speaks for one, or equally much for two.

    Args:
        served: Of the hit's model.
        nearby: Routes of the run that the code around the hit names, with their lines, the nearest first.
    """
    if nearby:
        route, line = nearby[0]
        return LikelyRoute(route=route, reason=f"line {line} names the route")
    routes = list(dict.fromkeys(one.route for one in served if one.route))
    around = {*words(hit.file), *words(hit.function)}
    agreeing = [(route, shared) for route in routes if (shared := _shared(route, around))]
    whole = [route for route, shared in agreeing if len(shared) == len(set(words(route)))]
    if len(whole) == 1:
        place = f"{hit.file}, {hit.function}" if hit.function else hit.file
        return LikelyRoute(route=whole[0], reason=f"every word of it is in {place}")
    if len(routes) == 1:
        return LikelyRoute(route=routes[0], reason=f"the only route that {hit.model} served")
    return None


def _shared(route: str, around: set[str]) -> set[str]:
    """Words of a route's name that the code around has too, in some form."""
    return {word for word in words(route) if any(_same(word, other) for other in around)}


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST and long.startswith(short)


def suggestion(language: str, route: LikelyRoute | None) -> str:
    """What could stand where the name stands."""
    name = route.route if route else "ROUTE"
    if language == "python":
        return f'router.route("{name}", request).model_id'
    return f'the model that the gateway picks for route "{name}"'
