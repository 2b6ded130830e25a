"""All sampled exchanges of a run as lines, narrowed down: one exchange and one candidate a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.cases.listing import Listed, MovedRequests
from audit.cli.printing.case import inert, notices, route_lines
from audit.cli.terminal import BAR
from audit.core.artifacts import RunFolder
from audit.core.display import count, plural
from audit.core.finding import Findings, Verdict
from audit.flow.routing import sampled_requests
from audit.policy.policy_file import read_run_policy
from audit.policy.router import Router

SIGNS = {"only_incumbent": "✓ ✗", "only_candidate": "✗ ✓", "both_pass": "✓ ✓", "both_fail": "✗ ✗", "unmeasured": "– –"}
"""Today's answer and the candidate's."""
ID = 12


def moved_part(folder: RunFolder, findings: Findings) -> MovedRequests:
    """What the recommendations of a run move: all of a Switch, and of a Split what its own router sends."""
    made = {one.route: one.recommendation for one in findings.routes if one.recommendation.moves_traffic}

    def cheap(asked: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        router = Router(read_run_policy(folder))
        requests = sampled_requests(folder, {fingerprint for _, fingerprint in asked})
        return {(route, fp) for route, fp in asked if fp in requests and router.route(route, requests[fp]).cheap}

    return MovedRequests(
        tiers={route: one.tier or "" for route, one in made.items()},
        splits=[route for route, one in made.items() if one.verdict is Verdict.SPLIT],
        cheap=cheap,
    )


def listed_lines(findings: Findings, found: Listed, width: int) -> list[str]:
    """The exchanges under the recommendation of their route."""
    heading = f"{count(len(found.rows))} of {count(found.total)} found among {plural(found.every, 'answer')} of run "
    lines = [*notices(findings), heading + inert(findings.run_id), ""]
    judged = {route.route: route for route in findings.routes}
    wide = max((len(inert(str(row["tier"]))) for row in found.rows), default=0)
    for name in dict.fromkeys(row["route"] for row in found.rows):
        lines.append(f"{BAR}{inert(name) or '(no route)'}")
        if name in judged:
            lines += route_lines(judged[name])
        lines += [_line(row, wide, width) for row in found.rows if row["route"] == name]
        lines.append("")
    if len(found.rows) < found.total:
        lines.append(f"More with --limit {min(found.total, 10 * max(len(found.rows), 1))}.")
    lines.append("✓ accepted, ✗ not: today's answer, then the candidate's. One of them:  audit show RUN ID")
    return lines


def _line(row: Mapping[str, Any], wide: int, width: int) -> str:
    fails = f"  [{', '.join(map(inert, row['fails']))}]" if row["fails"] else ""
    head = f"    {inert(row['exchange_id'])[:ID]}  {SIGNS.get(row['kind'], '– –')}  {inert(row['tier'] or '–'):<{wide}}"
    room = max(width - len(head) - len(fails) - 4, 16)
    asked = inert(row["gist"])
    return f"{head}  {BAR}{asked if len(asked) <= room else asked[: room - 1] + '…'}{fails}"
