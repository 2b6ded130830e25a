"""What the figures say nothing of, for the first screen: requests without a price, and what no criterion looks at."""

from __future__ import annotations

from audit.core.display import count, listing, percent_share, plural
from audit.core.finding import Findings, RouteFinding
from audit.core.mixture import Mix
from audit.core.reason import Reason
from audit.report.words import route_name

UNSEEN = (
    *(Reason.FIELDS_UNCOMPARED, Reason.SEVERAL_VALUES, Reason.TEXT_BESIDE_CALLS, Reason.PART_SEES_FORM),
    *(Reason.CRITERIA_LEAVE_OUT, Reason.ONE_ANSWER_SUFFICES),
)
"""What scoring the log's own answers finds that would move with a route, and that nothing judges."""

MOST = 3
"""Of the sentences about routes on the first screen; the report has all, route by route."""


def limit_lines(findings: Findings) -> list[str]:
    """A sentence each, the dollars first."""
    unpriced = unpriced_sentence(findings.mix)
    unseen = [line for route in findings.routes for line in unseen_lines(route)]
    more = len(unseen) - MOST
    left = [f"{plural(more, 'more sentence')} of this kind: the report has them, route by route."] if more > 0 else []
    return [*([unpriced] if unpriced else []), *unseen[:MOST], *left]


def unseen_lines(route: RouteFinding) -> list[str]:
    """What would move with the route unjudged; nothing of a route that stays where it is."""
    if route.criteria is None or not route.recommendation.moves_traffic:
        return []
    found = [problem for problem in route.criteria.problems if problem.reason in UNSEEN]
    return [f"{route_name(route)}: {problem.because.sentence}." for problem in found]


def unpriced_sentence(mix: Mix) -> str:
    """How many requests are in no amount, of which models; "" where all have a price."""
    if not mix.unpriced_requests:
        return ""
    named = mix.unpriced_names()
    whose = f": {listing(named)}" if named else ""
    share = percent_share(mix.unpriced_requests / mix.requests)
    verb = "has" if mix.unpriced_requests == 1 else "have"
    return (
        f"{count(mix.unpriced_requests)} of {plural(mix.requests, 'request')} ({share}) {verb} no known cost and "
        f"{'is' if mix.unpriced_requests == 1 else 'are'} in no amount here{whose}."
    )
