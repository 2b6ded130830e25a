"""What each export target writes, as golden files, and what each refuses in particular."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from audit.core.errors import InputError
from audit.core.policy import RoutePolicy, RoutingPolicy, SignalSpec
from audit.policy.export import canonical_prompts, export_expressible, export_policy, with_prompts
from audit.policy.exporter import CannotExpress, slug
from audit.policy.exports import EXPORTERS, NOT_SUPPORTED
from audit.policy.policy_file import write_policy
from audit.policy.router import Router
from tests.golden_file import assert_golden
from tests.policy.world import (
    ARNS,
    CASCADE,
    CLASSIFIER,
    PROMPTS,
    RULES,
    SIMILARITY,
    TOOLS,
    entry,
    policy,
    request,
    rules,
)

GOLDEN = Path(__file__).parent / "golden"
STATIC = policy(entry("/summarise"), entry('it\'s: "yes" #1'))
POLICIES: dict[str, RoutingPolicy] = {
    "policy-json": policy(entry("/summarise"), CASCADE, CLASSIFIER, RULES),
    "litellm-auto-router": policy(entry("/summarise"), RULES, CLASSIFIER, SIMILARITY),
    "semantic-router": policy(PROMPTS),
    "vllm-semantic-router": policy(entry("/summarise"), TOOLS),
    "bedrock": replace(STATIC, models=ARNS),
}


def exported(name: str, made: RoutingPolicy) -> Any:
    """The one document of the target's one file."""
    files = EXPORTERS.get(name).export(made)
    (data,) = files.values()
    documents = list(yaml.safe_load_all(data))
    return documents[0] if len(documents) == 1 else documents


def refusal(name: str, made: RoutingPolicy) -> str:
    """What the target lacks."""
    with pytest.raises(CannotExpress) as caught:
        EXPORTERS.get(name).export(made)
    return caught.value.lacks


@pytest.mark.parametrize("name", EXPORTERS.names)
def test_golden(name: str) -> None:
    """The files of each target are the ones that were read and found right."""
    for file, data in EXPORTERS.get(name).export(POLICIES.get(name, STATIC)).items():
        assert_golden(GOLDEN / name / file, data.decode())


@pytest.mark.parametrize(
    "name", ["litellm", "openrouter", "portkey", "bifrost", "envoy-ai-gateway", "bedrock", "routellm"]
)
@pytest.mark.parametrize("signal", [RULES, SIMILARITY], ids=lambda e: e.kind)
def test_a_signal_is_never_approximated(name: str, signal: RoutePolicy) -> None:
    """A target that decides by fixed names or by scores of its own refuses ours."""
    models = ARNS if name == "bedrock" else policy().models
    assert refusal(name, replace(policy(signal), models=models))


def test_litellms_auto_router_shows_its_classifiers_no_tools() -> None:
    """A signal on tools or on the response format cannot be computed there, nor two fallbacks of one tier be said."""
    assert "`tools`" in refusal("litellm-auto-router", policy(TOOLS))
    columns = [{"feature": "wants_json", "log": False, "mean": 0.0, "scale": 1.0, "weight": 1.0}]
    params = {"intercept": 0.0, "columns": columns, "embedding": None}
    asks = replace(CLASSIFIER, signal=SignalSpec(name="classifier", params=params, version=3))
    assert "`wants_json`" in refusal("litellm-auto-router", policy(asks))
    inner = {"name": "classifier", "version": 1, "params": params}
    guarded = SignalSpec(name="guarded", params={"conditions": [], "signal": inner})
    assert refusal("litellm-auto-router", policy(replace(CLASSIFIER, kind="guarded", signal=guarded)))
    models = {**policy().models, "other": "openai/o4"}
    made = policy(entry("/a"), entry("/b", otherwise="other"), models=models)
    assert "one fallback for each model" in refusal("litellm-auto-router", made)


def test_litellms_classifiers_are_the_router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the configuration names decides as the router does; another name is an error when LiteLLM starts."""
    from audit.policy import litellm_plugin

    made = policy(RULES, CLASSIFIER)
    write_policy(tmp_path / "policy.json", made)
    monkeypatch.setenv("AUDIT_POLICY", str(tmp_path / "policy.json"))
    config = exported("litellm-auto-router", made)
    auto = config["model_list"][0]["litellm_params"]["complexity_router_config"]
    classifier = getattr(litellm_plugin, auto["classifier_plugin"].rpartition(".")[2])
    for text in ("what? why?", "what?"):
        context = SimpleNamespace(structured_messages=[{"role": "user", "content": text}])
        tier = auto["tiers"][asyncio.run(classifier.classify(context))]
        assert tier == Router(made).route("/rules", request(text)).tier
    with pytest.raises(InputError, match="no route whose classifier"):
        _ = litellm_plugin.route_another
    with pytest.raises(AttributeError):
        _ = litellm_plugin.another


def test_semantic_router_says_nearest_wins_and_nothing_else() -> None:
    """Each thing that it cannot say is refused by name, with what would make a policy that it can."""
    config = exported("semantic-router", policy(PROMPTS))
    assert [(route["name"], route["utterances"]) for route in config["routes"]] == [
        ("small", ["aaa"]),
        ("large", ["bbb"]),
    ]
    assert (config["aggregation"], config["top_k"]) == ("max", 2)
    assert PROMPTS.signal is not None
    params = dict(PROMPTS.signal.params)

    def without(key: str, **changed: Any) -> RoutePolicy:
        left = {name: value for name, value in params.items() if name != key} | changed
        return replace(PROMPTS, signal=replace(PROMPTS.signal, params=left))

    assert "does nothing else" in refusal("semantic-router", policy(entry("/a")))
    assert "canonical_prompts: true" in refusal("semantic-router", policy(without("prompts")))
    assert "embedder: MODEL" in refusal("semantic-router", policy(without("", embedder="wordllama-l2-supercat-256")))
    assert "threshold of 0.2" in refusal("semantic-router", policy(replace(PROMPTS, threshold=0.2)))
    assert "--with-prompts" in refusal("semantic-router", policy(without("texts")))


def test_texts_are_only_spelled_out_for_who_asks() -> None:
    """The policy holds fingerprints; texts are put in for one export, and no other target is given them."""
    assert PROMPTS.signal is not None
    params = {name: value for name, value in PROMPTS.signal.params.items() if name != "texts"}
    silent = policy(replace(PROMPTS, signal=replace(PROMPTS.signal, params=params)), entry("/a"))
    assert canonical_prompts(silent, "semantic-router") == {"fp1", "fp2"}
    spelled = with_prompts(silent, {"fp1": "aaa", "fp2": "bbb"})
    assert spelled.routes[0] == PROMPTS
    assert silent.routes[0].signal == replace(PROMPTS.signal, params=params)
    with pytest.raises(InputError, match="takes no prompts"):
        canonical_prompts(silent, "policy-json")


SEVERAL = policy(
    entry("/summarise", otherwise=None, replaces=("large", "medium")),
    entry("/plain"),
    models={**policy().models, "medium": "openai/gpt-4.1-mini"},
)
"""A route that two models serve, and one of one model."""


@pytest.mark.parametrize("name", EXPORTERS.names)
def test_no_model_is_named_for_the_requests_of_another(name: str) -> None:
    """A target that cannot see which model is asked for has an entry for each, whose rest is that model's, or none."""
    made = replace(SEVERAL, models={**ARNS, "medium": ARNS["small"]}) if name == "bedrock" else SEVERAL
    alone = replace(made, routes=made.routes[:1])
    if name == "semantic-router":
        assert "does nothing else" in refusal(name, alone)
        return
    files, said, notes = export_expressible(made, name)
    if EXPORTERS.get(name).sees_model:
        assert (said, notes) == (made, ())
        assert files == EXPORTERS.get(name).export(made)
        return
    if name != "vllm-semantic-router":  # of a whole route it names the cheap tier alone
        assert "several models serve the route" in refusal(name, alone)
    rest = {one.route: one.otherwise for one in said.routes}
    # One tier of LiteLLM's auto router has one fallback, so the requests of the second model stay there as they are.
    lost = {"/summarise@gpt-4.1-mini"} if name == "litellm-auto-router" else set()
    wanted = {"/summarise": "large", "/summarise@gpt-4.1-mini": "medium", "/plain": "large"}
    assert rest == {route: tier for route, tier in wanted.items() if route not in lost}
    told = " ".join(notes)
    assert "callers of openai/gpt-4.1 name /summarise" in told
    assert ("of openai/gpt-4.1-mini name /summarise@gpt-4.1-mini" in told) != bool(lost)


def test_a_file_says_which_callers_its_entries_are_for() -> None:
    """Beside the entries, and what answers when the cheap tier fails is what the caller has today."""
    text = export_policy(SEVERAL, "litellm")["config.yaml"].decode()
    assert "# /summarise@gpt-4.1-mini is for callers of openai/gpt-4.1-mini today" in text
    assert "/plain is for" not in text
    fallbacks = yaml.safe_load(text)["router_settings"]["fallbacks"]
    assert fallbacks == [{"/summarise": ["large"]}, {"/summarise@gpt-4.1-mini": ["medium"]}, {"/plain": ["large"]}]
    clash = replace(SEVERAL, routes=(SEVERAL.routes[0], entry("/summarise@gpt-4.1-mini")))
    with pytest.raises(CannotExpress, match="is named like"):
        export_policy(clash, "litellm")


def test_litellm_names_are_not_shared() -> None:
    """A route named like a tier would be balanced with it; a pattern and a variable would be read as such."""
    assert "named like a tier" in refusal("litellm", policy(entry("large")))
    assert "pattern" in refusal("litellm", policy(entry("a*")))
    assert "environment" in refusal("litellm", policy(entry("os.environ/KEY")))


@pytest.mark.parametrize("target", ["litellm", "litellm-auto-router"])
@pytest.mark.parametrize("name", ["os.environ/ACME_KEY", "openai/*", "*"])
@pytest.mark.parametrize("where", ["incumbent", "its model", "cheap model"])
def test_no_name_of_a_log_is_a_pattern_or_a_variable(target: str, name: str, where: str) -> None:
    """A model that calls itself like a variable would be filled with a key, and one like a pattern take all calls."""
    models = {**policy().models}
    made = entry("/a", otherwise=name) if where == "incumbent" else entry("/a")
    models |= {name: "acme-large"} if where == "incumbent" else {"large" if where == "its model" else "small": name}
    assert "a pattern or a variable" in refusal(target, policy(made, models=models))


def test_litellm_has_the_tiers_that_it_falls_back_to() -> None:
    """A name for every route, the incumbents and the default tier; no cheap tier can be asked for around its route."""
    made = policy(entry("/a"), models={**policy().models, "other": "openai/o4"}, default_tier="other")
    config = exported("litellm", made)
    assert [model["model_name"] for model in config["model_list"]] == ["/a", "large", "other"]
    assert config["router_settings"] == {"fallbacks": [{"/a": ["large"]}]}


@pytest.mark.parametrize("name", ["portkey", "vllm-semantic-router"])
def test_a_default_that_is_asked_for(name: str) -> None:
    """A target that must name a default is refused a policy without one, not given a guess."""
    assert "default" in refusal(name, policy(entry("/a"), default_tier=None))


def test_models_in_the_targets_words() -> None:
    """A model id that the target cannot know is refused: an author, a provider or an ARN is wanted."""
    bare = policy(entry("/a"), models={"large": "gpt-4.1", "small": "gpt-4.1-nano"})
    assert "author/model" in refusal("openrouter", bare)
    assert "provider/model" in refusal("portkey", bare)
    assert "ARN" in refusal("bedrock", bare)


def test_bifrost_keeps_the_provider_of_a_bare_model() -> None:
    """A model without a provider goes to the request's provider, and has no fallback, which would need one."""
    bare = policy(entry("/a"), models={"large": "gpt-4.1", "small": "gpt-4.1-nano"})
    (rule,) = exported("bifrost", bare)["governance"]["routing_rules"]
    assert (rule["targets"], rule["fallbacks"]) == ([{"model": "gpt-4.1-nano", "weight": 1}], [])


def test_bifrost_names_fit_its_database() -> None:
    """A rule of a long route is named by its id; the route itself is whole in the expression."""
    route = "/" + "x" * 300
    (rule,) = exported("bifrost", policy(entry(route)))["governance"]["routing_rules"]
    assert rule["name"] == rule["id"]
    assert rule["cel_expression"].endswith(f'"{route}"')


def test_portkey_needs_no_key_for_its_own_catalog() -> None:
    """A provider of the Model Catalog has its key there; any other target has a place for one."""
    models = {"large": "@openai-prod/gpt-4.1", "small": "together-ai/meta/llama"}
    config = exported("portkey", policy(entry("/a"), models=models))
    cheap, incumbent = config["targets"][0]["targets"]
    assert cheap["provider"] == "together-ai"
    assert cheap["override_params"] == {"model": "meta/llama"}
    assert cheap["api_key"]
    assert incumbent == {"provider": "@openai-prod", "override_params": {"model": "gpt-4.1"}}


def test_portkeys_metadata_is_short() -> None:
    """A route that no value of its metadata can hold is refused, not cut."""
    assert "128" in refusal("portkey", policy(entry("x" * 129)))
    assert exported("portkey", policy(entry("x" * 128)))


def test_envoy_splits_at_fifteen_rules() -> None:
    """A resource holds fifteen rules; more routes make more resources."""
    made = exported("envoy-ai-gateway", policy(*(entry(f"/r{n}") for n in range(31))))
    assert [len(resource["spec"]["rules"]) for resource in made] == [15, 15, 1]
    assert len({resource["metadata"]["name"] for resource in made}) == 3


@pytest.mark.parametrize("name", ["envoy-ai-gateway", "bifrost"])
def test_headers_carry_ascii(name: str) -> None:
    """A route that cannot stand in a header is refused by targets that match headers."""
    assert "header" in refusal(name, policy(entry("résumé")))


def test_slugs_stay_apart() -> None:
    """Names that differ only in what a slug leaves out get different slugs; a plain name keeps its own."""
    names = ["a b", "a-b", "A b", "a  b", "a/b", "", "ä", "ö", "x" * 99, "x" * 98]
    slugs = [slug(name) for name in names]
    assert len(set(slugs)) == len(names)
    assert slugs[1] == "a-b"
    assert all(len(text) <= 40 for text in slugs)


def test_native_keeps_everything() -> None:
    """The native file holds the whole policy, evidence included."""
    made = policy(entry("/a", evidence={"n": 400, "share_moved": 1.0}), RULES)
    document = json.loads(EXPORTERS.get("policy-json").export(made)["policy.json"])
    assert document["routes"][0]["evidence"] == {"n": 400, "share_moved": 1.0}
    assert document["routes"][1]["signal"]["params"] == RULES.signal.params  # type: ignore[union-attr]


def test_vllm_counts_only_what_it_counts_as_we_do() -> None:
    """Conditions on tools become counts with the rest of the route behind them; any other condition is refused."""
    config = exported("vllm-semantic-router", policy(TOOLS))
    first, second = config["routing"]["decisions"]
    assert [ref["model"] for ref in (*first["modelRefs"], *second["modelRefs"])] == ["small", "large"]
    assert first["priority"] > second["priority"]
    assert [count["predicate"] for count in config["routing"]["signals"]["conversation"]] == [{"lte": 3}, {"gt": 0}]
    assert "last_user_chars" in refusal("vllm-semantic-router", policy(RULES))


def test_vllm_leaves_out_what_the_threshold_does_not_ask_for() -> None:
    """Half of two conditions is the first one alone, so the second may be one that the target cannot count."""
    half = replace(TOOLS, signal=rules(("tools", "<=", 0), ("lines", ">", 9)), threshold=0.5)
    config = exported("vllm-semantic-router", policy(half))
    assert [count["predicate"] for count in config["routing"]["signals"]["conversation"]] == [{"lte": 0}]
    assert refusal("vllm-semantic-router", policy(replace(TOOLS, threshold=1.5)))


def test_targets_that_express_nothing_say_why() -> None:
    """What people ask for by name and cannot have is answered with the reason, not as a typing error."""
    for name, reason in NOT_SUPPORTED.items():
        assert name not in EXPORTERS.names
        with pytest.raises(CannotExpress) as caught:
            export_policy(STATIC, name)
        assert caught.value.lacks == reason
