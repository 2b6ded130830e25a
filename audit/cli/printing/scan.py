"""A scan for people, as JSON, and as SARIF; and the traffic that is laid beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from textwrap import wrap

from audit.cli.columns import Column, table
from audit.cli.terminal import PLAIN_WIDTH, Terminal
from audit.core.artifacts import publish, read_run
from audit.core.display import ascii_only, count, listing, plural, terminal_safe, usd
from audit.core.errors import AuditError
from audit.core.plain import to_plain
from audit.literals.places import Hit, ModelUse, Scan
from audit.literals.routes import Served, served_by
from audit.literals.sarif import sarif_document

MODELS = 12
"""Models in the table; the rest is a count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What a run or a log says of the models; `served` is None without either."""

    served: tuple[Served, ...] | None = None
    run_id: str | None = None
    demo: bool = False

    def stamped(self, scan: Scan) -> Scan:
        """The scan with the name of the run on it."""
        return replace(scan, run_id=self.run_id, demo=self.demo)


def traffic_of(run: Path | None, logs: Sequence[Path], config: Path | None) -> Behind:
    """The traffic of a run, or of logs.

    Raises:
        AuditError: Both are given, or one of them cannot be read.
    """
    if run is not None and logs:
        raise AuditError("--run and --logs both name traffic", code="scan.traffic", hint="give one of them")
    if run is not None:
        findings = read_run(run)
        return Behind(served=served_by(findings.mix), run_id=findings.run_id, demo=findings.demo)
    if logs:
        from audit.config.load import load_settings
        from audit.flow import mixing

        return Behind(served=served_by(mixing.mix(logs, load_settings(config))))
    return Behind()


def print_scan(terminal: Terminal, scan: Scan, kind: str, output: Path | None) -> None:
    """Print a scan, or write it to a file and say so."""
    if kind == "text" and output is None:
        _print_text(terminal, scan)
        return
    if kind == "text":
        text = "\n".join([*_head(scan), *_files(scan), *_models(scan), *_closing(scan)])
    else:
        value = to_plain(scan) if kind == "json" else sarif_document(scan)
        ascii_ = terminal.ascii and output is None
        text = json.dumps(value, ensure_ascii=ascii_, indent=2, allow_nan=False)
    if output is None:
        terminal.lines([text])
        return
    publish(output, (text + "\n").encode("utf-8", "replace"))
    terminal.note(f"{plural(len(scan.hits), 'hit')}, written to {output}")


def _print_text(terminal: Terminal, scan: Scan) -> None:
    drawn = ascii_only if terminal.ascii else str
    terminal.lines(map(drawn, [*_head(scan), *_files(scan)]), fold=True)
    if scan.models:
        columns = [Column(title="Model", at_least=16)]
        columns += [Column(title=title, right=True) for title in ("Hits", "In tests", "Files")]
        columns += [Column(title="Paid", right=True), Column(title="Routes", at_least=8)] if _priced(scan) else []
        cells = [_cells(use, priced=_priced(scan)) for use in scan.models[:MODELS]]
        terminal.tables(table(columns, cells, width=terminal.width, drawn=drawn))
        if len(scan.models) > MODELS:
            terminal.lines([f"and {plural(len(scan.models) - MODELS, 'more model')}"])
        terminal.lines([""])
    terminal.lines(map(drawn, _closing(scan)), fold=True)


def _priced(scan: Scan) -> bool:
    return scan.run_spend_usd is not None


def _head(scan: Scan) -> list[str]:
    said = (
        f"Hard-coded models  ·  {plural(len(scan.hits), 'hit')} in {plural(len({h.file for h in scan.hits}), 'file')}"
    )
    if scan.test_hits:
        said += f"  ·  {count(len(scan.test_hits))} in tests"
    run = f"  ·  run {terminal_safe(scan.run_id)}" if scan.run_id else ""
    lines = [said + run]
    if scan.demo:
        lines.append("Demo: bundled data; the dollars are no real company's.")
    if scan.run_spend_usd is not None and scan.spend_usd is not None:
        lines.append(f"Behind them: {usd(scan.spend_usd)} of {usd(scan.run_spend_usd)} in the log, each model once")
    return [*lines, ""]


def _files(scan: Scan) -> Iterator[str]:
    """Hits grouped by file; those of tests as one line a file."""
    for file, hits in groupby(scan.hits, key=lambda hit: hit.file):
        yield terminal_safe(file)
        for hit in hits:
            yield from _hit_lines(hit)
        yield ""
    if scan.test_hits:
        yield "In tests"
        for file, hits in groupby(scan.test_hits, key=lambda hit: hit.file):
            found = list(hits)
            named = sorted({hit.model for hit in found})
            shown = listing([terminal_safe(model) for model in named[:3]] + (["more"] if len(named) > 3 else []))
            yield f"  {terminal_safe(file)}:{found[0].line}  {shown}" + (f" ({len(found)})" if len(found) > 1 else "")
        yield ""


def _hit_lines(hit: Hit) -> Iterator[str]:
    place = f"{hit.line}:{hit.column}"
    named = "" if hit.literal == hit.model else f"  = {terminal_safe(hit.model)}"
    unknown = "" if hit.known else "  (not in the price catalogue)"
    yield f"  {place:<8} {terminal_safe(hit.literal)}{named}{unknown}"
    where = [terminal_safe(part) for part in (hit.function and f"in {hit.function}", _site(hit)) if part]
    if where:
        yield from _wrapped("  ·  ".join(where))
    if hit.route is not None:
        paid = "" if hit.route_spend_usd is None else f" ({usd(hit.route_spend_usd)})"
        yield from _wrapped(f"likely route {terminal_safe(hit.route.route)}{paid}: {terminal_safe(hit.route.reason)}")
    if hit.route is not None or hit.language == "python":
        yield from _wrapped(f"→ {terminal_safe(hit.suggestion)}")


def _wrapped(text: str) -> list[str]:
    """Lines under a hit; a long name is never cut."""
    edge = " " * 11
    return wrap(
        text, PLAIN_WIDTH, initial_indent=edge, subsequent_indent=edge, break_long_words=False, break_on_hyphens=False
    )


def _site(hit: Hit) -> str:
    """`create(model=)`, `MODEL =`, `llm.primary:`."""
    if hit.callee:
        return f"{hit.callee}({hit.keyword + '=' if hit.keyword else ''})"
    return f"{hit.kind.value} {hit.keyword}".rstrip()


def _cells(use: ModelUse, *, priced: bool) -> list[str]:
    cells = [terminal_safe(use.model), count(use.hits), count(use.test_hits), count(use.files)]
    if priced:
        paid = "–" if not use.requests else usd(use.spend_usd or 0.0)
        cells += [paid, ", ".join(map(terminal_safe, use.routes)) or "not in the log"]
    return cells


def _models(scan: Scan) -> Iterator[str]:
    for use in scan.models:
        yield "  ".join(_cells(use, priced=_priced(scan)))
    yield ""


def _closing(scan: Scan) -> Iterator[str]:
    looked = f"Looked at {plural(scan.files, 'file')}, {scan.read_bytes / 1e6:,.1f} MB."
    aside = [f"{count(number)} {reason}" for reason, number in scan.skipped.items()]
    yield looked
    if aside:
        yield from wrap(f"Left out: {', '.join(aside)}.", PLAIN_WIDTH)
    if scan.irregular:
        yield f"Read all the same: {', '.join(f'{count(n)} {reason}' for reason, n in scan.irregular.items())}."
    if scan.mentions:
        yield f"No hits: {plural(scan.mentions, 'mention')} in keys, comparisons, annotations and lists of models."
    for one in scan.catalogues:
        yield f"A catalogue, not calls: {terminal_safe(one.file)} ({plural(one.models, 'model')})"
    if scan.muted:
        yield f"Taken out by `audit: ignore`: {count(scan.muted)}"
