"""The looks of a recheck: every open route is asked some more requests, until it can be told or has no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.certificate.rechecking import LOOKS
from audit.core.display import plural
from audit.core.errors import Incomplete
from audit.core.recheck import RouteRecheck
from audit.flow.asking import Asking
from audit.flow.judging import judge_answers
from audit.flow.rechecking.quote import QuotedRecheck
from audit.flow.rechecking.result import RecheckEvidence
from audit.replay.meter import Meter
from audit.replay.options import PartStopped
from audit.scoring.run import score as score_replays


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksTaken:
    """What came of the looks.

    Attributes:
        told: By route, of all that were tried.
        stopped: What stopped the asking before its end; None where nothing did.
    """

    told: Mapping[str, RouteRecheck]
    stopped: Incomplete | None = None


def take_looks(quoted: QuotedRecheck, evidence: RecheckEvidence, meter: Meter) -> LooksTaken:
    """Ask, score and judge, look by look.

    Raises:
        EndpointError: The tier cannot be reached, or refuses its key or model.
        Interrupted: A signal; what was asked is kept.
    """
    told: dict[str, RouteRecheck] = {}
    asked: dict[str, int] = {}
    open_ = {trial.route: trial for trial in quoted.trials if trial.stages}
    if not open_:
        return LooksTaken(told=told)
    asking = Asking.open(quoted.run, meter)
    stopped: Incomplete | None = None
    for look in range(1, LOOKS + 1):
        before = dict(asked)
        asked |= {route: trial.stages[look - 1] for route, trial in open_.items()}
        try:
            stopped = _ask(quoted, asking, asked, meter)
        except Incomplete as error:
            # A look that is asked in part shows what came first, which is no smaller look.
            stopped, asked = error, before
            break
        score_replays(quoted.run.folder, quoted.run.settings)
        tables = evidence.tables(quoted.run.folder)
        for route, trial in list(open_.items()):
            if (found := evidence.judge(trial, tables, look)) is not None:
                told[route] = found
                del open_[route]
        if stopped is not None or not open_:
            break
        meter.note(f"Look {look} of {LOOKS}: {len(open_)} of {plural(len(open_) + len(told), 'route')} still open")
    told |= {route: evidence.stopped(trial, asked.get(route, 0)) for route, trial in open_.items()}
    return LooksTaken(told=told, stopped=stopped)


def _ask(quoted: QuotedRecheck, asking: Asking, asked: Mapping[str, int], meter: Meter) -> Incomplete | None:
    """Ask the first so many requests of each route, then the judges; what was stopped while the rest was done."""
    stopped: PartStopped | None = None
    try:
        asking.ask(quoted.calls(asked), ahead=quoted.run.calls)
    except PartStopped as error:
        stopped = error
    return judge_answers(quoted.run, meter) or stopped
