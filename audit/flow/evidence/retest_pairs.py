"""Pairs of candidates, and changes of quality that rest on labels of random ones, again from the tables of a pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from audit.certificate.claims import delta_of, p_inferior, p_noninferior, random_labels_of, table_of
from audit.certificate.looks import Schedule
from audit.core.finding import CandidateFinding, Findings
from audit.core.plain import to_plain
from audit.core.plan import Plan, RouteDesign
from audit.findings.recount import unlike
from audit.pairing.evidence import Pairs, Tables, pair_up, quality_draws
from audit.stats.discrimination import discrimination_of


def candidates_of(findings: Findings, plan: Plan) -> Iterator[tuple[str, CandidateFinding, RouteDesign]]:
    """Every candidate with its place in the findings and the design of its route."""
    designs = {design.route: design for design in plan.designs}
    for index, route in enumerate(findings.routes):
        for place, candidate in enumerate(route.candidates):
            if route.route in designs:
                yield f"routes[{index}].candidates[{place}]", candidate, designs[route.route]


def pairs_again(tables: Tables, findings: Findings, plan: Plan) -> Iterator[str]:
    """The table of each candidate is that of its draws up to its look; yields the places where it is not."""
    for where, told, design in candidates_of(findings, plan):
        mine = tables.of_route(design.route).moved_to(told.tier)
        draws = design.stages[told.look - 1] if told.look else 0
        rows = quality_draws(mine, "tuning" if told.dropped else "certification")
        if not told.dropped:
            rows = rows.filter(pl.col("draw_order") < draws)
        pairs = pair_up(mine, rows, arm="candidate", tier=told.tier)
        again = table_of(pairs)
        drawn = _unlike_by_labels(tables, design, told, pairs, level=findings.confidence)
        yield from (f"{where}.{name}" for name in drawn)
        counted = (again.both_pass, again.only_today, again.only_after, again.both_fail, pairs.n)
        if counted != (told.both_pass, told.b, told.c, told.both_fail, told.n):
            yield where


def _unlike_by_labels(
    tables: Tables, design: RouteDesign, told: CandidateFinding, pairs: Pairs, *, level: float
) -> Iterator[str]:
    """A change that rests on labels of random pairs follows from these: whether all that were declared are there, what
    they say, and what the judge says of every draw. Yields the names of what does not.

    Args:
        tables: Of the pack.
        design: Of the route.
        told: The finding.
        pairs: Its pairs, by the tables.
        level: Of the findings' intervals.

    Special cases:
        Neither tables nor finding know of random pairs: nothing.
    """
    if pairs.labelled is None and told.random_labels is None:
        return
    alpha = 1 - level if design.alpha is None else design.alpha
    shown = discrimination_of(design.criteria, error=min(alpha, 1 - level))
    look = told.look
    schedule = Schedule.of(design, alpha=alpha * shown.kept, confidence=1 - (1 - level) * shown.kept, reach=None)
    nominal = schedule.looks[look - 1].level if look else schedule.screening
    delta, alone = (
        delta_of(one, level, shown=shown, nominal=nominal, moved=1.0) for one in (pairs, replace(pairs, labelled=None))
    )
    again = {
        "quality_delta": delta,
        "p_pass": p_noninferior(pairs, margin=design.margin, shown=shown, alpha=alpha) if pairs.n else None,
        "p_fail": p_inferior(pairs, margin=design.margin, shown=shown, alpha=alpha) if pairs.n else None,
        "random_labels": random_labels_of(tables.of_route(design.route), design, told.tier, pairs, alone, level=level),
    }
    yield from (name for name, value in again.items() if unlike(to_plain(value), to_plain(getattr(told, name))))
