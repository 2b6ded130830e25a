"""The evidence pack: what somebody else needs to check a report without the logs, in one zip file.

    pack.json        run, versions, seed, text policy, and the digest of every other member
    findings.json    what the report and the gate read
    history.json     earlier audits that the report recalls, where there are any
    renewal.json     what to sign, where it was worked out from these findings
    rounds.json      what was asked in each round of the replay, where it went by rounds
    cases.jsonl      replayed exchanges shown as evidence (not with text policy `none`)
    cassette/        every recorded completion, and what it was compared with: the log's answer to each sampled request
                     and the right one (not with text policy `none`)
    audit.yaml       the configuration as the run read it, also where the user's own was edited since
    tables/          draws, calls, scores and verdicts without any text: what the findings are worked out again from
    plan.json  prices.json  report.html  summary.md
    signature.json   a signed statement about pack.json, where a key was given

Every text passes the redaction that the configuration asks for. Log lines, prompts beyond the cases, rules learned from
the log, and the policy with its options, which may hold prompts, stay in the run folder; their digests are in
`pack.json`, so that the pack and the folder can be matched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from audit import __version__
from audit.core.artifacts import (
    RunFolder,
    read_cases,
    read_history,
    read_json,
    read_plan,
    read_renewal,
    read_run,
    read_table,
)
from audit.core.errors import InputError
from audit.core.finding import Case, Findings
from audit.core.fingerprint import canonical_json, file_sha256, fingerprint
from audit.core.history import History
from audit.core.plain import from_plain, to_plain
from audit.core.plan import Plan
from audit.core.renewal import Renewal
from audit.pack.archive import write_members
from audit.pack.signing import SIGNATURE, signature_bytes
from audit.report.html import render_html
from audit.report.markdown import summary_markdown

SCHEMA = "audit-pack/2"
INDEX = "pack.json"
FINDINGS, CASES, REPORT, SUMMARY = "findings.json", "cases.jsonl", "report.html", "summary.md"
HISTORY, RENEWAL, ROUNDS = "history.json", "renewal.json", "rounds.json"
TABLES = "tables/"
CASSETTES = "cassette/"
CASSETTE, CONFIG, PLAN, PRICES = "cassette/completions.jsonl", "audit.yaml", "plan.json", "prices.json"

TextPolicy = Literal["sample", "none"]
Redact = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What was packed.

    Attributes:
        path: The zip file.
        pack_id: Digest of `pack.json`, which names the digest of every member: equal packs have equal ids.
        members: Names, sorted, with their sizes in bytes.
        lacks_tables: Something was tested, and the pack has nothing to work its figures out from: it does not hold.
        rescored: The findings were made with another configuration than the plan: it does not hold either.
        edited: Keys of the user's `audit.yaml` that were changed after the run read it; the pack has it as it was read.
    """

    path: Path
    pack_id: str
    members: Mapping[str, int]
    lacks_tables: bool = False
    rescored: bool = False
    edited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """What vouches for a pack beside what is in it.

    Attributes:
        key: A file with the private key that it is signed with; None for no signature.
        previous: Id of the pack that it follows; None for none.
    """

    key: Path | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the report of a pack is made from."""

    findings: Findings
    cases: Sequence[Case] = ()
    history: History = field(default_factory=History)
    renewal: Renewal | None = None


def pack_run(
    folder: RunFolder,
    output: Path,
    *,
    text: TextPolicy,
    redact: Redact,
    config: Path | None = None,
    tables: Mapping[str, bytes] | None = None,
    voucher: Voucher | None = None,
) -> Packed:
    """Write the evidence pack of a run.

    Args:
        folder: A run with findings.
        output: The zip file.
        text: `none` leaves out every prompt and completion.
        redact: A JSON value to the same without secrets and personal data.
        config: The configuration of the run, as the run read it; None where that is not at hand.
        tables: What the findings can be worked out again from, by name below `tables/`.
        voucher: A key to sign with, and the pack before this one.

    Raises:
        MissingPackage: It is to be signed, and `cryptography` is not installed.
        InputError: The key file holds no key, the run has no findings, something of it is a link to what may be
            somebody else's, or the pack would be too large to be read again.
    """
    findings = read_run(folder.path)
    _refuse_links(folder)
    members = {
        **(tables or {}),
        FINDINGS: json_bytes(to_plain(findings)),
        PRICES: prices_bytes(findings),
        SUMMARY: summary_bytes(findings),
    }
    cases: list[Case] = []
    if text == "sample":
        cases = [_redacted(case, redact) for case in read_cases(folder.cases)]
        members[CASES] = cases_bytes(cases)
        if folder.replay_table.exists():
            members[CASSETTE] = _cassette(folder, findings, redact)
    plan = read_plan(folder.plan) if folder.plan.exists() else None
    if plan is not None:
        members[PLAN] = json_bytes(to_plain(_without_paths(plan)))
    if config is not None:
        members[CONFIG] = config.read_bytes()
    history, renewal = read_history(folder.history), read_renewal(folder)
    if history.audits:
        members[HISTORY] = json_bytes(to_plain(history))
    if renewal is not None:
        members[RENEWAL] = json_bytes(to_plain(renewal))
    if folder.rounds.exists():
        members[ROUNDS] = json_bytes(read_json(folder.rounds))
    members[REPORT] = report_bytes(Content(findings=findings, cases=cases, history=history, renewal=renewal), text)
    voucher = voucher or Voucher()
    follows = {} if voucher.previous is None else {"previous": voucher.previous}
    members[INDEX] = json_bytes({**_index(folder, findings, members, text), **follows})
    if voucher.key is not None:
        facts = {"tool_version": __version__, **facts_of(findings), **follows}
        members[SIGNATURE] = signature_bytes(members[INDEX], facts, voucher.key)
    write_members(output, members)
    sizes = {name: len(members[name]) for name in sorted(members)}
    lacks_tables = findings.tested and not tables
    return Packed(
        path=output,
        pack_id=sha256(members[INDEX]),
        members=sizes,
        lacks_tables=lacks_tables,
        rescored=plan is not None and is_rescored(plan, findings),
    )


def is_rescored(plan: Plan, findings: Findings) -> bool:
    """Whether findings come from the plan, and from another configuration: answers were scored again by other criteria,
    which nobody had declared before they were there."""
    made = findings.provenance
    return plan.plan_id == made.plan_sha256 and plan.made_from.get("audit.yaml") != made.config_sha256


def json_bytes(value: Any) -> bytes:
    """JSON as `audit` writes it: sorted keys, two spaces, a final newline."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def cases_bytes(cases: Sequence[Case]) -> bytes:
    """Cases as lines of canonical JSON."""
    return "".join(canonical_json(to_plain(case)) + "\n" for case in cases).encode("utf-8", "surrogatepass")


def report_bytes(content: Content, text: TextPolicy) -> bytes:
    """The report, as `audit report` writes it."""
    html = render_html(content.findings, content.cases, text=text, history=content.history, renewal=content.renewal)
    return html.encode("utf-8", "replace")


def prices_bytes(findings: Findings) -> bytes:
    """The prices that the findings rest on, by tier."""
    return json_bytes({name: tier.get("price") for name, tier in findings.provenance.tiers.items()})


def summary_bytes(findings: Findings) -> bytes:
    """The summary, as `audit report --format md` writes it."""
    return summary_markdown(findings).encode("utf-8")


def sha256(data: bytes) -> str:
    """Digest in hex."""
    return hashlib.sha256(data).hexdigest()


def _refuse_links(folder: RunFolder) -> None:
    """What goes into a pack is the run's own: a link in a folder that somebody else made leads anywhere."""
    for path in sorted(folder.path.rglob("*")):
        if path.is_symlink():
            name = path.relative_to(folder.path).as_posix()
            raise InputError(
                f"{name!a} in {folder.path} is a link, and a pack holds the run's own files",
                code="pack.link",
                hint="put the file itself there",
            )


def facts_of(findings: Findings) -> dict[str, Any]:
    """What the index repeats of the findings, so that a reader need not open them."""
    return {
        "run_id": findings.run_id,
        "seed": findings.provenance.seed,
        "demo": findings.demo,
        "simulated": list(findings.simulated),
        "avoidable_by_grade": findings.avoidable_by_grade,
        "made_from": {"logs": findings.provenance.inputs, "audit.yaml": findings.provenance.config_sha256},
    }


def _index(folder: RunFolder, findings: Findings, members: Mapping[str, bytes], text: TextPolicy) -> dict[str, Any]:
    beside = [folder.slice, folder.rejects, folder.replay_table, folder.scores, folder.accepted]
    beside += [
        folder.policy,
        folder.options,
        folder.learned,
        folder.served,
        *folder.traffic_files(),
        *folder.body_files(),
    ]
    return {
        "schema": SCHEMA,
        **facts_of(findings),
        "tool_version": __version__,
        "text": text,
        "files": {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in members.items()},
        "left_in_the_run_folder": {
            path.relative_to(folder.path).as_posix(): file_sha256(path) for path in beside if path.exists()
        },
    }


def _without_paths(plan: Plan) -> Plan:
    """The plan without the folders of the machine it was made on."""
    return replace(
        plan,
        config=None if plan.config is None else Path(plan.config).name,
        sources=tuple(Path(source).name for source in plan.sources),
    )


def _redacted(case: Case, redact: Redact) -> Case:
    """The case with its texts redacted. Ids stay: a row of digits in a digest can look like a card number."""
    plain = to_plain(case)
    for key in ("request", "metadata", "tenant"):
        plain[key] = redact(plain[key])
    for side in ("incumbent", "candidate"):
        plain[side] |= {key: redact(plain[side][key]) for key in ("text", "results")}
    return from_plain(Case, plain)


def _cassette(folder: RunFolder, findings: Findings, redact: Redact) -> bytes:
    """Recorded completions as `replay.cassette` reads them, sorted by key."""
    models = {name: str(tier.get("model", name)) for name, tier in findings.provenance.tiers.items()}
    lines: dict[str, str] = {}
    for batch in read_table(folder.replay_table).to_batches(max_chunksize=2000):
        for row in batch.to_pylist():
            # A row without a finish reason holds no answer, only the reason why there is none.
            if row["finish_reason"] is None:
                continue
            asked = [models.get(row["tier"], row["tier"]), row["request_fp"], row["repeat"]]
            key = fingerprint(asked)
            record = dict(zip(("model", "request_fp", "repeat"), asked, strict=True))
            record |= {"key": key, "completion": redact(_completion(row))}
            lines[key] = json.dumps(record, sort_keys=True, separators=(",", ":"))
    return "".join(lines[key] + "\n" for key in sorted(lines)).encode("ascii")


def _completion(row: Mapping[str, Any]) -> dict[str, Any]:
    """A replayed row as the completion it was. A refusal's own text stands where the answer would."""
    refused = row["finish_reason"] == "refusal"
    usage = None
    if row["prompt_tokens"] is not None and row["completion_tokens"] is not None:
        usage = {
            "prompt_tokens": row["prompt_tokens"],
            "completion_tokens": row["completion_tokens"],
            "cached_tokens": row["cached_tokens"] or 0,
            "cache_write_tokens": row["cache_write_tokens"] or 0,
            "reasoning_tokens": row["reasoning_tokens"] or 0,
            "estimated": row["usage_estimated"],
        }
    return {
        "text": None if refused else row["text"],
        "tool_calls": json.loads(row["tool_calls"]) if row["tool_calls"] else [],
        "finish_reason": row["finish_reason"],
        "refusal": row["text"] if refused else None,
        "usage": usage,
        "model_reported": row["model_reported"],
        "latency_ms": row["latency_ms"],
        "ttft_ms": row["ttft_ms"],
    }
