"""What is known beside the criteria of a route that a judge decides: labels that decide in its place, how many more
would, and whose family it is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from audit.core.artifacts import RunFolder
from audit.core.criteria import CriteriaCheck
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.flow.drawn_labels import drawn_labels
from audit.flow.identity import kin_of
from audit.sampling.label_numbers import labels_between, labels_wanted, random_pairs_wanted


def with_judge_notes(
    folder: RunFolder, settings: Settings, checks: Mapping[str, CriteriaCheck], designs: Mapping[str, RouteDesign]
) -> dict[str, CriteriaCheck]:
    """The checks, those of routes that a judge decides with what is known beside them.

    Args:
        folder: Of the run.
        settings: Of the run.
        checks: By route.
        designs: By route.
    """
    judged = {route: designs[route].candidates for route, check in checks.items() if check.judges}
    drawn = drawn_labels(folder, settings, judged) if judged else {}
    models = {tier.name: tier.model for tier in settings.tiers}
    noted = {
        route: replace(
            check,
            labels_wanted=labels_wanted(check, designs[route], settings),
            labels_between=labels_between(check, designs[route], settings),
            random_wanted=random_pairs_wanted(check, designs[route], settings),
            kin=kin_of(check, designs[route], models),
            drawn=drawn.get(route, {}),
        )
        for route, check in checks.items()
        if route in judged
    }
    return {route: noted.get(route, check) for route, check in checks.items()}
