"""The same model for less: a dearer deployment, another region, a service tier, an old snapshot."""

from __future__ import annotations

import re

import polars as pl

from audit.core.exactly import column_of, in_pieces, pieces_of
from audit.core.levers import Effort, Kind, LeverBasis, LeverName, Unseen
from audit.core.partial import PartialSums
from audit.core.rates import RatesOf
from audit.levers.bill import CLASSES, MONEY, PRICING, listed, with_rates
from audit.levers.lever import CHANGES, Finder, Lever, LeverFound, Log, all_changes, bounded, repriced, unseen

ENOUGH = 20
"""Calls that show what a deployment is billed."""
NOTICEABLE = 0.01
"""A difference of price below this share is rounding."""
DEARER = ("priority", "fast")
"""Service tiers above the standard one."""
_PLACE = ("model", "provider", "served_region", "service_tier", "batch")
_DEPLOYMENT = (*_PLACE, "model_called")
_DAILY = (*_DEPLOYMENT, "day")
_OTHER = "model_called_other"
_PAID, _LIST = pieces_of("paid"), pieces_of("list")
_SNAPSHOT = re.compile(r"(?<=.)(-\d{4}-\d{2}-\d{2}|[-@]\d{8}|-\d{3,4})$")


class _SameModel:
    """Requests that the same model would have answered at a lower price.

    Counted is a deployment of the same model at the same provider, region and service tier that this log pays less for
    on the same days, by what it is billed there over its list price: a discount that began when the traffic moved from
    one deployment to another is no difference between the two. A ceiling are other regions and providers of the log
    (rules on where data may lie, and other servings), the standard service tier (speed), and the current snapshot of
    the model (its answers may differ: a replay tells).
    """

    def __init__(self, log: Log) -> None:
        self._rates_of = log.rates_of
        self._daily = PartialSums(_DAILY, ("calls", *_PAID, *_LIST))

    def look(self, bill: pl.DataFrame, _: int) -> None:
        """What each deployment is billed on each day, and what its list price would be."""
        cut = (*in_pieces(pl.col("left"), "paid"), *in_pieces(pl.col("left") / pl.col("scale"), "list"))
        rows = _paid(bill.filter("alive", "divided")).with_columns(cut)
        self._daily.add(rows.group_by(_DAILY).agg(pl.len().alias("calls"), pl.col(*_PAID, *_LIST).sum()))

    def find(self, bill: pl.DataFrame, _: int) -> LeverFound:
        """What would have cost less, in one part of the bill."""
        rows, blind = unseen(bill.filter("alive"), {Unseen.NO_RATES: ~pl.col("divided")})
        rows = _paid(rows)
        cheapest = _cheapest_here(_as_dollars(self._daily.table()))
        dearer = rows.join(cheapest, on=list(_DAILY), how="inner", nulls_equal=True, maintain_order="left")
        less = {name: pl.col(name) * pl.col("factor") for name in CLASSES}
        bounds = [
            _elsewhere(rows, self._billed(), self._rates_of),
            _standard_tier(rows, self._rates_of),
            _current_snapshot(rows, self._rates_of),
        ]
        return LeverFound(
            changes=all_changes(
                repriced(dearer, Kind.DEARER_DEPLOYMENT, less, pl.col("left") * (1 - pl.col("factor"))),
                pl.concat(bounds).sort("at_most", "at", descending=[True, False], maintain_order=True),
            ),
            unseen=blind,
        )

    def _billed(self) -> pl.DataFrame:
        """What each deployment is billed over its list price, of those with enough calls."""
        sums = self._daily.table().group_by(_DEPLOYMENT).agg(pl.col("calls", *_PAID, *_LIST).sum())
        enough = _as_dollars(sums).filter(pl.col("calls") >= ENOUGH)
        return enough.select(*_DEPLOYMENT, billed=pl.col("paid") / pl.col("list"))


def _begin(log: Log) -> Finder:
    work = _SameModel(log)
    return Finder(find=work.find, looks=(work.look,))


def _paid(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("left") > 0)


def _as_dollars(sums: pl.DataFrame) -> pl.DataFrame:
    """Sums in pieces as `paid` and `list`, USD, sorted: what is added up of them has one order."""
    dollars = [column_of(sums, name) for name in ("paid", "list")]
    return sums.drop(*_PAID, *_LIST).with_columns(dollars).sort(pl.all())


def _cheapest_here(daily: pl.DataFrame) -> pl.DataFrame:
    """By deployment and day, which part of its dollars the cheapest other one of the same place is billed.

    Two deployments are held against each other on the days on which both answered: what the calls of the one would have
    been billed at the rates that the other one had on each of these days, over what they were billed.

    Args:
        daily: Of each deployment and day: `calls`, and `paid` and `list` in USD.

    Returns:
        `_DAILY` and `factor`; only deployments that another one is cheaper than, and days that both share.
    """
    shared = daily.join(daily, on=[*_PLACE, "day"], how="inner", nulls_equal=True, suffix="_other")
    shared = shared.filter(pl.col("model_called").ne_missing(pl.col(_OTHER))).sort(pl.all())
    shared = shared.with_columns(there=pl.col("list") * pl.col("paid_other") / pl.col("list_other"))
    pairs = shared.group_by(*_DEPLOYMENT, _OTHER, maintain_order=True).agg(
        pl.col("calls", "calls_other", "paid", "there").sum(), pl.col("day")
    )
    pairs = pairs.with_columns(factor=pl.col("there") / pl.col("paid"))
    enough = pl.min_horizontal("calls", "calls_other") >= ENOUGH
    cheaper = pairs.filter(enough, pl.col("factor") < 1 - NOTICEABLE)
    best = cheaper.sort(pl.col("there") - pl.col("paid"), _OTHER).unique(_DEPLOYMENT, keep="first", maintain_order=True)
    return best.explode("day").select(*_DAILY, "factor")


def _elsewhere(rows: pl.DataFrame, deployments: pl.DataFrame, rates_of: RatesOf) -> pl.DataFrame:
    """The same model at another provider or region of this log."""
    places = deployments.group_by(*_PLACE).agg(pl.col("billed").min())
    several = places.filter(pl.len().over("model") > 1).select("model", "provider", "served_region", "billed").unique()
    found = [pl.DataFrame(schema=CHANGES)]
    for model, provider, region, billed in several.sort(pl.all()).iter_rows():
        here = rows.filter(
            pl.col("model") == model,
            ~(pl.col("provider").eq_missing(provider) & pl.col("served_region").eq_missing(region)),
        ).with_columns(provider=pl.lit(provider, pl.String))
        found.append(_at_list(here, rates_of, Kind.OTHER_REGION, pl.lit(billed)))
    return pl.concat(found)


def _standard_tier(rows: pl.DataFrame, rates_of: RatesOf) -> pl.DataFrame:
    dearer = rows.filter(pl.col("service_tier").str.to_lowercase().is_in(DEARER))
    return _at_list(
        dearer.with_columns(service_tier=pl.lit(None, pl.String)), rates_of, Kind.SERVICE_TIER, pl.col("scale")
    )


def _current_snapshot(rows: pl.DataFrame, rates_of: RatesOf) -> pl.DataFrame:
    """Dated models whose undated name has another entry in the price list."""
    dated = {model: name for model in rows["model"].unique() if (name := _SNAPSHOT.sub("", model)) != model}
    old = rows.filter(pl.col("model").is_in(list(dated)))
    current = old.with_columns(
        pl.col("model").replace_strict(dated, default=None, return_dtype=pl.String).alias("model_key"),
        model_responded=pl.lit(None, pl.String),
        model_called=pl.lit(None, pl.String),
    )
    return _at_list(current, rates_of, Kind.OLD_SNAPSHOT, pl.col("scale"))


def _at_list(rows: pl.DataFrame, rates_of: RatesOf, kind: Kind, scale: pl.Expr) -> pl.DataFrame:
    """What rows would have cost by other rates, times what is billed of a list price; those that would cost less."""
    saving = pl.col("left") - pl.sum_horizontal(listed("other").values(), ignore_nulls=False) * scale
    cheaper = with_rates(rows, rates_of, "other").filter(saving > pl.col("left") * NOTICEABLE)
    return bounded(cheaper, kind, saving)


LEVER = Lever(
    name=LeverName.SAME_MODEL,
    summary="the same model at a lower price",
    basis=LeverBasis.CERTAIN,
    effort=Effort.SETTING,
    change="route the model to its cheapest deployment; the standard tier and the current snapshot need a replay first",
    begin=_begin,
    reads=("at", "day", *MONEY, *PRICING, "model", "served_region", "scale", "divided"),
)
