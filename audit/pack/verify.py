"""Checking an evidence pack, offline: every digest, and whether its report follows from its findings and cases."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit import __version__
from audit.core.display import plural
from audit.core.finding import Case, Findings
from audit.core.history import SCHEMA as HISTORY_SCHEMA
from audit.core.history import History
from audit.core.plain import from_plain
from audit.core.renewal import SCHEMA as RENEWAL_SCHEMA
from audit.core.renewal import Renewal
from audit.pack.archive import BadPack, Members
from audit.pack.evidence import (
    CASES,
    CASSETTE,
    FINDINGS,
    HISTORY,
    INDEX,
    PRICES,
    RENEWAL,
    REPORT,
    SCHEMA,
    SUMMARY,
    Content,
    cases_bytes,
    prices_bytes,
    report_bytes,
    sha256,
    summary_bytes,
)

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
    """

    pack_id: str
    run_id: str
    tool_version: str
    demo: bool
    simulated: tuple[str, ...]
    checks: tuple[Checked, ...]
    avoidable_by_grade: Mapping[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)


def verify_pack(path: Path) -> Verification:
    """Check a pack.

    Raises:
        BadPack: It is no pack, of another version, or a zip file that must not be read.
        InputError: There is no such file.
    """
    with Members(path) as members:
        raw = members.read(INDEX)
        index = _index(path, raw)
        checks = [_members(members, index), *_digests(members, index)]
        # What does not have its digest is not looked at further: it would only be found to differ once more.
        if all(check.holds for check in checks):
            checks += _contents(members, index)
    return Verification(
        pack_id=sha256(raw),
        run_id=str(index["run_id"]),
        tool_version=str(index["tool_version"]),
        demo=bool(index.get("demo")),
        simulated=tuple(map(str, index.get("simulated") or ())),
        checks=tuple(checks),
        avoidable_by_grade=index.get("avoidable_by_grade", {}),
    )


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
        isinstance(facts, dict) and isinstance(facts.get("sha256"), str) for facts in files.values()
    )
    proven = index.get("avoidable_by_grade", {})
    well = well and isinstance(proven, dict) and all(_is_amount(amount) for amount in proven.values())
    if not well or index.get("text") not in ("sample", "none") or not {"run_id", "tool_version"} <= index.keys():
        raise BadPack(f"{INDEX} in {path} lacks or spoils a field", code="pack.damaged")
    return dict(index)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _members(members: Members, index: Mapping[str, Any]) -> Checked:
    """Whether the pack holds what it lists, and nothing else."""
    listed, there = {*index["files"]}, {*members.names} - {INDEX}
    wrong = [f"{name} is listed and not there" for name in sorted(listed - there)]
    wrong += [f"{name} is there and not listed" for name in sorted(there - listed)]
    wrong += [f"{name} is needed" for name in (FINDINGS, *FROM) if name not in listed]
    if index["text"] == "none":
        wrong += [f"{name} is there, and the pack says that it holds no text" for name in WITH_TEXT if name in there]
    says = "; ".join(wrong) or f"{plural(len(there), 'file')} as listed"
    return Checked(name="members", holds=not wrong, says=says)


def _digests(members: Members, index: Mapping[str, Any]) -> list[Checked]:
    present = [name for name in sorted(index["files"]) if name in members.names]
    differing = [name for name in present if members.sha256(name) != index["files"][name]["sha256"]]
    if not differing:
        return [Checked(name="digests", holds=True, says=f"{plural(len(present), 'digest')} as listed")]
    return [Checked(name=name, holds=False, says="its digest is not the one listed") for name in differing]


def _contents(members: Members, index: Mapping[str, Any]) -> list[Checked]:
    try:
        raw_cases = members.read(CASES) if CASES in members.names else b""
        content = _content(members, raw_cases)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        # The kind alone: the message could quote a completion.
        says = f"what the report is made from cannot be read ({type(error).__name__})"
        return [Checked(name=FINDINGS, holds=False, says=says)]
    findings, cases, renewal = content.findings, content.cases, content.renewal
    belongs = findings.run_id == index["run_id"] and findings.provenance.seed == index.get("seed")
    of_run = "of the run and seed that the pack names" if belongs else "of another run or seed than the pack names"
    if belongs and index.get("avoidable_by_grade", {}) != findings.avoidable_by_grade:
        belongs, of_run = False, "they prove other dollars than the pack names"
    checks = [Checked(name=FINDINGS, holds=belongs, says=of_run)]
    if raw_cases:
        same = cases_bytes(cases) == raw_cases
        checks.append(
            Checked(name=CASES, holds=same, says=f"{plural(len(cases), 'case')}" if same else "not as written")
        )
    if renewal is not None:
        same = renewal.run_id == findings.run_id
        checks.append(Checked(name=RENEWAL, holds=same, says="of this run" if same else "of another run"))
    return [*checks, *_views(members, index, content)]


def _content(members: Members, raw_cases: bytes) -> Content:
    """What the report is made from; a member that is not there is one that the run did not have."""

    def read(name: str) -> Any:
        return json.loads(members.read(name).decode("utf-8", "surrogatepass"))

    lines = raw_cases.decode("utf-8", "surrogatepass").split("\n")
    content = Content(
        findings=from_plain(Findings, read(FINDINGS)),
        cases=[from_plain(Case, json.loads(line)) for line in lines if line],
        history=from_plain(History, read(HISTORY)) if HISTORY in members.names else History(),
        renewal=from_plain(Renewal, read(RENEWAL)) if RENEWAL in members.names else None,
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
