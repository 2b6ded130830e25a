"""A log that names no routes is told before anything is planned."""

from __future__ import annotations

from audit.core.artifacts import RunFolder
from audit.core.errors import InputError
from audit.core.settings import Settings
from audit.flow.keeping.frames import Frames
from audit.ingest.suggest_route import suggest_route_fields


def refuse_routeless(frames: Frames, settings: Settings, folder: RunFolder) -> None:
    """Without a route key there is one heap of traffic, and no verdict about it would mean anything.

    Raises:
        InputError: No request has a route; the message names fields that could be it.
    """
    if any(frame.route for frame in frames):
        return
    fields = suggest_route_fields(folder)
    named = settings.ingest.route
    raise InputError(
        f"no request has a value at `{named}`, so there are no routes" if named else "the logs name no route",
        code="ingest.no-route",
        notes=[f"it could be {field}" for field in fields],
        hint=f"name the field in audit.yaml:  ingest: {{route: {fields[0].path if fields else 'metadata.route'}}}",
    )
