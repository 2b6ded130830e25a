"""What the criteria of routes are worth, as an earlier command left it in the store.

What a user's own code, another package's scorer, a model, a judge or labels have a part in is worked out each time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from audit.core.artifacts import RunFolder
from audit.core.criteria import CriteriaCheck
from audit.core.fingerprint import file_sha256
from audit.core.plain import from_plain, to_plain
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.flow.keeping.results import program, results_of
from audit.scoring.identity import criteria_digest, is_pure


def checks_of(
    folder: RunFolder,
    settings: Settings,
    designs: Sequence[RouteDesign],
    check: Callable[[Sequence[RouteDesign]], Mapping[str, CriteriaCheck]],
) -> dict[str, CriteriaCheck]:
    """What the criteria of some routes are worth; those that are not kept are checked together.

    Args:
        folder: Of the run.
        settings: Of the run.
        designs: Of the routes, with the number of their draws.
        check: By route, of some of the designs; routes without criteria are left out.
    """
    results = results_of(folder, settings)
    keys = {one.route: key for one in designs if (key := _check_key(one, settings)) is not None}
    found: dict[str, CriteriaCheck] = {}
    for route, key in keys.items():
        if (kept := results.find("criteria", key)) is not None:
            found[route] = _check_from(kept)
    left = [one for one in designs if one.route not in found]
    checked = check(left) if left else {}
    for route, one in checked.items():
        if route in keys:
            results.keep("criteria", keys[route], _check_bytes(one))
    both = {**found, **checked}
    return {one.route: both[one.route] for one in designs if one.route in both}


def _check_key(design: RouteDesign, settings: Settings) -> dict[str, object] | None:
    """Everything beside the log that shapes a check; None where it may not be kept."""
    entry, references = settings.route(design.route), settings.references
    if entry is None or entry.labels is not None or not is_pure(entry):
        return None
    path = None if references is None else settings.directory / references.path
    if path is not None and not path.is_file():
        return None
    return {
        "route": design.route,
        "draws": design.quality_n,
        "seed": settings.seed,
        "entry": entry.model_dump(mode="json"),
        "criteria": criteria_digest(entry, settings.directory, judges={}),
        "controls": settings.controls_of(design.route).model_dump(mode="json"),
        "margin": settings.margin_of(design.route),
        "alpha": settings.alpha,
        "references": None if references is None else references.model_dump(mode="json"),
        "right answers": None if path is None else file_sha256(path),
        "program": program(),
    }


def _check_bytes(check: CriteriaCheck) -> bytes:
    return json.dumps(to_plain(check), allow_nan=False).encode()


def _check_from(kept: bytes) -> CriteriaCheck:
    return from_plain(CriteriaCheck, json.loads(kept))
