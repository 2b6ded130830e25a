"""The stages in order: the table of contents of the program.

    logs -> traffic/*.parquet -> slice.parquet -> replays -> scores -> findings.json -> report.html

Every public function is what one command calls. The log is read again only when it or how it is read has changed, and
calls that have a result are never made again, so running a command again resumes it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from audit import __version__
from audit.config import load_settings, settings_digest
from audit.core.artifacts import (
    RunFolder,
    read_cases,
    read_findings,
    read_json,
    write_atomic,
    write_cases,
    write_findings,
    write_json,
    write_table,
)
from audit.core.errors import Incomplete, InputError, PlanStale
from audit.core.finding import Findings
from audit.core.fingerprint import combined, file_sha256, fingerprint
from audit.core.mixture import Mix
from audit.core.plain import from_plain, to_plain
from audit.core.plan import Plan, plan_from_plain
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.drafting import draft
from audit.findings.run import find
from audit.ingest.run import IngestReport
from audit.ingest.run import ingest as read_logs
from audit.ingest.source import find_sources
from audit.ingest.suggest import suggest_route_fields
from audit.llm.client import ClientOptions
from audit.llm.pricing import price_of
from audit.llm.tiers import hosts, resolve_tiers
from audit.mix.run import measure_mix
from audit.provenance import FindingsContext, context_of
from audit.replay.meter import Meter, SilentMeter
from audit.replay.plan import Call, TokenCounts, planned_calls, quote
from audit.replay.requests import load_requests
from audit.replay.run import ReplayOptions, recorded_calls, run_replay
from audit.replay.table import write_replays
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.sampling.design import RouteNeeds
from audit.sampling.frame import RouteFrame, route_frames
from audit.sampling.run import Sample, draw_sample
from audit.scoring.criteria import unsupported
from audit.scoring.run import score as score_replays

Consent = Callable[[Plan], bool]
Format = Literal["html", "md", "json"]
TextPolicy = Literal["sample", "none"]


def ingest(sources: Sequence[Path], settings: Settings, folder: RunFolder, *, demo: bool = False) -> IngestReport:
    """Logs to `traffic/`; skipped when the folder has been made from the same logs, read in the same way."""
    made_from = {
        "logs": _digest_of(sources),
        "ingest settings": fingerprint(settings.ingest.model_dump(mode="json")),
        "version": __version__,
    }
    folder.create()
    if folder.is_current("traffic", made_from):
        facts = folder.facts("traffic") or {}
        return from_plain(IngestReport, facts["report"])
    folder.forget("traffic")
    report = read_logs(sources, settings.ingest, folder, price_of=price_of)
    folder.record("traffic", made_from, report=to_plain(report), demo=demo)
    return report


def mix(sources: Sequence[Path], settings: Settings) -> Mix:
    """The model mix of some logs: free, local, nothing kept."""
    with tempfile.TemporaryDirectory(prefix="audit-mix-") as scratch:
        folder = RunFolder(scratch)
        ingest(sources, settings, folder)
        return measure_mix(folder.traffic_files(), resolve_tiers(settings))


def draft_config(sources: Sequence[Path]) -> str:
    """A first `audit.yaml` for some logs, with criteria to confirm."""
    return draft(sources)


def run_folder(sources: Sequence[Path], settings: Settings) -> RunFolder:
    """The default folder of a run: named by its logs and settings, so that the same command finds it again."""
    return RunFolder(Path("runs") / _run_id(_digest_of(sources), settings))


def plan(sources: Sequence[Path], settings: Settings, folder: RunFolder | None = None) -> Plan:
    """Logs to a quoted plan. Spends nothing, sends nothing."""
    return _prepare(sources, settings, folder or run_folder(sources, settings)).plan


def replay(
    sources: Sequence[Path],
    settings: Settings,
    folder: RunFolder | None = None,
    *,
    consent: Consent,
    meter: Meter | None = None,
    saved: Plan | None = None,
    demo: bool = False,
) -> Findings:
    """The main job: logs to findings and report, through replays that somebody agreed to.

    Args:
        consent: Asked with the quote before anything is sent; a False stops there.
        saved: A plan made earlier. It is refused when its logs, settings or prices have changed since.

    Raises:
        PlanStale: `saved` is not the plan of these inputs any more.
        Incomplete: The cap, failures or an outage stopped the replay. What is done was scored and reported all the
            same, as an incomplete run.
    """
    run = _prepare(sources, settings, folder or run_folder(sources, settings), demo=demo)
    if saved is not None:
        _refuse_stale(saved, run.plan)
    if not consent(run.plan):
        raise InputError("nothing was replayed: the quote was not accepted", code="replay.declined")
    stopped: Incomplete | None = None
    try:
        _replay(run, meter or SilentMeter())
    except Incomplete as error:
        stopped = error
    findings = _conclude(run.folder, run.settings, run.plan, run.tiers)
    if stopped is not None:
        raise stopped
    return findings


def score(folder: RunFolder, settings: Settings) -> Findings:
    """Judge the replays of a run again, with these criteria, and conclude anew. Nothing is replayed."""
    folder.open_existing()
    folder.check("traffic", (folder.facts("traffic") or {}).get("made_from", {}))
    plan_ = plan_from_plain(read_json(folder.plan))
    tiers = resolve_tiers(settings)
    slice_ = _read_slice(folder)
    write_replays(folder.journal, planned_calls(plan_.designs, slice_, tiers), folder.replay_table)
    return _conclude(folder, settings, plan_, tiers)


def report(
    folder: RunFolder,
    *,
    output: Path | None = None,
    format: Format = "html",  # noqa: A002
    text: TextPolicy = "sample",
) -> Path:
    """Draw a run again from its findings.

    Args:
        output: Where to; default: in the run folder.
        text: `none` leaves out every prompt and completion.
    """
    folder.open_existing()
    findings = read_findings(folder.findings)
    if format == "json":
        path = output or folder.findings
        if path != folder.findings:
            write_findings(path, findings)
    elif format == "md":
        path = output or folder.summary
        write_atomic(path, summary_markdown(findings).encode("utf-8"))
    else:
        path = output or folder.report
        cases = read_cases(folder.cases) if text == "sample" else []
        write_atomic(path, render_html(findings, cases, text=text).encode("utf-8", "replace"))
    return path


def demo(folder: RunFolder) -> Findings:
    """The whole chain on the bundled logs with embedded tiers: no key, no network."""
    home = demo_files()
    settings = load_settings(home / "audit.yaml")
    return replay([home / "log.jsonl.gz"], settings, folder, consent=lambda plan: True, demo=True)


def demo_files() -> Path:
    """Folder of the bundled logs: in the installed package, else in the source tree."""
    here = Path(__file__).parent
    candidates = (here / "_demo", here.parent / "sample_logs" / "demo")
    found = next((path for path in candidates if (path / "audit.yaml").is_file()), None)
    if found is None:
        raise InputError("the demo's logs are not installed", code="demo.missing", hint="reinstall the package audit")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A replay that is ready to be agreed to."""

    folder: RunFolder
    settings: Settings
    tiers: tuple[Tier, ...]
    sample: Sample
    calls: list[Call]
    tokens: Mapping[str, TokenCounts]
    plan: Plan


def _prepare(sources: Sequence[Path], settings: Settings, folder: RunFolder, *, demo: bool = False) -> _Run:
    """Everything up to the quote: ingest, sample, calls, plan."""
    tiers = resolve_tiers(settings)
    ingest(sources, settings, folder, demo=demo)
    frames = route_frames(folder.traffic_files())
    _refuse_routeless(frames, settings, folder)
    sample = draw_sample(frames, _needs(frames, settings), tiers, settings)
    write_table(folder.slice, sample.table)
    calls = planned_calls(sample.designs, sample.table, tiers)
    tokens = _token_counts(sample.tokens)
    done = recorded_calls(calls, tiers, settings.replay, folder, settings.directory)
    quotes = quote(calls, tokens, tiers, done)
    at_most, whole = sum(q.at_most_usd for q in quotes), quote(calls, tokens, tiers)
    asked = {call.tier for call in calls}
    plan_ = Plan(
        made_from={
            "logs": _digest_of(sources),
            "audit.yaml": settings_digest(settings),
            "prices": fingerprint([to_plain(tier.price) for tier in tiers]),
            "sample": fingerprint(sample.table.to_pylist()),
            "version": __version__,
        },
        seed=settings.seed,
        margin=settings.margin,
        confidence=settings.confidence,
        expected_usd=sum(q.expected_usd for q in quotes),
        at_most_usd=at_most,
        max_spend_usd=at_most if settings.max_spend is None else settings.max_spend,
        calls=len(calls),
        tokens=sum((tokens[c.request_fp].prompt or 0) + (tokens[c.request_fp].completion or 0) for c in calls),
        whole_usd={
            "expected_usd": sum(q.expected_usd for q in whole),
            "at_most_usd": sum(q.at_most_usd for q in whole),
        },
        hosts=hosts(tier for tier in tiers if tier.name in asked),
        designs=sample.designs,
        quotes=quotes,
        config=None if settings.config_file is None else str(settings.config_file),
        sources=tuple(str(path) for path in sources),
    )
    write_json(folder.plan, plan_)
    return _Run(folder=folder, settings=settings, tiers=tiers, sample=sample, calls=calls, tokens=tokens, plan=plan_)


def _replay(run: _Run, meter: Meter) -> None:
    """Make the calls that have no result yet."""
    wanted = {call.request_fp for call in run.calls}
    requests = load_requests(run.folder.body_files(), run.folder.traffic_files(), wanted)
    asked = {call.tier for call in run.calls}
    options = ReplayOptions(
        cap_usd=run.plan.max_spend_usd,
        tokens=run.tokens,
        client=ClientOptions(seed=run.settings.seed, directory=run.settings.directory),
        meter=meter,
    )
    tiers = [tier for tier in run.tiers if tier.name in asked]
    run_replay(run.calls, requests, tiers, run.settings.replay, run.folder, options)


def _conclude(folder: RunFolder, settings: Settings, plan_: Plan, tiers: Sequence[Tier]) -> Findings:
    """Replays to scores, findings and report."""
    scored = score_replays(folder, settings)
    slice_ = _read_slice(folder)
    context = context_of(
        FindingsContext(
            folder=folder,
            settings=settings,
            plan=plan_,
            tiers=tuple(tiers),
            calls=planned_calls(plan_.designs, slice_, tiers),
            frames=route_frames(folder.traffic_files()),
            mix=measure_mix(folder.traffic_files(), tiers),
            run_id=_run_id(plan_.made_from["logs"], settings),
            embedder=scored.embedder,
            notes=scored.notes,
        )
    )
    findings, cases = find(folder, plan_, tiers, settings, context)
    write_findings(folder.findings, findings)
    write_cases(folder.cases, cases)
    folder.record("findings", plan_.made_from, run_id=findings.run_id)
    report(folder)
    report(folder, format="md")
    return findings


def _needs(frames: Sequence[RouteFrame], settings: Settings) -> dict[str, RouteNeeds]:
    """What the settings say of each route of the log."""
    needs = {}
    for frame in frames:
        entry = settings.route(frame.route)
        missing = None if entry is None else unsupported(entry.criteria)
        needs[frame.route] = RouteNeeds(entry=entry, unsupported=missing)
    return needs


def _refuse_routeless(frames: Sequence[RouteFrame], settings: Settings, folder: RunFolder) -> None:
    """Without a route key there is one heap of traffic, and no verdict about it would mean anything."""
    if any(frame.route for frame in frames):
        return
    fields = suggest_route_fields(folder)
    named = settings.ingest.route
    raise InputError(
        f"no request has a value at `{named}`, so there are no routes" if named else "the logs name no route",
        code="ingest.no-route",
        notes=[f"{field} has {distinct} different values" for field, distinct, _ in fields],
        hint=f"name the field in audit.yaml:  ingest: {{route: {fields[0][0] if fields else 'metadata.route'}}}",
    )


def _refuse_stale(saved: Plan, now: Plan) -> None:
    for key in sorted({*saved.made_from, *now.made_from}):
        if saved.made_from.get(key) != now.made_from.get(key):
            raise PlanStale(
                f"the plan is stale: the {key} changed since it was made",
                notes=["nothing was sent, $0.00 spent"],
                hint="audit plan LOGS -o plan.json",
            )


def _token_counts(tokens: pl.DataFrame) -> dict[str, TokenCounts]:
    return {
        row["request_fp"]: TokenCounts(
            prompt=row["prompt_tokens"], completion=row["completion_tokens"], max_tokens=row["max_tokens"]
        )
        for row in tokens.iter_rows(named=True)
    }


def _read_slice(folder: RunFolder) -> Any:
    return pl.read_parquet(folder.slice).to_arrow()


def _digest_of(sources: Sequence[Path]) -> str:
    """One digest for the logs: of their names and their bytes."""
    return combined(f"{source.name} {file_sha256(source.path)}" for source in find_sources(sources))


def _run_id(logs: str, settings: Settings) -> str:
    return fingerprint([logs, settings_digest(settings), __version__])[:12]
