"""What makes a route's criteria these and no others, as a digest: two measurements compare only under the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audit.core.fingerprint import fingerprint
from audit.core.settings import RouteSettings
from audit.scoring.criteria import build_criteria, resolve
from audit.scoring.scorers import NOT_SUPPORTED, SCORERS


def is_pure(route: RouteSettings) -> bool:
    """Whether a route's criteria say the same of an answer whenever the same program is asked: no function of the
    user's, no scorer of another package, no model and no judge has a part in them.
    """
    names = {resolve(entry.type)[1] for entry in route.criteria} - {*NOT_SUPPORTED}
    if not names <= {*SCORERS.names} - {"python"}:
        return False
    return not any(scorer.embeds or scorer.calls_model for scorer in map(SCORERS.get, names))


def criteria_digest(route: RouteSettings, directory: Path, *, judges: Mapping[str, str]) -> str:
    """Name a route's criteria by everything that decides whether an answer is accepted.

    Names in the report, limits of the controls, and whether somebody has confirmed the criteria do not count. Nor do
    references and labels: later traffic has later ones. Which embedder was installed is in the run's provenance.

    Args:
        route: With the criteria as written.
        directory: Where `file://` paths start; what the files hold counts, not where they lie.
        judges: By tier, what decides its answers.
    """
    criteria = build_criteria(route.criteria, directory)
    asked = sorted({name for entry in route.criteria for name in entry.judges})
    return fingerprint(
        [
            [[one.scorer, one.version, one.options_fp, one.weight] for one in criteria],
            route.threshold,
            route.graded,
            [judges.get(name, name) for name in asked],
        ]
    )
