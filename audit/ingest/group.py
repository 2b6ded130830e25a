"""The second pass: what needs the whole log. Duplicates, attempts, unique ids, recomputed cost.

Only a few narrow columns are held for the whole log; everything else passes through part by part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audit.core.artifacts import private_file
from audit.core.rates import CallKind, Rates, RatesOf
from audit.core.reason import Reason
from audit.core.schemas import BODIES, TRAFFIC
from audit.core.tier import PER_MILLION
from audit.core.traffic import BILLABLE_STATUSES, Apart, exact_sum
from audit.ingest.row import SECOND_PASS, copy_id
from audit.ingest.work import PartFiles, bodies_writer, whole_file

_KEYS = (
    *("row_id", "dedupe_key", "logical_request_id", "started_at", "status"),
    *("cost_usd_logged", "prompt_tokens", "completion_tokens"),
)
_NEEDED = (
    "row_id", "source_file", "status", "cache_hit", "provider", "model_key", "model_responded", "model_called",
    "started_at", "service_tier", "batch", "operation", "cost_usd_logged", "secrets_masked", "prompt_tokens",
    "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "audio_tokens",
    "completion_audio_tokens", "image_tokens", "completion_image_tokens", "cost_basis", "replayable",
    "unreplayable_reasons",
)  # fmt: skip
_KIND = ("model_key", "model_responded", "model_called", "provider", "service_tier", "batch", "slot")
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
class Fixes:
    """What the second pass changes in one part, as frames by row position (`at`)."""

    ids: pl.DataFrame  # at, row_id
    duplicates: pl.DataFrame  # at, duplicate_of
    attempts: pl.DataFrame  # at, attempt_index, is_final_attempt


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


_NONE = pl.DataFrame(schema={"at": pl.Int64})


def find_fixes(parts: Sequence[PartFiles]) -> list[Fixes]:
    """Compare the keys of all parts."""
    keys = pl.concat([_keys(part) for part in parts]) if parts else pl.DataFrame()
    if not len(keys):
        return [Fixes(_NONE, _NONE, _NONE) for _ in parts]
    keys = keys.with_row_index("order")
    ids = _renamed(keys, parts)
    duplicates, kept = _duplicates(keys, parts, ids)
    attempts = _attempts(keys, kept)
    # Taken apart once: a filter for each part would read the whole log's fixes as often as there are parts.
    apart = [
        frame.sort("part", "at").partition_by("part", as_dict=True, include_key=False)
        for frame in (ids, duplicates, attempts)
    ]
    return [Fixes(*(of_part.get((number,), _NONE) for of_part in apart)) for number in range(len(parts))]


def _keys(part: PartFiles) -> pl.DataFrame:
    """A part's keys as 64-bit hashes: 40 bytes a row instead of 200, and 1e-7 chance of one clash in two million."""
    frame = pl.DataFrame(pl.from_arrow(_draft(part).select(_KEYS)))
    return frame.select(
        pl.lit(part.number, pl.Int32).alias("part"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("at"),
        pl.col("row_id").hash(),
        pl.when(pl.col("dedupe_key").is_not_null()).then(pl.col("dedupe_key").hash()).alias("dedupe_key"),
        pl.col("logical_request_id").hash().alias("logical"),
        pl.col("started_at").cast(pl.Int64),
        pl.col("status").cast(pl.String).is_in(list(BILLABLE_STATUSES)).alias("answered"),
        pl.when(pl.col("cost_usd_logged") > 0)
        .then(0)
        .when(pl.col("prompt_tokens").is_not_null() & pl.col("completion_tokens").is_not_null())
        .then(1)
        .otherwise(2)
        .cast(pl.Int8)
        .alias("unpriced"),
    )


def _draft(part: PartFiles) -> pa.Table:
    with pa.memory_map(str(part.draft)) as file:
        return pa.ipc.open_file(file).read_all()


def _text_at(parts: Sequence[PartFiles], places: pl.DataFrame, column: str) -> list[str]:
    """A column's values at (part, at) places, parts read once each."""
    found: dict[tuple[int, int], str] = {}
    for (part,), rows in places.unique().group_by("part"):
        positions = rows["at"].to_list()
        values = _draft(parts[int(str(part))])[column].take(pa.array(positions, pa.int64())).to_pylist()
        found.update(zip(((int(str(part)), at) for at in positions), values, strict=True))
    return [found[place] for place in places.select("part", "at").iter_rows()]


def _renamed(keys: pl.DataFrame, parts: Sequence[PartFiles]) -> pl.DataFrame:
    """New ids for records whose bytes stand in an earlier part too."""
    repeats = keys.filter(pl.col("row_id").is_duplicated()).with_columns(
        pl.col("order").rank("ordinal").over("row_id").cast(pl.Int64).alias("number") - 1
    )
    later = repeats.filter(pl.col("number") > 0).select("part", "at", "number")
    old = _text_at(parts, later.select("part", "at"), "row_id")
    new = [copy_id(f"{row_id}/later", number) for row_id, number in zip(old, later["number"], strict=True)]
    return later.select("part", "at").with_columns(pl.Series("row_id", new, dtype=pl.String))


def _duplicates(keys: pl.DataFrame, parts: Sequence[PartFiles], ids: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that repeat another, with the id of the one that is kept; and the keys that remain.

    Kept is the first that says what it cost, else the first that says its tokens: a gateway may write a call down when
    it begins, and again when it knows the bill.
    """
    same = keys.filter(pl.col("dedupe_key").is_not_null() & pl.col("dedupe_key").is_duplicated()).with_columns(
        pl.col("order").sort_by("unpriced", "order").first().over("dedupe_key").alias("kept")
    )
    extra = same.filter(pl.col("order") != pl.col("kept")).select("part", "at", "order", "kept")
    homes = extra.join(
        keys.select(pl.col("order").alias("kept"), pl.col("part").alias("kept_part"), pl.col("at").alias("kept_at")),
        on="kept",
        how="left",
        maintain_order="left",
    )
    places = homes.select(pl.col("kept_part").alias("part"), pl.col("kept_at").alias("at"))
    renamed = {(part, at): row_id for part, at, row_id in ids.iter_rows()}
    original = _text_at(parts, places, "row_id")
    names = [renamed.get(place, text) for place, text in zip(places.iter_rows(), original, strict=True)]
    duplicates = extra.select("part", "at").with_columns(pl.Series("duplicate_of", names, dtype=pl.String))
    return duplicates, keys.join(extra.select("order"), on="order", how="anti")


def _attempts(keys: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Place of each attempt in its logical request; the last that was answered, else the last, is what the client got.

    An answered attempt ends its request: a later one of the same id that is answered too is a request of its own, as
    where the id is a conversation's. Duplicates are no attempts of their own: place 0, never final.
    """
    grouped = kept.filter(pl.col("logical").is_duplicated()).sort("logical", "started_at", "order", nulls_last=True)
    answers = pl.col("answered").cum_sum().over("logical") - pl.col("answered")
    last = (pl.col("answered").sum().over("logical").cast(pl.Int64) - 1).clip(lower_bound=0)
    grouped = grouped.with_columns(pl.min_horizontal(answers.cast(pl.Int64), last).alias("turn"))
    one = ("logical", "turn")
    place = pl.int_range(pl.len(), dtype=pl.Int64).over(one)
    rank = pl.when("answered").then(place + pl.len().over(one)).otherwise(place)
    attempts = grouped.select(
        "part",
        "at",
        place.clip(upper_bound=2**15 - 1).cast(pl.Int16).alias("attempt_index"),
        (rank == rank.max().over(one)).alias("is_final_attempt"),
    )
    extra = keys.join(kept.select("order"), on="order", how="anti").select(
        "part",
        "at",
        pl.lit(0, pl.Int16).alias("attempt_index"),
        pl.lit(False).alias("is_final_attempt"),
    )
    return pl.concat([attempts, extra])


def finish_part(job: FinishJob) -> AttemptLedger:
    """Write a part's traffic, complete. Its draft stays: the part may have to be finished again by another worker."""
    files, fixes = job.files, job.fixes
    draft = _draft(files)
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
    return replace(_ledger(frame), warnings=_warnings(draft["ingest_warnings"]))


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
    if len(fixes.attempts):
        frame = frame.join(fixes.attempts, on="at", how="left", maintain_order="left")
        return frame.with_columns(pl.col("attempt_index").fill_null(0), pl.col("is_final_attempt").fill_null(True))
    return frame.with_columns(pl.lit(0, pl.Int16).alias("attempt_index"), pl.lit(True).alias("is_final_attempt"))


def _priced(frame: pl.DataFrame, rates_of: RatesOf | None) -> pl.DataFrame:
    """Add the cost by the price table, with the table's version, or the reason why there is none."""
    # DeepSeek's are the only prices that change within a day, at half past an hour.
    half_hours = pl.col("model_key").fill_null("").str.contains("deepseek")
    start = pl.col("started_at")
    frame = frame.with_columns(
        pl.when(half_hours).then(start.dt.truncate("30m")).otherwise(start.dt.truncate("1d")).alias("slot")
    )
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
            at=kind["slot"],
            service_tier=kind["service_tier"],
            batch=bool(kind["batch"]),
        )
    )


def _with_rates(frame: pl.DataFrame, found: Sequence[Sequence[Rates] | Reason]) -> pl.DataFrame:
    """Join each row's rates, those of its prompt's length, as columns `_input`, `_output`, ...; nulls without rates."""
    rates = {f"_{name}": pl.Float64 for name in _RATES}
    schema = {"kind": pl.UInt32, "_above": pl.Int64, **rates, "price_table_version": pl.String, "_why": pl.String}
    steps: dict[int, list[dict[str, Any]]] = {0: []}
    for kind, of_kind in enumerate(found):
        if isinstance(of_kind, Reason):
            steps[0].append({"kind": kind, "_why": of_kind.value})
            continue
        for number, step in enumerate(of_kind):
            row = {f"_{name}": getattr(step, name) for name in _RATES}
            row |= {"kind": kind, "_above": step.above, "price_table_version": step.source}
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
    cost = pl.when(wrote != 0).then(cost + wrote * rate["output"]).otherwise(cost)
    for tokens, name in ((hourly, "cache_write_1h"), (heard, "input_audio"), (said, "output_audio")):
        cost = pl.when(tokens > 0).then(cost + tokens * rate[name]).otherwise(cost)
    for tokens, name, plain in ((seen, "input_image", "input"), (drawn, "output_image", "output")):
        dearer = (rate[name] - rate[plain]).fill_null(0)
        cost = pl.when((tokens > 0) & (dearer != 0)).then(cost + tokens * dearer).otherwise(cost)
    return pl.when(_billed() & (prompt + completion > 0)).then(cost / PER_MILLION)


def _why() -> pl.Expr:
    untold = (pl.col("prompt_tokens").fill_null(0) + pl.col("completion_tokens").fill_null(0)) == 0
    return (
        pl.when(pl.col("_why").is_not_null())
        .then(pl.col("_why"))
        .when(untold | pl.col("prompt_tokens").is_null() | pl.col("completion_tokens").is_null())
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
            _apart_usd(rows.filter(~billable), single, hit),
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


def _apart_usd(rows: pl.LazyFrame, single: pl.Expr, hit: pl.Expr) -> pl.LazyFrame:
    """What the log says that rows cost which are no billable request, by what they are."""
    kind = (
        pl.when(~single)
        .then(pl.lit(Apart.TWICE.value))
        .when(hit)
        .then(pl.lit(Apart.CACHE.value))
        .when(pl.col("status") == "error")
        .then(pl.lit(Apart.FAILED.value))
        .otherwise(pl.lit(Apart.UNKNOWN.value))
    )
    return _dollars(rows.filter(pl.col("cost_usd_logged") > 0).with_columns(usd="cost_usd_logged"), kind)


def _dollars(rows: pl.LazyFrame, by: pl.Expr) -> pl.LazyFrame:
    """All dollars of each word, to be summed exactly."""
    return rows.select(by.alias("by"), "usd").group_by("by", maintain_order=True).agg("usd")
