"""What the criteria of a run are worth: by the log's own answers, by labels, and as judges have replied so far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from audit.core.artifacts import RunFolder
from audit.core.criteria import CriteriaCheck
from audit.core.families import family_of
from audit.core.plan import Plan, RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.embeddings import Embedder
from audit.llm.tiers import resolve_tiers
from audit.replay.table import write_judge_replies
from audit.sampling.design import labels_wanted
from audit.sampling.draw import quality_order
from audit.sampling.frame import RouteFrame, route_frames
from audit.scoring.checking import check_criteria
from audit.scoring.identity import criteria_digest


def read_judges(folder: RunFolder, tiers: Sequence[Tier]) -> None:
    """Write down what the journal has of judges' replies, as the tiers are now."""
    write_judge_replies(folder.journal, tiers, folder.judge_replies)


def criteria_checks(
    folder: RunFolder,
    settings: Settings,
    frames: Sequence[RouteFrame],
    designs: Sequence[RouteDesign],
    *,
    embedder_factory: Callable[[], Embedder] | None = None,
) -> dict[str, CriteriaCheck]:
    """What the criteria of every route with a sample are worth, by the log's own answers to the requests of it."""
    drawn = {}
    by_name = {design.route: design for design in designs}
    for frame in frames:
        design = by_name.get(frame.route)
        if design is not None and design.quality_n:
            rows = frame.rows[quality_order(frame.rows["row_id"].to_list(), settings.seed)[: design.quality_n]]
            drawn[frame.route] = rows.select("request_fp", "cost_usd", exchange_id="row_id")
    checks = check_criteria(folder, settings, drawn, embedder_factory=embedder_factory)
    checks = {route: replace(check, digest=_digest(route, settings)) for route, check in checks.items()}
    models = {tier.name: tier.model for tier in settings.tiers}
    return {
        route: replace(
            check,
            labels_wanted=labels_wanted(check, by_name[route], settings),
            kin=_kin(check, by_name[route], models),
        )
        if check.judges
        else check
        for route, check in checks.items()
    }


def _digest(route: str, settings: Settings) -> str:
    """Of the criteria of a route; "" where it has none."""
    entry = settings.route(route)
    if entry is None:
        return ""
    judged = any(criterion.judges for criterion in entry.criteria)
    judges = {tier.name: tier.answers_key for tier in resolve_tiers(settings)} if judged else {}
    return criteria_digest(entry, settings.directory, judges=judges)


def _kin(check: CriteriaCheck, design: RouteDesign, models: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """By judge, the route's models of its own family."""
    judged = list(dict.fromkeys([design.incumbent, *(models[name] for name in design.candidates)]))
    found = {
        judge: tuple(model for model in judged if family_of(model) == family_of(models[judge]))
        for judge in check.judges
    }
    return {judge: kin for judge, kin in found.items() if kin}


def with_criteria(folder: RunFolder, settings: Settings, plan: Plan, routes: Collection[str] | None = None) -> Plan:
    """A plan with its criteria tested again, as they are now, and as judges have replied; where they may certify
    nothing, nothing is tested.

    Args:
        routes: Only these; None for all.
    """
    wanted = [design for design in plan.designs if routes is None or design.route in routes]
    checks = criteria_checks(folder, settings, route_frames(folder.traffic_files()), wanted) if wanted else {}

    def checked(design: RouteDesign) -> RouteDesign:
        check = checks.get(design.route, design.criteria)
        why = None if check is None else check.why or check.unchecked
        if not design.candidates or check is None or why is None:
            return replace(design, criteria=check)
        return replace(design, criteria=check, candidates=(), can_decide="no", why=why)

    return replace(plan, designs=tuple(checked(design) for design in plan.designs))
