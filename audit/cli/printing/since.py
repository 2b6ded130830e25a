"""What a branch changes of models and prompts, for people and as JSON; hits alone as SARIF."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.cli.printing.scan import print_scan
from audit.cli.terminal import Terminal
from audit.core.artifacts import RunFolder, publish
from audit.core.display import ascii_only, count, listing, plural, terminal_safe, usd
from audit.core.plain import to_plain
from audit.flow.changed_prompts import PromptChange, changed_prompts
from audit.literals.since import BranchScan


def print_since(terminal: Terminal, found: BranchScan, run: Path | None, kind: str, output: Path | None) -> None:
    """Print what a branch changes, or write it to a file and say so.

    Args:
        terminal: Where to.
        found: By git and the scan.
        run: Whose logged prompts are looked through; None for none.
        kind: text, json or sarif.
        output: A file instead of stdout.
    """
    if kind == "sarif":
        print_scan(terminal, found.scan, kind, output)
        return
    prompts = () if run is None else changed_prompts(RunFolder(run), [one.text for one in found.texts])
    if kind == "json":
        value = {"scan": found.scan, "removed": found.removed, "prompts": _documented(found, prompts)}
        lines = [json.dumps(to_plain(value), ensure_ascii=terminal.ascii and output is None, indent=2, allow_nan=False)]
    else:
        lines = list(since_lines(found, prompts, looked=run is not None))
    if output is None:
        terminal.lines(map(ascii_only, lines) if terminal.ascii and kind == "text" else lines)
        return
    publish(output, ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    terminal.note(f"{plural(len(found.scan.hits), 'name')} added, written to {output}")


def _documented(found: BranchScan, prompts: Sequence[PromptChange]) -> list[dict[str, object]]:
    """Routes with the places of the lines, and none of the text."""
    return [
        {
            "route": one.route,
            "requests": one.requests,
            "spend_usd": one.spend_usd,
            "places": [f"{found.texts[i].file}:{found.texts[i].line}" for i in one.texts],
        }
        for one in prompts
    ]


def since_lines(found: BranchScan, prompts: Sequence[PromptChange], *, looked: bool) -> Iterator[str]:
    """In one line, then name by name and route by route."""
    hits, gone = found.scan.hits, found.removed
    said = f"{plural(len(hits), 'model name')} added, {count(len(gone))} taken out"
    yield said + (f", prompts of {plural(len(prompts), 'route')} changed" if looked else "")
    yield ""
    for hit in gone:
        yield f"  - {terminal_safe(hit.file)}:{hit.line}  {terminal_safe(hit.literal)}"
    for hit in hits:
        paid = ""
        if hit.route is not None:
            spent = "" if hit.route_spend_usd is None else f", {usd(hit.route_spend_usd)} in the log"
            paid = f"  (likely route {terminal_safe(hit.route.route)}{spent})"
        yield f"  + {terminal_safe(hit.file)}:{hit.line}  {terminal_safe(hit.literal)}{paid}"
    for one in prompts:
        places = listing([f"{terminal_safe(found.texts[i].file)}:{found.texts[i].line}" for i in one.texts[:3]])
        more = f" and {plural(len(one.texts) - 3, 'more line')}" if len(one.texts) > 3 else ""
        route = terminal_safe(one.route) or "(no route)"
        yield f"  ~ {route}: {count(one.requests)} requests, {usd(one.spend_usd)} in the log; {places}{more}"
    routes = [one.route for one in prompts] + [hit.route.route for hit in hits if hit.route is not None]
    if routes:
        named = " ".join(f"--route {terminal_safe(name)}" for name in dict.fromkeys(routes))
        yield ""
        yield f"Before the merge:  audit replay BRANCH_LOG {named}, then audit gate RUN --baseline MAIN"
