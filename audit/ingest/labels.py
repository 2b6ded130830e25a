"""Route, tenant, environment, region, session, end user: from the field that a person named, or the format's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest.values import cached_digest, text, walk

KINDS = ("route", "tenant", "environment", "region", "session", "end_user")
ROUTE_KEYS = ("route", "feature", "endpoint", "use_case", "task", "function", "flow", "app", "agent")
"""Keys under which teams keep the purpose of a call, most telling first."""
TENANT_KEYS = ("tenant", "tenant_id", "team", "customer", "customer_id", "org", "organization", "workspace")
ENVIRONMENT_KEYS = ("environment", "env", "deployment_environment", "stage")
REGION_KEYS = ("region", "cloud_region")

Found = tuple[str | None, str | None]
"""A label and the field that it came from."""
NOTHING: Found = (None, None)


@dataclass(frozen=True, slots=True)
class Labels:
    """The dotted paths that `ingest:` names, by kind."""

    paths: Mapping[str, str]

    @classmethod
    def of(cls, settings: IngestSettings) -> Labels:
        """The paths in the settings; kinds without one are left to the format."""
        named = {kind: getattr(settings, kind) for kind in KINDS}
        return cls({kind: path for kind, path in named.items() if path})

    def find(self, kind: str, top: Callable[[str], Any], keys: Iterable[str], places: Places) -> Found:
        """The label of a record.

        Args:
            kind: One of KINDS.
            top: The value of a top-level field of the record; None when absent.
            keys: The format's own keys, looked for only where no path was named: a guess beside a person's word
                would be a silent one.
            places: Where to look for them.
        """
        path = self.paths.get(kind)
        if path is None:
            return pick(keys, places)
        root, _, rest = path.partition(".")
        found = text(walk(top(root), rest) if rest else top(root))
        if found is None and rest:
            found = text(top(path))
        return (found, path) if found is not None else NOTHING


Places = Sequence[tuple[Any, str]]
"""Objects that may hold labels, each with the path that leads to it; what is no object is passed over."""


def pick(keys: Iterable[str], places: Places) -> Found:
    """The first key, in the first place, that holds a name."""
    for value, prefix in places:
        if type(value) is dict:
            for key in keys:
                if key in value and (found := text(value[key])) is not None:
                    return found, prefix + key
    return NOTHING


def tag_pairs(tags: Iterable[str]) -> dict[str, str]:
    """`key:value` tags as an object; the first of a key counts."""
    pairs: dict[str, str] = {}
    for tag in tags:
        key, colon, value = tag.partition(":")
        if colon and value:
            pairs.setdefault(key, value.strip())
    return pairs


def pseudonym(end_user: str | None) -> str | None:
    """An end user's stand-in: the first 16 hex digits of a SHA-256, so that rows of one person stay together."""
    return cached_digest(end_user)[:16] if end_user else None
