"""What of the sampled requests is personal data, for the plan of a run that sends them to other machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from audit.core.artifacts import RunFolder
from audit.core.plan import PlannedPlaceholders
from audit.core.tier import Tier
from audit.llm.tiers import keeps_personal_data, leaves_machine
from audit.llm.veil import Veil
from audit.replay.plan import Call
from audit.replay.requests import stream_requests


def planned_placeholders(calls: Sequence[Call], tiers: Sequence[Tier], folder: RunFolder) -> PlannedPlaceholders | None:
    """Count the requests of calls to other machines that hold personal data, by kind.

    Returns:
        None where no call leaves this machine and no tier asks for placeholders.
    """
    asked = {call.tier for call in calls}
    theirs = [tier for tier in tiers if tier.name in asked]
    kept = {tier.name for tier in theirs if keeps_personal_data(tier)}
    hidden = {tier.name for tier in theirs if tier.redact == "personal"}
    open_ = {tier.name for tier in theirs if leaves_machine(tier)} - kept - hidden
    wanted = {call.request_fp for call in calls if call.tier in kept | hidden | open_}
    if not wanted:
        return None
    kinds: Counter[str] = Counter()
    held = 0
    for request in stream_requests(folder.body_files(), folder.traffic_files(), wanted):
        veil = Veil()
        veil.request(request)
        kinds.update(veil.found.keys())
        held += bool(veil.found)
    return PlannedPlaceholders(
        requests=held,
        of=len(wanted),
        kinds=dict(sorted(kinds.items())),
        kept_from=tuple(sorted(kept)),
        hidden_from=tuple(sorted(hidden)),
        sent_to=tuple(sorted(open_)),
    )
