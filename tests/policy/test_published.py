"""Exports against what their vendors publish, for the programs that cannot be installed in a test.

The schemas are transcribed from the pages named beside them, as far as they are about what is written here; a field
that they do not know is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest
import yaml

from audit.policy.exports import EXPORTERS
from tests.policy.world import entry, policy

STATIC = policy(entry("/summarise"), entry('it\'s: "yes" #1'))


def record(required: str, optional: str = "", **kinds: Any) -> dict[str, Any]:
    """A closed object: names of fields, and the schema of each; a text where none is given."""
    names = [*required.split(), *optional.split()]
    properties = {name: kinds.get(name, {"type": "string"}) for name in names}
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": False}


def many(of: Mapping[str, Any], least: int = 1, most: int = 1000) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": of, "minItems": least, "maxItems": most}


TEXTS = many({"type": "string", "minLength": 1}, least=0)
BOOL, INT, NUMBER = {"type": "boolean"}, {"type": "integer", "minimum": 0}, {"type": "number", "minimum": 0}

# https://docs.getbifrost.ai/api-reference/routing/create-routing-rule and /providers/routing-rules (config.json)
BIFROST_RULE = record(
    "name cel_expression targets scope priority",
    "id description enabled chain_rule fallbacks scope_id query",
    targets=many(record("weight", "provider model key_id", weight={"type": "number", "exclusiveMinimum": 0})),
    enabled=BOOL,
    chain_rule=BOOL,
    fallbacks=TEXTS,
    scope={"enum": ["global", "customer", "team", "virtual_key"]},
    scope_id={"type": ["string", "null"]},
    priority=INT,
)
BIFROST = record("governance", governance=record("routing_rules", routing_rules=many(BIFROST_RULE)))

# https://portkey.ai/docs/product/ai-gateway/conditional-routing and /fallbacks
QUERY = {"type": "object", "patternProperties": {"^(metadata|params)\\.": {"type": "object"}}, "minProperties": 1}
LEAF = record("override_params", "name", override_params=record("model"))
FALLBACK = record(
    "strategy targets",
    "name",
    strategy=record("mode", mode={"const": "fallback"}),
    targets=many(LEAF),
)
PORTKEY = record(
    "strategy targets",
    strategy=record(
        "mode conditions default",
        mode={"const": "conditional"},
        conditions=many(record("query then", query={**QUERY, "additionalProperties": False})),
    ),
    targets=many({"anyOf": [LEAF, FALLBACK]}),
)

# https://openrouter.ai/docs/api/api-reference/presets/create-a-preset-from-a-chat-completions-request-body
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

# https://github.com/envoyproxy/ai-gateway: manifests/charts/ai-gateway-crds-helm, aigatewayroutes, v1beta1
DNS = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 253}
HEADER = record(
    "name value",
    "type",
    type={"enum": ["Exact", "RegularExpression"]},
    name={"type": "string", "pattern": "^[A-Za-z0-9!#$%&'*+\\-.^_|~]+$", "maxLength": 256},
    value={"type": "string", "minLength": 1, "maxLength": 4096},
)
ENVOY = record(
    "apiVersion kind metadata spec",
    apiVersion={"const": "aigateway.envoyproxy.io/v1beta1"},
    kind={"const": "AIGatewayRoute"},
    metadata=record("name", name=DNS),
    spec=record(
        "rules",
        "parentRefs",
        parentRefs=many(record("name", "kind group namespace", name=DNS), most=16),
        rules=many(
            record(
                "",
                "matches backendRefs",
                matches=many(record("", "headers", headers=many(HEADER, most=16)), most=128),
                backendRefs=many(
                    record("name", "modelNameOverride weight priority", name=DNS, weight=INT, priority=INT)
                ),
            ),
            most=15,
        ),
    ),
)

# https://github.com/lm-sys/RouteLLM: arguments of `Controller`, and the model name `router-NAME-THRESHOLD`
ROUTELLM = many(
    record(
        "route controller model",
        controller=record(
            "routers strong_model weak_model",
            routers=many({"enum": ["mf", "sw_ranking", "bert", "causal_llm", "random"]}),
        ),
        model={"type": "string", "pattern": "^router-[a-z_]+-(0(\\.\\d+)?|1(\\.0+)?)$"},
    )
)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("bifrost", BIFROST),
        ("portkey", PORTKEY),
        ("openrouter", OPENROUTER),
        ("envoy-ai-gateway", ENVOY),
        ("routellm", ROUTELLM),
    ],
)
def test_the_vendors_schema_holds(name: str, schema: dict[str, Any]) -> None:
    """Every document is of the published shape, and a field more or less is not."""
    validator = jsonschema_rs.validator_for(schema)
    for file, data in EXPORTERS.get(name).export(STATIC).items():
        documents = [json.loads(data)] if file.endswith(".json") else list(yaml.safe_load_all(data))
        for document in documents:
            errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)]
            assert not errors
            assert not validator.is_valid({**document, "another": 1} if isinstance(document, dict) else [{}])
