"""How fast a million lines are scanned for hard-coded models, against one regular expression over the same bytes.

The anchor reads the same files and searches each once for a handful of family names, as a person would with a text
search: no walk with ignore rules, no parsing, no context. It bounds from below what any scan costs.
"""

from __future__ import annotations

import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from audit.flow.endpoints import known_models
from audit.literals.run import ScanOptions, scan

LINES = 1_000_000
PER_FILE = 400
WITH_MODELS = 0.05
"""Share of files with a call; in the packages this was tuned on it is between 1 and 12 %."""
REPEATS = 3
CORES = 2
FAMILIES = re.compile(rb"(?i)gpt-[0-9]|claude-|gemini-|llama-|mistral-|command-r|deepseek-")
PYTHON = '''\
def {name}(rows, limit={n}):
    """Sum what {name} has, up to a limit."""
    total = 0
    for index, row in enumerate(rows):
        if row["{name}"] is None or index > limit:
            continue
        total += row["{name}"] * {n}
    return {{"total": total, "label": "{name}", "limit": limit}}


'''
SCRIPT = """\
export function {name}(rows, limit = {n}) {{
  // Sum what {name} has, up to a limit.
  let total = 0;
  for (const row of rows) {{
    if (row['{name}'] === null) continue;
    total += row['{name}'] * {n};
  }}
  return {{ total, label: '{name}', limit }};
}}

"""
CALLS = {
    "py": 'def ask_{name}(client, text):\n    return client.create(model="gpt-4o-mini", input=text)\n\n\n',
    "ts": "export const ask{name} = (text) => client.create({{ model: 'gpt-4o-mini', input: text }});\n\n",
}


def write_tree(root: Path, *, seed: int = 3) -> int:
    """A tree of Python and TypeScript; returns the number of calls in it."""
    rng = random.Random(seed)
    calls = 0
    for number in range(LINES // PER_FILE):
        suffix, block = ("py", PYTHON) if number % 2 else ("ts", SCRIPT)
        count = PER_FILE // block.count("\n")
        names = [f"{rng.choice(('order', 'ticket', 'vendor', 'total'))}_{rng.randrange(9999)}" for _ in range(count)]
        text = "".join(block.format(name=name, n=rng.randrange(99)) for name in names)
        if rng.random() < WITH_MODELS:
            text, calls = text + CALLS[suffix].format(name=names[0]), calls + 1
        folder = root / f"pkg{number % 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"m{number}.{suffix}").write_text(text)
    return calls


def grep(root: Path) -> int:
    """Files that one search finds something in."""
    return sum(FAMILIES.search(path.read_bytes()) is not None for path in root.rglob("*.*"))


def seconds(work: Callable[[], Any]) -> float:
    """Median wall time."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def rows() -> Iterator[dict[str, Any]]:
    """One row: seconds for the tree, and the anchor's."""
    known = known_models()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        calls = write_tree(root)
        lines = sum(path.read_bytes().count(b"\n") for path in root.rglob("*.*"))
        found = scan([root], known, options=ScanOptions(workers=CORES))
        assert len(found.hits) == calls, (len(found.hits), calls)
        ours = seconds(lambda: scan([root], known, options=ScanOptions(workers=CORES)))
        theirs = seconds(lambda: grep(root))
    yield {
        "name": f"scan, {lines / 1e6:.2f} M lines, {CORES} cores",
        "value": ours,
        "unit": "s",
        "anchor": "one regular expression over the bytes",
        "anchor_value": theirs,
        "ratio": ours / theirs,
    }
