"""A run folder, a configuration or a pack of somebody else's runs nothing, opens nothing outside and calls nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.config.load import load_settings
from audit.core.errors import ConfigError
from tests.cli.keyboard import Keyboard
from tests.e2e.tiny import record, write_answered
from tests.server import REPO

CONFIG = """\
margin: 8pt
ingest: {route: metadata.route}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {input: 0.1, output: 0.3}
    options: {answers: answers.jsonl, error_rates: {add: 0.0}}
routes:
  - match: "*"
    candidates: [small]
    assert:
      - CRITERION
gate:
  - {name: quality holds, when: "quality_delta{route:/add} >= -8pt"}
"""
HONEST = '{type: equals, value: "{{incumbent.text}}"}'
CODE = """\
from pathlib import Path
Path(__file__).with_name("pwned").write_text("x")
def f(exchange, completion):
    return True
"""


def write_config(folder: Path, criterion: str, name: str = "audit.yaml") -> Path:
    """A configuration with this criterion."""
    path = folder / name
    path.write_text(CONFIG.replace("CRITERION", criterion), "utf-8")
    return path


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder whose plan names a configuration with code, and the log that it is of."""
    folder = tmp_path_factory.mktemp("stranger")
    log = write_answered(folder, [record(number) for number in range(12)])
    config = write_config(folder, HONEST)
    assert run(["replay", str(log), "--config", str(config), "--out", str(folder / "run"), "--yes"]) == 0
    (folder / "run" / "evil.py").write_text(CODE, "utf-8")
    evil = write_config(folder / "run", '{type: python, value: "file://evil.py:f"}')
    plan = json.loads((folder / "run" / "plan.json").read_text("utf-8"))
    (folder / "run" / "plan.json").write_text(json.dumps(plan | {"config": str(evil)}), "utf-8")
    return folder


def hooked(stranger: Path, commands: list[list[str]]) -> tuple[dict[str, Any], str]:
    """What commands did, and what they wrote to stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.hooked", str(stranger), str(stranger / "run")],
        input=json.dumps(commands),
        capture_output=True,
        encoding="utf-8",
        cwd=REPO,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_reading_a_strangers_run_runs_nothing(stranger: Path) -> None:
    """Gate, report, pack, verify, show, compare, export, renew: no code, no file outside, no socket, no process."""
    folder, pack = stranger / "run", stranger / "run" / "pack.zip"
    commands = [
        ["gate", str(folder)],
        ["gate", str(folder), "--baseline", str(folder), "--rule", "quality_delta{route:*} >= -8pt"],
        ["show", str(folder)],
        ["show", str(folder), "--json"],
        ["report", str(folder)],
        ["report", str(folder), "--format", "md"],
        ["report", str(folder), "--pack", str(pack)],
        ["verify", str(pack)],
        ["runs", str(stranger)],
        ["diff", str(folder), str(folder)],
        ["policy", "show", str(folder)],
        ["policy", "export", str(folder)],
        ["renew", str(folder)],
        ["score", str(folder)],
    ]
    told, errors = hooked(stranger, commands)
    assert told["seen"] == []
    assert told["codes"][f"score {folder}"] == 2
    # Its configuration is not as the run read it, so that the pack has no tables to work the figures out from.
    assert told["codes"][f"verify {pack}"] == 2
    assert "code that nobody has trusted" in errors
    assert not (folder / "pwned").exists()


def test_a_configuration_that_is_named_is_trusted(stranger: Path) -> None:
    """Who names it says that its code may run; and the hooks see it run."""
    evil = stranger / "run" / "audit.yaml"
    told, _ = hooked(stranger, [["score", str(stranger / "run"), "--config", str(evil)]])
    assert set(told["codes"].values()) == {0}
    assert {
        "command": "score " + str(stranger / "run"),
        "event": "exec",
        "what": str(evil.with_name("evil.py")),
    } in told["seen"]
    assert (stranger / "run" / "pwned").exists()
    (stranger / "run" / "pwned").unlink()


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cloned folder: a log, and an `audit.yaml` with code that nobody named, where the command is started."""
    write_answered(tmp_path, [record(number) for number in range(12)])
    (tmp_path / "own.py").write_text(CODE, "utf-8")
    write_config(tmp_path, '{type: python, value: "file://own.py:f"}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_code_of_a_folder_runs_once_it_is_trusted(found: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not before, not after it has changed, and not after the trust was taken back."""
    plan = ["plan", "log.jsonl", "-o", "plan.json"]

    def planned() -> int:
        (found / "pwned").unlink(missing_ok=True)
        code = run(plan)
        assert (found / "pwned").exists() is (code == 0)
        return code

    assert planned() == 2
    assert "audit trust audit.yaml" in capsys.readouterr().err
    assert run(["trust"]) == 0
    assert planned() == 0
    (found / "own.py").write_text(CODE + "# other\n", "utf-8")
    assert planned() == 2
    assert run(["trust", "audit.yaml"]) == planned() == 0
    assert run(["trust", "--forget"]) == 0
    assert planned() == 2
    assert run([*plan, "--config", "audit.yaml"]) == 0, "whoever names it says that its code may run"


@pytest.mark.parametrize("command", [["replay", "plan.json"], ["replay", "log.jsonl", "--yes"], ["watch", "log.jsonl"]])
def test_agreeing_to_spend_is_no_trust(found: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that names the configuration, `--yes`, a look at the log: none of them lets its code run."""
    assert run(["plan", "log.jsonl", "-o", "plan.json", "--config", "audit.yaml"]) == 0
    (found / "pwned").unlink()
    assert run(command) == 2
    assert "nobody has trusted" in capsys.readouterr().err
    assert not (found / "pwned").exists()


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_person_is_asked_once(found: Path, answer: str) -> None:
    """At a terminal; who says yes is not asked again, and who says no has run nothing."""
    with Keyboard(["plan", "log.jsonl", "-o", "plan.json"]) as keys:
        keys.wait_for("Run it")
        keys.press(answer + "\n")
        if answer == "y":
            keys.wait_for("Route")
        assert keys.ended() == (0 if answer == "y" else 2)
    assert (found / "pwned").exists() is (answer == "y")
    assert run(["plan", "log.jsonl", "-o", "plan.json"]) == (0 if answer == "y" else 2)


@pytest.mark.parametrize(
    ("criterion", "what"),
    [
        ('{type: equals, value: "file://../outside.txt"}', "outside the configuration's folder"),
        ('{type: equals, value: "file:///etc/hostname"}', "outside the configuration's folder"),
        ('{type: equals, value: "file://link.txt"}', "outside the configuration's folder"),
        ('{type: python, value: "file://../outside.py:f"}', "outside the configuration's folder"),
        ('{type: equals, value: "file://pipe"}', "not a plain file"),
        ('{type: equals, value: "file:///dev/zero"}', "outside the configuration's folder"),
        ('{type: equals, value: "file://bomb.yaml"}', "anchors stand for over"),
        ('{type: equals, value: "file://circle.yaml"}', "contains itself"),
        ('{type: equals, value: "file://deep.yaml"}', "nested too deeply"),
        ('{type: equals, value: "file://twice.yaml"}', "is there twice"),
        ('{type: equals, value: "file://large.txt"}', "larger than"),
        ('{type: is-json, value: "file://deep.json"}', "not JSON"),
        ('{type: python, value: "file://broken.py:f"}', "is not Python"),
        ('{type: python, value: "file://own.py:g"}', "has no function `g`"),
    ],
)
def test_files_behind_a_configuration_have_its_guards(tmp_path: Path, criterion: str, what: str) -> None:
    """Links out, pipes, bombs, circles, depth, size and doubles are clear errors, and nothing is run to see them."""
    folder = tmp_path / "config"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("x")
    (tmp_path / "outside.py").write_text(CODE)
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    os.mkfifo(folder / "pipe")
    bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (folder / "bomb.yaml").write_text("\n".join(bomb))
    (folder / "circle.yaml").write_text("a: &a [*a]")
    (folder / "deep.yaml").write_text("[" * 20_000 + "]" * 20_000)
    (folder / "twice.yaml").write_text("a: 1\na: 2\n")
    (folder / "large.txt").write_text("x" * 1_000_001)
    (folder / "deep.json").write_text("[" * 200_000 + "]" * 200_000)
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "own.py").write_text(CODE)
    with pytest.raises(ConfigError) as caught:
        load_settings(write_config(folder, criterion))
    assert what in caught.value.problems[0].what
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://api.example.com/v1", True),
        ("HTTP://93.184.216.34:8000/v1", True),
        ("http://[2606:2800:220:1::1]/v1", True),
        ("http://localhost.evil.example/v1", True),
        ("https://api.example.com/v1", False),
        ("http://localhost:8000/v1", False),
        ("http://127.0.0.1:8000/v1", False),
        ("http://[::1]:8000/v1", False),
        ("http://10.1.2.3/v1", False),
        ("http://vllm:8000/v1", False),
        ("http://gateway.llm.svc.cluster.local/v1", False),
    ],
)
def test_nothing_goes_bare_over_other_networks_without_a_word(tmp_path: Path, url: str, refused: bool) -> None:
    """`http://` to a host beyond this machine and its private networks needs `plain_http: true`."""
    text = CONFIG.replace("CRITERION", HONEST).replace(
        "provider: simulated", f'provider: openai-compatible\n    base_url: "{url}"'
    )
    text = text.replace("    options: {answers: answers.jsonl, error_rates: {add: 0.0}}\n", "")
    config = tmp_path / "audit.yaml"
    config.write_text(text, "utf-8")
    if refused:
        with pytest.raises(ConfigError) as caught:
            load_settings(config)
        assert [problem.code for problem in caught.value.problems] == ["config.plain-http"]
        config.write_text(text.replace("    price:", "    plain_http: true\n    price:"), "utf-8")
    assert load_settings(config).tiers[0].base_url == url
