"""The exported configuration in LiteLLM's own router, against a real endpoint: every route is answered by its tier.

It runs where LiteLLM is installed: beside the tests, or in the environment whose Python `LITELLM_PYTHON` names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from audit.core.policy import Endpoint
from audit.policy.exports import EXPORTERS
from tests.policy.world import entry, policy
from tests.server import serving

PYTHON = os.environ.get("LITELLM_PYTHON", sys.executable)
PROGRAM = """
import json, sys, yaml
from litellm import Router
config = yaml.safe_load(open(sys.argv[1]))
router = Router(model_list=config["model_list"], **config["router_settings"])
ask = {"messages": [{"role": "user", "content": "x"}], "num_retries": 0}
print(json.dumps({name: router.completion(model=name, **ask).model for name in sys.argv[2:]}))
"""


def _installed() -> bool:
    done = subprocess.run([PYTHON, "-c", "import importlib.util as u; raise SystemExit(not u.find_spec('litellm'))"])
    return done.returncode == 0


def test_the_file_says_where_each_tier_is() -> None:
    """Provider, address and the name of the key's variable; no key. Of a model without a tier the file says so."""
    endpoints = {"small": Endpoint(provider="openai-compatible", base_url="http://h:8/v1", api_key_env="ACME_KEY")}
    made = policy(entry("/a"), models={"small": "Qwen/Qwen3-14B", "large": "acme-large"}, endpoints=endpoints)
    text = EXPORTERS.get("litellm").export(made)["config.yaml"].decode()
    params = {one["model_name"]: one["litellm_params"] for one in yaml.safe_load(text)["model_list"]}
    assert params["/a"] == {
        "model": "openai/Qwen/Qwen3-14B",
        "api_base": "http://h:8/v1",
        "api_key": "os.environ/ACME_KEY",
    }
    assert params["large"] == {"model": "acme-large"}
    assert "# acme-large: no tier of audit.yaml says where it is" in text
    assert "# Qwen" not in text


@pytest.mark.skipif(not _installed(), reason="LiteLLM is not installed; LITELLM_PYTHON names a Python that has it")
def test_litellms_router_answers_by_the_tiers(tmp_path: Path) -> None:
    """As it is written, with nothing added: the route by its cheap tier, and by the incumbent where that call fails."""
    with serving() as vendor:
        endpoint = Endpoint(provider="openai-compatible", base_url=vendor.base_url, api_key_env="ACME_KEY")
        models = {"small": "birch/b-9", "broken": "fault-500", "large": "aurora"}
        made = policy(
            entry("/a"), entry("/fails", tier="broken"), models=models, endpoints=dict.fromkeys(models, endpoint)
        )
        path = tmp_path / "config.yaml"
        path.write_bytes(EXPORTERS.get("litellm").export(made)["config.yaml"])
        done = subprocess.run(
            [PYTHON, "-c", PROGRAM, str(path), "/a", "/fails", "large"],
            capture_output=True,
            text=True,
            timeout=240,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "ACME_KEY": "k",
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"/a": "birch/b-9", "/fails": "aurora", "large": "aurora"}
