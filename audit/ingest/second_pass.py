"""The second pass: what needs the whole log. Duplicates, attempts, unique ids, recomputed cost; part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.core.artifacts import private_file
from audit.core.columns import PRICED_AT, apart
from audit.core.doubts import Doubt
from audit.core.rates import CallKind, Rates, RatesOf
from audit.core.reason import Reason
from audit.core.schemas import BODIES, TRAFFIC
from audit.core.tier import PER_MILLION
from audit.core.traffic import BILLABLE_STATUSES, exact_sum
from audit.ingest.compare import Fixes, find_fixes, read_draft
from audit.ingest.part_files import PartFiles, bodies_writer, whole_file
from audit.ingest.row import SECOND_PASS

_NEEDED = (
    "row_id", "source_file", "status", "cache_hit", "provider", "model_key", "model_responded", "model_called",
    "started_at", "service_tier", "batch", "operation", "cost_usd_logged", "secrets_masked", "prompt_tokens",
    "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "audio_tokens",
    "completion_audio_tokens", "image_tokens", "completion_image_tokens", "cost_basis", "replayable",
    "unreplayable_reasons",
)  # fmt: skip
_KIND = ("model_key", "model_responded", "model_called", "provider", "service_tier", "batch", "priced_at")
_RATES = (
    *("input", "output", "cached_input", "cache_write", "cache_write_1h", "input_audio", "output_audio"),
    *("input_image", "output_image"),
)
_ROW_GROUP = 50_000


@dataclass(frozen=True, slots=True)
class AttemptLedger:
    """Counts over the finished traffic."""

    requests: int = 0
    failures: int = 0
    duplicates: int = 0
    cache_hits: int = 0
    unknown: int = 0
    not_priced: int = 0
    secrets_masked: int = 0
    unpriced: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    spend_usd: Mapping[str, float] = field(default_factory=dict)
    not_auditable_usd: Mapping[str, float] = field(default_factory=dict)
    apart_usd: Mapping[str, float] = field(default_factory=dict)

    def __add__(self, other: AttemptLedger) -> AttemptLedger:
        return AttemptLedger(*(_sum(getattr(self, name), getattr(other, name)) for name in AttemptLedger.__slots__))


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, Mapping):
        return type(one)({key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}})  # type: ignore[call-arg]
    return one + other


@dataclass(frozen=True, slots=True)
class FinishJob:
    """One part to finish.

    Attributes:
        digests: SHA-256 of each source, by its name.
        rates_of: Asked once per kind of call; None leaves the recomputed cost empty.
    """

    files: PartFiles
    fixes: Fixes
    digests: Mapping[str, str]
    rates_of: RatesOf | None


def finish_jobs(
    parts: Sequence[PartFiles], rows: Sequence[int], digests: Mapping[str, str], rates_of: RatesOf | None
) -> Iterator[FinishJob]:
    """One job for each part, made when it is asked for; all drafts are compared before the first.

    Args:
        parts: Whose drafts are there.
        rows: How many each has.
        digests: As in `FinishJob`.
        rates_of: As in `FinishJob`.
    """
    for files, fixes in zip(parts, find_fixes(parts, rows), strict=True):
        yield FinishJob(files, fixes, digests, rates_of)


def finish_part(job: FinishJob) -> AttemptLedger:
    """Write a part's traffic, complete. Its draft stays: the part may have to be finished again by another worker."""
    files, fixes = job.files, job.fixes
    draft = read_draft(files)
    frame = pl.DataFrame(pl.from_arrow(draft.select(_NEEDED))).with_columns(
        pl.col("status", "provider").cast(pl.String)
    )
    frame = frame.with_row_index("at").with_columns(pl.col("at").cast(pl.Int64))
    frame = _overlaid(frame, fixes)
    frame = frame.with_columns(pl.col("source_file").replace_strict(job.digests, default=None).alias("source_sha256"))
    frame = _priced(frame, job.rates_of)
    made = (*SECOND_PASS, "row_id")
    table = pa.table(
        {f.name: frame[f.name].to_arrow().cast(f.type) if f.name in made else draft[f.name] for f in TRAFFIC},
        schema=TRAFFIC,
    )
    with whole_file(files.traffic) as file:
        pq.write_table(
            table,
            private_file(file),
            compression="zstd",
            compression_level=1,
            write_statistics=False,
            row_group_size=_ROW_GROUP,
        )
    if len(fixes.ids):
        _rename_bodies(files, fixes.ids)
    return replace(_ledger(frame), warnings=_warnings(draft["ingest_warnings"]) + _assumed(frame))


def _assumed(frame: pl.DataFrame) -> Counter[str]:
    """Billable rows whose dollars are by rates that are not known to hold on their day."""
    counted = pl.col("cost_usd_logged").is_null() & pl.col("cost_usd_recomputed").is_not_null()
    number = len(frame.filter(pl.col("_assumed"), counted, pl.col("duplicate_of").is_null()))
    return Counter({Doubt.BEFORE_LIST.value: number} if number else {})


def _warnings(column: pa.ChunkedArray) -> Counter[str]:
    """How often each warning occurs, without the number that some end with."""
    return Counter(word.partition(":")[0] for word in pc.list_flatten(column).to_pylist())


def _overlaid(frame: pl.DataFrame, fixes: Fixes) -> pl.DataFrame:
    if len(fixes.ids):
        frame = frame.join(fixes.ids, on="at", how="left", suffix="_new", maintain_order="left")
        frame = frame.with_columns(pl.coalesce("row_id_new", "row_id").alias("row_id")).drop("row_id_new")
    if len(fixes.duplicates):
        frame = frame.join(fixes.duplicates, on="at", how="left", maintain_order="left")
    else:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("duplicate_of"))
    index, final = pl.lit(0, pl.Int16), pl.lit(True)
    if len(fixes.attempts):
        frame = frame.join(fixes.attempts, on="at", how="left", maintain_order="left")
        index, final = pl.col("attempt_index").fill_null(0), pl.col("is_final_attempt").fill_null(True)
    # A duplicate is no attempt of its own: place 0, never final.
    final &= pl.col("duplicate_of").is_null()
    return frame.with_columns(index.alias("attempt_index"), final.alias("is_final_attempt"))


def _priced(frame: pl.DataFrame, rates_of: RatesOf | None) -> pl.DataFrame:
    """Add the cost by the price table, with the table's version, or the reason why there is none."""
    frame = frame.with_columns(priced_at=PRICED_AT)
    kinds = frame.select(_KIND).unique(maintain_order=True).with_row_index("kind")
    frame = frame.join(kinds, on=list(_KIND), how="left", nulls_equal=True, maintain_order="left")
    found = [_rates(kind, rates_of) for kind in kinds.iter_rows(named=True)]
    frame = _with_rates(frame, found)
    frame = frame.with_columns(_cost().alias("cost_usd_recomputed"))
    known = pl.col("cost_usd_recomputed").is_not_null()
    return frame.with_columns(
        pl.when(known).then(pl.col("price_table_version")).alias("price_table_version"),
        pl.when(_billed() & ~known & pl.col("cost_usd_logged").is_null()).then(_why()).alias("unpriced_reason"),
    )


def _rates(kind: Mapping[str, Any], rates_of: RatesOf | None) -> Sequence[Rates] | Reason:
    names = [kind["model_key"], kind["model_responded"], kind["model_called"]]
    models = tuple(dict.fromkeys(name for name in names if name))
    if rates_of is None or not models:
        return Reason.UNKNOWN_MODEL
    return rates_of(
        CallKind(
            models=models,
            provider=kind["provider"],
            at=kind["priced_at"],
            service_tier=kind["service_tier"],
            batch=bool(kind["batch"]),
        )
    )


def _with_rates(frame: pl.DataFrame, found: Sequence[Sequence[Rates] | Reason]) -> pl.DataFrame:
    """Join each row's rates, those of its prompt's length, as columns `_input`, `_output`, ...; nulls without rates."""
    rates = {f"_{name}": pl.Float64 for name in _RATES}
    schema = {"kind": pl.UInt32, "_above": pl.Int64, **rates, "price_table_version": pl.String}
    schema |= {"_assumed": pl.Boolean, "_why": pl.String}
    steps: dict[int, list[dict[str, Any]]] = {0: []}
    for kind, of_kind in enumerate(found):
        if isinstance(of_kind, Reason):
            steps[0].append({"kind": kind, "_why": of_kind.value})
            continue
        for number, step in enumerate(of_kind):
            row = {f"_{name}": getattr(step, name) for name in _RATES}
            row |= {"kind": kind, "_above": step.above, "price_table_version": step.source, "_assumed": step.assumed}
            steps.setdefault(number, []).append(row)
    made = [name for name in schema if name not in ("kind", "_above")]
    for number, rows in sorted(steps.items()):
        table = pl.DataFrame(rows, schema=schema)
        frame = frame.join(table, on="kind", how="left", maintain_order="left", suffix="_step")
        if number:
            longer = (pl.col("prompt_tokens") > pl.col("_above_step")).fill_null(False)
            frame = frame.with_columns(
                pl.when(longer).then(pl.col(f"{name}_step")).otherwise(pl.col(name)).alias(name) for name in made
            ).drop("_above_step", *(f"{name}_step" for name in made))
    return frame


def _billed() -> pl.Expr:
    return pl.col("status").is_in(list(BILLABLE_STATUSES)) & ~pl.col("cache_hit").fill_null(False)


def _cost() -> pl.Expr:
    """USD by rates and tokens; null without tokens, or where a class of tokens has no rate."""
    cached, written = pl.col("cached_tokens").fill_null(0), pl.col("cache_write_tokens").fill_null(0)
    hourly = pl.min_horizontal(pl.col("cache_write_1h_tokens").fill_null(0), written)
    said = pl.col("completion_audio_tokens").fill_null(0)
    heard = (pl.col("audio_tokens").fill_null(0) - said).clip(lower_bound=0)
    prompt, completion = pl.col("prompt_tokens"), pl.col("completion_tokens")
    completion = (
        pl.when(pl.col("operation").cast(pl.String) == "embeddings").then(completion.fill_null(0)).otherwise(completion)
    )
    fresh = (prompt - cached - written - heard).clip(lower_bound=0)
    # An image out of the cache is cheap as what is read from there.
    seen = pl.min_horizontal(pl.col("image_tokens").fill_null(0), fresh)
    drawn = pl.min_horizontal(pl.col("completion_image_tokens").fill_null(0), completion)
    rate = {name: pl.col(f"_{name}") for name in _RATES}
    read_rate, write_rate = (rate[name].fill_null(rate["input"]) for name in ("cached_input", "cache_write"))
    # The order of Price.cost_usd, so that both give the same double.
    cost = fresh * rate["input"] + cached * read_rate + (written - hourly) * write_rate
    wrote = (completion - said).clip(lower_bound=0)
    dearer = {side: (rate[f"{side}_image"] - rate[side]).fill_null(0) for side in ("input", "output")}
    for tokens, price in (
        *((wrote, rate["output"]), (hourly, rate["cache_write_1h"])),
        *((heard, rate["input_audio"]), (said, rate["output_audio"])),
        *((seen, dearer["input"]), (drawn, dearer["output"])),
    ):
        # The sum so far stands in each step once: twice, and the expression doubles with every class of tokens.
        cost += pl.when(tokens > 0).then(tokens * price).otherwise(0.0)
    return pl.when(_billed() & (prompt + completion > 0)).then(cost / PER_MILLION)


def _why() -> pl.Expr:
    prompt, completion = pl.col("prompt_tokens"), pl.col("completion_tokens")
    untold = ((prompt.fill_null(0) + completion.fill_null(0)) == 0) | prompt.is_null() | completion.is_null()
    return (
        pl.when(pl.col("_why").is_not_null())
        .then(pl.col("_why"))
        .when(untold & (_word("status") == "partial"))
        .then(pl.lit(Reason.CUT_BEFORE_TOKENS.value))
        .when(untold)
        .then(pl.lit(Reason.NO_TOKENS.value))
        .otherwise(pl.lit(Reason.TOKEN_CLASS.value))
    )


def _rename_bodies(part: PartFiles, ids: pl.DataFrame) -> None:
    """Give the bodies of repeated records their new ids too."""
    renamed = dict(ids.iter_rows())
    with (
        pq.ParquetFile(part.bodies) as old,
        whole_file(part.bodies) as fresh,
        bodies_writer(fresh) as writer,
    ):
        start = 0
        for group in range(old.num_row_groups):
            table = old.read_row_group(group)
            names = [renamed.get(start + i, text) for i, text in enumerate(table["row_id"].to_pylist())]
            start += len(names)
            writer.write_table(table.set_column(0, BODIES.field("row_id"), pa.array(names, pa.string())))


def _ledger(frame: pl.DataFrame) -> AttemptLedger:
    """All counts and sums of a part, asked for at once: each question of its own would start the engine anew."""
    single, hit = pl.col("duplicate_of").is_null(), pl.col("cache_hit").fill_null(False)
    answered = pl.col("status").is_in(list(BILLABLE_STATUSES))
    billable = single & ~hit & answered
    cost = pl.coalesce("cost_usd_logged", "cost_usd_recomputed")
    rows = frame.lazy()
    counts = rows.select(
        billable.sum().alias("requests"),
        (single & (pl.col("status") == "error")).sum().alias("failures"),
        (~single).sum().alias("duplicates"),
        (single & hit & answered).sum().alias("cache_hits"),
        (single & ~answered & (pl.col("status") != "error")).sum().alias("unknown"),
        (billable & cost.is_null()).sum().alias("not_priced"),
        pl.col("secrets_masked").sum().alias("secrets_masked"),
    )
    why = rows.filter(billable & cost.is_null()).select(
        pl.col("unpriced_reason").fill_null(Reason.UNKNOWN_MODEL.value).value_counts()
    )
    known = rows.filter(billable & cost.is_not_null()).with_columns(cost.alias("usd"))
    basis = pl.when(pl.col("cost_usd_logged").is_null()).then(pl.lit("recomputed")).otherwise(_word("cost_basis"))
    untested = known.filter(_word("replayable") == "none")
    found, unpriced, *sums = pl.collect_all(
        [
            counts,
            why.unnest("unpriced_reason"),
            _dollars(known, basis),
            _dollars(untested, pl.col("unreplayable_reasons").list.join(" + ")),
            _apart_usd(rows.filter(~billable)),
        ]
    )
    numbers: dict[str, Any] = {name: int(value) for name, value in found.row(0, named=True).items()}
    spend, untestable, apart = ({str(word): exact_sum(usd) for word, usd in table.iter_rows()} for table in sums)
    return AttemptLedger(
        **numbers,
        unpriced=Counter(dict(unpriced.iter_rows())),
        spend_usd=spend,
        not_auditable_usd=untestable,
        apart_usd=apart,
    )


def _word(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String)


def _apart_usd(rows: pl.LazyFrame) -> pl.LazyFrame:
    """What the log says that rows cost which are no billable request, by what they are."""
    return _dollars(rows.filter(pl.col("cost_usd_logged") > 0).with_columns(usd="cost_usd_logged"), apart())


def _dollars(rows: pl.LazyFrame, by: pl.Expr) -> pl.LazyFrame:
    """All dollars of each word, to be summed exactly."""
    return rows.select(by.alias("by"), "usd").group_by("by", maintain_order=True).agg("usd")
