"""The sequential replay: ask, score, test, and ask again, until every route is finished or the cap is reached.

    plan => ( ask -> judge -> score -> test )* => findings

Its state is in the run folder: calls that have a result are never made again, so the same command resumes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from audit.core.artifacts import (
    RunFolder,
    read_json,
    read_tier_notes,
    write_cases,
    write_findings,
    write_history,
    write_json,
)
from audit.core.errors import AuditError, EndpointError, Incomplete, InputError, PlanStale
from audit.core.finding import Findings
from audit.core.plan import Plan, plan_from_plain
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.findings.run import SequentialTest, find
from audit.flow.asking import Asking
from audit.flow.comparison import earlier_audits
from audit.flow.criteria import read_judges, with_criteria
from audit.flow.judging import calibrate, judge_answers
from audit.flow.keeping.frames import Frames, frames_of_run
from audit.flow.lessons import hand_out, notes_on, planned_tiers
from audit.flow.levers import mix_with_levers
from audit.flow.planning import Consent, prepared, refuse_other_promises
from audit.flow.preparation import NOT_ASKED, PreparedRun
from audit.flow.provenance import FindingsContext, context_of
from audit.flow.reading import run_id_of
from audit.flow.reporting import report
from audit.flow.rounds import Rounds, asked_and_left, open_rounds, reach_of, refuse_idle, stopped_early
from audit.flow.routing import policy_inputs_of
from audit.replay.meter import Meter, SilentMeter
from audit.replay.options import PartStopped
from audit.replay.table import unpaid, write_replays
from audit.scoring.drawn import ScoreReport
from audit.scoring.drawn import score as score_replays


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
        InputError: The options leave nothing to test, or the cap is too low to begin any route.
        PlanStale: `saved` is not the plan of these inputs any more.
        Incomplete: The cap, failures or an outage stopped the replay. What is done was scored and reported all the
            same, as an incomplete run.
    """
    if folder is not None:
        folder.refuse_erased()
    run = prepared(sources, settings, folder, demo=demo)
    if saved is not None:
        _refuse_stale(saved, run.plan)
    refuse_idle(run.plan)
    if not consent(run.plan):
        raise InputError("nothing was replayed: the quote was not accepted", code="replay.declined")
    stopped: AuditError | None = None
    watch: SequentialTest | None = None
    scored: ScoreReport | None = None
    meter = meter or SilentMeter()
    try:
        judged = calibrate(run, meter)
        run, refused = judged.run, judged.stopped
        del judged
        watch = _watch(run.folder, run.settings, run.tiers, run.frames)
        scored = _replay(run, meter, watch, refused)
    except (Incomplete, EndpointError) as error:
        stops = any(notes.stopped for notes in read_tier_notes(run.folder.tiers).values())
        if not (isinstance(error, Incomplete) or stops):
            raise  # nothing was sent, so there is nothing to conclude
        stopped = error
    # Nothing is concluded from what was planned call by call, which is a good part of what a run holds.
    run = replace(run, calls=[], tokens={}, judging=replace(run.judging, tokens={}))
    if not run.folder.replay_table.exists():  # stopped while the judges were asked about labelled answers
        write_replays(run.folder.journal, [], run.folder.replay_table)
    # Which words decide a verdict is known once all answers are scored.
    scored = scored or score_replays(run.folder, run.settings)
    plan_ = with_criteria(run.folder, run.settings, run.plan, run.frames, list(run.judging.shapes))
    _keep_criteria(run.folder, run.plan, plan_)
    watch = watch or _watch(run.folder, run.settings, run.tiers, run.frames)
    findings = _conclude(watch, plan_, run.frames, scored)
    if stopped is not None:
        meter.incomplete(findings)
        raise stopped
    return findings


def score(folder: RunFolder, settings: Settings) -> Findings:
    """Judge the replays of a run again, with these criteria, and conclude anew. Nothing is replayed.

    Raises:
        PlanStale: The margin, the confidence or the guarantee is another one than was planned with.
    """
    folder.open_with(folder.plan, "no plan yet, so nothing was replayed that could be scored")
    folder.refuse_erased()
    folder.check("traffic", (folder.facts("traffic") or {}).get("made_from", {}))
    plan_ = plan_from_plain(read_json(folder.plan))
    refuse_other_promises(plan_, settings)
    tiers = planned_tiers(folder, settings, plan_)
    read_judges(folder, tiers)
    asked, _ = asked_and_left(plan_.designs, _read_slice(folder), tiers, reach_of(folder, plan_))
    write_replays(folder.journal, asked, folder.replay_table)
    frames = frames_of_run(folder, settings, tiers)
    scored = score_replays(folder, settings)
    checked = with_criteria(folder, settings, plan_, frames)
    _keep_criteria(folder, plan_, checked)
    return _conclude(_watch(folder, settings, tiers, frames), checked, frames, scored)


def _keep_criteria(folder: RunFolder, planned: Plan, checked: Plan) -> None:
    """Write the plan as it was made, with what its criteria are worth by now: labels, and the answers that they are of,
    may have come since. Whoever verifies a pack holds the findings against it."""
    known = {design.route: design.criteria for design in checked.designs}
    designs = tuple(replace(design, criteria=known[design.route]) for design in planned.designs)
    write_json(folder.plan, replace(planned, designs=designs))


def _replay(run: PreparedRun, meter: Meter, watch: SequentialTest, stopped: PartStopped | None) -> ScoreReport | None:
    """Ask round after round, until every route is finished or the cap is reached; raise what was stopped at the end.

    Returns:
        How all that was asked is scored; None where the last answers are not scored yet.
    """
    scored: ScoreReport | None = None
    asking = Asking.open(run, meter, watch.bench.requests)
    rounds: Rounds | None = open_rounds(run)
    while rounds is not None:
        try:
            asking.ask(rounds.calls(), rounds.settled(), ahead=run.calls)
        except PartStopped as error:
            stopped = error
        stopped = judge_answers(run, meter) or stopped
        scored = None
        if not rounds.open_looks:
            break
        scored = score_replays(run.folder, run.settings)
        rounds = rounds.advance(watch.next_looks(rounds.moved(), rounds.reach))
        if rounds is not None:
            meter.note(rounds.told())
    if stopped is not None:
        raise stopped
    return scored


def _conclude(watch: SequentialTest, plan_: Plan, frames: Frames, scored: ScoreReport) -> Findings:
    """Scores to findings and report.

    Args:
        watch: Over the run folder.
        plan_: With its criteria as they are now.
        frames: The traffic by route.
        scored: How the replays are scored; nothing was asked since.
    """
    folder, settings, tiers = watch.folder, watch.settings, watch.tiers
    slice_, reach = _read_slice(folder), reach_of(folder, plan_)
    asked, left = asked_and_left(plan_.designs, slice_, tiers, reach)
    stopped = stopped_early(folder, plan_)
    spared = unpaid(folder.journal, [call for call in left if call.route in stopped])
    context = context_of(
        FindingsContext(
            folder=folder,
            settings=settings,
            plan=plan_,
            tiers=tuple(tiers),
            calls=asked,
            spared=spared,
            frames=frames,
            mix=mix_with_levers(folder, settings, tiers),
            run_id=run_id_of(plan_.made_from["logs"], settings),
            embedder=scored.embedder,
            embedding_shift=scored.embedding_shift,
            notes=(*scored.notes, *notes_on(folder, plan_)),
        )
    )
    concluded = find(watch, plan_, context, reach)
    findings = concluded.findings
    write_findings(folder.findings, findings)
    write_cases(folder.cases, concluded.cases)
    write_json(folder.policy, concluded.policy)
    hand_out(folder)
    write_json(folder.options, concluded.options)
    write_history(folder.history, earlier_audits(folder, findings))
    folder.record_findings(plan_.made_from, findings.run_id)
    report(folder)
    report(folder, format="md")
    return findings


def _watch(folder: RunFolder, settings: Settings, tiers: Sequence[Tier], frames: Frames) -> SequentialTest:
    """What tests the replays of a run, with what policies are made from."""
    wanted = set(_read_slice(folder)["request_fp"].to_pylist())
    return SequentialTest(
        folder=folder, tiers=tiers, settings=settings, bench=policy_inputs_of(folder, settings, frames, wanted)
    )


def _refuse_stale(saved: Plan, now: Plan) -> None:
    # What labels show of a judge sizes the samples, so a plan made before it was asked has others.
    calibrated = {"judges", "sample"} if saved.made_from.get("judges") == NOT_ASKED else set()
    for key in sorted({*saved.made_from, *now.made_from} - calibrated):
        if saved.made_from.get(key) != now.made_from.get(key):
            raise PlanStale(
                f"the plan is stale: the {key} changed since it was made",
                notes=["nothing was sent, $0.00 spent"],
                hint="audit plan LOGS -o plan.json",
            )


def _read_slice(folder: RunFolder) -> Any:
    return pl.read_parquet(folder.slice).to_arrow()
