"""The prompt cache of the vendor: prefixes that were paid for again, and what breaks them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import astuple, dataclass

import polars as pl

from audit.core.levers import AT_END, Effort, Kind, LeverBasis, LeverName, Unseen
from audit.levers.bill import CLASSES, IN_TIME, MONEY
from audit.levers.cache_streams import SHARED, TOKEN_ERROR, WAYS, Streams, tokens_of
from audit.levers.lever import CHANGES, Finder, Lever, LeverFound, Log, unseen
from audit.levers.prefixes import Parting, PromptStream, Sent
from audit.levers.prompts import read_prompts

LIFE = 300
"""Seconds that a prefix is taken to stay in any vendor's cache after its last use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRules:
    """The rules of a vendor's prompt cache, as published.

    Attributes:
        models: Names of models that they hold for.
        minimum: Tokens of a prefix at least.
        step: Tokens of a prefix are read in multiples of this.
        on_request: Nothing is cached unless the request asks for it.
    """

    models: re.Pattern[str]
    minimum: int
    step: int
    on_request: bool


def _claude(names: str, minimum: int) -> CacheRules:
    return CacheRules(models=re.compile(rf"claude.*(?:{names})"), minimum=minimum, step=1, on_request=True)


RULES = (
    _claude("sonnet-4-5|sonnet-4-2|sonnet-4$|opus-4-1|opus-4-2|opus-4$|3[-.]7-sonnet|3[-.]5-sonnet|3-opus", 1024),
    _claude("haiku-3|3[-.]5-haiku|3-haiku|sonnet-4-6", 2048),
    _claude("", 4096),
    CacheRules(models=re.compile(r"gemini-2\.5"), minimum=2048, step=1, on_request=False),
    CacheRules(models=re.compile(r"gemini-[3-9]"), minimum=4096, step=1, on_request=False),
    CacheRules(
        models=re.compile(r"(?:^|/)(?:gpt-4o|gpt-4\.[1-9]|gpt-[5-9]|o[1-9]|chatgpt)"),
        minimum=1024,
        step=128,
        on_request=False,
    ),
)
"""The first that holds. Sources: `docs/method/levers.md`."""
SHORTEST = min(rules.minimum for rules in RULES)
"""Tokens that no cache holds less of: shorter prompts are looked at, whatever their model, and nothing is found."""


class _PromptCache:
    """Requests that begin like one that was sent minutes before, by the rules of the vendor's cache.

    Counted is a cache that has to be asked for and was not, where its reads save more than its writes cost, at the
    lower end of the tokens that the equal bytes may be. A ceiling are prefixes that a vendor's own cache should have
    held, and prefixes that something short breaks: mending them changes the prompt, and a replay tells whether the
    answers stay.
    """

    def __init__(self, log: Log) -> None:
        self._files = log.files
        self._prompts: defaultdict[tuple[str, str], PromptStream] = defaultdict(PromptStream)
        self._partings = log.files.kept()
        self._streams = Streams()

    def compare(self, bill: pl.DataFrame, number: int) -> None:
        """First look: where each prompt parts from the ones before it in its stream, one model on one route."""
        long, _ = _long(bill)
        told = long.select("at", "route", "model", pl.col("started_at", "ended").cast(pl.Int64), session="session_id")
        facts = {at: rest for at, *rest in told.iter_rows()}
        found: list[Parting] = []
        for prompt in read_prompts(self._files, number, long):
            route, model, start, end, session = facts[prompt.at]
            found.append(self._prompts[route, model].compare(Sent(prompt, start, end), session, LIFE * 1_000_000))
        partings = pl.DataFrame([astuple(one) for one in found], schema=_PARTINGS, orient="row")
        self._partings.add(number, partings)
        self._streams.take(long.join(partings, on="at", how="inner"))

    def weigh(self, bill: pl.DataFrame, number: int) -> None:
        """Second look: what each way of asking for the cache would save on each stream."""
        self._streams.weigh(_saved(self._streams.known(self._seen(bill, number)[0])))

    def find(self, bill: pl.DataFrame, number: int) -> LeverFound:
        """What is told of the prompts of one part of the bill."""
        seen, unclear = self._seen(bill, number)
        priced = _priced(self._streams.with_way(_saved(self._streams.known(seen))))
        return LeverFound(changes=_changes(priced), unseen=unclear)

    def _seen(self, bill: pl.DataFrame, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        long, blind = _long(bill)
        compared = long.join(self._partings.part(number), on="at", how="left", maintain_order="left")
        seen, absent = unseen(compared, {Unseen.NO_PROMPT: pl.col("size").is_null()})
        return seen, pl.concat([blind, absent])


def _begin(log: Log) -> Finder:
    work = _PromptCache(log)
    return Finder(find=work.find, looks=(work.compare, work.weigh))


_PARTINGS = {
    "at": pl.UInt32, "before": pl.UInt32, "size": pl.Int64, "shared": pl.Int64, "mended": pl.Int64,
    "break": pl.String, "where": pl.String, "messages": pl.Int32,
}  # fmt: skip
"""A `Parting`, as columns."""


def _long(bill: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Requests whose prompt a cache would hold, and those of which nobody can tell."""
    candidates = bill.filter(pl.col("alive") & ~pl.col("batched") & (pl.col("prompt_tokens") >= SHORTEST))
    rows, blind = unseen(
        _with_rules(candidates),
        {Unseen.NO_RATES: ~pl.col("divided"), Unseen.NO_CACHE_RULES: pl.col("minimum").is_null()},
    )
    long = rows.filter((pl.col("prompt_tokens") >= pl.col("minimum")) & (pl.col("rate_cached") < pl.col("rate_input")))
    long, unclear = unseen(
        long,
        {
            Unseen.NO_CACHE_COUNTS: pl.col("cached_tokens").is_null(),
            Unseen.NO_TIME: pl.col("started_at").is_null() | pl.col("ended").is_null(),
            Unseen.MEDIA: pl.col("has_images") | pl.col("has_audio"),
        },
    )
    return long, pl.concat([blind, unclear])


def _with_rules(rows: pl.DataFrame) -> pl.DataFrame:
    """Add what the rules of each model say; nulls for a model without."""
    found = []
    for model in rows["model"].unique(maintain_order=True):
        rules = next((rules for rules in RULES if rules.models.search(model.lower())), None)
        if rules is not None:
            found.append((model, rules.minimum, rules.step, rules.on_request))
    schema = {"model": pl.String, "minimum": pl.Int64, "step": pl.Int64, "on_request": pl.Boolean}
    table = pl.DataFrame(found, schema=schema, orient="row")
    return rows.join(table, on="model", how="left", maintain_order="left")


def _saved(rows: pl.DataFrame) -> pl.DataFrame:
    """Add what a cache would have read and written of each prompt, and what that saves.

    Two ways of asking for it are tried on each stream that has none: a cache point behind the part that nine in ten of
    its prompts share (`head`), and one at the end of every prompt, for conversations (`end`).
    """
    fresh = pl.col("prompt_tokens") - pl.col("cached_tokens") - pl.col("cache_write_tokens").fill_null(0)
    rows = rows.with_columns(fresh=fresh)
    rows = rows.with_columns(unit=pl.when(pl.col("fresh") > 0).then(pl.col("input") / pl.col("fresh")).otherwise(0.0))
    fits = (pl.col("head") <= pl.col("size")).fill_null(False)
    reads = fits & (pl.col("shared") >= pl.col("head"))
    head_share = pl.col("head") / pl.col("size")
    rows = rows.with_columns(
        head_read=pl.when(reads).then(tokens_of(head_share, -TOKEN_ERROR)).otherwise(0.0),
        head_write=pl.when(fits & ~reads).then(tokens_of(head_share, TOKEN_ERROR)).otherwise(0.0),
        end_read=tokens_of(SHARED, -TOKEN_ERROR),
    ).with_columns(end_write=pl.col("prompt_tokens") - pl.col("end_read"))
    read, write = _read_saves(), pl.col("rate_written") / pl.col("rate_input") - 1
    return rows.with_columns(
        (pl.col("unit") * (pl.col(f"{way}_read") * read - pl.col(f"{way}_write") * write)).alias(f"{way}_saves")
        for way in WAYS
    )


def _read_saves() -> pl.Expr:
    """The share of a token's price that reading it from the cache saves."""
    return 1 - pl.col("rate_cached") / pl.col("rate_input")


def _priced(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the most that a cache could save of each prompt, its break mended."""
    mended = tokens_of(pl.col("mended") / pl.col("size"), TOKEN_ERROR)
    more = (mended - pl.col("cached_tokens")).clip(lower_bound=0.0)
    return rows.with_columns(
        best=pl.col("unit") * _read_saves() * pl.min_horizontal(more, pl.col("fresh").clip(lower_bound=0))
    )


def _changes(rows: pl.DataFrame) -> pl.DataFrame:
    """The bill of each prompt with its stream's way of caching, and the kind under which it is told."""
    picked = {
        what: pl.when(pl.col("way") == "head").then(f"head_{what}").when(pl.col("way") == "end").then(f"end_{what}")
        for what in ("read", "write")
    }
    rows = rows.with_columns(expr.otherwise(0.0).alias(name) for name, expr in picked.items())
    unit = pl.col("unit")
    after = {
        "input": pl.col("input") - unit * (pl.col("read") + pl.col("write")),
        "cached": pl.col("cached") + unit * pl.col("read") * pl.col("rate_cached") / pl.col("rate_input"),
        "written": pl.col("written") + unit * pl.col("write") * pl.col("rate_written") / pl.col("rate_input"),
    }
    kind = (
        pl.when(pl.col("break").is_not_null())
        .then("break")
        .when("off")
        .then(pl.lit(Kind.CACHE_OFF.value))
        .otherwise(pl.lit(Kind.CACHE_MISSED.value))
    )
    behind = pl.when(pl.col("way") == "head").then("head_messages").when(pl.col("way") == "end").then(pl.lit(AT_END))
    point = pl.when(kind == Kind.CACHE_OFF.value).then(behind)
    made = rows.with_columns(before="left", kind=kind, point=point, **after).with_columns(
        left=pl.when(pl.col("way") == "none").then("left").otherwise(pl.sum_horizontal(CLASSES))
    )
    saves = pl.col("before") - pl.col("left")
    made = made.with_columns(at_most=pl.max_horizontal("best", saves, 0.0))
    return made.filter((pl.col("at_most") > 0) | (saves != 0)).select(*CHANGES).cast(CHANGES)


LEVER = Lever(
    name=LeverName.PROMPT_CACHE,
    summary="prefixes of prompts that were paid for again",
    basis=LeverBasis.INFERRED,
    effort=Effort.CODE,
    change="ask for the vendor's prompt cache behind the equal part, and move what changes behind it",
    begin=_begin,
    reads=(
        *(*IN_TIME, "ended", *MONEY, "route", "model", "session_id", "divided", "has_images", "has_audio"),
        *("prompt_tokens", "cached_tokens", "cache_write_tokens", "rate_input", "rate_cached", "rate_written"),
    ),
    reads_prompts=True,
)
