"""The sampling frame: the billable requests of the traffic by route, and which of them can be replayed.

One pass over the log adds up what a plan is worked out from and writes down a few numbers of each request (`spool.py`);
the rows themselves stay where they are, and those that are drawn are read by their place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.errors import InputError
from audit.core.exactly import in_pieces, total_of
from audit.core.policy import bare
from audit.core.tier import Tier
from audit.sampling.pool import RoutePool
from audit.sampling.rows import DRAWN, Rows, TrafficRows, billed_rows
from audit.sampling.spool import RECORD, Records, Spool
from audit.sampling.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFrame:
    """One route's billable requests.

    Attributes:
        route: Name.
        requests: Number of billable requests.
        spend_usd: Billed for them, unknown costs left out.
        pool: The replayable ones, of known cost unless asked otherwise.
        models: Spend per model, largest first.
        unreplayable: Requests that cannot be audited, by first reason.
        unreplayable_usd: Their spend, by first reason.
        segments: Auditable requests and their spend by tenant, region and environment; "" where the log names none.
        weights: The least and the largest number of calls that one of them stands for.
        shape: Histograms of the billable requests over `rows.BINS`, by column, without the empty bins at the end.
    """

    route: str
    requests: int
    spend_usd: float
    pool: RoutePool
    models: dict[str, float]
    unreplayable: dict[str, int]
    unreplayable_usd: dict[str, float]
    segments: dict[str, dict[str, tuple[int, float]]] = field(default_factory=dict)
    weights: tuple[float, float] = (1.0, 1.0)
    shape: dict[str, list[int]] = field(default_factory=dict)

    @property
    def rows(self) -> pl.DataFrame:
        """The replayable requests, held, in the order of their `row_id`: as long as the route; a pass over the log."""
        return self.pool.rows.of_routes([self.route], DRAWN)[self.route]

    @property
    def replayable(self) -> int:
        """How many can be replayed."""
        return self.pool.requests

    @property
    def auditable_usd(self) -> float:
        """Spend on the requests that can be replayed."""
        return self.pool.usd

    @property
    def incumbent(self) -> str:
        """The model with the largest spend."""
        return next(iter(self.models), "unknown")


def route_frames(
    traffic_files: Sequence[Path], *, tiers: Iterable[Tier] = (), seed: int | None = None, priced: bool = True
) -> list[RouteFrame]:
    """The frame of every route, routes in name order.

    Requests without a route form the route "".

    Args:
        traffic_files: Of the run folder.
        tiers: Whose prices the requests may be held against.
        seed: Of the random order in which requests are drawn; None where none is drawn.
        priced: Requests of unknown cost cannot be audited; False keeps them, for what needs answers alone.

    Raises:
        InputError: The logs hold no billable request.
    """
    return frames_of(TrafficRows(traffic_files, priced=priced), bounds=price_bounds(tiers), seed=seed)


def price_bounds(tiers: Iterable[Tier]) -> list[int]:
    """Prompt lengths in tokens at which a price of some tiers changes, in order."""
    return sorted({step.above for tier in tiers for price in (tier.price, tier.replay_price) for step in price.steps})


def frames_of(rows: Rows, *, bounds: Sequence[int] = (), seed: int | None = None) -> list[RouteFrame]:
    """The same of any rows.

    Args:
        rows: Of the log.
        bounds: Prompt lengths in tokens at which some price changes.
        seed: As of `route_frames`.

    Raises:
        InputError: There is no billable request.
    """
    tally, spool, cells = Tally(bounds), None if seed is None else Spool(), dict[tuple[str, str], int]()
    for part in rows.parts():
        if part.height:
            tally.add(part)
            audited = part.filter(pl.col("reason").is_null())
            numbers = _number(audited, cells)
            if spool is not None and seed is not None:
                spool.add(numbers, _records(audited, seed))
    if not tally.seen:
        raise InputError("the logs hold no answered request, so there is nothing to audit", code="input.no-requests")
    models, lost, segments, shapes = tally.models(), tally.lost(), tally.segments(), tally.shapes()
    tokens = {str(key[0]): part for key, part in tally.tokens().partition_by("route", as_dict=True).items()}
    nothing = tally.tokens().head(0)
    of_route: dict[str, dict[str, int]] = {}
    for (route, model), cell in cells.items():
        of_route.setdefault(route, {})[model] = cell
    return [
        RouteFrame(
            route=row["route"],
            requests=row["requests"],
            spend_usd=row["usd"],
            pool=RoutePool(
                rows=rows,
                spool=spool,
                cells=of_route.get(row["route"], {}),
                tokens=tokens.get(row["route"], nothing),
            ),
            models=models[row["route"]],
            unreplayable={name: requests for name, (requests, _) in lost.get(row["route"], {}).items()},
            unreplayable_usd={name: usd for name, (_, usd) in lost.get(row["route"], {}).items()},
            segments={name: found.get(row["route"], {}) for name, found in segments.items()},
            weights=(row["lightest"], row["heaviest"]),
            shape=shapes[row["route"]],
        )
        for row in tally.routes().iter_rows(named=True)
    ]


def spooled(rows: Rows, cells: dict[tuple[str, str], int], seed: int) -> Spool:
    """The numbers of each request of a log whose frames are at hand, written down in a pass over it when one of them is
    asked for.

    Args:
        rows: Of the log.
        cells: By route and model, the cell that the frames say.
        seed: Of the random order in which requests are drawn.
    """

    def fill(spool: Spool) -> None:
        for part in rows.parts():
            audited = part.filter(pl.col("reason").is_null())
            if audited.height:
                spool.add(_number(audited, cells), _records(audited, seed))

    return Spool(fill=fill)


def rows_of(frames: Sequence[RouteFrame], columns: Sequence[str] = DRAWN) -> dict[str, pl.DataFrame]:
    """The replayable requests of some routes, held, by route, in the order of their `row_id`; a pass over each log.

    Args:
        frames: Of the routes.
        columns: Of `rows.DRAWN`.
    """
    logs = {id(frame.pool.rows): frame.pool.rows for frame in frames}
    found: dict[str, pl.DataFrame] = {}
    for name, rows in logs.items():
        found |= rows.of_routes([frame.route for frame in frames if id(frame.pool.rows) == name], columns)
    return found


def recomputed_usd(traffic_files: Sequence[Path]) -> float | None:
    """Spend of the billable requests by the price table, rounded once; None unless it prices every one of them."""
    known = pl.col("cost_usd_recomputed")
    sums = billed_rows(traffic_files).select(*in_pieces(known, "usd"), unpriced=known.is_null()).sum()
    table = sums.collect(engine="streaming")
    return None if table["unpriced"].sum() else total_of(table, "usd")


def served_by(model: str) -> pl.Expr:
    """Rows that a model served, whatever provider the log writes before its name."""
    return pl.col("model").str.split("/").list.last() == bare(model)


def priorities(row_ids: Sequence[str], seed: int) -> npt.NDArray[np.uint64]:
    """A number for each row, by which rows are in a random order; it depends on the row's id and the seed alone.

    Every beginning of that order is a simple random sample without replacement, and a row keeps its place relative to
    the others when rows are added to the log.
    """
    keyed = hashlib.blake2b(digest_size=8, key=seed.to_bytes(16, "big", signed=True))

    def name(row_id: str) -> bytes:
        mine = keyed.copy()
        mine.update(row_id.encode())
        return mine.digest()

    return np.frombuffer(b"".join(map(name, row_ids)), dtype=">u8").astype(np.uint64)


def _number(part: pl.DataFrame, cells: dict[tuple[str, str], int]) -> npt.NDArray[np.uint32]:
    """The cell of each row, shape (n,); a route and a model that are new are given one."""
    named = part.select("route", "model")
    for route, model in named.unique().sort("route", "model").iter_rows():
        cells.setdefault((route, model), len(cells))
    known = pl.DataFrame(
        [(route, model, cell) for (route, model), cell in cells.items()],
        schema={"route": pl.String, "model": pl.String, "cell": pl.UInt32},
        orient="row",
    )
    return named.join(known, on=["route", "model"], how="left", maintain_order="left")["cell"].to_numpy()


def _records(part: pl.DataFrame, seed: int) -> Records:
    """The numbers of each row that are written down, shape (n,)."""
    records = np.empty(part.height, dtype=RECORD)
    for name in ("key", "place"):
        records[name] = part[name].to_numpy()
    for name in ("session", "prompt"):
        # A hash of 0 is no hash: of texts it is one in 2^64.
        records[name] = part[name].fill_null(0).to_numpy()
    records["cost"] = part["cost_usd"].fill_null(float("nan")).to_numpy()
    records["priority"] = priorities(part["row_id"].to_list(), seed)
    return records
