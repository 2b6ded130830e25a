"""What became of the records of the logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from audit.cli.terminal import Terminal
from audit.core.display import ascii_only, count, plural, terminal_safe, usd
from audit.core.doubts import doubts_in, words_of
from audit.core.reason import sentence_of
from audit.core.traffic import Apart, PricedBy


def print_ingest(terminal: Terminal, report: Any, folder: Path) -> None:
    """Print what became of every record, what the requests cost, what is in doubt, and the folder last.

    Args:
        terminal: Where.
        report: An `IngestReport`.
        folder: The run's.
    """
    drawn = ascii_only if terminal.ascii else str
    lines = [f"  {name:<18} {terminal_safe(value)}" for name, value in _lines(report)]
    terminal.lines(map(drawn, [*lines, "", f"  Run folder  {folder}"]))


def _lines(report: Any) -> Iterator[tuple[str, str]]:
    """Name and value of each line; of what there is none of, only what every reader asks for."""
    yield "Files", f"{count(len(report.inputs))}; their digests are in manifest.json"
    formats = ", ".join(f"{name} {count(rows)}" for name, rows in sorted(report.formats.items()))
    yield "Calls by format", f"{formats} ({report.format_sniffed})" if len(report.formats) == 1 else formats
    yield "Records read", count(report.read)
    yield "Not usable", count(report.rejected)
    for why, number in sorted(report.rejects.items(), key=lambda one: (-one[1], one[0])):
        yield "", f"{count(number)}: {why}"
    if report.not_calls:
        yield "Not calls", f"{count(report.not_calls)} records of something else than a call of a model"
    for name, rows in sorted(report.unrouted.items()):
        yield (
            "Without a route",
            (f"all {count(rows)} of `{name}`: name its field too, behind the other,  ingest: {{route: ONE|OTHER}}"),
        )
    yield "Requests", f"{count(report.requests)}, answered and billed"
    apart = {
        Apart.FAILED: report.failures,
        Apart.TWICE: report.duplicates,
        Apart.CACHE: report.cache_hits,
        Apart.UNKNOWN: report.unknown,
    }
    told = [kind.counted(number, report.apart_usd.get(kind)) for kind, number in apart.items() if number]
    yield "Not counted", "; ".join(told) or "none"
    paid = [f"{usd(dollars)} {PricedBy.words_of(by)}" for by, dollars in sorted(report.spend_usd.items())]
    yield "Paid", ", ".join(paid) or "nothing that is known"
    for why, number in sorted(report.unpriced.items()):
        yield "Without a price", f"{count(number)}, in no amount here: {sentence_of(why)}"
    for why, dollars in sorted(report.not_auditable_usd.items()):
        reasons = " and ".join(map(sentence_of, why.split(" + ")))
        yield "Cannot be replayed", f"{usd(dollars)}: {reasons}"
    for word, number in sorted(doubts_in(report.warnings).items()):
        yield "In doubt", f"{plural(number, 'call')} {words_of(word)}"
    if report.secrets_masked:
        yield "Secrets masked", count(report.secrets_masked)
