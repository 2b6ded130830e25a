"""Run the cases and print each with what was expected and what came out; exit code 1 when one is wrong."""

from __future__ import annotations

import argparse
import sys

from tests.cases.frame import Result, families


def line_of(family: str, result: Result) -> str:
    """One case on one line, with control characters escaped."""
    mark = "ok  " if result.right else "MISS"
    case = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in result.case)
    return f"{mark} {family}: {case}\n       expected {result.expected}\n       got      {result.got}"


def main() -> int:
    """Run the families named on the command line, by default all of them."""
    known = {family.name: family for family in families()}
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=__doc__)
    parser.add_argument("family", nargs="*", help=f"one of: {', '.join(known)}; default: all")
    parser.add_argument("--misses", action="store_true", help="print the wrong ones only")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.family) - set(known)):
        parser.error(f"unknown family {', '.join(unknown)}; known: {', '.join(known)}")
    wrong = 0
    for name in asked.family or known:
        family = known[name]
        if not family.source.exists():
            print(f"skip {name}: {family.source} is absent")
            continue
        results = []
        for result in family.run():
            results.append(result)
            if not (asked.misses and result.right):
                print(line_of(name, result), flush=True)
        right = sum(result.right for result in results)
        wrong += len(results) - right
        print(f"==== {name}: {right} of {len(results)} right\n", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
