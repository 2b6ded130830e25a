"""Several audits side by side: what changed from one to the next, and which runs a folder holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from audit.core.artifacts import RunFolder, read_run
from audit.core.errors import AuditError, InputError
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.core.history import History, past_audit
from audit.core.interval import Estimate

HISTORY = 11
"""Earlier audits that a report recalls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One run folder.

    Attributes:
        folder: Its path.
        state: complete | incomplete | untested | unreadable; without findings yet unfinished
            (something was asked), planned or read (its logs were, and no more).
        problem: Why it cannot be read, or None.
        verdicts: Routes by verdict.
    """

    folder: str
    state: str
    problem: str | None = None
    run_id: str | None = None
    demo: bool = False
    simulated: tuple[str, ...] = ()
    window_from: str | None = None
    window_to: str | None = None
    requests: int | None = None
    spend_usd: float | None = None
    avoidable_usd: Estimate | None = None
    verdicts: dict[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """The figures of one of two audits; money is USD in its own window."""

    run_id: str
    demo: bool
    simulated: tuple[str, ...]
    complete: bool
    window_from: str | None
    window_to: str | None
    days: int
    requests: int
    spend_usd: float
    cost_per_1k_usd: float | None
    avoidable_usd: Estimate | None
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange:
    """A model's share of requests in two audits."""

    model: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSide:
    """One route in one audit; without a verdict where nothing was replayed.

    Attributes:
        quality_delta: The change that decides the verdict (`RouteFinding.recommendation.deciding_delta`).
    """

    verdict: Verdict | None
    candidate: str | None
    spend_usd: float
    requests: int
    quality_delta: Estimate | None
    avoidable_usd: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChange:
    """One route in two audits; None where an audit does not have it. `changed` is about the verdict and its tier."""

    route: str
    before: RouteSide | None
    after: RouteSide | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """Two audits side by side.

    Attributes:
        made_from: What the two were not made from alike: logs, audit.yaml, prices, seed, version.
        models: Largest change of the share first.
        routes: Changed verdicts first, then by name.
    """

    before: ComparedRun
    after: ComparedRun
    made_from: tuple[str, ...]
    models: tuple[ModelChange, ...]
    routes: tuple[RouteChange, ...]


def past_runs(directory: Path) -> list[PastRun]:
    """The run folders in a directory, or the directory itself where it is one, by the end of their window, then name.

    A folder that cannot be read is listed with its problem.

    Raises:
        InputError: There is no such directory.
    """
    if not directory.is_dir():
        raise InputError(f"{directory} is not a folder", code="runs.missing", hint="audit runs DIR")
    folders = [directory] if RunFolder(directory).manifest.exists() else sorted(directory.iterdir())
    found = [_past(path) for path in folders if RunFolder(path).manifest.exists()]
    return sorted(found, key=lambda run: (run.window_to or "", run.folder))


def earlier_audits(folder: RunFolder, findings: Findings) -> History:
    """Complete audits beside a run folder that had the same configuration and an earlier window; the latest few.

    Folders that cannot be read are passed over: the history is a help, not a claim.
    """
    beside = folder.path.resolve().parent
    if not beside.is_dir():
        return History()
    found: dict[str, Findings] = {}
    for path in sorted(beside.iterdir()):
        other = RunFolder(path)
        if not (other.manifest.exists() and other.findings.exists()):
            continue
        try:
            audit = read_run(path)
        except AuditError:
            continue
        if _same_series(audit, findings):
            found[audit.run_id] = audit
    ordered = sorted(found.values(), key=lambda audit: (audit.window.get("to") or "", audit.run_id))
    return History(audits=tuple(map(past_audit, ordered[-HISTORY:])))


def _same_series(other: Findings, this: Findings) -> bool:
    """Whether another audit is one that this one can be read after."""
    complete = other.tested and (other.replay is None or other.replay.complete)
    alike = (other.provenance.config_sha256, other.demo) == (this.provenance.config_sha256, this.demo)
    ends, end = other.window.get("to"), this.window.get("to")
    return complete and alike and other.run_id != this.run_id and bool(ends and end and ends < end)


def compare(before: Findings, after: Findings) -> RunComparison:
    """Hold two audits side by side. Nothing is tested: intervals are shown, and each verdict is its own run's."""
    shares = [{share.model: share.request_share for share in side.mix.total.models} for side in (before, after)]
    models = [
        ModelChange(model=model, before=shares[0].get(model, 0.0), after=shares[1].get(model, 0.0))
        for model in sorted({*shares[0], *shares[1]})
    ]
    routes = [{route.route: _route(route, tested=side.tested) for route in side.routes} for side in (before, after)]
    changes = [_change(name, routes[0].get(name), routes[1].get(name)) for name in sorted({*routes[0], *routes[1]})]
    return RunComparison(
        before=_side(before),
        after=_side(after),
        made_from=_made_from(before, after),
        models=tuple(sorted(models, key=lambda one: -abs(one.after - one.before))),
        routes=tuple(sorted(changes, key=lambda one: not one.changed)),
    )


def _begun(folder: RunFolder) -> str:
    """How far a run without findings has got."""
    if folder.journal.exists() and folder.journal.stat().st_size:
        return "unfinished"
    return "planned" if folder.plan.exists() else "read"


def _past(path: Path) -> PastRun:
    folder = RunFolder(path)
    try:
        if not folder.findings.exists():
            folder.open_existing()
            return PastRun(folder=str(path), state=_begun(folder))
        found = read_run(path)
    except AuditError as error:
        return PastRun(folder=str(path), state="unreadable", problem=error.what)
    complete = found.replay is None or found.replay.complete
    counts = Counter(route.verdict.value for route in found.routes)
    return PastRun(
        folder=str(path),
        state=("complete" if complete else "incomplete") if found.tested else "untested",
        run_id=found.run_id,
        demo=found.demo,
        simulated=found.simulated,
        window_from=found.window.get("from"),
        window_to=found.window.get("to"),
        requests=found.requests,
        spend_usd=found.spend_usd,
        avoidable_usd=found.avoidable_usd if found.tested else None,
        verdicts={verdict.value: counts[verdict.value] for verdict in Verdict} if found.tested else None,
    )


def _side(found: Findings) -> ComparedRun:
    return ComparedRun(
        run_id=found.run_id,
        demo=found.demo,
        simulated=found.simulated,
        complete=found.replay is None or found.replay.complete,
        window_from=found.window.get("from"),
        window_to=found.window.get("to"),
        days=found.days,
        requests=found.requests,
        spend_usd=found.spend_usd,
        cost_per_1k_usd=found.mix.total.cost_per_1k_usd,
        avoidable_usd=found.avoidable_usd if found.tested else None,
        margin=found.margin,
    )


def _route(route: RouteFinding, *, tested: bool) -> RouteSide:
    moves = tested and route.verdict in (Verdict.SWITCH, Verdict.SPLIT)
    return RouteSide(
        verdict=route.verdict if tested else None,
        candidate=route.candidate if moves else None,
        spend_usd=route.spend_usd,
        requests=route.requests,
        quality_delta=route.recommendation.deciding_delta,
        avoidable_usd=route.avoidable_usd,
    )


def _change(name: str, before: RouteSide | None, after: RouteSide | None) -> RouteChange:
    words = [None if side is None else (side.verdict, side.candidate) for side in (before, after)]
    return RouteChange(route=name, before=before, after=after, changed=words[0] != words[1])


def _made_from(before: Findings, after: Findings) -> tuple[str, ...]:
    one, other = before.provenance, after.provenance
    prices = [{name: tier.get("price") for name, tier in side.tiers.items()} for side in (one, other)]
    differs = {
        "logs": one.inputs != other.inputs,
        "audit.yaml": one.config_sha256 != other.config_sha256,
        "prices": prices[0] != prices[1],
        "seed": one.seed != other.seed,
        "version of audit": one.tool_version != other.tool_version,
    }
    return tuple(name for name, is_different in differs.items() if is_different)
