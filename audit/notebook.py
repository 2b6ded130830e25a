"""A finished run as polars frames, for notebooks and scripts: `audit.open("runs/7f3a9c1e")`.

Every figure is read from the run folder as it stands there; nothing is worked out again. A column has the name that the
field has in `findings.json`. An estimate `x` is three columns: `x`, `x_low` and `x_high`, the ends of its interval;
an end that is not known, or has no bound, is null. Shares and changes of quality are fractions, not points: a margin of
3 points is 0.03. Dollars end in `_usd`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder, read_cases, read_run
from audit.core.display import plural, usd, usd_interval
from audit.core.errors import InputError
from audit.core.finding import CandidateFinding, Findings
from audit.core.interval import Estimate
from audit.core.plain import to_plain


class FinishedRun:
    """A finished run.

    Attributes:
        path: Its folder.
        findings: What was concluded, as the report has it, with every detail; the frames below are parts of it.

    Raises:
        InputError: There is no run at this path, or it has not been concluded.
    """

    def __init__(self, path: Path | str) -> None:
        self._folder = RunFolder(path)
        self.path = self._folder.path
        self.findings: Findings = read_run(path)

    @cached_property
    def routes(self) -> pl.DataFrame:
        """One row a route: what to do with it, what that saves, and what proves it."""
        return _frame(self.findings.routes, _ROUTES)

    @cached_property
    def candidates(self) -> pl.DataFrame:
        """One row for each tier that was tested on a route as a whole, with its paired counts and its verdict."""
        tested = (_Tested(route.route, found) for route in self.findings.routes for found in route.candidates)
        return _frame(tested, _CANDIDATES)

    @cached_property
    def mix(self) -> pl.DataFrame:
        """One row a route and model of the log: requests, dollars, and the model's shares of the route."""
        rows = [{"route": row.name, **to_plain(share)} for row in self.findings.mix.by_route for share in row.models]
        return pl.DataFrame(rows, schema=_MIX)

    @cached_property
    def trend(self) -> pl.DataFrame:
        """One row a day and model: the day's requests and dollars, and the model's share of its requests."""
        rows = [
            {"day": day.day, "requests": day.requests, "spend_usd": day.spend_usd, "model": model, "share": share}
            for day in self.findings.mix.trend
            for model, share in day.shares.items()
        ]
        return pl.DataFrame(rows, schema=_TREND).with_columns(pl.col("day").str.to_date())

    @cached_property
    def cases(self) -> pl.DataFrame:
        """One row for each case of the report: a request, both answers, and whether each was accepted."""
        return _frame(read_cases(self._folder.cases), _CASES)

    def traffic(self) -> pl.LazyFrame:
        """The log, one row a call, without its texts; not read before it is collected."""
        return pl.scan_parquet(self._existing(self._folder.traffic_files(), "traffic"))

    def replays(self) -> pl.LazyFrame:
        """Every answer that was replayed, with its tokens, cost and latency."""
        return pl.scan_parquet(self._existing([self._folder.replay_table], "replays"))

    def accepted(self) -> pl.LazyFrame:
        """Whether each answer, the log's own and the replayed, was accepted."""
        return pl.scan_parquet(self._existing([self._folder.accepted], "scores"))

    def scores(self) -> pl.LazyFrame:
        """What each criterion said of each answer."""
        return pl.scan_parquet(self._existing([self._folder.scores], "scores"))

    def _existing(self, files: list[Path], what: str) -> list[Path]:
        found = [file for file in files if file.is_file()]
        if not found:
            raise InputError(f"{self.path} has no {what}", code="run.incomplete", hint="audit replay LOGS")
        return found

    def __repr__(self) -> str:
        found = self.findings
        avoidable = f"{usd_interval(found.avoidable_usd)} avoidable" if found.tested else "nothing was replayed"
        about = "; demo data" * found.demo + "; simulated answers" * bool(found.simulated)
        routes = plural(len(found.routes), "route")
        return f"audit run {found.run_id}: {routes}, {usd(found.spend_usd)} paid, {avoidable}{about}"

    def _repr_html_(self) -> str:
        """For notebooks: the line of `repr`, and the routes."""
        return f"<p>{html.escape(repr(self))}</p>{self.routes._repr_html_()}"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a frame: its name, its type, and how it is read off what a row is about."""

    name: str
    kind: Any
    read: Callable[[Any], Any]


def _frame(items: Iterable[Any], columns: Sequence[_Column]) -> pl.DataFrame:
    found = list(items)
    data = {column.name: [_word(column.read(item)) for item in found] for column in columns}
    return pl.DataFrame(data, schema={column.name: column.kind for column in columns})


def _word(value: Any) -> Any:
    """An enum's own word: polars has no type for ours."""
    return value.value if isinstance(value, StrEnum) else value


def _field(path: str, kind: Any, name: str | None = None) -> _Column:
    """A column of the field at a dotted path, under the field's name."""
    return _Column(name or path.rpartition(".")[2], kind, attrgetter(path))


def _estimates(*paths: str) -> Iterator[_Column]:
    """Three columns for each estimate at a dotted path."""
    for path in paths:
        for end, part in (("", "est"), ("_low", "lo"), ("_high", "hi")):
            yield _Column(path.rpartition(".")[2] + end, pl.Float64, partial(_part, attrgetter(path), part))


def _part(read: Callable[[Any], Estimate | None], part: str, item: Any) -> float | None:
    found = read(item)
    return None if found is None else getattr(found, part)


@dataclass(frozen=True, slots=True)
class _Tested:
    """A row of `candidates`."""

    route: str
    of: CandidateFinding


_ROUTES = (
    _field("route", pl.String),
    _field("requests", pl.Int64),
    _field("spend_usd", pl.Float64),
    _field("auditable_usd", pl.Float64),
    _field("incumbent", pl.String),
    _field("recommendation.verdict", pl.String),
    _field("recommendation.reason", pl.String),
    _field("recommendation.tier", pl.String),
    _field("recommendation.model", pl.String),
    _field("recommendation.kind", pl.String),
    _field("share_moved", pl.Float64),
    *_estimates("avoidable_usd"),
    _field("up_to_usd", pl.Float64),
    *_estimates(*(f"recommendation.{name}_delta" for name in ("deciding", "quality", "content", "moved"))),
    _field("margin", pl.Float64),
    _field("recommendation.pairs.n", pl.Float64, "pairs"),
    _field("recommendation.p_noninferior", pl.Float64),
    *_estimates(*(f"recommendation.{name}" for name in ("accepted_today", "accepted_after", "cost_usd"))),
    _field("recommendation.grade", pl.String),
    _field("caveats", pl.List(pl.String)),
)
_CANDIDATES = (
    _field("route", pl.String),
    _field("of.tier", pl.String),
    _field("of.model", pl.String),
    _field("of.verdict", pl.String),
    _field("of.reason", pl.String),
    _field("of.n", pl.Int64),
    _field("of.both_pass", pl.Float64),
    _field("of.b", pl.Float64, "only_incumbent"),
    _field("of.c", pl.Float64, "only_candidate"),
    _field("of.both_fail", pl.Float64),
    *_estimates(*(f"of.{name}" for name in ("incumbent_rate", "candidate_rate", "quality_delta", "content_delta"))),
    _field("of.p_pass", pl.Float64, "p_noninferior"),
    _field("of.p_fail", pl.Float64, "p_inferior"),
    *_estimates("of.saving_usd", "of.cost_usd_full_log"),
)
_CASES = (
    *(_field(name, pl.String) for name in ("case_id", "exchange_id", "route", "kind")),
    _field("moved", pl.Boolean),
    _field("request", pl.String),
    *(
        _field(f"{side}.{field}", kind, f"{side}_{name}")
        for side in ("incumbent", "candidate")
        for name, field, kind in (
            ("tier", "tier", pl.String),
            ("answer", "text", pl.String),
            ("accepted", "passed", pl.Boolean),
            ("cost_usd", "cost_usd", pl.Float64),
        )
    ),
)
_MIX = {
    "route": pl.String,
    "model": pl.String,
    "requests": pl.Int64,
    "spend_usd": pl.Float64,
    "request_share": pl.Float64,
    "spend_share": pl.Float64,
}
_TREND = {"day": pl.String, "requests": pl.Int64, "spend_usd": pl.Float64, "model": pl.String, "share": pl.Float64}
