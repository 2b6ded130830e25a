"""Checking an evidence pack, offline: every digest, whether its report follows from its findings and cases, and whether
the findings agree with themselves, with the tables that they were made from, and with what stands beside them.

Whoever makes a pack up whole, out of figures and tables that agree, is found by its id, or by its signature where the
receiver has the sender's public key.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit import __version__
from audit.core.display import plural
from audit.core.errors import AuditError
from audit.core.finding import Case, Findings
from audit.core.history import SCHEMA as HISTORY_SCHEMA
from audit.core.history import History
from audit.core.plain import from_plain, to_plain
from audit.core.plan import SCHEMA as PLAN_SCHEMA
from audit.core.plan import Plan, plan_from_plain
from audit.core.renewal import SCHEMA as RENEWAL_SCHEMA
from audit.core.renewal import Renewal
from audit.pack.archive import BadPack, Members
from audit.pack.evidence import (
    CASES,
    CASSETTE,
    CASSETTES,
    CONFIG,
    FINDINGS,
    HISTORY,
    INDEX,
    PLAN,
    PRICES,
    RENEWAL,
    REPORT,
    ROUNDS,
    SCHEMA,
    SUMMARY,
    TABLES,
    Content,
    cases_bytes,
    facts_of,
    is_rescored,
    json_bytes,
    prices_bytes,
    report_bytes,
    sha256,
    summary_bytes,
)
from audit.pack.signing import SIGNATURE, key_named, signature_fault

WITH_TEXT = (CASES, CASSETTE)
FROM = {REPORT: "findings and what stands beside them", SUMMARY: "findings", PRICES: "findings"}
"""What can be made again, and from what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing that was checked."""

    name: str
    holds: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of checking a pack.

    Attributes:
        pack_id: Digest of its `pack.json`. It is in nothing that the pack itself could vouch for: compare it with the
            one that the sender's `audit report --pack` printed.
        demo: The pack is about bundled data.
        simulated: Tiers whose completions were simulated.
        avoidable_by_grade: Dollars that the pack says were avoidable, by the grade of the criteria that prove it; one
            of its checks holds it against the findings.
        signed_by: The id of the key that it says it is signed with; whether that is so is a check, where a key was
            named. None where it is not signed.
        previous: The id of the pack that it says it follows.
    """

    pack_id: str
    run_id: str
    tool_version: str
    demo: bool
    simulated: tuple[str, ...]
    checks: tuple[Checked, ...]
    avoidable_by_grade: Mapping[str, float] = field(default_factory=dict)
    signed_by: str | None = None
    previous: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)


Recount = Callable[[Findings], Sequence[str]]
"""Where findings contradict themselves, as paths into `findings.json`."""
Retest = Callable[[Findings, Plan | None, Mapping[str, bytes]], Mapping[str, Sequence[str]]]
"""What of findings does not follow from the tables beside them, by the name of the check."""
FOLLOWS = {
    "answers": "scores worked out again from the recorded answers, where they follow from those alone: the same",
    "scores": "every verdict follows from what the criteria said",
    "pairs": "the counts of every candidate are those of its draws",
    "prices": "every call costs what its tokens do at the price of its tier",
    "dollars": "spend and savings follow from the draws and the calls",
}
"""Checks of a retest, and what it says that each holds."""

MOST_NAMED = 3


def verify_pack(
    path: Path, recount: Recount, retest: Retest, *, key: Path | None = None, previous: str | None = None
) -> Verification:
    """Check a pack.

    Args:
        path: The zip file.
        recount: Works the figures of the findings out again, as far as they follow from each other.
        retest: Works them out again from the tables that they were made from.
        key: A file with the public key of whoever must have signed it; None for anybody or nobody.
        previous: Id of the pack that it must follow; None for any.

    Raises:
        BadPack: It is no pack, of another version, or a zip file that must not be read.
        InputError: There is no such file.
    """
    with Members(path) as members:
        raw = members.read(INDEX)
        index = _index(path, raw)
        checks = [_members(members, index), *_digests(members, index)]
        signed_by, checked = _signature(members, raw, key)
        checks += checked
        if previous is not None:
            says = "it follows the pack that was named"
            checks.append(_checked("previous", index.get("previous") == previous, says, "it follows another pack"))
        # What does not have its digest is not looked at further: it would only be found to differ once more.
        if all(check.holds for check in checks):
            checks += _contents(members, index, recount, retest)
    return Verification(
        pack_id=sha256(raw),
        run_id=str(index["run_id"]),
        tool_version=str(index["tool_version"]),
        demo=bool(index.get("demo")),
        simulated=tuple(map(str, index.get("simulated") or ())),
        checks=tuple(checks),
        avoidable_by_grade=index.get("avoidable_by_grade", {}),
        signed_by=signed_by,
        previous=index.get("previous"),
    )


def pack_id_of(path: Path) -> str:
    """The id of a pack; nothing of it is checked.

    Raises:
        BadPack, InputError: It is none.
    """
    with Members(path) as members:
        raw = members.read(INDEX)
        _index(path, raw)
        return sha256(raw)


def _signature(members: Members, raw: bytes, key: Path | None) -> tuple[str | None, list[Checked]]:
    """The key that the pack says it is signed with, and whether that is so, where somebody's key is asked for."""
    if SIGNATURE not in members.names:
        return None, [] if key is None else [Checked(name=SIGNATURE, holds=False, says="it is not signed")]
    envelope = members.read(SIGNATURE)
    try:
        named = key_named(envelope)
    except (ValueError, LookupError, TypeError, RecursionError):
        return None, [Checked(name=SIGNATURE, holds=False, says="it is damaged")]
    if key is None:
        return named, []
    fault = signature_fault(envelope, raw, key)
    return named, [_checked(SIGNATURE, fault is None, "of the key that was named, for this pack", fault or "")]


def _index(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        index = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadPack(f"{INDEX} in {path} is not JSON", code="pack.damaged") from None
    schema = index.get("schema") if isinstance(index, dict) else None
    if schema != SCHEMA:
        raise BadPack(f"{path} is a pack of another version: {schema!r}, this reads {SCHEMA!r}", code="pack.version")
    files = index.get("files")
    well = isinstance(files, dict) and all(
        isinstance(facts, dict) and isinstance(facts.get("sha256"), str) and isinstance(facts.get("bytes"), int)
        for facts in files.values()
    )
    proven = index.get("avoidable_by_grade", {})
    well = well and isinstance(proven, dict) and all(_is_amount(amount) for amount in proven.values())
    previous = index.get("previous")
    well = well and (
        previous is None or (isinstance(previous, str) and re.fullmatch("[0-9a-f]{64}", previous) is not None)
    )
    if not well or index.get("text") not in ("sample", "none") or not {"run_id", "tool_version"} <= index.keys():
        raise BadPack(f"{INDEX} in {path} lacks or spoils a field", code="pack.damaged")
    return dict(index)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _members(members: Members, index: Mapping[str, Any]) -> Checked:
    """Whether the pack holds what it lists, and nothing else."""
    listed, there = {*index["files"]}, {*members.names} - {INDEX, SIGNATURE}
    wrong = [f"{name} is listed and not there" for name in sorted(listed - there)]
    wrong += [f"{name} is there and not listed" for name in sorted(there - listed)]
    wrong += [f"{name} is needed" for name in (FINDINGS, *FROM) if name not in listed]
    if index["text"] == "none":
        wrong += [f"{name} is there, and the pack says that it holds no text" for name in WITH_TEXT if name in there]
    says = "; ".join(wrong) or f"{plural(len(there), 'file')} as listed"
    return Checked(name="members", holds=not wrong, says=says)


def _digests(members: Members, index: Mapping[str, Any]) -> list[Checked]:
    present = [name for name in sorted(index["files"]) if name in members.names]
    listed = {name: (index["files"][name]["sha256"], index["files"][name]["bytes"]) for name in present}
    differing = [name for name in present if (members.sha256(name), members.size(name)) != listed[name]]
    if not differing:
        return [Checked(name="digests", holds=True, says=f"{plural(len(present), 'digest')} as listed")]
    return [Checked(name=name, holds=False, says="its digest or size is not the one listed") for name in differing]


def _contents(members: Members, index: Mapping[str, Any], recount: Recount, retest: Retest) -> list[Checked]:
    try:
        raw_cases = members.read(CASES) if CASES in members.names else b""
        content = _content(members, raw_cases)
        plan = plan_from_plain(_json(members, PLAN)) if PLAN in members.names else None
        rounds = _json(members, ROUNDS) if ROUNDS in members.names else None
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        # The kind alone: the message could quote a completion.
        says = f"what the report is made from cannot be read ({type(error).__name__})"
        return [Checked(name=FINDINGS, holds=False, says=says)]
    findings, cases, renewal = content.findings, content.cases, content.renewal
    checks = [_belongs(index, findings), _agrees(findings, recount), *_follows(members, findings, plan, retest)]
    if raw_cases:
        says = plural(len(cases), "case")
        checks.append(_checked(CASES, cases_bytes(cases) == raw_cases, says, "not as written"))
    if renewal is not None:
        checks.append(_checked(RENEWAL, renewal.run_id == findings.run_id, "of this run", "of another run"))
    if plan is not None:
        other = RESCORED if is_rescored(plan, findings) else "of another run"
        checks.append(_checked(PLAN, _is_plan_of(plan, findings), "that the run was made from", other))
    if ROUNDS in members.names:
        rounds = rounds if isinstance(rounds, dict) else {}
        of_plan = rounds.get("plan") == findings.provenance.plan_sha256
        checks.append(_checked(ROUNDS, of_plan, "of this plan", "of another plan"))
        if of_plan and not _asked_for(rounds.get("rounds"), findings):
            checks.append(Checked(name=ROUNDS, holds=False, says="it does not lead to the looks of the findings"))
    written = {FINDINGS: findings, HISTORY: content.history, RENEWAL: renewal, PLAN: plan}
    checks += [
        Checked(name=name, holds=False, says="it repeats figures that differ from its own, or has more than it should")
        for name, value in written.items()
        if name in members.names and json_bytes(to_plain(value)) != members.read(name)
    ]
    return [*checks, *_views(members, index, content)]


RESCORED = "of this run, which was scored again with another configuration than it was planned with"


def _checked(name: str, holds: bool, says: str, otherwise: str) -> Checked:
    return Checked(name=name, holds=holds, says=says if holds else otherwise)


def _belongs(index: Mapping[str, Any], findings: Findings) -> Checked:
    """Whether the index says of the findings what they say of themselves."""
    wrong = [name for name, value in facts_of(findings).items() if index.get(name) != value]
    holds, says = not wrong, "of the run that the pack names"
    return _checked(FINDINGS, holds, says, f"the pack names another {', '.join(wrong)} than they have")


def _agrees(findings: Findings, recount: Recount) -> Checked:
    """Whether the figures of the findings follow from each other."""
    try:
        wrong = list(recount(findings))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return Checked(name="figures", holds=False, says=f"they cannot be worked out again ({type(error).__name__})")
    more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
    says = f"they contradict themselves in {', '.join(wrong[:MOST_NAMED])}{more}"
    return _checked("figures", not wrong, "sums, rates, p-values and verdicts worked out again: the same", says)


def _follows(members: Members, findings: Findings, plan: Plan | None, retest: Retest) -> list[Checked]:
    """Whether the findings follow from the tables."""
    read = (TABLES, CASSETTES, CONFIG)
    beside = {name: members.read(name) for name in members.names if name.startswith(read)}
    try:
        found = retest(findings, plan, beside)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError, AuditError) as error:
        # The kind alone: the message could quote what it tripped over.
        return [Checked(name=TABLES, holds=False, says=f"they cannot be read ({type(error).__name__})")]
    checks = []
    for name, wrong in found.items():
        more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        told = f"{', '.join(wrong[:MOST_NAMED])}{more}"
        if name == TABLES:
            says = f"without {told} there is nothing to work the figures out from"
        else:
            says = f"not what the tables say: {told}"
        checks.append(_checked(name, not wrong, FOLLOWS.get(name, ""), says))
    return checks


def _asked_for(rounds: Any, findings: Findings) -> bool:
    """Whether rounds only ever ask for more, of tiers that the findings know, and for every look that was taken."""
    known = {
        (one.route, candidate.tier): candidate.look or 0 for one in findings.routes for candidate in one.candidates
    }
    before: dict[tuple[str, str], int] = {}
    try:
        for number in rounds:
            asked = {(route, tier): look for route, tiers in number.items() for tier, look in tiers.items()}
            if any(type(look) is not int or look < before.get(one, 0) for one, look in asked.items()):
                return False
            before |= asked
    except (AttributeError, TypeError):
        return False
    return before.keys() <= known.keys() and all(before.get(one, 0) >= look for one, look in known.items())


def _is_plan_of(plan: Plan, findings: Findings) -> bool:
    """Whether it is the plan that the findings name, with what they repeat of its routes."""
    made, kept = findings.provenance, {design.route: design for design in plan.designs}
    routes = all(
        (design := kept.get(route.route)) is not None
        and (design.requests, design.spend_usd, design.margin) == (route.requests, route.spend_usd, route.margin)
        and (design.criteria == route.criteria or not route.candidates)
        for route in findings.routes
    )
    told = (plan.schema, plan.plan_id, plan.made_from.get("audit.yaml"), plan.seed, plan.confidence, plan.whole_usd)
    return routes and told == (
        PLAN_SCHEMA,
        made.plan_sha256,
        made.config_sha256,
        made.seed,
        findings.confidence,
        made.quote,
    )


def _json(members: Members, name: str) -> Any:
    return json.loads(members.read(name).decode("utf-8", "surrogatepass"))


def _content(members: Members, raw_cases: bytes) -> Content:
    """What the report is made from; a member that is not there is one that the run did not have."""
    lines = raw_cases.decode("utf-8", "surrogatepass").split("\n")
    content = Content(
        findings=from_plain(Findings, _json(members, FINDINGS)),
        cases=[from_plain(Case, json.loads(line)) for line in lines if line],
        history=from_plain(History, _json(members, HISTORY)) if HISTORY in members.names else History(),
        renewal=from_plain(Renewal, _json(members, RENEWAL)) if RENEWAL in members.names else None,
    )
    if content.history.schema != HISTORY_SCHEMA or (content.renewal and content.renewal.schema != RENEWAL_SCHEMA):
        raise ValueError("of another version")
    return content


def _views(members: Members, index: Mapping[str, Any], content: Content) -> list[Checked]:
    """Whether report, summary and prices are what the findings, and what stands beside them, make."""
    try:
        made = {
            REPORT: report_bytes(content, index["text"]),
            SUMMARY: summary_bytes(content.findings),
            PRICES: prices_bytes(content.findings),
        }
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return [Checked(name=REPORT, holds=False, says=f"it cannot be made again ({type(error).__name__})")]
    packed_by = str(index["tool_version"])
    other = "" if packed_by == __version__ else f"; it was packed by audit {packed_by}, this is {__version__}"
    checks = []
    for name, data in made.items():
        same = data == members.read(name)
        says = f"made again from {FROM[name]}: the same bytes" if same else f"made again, it differs{other}"
        checks.append(Checked(name=name, holds=same, says=says))
    return checks
