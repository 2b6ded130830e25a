"""Commands that the tool suggests: each is one, with options that it has, and would not be refused by what is known."""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.cli.app import command_line
from audit.cli.main import run
from audit.core.artifacts import RunFolder, write_findings
from audit.flow.reporting import report
from audit.policy.policy_file import write_policy
from tests.documents import ROOT
from tests.policy.world import CASCADE, policy
from tests.report import fixtures

COMMANDS = command_line().commands
SUGGESTED = re.compile(r"\baudit ([a-z]+)((?: +(?:-{1,2}[a-z][\w-]*|[A-Z][A-Z_]+|X|[\w./'*$:{}-]+))*)")
QUOTED = re.compile(r"(?:`|<code>)audit ([a-z]+)([^`<]*)(?:`|</code>)")


def texts() -> Iterator[tuple[str, str]]:
    """Every string of the program, what an f-string fills in as X, and every template."""
    for path in sorted((ROOT / "audit").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
                yield path.name, "".join(parts)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.name, node.value
    for path in sorted((ROOT / "reports" / "templates").rglob("*.j2")):
        yield path.name, re.sub(r"\{\{.*?\}\}", "X", path.read_text("utf-8"), flags=re.DOTALL)


def options(command: str) -> set[str]:
    """What a command takes, with what all of them take."""
    here = (name for param in COMMANDS[command].params for name in (*param.opts, *param.secondary_opts))
    return {*here, *(name for param in command_line().params for name in param.opts), "--json", "--help", "--debug"}


def test_every_command_that_a_text_names_is_one() -> None:
    """In code quotes a command of that name, and behind any command only options that it has."""
    unknown = []
    for where, text in texts():
        unknown += [(where, name) for name, _ in QUOTED.findall(text) if name not in COMMANDS]
        for name, rest in SUGGESTED.findall(text):
            words = [word for word in rest.split() if word.startswith("-") and word != "-"]
            unknown += [(where, name, one) for one in words if name in COMMANDS and one not in options(name)]
    assert not unknown


def suggestions(text: str) -> list[list[str]]:
    """Commands that a report shows as code."""
    return [shlex.split(f"{name} {rest}") for name, rest in QUOTED.findall(text)]


@pytest.mark.parametrize("days", [30, 0])
def test_what_a_report_offers_to_run_is_not_refused(
    days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """How a policy is written, begun and taken back, where no gateway can take it (it checks answers after the call);
    a log without dates sizes no canary."""
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(tmp_path / "run").create()
    findings = replace(fixtures.proven(), days=days)
    write_findings(folder.findings, findings)
    folder.record("findings", {"scores": "x"})
    evidence = {"requests": 60_000, "days": days or None, "margin": 0.03, "alpha": 0.05}
    write_policy(folder.policy, policy(replace(CASCADE, evidence=evidence)))
    offered = [words for words in suggestions(report(folder).read_text("utf-8")) if words[0] == "policy"]
    assert any("--canary" in words for words in offered) == bool(days)
    assert len(offered) >= 2
    for words in offered:
        argv = [str(folder.path) if word == "RUN" else word for word in words]
        assert run(argv) == 0, capsys.readouterr().err
