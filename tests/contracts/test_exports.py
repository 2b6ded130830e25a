"""What every export target promises, over every name of the catalog."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.core.policy import RoutingPolicy
from audit.policy.exporter import CannotExpress, Exporter, NothingCertified
from audit.policy.exports import EXPORTERS
from tests.policy.world import ARNS, CASCADE, CLASSIFIER, PROMPTS, SIMILARITY, entry, policy

RUNS_OURS = ("litellm-auto-router",)
"""Gateways that call this package's router, so that any signal can be said to them."""
GATEWAYS = [name for name in EXPORTERS.names if name != "policy-json"]
HOSTILE = (
    "no", "~", "1e3", "2026-01-01", "- a: b", "a: b # c", "{{x}}", "${HOME}", "$(id)", "'", '"', "\\", "%TAG !",
    "!!python/name:os", "&a", "*a", "os.environ/PATH", "../../etc/passwd", "a/b", " a ", "route-1", "default", "large",
    "ä", "日本", "🙂", "x" * 300, '" || true || "', "a\nb: c", "\u2028", "\ud800", "\x00", "\x1b[31m", "",
)  # fmt: skip


def expressible(name: str, *routes: str) -> RoutingPolicy:
    """A policy that the target can express, about routes of these names."""
    if name == "semantic-router":
        return policy(*(replace(PROMPTS, route=route) for route in routes))
    made = policy(*(entry(route) for route in routes))
    return replace(made, models=ARNS) if name == "bedrock" else made


def documents(file: str, data: bytes) -> list[Any]:
    """The documents of an exported file."""
    text = data.decode("utf-8")
    return [json.loads(text)] if file.endswith(".json") else list(yaml.safe_load_all(text))


def strings(value: Any) -> list[str]:
    """Every string of a document, keys included."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in [*strings(key), *strings(item)]]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def test_the_list_is_the_folder() -> None:
    """Every file of the folder is in the list, and the list names no other."""
    folder = Path(sys.modules[EXPORTERS.package].__file__ or "").parent
    assert {p.stem.replace("_", "-") for p in folder.glob("*.py")} - {"--init--"} == set(EXPORTERS.names)


def test_the_list_imports_no_adapter() -> None:
    """Reading the names imports no exporter."""
    code = "import sys, audit.policy.exports as e; sys.exit('audit.policy.exports.litellm' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("name", EXPORTERS.names)
def test_an_exporter_describes_itself(name: str) -> None:
    """Its name is the list's, it has a summary, and its source names the page that its format is from."""
    exporter = EXPORTERS.get(name)
    assert isinstance(exporter, Exporter)
    assert (exporter.name, bool(exporter.summary)) == (name, True)
    source = sys.modules[exporter.export.__module__]
    assert name == "policy-json" or "https://" in (source.__doc__ or "")


@pytest.mark.parametrize("name", EXPORTERS.names)
def test_same_policy_same_bytes(name: str) -> None:
    """The files are a function of the policy, are UTF-8, end with a line end, and are what their suffix says."""
    made = expressible(name, "/a", "/b")
    files = EXPORTERS.get(name).export(made)
    assert files == EXPORTERS.get(name).export(made)
    assert files
    for file, data in files.items():
        assert file.endswith(EXPORTERS.get(name).suffix)
        assert data.endswith(b"\n")
        assert documents(file, data)


NOT_THERE = [(name, CASCADE) for name in GATEWAYS] + [
    (name, signal) for name in GATEWAYS if name not in RUNS_OURS for signal in (CLASSIFIER, SIMILARITY)
]


@pytest.mark.parametrize(("name", "refused"), NOT_THERE, ids=lambda part: getattr(part, "kind", part))
def test_refuses_what_a_gateway_does_not_have(name: str, refused: Any) -> None:
    """A check after the call, a classifier and likeness are refused with the route, the kind and what is missing."""
    made = replace(expressible(name, "/a"), routes=(*expressible(name, "/a").routes, refused))
    with pytest.raises(CannotExpress) as caught:
        EXPORTERS.get(name).export(made)
    assert f"`{refused.route}` ({refused.kind})" in str(caught.value)
    assert f"`{name}`" in str(caught.value)
    assert caught.value.lacks


@pytest.mark.parametrize("route", HOSTILE, ids=ascii)
def test_the_native_file_carries_every_name(route: str) -> None:
    """The policy itself refuses no name."""
    files = EXPORTERS.get("policy-json").export(policy(entry(route)))
    assert json.loads(files["policy.json"].decode("utf-8", "surrogatepass"))["routes"][0]["route"] == route


@pytest.mark.parametrize("name", GATEWAYS)
def test_refuses_an_empty_policy(name: str) -> None:
    """Nothing certified is no configuration."""
    with pytest.raises(NothingCertified, match="no change is recommended"):
        EXPORTERS.get(name).export(policy())


def test_the_policy_itself_may_be_empty() -> None:
    """A policy without routes says that nothing changes."""
    files = EXPORTERS.get("policy-json").export(policy())
    assert json.loads(files["policy.json"])["routes"] == []


@pytest.mark.parametrize("name", EXPORTERS.names)
@pytest.mark.parametrize("route", HOSTILE, ids=ascii)
def test_a_route_may_be_named_anything(name: str, route: str) -> None:
    """A strange name is carried as it is, as one string, or refused; it never becomes syntax and never a path."""
    made = expressible(name, route, "/next")
    plain = expressible(name, "/plain", "/next")
    try:
        files = EXPORTERS.get(name).export(made)
    except CannotExpress:
        return
    shape = EXPORTERS.get(name).export(plain)
    assert len(files) == len(shape)
    assert all("/" not in file and not file.startswith(".") for file in files)
    read = [text for file, data in files.items() for doc in read_back(file, data) for text in strings(doc)]
    same = [text for file, data in shape.items() for doc in read_back(file, data) for text in strings(doc)]
    assert len(read) == len(same), "the name changed the shape of the document"
    if name == "bifrost":
        assert f'headers["x-audit-route"] == {json.dumps(route)}' in read
    elif name != "bedrock":
        assert route in read


def read_back(file: str, data: bytes) -> list[Any]:
    """The documents of a file: lone surrogates as the native file keeps them, and no tags, which names may lack."""
    if file == "policy.json":
        return [json.loads(data.decode("utf-8", "surrogatepass"))]
    read = documents(file, data)
    return [{key: item for key, item in doc.items() if key != "tags"} if isinstance(doc, dict) else doc for doc in read]
