"""What is made from findings says of a route what its recommendation says: policy file, exports, watch, `audit show`,
viewer, notebook, renewal, FOCUS and pack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest

from audit.cli.printing.case import case_lines, list_lines
from audit.core.criteria import proven_by, split_by_grade
from audit.core.display import points, points_interval, usd, usd_interval
from audit.core.finding import Findings, RouteFinding
from audit.core.plain import from_plain, to_plain
from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.core.tier import Price, Tier
from audit.core.watching import CriteriaSeen, RouteSeen, Seen, TierSeen, WatchedPairs
from audit.findings import handover
from audit.findings.handover import RouteEvidence, hand_over
from audit.gate.decide import judge, with_names
from audit.gate.markdown import markdown
from audit.gate.policy_rules import judge_policy
from audit.gate.text import text_lines
from audit.notebook import FinishedRun
from audit.pack.evidence import prices_bytes, summary_bytes
from audit.policy.export import export_expressible, with_default
from audit.policy.exporter import CannotExpress, NothingCertified
from audit.policy.exports import EXPORTERS
from audit.policy.policy_file import policy_bytes
from audit.renewal.demand import demand_of
from audit.report import evidence as evidence_section
from audit.report import focus
from audit.report.focus import focus_csv
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.terminal import plain, summary_lines
from audit.report.words import STATUS
from audit.view.pages import route_facts, route_links
from tests.renewal.world import contract, renewed
from tests.report import fixtures
from tests.report.random_findings import random_findings, random_policies
from tests.report.test_one_decision import parts, said_of, stray

SEEDS = range(24)
CHEAP = fixtures.MEDIUM
DIGEST = "d" * 64
CANNOT_WRITE_THESE = (
    *("openrouter", "bedrock"),  # they want a vendor's own ids of models
    *("semantic-router", "vllm-semantic-router", "litellm-auto-router", "routellm"),  # they want a fitted signal
)


def of_the_log(route: RouteFinding) -> RouteEvidence:
    """What is known of a route besides its recommendation."""
    return RouteEvidence(
        requests=route.requests, spend_usd=route.spend_usd, days=30, margin=route.margin, alpha=0.05, sealed="e" * 8,
        criteria_digest=DIGEST,
        shape={"turns": [3, 4]}, models=(route.incumbent,),
    )  # fmt: skip


def tiers_of(findings: Findings) -> list[Tier]:
    """Every tier that a route was tested on, and the incumbent's."""
    price = Price(input=1.0, output=2.0)
    models = {candidate.tier: candidate.model for route in findings.routes for candidate in route.candidates}
    models |= {route.incumbent: route.incumbent for route in findings.routes}
    return [Tier(name=name, model=model, provider="openai", price=price) for name, model in models.items()]


def handed_over(findings: Findings) -> RoutingPolicy:
    """The policy of random findings, as a run writes it."""
    about = {route.route: of_the_log(route) for route in findings.routes}
    return hand_over(findings, random_policies(findings), about, tiers_of(findings))


def by_name(findings: Findings) -> dict[str, RouteFinding]:
    """Routes by name."""
    return {route.route: route for route in findings.routes}


def check_policy(findings: Findings) -> None:
    """Every field of an entry's evidence is the recommendation's, and no route that stays has an entry."""
    policy = json.loads(policy_bytes(handed_over(findings)))
    routes = by_name(findings)
    assert {entry["route"] for entry in policy["routes"]} == {
        name for name, route in routes.items() if route.recommendation.moves_traffic
    }
    for entry in policy["routes"]:
        made, found = routes[entry["route"]].recommendation, entry["evidence"]
        assert (entry["kind"], entry["tier"], entry["threshold"]) == (
            made.kind,
            made.tier,
            made.params.get("threshold"),
        )
        assert policy["models"][entry["tier"]] == made.model
        assert made.quality_delta is not None
        assert (found["n"], found["p_value"]) == (made.pairs.n, made.p_noninferior)
        assert (found["share_moved"], found["share_escalated"]) == (made.moves.share, made.moves.share_escalated)
        assert found["requests_moved"] == made.moves.requests
        assert found["saving_usd"] == to_plain(made.saving_usd)
        assert [-found["quality_loss"][end] for end in ("est", "hi", "lo")] == [
            made.quality_delta.est,
            made.quality_delta.lo,
            made.quality_delta.hi,
        ]
        assert (found["criteria"], found["criteria_digest"]) == (made.grade, DIGEST)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_policy_file(seed: int) -> None:
    """`policy.json` holds the recommendation's figures, to the last digit."""
    check_policy(random_findings(seed))


@pytest.mark.parametrize("target", list(EXPORTERS))
def test_the_exports(target: str) -> None:
    """A configuration names each route's model and what proves it, and has no figure that needs the evidence."""
    written = 0
    for seed in SEEDS:
        findings = random_findings(seed)
        policy = with_default(handed_over(findings), fixtures.LARGE)
        bare = replace(policy, routes=tuple(replace(entry, evidence={}) for entry in policy.routes))
        try:
            files, said, _ = export_expressible(policy, target)
            plain_files, _, _ = export_expressible(bare, target)
        except (CannotExpress, NothingCertified):
            continue
        text = b"".join(files.values()).decode()
        without = b"".join(plain_files.values()).decode()
        routes = by_name(findings)
        for entry in said.routes:
            route = routes[entry.route.partition("@")[0]]
            made = route.recommendation
            assert (made.model or "") in text
            if target not in ("policy-json", "bedrock"):
                # Where several models serve a route, none of them is named for the requests of all.
                assert entry.otherwise in made.served_by or entry.route == route.route
            written += 1
            if target != "policy-json" and text.startswith("#"):
                assert re.search(rf"# Certified by {proven_by(made.grade)}: [^\n]*{entry.route}", text)
        if target != "policy-json":
            assert re.sub(r"# Certified by [^\n]*\n", "", text) == without
    assert written or target in CANNOT_WRITE_THESE


def watched(findings: Findings, policy: RoutingPolicy) -> list[str]:
    """What the gate says of the policy a month later, as lines."""
    tiers = {name: TierSeen(model=model, price=policy.prices.get(name, {})) for name, model in policy.models.items()}
    pairs = {entry.route: WatchedPairs(route=entry.route, n=400, b=2, c=2) for entry in policy.routes}
    seen = Seen(
        run_id="later",
        window_from="2027-01-01",
        window_to="2027-01-31",
        routes={name: RouteSeen(requests=1000, models={CHEAP: 1000}, shape={"turns": [3, 4]}) for name in pairs},
        tiers=tiers,
        pairs=pairs,
        criteria={entry.route: CriteriaSeen(digest=DIGEST, margin=entry.evidence["margin"]) for entry in policy.routes},
    )
    record: Mapping[str, list[WatchedPairs]] = {name: [one] for name, one in pairs.items()}
    return text_lines(judge_policy(policy, seen, record, on=date(2027, 2, 1)))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_watched(seed: int) -> None:
    """The later window is held against the recommendation's tier, at its margin, with what certified it."""
    findings = random_findings(seed)
    policy = handed_over(findings)
    lines = watched(findings, policy)
    for entry in policy.routes:
        route = by_name(findings)[entry.route]
        (told,) = [line for line in lines if entry.route in line and "e-value" in line]
        assert f"→ {route.recommendation.tier}" in told
        assert f"for a loss below {points(-route.margin)[1:]} points" in told
        assert f"certified by {proven_by(route.recommendation.grade)}" in told


@pytest.mark.parametrize("seed", SEEDS)
def test_show(seed: int) -> None:
    """The heading of a route's cases has its recommendation; so has one case."""
    findings = random_findings(seed)
    example = fixtures.cases()[0]
    cases = [replace(example, route=route.route, case_id=f"c-{i}") for i, route in enumerate(findings.routes)]
    lines = list_lines(findings, cases)
    for case, route in zip(cases, findings.routes, strict=True):
        told = lines[lines.index(f"│ {route.route}") + 1]
        assert not stray([told], said_of(findings, route)), told
        made = route.recommendation
        assert made.deciding_delta is not None
        assert points_interval(made.deciding_delta) in told
        if made.moves_traffic:
            assert usd_interval(made.saving_usd) in told
            assert proven_by(made.grade) in told
        assert told in case_lines(findings, case)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_viewer(seed: int) -> None:
    """The list of routes and the page of each have no figure but those of its recommendation."""
    findings = random_findings(seed)
    for route, link in zip(findings.routes, route_links(findings, None, ""), strict=True):
        page, made = route_facts(route), route.recommendation
        texts = [link.line, page["line"], page["reason"], *page["caveats"], *(value for _, value in page["facts"])]
        assert not stray(texts, said_of(findings, route)), texts
        assert link.status is page["status"] is STATUS[made.verdict]
        assert made.deciding_delta is not None
        assert points_interval(made.deciding_delta) in link.line
        assert usd_interval(made.saving_usd) in texts


@pytest.mark.parametrize("seed", range(6))
def test_the_notebook(seed: int) -> None:
    """A row of `routes` is the recommendation."""
    run = FinishedRun.__new__(FinishedRun)
    run.findings = findings = random_findings(seed)
    rows = run.routes.to_dicts()
    for route, row in zip(findings.routes, rows, strict=True):
        made = route.recommendation
        assert made.deciding_delta is not None
        assert (row["verdict"], row["tier"], row["share_moved"]) == (made.verdict.value, made.tier, made.moves.share)
        for name, estimate in (("avoidable_usd", made.saving_usd), ("deciding_delta", made.deciding_delta)):
            assert (row[name], row[f"{name}_low"], row[f"{name}_high"]) == (estimate.est, estimate.lo, estimate.hi)
        assert row["pairs"] == made.pairs.n


@pytest.mark.parametrize("seed", range(3))
def test_the_renewal(seed: int) -> None:
    """It frees what the recommendation moves, saves what it saves, and says both with what proves it."""
    findings = replace(random_findings(seed), provenance=replace(fixtures.proven().provenance, tiers={}))
    terms = contract()
    demand = demand_of(findings, terms, 0)
    months = 365 / 12 / findings.days
    routes = by_name(findings)
    assert {move.name for move in demand.moves} == {n for n, r in routes.items() if r.recommendation.moves_traffic}
    for move in demand.moves:
        made = routes[move.name].recommendation
        assert move.model == made.model
        assert sum(move.freed.values()) == pytest.approx((made.moves.spend_usd or 0.0) * months)
        assert float(move.saving.mean()) == pytest.approx(made.saving_usd.est * months, rel=0.02)
    said = [line for line in renewed(findings, terms).assumptions if line.key.startswith("route ")]
    for name, route in routes.items():
        mine = [line.value for line in said if line.key == f"route {name}"]
        assert not stray(mine, said_of(findings, route)), mine
        assert bool(mine) == route.recommendation.moves_traffic
        if mine:
            assert mine[0].endswith(f"proven by {proven_by(route.recommendation.grade)}")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_grades_of_what_is_proven(seed: int) -> None:
    """One split of the avoidable by grade, the sum of the recommendations, in every summary; and it adds up."""
    findings = random_findings(seed)
    sums: dict[str, float] = {}
    for route in findings.routes:
        if route.recommendation.moves_traffic:
            grade = route.recommendation.grade or ""
            sums[grade] = sums.get(grade, 0.0) + route.recommendation.saving_usd.est
    assert findings.avoidable_by_grade == pytest.approx(sums)
    split = split_by_grade(sums)
    if not split:
        return
    shown = [int(part.replace(",", "")) for part in re.findall(r"\$([\d,]+)", split)]
    assert usd(sum(sums.values())) == usd(sum(shown))
    decision = judge(findings, with_names(["quality_delta{route:*} >= -3pt"]))
    for text in (
        plain(summary_lines(findings, width=140)),
        summary_markdown(findings),
        "\n".join(text_lines(decision)),
        markdown(decision, findings),
    ):
        assert split in text, text


@pytest.mark.parametrize("seed", range(10))
def test_the_pack_is_made_from_the_findings_it_holds(seed: int) -> None:
    """What the pack writes of the findings is the same after they were written and read back."""
    findings = random_findings(seed)
    again = from_plain(Findings, json.loads(json.dumps(to_plain(findings))))
    assert summary_bytes(again) == summary_bytes(findings)
    assert prices_bytes(again) == prices_bytes(findings)


def closest(route: RouteFinding) -> RouteFinding:
    """The route as if its recommendation had the figures of the closest candidate for all traffic: an old fault."""
    candidate, made = route.candidates[0], route.recommendation
    return replace(route, recommendation=replace(made, quality_delta=candidate.quality_delta))


def seen_in(check: str, findings: Findings) -> bool:
    """Whether a property fails on these findings."""
    try:
        if check == "policy":
            check_policy(findings)
        elif check == "report":
            page = render_html(findings, [])
            for route in findings.routes:
                allowed = said_of(findings, route)
                assert not any(stray([text], allowed) for text in parts(page, route.route).values())
        else:
            rows = focus_csv(findings).splitlines()
            for route in findings.routes:
                delta = route.recommendation.deciding_delta
                assert delta is not None
                mine = [row for row in rows if route.route in row]  # one for each model that serves it
                assert mine
                assert all(f"{round(delta.est, 6):.6f}".rstrip("0") in row for row in mine)
    except AssertionError:
        return True
    return False


def test_old_faults_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault of the kind that was once there, put back: the 2x2 of the whole route, its delta, its saving."""
    worlds = [random_findings(seed) for seed in range(6)]
    for check in ("policy", "report", "focus"):
        assert not any(seen_in(check, findings) for findings in worlds), check

    squares = evidence_section._squares
    monkeypatch.setattr(
        evidence_section,
        "_squares",
        lambda route: squares(replace(route, recommendation=replace(route.recommendation, pairs=of_candidate(route)))),
    )
    assert any(seen_in("report", findings) for findings in worlds)
    monkeypatch.undo()

    verdict = focus._verdict
    monkeypatch.setattr(focus, "_verdict", lambda findings, route: verdict(findings, closest(route)))
    assert any(seen_in("focus", findings) for findings in worlds)
    monkeypatch.undo()

    entry_of = handover.route_policy

    def whole_route(policy: RoutePolicy, made: object, about: RouteEvidence) -> RoutePolicy:
        entry = entry_of(policy, made, about)  # type: ignore[arg-type]
        return replace(entry, evidence={**entry.evidence, "share_moved": 1.0, "n": about.requests})

    monkeypatch.setattr(handover, "route_policy", whole_route)
    assert any(seen_in("policy", findings) for findings in worlds)


def of_candidate(route: RouteFinding) -> object:
    """The closest candidate's counts over the whole route."""
    one = route.candidates[0]
    return replace(
        route.recommendation.pairs, both_pass=one.both_pass, only_today=one.b, only_after=one.c, both_fail=one.both_fail
    )
