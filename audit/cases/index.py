"""The cases of a run as one table in memory, without a text: what filters, sorts, counts and pages work on.

A case is a sampled request of the log with the answer of one candidate to it. Texts stay on the disk;
`audit.cases.texts` reads those of one case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from audit.core.artifacts import RunFolder

INCUMBENT, CANDIDATE = "incumbent", "candidate"

KIND = (
    pl.when(pl.col("today").is_null() | pl.col("other").is_null())
    .then(pl.lit("unmeasured"))
    .when(pl.col("today") & pl.col("other"))
    .then(pl.lit("both_pass"))
    .when(pl.col("today"))
    .then(pl.lit("only_incumbent"))
    .when(pl.col("other"))
    .then(pl.lit("only_candidate"))
    .otherwise(pl.lit("both_fail"))
)
"""Which of both answers is accepted, in the words of `Case.kind`; `unmeasured` where that is not known of both."""

_TRAFFIC = ("row_id", "request_id", "tenant", "prompt_tokens", "prompt_chars", "n_turns")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseIndex:
    """The cases of a run as they were on the disk at one time.

    Attributes:
        cases: One row a case: exchange_id, tier, route, request_id, request_fp, model, tenant, prompt_tokens,
            prompt_chars, n_turns, cost_usd (of the log), call_usd (of the replay), status, today and other (whether
            the answers are accepted), why (there is no verdict), kind, purpose, draw_order, split.
        failed: One row for each criterion that fails on an answer of a case: exchange_id, tier ("" for the log's own
            answer) and criterion.
        criteria: Names of the criteria by route, in the order of the routes' lists.
        stamp: Of the files that this was read from.
    """

    cases: pl.DataFrame
    failed: pl.DataFrame
    criteria: dict[str, tuple[str, ...]]
    stamp: tuple[tuple[str, int, int], ...]

    @classmethod
    def read(cls, folder: RunFolder) -> CaseIndex:
        """Read what the stages have written so far; a stage that has not run leaves its columns empty."""
        before = stamp_of(folder)
        cases = _cases(folder)
        failed, criteria = _scores(folder.scores)
        return cls(cases=cases, failed=failed, criteria=criteria, stamp=before)

    def criteria_of(self, route: str) -> tuple[str, ...]:
        """Names of a route's criteria; of all routes for ""."""
        every = (name for names in self.criteria.values() for name in names)
        return self.criteria.get(route, ()) if route else tuple(dict.fromkeys(every))

    def row(self, exchange_id: str, tier: str) -> dict[str, object] | None:
        """One case; of a request without a replay by this tier, its first. None where there is no such request."""
        rows = self.cases.filter(pl.col("exchange_id") == exchange_id)
        found = rows.filter(pl.col("tier") == tier)
        return (found if found.height else rows).row(0, named=True) if rows.height else None


def stamp_of(folder: RunFolder) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of the files that an index is read from: equal stamps, equal index."""
    paths = (folder.slice, folder.replay_table, folder.accepted, folder.scores, *folder.traffic_files())
    return tuple(_stamp(path) for path in paths if path.exists())


def _stamp(path: Path) -> tuple[str, int, int]:
    seen = path.stat()
    return path.name, seen.st_mtime_ns, seen.st_size


def plain(table: pl.DataFrame) -> pl.DataFrame:
    """Words of small vocabularies as plain text."""
    return table.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _cases(folder: RunFolder) -> pl.DataFrame:
    columns = ("exchange_id", "route", "purpose", "draw_order", "split", "request_fp", "incumbent_model", "cost_usd")
    drawn = plain(pl.read_parquet(folder.slice, columns=list(columns)))
    # A request of both samples is one case; its place in the sample of quality says more.
    drawn = drawn.sort(pl.col("purpose") != "quality", "draw_order", "exchange_id").unique(
        "exchange_id", maintain_order=True
    )
    cases = (
        drawn.rename({"incumbent_model": "model"})
        .join(_traffic(folder, drawn["exchange_id"]), on="exchange_id", how="left", maintain_order="left")
        .join(_replays(folder.replay_table), on=["request_fp", "route"], how="left", maintain_order="left")
        .with_columns(pl.col("tier").fill_null(""))
    )
    accepted = _accepted(folder.accepted)
    today = accepted.filter(pl.col("arm") == INCUMBENT).select("exchange_id", today="accepted", why_today="reason")
    other = accepted.filter(pl.col("arm") == CANDIDATE).select("exchange_id", "tier", other="accepted", why="reason")
    return (
        cases.join(today, on="exchange_id", how="left", maintain_order="left")
        .join(other, on=["exchange_id", "tier"], how="left", maintain_order="left")
        .with_columns(kind=KIND, why=pl.coalesce("why", "why_today"))
        .drop("why_today")
    )


def _traffic(folder: RunFolder, ids: pl.Series) -> pl.DataFrame:
    files = [str(path) for path in folder.traffic_files()]
    wanted = pl.scan_parquet(files).select(_TRAFFIC).filter(pl.col("row_id").is_in(ids.implode()))
    return plain(wanted.collect()).rename({"row_id": "exchange_id"})


def _replays(table: Path) -> pl.DataFrame:
    """The first answer of every candidate to every request."""
    if not table.exists():
        kinds = {"call_usd": pl.Float64}
        columns = ("request_fp", "route", "tier", "status", "call_usd")
        return pl.DataFrame(schema={name: kinds.get(name, pl.String) for name in columns})
    rows = pl.scan_parquet(table).select(
        *("request_fp", "route", "tier", "arm", "repeat", "status"),
        call_usd="cost_usd",
        answer_tokens="completion_tokens",
    )
    return plain(rows.collect()).filter((pl.col("arm") == CANDIDATE) & (pl.col("repeat") == 0)).drop("arm", "repeat")


def _accepted(table: Path) -> pl.DataFrame:
    columns = ["exchange_id", "arm", "tier", "repeat", "accepted", "reason"]
    if not table.exists():
        kinds = {"accepted": pl.Boolean, "repeat": pl.Int16}
        return pl.DataFrame(schema={name: kinds.get(name, pl.String) for name in columns})
    return plain(pl.read_parquet(table, columns=columns)).filter(pl.col("repeat") == 0)


def _scores(table: Path) -> tuple[pl.DataFrame, dict[str, tuple[str, ...]]]:
    """What fails, and the names of all criteria."""
    if not table.exists():
        return pl.DataFrame(schema=dict.fromkeys(("exchange_id", "tier", "criterion"), pl.String)), {}
    lazy = pl.scan_parquet(table)
    named = lazy.select("route", "position", "criterion").unique().sort("route", "position", "criterion").collect()
    criteria: dict[str, list[str]] = {}
    for route, _, criterion in named.iter_rows():
        criteria.setdefault(route, []).append(criterion)
    failed = lazy.filter(~pl.col("passed") & (pl.col("repeat") == 0)).select("exchange_id", "arm", "tier", "criterion")
    rows = plain(failed.collect()).filter(pl.col("arm").is_in([INCUMBENT, CANDIDATE])).drop("arm")
    return rows, {route: tuple(dict.fromkeys(names)) for route, names in criteria.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which cases are listed, as an address says it. Every field narrows the list; "" and None leave it.

    Attributes:
        route: Name.
        tier: The candidate.
        show: `all`, `differ`, or a kind of `KIND`.
        criterion: It fails on the candidate's answer, or on the log's own.
        tenant: Name.
        least_tokens: Of the prompt.
        most_tokens: Of the prompt.
        least_usd: That the request was billed.
        most_usd: That the request was billed.
        text: In the conversation or in one of both answers, whatever its case.
        sort: `drawn` (the order of the sample, which is random), `cost` or `length` (the largest first).
    """

    route: str = ""
    tier: str = ""
    show: str = "all"
    criterion: str = ""
    tenant: str = ""
    least_tokens: int | None = None
    most_tokens: int | None = None
    least_usd: float | None = None
    most_usd: float | None = None
    text: str = ""
    sort: str = "drawn"


SORTS = ("drawn", "cost", "length")
SHOWN = ("all", "differ", "only_incumbent", "only_candidate", "both_fail", "both_pass", "unmeasured")
DIFFER = ("only_incumbent", "only_candidate")


def selected(index: CaseIndex, filters: Filters, found: Sequence[str] | None = None) -> pl.DataFrame:
    """The cases that all filters but `show` keep, in order.

    Args:
        index: Of the run.
        filters: What is wanted.
        found: Exchanges in which the text occurs, from `audit.cases.texts.holding`; None where no text is looked for.
    """
    keep = pl.lit(True)
    for column, value in (("route", filters.route), ("tier", filters.tier), ("tenant", filters.tenant)):
        keep &= pl.col(column) == value if value else pl.lit(True)
    for column, least, most in (
        ("prompt_tokens", filters.least_tokens, filters.most_tokens),
        ("cost_usd", filters.least_usd, filters.most_usd),
    ):
        keep &= pl.lit(True) if least is None else pl.col(column) >= least
        keep &= pl.lit(True) if most is None else pl.col(column) <= most
    rows = index.cases.filter(keep)
    if filters.criterion:
        failed = index.failed.filter(pl.col("criterion") == filters.criterion)
        own = failed.filter(pl.col("tier") == "")["exchange_id"].implode()
        rows = rows.join(
            failed.select("exchange_id", "tier", fails=True).unique(),
            on=["exchange_id", "tier"],
            how="left",
            maintain_order="left",
        )
        rows = rows.filter(pl.col("fails").fill_null(False) | pl.col("exchange_id").is_in(own)).drop("fails")
    if found is not None:
        rows = rows.filter(pl.col("exchange_id").is_in(pl.Series(found, dtype=pl.String).implode()))
    first = {"cost": "cost_usd", "length": "prompt_chars"}.get(filters.sort)
    return rows if first is None else rows.sort(first, descending=True, nulls_last=True, maintain_order=True)


def shown(rows: pl.DataFrame, show: str) -> pl.DataFrame:
    """Those of the cases that `Filters.show` asks for."""
    if show == "all":
        return rows
    return rows.filter(pl.col("kind").is_in(DIFFER) if show == "differ" else pl.col("kind") == show)


def counts(rows: pl.DataFrame) -> dict[str, int]:
    """How many cases each value of `Filters.show` would list."""
    kinds = dict(rows["kind"].value_counts().iter_rows())
    found = {show: int(kinds.get(show, 0)) for show in SHOWN}
    return {**found, "all": rows.height, "differ": sum(found[kind] for kind in DIFFER)}
