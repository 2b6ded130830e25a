"""What the tests of ingest share: read some records and look at the rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.artifacts import RunFolder
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.run import IngestReport, ingest

SAMPLES = Path(__file__).parents[2] / "sample_logs"
GENERIC = IngestSettings(
    route="feature",
    tenant="customer",
    map=FieldMap(
        messages="chat",
        response="answer",
        model="engine",
        params="settings",
        request_id="call",
        started_at="when",
        latency_ms="took_ms",
        prompt_tokens="usage.in",
        completion_tokens="usage.out",
        cost_usd="usd",
        status="outcome",
    ),
)
BY_FORMAT = {
    "litellm": ("litellm.jsonl", IngestSettings()),
    "openai-chat": ("openai_pairs.jsonl", IngestSettings()),
    "generic": ("generic.jsonl", GENERIC),
    "mlflow": ("mlflow.jsonl", IngestSettings()),
    "litellm-spend": ("litellm_spend.jsonl", IngestSettings()),
    "otlp": ("otlp.jsonl", IngestSettings()),
    "langsmith": ("langsmith.jsonl", IngestSettings()),
    "langfuse": ("langfuse.jsonl", IngestSettings()),
    "bedrock": ("bedrock.jsonl", IngestSettings()),
    "batch": ("batch.jsonl", IngestSettings()),
    "anthropic": ("anthropic_pairs.jsonl", IngestSettings()),
    "openai-responses": ("openai_responses_pairs.jsonl", IngestSettings()),
    "helicone": ("helicone.jsonl", IngestSettings()),
    "portkey": ("portkey.jsonl", IngestSettings()),
    "keywordsai": ("keywordsai.jsonl", IngestSettings()),
    "bifrost": ("bifrost.jsonl", IngestSettings()),
    "tensorzero": ("tensorzero.jsonl", IngestSettings()),
    "datadog": ("datadog.jsonl", IngestSettings()),
    "braintrust": ("braintrust.jsonl", IngestSettings()),
    "phoenix": ("phoenix.jsonl", IngestSettings()),
    "cloudflare": ("cloudflare.jsonl", IngestSettings()),
    "openrouter": ("openrouter.jsonl", IngestSettings()),
    "weave": ("weave.jsonl", IngestSettings()),
    "vertex": ("vertex.jsonl", IngestSettings()),
    "claude-code": ("claude_code.jsonl", IngestSettings()),
    "codex": ("codex.jsonl", IngestSettings()),
    "gemini-cli": ("gemini_cli.jsonl", IngestSettings()),
    "azure-apim": ("azure_apim.jsonl", IngestSettings()),
    "streams": ("streams.jsonl", IngestSettings()),
}
assert set(BY_FORMAT) == set(FORMATS.names), "every format has a sample"


@dataclass(frozen=True)
class Read:
    """A finished ingest."""

    report: IngestReport
    folder: RunFolder
    traffic: pl.DataFrame
    bodies: pl.DataFrame
    rejects: pl.DataFrame

    def rows(self) -> list[dict[str, Any]]:
        """Traffic and bodies, joined by `row_id`."""
        return self.traffic.join(self.bodies, on="row_id", maintain_order="left").to_dicts()


def frame(files: Sequence[Path]) -> pl.DataFrame:
    """Parquet files as one frame; columns that polars has no type for are left out."""
    table = pa.concat_tables(pq.read_table(file).drop_columns(_maps(file)) for file in files)
    return pl.DataFrame(pl.from_arrow(table)).with_columns(pl.col(pl.Categorical).cast(pl.String))


def _maps(file: Path) -> list[str]:
    return [field.name for field in pq.read_schema(file) if pa.types.is_map(field.type)]


def read(paths: Path | Sequence[Path], out: Path, settings: IngestSettings | None = None, **options: Any) -> Read:
    """Ingest and load."""
    folder = RunFolder(out)
    sources = [paths] if isinstance(paths, Path) else list(paths)
    report = ingest(sources, settings or IngestSettings(), folder, **options)
    traffic, bodies = frame(folder.traffic_files()), frame(folder.body_files())
    return Read(report, folder, traffic, bodies, pl.read_parquet(folder.rejects))


def write_jsonl(path: Path, records: Sequence[Any]) -> Path:
    """Records as lines; text and bytes are written as they are."""
    lines = [
        r if isinstance(r, bytes) else r.encode() if isinstance(r, str) else json.dumps(r).encode() for r in records
    ]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def sample(name: str) -> list[dict[str, Any]]:
    """The records of a sample log."""
    return [json.loads(line) for line in (SAMPLES / name).read_text("utf-8").splitlines()]


def payload(**changes: Any) -> dict[str, Any]:
    """A LiteLLM payload with some fields changed."""
    return sample("litellm.jsonl")[0] | changes
