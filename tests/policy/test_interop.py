"""The exported files in the hands of the programs that they are for, each in an environment of its own.

Slow: every test installs one package of strangers in its temporary folder. Where that cannot be done the test says so
and is skipped. Bifrost and Envoy AI Gateway cannot be installed from a package index: of Bifrost's rules the
expressions are run, and the rest of both is left to test_published.py.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from audit.core.policy import RoutingPolicy, bare
from audit.policy.exports import EXPORTERS
from audit.policy.router import Router
from tests.policy.world import ARNS, CLASSIFIER, PROMPTS, RULES, TOOLS, Letters, entry, policy, request
from tests.server import free_port, serving

pytestmark = pytest.mark.slow
STATIC = policy(entry("/summarise"), entry('it\'s: "yes" #1'))
ROOT = Path(__file__).parents[2]
INSTALL_S, RUN_S, START_S = 600, 240, 30


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A fresh environment and a folder for files."""
    return Workshop(tmp_path)


class Workshop:
    """A folder with one package of strangers in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.python = folder, folder / "venv" / "bin" / "python"

    def install(self, *packages: str) -> None:
        """Install, or skip the test with the reason."""
        subprocess.run([sys.executable, "-m", "venv", str(self.folder / "venv")], check=True, timeout=120)
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        self._fetch([*pip, *packages], packages[0])

    def install_node(self, package: str) -> Path:
        """The folder of a package of Node's, or skip the test with the reason; no script of it is run."""
        npm = shutil.which("npm") or pytest.skip("npm is not installed")
        flags = ["--prefix", str(self.folder), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        self._fetch([npm, "install", *flags, package], package)
        return self.folder / "node_modules" / package

    def _fetch(self, command: list[str], package: str) -> None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{package} could not be installed in {INSTALL_S} s")
        if done.returncode:
            said = (done.stderr.strip() or "no reason given").splitlines()[-1]
            pytest.skip(f"{package} cannot be installed here: {said[:200]}")

    def export(self, name: str, made: RoutingPolicy) -> list[Path]:
        """The target's files."""
        paths = []
        for file, data in EXPORTERS.get(name).export(made).items():
            (self.folder / file).write_bytes(data)
            paths.append(self.folder / file)
        return paths

    def run(self, code: str, *arguments: object, **env: str) -> str:
        """What a program prints in that environment."""
        done = subprocess.run(
            [str(self.python), "-W", "ignore", "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=RUN_S,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **env},
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


BOTOCORE = """
import json, sys, botocore.session
from botocore.validate import ParamValidator
shape = botocore.session.Session().get_service_model("bedrock").operation_model("CreatePromptRouter").input_shape
for path in sys.argv[1:]:
    report = ParamValidator().validate(json.load(open(path)), shape)
    assert not report.has_errors(), report.generate_report()
arn = shape.members["fallbackModel"].members["modelArn"].metadata["pattern"]
print(json.dumps({"name": shape.members["promptRouterName"].metadata["pattern"], "arn": arn}))
"""


def test_botocore_accepts_the_bedrock_requests(workshop: Workshop) -> None:
    """AWS's own client finds nothing wrong with a `CreatePromptRouter` request, and its patterns hold."""
    import re

    workshop.install("botocore")
    paths = workshop.export("bedrock", replace(STATIC, models=ARNS))
    patterns = json.loads(workshop.run(BOTOCORE, *paths))
    for path in paths:
        request = json.loads(path.read_text())
        assert re.fullmatch(patterns["name"], request["promptRouterName"])
        assert re.fullmatch(patterns["arn"], request["fallbackModel"]["modelArn"])


LITELLM = """
import json, sys, yaml
from litellm import Router
config = yaml.safe_load(open(sys.argv[1]))
router = Router(model_list=config["model_list"], **config["router_settings"])
ask = {"messages": [{"role": "user", "content": "x"}], "mock_response": "x", "num_retries": 0}
served = {}
for name in router.get_model_names():
    served[name] = router.completion(model=name, **ask).model
failed = router.completion(model="/summarise", mock_testing_fallbacks=True, **ask).model
print(json.dumps({"served": served, "failed": failed}))
"""


def test_litellm_serves_each_route_by_its_tier(workshop: Workshop) -> None:
    """LiteLLM's router sends a route to the cheap model, and to the incumbent when that call fails."""
    workshop.install("litellm")
    (path,) = workshop.export("litellm", STATIC)
    out = workshop.run(LITELLM, path, OPENAI_API_KEY="x", LITELLM_LOCAL_MODEL_COST_MAP="True")
    found = json.loads(out.splitlines()[-1])
    assert found["failed"] == "gpt-4.1"
    assert found["served"] == {"/summarise": "gpt-4.1-nano", 'it\'s: "yes" #1': "gpt-4.1-nano", "large": "gpt-4.1"}


AUTO = """
import asyncio, json, sys, yaml
from litellm import Router
from litellm.proxy.types_utils.utils import get_instance_fn
config = yaml.safe_load(open(sys.argv[1]))
for model in config["model_list"]:
    if auto := model["litellm_params"].get("complexity_router_config"):
        auto["classifier_plugin"] = get_instance_fn(auto["classifier_plugin"], sys.argv[1])
router = Router(model_list=config["model_list"], **config["router_settings"])
async def served(name, text):
    ask = [{"role": "user", "content": text}]
    return (await router.acompletion(model=name, messages=ask, mock_response="x", num_retries=0)).model
async def main():
    return [await served(name, text) for name, text in json.loads(sys.argv[2])]
print(json.dumps(asyncio.run(main())))
"""


def test_litellms_auto_router_asks_ours(workshop: Workshop) -> None:
    """LiteLLM loads the classifiers as its proxy does, and serves each request by the tier that our router says."""
    made = policy(entry("/summarise"), RULES, CLASSIFIER)
    workshop.install("litellm", "numpy", "pyarrow", "jsonschema-rs")
    (path,) = workshop.export("litellm-auto-router", made)
    (native,) = workshop.export("policy-json", made)
    asked = [("/summarise", "x"), ("/rules", "what? why?"), ("/rules", "what?"), ("/classify", "x")]
    env = {"AUDIT_POLICY": str(native), "PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    out = workshop.run(AUTO, path, json.dumps(asked), OPENAI_API_KEY="x", **env)
    decided = [Router(made).route(route, request(text)).model_id or "" for route, text in asked]
    assert json.loads(out.splitlines()[-1]) == [bare(model) for model in decided]
    assert len(set(decided)) == 2


SEMANTIC = """
import json, sys
import semantic_router.config as config
from semantic_router.encoders import DenseEncoder
class Letters(DenseEncoder):
    name: str = "letters"
    type: str = "local"
    def __call__(self, docs):
        return [[doc.count("a"), doc.count("b")] for doc in docs]
asked = []
def build(wanted):
    asked.append((wanted.type, wanted.name))
    return Letters()
config._build_encoder = build  # the model of a test, in the place of one that has to be downloaded
router = config.load_router(sys.argv[1])
print(json.dumps({"encoder": asked, "names": [router(text).name for text in json.loads(sys.argv[2])]}))
"""


def test_semantic_router_decides_as_ours_does(workshop: Workshop) -> None:
    """It loads the file, and takes the tier that our router takes, ties included."""
    made = policy(PROMPTS)
    workshop.install("semantic-router")
    (path,) = workshop.export("semantic-router", made)
    texts = ["aaa", "bbb", "ab", "aab", "abb", "a"]
    found = json.loads(workshop.run(SEMANTIC, path, json.dumps(texts)).splitlines()[-1])
    ours = Router(made, embedder=Letters())
    assert found["names"] == [ours.route("/prompts", request(text)).tier for text in texts]
    assert found["encoder"] == [["local", "letters"]]


VLLM = """
import subprocess, sys, yaml
from pathlib import Path
from cli.config_schema.validation import validate_config_structure
path = Path(sys.argv[1])
config = yaml.safe_load(path.read_text())
assert not validate_config_structure(config), validate_config_structure(config)
config["listeners"] = [{"name": "http", "address": "127.0.0.1", "port": 8899}]
for model in config["providers"]["models"]:
    endpoint = {"name": model["name"], "endpoint": "127.0.0.1:8000", "protocol": "http", "provider": "vllm"}
    model["backend_refs"] = [endpoint]
path.write_text(yaml.safe_dump(config))
command = [str(Path(sys.executable).with_name("vllm-sr")), "config", "validate", "--config", str(path)]
sys.exit(subprocess.run(command).returncode)
"""


def test_vllm_semantic_router_validates_the_config(workshop: Workshop) -> None:
    """Its JSON schema holds as written, and its whole validation with the operator's listeners and endpoints."""
    workshop.install("vllm-sr")
    (path,) = workshop.export("vllm-semantic-router", replace(STATIC, routes=(*STATIC.routes, TOOLS)))
    assert "valid" in workshop.run(VLLM, path)


CEL = """
import json, sys
from cel_expr_python import cel
variables = {"headers": cel.Type.Map(cel.Type.STRING, cel.Type.STRING)}  # as Bifrost declares them
rules = json.load(open(sys.argv[1]))["governance"]["routing_rules"]
programs = [cel.NewEnv(variables=variables).compile(rule["cel_expression"]) for rule in rules]
def held(**headers):
    return [program.eval(data={"headers": headers}).value() is True for program in programs]
print(json.dumps([*(held(**{"x-audit-route": route}) for route in json.loads(sys.argv[2])), held()]))
"""


def test_cel_reads_bifrosts_expressions(workshop: Workshop) -> None:
    """The runtime of CEL's authors compiles each rule; it holds for its own route, whatever ASCII that is made of."""
    names = ["/summarise", "".join(map(chr, range(0x21, 0x7F))), "\\n\\"]
    workshop.install("cel-expr-python")
    (path,) = workshop.export("bifrost", policy(*map(entry, names)))
    held = json.loads(workshop.run(CEL, path, json.dumps([*names, "of no policy"])))
    own = [[name == other for other in names] for name in names]
    assert held == [*own, [False] * len(names), [False] * len(names)]


OPENROUTER = """
import httpx, json, sys
from openrouter import OpenRouter
sent = []
def keep(request):
    sent.append({"method": request.method, "url": str(request.url), "body": json.loads(request.content)})
    return httpx.Response(400, json={})  # an answer that it does not try again after
sdk = OpenRouter(api_key="x", client=httpx.Client(transport=httpx.MockTransport(keep)))
for preset in json.load(open(sys.argv[1])):
    try:
        sdk.presets.create_presets_chat_completions(slug=preset["model"].removeprefix("@preset/"), **preset["body"])
    except Exception:
        pass  # of the answer; a request that does not fit its types is never sent
print(json.dumps(sent))
"""


def test_openrouters_sdk_sends_the_same_requests(workshop: Workshop) -> None:
    """The vendor's own client, given the preset's slug and body, makes the request that is written."""
    workshop.install("openrouter")
    (path,) = workshop.export("openrouter", STATIC)
    sent = json.loads(workshop.run(OPENROUTER, path))
    written = [{key: preset[key] for key in ("method", "url", "body")} for preset in json.loads(path.read_text())]
    for request_ in sent:
        assert request_["body"].pop("stream") is False  # its default, which it always sends
    assert sent == written


ROUTELLM = """
import importlib.abc, importlib.machinery, json, sys, types
class Named(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Named(name, (), {"__init__": lambda *_, **__: None, "__call__": lambda *_, **__: None})
class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "transformers", "datasets", "huggingface_hub", "sklearn"}:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: Named.__getattr__(Named, name)
        return module
    def exec_module(self, module):
        pass
sys.meta_path.insert(0, Absent())  # gigabytes for its trained routers, of which none is asked for
from routellm.controller import Controller
served = {}
for pair in json.load(open(sys.argv[1])):
    create = Controller(**pair["controller"]).chat.completions.create
    ask = {"model": pair["model"], "messages": [{"role": "user", "content": "x"}], "mock_response": "x"}
    served[pair["route"]] = sorted({create(**ask).model for _ in range(50)})
print(json.dumps(served))
"""


def test_routellm_never_takes_the_strong_model(workshop: Workshop) -> None:
    """Its controller takes the arguments, reads the model's name, and sends every call to the cheap tier."""
    workshop.install("litellm", "pandas")
    workshop.install("--no-deps", "routellm")
    (path,) = workshop.export("routellm", STATIC)
    out = workshop.run(ROUTELLM, path, OPENAI_API_KEY="x", LITELLM_LOCAL_MODEL_COST_MAP="True")
    assert json.loads(out.splitlines()[-1]) == {found.route: ["gpt-4.1-nano"] for found in STATIC.routes}


@contextlib.contextmanager
def portkey(program: Path) -> Iterator[str]:
    """Portkey's open gateway, started on a free port of this machine; its address."""
    port = free_port()
    command = ["node", str(program / "build" / "start-server.js"), f"--port={port}", "--headless"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        started = time.monotonic()
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, "it stopped"
            assert time.monotonic() - started < START_S, "it did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1/chat/completions"
    finally:
        process.kill()
        process.wait()


def pointed_at(target: dict[str, Any], host: str) -> dict[str, Any]:
    """A target whose provider is another host, which is all that is changed."""
    if "targets" in target:
        return {**target, "targets": [pointed_at(inner, host) for inner in target["targets"]]}
    return {**target, "custom_host": host}


def test_portkeys_gateway_serves_each_route_by_its_tier(workshop: Workshop) -> None:
    """It accepts the config, reads the route from the metadata, and answers by the incumbent where the call fails."""
    models = {"small": "openai/gpt-4.1-nano", "broken": "openai/fault-500", "large": "openai/gpt-4.1"}
    made = policy(*STATIC.routes, entry("/fails", tier="broken"), models=models)
    program = workshop.install_node("@portkey-ai/gateway")
    (path,) = workshop.export("portkey", made)
    body = json.dumps({"model": "as the caller says", "messages": [{"role": "user", "content": "x"}]}).encode()
    with serving() as vendor, portkey(program) as gateway:
        config = json.dumps(pointed_at(json.loads(path.read_text()), vendor.base_url))

        def served(route: str) -> str:
            headers = {"x-portkey-config": config, "x-portkey-metadata": json.dumps({"audit_route": route})}
            asked = Request(gateway, data=body, headers={"Content-Type": "application/json", **headers})
            with urlopen(asked, timeout=RUN_S) as reply:
                return str(json.load(reply)["model"])

        assert {found.route: served(found.route) for found in STATIC.routes} == dict.fromkeys(
            (found.route for found in STATIC.routes), "gpt-4.1-nano"
        )
        assert served("/fails") == "gpt-4.1"
        assert served("of no policy") == "gpt-4.1"
