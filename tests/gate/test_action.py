"""The composite action: its own `run:` steps, in a plain shell, with GitHub's variables made up."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.core.artifacts import RunFolder, write_findings
from audit.core.finding import Findings
from tests.gate.world import example, interval, judged, world

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / ".github/actions/gate/action.yml").read_text("utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
QUALITY = "quality_delta{route:*} >= -3pt"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")

GH = """#!/usr/bin/env bash
printf '%s\\n' "$*" >> "$STUB/calls"
case "$*" in *--paginate*) cat "$STUB/found" 2>/dev/null ;; esac
for word in "$@"; do case "$word" in body=@*) cp "${word#body=@}" "$STUB/body" ;; esac; done
exit 0
"""


@dataclass
class Runner:
    """A machine on which the steps of the action run."""

    home: Path
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put `audit` and `gh` on the path."""
        for name, text in {"audit": f'#!/bin/sh\nexec "{sys.executable}" -m audit "$@"\n', "gh": GH}.items():
            path = self.home / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        (self.home / "temp").mkdir(exist_ok=True)

    def step(self, name: str) -> "subprocess.CompletedProcess[str]":
        """Run one step, and read the outputs that it sets."""
        step = STEPS[name]
        output = self.home / "output"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AUDIT_", "GITHUB_"))},
            "PATH": f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
            "RUNNER_TEMP": str(self.home / "temp"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.home / "summary.md"),
            "GITHUB_WORKSPACE": str(self.home),
            "GITHUB_REPOSITORY": "owner/repository",
            "GITHUB_ACTION_PATH": str(ROOT / ".github/actions/gate"),
            "STUB": str(self.home),
            **{key: self.value(text) for key, text in step.get("env", {}).items()},
        }
        # As GitHub runs `shell: bash`.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=self.home, timeout=60, check=False
        )
        if output.exists():
            self.outputs = dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())
        return done

    def value(self, text: str) -> str:
        """A value with its expressions filled in."""
        defaults = {name: str(facts.get("default", "")) for name, facts in ACTION["inputs"].items()}
        known = {f"inputs.{name}": value for name, value in {**defaults, **self.inputs}.items()}
        known |= {f"steps.gate.outputs.{name}": value for name, value in self.outputs.items()}
        known["github.event.pull_request.number"] = "7"
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: known[match[1]], text)


def runner(home: Path, findings: Findings, rule: str = QUALITY, **inputs: str) -> Runner:
    """A machine with a run folder and an audit.yaml."""
    made = RunFolder(home / "run").create()
    write_findings(made.findings, findings)
    made.record("findings", {"scores": "x"})
    (home / "audit.yaml").write_text(f'# rules\ngate:\n  - {{name: quality holds, when: "{rule}"}}\n')
    return Runner(home=home, inputs={"run": str(made.path), **inputs})


def unclear() -> Findings:
    """An audit that cannot be decided."""
    return world(judged("a", interval(-0.02, -0.05, 0.01)))


@pytest.mark.parametrize(
    ("findings", "inputs", "state", "code"),
    [
        (world(judged("a", interval(0.0, -0.01, 0.01))), {}, "pass", 0),
        (example(), {}, "fail", 1),
        (unclear(), {}, "inconclusive", 3),
        (unclear(), {"inconclusive": "warn"}, "inconclusive", 0),
        (unclear(), {"inconclusive": "fail"}, "inconclusive", 1),
        (example(), {"config": "absent.yaml"}, "error", 2),
    ],
)
def test_state_and_exit_code(findings: Findings, inputs: dict[str, str], state: str, code: int, tmp_path: Path) -> None:
    """The step itself never fails, so that the comment is posted; the last one has the gate's exit code."""
    machine = runner(tmp_path, findings, **inputs)
    done = machine.step("Gate")
    assert done.returncode == 0, done.stderr
    assert machine.outputs == {"state": state, "exit-code": str(code)}
    assert machine.step("Result").returncode == code


def test_annotation_summary_and_junit(tmp_path: Path) -> None:
    """The annotation points at the rule's line, from the root of the repository; the summary is appended to."""
    (tmp_path / "summary.md").write_text("before\n")
    machine = runner(tmp_path, example(), junit=str(tmp_path / "gate.xml"), name="prices")
    done = machine.step("Gate")
    assert done.stdout.startswith("::error file=audit.yaml,line=3,title=quality holds::fail: ")
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("before\n<!-- audit-gate:prices -->\n")
    assert (tmp_path / "gate.xml").read_text("utf-8").startswith("<?xml")


def test_the_comment_is_posted_once_and_then_edited(tmp_path: Path) -> None:
    """It is found by its marker; a second run of the gate leaves one comment with the new text."""
    machine = runner(tmp_path, example())
    machine.step("Gate")
    machine.step("Gate")
    assert machine.step("Comment").returncode == 0
    calls = (tmp_path / "calls").read_text().splitlines()
    assert 'startswith("<!-- audit-gate:gate -->")' in calls[0]
    assert calls[1].startswith("api --method POST repos/owner/repository/issues/7/comments ")
    assert (tmp_path / "body").read_text("utf-8").count("<!-- audit-gate:gate -->") == 1
    (tmp_path / "found").write_text("41\n42\n")
    assert machine.step("Comment").returncode == 0
    last = (tmp_path / "calls").read_text().splitlines()[-1]
    assert last.startswith("api --method PATCH repos/owner/repository/issues/comments/41 ")


def test_a_gate_that_could_not_run_posts_nothing(tmp_path: Path) -> None:
    """There is no comment to post, and that is no failure of its own."""
    machine = runner(tmp_path, example(), run=str(tmp_path / "none"))
    machine.step("Gate")
    assert machine.outputs["state"] == "error"
    assert machine.step("Comment").returncode == 0
    assert not (tmp_path / "calls").exists()


def test_inputs_are_never_part_of_a_script(tmp_path: Path) -> None:
    """A folder can be named like a command or a flag; the shell and the program see a folder."""
    assert all("${{" not in step["run"] for step in STEPS.values())
    for name in ('$(touch hacked)"; touch hacked; "', "--version"):
        machine = runner(tmp_path, example(), run=name)
        machine.step("Gate")
        assert machine.outputs == {"state": "error", "exit-code": "2"}
    assert not (tmp_path / "hacked").exists()


def test_nothing_is_installed_where_audit_is(tmp_path: Path) -> None:
    """The step is quick on a machine that has it."""
    machine = runner(tmp_path, example(), install="no-such-package-anywhere")
    assert machine.step("Install").returncode == 0


def test_every_input_is_used_and_every_used_one_declared() -> None:
    """An input that nobody reads is a promise that is not kept."""
    used = set(re.findall(r"inputs\.([\w-]+)", str(ACTION["runs"])))
    assert used == set(ACTION["inputs"])
    assert set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", str(ACTION["outputs"]))) == {"state", "exit-code"}
    assert all(step.get("shell") == "bash" for step in STEPS.values())


def test_the_pre_commit_hooks() -> None:
    """A command of ours, with an environment of its own, or by the program that is there: nothing is installed then."""
    hooks: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {hook["id"]: hook["language"] for hook in hooks} == {
        "audit-scan": "python",
        "audit-scan-installed": "system",
    }
    assert {hook["entry"] for hook in hooks} == {"audit scan --fail"}
