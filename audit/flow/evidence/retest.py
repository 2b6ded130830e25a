"""Figures of findings worked out again from the tables of their pack.

Verdicts follow from scores, pairs from verdicts, the cost of a call from its tokens and the price, savings from costs,
and the spend of a route from what any of its dollar draws cost and how likely it was to be drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from audit.config.stated import stated_prices
from audit.core.finding import CandidateFinding, Findings
from audit.core.outcome import Errored, NotApplicable, Outcome, Scored
from audit.core.plain import to_plain
from audit.core.plan import Plan, RouteDesign
from audit.flow.evidence.packed_tables import COLUMNS, OWN, TERMS, read_tables, usages
from audit.flow.evidence.rescoring import COMPARED, rescored
from audit.flow.evidence.retest_pairs import candidates_of, pairs_again
from audit.pack.evidence import CASSETTE, CONFIG, PLAN, TABLES
from audit.pairing.evidence import Tables, dollar_draws, spend_sample
from audit.pairing.money import Saved, dollars_of
from audit.scoring.verdict import accept

DIGITS = 1e-6
"""Relative to the larger: sums of the same numbers in another order differ by far less."""
TIMES_THE_PRICE = 3.0
"""What the log says that draws cost, over what the price of their model makes of their tokens, may differ from the same
of the whole log by this factor: a route may have a discount, or batches, of its own."""


def retested(findings: Findings, plan: Plan | None, members: Mapping[str, bytes]) -> dict[str, list[str]]:
    """What of the findings does not follow from the tables, by check: `scores`, `pairs`, `prices`, `dollars`, and
    `answers` where the pack has them; `tables/` alone where something that this takes is not there. Nothing where
    nothing was tested.

    Args:
        findings: That were packed.
        plan: Beside them; None where there is none.
        members: The tables, by name in the pack, and `audit.yaml`.

    Raises:
        ValueError, KeyError, TypeError: A table cannot be read, or holds more than it should.
    """
    if not findings.tested:
        return {}
    lacking = [name for name in (*COLUMNS, TERMS, CONFIG) if name not in members]
    if lacking or plan is None:
        return {TABLES: lacking or [PLAN]}
    tables, terms = read_tables(members)
    return {
        "scores": list(_scores(tables, terms.get("thresholds", {}))),
        "pairs": list(pairs_again(tables, findings, plan)),
        "prices": [*_stated(members[CONFIG], findings), *_prices(tables, findings)],
        "dollars": list(_dollars(tables, findings, plan)),
        **_answers(tables, findings, members),
    }


def _answers(tables: Tables, findings: Findings, members: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Scores from the answers, where the pack has them; a pack without texts has none."""
    if CASSETTE not in members:
        return {}
    if COMPARED not in members:
        return {"answers": [f"{COMPARED}, which is not there"]}
    return {"answers": list(rescored(tables, findings, members[CONFIG], members[CASSETTE], members[COMPARED]))}


def _scores(tables: Tables, thresholds: Mapping[str, float]) -> Iterator[str]:
    """Each verdict follows from the scores of its answer."""
    own = list(OWN)
    rows = (
        tables.scores.sort(*own, "position")
        .group_by(own, maintain_order=True)
        .agg("position", "status", "passed", "weight")
    )
    joined = tables.accepted.join(rows, on=own, how="left", maintain_order="left")
    known: dict[Any, bool | None] = {}
    wrong: dict[str, int] = {}
    for row in joined.iter_rows(named=True):
        key = (row["route"], *(tuple(row[name] or ()) for name in ("position", "status", "passed", "weight")))
        if key not in known:
            known[key] = _accepted(row, thresholds.get(row["route"]))
        if known[key] is not row["accepted"]:
            place = f"{row['route']} {row['tier'] or 'incumbent'}"
            wrong[place] = wrong.get(place, 0) + 1
    yield from (f"{count} verdicts of {place}" for place, count in sorted(wrong.items()))


def _accepted(row: Mapping[str, Any], threshold: float | None) -> bool | None:
    """Whether an answer with these scores is accepted. The first row is about the answer itself: was it whole?"""
    outcomes: list[Outcome] = []
    weights: list[float] = []
    answered: bool | None = None
    cells = zip(row["position"] or (), row["status"] or (), row["passed"] or (), row["weight"] or (), strict=True)
    for position, status, passed, weight in cells:
        if position < 0:
            answered = passed if status == "scored" else None
            continue
        outcomes.append(_outcome(status, passed))
        weights.append(weight)
    return None if answered is None else accept(outcomes, weights, threshold, answered=answered)


def _outcome(status: str, passed: bool | None) -> Outcome:
    if status == "scored":
        return Scored(value=1.0 if passed else 0.0, passed=bool(passed))
    return NotApplicable(reason="") if status == "not_applicable" else Errored(error="")


def _stated(config: bytes, findings: Findings) -> Iterator[str]:
    """The prices that the configuration writes down are those of the findings, before any discount."""
    for tier, price in stated_prices(config).items():
        named = findings.provenance.tiers[tier]["price"]
        kept = 1 - named.get("discount", 0.0)
        if any(_differ(price[key] * kept, named[key]) for key in ("input", "output") if key in price):
            yield f"the price of {tier} in {CONFIG}"


def _prices(tables: Tables, findings: Findings) -> Iterator[str]:
    """Prices are those that the findings name, and every call cost what its tokens do at them."""
    for name, price in tables.costing.prices.items():
        named = (findings.provenance.tiers.get(name) or {}).get("price", {})
        if _differ(named.get("input"), price.input) or _differ(named.get("output"), price.output):
            yield f"the price of {name}"
    counted = tables.replays.filter(pl.col("cost_usd").is_not_null() & pl.col("prompt_tokens").is_not_null())
    for (name,), calls in counted.group_by("tier", maintain_order=True):
        if (found := tables.costing.prices.get(str(name))) is None:
            continue
        costs = zip(usages(calls), calls["cost_usd"], strict=True)
        wrong = sum(_differ(found.cost_usd(usage), cost) for usage, cost in costs)
        if wrong:
            yield f"the cost of {wrong} calls to {name}"


def _dollars(tables: Tables, findings: Findings, plan: Plan) -> Iterator[str]:
    """Spend of routes from their draws, and savings from the costs of calls."""
    for design in plan.designs:
        drawn = tables.slice.filter((pl.col("route") == design.route) & (pl.col("purpose") == "dollars"))
        stood_for = drawn.select(usd=pl.col("cost_usd") / pl.col("inclusion_prob"))["usd"]
        if any(_differ(usd, design.sampled_usd) for usd in stood_for):
            yield f"the spend of {design.route}"
    for where, told, design in candidates_of(findings, plan):
        mine = tables.of_route(design.route)
        stages = design.stages[told.look - 1 :] if told.look else (0, *design.stages)
        if told.saving_usd is not None and not any(
            _same(told, mine, design, replayed, findings.confidence) for replayed in stages
        ):
            yield f"{where}.saving_usd"
    yield from _logged(tables, findings)


def _same(told: CandidateFinding, tables: Tables, design: RouteDesign, replayed: int, level: float) -> bool:
    """Whether the saving is what these draws make it."""
    draws = dollar_draws(tables, spend_sample(tables, design, told.tier, replayed), told.tier)
    saved = Saved(z=draws.saved, mass=draws.mass, lowest=draws.lowest)
    again = dollars_of(saved, design.movable_usd(told.tier), level) if draws.answered else None
    one, other = (to_plain(value) for value in (told.saving_usd, again))
    return other is not None and not any(_differ(one[name], other[name]) for name in one)


def _logged(tables: Tables, findings: Findings) -> Iterator[str]:
    """What the log says that its calls cost is, at the price of their model, about what it is for the whole log."""
    if not findings.spend_recomputed_usd or not findings.spend_usd:
        return
    whole = findings.spend_usd / findings.spend_recomputed_usd
    names = {model.split(" ")[0]: name for name, model in tables.costing.models.items()}
    known = tables.slice.filter(
        pl.col("incumbent_model").is_in(list(names)) & pl.col("logged_prompt_tokens").is_not_null()
    )
    for (model,), rows in known.group_by("incumbent_model", maintain_order=True):
        price = tables.costing.prices[names[str(model)]]
        at_price = math.fsum(price.cost_usd(usage) for usage in usages(rows, logged=True))
        logged = float(rows["cost_usd"].fill_null(0.0).sum())
        if at_price and logged and not 1 / TIMES_THE_PRICE < logged / at_price / whole < TIMES_THE_PRICE:
            yield f"what the log says that draws of {model} cost"


def _differ(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is not other
    return not math.isclose(one, other, rel_tol=DIGITS, abs_tol=1e-12)
