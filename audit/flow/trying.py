"""What a few calls of a plan show of its tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.artifacts import RunFolder, read_tier_notes
from audit.core.errors import EndpointError, InputError
from audit.core.plan import Plan
from audit.core.settings import Settings
from audit.flow.asking import Asking
from audit.flow.planning import Consent, prepared
from audit.flow.preparation import prepare
from audit.replay.meter import Meter, SilentMeter
from audit.replay.options import PartStopped
from audit.replay.plan import quote
from audit.replay.preflight import first_of_each_shape
from audit.replay.requests import load_requests


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
    run = prepared(sources, settings, folder)
    tiers = {tier.name: tier for tier in run.tiers}
    wanted = {call.request_fp for call in run.calls}
    requests = load_requests(run.folder.body_files(), run.folder.traffic_files(), wanted)
    calls = first_of_each_shape(run.calls, requests, tiers)
    quotes = quote(calls, run.tokens, run.tiers)
    expected, most = sum(q.expected_usd for q in quotes), sum(q.at_most_usd for q in quotes)
    quoted = replace(run.plan, calls=len(calls), quotes=quotes, expected_usd=expected, at_most_usd=most)
    if not consent(replace(quoted, likely_usd=0.0)):
        raise InputError("nothing was sent: the quote was not accepted", code="replay.declined")
    try:
        Asking.open(run, meter or SilentMeter(), requests).ask(calls)
    except (PartStopped, EndpointError) as error:
        if not any(notes.stopped for notes in read_tier_notes(run.folder.tiers).values()):
            raise error from None
    return prepare(sources, settings, run.folder).plan
