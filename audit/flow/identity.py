"""Who judges a route: the identity of its criteria, and the judges that are of the family of what they judge."""

from __future__ import annotations

from collections.abc import Mapping

from audit.core.criteria import CriteriaCheck
from audit.core.families import family_of
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.llm.tiers import resolve_tiers
from audit.scoring.identity import criteria_digest


def digest_of(route: str, settings: Settings) -> str:
    """Of the criteria of a route; "" where it has none."""
    entry = settings.route(route)
    if entry is None:
        return ""
    judged = any(criterion.judges for criterion in entry.criteria)
    judges = {tier.name: tier.answers_key for tier in resolve_tiers(settings)} if judged else {}
    return criteria_digest(entry, settings.directory, judges=judges)


def kin_of(check: CriteriaCheck, design: RouteDesign, models: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """By judge, the route's models of its own family."""
    judged = list(dict.fromkeys([design.incumbent, *(models[name] for name in design.candidates)]))
    found = {
        judge: tuple(model for model in judged if family_of(model) == family_of(models[judge]))
        for judge in check.judges
    }
    return {judge: kin for judge, kin in found.items() if kin}
