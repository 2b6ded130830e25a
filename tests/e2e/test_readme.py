"""The commands of the README and the guides: run as they stand there, and every command line of them is one."""

import glob
import gzip
import re
import shlex
from pathlib import Path

import pytest

from audit.cli.app import command_line
from audit.cli.main import run
from audit.flow import places
from tests.documents import DOCUMENTS, README, ROOT, arguments, blocks, command_lines
from tests.e2e.tiny import write_config, write_log
from tests.server import serving

BLOCKS = blocks(README, "sh")
FIRST_RUN = next(block for block in BLOCKS if block.startswith("audit mix"))
CODES = {"mix": 0, "init": 0, "plan": 0, "replay": 0, "gate": 0, "policy": 2}
"""Twelve requests prove nothing: the route stays as it is, which passes, and there is no policy to hand over."""


def words(line: str) -> list[str]:
    """What a shell makes of a line: comments cut off, patterns of files filled in."""
    return [name for word in shlex.split(line, comments=True) for name in (sorted(glob.glob(word)) or [word])]


def test_ten_minutes_with_your_own_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line in its turn, in one folder; the editor is the one step that is done for the reader."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "RUNS", Path("runs"))
    Path("logs").mkdir()
    Path("logs/day.jsonl.gz").write_bytes(gzip.compress(write_log(Path("day.jsonl")).read_bytes()))
    Path("invoice.csv").write_text("date,amount,model\n2026-09-21,0.01,acme-large-2\n", "utf-8")
    done = {}
    with serving() as endpoint:
        for line in FIRST_RUN.splitlines():
            if line.startswith("$EDITOR audit.yaml"):
                assert Path("audit.yaml").is_file(), "the lines before write it"
                write_config(Path("audit.yaml"), endpoint.base_url)
                continue
            made = [str(path.parent) for path in Path("runs").glob("*/report.html")]
            _, command, *rest = [re.sub(r"^runs/\w+$", lambda _, made=made: made[0], word) for word in words(line)]
            done[command] = run([command, *rest])
            err = capsys.readouterr().err
            assert "error[bug]" not in err
            assert done[command] == CODES[command], (line, err)
    assert done.keys() == CODES.keys()
    assert [path.name for path in Path("runs").glob("*/report.html")] == ["report.html"]


@pytest.mark.parametrize("line", sorted({line for path in DOCUMENTS for line in command_lines(path)}))
def test_every_command_line_is_read(line: str) -> None:
    """Flags and choices that a line shows exist."""
    name, *rest = arguments(line)
    command_line().commands[name].make_context(name, rest, resilient_parsing=False, obj=None)


@pytest.mark.parametrize("target", re.findall(r"^make ([\w-]+)", "\n".join(BLOCKS), re.MULTILINE))
def test_every_target_of_make_is_there(target: str) -> None:
    """`make demo` and the others are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)
