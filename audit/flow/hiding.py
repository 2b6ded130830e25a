"""What of the sampled requests is personal data, for the plan of a run that sends them to other machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.artifacts import RunFolder
from audit.core.plan import PlannedPlaceholders, RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.llm.tiers import keeps_personal_data, leaves_machine
from audit.llm.veil import Veil
from audit.replay.plan import CANDIDATE, Call
from audit.replay.requests import stream_requests
from audit.sampling import prospects


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """What personal data makes of the calls of a plan.

    Attributes:
        personal: For the plan; None where no call leaves this machine and no tier asks for placeholders.
        asked: The calls that are made: those that would take personal data to a tier that is kept from it are not.
    """

    personal: PlannedPlaceholders | None
    asked: Sequence[Call]


def told_as_asked(
    designs: Sequence[RouteDesign], calls: Sequence[Call], asked: Sequence[Call], settings: Settings
) -> tuple[RouteDesign, ...]:
    """The designs, with what they can decide on the requests that their candidates are asked.

    Args:
        calls: Of the sample.
        asked: Those of them that are made.
    """
    if len(asked) == len(calls):
        return tuple(designs)
    planned, made = _requests(calls), _requests(asked)
    shares: dict[str, dict[str, float]] = {}
    for (route, tier), number in planned.items():
        shares.setdefault(route, {})[tier] = made[route, tier] / number
    return tuple(prospects.told_as_asked(one, shares.get(one.route, {}), settings) for one in designs)


def _requests(calls: Sequence[Call]) -> Counter[tuple[str, str]]:
    """Different requests that candidates are asked, by route and tier."""
    return Counter(
        (route, tier)
        for route, tier, _ in {(one.route, one.tier, one.request_fp) for one in calls if one.arm == CANDIDATE}
    )


def hiding_of(calls: Sequence[Call], tiers: Sequence[Tier], folder: RunFolder) -> Hiding:
    """Look for personal data in the requests of calls to other machines."""
    called = {call.tier for call in calls}
    theirs = [tier for tier in tiers if tier.name in called]
    kept = {tier.name for tier in theirs if keeps_personal_data(tier)}
    hidden = {tier.name for tier in theirs if tier.redact == "personal"}
    open_ = {tier.name for tier in theirs if leaves_machine(tier)} - kept - hidden
    wanted = {call.request_fp for call in calls if call.tier in kept | hidden | open_}
    if not wanted:
        return Hiding(personal=None, asked=calls)
    kinds: Counter[str] = Counter()
    held: set[str] = set()
    for request in stream_requests(folder.body_files(), folder.traffic_files(), wanted):
        veil = Veil()
        veil.request(request)
        kinds.update(veil.found.keys())
        if veil.found:
            held.add(request.request_fp)
    personal = PlannedPlaceholders(
        requests=len(held),
        of=len(wanted),
        kinds=dict(sorted(kinds.items())),
        kept_from=tuple(sorted(kept)),
        hidden_from=tuple(sorted(hidden)),
        sent_to=tuple(sorted(open_)),
    )
    return Hiding(
        personal=personal, asked=[call for call in calls if not (call.tier in kept and call.request_fp in held)]
    )
