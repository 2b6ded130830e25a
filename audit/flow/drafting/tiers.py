"""The tiers of a first `audit.yaml`: what serves the log, and cheaper models to take or leave."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl
import yaml

from audit.core.artifacts import RunFolder
from audit.core.display import percent_share, terminal_safe, usd
from audit.core.exactly import column_of, pieces_of
from audit.core.exchange import Completion, Usage
from audit.core.tier import LEARNED, Price
from audit.core.traffic import MODEL_COLUMNS
from audit.flow.drafting.trims import shorter_prompts
from audit.imitation.lesson import are_labels
from audit.llm.cheaper import cheaper_models, serving
from audit.llm.pricing import catalogue_version, price_of
from audit.sampling.frame import RouteFrame

MODELS = 4
"""How many models of the log are written down, by spend; by requests where the cost of some is not known."""

FILL_IN = """\
  # The log does not say where {model} is served: fill in base_url, and name the variable that holds its key.
"""

PROPOSED = """\
  # Cheaper models of the same vendors, at list prices and this log's tokens: a proposal. Nothing is asked of them until
  # you take the # away. A tier without a price has the list price; its key is the vendor's own variable.
"""

SHORTER = """\
  # The same model with a shorter prompt, as a candidate of its own: {why}.
"""
CANDIDATE = """\
  # Other tiers to test. Add the cheaper models that you would consider, with what they cost you:
  # - {name: small, model: MODEL-ID, provider: openai-compatible, base_url: "https://.../v1", api_key_env: MY_KEY,
  #    price: {input: 0.25, output: 1.25}}
"""


def draft_tiers(folder: RunFolder, frames: Sequence[RouteFrame]) -> Iterator[str]:
    """The lines of `tiers:`. Proposals are comments: nothing is asked that nobody chose."""
    providers = _providers(folder)
    yield from _tiers(frames, providers)
    yield from _shorter(folder, frames, providers)
    yield from _proposals(frames, providers)
    yield CANDIDATE


RULES = """\
  # No model at all: rules learned from the log, for routes that answer with few labels. Free, and nothing leaves this
  # machine; the audit decides whether they hold. (audit guide tiers)
"""


def rules_proposed(answers: Mapping[str, Sequence[Completion]]) -> Iterator[str]:
    """Tiers that learn from the log, as comments, for routes whose answers are labels.

    Args:
        answers: Of the log, by route.
    """
    labelled = []
    for route, given in answers.items():
        texts = [one.text for one in given if one.text and not one.tool_calls]
        if len(texts) == len(given) and are_labels(texts):
            labelled.append(route)
    if labelled:
        yield RULES
    for number, route in enumerate(labelled, start=1):
        tier = {"name": f"rules-{number}", "provider": LEARNED, "options": {"route": route}}
        yield f"  # - {in_line(tier)}\n"


def spent_words(dollars: float, unpriced: int) -> str:
    """Spend for people, of requests of which so many have no known cost: that is not $0."""
    if not unpriced:
        return usd(dollars)
    return f"at least {usd(dollars)}" if dollars else "cost unknown"


def _tiers(frames: Sequence[RouteFrame], providers: Mapping[str, str]) -> Iterator[str]:
    """What served the log: replayed on a part of the sample, these tiers give the noise floor."""
    spend: dict[str, float] = {}
    counts = pl.concat([frame.pool.tokens for frame in frames]).group_by("model").agg(pl.sum("unpriced", "requests"))
    unknown = dict(counts.select("model", "unpriced").iter_rows())
    asked = dict(counts.select("model", "requests").iter_rows())
    for frame in frames:
        for model, dollars in frame.models.items():
            spend[model] = spend.get(model, 0.0) + dollars
    yield "  # What serves the log today. Replayed on a part of the sample, it tells how much it differs from itself.\n"
    # Dollars put models in order only where those of all are known: an unknown sum is not the smallest.
    weight = asked if any(unknown.values()) else spend
    ordered = sorted(spend.items(), key=lambda item: (-weight.get(item[0], 0), -item[1], item[0]))
    for number, (model, dollars) in enumerate(ordered[:MODELS]):
        spent = spent_words(dollars, unknown.get(model, 0))
        price = price_of(model, providers.get(model))
        tier = _today(f"today-{number + 1}" if number else "today", model, providers)
        if "base_url" in tier:
            yield FILL_IN.format(model=json.dumps(model))
        entry = f"  - {in_line(tier)}   # {spent} in the log\n"
        if price is None:
            yield f"  # No list price is known for {json.dumps(model)}; add price: {{input: ..., output: ...}}\n"
            yield "  # " + entry.lstrip()
        elif "base_url" in tier:  # where it is served decides what it costs, and the catalogue does not know where
            yield f"  # The list price of {catalogue_version()}; put what you pay in its place.\n"
            yield f"  - {in_line({**tier, 'price': _written(price)})}   # {spent} in the log\n"
        else:
            # A price of its own would price the log as well, and knows nothing of batches and service tiers.
            yield f"  # It has the list price of {catalogue_version()}. If you pay another, add it, for example\n"
            yield f"  # {in_line({'price': _written(price)})[1:-1]}\n"
            yield entry


def _today(name: str, model: str, providers: Mapping[str, str]) -> dict[str, Any]:
    """A tier of a model that serves the log, at the vendor that the log names; else with an address to fill in."""
    if (ours := serving(model, providers.get(model))) is not None:
        return {"name": name, "model": model, "provider": ours}
    where = {"base_url": "https://api.example.com/v1", "api_key_env": "TODAY_API_KEY"}
    return {"name": name, "model": model, "provider": "openai-compatible", **where}


def _shorter(folder: RunFolder, frames: Sequence[RouteFrame], providers: Mapping[str, str]) -> Iterator[str]:
    """Today's model with what could go of its prompts left out, as a comment; nothing where nothing could."""
    if (found := shorter_prompts(folder, frames)) is not None:
        yield SHORTER.format(why=terminal_safe(found.why))
        yield f"  # - {in_line({**_today('trimmed', found.model, providers), 'trim': found.trim})}\n"


def _written(price: Price) -> dict[str, Any]:
    """A price as `audit.yaml` has it, with all its rates: the log is priced by it too, its cached and long prompts."""
    rates = {name: getattr(price, name) for name in ("input", "output", "cached_input", "cache_write")}
    steps = [{name: value for name, value in asdict(step).items() if value is not None} for step in price.steps]
    return {name: value for name, value in rates.items() if value is not None} | ({"steps": steps} if steps else {})


def _providers(folder: RunFolder) -> dict[str, str]:
    """Who serves each model, as logged; of several, the one that served the most requests."""
    model = pl.coalesce(MODEL_COLUMNS).cast(pl.String)
    counts = (
        pl.scan_parquet([str(path) for path in folder.traffic_files()])
        .select(model=model, by=pl.col("provider").cast(pl.String))
        .drop_nulls()
        .group_by("model", "by")
        .len()
        .collect(engine="streaming")
    )
    largest = counts.sort("len", "by", descending=[True, False]).unique("model", keep="first", maintain_order=True)
    return dict(largest.select("model", "by").iter_rows())


def _proposals(frames: Sequence[RouteFrame], providers: Mapping[str, str]) -> Iterator[str]:
    """Cheaper models of the vendors in the log, as comments, with what they would cost at its tokens."""
    sums = pl.concat([frame.pool.tokens for frame in frames])
    spent = sums.group_by("model").agg(pl.sum("requests", "prompt_tokens", "completion_tokens", *pieces_of("usd")))
    tokens = pl.col("prompt_tokens", "completion_tokens") / pl.col("requests")
    spent = spent.select("model", column_of(spent, "usd").alias("cost_usd"), tokens)
    named = set[str]()
    largest = spent.sort("cost_usd", "model", descending=[True, False]).head(MODELS)
    # What serves the log is a tier already, and a candidate wherever it is cheaper.
    served = largest["model"].to_list()
    for model, usd_, prompt, completion in largest.rows():
        # One mean request: all of them together would cross the length from which a price list has other rates.
        usage = Usage(prompt_tokens=math.ceil(prompt), completion_tokens=math.ceil(completion))
        for one in cheaper_models(model, providers.get(model), usage, served=served):
            if one.model in named:
                continue
            if not named:
                yield PROPOSED
            named.add(one.model)
            tier = {"name": one.model, "model": one.model, "provider": one.provider}
            paid = f", {usd(usd_ * one.share)} where the log has {usd(usd_)}" if usd_ else ""
            about = f"{percent_share(one.share)} of what {terminal_safe(model)} costs{paid}"
            yield f"  # - {in_line(tier)}   # {about}\n"


def in_line(value: dict[str, Any]) -> str:
    """A mapping as YAML on one line."""
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True).strip()
