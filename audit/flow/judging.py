"""Asking judges: about labelled answers first, so that their error is known, then about the answers of each round.

Judge calls are calls like all others: under the cap, in the journal, in the store, resumed and never made twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from audit.core.artifacts import write_json
from audit.core.display import plural
from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.flow.asking import Asking
from audit.flow.criteria import read_judges
from audit.flow.preparation import PreparedRun, prepare
from audit.replay.meter import Meter
from audit.replay.options import PartStopped
from audit.replay.plan import Call, judge_call
from audit.scoring.asking import Questions, control_questions, label_questions, next_questions, unanswered
from audit.scoring.inputs import judge_replies


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedRun:
    """A run after its judges were asked.

    Attributes:
        run: With what is known of the judges now.
        stopped: Of a judge, or a route with it, that was stopped; None where all was asked.
    """

    run: PreparedRun
    stopped: PartStopped | None = None


def calibrate(run: PreparedRun, meter: Meter) -> CalibratedRun:
    """Ask the judges about labelled answers, and about some that are damaged on purpose; size the samples by what that
    shows of them.

    A route on which its judge is not shown to tell right from wrong is not replayed. The cap stays the one that was
    agreed to. Where every labelled answer was judged before, the run is sized by that already.

    Raises:
        Incomplete: The cap, or a signal.
        EndpointError: A judge cannot be reached.
    """
    routes = list(run.judging.shapes)
    questions = label_questions(run.folder, run.settings, routes)
    asked = any(unanswered(questions, judge_replies(run.folder)).values())
    stopped = _ask(run, questions, meter, "labelled answers") if asked else None
    damaged = unanswered(control_questions(run.folder, run.settings, routes), judge_replies(run.folder))
    if not asked and not any(damaged.values()):
        return CalibratedRun(run=run)
    stopped = _ask(run, damaged, meter, "damaged answers") or stopped
    sized = prepare([Path(source) for source in run.plan.sources], run.settings, run.folder)
    plan = replace(sized.plan, max_spend_usd=run.plan.max_spend_usd)
    write_json(run.folder.plan, plan)
    return CalibratedRun(run=replace(sized, plan=plan), stopped=stopped)


def judge_answers(run: PreparedRun, meter: Meter) -> PartStopped | None:
    """Ask the judges about the replays that are there and the log's own answers beside them, step by step: what cannot
    change a verdict any more is not asked. What was asked once is settled.

    Raises:
        Incomplete: The cap, or a signal.
        EndpointError: A judge cannot be reached.
    """
    routes = [design.route for design in run.plan.designs if design.candidates and design.route in run.judging.shapes]
    if not routes:
        return None
    before: set[tuple[str, str]] = set()
    while True:
        questions = next_questions(run.folder, run.settings, routes)
        keys = {one.key for some in questions.values() for one in some}
        if keys <= before:  # nothing is left, or what is left got no reply
            return None
        before |= keys
        if (stopped := _ask(run, questions, meter, "answers")) is not None:
            return stopped


def _ask(run: PreparedRun, questions: Questions, meter: Meter, what: str) -> PartStopped | None:
    """Ask everything once, and write down what judges have replied so far."""
    tiers = {tier.name: tier for tier in run.tiers}
    calls: list[Call] = []
    requests: dict[str, Request] = {}
    for route, asked in questions.items():
        for one in asked:
            judge = tiers[one.judge]
            calls.append(judge_call(route, one.request.request_fp, judge))
            requests[one.request.request_fp] = _sent(one.request, judge)
    calls = list({call.call_id: call for call in calls}.values())
    if not calls:
        return None
    meter.note(f"Judges: {plural(len(calls), 'question')} about {what}")
    stopped = None
    try:
        Asking.open(run, meter, requests).ask(calls, table=False)
    except PartStopped as error:
        stopped = error
    finally:
        read_judges(run.folder, run.tiers)
    return stopped


def _sent(request: Request, judge: Tier) -> Request:
    """The question as the tier can take it: its words ask for JSON too, so a tier without schemas is asked by them."""
    return request if judge.supports.json_schema else replace(request, response_format=None)
