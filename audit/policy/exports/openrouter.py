"""OpenRouter: one preset per route, the cheap model first, the incumbent where a call fails.

Formats: https://openrouter.ai/docs/guides/features/presets (a call names `@preset/SLUG` as its model),
https://openrouter.ai/docs/api/api-reference/presets/create-a-preset-from-a-chat-completions-request-body
(`presets.create_presets_chat_completions` of the vendor's Python package `openrouter`), and
https://openrouter.ai/docs/guides/routing (`models`, in order of priority).
"""

from __future__ import annotations

from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import CannotExpress, Exporter, incumbent_of, json_bytes, slug, static_routes

NAME = "openrouter"
ENDPOINT = "https://openrouter.ai/api/v1/presets/{slug}/chat/completions"


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`presets.json`: one request per route that creates its preset."""
    routes = static_routes(policy, NAME, "its Auto Router decides by itself, and presets name fixed models")
    return {"presets.json": json_bytes([_preset(entry, policy) for entry in routes])}


def _preset(entry: RoutePolicy, policy: RoutingPolicy) -> dict[str, Any]:
    models = [policy.models[entry.tier], policy.models[incumbent_of(entry, NAME)]]
    for model in models:
        author, slash, name = model.partition("/")
        if not (author and slash and name):
            raise CannotExpress(
                NAME, f"it names models `author/model`, and `{model}` is none of its names", route=entry
            )
    preset = slug(entry.route)
    return {
        "route": entry.route,
        "model": f"@preset/{preset}",
        "method": "POST",
        "url": ENDPOINT.format(slug=preset),
        # The request is one for chat completions, which must have messages; a preset does not keep them.
        "body": {"model": models[0], "models": models, "messages": [{"role": "user", "content": "preset"}]},
    }


EXPORTER = Exporter(
    name=NAME,
    summary="OpenRouter presets: a model and its fallback per route.",
    suffix=".json",
    export=export,
)
