"""The stages in order: the table of contents of the program.

    logs -> traffic/*.parquet -> slice.parquet -> replays -> scores -> findings.json -> report.html

Every public function is what one command calls. The log is read again only when it or how it is read has changed, and
calls that have a result are never made again, so running a command again resumes it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from audit import __version__
from audit.comparison import earlier_audits
from audit.config import load_settings
from audit.core.artifacts import (
    RunFolder,
    read_cases,
    read_history,
    read_json,
    read_renewal,
    read_run,
    read_tier_notes,
    write_atomic,
    write_cases,
    write_findings,
    write_history,
    write_json,
    write_renewal,
)
from audit.core.errors import AuditError, EndpointError, Incomplete, InputError, PlanStale
from audit.core.exchange import Request
from audit.core.finding import Findings
from audit.core.fingerprint import fingerprint
from audit.core.mixture import Mix
from audit.core.plain import from_plain, to_plain
from audit.core.plan import Plan, plan_from_plain
from audit.core.policy import RoutingPolicy
from audit.core.renewal import Renewal
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.core.watching import RouteSeen, Seen, TierSeen
from audit.drafting import draft
from audit.findings.evidence import Tables
from audit.findings.handover import price_words
from audit.findings.run import Watch, find
from audit.findings.watching import watched_pairs
from audit.ingest.redact import Redactor
from audit.ingest.run import IngestReport
from audit.ingest.run import ingest as read_logs
from audit.llm.client import ClientOptions
from audit.llm.logprices import own_prices, rates_of
from audit.llm.tiers import resolve_tiers
from audit.mix.run import measure_mix
from audit.mix.tokens import billed_tokens
from audit.pack.evidence import Packed, pack_run
from audit.preparation import PreparedRun, digest_of, prepare, run_id_of, with_criteria
from audit.provenance import FindingsContext, context_of
from audit.renewal.run import renew as work_out
from audit.replay.learned import Learned
from audit.replay.meter import Meter, SilentMeter
from audit.replay.plan import quote
from audit.replay.preflight import first_of_each_shape
from audit.replay.requests import load_requests
from audit.replay.run import PartStopped, ReplayOptions, run_replay
from audit.replay.table import unpaid, write_replays
from audit.report.focus import focus_csv
from audit.report.hiding import without_tenants
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.pdf import print_pdf
from audit.rounds import Rounds, asked_and_spared, open_rounds, reach_of
from audit.routing import bench_of, policy_embedder
from audit.sampling.frame import route_frames
from audit.scoring.run import score as score_replays

Consent = Callable[[Plan], bool]
Format = Literal["html", "pdf", "md", "json", "focus"]
TextPolicy = Literal["sample", "none"]
Hidden = Literal["tenant"]


def ingest(sources: Sequence[Path], settings: Settings, folder: RunFolder, *, demo: bool = False) -> IngestReport:
    """Logs to `traffic/`; skipped when the folder has been made from the same logs, read in the same way."""
    made_from = {
        "logs": digest_of(sources),
        "ingest settings": fingerprint([settings.ingest.model_dump(mode="json"), own_prices(settings.tiers)]),
        "version": __version__,
    }
    folder.create()
    if folder.is_current("traffic", made_from):
        facts = folder.facts("traffic") or {}
        return from_plain(IngestReport, facts["report"])
    folder.forget("traffic")
    report = read_logs(sources, settings.ingest, folder, rates_of=rates_of(settings.tiers))
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
    return RunFolder(Path("runs") / run_id_of(digest_of(sources), settings))


def plan(sources: Sequence[Path], settings: Settings, folder: RunFolder | None = None) -> Plan:
    """Logs to a quoted plan. Spends nothing, sends nothing."""
    return _prepared(sources, settings, folder).plan


def check(
    sources: Sequence[Path],
    settings: Settings,
    folder: RunFolder | None = None,
    *,
    consent: Consent,
    meter: Meter | None = None,
) -> Plan:
    """A plan with what a few of its calls show of the tiers: what they take, how requests are changed for them.

    The calls are the plan's own, under its cap and in its journal, so that the replay does not make them again.

    Args:
        consent: Asked with the quote of these calls before anything is sent; a False stops there.

    Raises:
        EndpointError: A tier cannot be reached.
    """
    run = _prepared(sources, settings, folder)
    tiers = {tier.name: tier for tier in run.tiers}
    wanted = {call.request_fp for call in run.calls}
    requests = load_requests(run.folder.body_files(), run.folder.traffic_files(), wanted)
    calls = first_of_each_shape(run.calls, requests, tiers)
    quotes = quote(calls, run.tokens, run.tiers)
    expected, most = sum(q.expected_usd for q in quotes), sum(q.at_most_usd for q in quotes)
    if not consent(replace(run.plan, calls=len(calls), quotes=quotes, expected_usd=expected, at_most_usd=most)):
        raise InputError("nothing was sent: the quote was not accepted", code="replay.declined")
    options = ReplayOptions(
        cap_usd=run.plan.max_spend_usd,
        tokens=run.tokens,
        client=ClientOptions(seed=settings.seed, directory=settings.directory),
        meter=meter or SilentMeter(),
    )
    try:
        asked = [tiers[name] for name in dict.fromkeys(call.tier for call in calls)]
        run_replay(calls, requests, asked, settings.replay, run.folder, options)
    except (PartStopped, EndpointError) as error:
        if not any(notes.stopped for notes in read_tier_notes(run.folder.tiers).values()):
            raise error from None
    return prepare(sources, settings, run.folder).plan


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
    run = _prepared(sources, settings, folder, demo=demo)
    if saved is not None:
        _refuse_stale(saved, run.plan)
    if not consent(run.plan):
        raise InputError("nothing was replayed: the quote was not accepted", code="replay.declined")
    stopped: AuditError | None = None
    watch = _watch(run.folder, run.settings, run.plan, run.tiers)
    meter = meter or SilentMeter()
    try:
        _replay(run, watch, meter)
    except (Incomplete, EndpointError) as error:
        if not (isinstance(error, Incomplete) or run.folder.tiers.exists()):
            raise  # nothing was sent, so there is nothing to conclude
        stopped = error
    findings = _conclude(watch, run.plan)
    if stopped is not None:
        meter.incomplete(findings)
        raise stopped
    return findings


def score(folder: RunFolder, settings: Settings) -> Findings:
    """Judge the replays of a run again, with these criteria, and conclude anew. Nothing is replayed."""
    folder.open_existing()
    folder.check("traffic", (folder.facts("traffic") or {}).get("made_from", {}))
    plan_ = plan_from_plain(read_json(folder.plan))
    tiers = resolve_tiers(settings)
    asked, _ = asked_and_spared(plan_.designs, _read_slice(folder), tiers, reach_of(folder, plan_))
    write_replays(folder.journal, asked, folder.replay_table)
    return _conclude(_watch(folder, settings, plan_, tiers), with_criteria(folder, settings, plan_))


def report(
    folder: RunFolder,
    *,
    output: Path | None = None,
    format: Format = "html",  # noqa: A002
    text: TextPolicy = "sample",
    redact: Hidden | None = None,
) -> Path:
    """Draw a run again from its findings and the history that was recorded with them.

    Args:
        output: Where to; default: in the run folder.
        text: `none` leaves out every prompt and completion.
        redact: `tenant` writes every tenant as a stable code.

    Raises:
        InputError: A PDF is asked for and no browser can print it; or findings without names are to stand in the place
            of the findings themselves.
    """
    findings = read_run(folder.path)
    if redact == "tenant":
        findings = without_tenants(findings)
    if format == "focus":
        path = output or folder.path / "focus.csv"
        write_atomic(path, focus_csv(findings).encode("utf-8", "replace"))
    elif format == "json":
        path = output or folder.findings
        if redact and path.resolve() == folder.findings.resolve():
            raise InputError(
                "the run's own findings keep their names", code="usage", hint="write a copy:  --output FILE.json"
            )
        if path != folder.findings:
            write_findings(path, findings)
    elif format == "md":
        path = output or folder.summary
        write_atomic(path, summary_markdown(findings).encode("utf-8"))
    else:
        cases = read_cases(folder.cases) if text == "sample" else []
        history = read_history(folder.history)
        renewal = read_renewal(folder)
        html = render_html(findings, cases, text=text, history=history, renewal=renewal).encode("utf-8", "replace")
        path = output or (folder.path / "report.pdf" if format == "pdf" else folder.report)
        write_atomic(path, print_pdf(html) if format == "pdf" else html)
    return path


def renew(folder: RunFolder, settings: Settings) -> Renewal:
    """What to sign at the renewal, from a run's findings and `contract:`; the next report of the run shows it.

    Raises:
        InputError: There is no `contract:`, or one of its prices cannot be compared with the log's.
    """
    found = work_out(read_run(folder.path), settings.contract, billed_tokens(folder.traffic_files()), settings.seed)
    write_renewal(folder, found)
    return found


def pack(folder: RunFolder, output: Path, *, text: TextPolicy = "sample") -> Packed:
    """Write the evidence of a run into one zip file that `audit verify` checks; texts redacted as configured."""
    folder.open_existing()
    config = folder.config_file()
    settings = Settings() if config is None else load_settings(config)
    return pack_run(folder, output, text=text, redact=Redactor(settings.ingest.redact).value)


def last_user_turns(folder: RunFolder, wanted: Collection[str]) -> dict[str, str]:
    """Texts of a run's requests by fingerprint, as they were ingested: secrets masked, redacted as configured."""
    requests = load_requests(folder.body_files(), folder.traffic_files(), set(wanted))
    return {fingerprint: request.last_user for fingerprint, request in requests.items()}


def watch(target: Path, policy: RoutingPolicy, settings: Settings) -> Seen:
    """What a later run, or a later log that was not replayed, says of a policy. Nothing is sent.

    Args:
        target: A run folder, or a log.
        policy: To watch.
        settings: How a log is read, and which tiers there are now.
    """
    if not RunFolder(target).manifest.exists():
        with tempfile.TemporaryDirectory(prefix="audit-watch-") as scratch:
            folder = RunFolder(scratch)
            ingest([target], settings, folder)
            return _seen(folder, settings)
    folder, findings = RunFolder(target), read_run(target)
    slice_ = set(pl.read_parquet(folder.slice)["request_fp"].to_list())
    requests = load_requests(folder.body_files(), folder.traffic_files(), slice_)
    return replace(
        _seen(folder, settings),
        run_id=findings.run_id,
        pairs=watched_pairs(Tables.read(folder), policy, requests, policy_embedder(settings)),
        complete=findings.replay is None or findings.replay.complete,
        demo=findings.demo,
        simulated=findings.simulated,
    )


def _seen(folder: RunFolder, settings: Settings) -> Seen:
    """What the traffic alone says."""
    tiers = resolve_tiers(settings)
    measured = measure_mix(folder.traffic_files(), tiers)
    shapes = {frame.route: frame.shape for frame in route_frames(folder.traffic_files())}
    return Seen(
        run_id=None,
        window_from=measured.window_from,
        window_to=measured.window_to,
        routes={
            row.name: RouteSeen(
                requests=row.requests,
                models={share.model: share.requests for share in row.models},
                shape=shapes.get(row.name, {}),
            )
            for row in measured.by_route
        },
        tiers={tier.name: TierSeen(model=tier.model, price=price_words(tier)) for tier in tiers},
    )


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


def _prepared(
    sources: Sequence[Path], settings: Settings, folder: RunFolder | None, *, demo: bool = False
) -> PreparedRun:
    """Logs to a quoted plan."""
    resolve_tiers(settings)  # a wrong tier is told before minutes are spent on reading logs
    folder = folder or run_folder(sources, settings)
    ingest(sources, settings, folder, demo=demo)
    return prepare(sources, settings, folder)


def _replay(run: PreparedRun, watch: Watch, meter: Meter) -> None:
    """Ask round after round, until every route has come to its end or the cap to its own."""
    wanted = {call.request_fp for call in run.calls}
    requests = load_requests(run.folder.body_files(), run.folder.traffic_files(), wanted)
    rounds: Rounds | None = open_rounds(run)
    learned = Learned.open(run.folder.tiers, {tier.name: tier for tier in run.tiers})
    stopped: PartStopped | None = None
    while rounds is not None:
        try:
            _ask(rounds, requests, learned, meter)
        except PartStopped as error:
            stopped = error
        if not rounds.open_looks:
            break
        score_replays(run.folder, run.settings)
        rounds = rounds.advance(watch.next_looks(rounds.moved(), rounds.reach))
        if rounds is not None:
            meter.note(rounds.told())
    if stopped is not None:
        raise stopped


def _ask(rounds: Rounds, requests: Mapping[str, Request], learned: Learned, meter: Meter) -> None:
    """Make the calls of a round that have no result yet.

    Raises:
        PartStopped: Tiers or routes that were stopped; the others have their results.
    """
    run, calls = rounds.run, rounds.calls()
    asked = {call.tier for call in calls}
    options = ReplayOptions(
        cap_usd=run.plan.max_spend_usd,
        tokens=run.tokens,
        client=ClientOptions(seed=run.settings.seed, directory=run.settings.directory),
        meter=meter,
        settled=rounds.settled(),
        learned=learned,
        ahead=run.calls,
    )
    tiers = [tier for tier in run.tiers if tier.name in asked]
    run_replay(calls, requests, tiers, run.settings.replay, run.folder, options)


def _conclude(watch: Watch, plan_: Plan) -> Findings:
    """Replays to scores, findings and report."""
    folder, settings, tiers = watch.folder, watch.settings, watch.tiers
    scored = score_replays(folder, settings)
    slice_, frames, reach = _read_slice(folder), route_frames(folder.traffic_files()), reach_of(folder, plan_)
    asked, spared = asked_and_spared(plan_.designs, slice_, tiers, reach)
    spared = unpaid(folder.journal, spared)
    context = context_of(
        FindingsContext(
            folder=folder,
            settings=settings,
            plan=plan_,
            tiers=tuple(tiers),
            calls=asked,
            spared=spared,
            frames=frames,
            mix=measure_mix(folder.traffic_files(), tiers),
            run_id=run_id_of(plan_.made_from["logs"], settings),
            embedder=scored.embedder,
            notes=scored.notes,
        )
    )
    concluded = find(watch, plan_, context, reach)
    findings = concluded.findings
    write_findings(folder.findings, findings)
    write_cases(folder.cases, concluded.cases)
    write_json(folder.policy, concluded.policy)
    write_json(folder.options, concluded.options)
    write_history(folder.history, earlier_audits(folder, findings))
    folder.record("findings", plan_.made_from, run_id=findings.run_id)
    report(folder)
    report(folder, format="md")
    return findings


def _watch(folder: RunFolder, settings: Settings, plan_: Plan, tiers: Sequence[Tier]) -> Watch:
    """What tests the replays of a run, with what policies are made from."""
    frames, wanted = route_frames(folder.traffic_files()), set(_read_slice(folder)["request_fp"].to_pylist())
    return Watch(folder=folder, tiers=tiers, settings=settings, bench=bench_of(folder, settings, frames, wanted))


def _refuse_stale(saved: Plan, now: Plan) -> None:
    for key in sorted({*saved.made_from, *now.made_from}):
        if saved.made_from.get(key) != now.made_from.get(key):
            raise PlanStale(
                f"the plan is stale: the {key} changed since it was made",
                notes=["nothing was sent, $0.00 spent"],
                hint="audit plan LOGS -o plan.json",
            )


def _read_slice(folder: RunFolder) -> Any:
    return pl.read_parquet(folder.slice).to_arrow()
