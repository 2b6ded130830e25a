"""The exported files in the hands of the programs that they are for, each in an environment of its own.

Slow: every test makes a virtual environment in its temporary folder and installs one package. Where that cannot be
done the test says so and is skipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audit.core.policy import RoutingPolicy, bare
from audit.policy.exports import EXPORTERS
from audit.policy.router import Router
from tests.policy.world import ARNS, CLASSIFIER, PROMPTS, RULES, TOOLS, Letters, entry, policy, request

pytestmark = pytest.mark.slow
STATIC = policy(entry("/summarise"), entry('it\'s: "yes" #1'))
ROOT = Path(__file__).parents[2]
INSTALL_S, RUN_S = 600, 240


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A fresh environment and a folder for files."""
    return Workshop(tmp_path)


class Workshop:
    """A virtual environment with one package of strangers in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.python = folder, folder / "venv" / "bin" / "python"

    def install(self, *packages: str) -> None:
        """Install, or skip the test with the reason."""
        subprocess.run([sys.executable, "-m", "venv", str(self.folder / "venv")], check=True, timeout=120)
        command = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{packages[0]} could not be installed in {INSTALL_S} s")
        if done.returncode:
            pytest.skip(f"{packages[0]} cannot be installed here: {done.stderr.strip().splitlines()[-1][:200]}")

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
path = Path(sys.argv[1])
config = yaml.safe_load(path.read_text())
config["listeners"] = [{"name": "http", "address": "127.0.0.1", "port": 8899}]
for model in config["providers"]["models"]:
    endpoint = {"name": model["name"], "endpoint": "127.0.0.1:8000", "protocol": "http", "provider": "vllm"}
    model["backend_refs"] = [endpoint]
path.write_text(yaml.safe_dump(config))
command = [str(Path(sys.executable).with_name("vllm-sr")), "config", "validate", "--config", str(path)]
sys.exit(subprocess.run(command).returncode)
"""


def test_vllm_semantic_router_validates_the_config(workshop: Workshop) -> None:
    """With the operator's listeners and endpoints added, the router's own validation passes."""
    workshop.install("vllm-sr")
    (path,) = workshop.export("vllm-semantic-router", replace(STATIC, routes=(*STATIC.routes, TOOLS)))
    assert "valid" in workshop.run(VLLM, path)
