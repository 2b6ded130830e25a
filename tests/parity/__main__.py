"""Print every pair on which promptfoo and this project differ, by kind.

The exit code is 1 when a kind is new, and 2 when promptfoo is not installed.
"""

from __future__ import annotations

import sys
from collections import defaultdict

from tests.parity.kinds import kind_of
from tests.parity.pairs import pairs, shown
from tests.parity.run import Disagreement, disagreements, missing


def main() -> int:
    """Run all pairs."""
    if (what := missing()) is not None:
        print(what, file=sys.stderr)
        return 2
    every = list(pairs())
    by_kind: dict[str, list[Disagreement]] = defaultdict(list)
    about = {}
    for found in disagreements(every):
        kind = kind_of(found.pair)
        name = "NOT EXPLAINED" if kind is None else kind.name
        by_kind[name].append(found)
        about[name] = "" if kind is None else f"right: {kind.right}. {kind.why}"
    for name, group in sorted(by_kind.items()):
        print(f"==== {name}: {len(group)}\n     {about[name]}")
        for found in group:
            print(f"  audit {found.ours}, promptfoo {found.theirs}: {shown(found.pair)}")
    total = sum(map(len, by_kind.values()))
    print(f"\n{len(every)} pairs, {total} disagreements of {len(by_kind)} kinds")
    return 1 if "NOT EXPLAINED" in by_kind else 0


if __name__ == "__main__":
    sys.exit(main())
