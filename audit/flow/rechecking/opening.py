"""A run opened for a recheck: the tier, the routes, the folder, and the cap."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import polars as pl

from audit.core.artifacts import RunFolder, read_plan, read_run
from audit.core.errors import InputError, UnknownName
from audit.core.fingerprint import digest
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.places import store_folder
from audit.flow.rechecking.routes import RecheckedRun, RouteTrial, audited_in, trials
from audit.flow.trimming import tiers_of
from audit.sampling.frame import route_frames

FIRST_COST_SHARE = 0.2
"""Default cap: this share of what the answers of the run cost, or of `max_spend` where they cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRecheck:
    """A recheck before its quote.

    Attributes:
        run: What it takes from the run.
        folder: Its own, within the run's.
        settings: With the store of the run.
        tiers: Of the settings, the one that is tried first.
        trials: Routes to try it on.
        audited: Routes on which the run has audited it, with the verdict.
        run_usd: What the run's answers cost.
        cap_usd: Hard stop; None for what is quoted at most.
    """

    run: RecheckedRun
    folder: RunFolder
    settings: Settings
    tiers: tuple[Tier, ...]
    trials: Sequence[RouteTrial]
    audited: Mapping[str, str]
    run_usd: float
    cap_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckOrder:
    """What is asked for.

    Attributes:
        tier: Name of the tier to try.
        routes: Only routes of these globs.
        capped: `max_spend` of the settings is meant for this recheck; else it is an audit's, and a fifth of what the
            run cost is the cap where that is less. Where the run cost nothing, a fifth of `max_spend` is.
    """

    tier: str
    routes: tuple[str, ...] = ("*",)
    capped: bool = False


def open_recheck(folder: RunFolder, settings: Settings, wanted: RecheckOrder) -> OpenRecheck:
    """Read a run, and find what a tier would be tried on.

    Args:
        folder: Of the run.
        settings: With the tier.
        wanted: Which tier, on which routes.

    Raises:
        UnknownName: No tier has the name.
        InputError: There is no such run, its texts were erased, the tier judges answers, or no route is left.
    """
    folder.open_existing()
    folder.refuse_erased()
    findings, name = read_run(folder.path), wanted.tier
    tiers = _first(tiers_of(folder, settings, anywhere=True), name)
    _refuse_judge(settings, name)
    _refuse_learner(tiers[0])
    run = RecheckedRun(
        findings=findings,
        plan=read_plan(folder.plan),
        slice=pl.read_parquet(folder.slice).with_columns(pl.col(pl.Categorical).cast(pl.String)),
        frames={frame.route: frame for frame in route_frames(folder.traffic_files())},
    )
    for glob in wanted.routes:
        if not any(fnmatchcase(one.route, glob) for one in run.plan.designs):
            raise UnknownName.among("route", glob, [one.route for one in run.plan.designs])
    audited = audited_in(run, tiers[0], tiers)
    store = store_folder(settings, folder)
    if store is not None:
        kept = settings.store.model_copy(update={"path": str(store.absolute())})
        settings = settings.model_copy(update={"store": kept})
    found = trials(run, tiers[0], settings, wanted.routes, audited)
    if not found:
        raise InputError(
            f"the run has audited `{name}` on every route that is asked for",
            code="recheck.nothing",
            hint=f"audit report {folder.path}",
        )
    run_usd = findings.replay_cost_usd + (findings.replay.earlier_usd if findings.replay else 0.0)
    return OpenRecheck(
        run=run,
        folder=folder.within(_folder_name(tiers[0])).create(),
        settings=settings,
        tiers=tiers,
        trials=found,
        audited=audited,
        run_usd=run_usd,
        cap_usd=_cap(settings.max_spend, run_usd, wanted),
    )


def _cap(max_spend: float | None, run_usd: float, wanted: RecheckOrder) -> float | None:
    if wanted.capped or (max_spend is None and not run_usd):
        return max_spend
    if not run_usd or max_spend is None:
        return FIRST_COST_SHARE * (run_usd or max_spend or 0.0)
    return min(FIRST_COST_SHARE * run_usd, max_spend)


def _first(tiers: Sequence[Tier], name: str) -> tuple[Tier, ...]:
    """The tiers with the one to try at the head; it is asked once a request, and online."""
    by_name = {tier.name: tier for tier in tiers}
    if name not in by_name:
        error = UnknownName.among("tier", name, by_name)
        error.hint = error.hint or f"add it to `tiers:` of audit.yaml:  - {{name: {name}, model: ..., provider: ...}}"
        raise error
    tried = replace(by_name[name], repeats=1, batch=False, batch_price=None)
    return (tried, *(tier for tier in tiers if tier.name != name))


def _refuse_judge(settings: Settings, name: str) -> None:
    judging = [route.match for route in settings.routes if any(name in one.judges for one in route.criteria)]
    if judging:
        raise InputError(
            f"tier `{name}` judges answers ({judging[0]}), so it cannot be tried",
            code="recheck.judge",
            hint="give it a second entry of `tiers:` under another name, if it must be",
        )


def _refuse_learner(tier: Tier) -> None:
    if tier.only_route is not None:
        raise InputError(
            f"tier `{tier.name}` learns from the log when a replay is planned, so no finished run can try it",
            code="recheck.learned",
            hint="run the audit again into the same folder: it costs nothing, and what was answered is kept",
        )


def _folder_name(tier: Tier) -> str:
    """Its name where that is a file name, with a digest of what decides its answers."""
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', tier.name).strip('.-')[:40]}-{digest(tier.answers_key)[:8]}"
