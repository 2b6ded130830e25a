"""Findings and cases with one text in every field that a stranger can fill."""

from __future__ import annotations

import dataclasses

from audit.core.finding import Case, CaseSide, Findings, PolicyFinding, RouteFinding, Verdict
from audit.core.mixture import Mix, MixRow
from tests.report.fixtures import below_floor, changed


def spoiled(text: str) -> Findings:
    """The below-floor state with `text` as every route, tenant, tier, model, criterion, reason and file name."""
    whole = _small(below_floor())
    made = dataclasses.replace(
        whole.provenance,
        inputs={text: "ab" * 32},
        packages={text: text},
        tiers={text: {"model": text, "host": text, "source": text, "as_of": text, "price": text}},
        embedder=text,
        methods={text: text},
    )
    return dataclasses.replace(
        whole,
        simulated=(text,),
        routes=tuple(_route(route, text, split=not index) for index, route in enumerate(whole.routes)),
        mix=_mix(whole.mix, text),
        caveats=(text, f"{text}. {text}", text, text),
        provenance=made,
        ingest=dataclasses.replace(whole.ingest, rejects={text: 3}, formats={text: 4}),
        replay=dataclasses.replace(whole.replay, by_status={text: 1}, served_from={text: 1}) if whole.replay else None,
        ledger=dataclasses.replace(whole.ledger, reasons={text: 1.0}),
        frontier=tuple(dataclasses.replace(point, tier=text) for point in whole.frontier),
    )


def _small(findings: Findings) -> Findings:
    """A split route, a route below its floor, and ten days: enough for every place on the page, quick to draw."""
    routes = tuple(route for route in findings.routes if route.route in ("invoice-fields", "contract-summary"))
    mix = dataclasses.replace(
        findings.mix,
        by_route=findings.mix.by_route[:2],
        by_tenant=findings.mix.by_tenant[:2],
        trend=findings.mix.trend[:10],
    )
    return dataclasses.replace(findings, routes=routes, mix=mix)


def _route(route: RouteFinding, text: str, *, split: bool) -> RouteFinding:
    candidates = tuple(
        dataclasses.replace(
            candidate,
            tier=text,
            model=text,
            reason=text,
            excluded={text: 1},
            counted_against={text: 1},
            criteria=tuple(dataclasses.replace(row, name=text, scorer=text) for row in candidate.criteria),
        )
        for candidate in route.candidates
    )
    return changed(
        route,
        **({"verdict": Verdict.SPLIT, "params": _policy(text).params, "kind": "rules"} if split else {}),
        route=text,
        incumbent=text,
        incumbents={text: 1.0},
        candidate=text,
        reason=text,
        noise_reason=text,
        unreplayable={text: 2},
        caveats=(text,),
        candidates=candidates,
        policies=(_policy(text),),
        curve=None if route.curve is None else dataclasses.replace(route.curve, tier=text, signal=text),
        at_margins=tuple(dataclasses.replace(found, tier=text) for found in route.at_margins),
    )


def _policy(text: str) -> PolicyFinding:
    condition = {"feature": text, "op": text, "value": text}
    return PolicyFinding(
        kind=text,
        params={"recommended": True, "tier": text, "otherwise": text, "signal": text, "conditions": [condition]},
        share_moved=0.4,
        quality_loss=None,
        saving_usd=None,
        certified=True,
    )


def _mix(mix: Mix, text: str) -> Mix:
    def named(row: MixRow) -> MixRow:
        return dataclasses.replace(
            row, name=text, models=tuple(dataclasses.replace(model, model=text) for model in row.models)
        )

    return dataclasses.replace(
        mix,
        by_model=tuple(map(named, mix.by_model[:1])),
        by_route=tuple(map(named, mix.by_route)),
        by_tenant=tuple(map(named, mix.by_tenant)),
        by_environment=tuple(map(named, mix.by_tenant)),
        trend=tuple(dataclasses.replace(day, shares={text: 1.0}) for day in mix.trend),
    )


def spoiled_cases(text: str, route: str | None = None) -> list[Case]:
    """A case per kind with `text` as id, request, answers, criteria and reasons; as the route too, if none is given."""
    results = (
        {"criterion": text, "status": text, "passed": False, "value": 0.0, "reason": text, "expected": text,
         "extracted": {text: [text]}},
    )  # fmt: skip
    answer = CaseSide(tier=text, text=text, cost_usd=0.01, passed=False, results=results)
    other = CaseSide(tier=text, text=f"{text} {text}", cost_usd=None, passed=None, results=results)
    return [
        Case(
            case_id=text,
            exchange_id=text,
            route=text if route is None else route,
            kind=kind,
            request=text,
            incumbent=answer,
            candidate=other,
            tenant=text,
            metadata={text: text},
        )
        for kind in ("only_incumbent", "both_pass", text)
    ]
