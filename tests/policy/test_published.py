"""Exports against what their vendors publish, on every run and offline.

The schemas are ours, written after the vendors' own files and types as far as these are about what is written here. The
file is named beside each, with the version or the commit that it was compared with. A field that they do not know is
refused. Where a vendor's program or types can be installed, test_interop.py asks those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest
import yaml

from audit.core.policy import RoutingPolicy
from audit.policy.exports import EXPORTERS
from tests.policy.world import TOOLS, entry, policy

STATIC = policy(entry("/summarise"), entry('it\'s: "yes" #1'))
COUNTING = policy(*STATIC.routes, TOOLS)


def record(required: str, optional: str = "", **kinds: Any) -> dict[str, Any]:
    """A closed object: names of fields, and the schema of each; a text where none is given."""
    names = [*required.split(), *optional.split()]
    properties = {name: kinds.get(name, {"type": "string"}) for name in names}
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": False}


def many(of: Mapping[str, Any], least: int = 1, most: int = 1000) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": of, "minItems": least, "maxItems": most}


TEXT = {"type": "string", "minLength": 1}
TEXTS = many(TEXT, least=0)
BOOL, NUMBER = {"type": "boolean"}, {"type": "number"}
INT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}

# maximhq/bifrost, transports/config.schema.json at 003ecc6abbf8 (routing_rule, routing_target); Bifrost validates
# config.json with it (transports/bifrost-http/lib/validator.go). Length of a name: the column of
# framework/configstore/tables/routingrules.go at a21895a04736.
BIFROST_TARGET = record(
    "weight",
    "provider model provider_key_name",
    provider=TEXT,
    model=TEXT,
    weight={"type": "number", "exclusiveMinimum": 0, "maximum": 1},
)
BIFROST_RULE = record(
    "id name targets",
    "description enabled cel_expression chain_rule fallbacks scope scope_id priority",
    name={"type": "string", "maxLength": 255},
    targets=many(BIFROST_TARGET),
    enabled=BOOL,
    chain_rule=BOOL,
    fallbacks=TEXTS,
    scope={"enum": ["global", "team", "customer", "virtual_key"]},
    priority=INT,
)
BIFROST = record("governance", governance=record("routing_rules", routing_rules=many(BIFROST_RULE)))

# Portkey-AI/docs-core, aigw/api-reference/inference-api/config-object.mdx at 4dafb315f85a (a JSON schema), and the one
# in Node's package @portkey-ai/gateway 1.15.2. Both refuse a target without a key; product/ai-gateway/fallbacks.mdx and
# conditional-routing.mdx at 08051a462b59 show targets of the Model Catalog ("@slug") that have none. Length of a value:
# product/observability/metadata.mdx at 1889115c8529.
MODEL = record("model", model=TEXT)
LEAF = {
    "anyOf": [
        record("provider api_key override_params", "name", provider=TEXT, api_key=TEXT, override_params=MODEL),
        record(
            "provider override_params",
            "name",
            provider={"type": "string", "pattern": "^@[^/]+$"},
            override_params=MODEL,
        ),
    ]
}
FALLBACK = record(
    "strategy targets",
    "name",
    strategy=record("mode", mode={"const": "fallback"}),
    targets=many(LEAF),
)
EQUALS = record("$eq", **{"$eq": {"type": "string", "minLength": 1, "maxLength": 128}})
QUERY = {
    "type": "object",
    "patternProperties": {"^(metadata|params)\\.[^.]+$": EQUALS},
    "minProperties": 1,
    "additionalProperties": False,
}
PORTKEY = record(
    "strategy targets",
    strategy=record(
        "mode conditions default",
        mode={"const": "conditional"},
        conditions=many(record("query then", query=QUERY)),
    ),
    targets=many({"anyOf": [LEAF, FALLBACK]}),
)

# Python's package openrouter 1.3.84: operations/createpresetschatcompletions.py, components/chatrequest.py
MESSAGE = record("role content", role={"enum": ["system", "user", "assistant", "developer", "tool"]})
OPENROUTER = many(
    record(
        "route model method url body",
        model={"type": "string", "pattern": "^@preset/[a-z0-9-]+$"},
        method={"const": "POST"},
        url={"type": "string", "pattern": "^https://openrouter.ai/api/v1/presets/[a-z0-9-]+/chat/completions$"},
        body=record("messages", "model models", messages=many(MESSAGE), models=TEXTS),
    )
)

# envoyproxy/ai-gateway, api/v1beta1/ai_gateway_route.go at 06c048360112, and the definition made of it,
# manifests/charts/ai-gateway-crds-helm/templates/aigateway.envoyproxy.io_aigatewayroutes.yaml at 863a8a897dcf. That one
# still takes 128 rules; the type takes 15, because one more is the gateway's own.
DNS = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 253}
HEADER = record(
    "name value",
    "type",
    type={"enum": ["Exact", "RegularExpression"]},
    name={"type": "string", "pattern": "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", "maxLength": 256},
    value={"type": "string", "minLength": 1, "maxLength": 4096},
)
PARENT = record("name", "kind group namespace", name=DNS, kind={"const": "Gateway"}, namespace={**DNS, "maxLength": 63})
BACKEND = record("name", "modelNameOverride weight priority", name=DNS, weight=INT, priority=INT)
ENVOY = record(
    "apiVersion kind metadata spec",
    apiVersion={"const": "aigateway.envoyproxy.io/v1beta1"},
    kind={"const": "AIGatewayRoute"},
    metadata=record("name", name=DNS),
    spec=record(
        "rules",
        "parentRefs",
        parentRefs=many(PARENT, most=16),
        rules=many(
            record(
                "",
                "matches backendRefs",
                matches=many(record("", "headers", headers=many(HEADER, most=16)), most=128),
                backendRefs=many(BACKEND, most=128),
            ),
            most=15,
        ),
    ),
)

# Python's package vllm-sr 0.4.0: cli/config_schema/router-config-v0.3.schema.json
PREDICATE = record("", "gt gte lt lte", gt=NUMBER, gte=NUMBER, lt=NUMBER, lte=NUMBER)
COUNT = record(
    "name feature predicate",
    feature=record("type source", type={"const": "count"}, source=record("type", "role")),
    predicate=PREDICATE,
)
RULES = record(
    "operator conditions",
    operator={"enum": ["AND", "OR", "NOT"]},
    conditions=many(record("type name", type={"enum": ["metadata", "conversation"]})),
)
DECISION = record(
    "name priority rules modelRefs",
    priority=INT,
    rules=RULES,
    modelRefs=many(record("model", "use_reasoning", use_reasoning=BOOL)),
)
VLLM = record(
    "version providers routing",
    version={"const": "v0.3"},
    providers=record("defaults models", defaults=record("model"), models=many(record("name", "provider_model_id"))),
    routing=record(
        "strategy modelCards signals decisions",
        strategy={"enum": ["priority", "confidence"]},
        modelCards=many(record("name")),
        signals=record(
            "metadata",
            "conversation",
            metadata=many(record("name key predicate", predicate=record("equals"))),
            conversation=many(COUNT),
        ),
        decisions=many(DECISION),
    ),
)

# Python's package routellm 0.2.0: arguments of `Controller` and its model name `router-NAME-THRESHOLD` (controller.py),
# names of routers (routers/routers.py)
ROUTELLM = many(
    record(
        "route controller model",
        controller=record(
            "routers strong_model weak_model",
            routers=many({"enum": ["random", "mf", "causal_llm", "bert", "sw_ranking"]}),
        ),
        model={"type": "string", "pattern": "^router-[a-z_]+-(0(\\.\\d+)?|1(\\.0+)?)$"},
    )
)


@pytest.mark.parametrize(
    ("name", "made", "schema"),
    [
        ("bifrost", STATIC, BIFROST),
        ("portkey", STATIC, PORTKEY),
        ("openrouter", STATIC, OPENROUTER),
        ("envoy-ai-gateway", STATIC, ENVOY),
        ("vllm-semantic-router", COUNTING, VLLM),
        ("routellm", STATIC, ROUTELLM),
    ],
)
def test_the_vendors_schema_holds(name: str, made: RoutingPolicy, schema: dict[str, Any]) -> None:
    """Every document is of the published shape, and a field more or less is not."""
    validator = jsonschema_rs.validator_for(schema)
    for file, data in EXPORTERS.get(name).export(made).items():
        documents = [json.loads(data)] if file.endswith(".json") else list(yaml.safe_load_all(data))
        for document in documents:
            errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)]
            assert not errors
            assert not validator.is_valid({**document, "another": 1} if isinstance(document, dict) else [{}])
