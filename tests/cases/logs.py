"""Small logs, each with a kind of trap: what `audit` reads of them, and what it says they cost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.errors import AuditError
from audit.core.mixture import Mix
from audit.core.settings import IngestSettings
from audit.ingest.run import IngestReport, ingest
from audit.llm.logprices import rates_of
from audit.mix.run import measure_mix
from tests.cases.frame import CASES, Family, Result
from tests.ingest.reading import frame

SOURCE = CASES / "logs"


@dataclass(frozen=True)
class Got:
    """What came out of one log."""

    report: IngestReport
    mix: Mix
    rows: pl.DataFrame

    def __str__(self) -> str:
        report = self.report
        said = [
            f"{report.requests} requests",
            f"${self.mix.spend_usd:.7g}",
            ", ".join(m.name for m in self.mix.by_model),
        ]
        aside = {
            "failures": report.failures, "logged twice": report.duplicates, "cache hits": report.cache_hits,
            "rejects": report.rejects, "unpriced": report.unpriced, "warnings": report.warnings,
        }  # fmt: skip
        return "; ".join([*said, *(f"{name} {value}" for name, value in aside.items() if value)])


def read_log(path: Path, settings: IngestSettings | None = None) -> Got:
    """Ingest one log and measure its mix.

    Raises:
        AuditError: It is refused.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(scratch)
        report = ingest([path], settings or IngestSettings(), folder, rates_of=rates_of())
        return Got(report, measure_mix(folder.traffic_files(), ()), frame(folder.traffic_files()))


def costs(usd: float, *, requests: int | None = None) -> Callable[[Got], bool]:
    """Exactly these dollars, nothing unpriced."""

    def right(got: Got) -> bool:
        counted = requests is None or got.report.requests == requests
        return abs(got.mix.spend_usd - usd) < 5e-8 and not got.report.not_priced and counted

    return right


def five(rejects: int = 0) -> Callable[[Got], bool]:
    """All five records of the packings, each of one cent; or four, where one is cut."""

    def right(got: Got) -> bool:
        return got.report.rejected == rejects and abs(got.mix.spend_usd - got.report.requests / 100) < 1e-9

    return lambda got: right(got) and got.report.requests >= 4


def column(got: Got, name: str) -> list[object]:
    """A column of the traffic."""
    return got.rows[name].to_list()


CHECKS: dict[str, Callable[[Got], bool]] = {
    "c01_ollama_ids.jsonl.gz": lambda got: costs(3.0, requests=3000)(got) and not got.report.duplicates,
    "c02_openrouter_byok.jsonl": costs(0.0481795, requests=2),
    "c03_cache_1h.jsonl": costs(0.60153),
    "c04_flex.jsonl": costs(0.0225),
    "c04_default.jsonl": costs(0.045),
    "c05_long_gemini.jsonl": costs(0.765),
    "c06_cumulative_stream.jsonl": lambda got: (
        (column(got, "prompt_tokens"), column(got, "completion_tokens")) == ([100], [3])
    ),
    "c07_batch.jsonl": lambda got: costs(0.175)(got) and column(got, "batch") == [True],
    "c08_bedrock_geo.jsonl": costs(0.3465),
    "c08_bedrock_base.jsonl": lambda got: not got.report.not_priced and got.mix.spend_usd > 0,
    "c09_ft.jsonl": costs(0.042),
    "c10_free.jsonl": lambda got: (
        got.report.unpriced == {"self_hosted": 1}
        and column(got, "cost_basis")[0] == "free"
        and column(got, "cost_usd_recomputed")[2] is not None
    ),
    "c11_azure.jsonl": lambda got: (
        column(got, "model_key") == ["acme-chat-prod", "acme-chat-prod2"]
        and got.report.unpriced == {"unknown_model": 1}
        and got.mix.spend_usd == 0.35
    ),
    "c12_retries.jsonl": lambda got: costs(0.0005, requests=1)(got) and got.report.failures == 2,
    "c13_utf8_bom_crlf.jsonl": five(),
    "c13_utf16le_bom.jsonl": five(),
    "c13_sse_prefix.jsonl": five(),
    "c13_syslog_then_json.jsonl": five(rejects=1),
    "c13_cr_only.jsonl": five(),
    "c14_concat.jsonl.gz": five(),
    "c14_truncated_line.jsonl": five(rejects=1),
    "c15_numbers.jsonl": lambda got: (
        costs(0.130021, requests=13)(got)
        and got.report.warnings == {"unreadable_cost_usd": 1, "unreadable_started_at": 1}
    ),
    "c17_cache_hit_str.jsonl": lambda got: got.mix.spend_usd == 0 and got.report.cache_hits == 2,
    "c18_exclusive.jsonl": costs(0.054399),
    "c19_ops.jsonl": lambda got: (
        costs(0.04902)(got)
        and column(got, "operation") == ["embeddings", "images", "rerank", "moderation", "transcription", "chat"]
    ),
    "c20_twice.jsonl": lambda got: got.report.duplicates == got.report.requests == 5,
    "c24_audio.jsonl": lambda got: got.report.unpriced == {"token_class": 1},
    "c25_o3_before_cut.jsonl": costs(1.40),
    "c26_deepseek.jsonl": lambda got: got.report.requests == 4 and not got.report.not_priced,
    "c27_wrapped.json": five(),
    "c27_pretty_concat.json": five(),
    "c29_cached_gt_prompt.jsonl": lambda got: "prompt_counted_without_cache" in got.report.warnings,
    "c30_conv_id.jsonl": lambda got: costs(0.04, requests=4)(got) and got.report.duplicates == 1,
    "c31_tool_empty.jsonl": lambda got: got.report.requests == 1 and not got.report.rejected,
}
MAPPED = frozenset({"c15_numbers.jsonl", "c30_conv_id.jsonl"})


def run() -> Iterator[Result]:
    """Every line of expected.csv."""
    lines = (SOURCE / "expected.csv").read_text("utf-8").splitlines()[1:]
    for name, _, expected in (line.partition(",") for line in lines):
        settings = load_settings(SOURCE / "map_numbers.yaml").ingest if name in MAPPED else None
        try:
            got = read_log(SOURCE / name, settings)
        except AuditError as error:
            yield Result(case=name, expected=expected, got=f"refused: {error.what}", right=False)
            continue
        check = CHECKS.get(name)
        yield Result(case=name, expected=expected, got=str(got), right=check is not None and check(got))


FAMILY = Family(name="logs", source=SOURCE, run=run)
