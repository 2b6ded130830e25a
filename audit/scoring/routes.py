"""The criteria of every route that is scored, compiled, with the embedding model that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from audit.core.artifacts import RunFolder
from audit.core.fingerprint import fingerprint
from audit.core.settings import RouteSettings, Settings
from audit.embeddings import Embedder, embedder_of
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion, criteria_of, unsupported
from audit.scoring.inputs import judge_replies
from audit.scoring.precision import Compared
from audit.scoring.tables import Cell

OpensEmbedder = Callable[[], Embedder]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCriteria:
    """A route's criteria beside the entries that they were made from."""

    settings: RouteSettings
    criteria: tuple[Criterion, ...]


class _LazyEmbedder:
    """Opens the embedding model when the first criterion asks for it, once."""

    def __init__(self, factory: OpensEmbedder) -> None:
        self._factory = factory
        self.opened: Embedder | None = None

    def __call__(self) -> Embedder:
        if self.opened is None:
            self.opened = self._factory()
        return self.opened


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRoutes:
    """What the stage scores by.

    Attributes:
        routes: By name, those that have criteria.
        notes: Sentences on those that have none or cannot be scored.
        embedder: Opens the embedding model.
        pairs: What each criterion compared by a model at less than full precision, by route and place in its list.
        build: The criteria of a route, with an embedding model.
    """

    routes: Mapping[str, RouteCriteria]
    notes: Sequence[str]
    embedder: _LazyEmbedder
    pairs: Mapping[tuple[str, int], Compared]
    build: Callable[[RouteSettings, OpensEmbedder], tuple[Criterion, ...]]

    @classmethod
    def of(
        cls, names: Sequence[str], settings: Settings, folder: RunFolder, factory: OpensEmbedder | None
    ) -> CompiledRoutes:
        """Of the routes of a run; a factory that is None opens the embedding model that `audit.yaml` names."""
        embedder = _LazyEmbedder(factory or partial(embedder_of, settings, folder.vectors))
        replies = judge_replies(folder)

        def build(entry: RouteSettings, opens: OpensEmbedder) -> tuple[Criterion, ...]:
            return criteria_of(entry, settings.directory, embedder=opens, replies=replies)

        routes: dict[str, RouteCriteria] = {}
        notes: list[str] = []
        pairs: dict[tuple[str, int], Compared] = {}
        for name in names:
            entry = settings.route(name)
            if entry is None or not entry.criteria:
                notes.append(f"{name}: no criteria, so nothing is scored there")
                continue
            criteria = build(entry, embedder)
            if (why := unsupported(entry.criteria)) is not None:
                notes.append(f"{name}: {why}")
            notes += [f"{name}: {note}" for criterion in criteria if criterion.version for note in criterion.notes]
            if any(criterion.embeds for criterion in criteria):
                # A score holds for one model only.
                model = embedder()
                criteria = tuple(
                    replace(c, options_fp=fingerprint([c.options_fp, model.identity])) if c.embeds else c
                    for c in criteria
                )
                if model.exact is not None:
                    pairs |= {(name, one.position): Compared() for one in criteria if one.embeds}
            routes[name] = RouteCriteria(settings=entry, criteria=criteria)
        return cls(routes=routes, notes=notes, embedder=embedder, pairs=pairs, build=build)

    @property
    def embedder_name(self) -> str | None:
        """Of the embedding model, if one was used."""
        return self.embedder.opened.name if self.embedder.opened is not None else None

    def compared(self, route: str, position: int, digest: str, context: Context, found: Cell) -> None:
        """Take in what the criterion at a place of a route's list says of an answer, where its precision is in doubt.

        Args:
            route: Name.
            position: Of the criterion.
            digest: Of what was scored.
            context: What was scored.
            found: The score.
        """
        if (pairs := self.pairs.get((route, position))) is not None:
            pairs.add(digest, context, found)

    def embedding_shift(self) -> tuple[str, ...]:
        """A sentence for each criterion that compared at less than full precision: what that did."""
        used = [one for one in sorted(self.pairs) if self.pairs[one].held]
        model = self.embedder.opened
        if not used or model is None or model.exact is None:
            return ()
        exact = model.exact()
        found = []
        for route, position in used:
            criterion = self.build(self.routes[route].settings, lambda: exact)[position]
            if told := self.pairs[route, position].shift(criterion):
                found.append(f"{route}: {told}")
        return tuple(found)
