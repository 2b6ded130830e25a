"""What the criteria of a run are worth: by the log's own answers, by labels, and as judges have replied so far."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from audit.core.artifacts import RunFolder
from audit.core.criteria import CriteriaCheck
from audit.core.plan import Plan, RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.identity import digest_of
from audit.flow.judge_notes import with_judge_notes
from audit.flow.keeping.checks import checks_of
from audit.replay.table import write_judge_replies
from audit.sampling.frame import RouteFrame
from audit.sampling.pool import load_together
from audit.scoring.trial.check import check_criteria


def read_judges(folder: RunFolder, tiers: Sequence[Tier]) -> None:
    """Write down what the journal has of judges' replies, as the tiers are now."""
    write_judge_replies(folder.journal, tiers, folder.judge_replies)


def criteria_checks(
    folder: RunFolder,
    settings: Settings,
    frames: Sequence[RouteFrame],
    designs: Sequence[RouteDesign],
) -> dict[str, CriteriaCheck]:
    """What the criteria of every route with a sample are worth, by the log's own answers to the requests of it."""
    by_name = {design.route: design for design in designs}
    pools = {frame.route: frame.pool for frame in frames}

    def check(some: Sequence[RouteDesign]) -> dict[str, CriteriaCheck]:
        wanted = [(one.route, pools[one.route], pools[one.route].first(one.quality_n)) for one in some]
        load_together([(pool, [records]) for _, pool, records in wanted])
        drawn = {
            route: pool.take(records).select("request_fp", "cost_usd", exchange_id="row_id")
            for route, pool, records in wanted
        }
        return check_criteria(folder, settings, drawn)

    sampled = [by_name[route] for route in pools if route in by_name and by_name[route].quality_n]
    checks = checks_of(folder, settings, sampled, check)
    checks = {route: replace(check, digest=digest_of(route, settings)) for route, check in checks.items()}
    return with_judge_notes(folder, settings, checks, by_name)


def with_criteria(
    folder: RunFolder,
    settings: Settings,
    plan: Plan,
    frames: Sequence[RouteFrame],
    routes: Collection[str] | None = None,
) -> Plan:
    """A plan with its criteria tested again, as they are now, and as judges have replied; where they may certify
    nothing, nothing is tested.

    Args:
        frames: The traffic by route.
        routes: Only these; None for all.
    """
    wanted = [design for design in plan.designs if routes is None or design.route in routes]
    checks = criteria_checks(folder, settings, frames, wanted) if wanted else {}

    def checked(design: RouteDesign) -> RouteDesign:
        check = checks.get(design.route, design.criteria)
        why = None if check is None else check.why or check.unchecked
        if not design.candidates or check is None or why is None:
            return replace(design, criteria=check)
        return replace(design, criteria=check, candidates=(), can_decide="no", why=why)

    return replace(plan, designs=tuple(checked(design) for design in plan.designs))
