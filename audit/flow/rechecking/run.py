"""A recheck from a run folder to its answer: quote, ask in looks, score, and say what it is worth."""

from __future__ import annotations

from collections.abc import Callable

from audit.certificate.rechecking import MISS
from audit.core.artifacts import RunFolder, write_json
from audit.core.errors import Incomplete, InputError
from audit.core.plan import Plan
from audit.core.recheck import Recheck
from audit.core.settings import Settings
from audit.flow.rechecking.looks import LooksTaken, take_looks
from audit.flow.rechecking.opening import OpenRecheck, RecheckOrder, open_recheck
from audit.flow.rechecking.quote import QuotedRecheck, quote_recheck
from audit.flow.rechecking.result import RecheckEvidence
from audit.replay.meter import Meter, SilentMeter
from audit.replay.table import money_spent


def quote(folder: RunFolder, settings: Settings, wanted: RecheckOrder) -> Plan:
    """What a recheck would ask and cost. Spends nothing, sends nothing; raises as `recheck`."""
    return _quoted(open_recheck(folder, settings, wanted)).run.plan


def recheck(
    folder: RunFolder,
    settings: Settings,
    wanted: RecheckOrder,
    *,
    consent: Callable[[Plan], bool],
    meter: Meter | None = None,
) -> tuple[Recheck, Incomplete | None]:
    """Try a tier on the requests that a run tuned on, against the run's own stored answers, by the run's criteria.

    Args:
        folder: Of the run; the recheck is kept within it, and resumed when it is asked for again.
        settings: With the tier.
        wanted: Which tier, on which routes.
        consent: Asked with the quote before anything is sent; a False stops there.

    Returns:
        What it says, and what stopped it before its end; None where nothing did.

    Raises:
        UnknownName: No tier has the name.
        InputError: There is no such run, its texts were erased, no route is left, or the quote was not accepted.
        EndpointError: The tier cannot be reached, or refuses its key or model.
    """
    opened = open_recheck(folder, settings, wanted)
    quoted = _quoted(opened)
    if not consent(quoted.run.plan):
        raise InputError("nothing was asked: the quote was not accepted", code="replay.declined")
    evidence = RecheckEvidence(run=opened.run, tiers=opened.tiers, settings=opened.settings, full=quoted.full)
    taken = take_looks(quoted, evidence, meter or SilentMeter())
    found = _told(opened, quoted, evidence, taken)
    write_json(opened.folder.recheck, found)
    return found, taken.stopped


def _quoted(opened: OpenRecheck) -> QuotedRecheck:
    return quote_recheck(opened.run, opened.trials, opened.tiers, opened.settings, opened.folder, opened.cap_usd)


def _told(opened: OpenRecheck, quoted: QuotedRecheck, evidence: RecheckEvidence, taken: LooksTaken) -> Recheck:
    spend, tier, findings = money_spent(opened.folder.journal), opened.tiers[0], opened.run.findings
    trials = quoted.trials
    routes = tuple(taken.told[one.route] if one.route in taken.told else evidence.untried(one) for one in trials)
    asked = quoted.calls({route.route: route.asked for route in routes})
    return Recheck(
        run_id=findings.run_id,
        tier=tier.name,
        model=tier.model,
        windows_a_year=evidence.windows_a_year,
        routes=routes,
        audited=opened.audited,
        calls=len(asked),
        spent_usd=spend.spent_usd,
        earlier_usd=spend.earlier_usd,
        cap_usd=quoted.run.plan.max_spend_usd,
        run_usd=opened.run_usd,
        miss=MISS,
        complete=taken.stopped is None,
        demo=findings.demo,
        simulated=evidence.simulated,
    )
