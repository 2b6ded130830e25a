"""A command imports what it runs: a first look at a log, a price or a finished run is there at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.cli.lean import GIVE_BACK
from audit.core.artifacts import RunFolder, write_findings
from tests.gate.world import example
from tests.shared import REPOSITORY

STATISTICS, ARRAYS = ("scipy", "sklearn", "torch", "wordllama"), ("numpy", "polars", "pyarrow")
CLIENT = ("httpx", "aiohttp", "audit.llm.client")

SPARED = {
    "mix": ("mix {log}", (*STATISTICS, *CLIENT, "concurrent.futures.process")),
    "prices": ("prices gpt-4o", (*STATISTICS, *ARRAYS, *CLIENT)),
    "tiers": ("tiers --config {absent}", (*STATISTICS, *ARRAYS, *CLIENT)),
    "show": ("show {run}", (*STATISTICS, *ARRAYS, *CLIENT, "jinja2", "yaml")),
    "gate": ("gate {run}", (*STATISTICS, *CLIENT, "polars", "pyarrow", "audit.flow.watching")),
    "runs": ("runs {run}", (*STATISTICS, *ARRAYS, *CLIENT, "jinja2", "yaml")),
}
"""What a command line does without, by what the command is for."""


@pytest.mark.parametrize("name", SPARED)
def test_a_command_imports_what_it_runs(name: str, tmp_path: Path) -> None:
    """Neither the statistics nor an HTTP client is loaded where nothing is tested and nothing is asked."""
    line, spared = SPARED[name]
    log, run = tmp_path / "five.jsonl", RunFolder(tmp_path / "run").create()
    lines = (REPOSITORY / "sample_logs" / "openai_pairs.jsonl").read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:5]))
    write_findings(run.findings, example())
    run.record("findings", {"scores": "x"})
    words = line.format(log=log, run=run.path, absent=tmp_path / "absent.yaml").split()
    code = (
        "import sys\nfrom audit.cli.main import run\n"
        f"run({words!r})\nprint([m for m in {spared!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_prices_come_without_the_client_that_would_update_them() -> None:
    """It is loaded when something is taken from it, and is then the real one."""
    code = (
        "import sys\nfrom audit.cli.lean import defer_price_updates\ndefer_price_updates()\nimport genai_prices\n"
        "before = 'httpx2._client' in sys.modules\nimport httpx2\n"
        "print(before, httpx2.Timeout(1).connect, sys.modules['httpx2'].__name__, 'httpx2._client' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["False", "1", "httpx2", "True"]


def test_reading_a_log_does_without_pandas(tmp_path: Path) -> None:
    """pyarrow would import it wherever it is installed; a user's own code, which names it, still gets it. And what was
    imported is not all searched for cycles."""
    pytest.importorskip("pandas", reason="pandas is not installed, so there is nothing to do without")
    log = tmp_path / "five.jsonl"
    log.write_bytes(b"".join((REPOSITORY / "sample_logs" / "openai_pairs.jsonl").read_bytes().splitlines(True)[:5]))
    code = (
        "import gc, sys\nfrom audit.cli import main\nsearches = lambda: gc.get_stats()[2]['collections']\n"
        f"sys.argv, earlier = ['audit', 'mix', {str(log)!r}], searches()\n"
        "try:\n    main.main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "before = 'pandas' in sys.modules, searches() - earlier\nimport pandas\n"
        "print(*before, pandas.DataFrame({'a': [1]}).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "False 0 (1, 1)"


def test_a_plain_log_needs_no_decompressor() -> None:
    """Nor do the workers that read it."""
    code = (
        "import sys\nimport audit.ingest.run, audit.ingest.first_pass\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('zstandard', 'isal')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("refused", [True, False])
def test_a_worker_does_without_pandas_where_its_parent_does(refused: bool, tmp_path: Path) -> None:
    """It would import it for the first part of a log, at a third of what reading that part costs."""
    program = tmp_path / "program.py"
    program.write_text(
        "from audit.core.pandas_spared import refuse_pandas\nfrom audit.executors.local import LocalPool\n"
        f"if __name__ == '__main__':\n    if {refused}:\n        refuse_pandas()\n    with LocalPool(2) as pool:\n"
        "        print(set(pool.run(range(2), work='tests.executors.work:without_pandas')))\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == [f"{{{refused}}}"]


def test_polars_gives_memory_back() -> None:
    """Before a command imports polars, its allocator is told to; what a user says instead stays."""
    told = """
import os, sys
from audit.cli import main
assert "polars" not in sys.modules
sys.argv = ["audit", "--version"]
try:
    main.main()
except SystemExit:
    print(os.environ["_RJEM_MALLOC_CONF"])
"""
    for own, expected in ((None, GIVE_BACK), ("dirty_decay_ms:7", "dirty_decay_ms:7")):
        environ = {name: value for name, value in os.environ.items() if name != "_RJEM_MALLOC_CONF"}
        environ |= {} if own is None else {"_RJEM_MALLOC_CONF": own}
        done = subprocess.run([sys.executable, "-c", told], env=environ, check=True, capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == expected
