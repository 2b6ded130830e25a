"""What the gate will refuse, told by a plan: once the replay is paid for is too late to hear of a misspelt route."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audit.core.plan import Plan
from audit.core.settings import Settings
from audit.gate.measures import no_match
from audit.gate.rules import parse_rule


def refused_ahead(plan: Plan, settings: Settings) -> Sequence[str]:
    """Rules of `gate:` about routes and tiers that are not there, a sentence each.

    Special cases:
        What a plan does not know, such as tenants and models of the log, is left to the gate.
    """
    return tuple(_refused(plan, settings))


def _refused(plan: Plan, settings: Settings) -> Iterator[str]:
    known = {"route": {design.route for design in plan.designs}, "tier": {tier.name for tier in settings.tiers}}
    for entry in settings.gate:
        rule = parse_rule(entry.when)
        for tag in (tag for tag in known if tag in rule.tags):
            if (problem := no_match(tag, rule, known[tag])) is not None:
                yield f"`audit gate` will refuse the rule `{entry.when}`: {problem.what}; {problem.hint}"
