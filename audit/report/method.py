"""How the numbers were made, what would change them, and what they were made from. Unknown is written, never blank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.core.display import count, listing, plural, usd, usd_parts, visible
from audit.core.finding import Findings, NeedsMore, ReplayCounts, Verdict
from audit.core.reconciliation import Reconciliation
from audit.core.traffic import Apart
from audit.report.tables import Numbers
from audit.report.words import billed, level_text, margin_points, route_name, some, whose_margin, window_text

UNKNOWN = "unknown"
DIGEST = 16
MOST_CAVEATS = 12
"""Sentences beside those under the headline; those of single routes stand in their evidence as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the method."""

    lead: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """The section: steps, limits, and tables."""

    steps: tuple[Step, ...]
    limits: tuple[str, ...]
    ledger: Numbers
    methods: Numbers | None
    provenance: tuple[tuple[str, tuple[str, ...]], ...]
    prices: Numbers | None


def method(findings: Findings, more_caveats: Iterable[str]) -> Method:
    """Lay the section out; `more_caveats` are those that found no place under the headline."""
    listed = list(more_caveats)
    if (left := len(listed) - MOST_CAVEATS) > 0:
        listed[MOST_CAVEATS:] = [
            f"{plural(left, 'more sentence')} of this kind stand with the evidence of their routes."
        ]
    methods = findings.provenance.methods
    return Method(
        steps=_steps(findings) if findings.tested else _scan_steps(),
        limits=(*listed, *(_limits(findings) if findings.tested else ())),
        ledger=_ledger(findings),
        methods=Numbers(
            caption="Statistical methods",
            head=("Number", "Method"),
            rows=tuple((name.replace("_", " "), text) for name, text in sorted(methods.items())),
        )
        if methods
        else None,
        provenance=_provenance(findings),
        prices=_prices(findings),
    )


def _steps(findings: Findings) -> tuple[Step, ...]:
    drawn = {kind: sum(route.sampled.get(kind, 0) for route in findings.routes) for kind in ("quality", "dollars")}
    replay = findings.replay
    level = level_text(findings)
    asked = "" if replay is None else f" {count(replay.done)} of {plural(replay.planned, 'planned call')} were made."
    if replay is not None and replay.spared:
        worth = f", worth about {usd(replay.spared_usd)}" if replay.spared_usd else ""
        asked += f" Early stops made {plural(replay.spared, 'more call')} unnecessary{worth}."
    return (
        Step(
            lead="Sample.",
            text=f"{plural(drawn['quality'], 'request')} drawn with equal chance for quality, "
            f"{count(drawn['dollars'])} in proportion to cost for money, route by route, with the seed below.",
        ),
        Step(
            lead="Replay.",
            text=f"Each was sent, as logged, to the cheaper tiers of its route.{asked} Today’s answers come from the "
            "log. A refused or truncated answer counts against the candidate, and so does a prompt that is too long "
            "for it. A request that it was not asked, or whose form its endpoint refused, is outside the claim."
            f"{_several(findings)}",
        ),
        Step(
            lead="Score.",
            text="Both answers to a request are judged by the same criteria. What could not be measured is never a "
            "score: it is counted as a failure at the low end of the interval.",
        ),
        Step(
            lead="Decide.",
            text=f"A route switches only if a loss as large as {whose_margin(findings)} is ruled out at {level} "
            "confidence, and the saving is above zero. Otherwise it keeps, or is not proven and counts as $0.",
        ),
        Step(
            lead="Many tiers, many routes.",
            text="A third of each sample puts a route’s candidates in order; the rest tests them in that order and "
            "stops at the first that does not hold. Scores to route by are fitted on that third as well, and bounded "
            "on the rest. Error rates hold per route.",
        ),
        *_looks(findings),
    )


def _several(findings: Findings) -> str:
    """Which tiers were asked each request several times, and what that makes of a request's value."""
    tiers = findings.provenance.tiers
    asked = {name: facts["repeats"] for name, facts in sorted(tiers.items()) if facts.get("repeats", 1) > 1}
    if not asked:
        return ""
    said = listing([f"{name} {times} times" for name, times in asked.items()])
    return (
        f" Requests of the quality sample were asked several times: {said}. Each then counts by the share of its "
        "answers that are accepted; the request stays the unit, and dollars are those of its first answer."
    )


def _looks(findings: Findings) -> Iterable[Step]:
    """How a route may stop early, where any could."""
    declared = max((route.looks[1] for route in findings.routes), default=1)
    if declared > 1:
        yield Step(
            lead="Stop early.",
            text=f"That rest is looked at up to {declared} times, after steps fixed before the replay. A route that is "
            "decided, or has no prospect of it, stops there; a candidate that is hopeless on the first third, and "
            "beaten by another, is not tested. The intervals of all looks hold together, so looking costs no promise.",
        )


def _scan_steps() -> tuple[Step, ...]:
    return (
        Step(lead="Read.", text="Every billable request of the log was read, priced and counted. Nothing was sent."),
        Step(lead="Ceiling.", text="The logged tokens were priced at the cheapest tier. No answer was compared."),
    )


def _by_replays(need: NeedsMore | None) -> bool:
    """Whether more replays of this log would decide a route."""
    return need is not None and not need.requests_missing


def _limits(findings: Findings) -> Iterable[str]:
    """What would change the answer, from the data."""
    unproven = [route for route in findings.routes if route.verdict is Verdict.NOT_PROVEN]
    open_routes = [route_name(route) for route in unproven if _by_replays(route.needs_more)]
    if open_routes:
        yield f"More replays could decide {some(open_routes, 5)}."
    shifted = [route_name(r) for r in findings.routes if r.noise_floor is not None and r.noise_floor.shifted]
    if shifted:
        yield f"Today’s model does not reproduce its own log on {some(shifted, 5)}; part of the change there is drift."
    missing = sum(sum(route.unreplayable.values()) for route in findings.routes)
    if missing:
        yield f"{plural(missing, 'request')} could not be replayed; their bounds stand with each route."
    margins = sorted({margin_points(route.margin) for route in findings.routes}, key=float)
    yield (
        f"Another margin. It was fixed at {listing(margins, 'or')} points before anything was replayed; reading these "
        "numbers against a different one is exploration, not proof."
    )
    yield "Latency is reported per candidate, and is not part of the verdict."
    yield "Other criteria. The verdict is only as good as the list that says what an acceptable answer is."


def _ledger(findings: Findings) -> Numbers:
    ledger = findings.ledger
    known = {"Audited: in the sample": ledger.audited_usd, "Extrapolated from it": ledger.extrapolated_usd}
    reasons = {
        f"– {name.replace('_', ' ')}": value
        for name, value in sorted(ledger.reasons.items(), key=lambda item: (-item[1], item[0]))
        if value > 0
    }
    rest = ledger.not_auditable_usd - sum(reasons.values())
    if rest > 0.005:
        reasons["– other reasons"] = rest
    texts = usd_parts({**known, **reasons}, dict.fromkeys(reasons, "Not auditable"))
    rows = [(name, texts[name]) for name in known]
    rows.append(("Not auditable", texts.get("Not auditable", "$0")))
    rows += [(name, texts[name]) for name in reasons]
    rows.append(("Paid in all", usd(sum(known.values()) + sum(reasons.values()))))
    rows += _bill(findings.mix.reconciliation)
    return Numbers(caption="Where every dollar went", head=("Bucket", "USD"), rows=tuple(rows))


def _bill(found: Reconciliation | None) -> list[tuple[str, str]]:
    """The bill that the log was held against, and the steps from the log to it; they add up as they are shown."""
    if found is None:
        return []
    texts = usd_parts({"log": found.log_usd, **{str(number): step.usd for number, step in enumerate(found.steps)}})
    steps = [(f"– {visible(step.words)}", texts[str(number)]) for number, step in enumerate(found.steps)]
    log, bill = (f"Log, held against {visible(found.bill)}", texts["log"]), ("The bill", usd(found.bill_usd))
    return [log, *steps, bill]


def _earlier(replay: ReplayCounts) -> str:
    """What earlier runs paid for answers of this one, and what a reader cannot see of them."""
    taken = plural(replay.served_from["store"], "answer")
    paid = f"{taken} from the store, for which earlier runs paid {usd(replay.earlier_usd)}: in no amount of this run"
    return (
        f"{paid}. They were there before this run was planned; that its margin was not chosen by them is not shown here"
    )


def _provenance(findings: Findings) -> tuple[tuple[str, tuple[str, ...]], ...]:
    made, ingest, replay = findings.provenance, findings.ingest, findings.replay
    rejects = [f"{count(n)} {name}" for name, n in sorted(ingest.rejects.items()) if n]
    formats = [f"{name} ({count(n)})" for name, n in sorted(ingest.formats.items())]
    files = [f"{name} · {digest[:DIGEST]}" for name, digest in sorted(made.inputs.items())]
    apart = [f"{usd(dollars)} {Apart(kind).words}" for kind, dollars in sorted(ingest.apart_usd.items())]
    calls = UNKNOWN if findings.tested else "nothing was replayed"
    if replay is not None:
        served = listing([f"{count(n)} {name.replace('_', ' ')}" for name, n in sorted(replay.served_from.items())])
        by_status = listing([f"{count(n)} {name.replace('_', ' ')}" for name, n in sorted(replay.by_status.items())])
        calls = f"{count(replay.done)} of {count(replay.planned)}: {by_status or 'none'}"
        calls += f". Served from: {served}" if served else ""
        calls += f". {count(replay.retried)} retried" if replay.retried else ""
    estimated = " (estimated: an endpoint reported no usage)" if findings.replay_cost_estimated else ""
    cap = f", of {usd(findings.replay_cap_usd)} at most" if findings.replay_cap_usd else ""
    earlier = () if replay is None or not replay.served_from.get("store") else (_earlier(replay),)
    quoted = [
        f"{usd(value)} {name.removesuffix('_usd').replace('_', ' ')}" for name, value in sorted(made.quote.items())
    ]
    return (
        ("Run", (findings.run_id,)),
        ("Window", (window_text(findings.window.get("from"), findings.window.get("to")),)),
        ("Logs, SHA-256", tuple(files) or (UNKNOWN,)),
        ("Formats", tuple(formats) or (UNKNOWN,)),
        (
            "Rows",
            (
                f"{count(ingest.read)} read, {count(ingest.rejected)} rejected"
                + (f" ({listing(rejects)})" if rejects else ""),
                f"{count(ingest.requests)} billable requests, {count(ingest.failures)} failed, "
                f"{count(ingest.duplicates)} duplicates, {count(ingest.cache_hits)} served by a cache, "
                f"{count(ingest.not_priced)} without a price",
                *([f"logged beside the spend, in no amount here: {listing(apart)}"] if apart else []),
                f"{count(ingest.secrets_masked)} secrets masked",
            ),
        ),
        ("Replays", (calls,)),
        (
            "Replay cost",
            (f"{billed(findings)}{cap}{estimated}", *earlier, f"quoted: {listing(quoted) or UNKNOWN}"),
        ),
        ("Criteria embedder", (made.embedder or "none used",)),
        ("Seed", (str(made.seed),)),
        ("Configuration", (made.config_sha256[:DIGEST] or UNKNOWN,)),
        ("Plan", ((made.plan_sha256 or UNKNOWN)[:DIGEST],)),
        (
            "Software",
            (
                f"audit {made.tool_version}",
                ", ".join(f"{name} {version}" for name, version in sorted(made.packages.items())),
            ),
        ),
    )


def _prices(findings: Findings) -> Numbers | None:
    tiers = findings.provenance.tiers
    if not tiers:
        return None
    rows = []
    for name, tier in sorted(tiers.items()):
        price = tier.get("price")
        source = tier
        if isinstance(price, dict):
            source = {**tier, **price}
            price = f"{_rate(price.get('input'))} in, {_rate(price.get('output'))} out"
        rows.append(
            (
                name,
                str(tier.get("model") or UNKNOWN),
                str(tier.get("host") or "no endpoint"),
                str(price or UNKNOWN),
                str(source.get("source") or UNKNOWN),
                str(source.get("as_of") or UNKNOWN),
            )
        )
    head = ("Tier", "Model", "Endpoint", "USD per million tokens", "Source", "As of")
    return Numbers(caption="Tiers and their prices", head=head, rows=tuple(rows))


def _rate(value: object) -> str:
    return usd(float(value)) if isinstance(value, int | float) else UNKNOWN
