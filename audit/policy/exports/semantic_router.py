"""Aurelio's semantic-router: one router file per route, which a text is nearer to good prompts or to bad ones in.

Format: https://docs.aurelio.ai/docs/semantic-router/v1/user-guide/guides/save-load-from-file (`router_type: indexed`,
version 1; `load_router` reads it). With `aggregation: max` over all utterances it takes the choice with the nearest
utterance, and of equals the first: that is our similarity at a threshold of 0, when its canonical prompts are real ones
and a sentence-transformers model embeds them. Such policies are made with `routing: {canonical_prompts: true, embedder:
MODEL}` in audit.yaml. It compares with the texts themselves, which came from the log, so they are asked for by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.embeddings import STATIC
from audit.policy.exporter import (
    ROUTE_KEY,
    CannotExpress,
    Exporter,
    checked_routes,
    heading,
    incumbent_of,
    slug,
    yaml_bytes,
)

NAME = "semantic-router"


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """A file per route, named by it."""
    head = heading(
        policy,
        "load_router(FILE)(text).name is the tier that serves the last user message `text` of a request of this route.",
        "The utterances are prompts of the audited log: keep this file as you keep the log.",
    )
    routes = checked_routes(policy, NAME)
    return {f"{slug(entry.route)}.yaml": yaml_bytes(_router(entry, policy), head=head) for entry in routes}


def _router(entry: RoutePolicy, policy: RoutingPolicy) -> dict[str, Any]:
    params = _similarity(entry)
    texts: Mapping[str, Sequence[str]] = params["texts"]
    choices = ((entry.tier, texts["good"]), (incumbent_of(entry, NAME), texts["bad"]))
    return {
        "router_type": "indexed",
        "encoder": {"type": "local", "name": params["embedder"]},
        "top_k": sum(len(utterances) for _, utterances in choices),
        "aggregation": "max",
        "index": {"type": "local"},
        "routes": [
            {
                "name": tier,
                "utterances": list(utterances),
                "metadata": {ROUTE_KEY: entry.route, "model": policy.models[tier]},
            }
            for tier, utterances in choices
        ],
    }


def _similarity(entry: RoutePolicy) -> Mapping[str, Any]:
    """The parameters of a similarity that it can run, with the texts; anything else is refused."""
    if entry.signal is None or entry.signal.name != "similarity":
        raise CannotExpress(NAME, "it compares a text with example texts, and does nothing else", route=entry)
    params = entry.signal.params
    if "prompts" not in params:
        lacks = "its canonical prompts are centres of many, no texts (routing: {canonical_prompts: true} in audit.yaml)"
        raise CannotExpress(NAME, lacks, route=entry)
    if params["embedder"] == STATIC:
        lacks = f"no encoder of it has the vectors of {STATIC} (routing: {{embedder: MODEL}} in audit.yaml)"
        raise CannotExpress(NAME, lacks, route=entry)
    if entry.threshold != 0:
        raise CannotExpress(
            NAME, f"the nearest example wins there, at no threshold of {entry.threshold:g}", route=entry
        )
    if "texts" not in params:
        lacks = "it needs the canonical prompts themselves, which are texts of the log: --with-prompts writes them"
        raise CannotExpress(NAME, lacks, route=entry)
    return params


EXPORTER = Exporter(
    name=NAME,
    summary="Aurelio semantic-router files: the nearest prompt of the log wins; needs `--with-prompts`.",
    suffix=".yaml",
    export=export,
    prompts=True,
)
