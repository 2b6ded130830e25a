"""Route, tenant, environment, region, session, end user: from the field that a person named, or the format's own."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from audit.core.fingerprint import pseudonym
from audit.core.settings import IngestSettings
from audit.ingest.row import Row
from audit.ingest.values import text, walk

KINDS = ("route", "tenant", "environment", "region", "session", "end_user")
ROUTE_KEYS = ("route", "feature", "endpoint", "use_case", "task", "function", "flow", "app", "agent")
"""Keys under which teams keep the purpose of a call, most telling first."""
PURPOSE_KEYS = (
    *ROUTE_KEYS,
    *("usecase", "prompt", "template", "workflow", "pipeline", "operation", "purpose", "intent", "task_type"),
    *("scenario", "step", "job", "handler", "component", "module", "call_site", "caller", "action", "skill", "page"),
    *("path", "service", "application", "product", "project", "trace", "source", "category", "kind", "channel"),
)
"""What else names a purpose, the most telling first; proposed to a person, who confirms it. Each may have an ending as
in `service_name`."""
_TEXTS = frozenset({"prompt", "template"})
"""Of these, what without an ending is a text and names nothing."""
TENANT_KEYS = ("tenant", "tenant_id", "team", "customer", "customer_id", "org", "organization", "workspace")
ENVIRONMENT_KEYS = ("environment", "env", "deployment_environment", "stage")
REGION_KEYS = ("region", "cloud_region")
COMMON_KEYS = {"route": ROUTE_KEYS, "tenant": TENANT_KEYS, "environment": ENVIRONMENT_KEYS, "region": REGION_KEYS}
"""What a format without conventions of its own looks for, by kind."""

LONGEST = 120
"""Characters of a name at most: what is longer is a text."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENDING = re.compile(r"_(name|id|key|slug)$")
_RANKS = {key.replace("_", ""): at for at, key in reversed(list(enumerate(PURPOSE_KEYS)))}

MODEL = "model"
"""As a path of the route where the log names none: the model that was asked for, wherever the format keeps it; of an
answer without its request the one that gave it."""

Found = tuple[str | None, str | None]
"""A label and the field that it came from."""
NOTHING: Found = (None, None)
Top = Callable[[str], Any]
"""The value of a top-level field of a record; None when absent."""
Places = Sequence[tuple[Any, str]]
"""Objects that may hold labels, each with the path that leads to it; what is no object is passed over."""
Finder = Callable[[Top, Places], Found]
"""Finds one kind of label in a record."""


Finders = Mapping[str, Finder]
"""One for each of KINDS."""


@functools.lru_cache(4096)
def purpose_rank(path: str) -> int | None:
    """How telling the name of a field is as one of a purpose, 0 the most; None for a name that tells nothing.

    The case and the separators of the name do not count: `serviceName` is `service_name`, `callsite` is `call_site`.
    """
    name = _HUMP.sub("_", path.rpartition(".")[2]).lower().replace("-", "_").replace(" ", "_")
    if name in _TEXTS:
        return None
    return next(
        (_RANKS[one] for word in (name, _ENDING.sub("", name)) if (one := word.replace("_", "")) in _RANKS), None
    )


def purposes(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields at the top of a record whose names could be those of its purpose, as metadata has them."""
    return [
        (name, value)
        for name, value in record.items()
        if type(value) is str and 0 < len(value) <= LONGEST and "\n" not in value and purpose_rank(name) is not None
    ]


def finders(settings: IngestSettings, keys: Mapping[str, Sequence[str]]) -> Finders:
    """How each kind of label is found, settled once per reader.

    Args:
        settings: Names the path of a label, or leaves it to the format.
        keys: The format's own keys, by kind; looked for only where no path is named: a guess beside a person's word
            would be a silent one.
    """
    named = {kind: getattr(settings, kind) for kind in KINDS}
    return {
        kind: partial(_named, tuple(path.split("|"))) if path else partial(_picked, keys.get(kind, ()))
        for kind, path in named.items()
    }


def holding(keys: frozenset[str], *places: tuple[Any, str]) -> Places:
    """The places that hold any of the keys: one look at each, however many labels are then looked for."""
    return [place for place in places if type(place[0]) is dict and not keys.isdisjoint(place[0])]


def _named(paths: Sequence[str], top: Top, _places: Places) -> Found:
    """What stands at the first of some paths that leads to a name: formats keep it under different ones."""
    for path in map(str.strip, paths):
        root, _, rest = path.partition(".")
        found = text(walk(top(root), rest) if rest else top(root))
        if found is None and rest:
            found = text(top(path))
        if found is not None:
            return found, path
    return NOTHING


def _picked(keys: Sequence[str], _top: Top, places: Places) -> Found:
    """The first key, in the first place, that holds a name."""
    for value, prefix in places:
        if value and type(value) is dict:
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


def put(row: Row, wanted: Finders, top: Top, places: Places, **elsewhere: Places) -> None:
    """Write every kind of label into a row.

    Args:
        places: Where the format keeps its labels.
        elsewhere: Kinds that it keeps in other places than these, each with its own.
    """
    row.route, row.route_source = wanted["route"](top, elsewhere.get("route", places))
    row.tenant, row.tenant_source = wanted["tenant"](top, elsewhere.get("tenant", places))
    row.environment, _ = wanted["environment"](top, elsewhere.get("environment", places))
    row.region, _ = wanted["region"](top, elsewhere.get("region", places))
    row.session_id, _ = wanted["session"](top, elsewhere.get("session", places))
    end_user, _ = wanted["end_user"](top, elsewhere.get("end_user", places))
    row.end_user_hash = pseudonym(end_user) if end_user else None
