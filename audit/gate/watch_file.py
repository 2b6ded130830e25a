"""The record of a watched policy over its months: lines of counts, only ever appended to.

    {"schema": "audit-watch/1", "policy": digest, "run_id": ..., "from": day, "to": day, "route": ..., "n": ..., ...}

The e-process is a function of the counts of every window in order, so the counts are the whole state: no e-value is
stored that could be edited, and reading the file twice gives what reading it once gave. Lines of other policies stay
where they are; a policy that was made anew starts anew.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.core.artifacts import publish
from audit.core.errors import AuditError, InputError
from audit.core.fingerprint import canonical_json, fingerprint
from audit.core.plain import from_plain, to_plain
from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.core.watching import Seen, WatchedPairs

SCHEMA = "audit-watch/1"
Record = Mapping[str, Sequence[WatchedPairs]]
"""By route, the pairs of every window, oldest first."""


def policy_digest(policy: RoutingPolicy) -> str:
    """Name a policy by everything that is in its file but how far its canary has come: a step forgets no window."""
    whole = replace(policy, routes=tuple(replace(entry, canary=None) for entry in policy.routes))
    return fingerprint(to_plain(whole))


def with_window(path: Path, policy: RoutingPolicy, seen: Seen) -> Record:
    """Append the pairs of a run to the record, unless they are in it, and read all of it.

    Args:
        path: Of the record; made when it is absent.
        policy: That is watched.
        seen: A later window. Nothing is appended of one without a run, of a run that stopped early, and of one that
            begins before the policy's own evidence ends: what certified a policy cannot watch over it. Nor is anything
            of a route whose answers were judged by other criteria than the audited ones.

    Raises:
        InputError: The record is damaged.
        AuditError: Another run over the same days is in it already: its pairs would count twice.
    """
    digest, lines = policy_digest(policy), _lines(path)
    mine = [line for line in lines if line.get("policy") == digest]
    if may_count(policy, seen) and not any(line["run_id"] == seen.run_id for line in mine):
        _refuse_overlap(path, mine, seen)
        fresh = [_line(digest, seen, pairs) for _, pairs in sorted(_as_audited(policy, seen).items())]
        before = path.read_bytes() if path.exists() else b""
        added = "".join(canonical_json(line) + "\n" for line in fresh).encode("utf-8", "surrogatepass")
        publish(path, before + added)
        mine += fresh
    record: dict[str, list[WatchedPairs]] = {}
    for line in sorted(mine, key=lambda line: (line["from"] or "", line["to"] or "")):
        record.setdefault(line["route"], []).append(from_plain(WatchedPairs, line))
    return record


def may_count(policy: RoutingPolicy, seen: Seen) -> bool:
    """Whether the pairs of a window may enter the record: of a whole run, on traffic that certified nothing."""
    return bool(seen.run_id and seen.pairs and seen.complete) and not is_own_evidence(policy, seen)


def is_own_evidence(policy: RoutingPolicy, seen: Seen) -> bool:
    """Whether a window begins before the evidence of the policy ends; one without times might."""
    return policy.made_at is not None and (seen.window_from is None or seen.window_from < policy.made_at)


def _as_audited(policy: RoutingPolicy, seen: Seen) -> dict[str, WatchedPairs]:
    """The pairs of routes that were judged by the criteria of their certificate, or by what cannot be told."""
    other = {entry.route for entry in policy.routes if not judged_alike(entry, seen)}
    return {route: pairs for route, pairs in seen.pairs.items() if route not in other}


def judged_alike(entry: RoutePolicy, seen: Seen) -> bool:
    """Whether a run judged a route by the criteria and the margin that its policy was certified by.

    A policy from before digests were kept does not say, and its margin alone is held against the run's.
    """
    now = seen.criteria.get(entry.route)
    digest, margin = entry.evidence.get("criteria_digest"), entry.evidence.get("margin")
    if now is None:
        return digest is None
    return digest in (None, now.digest) and (margin is None or math.isclose(margin, now.margin, abs_tol=1e-9))


def _line(digest: str, seen: Seen, pairs: WatchedPairs) -> dict[str, Any]:
    about = {"schema": SCHEMA, "policy": digest, "run_id": seen.run_id, "from": seen.window_from, "to": seen.window_to}
    return {**about, **to_plain(pairs)}


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    found = []
    for number, text in enumerate(path.read_text("utf-8", "surrogatepass").split("\n"), start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            if line["schema"] != SCHEMA:
                raise ValueError(line["schema"])
            from_plain(WatchedPairs, line)
            _ = line["policy"], line["run_id"], line["from"], line["to"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"line {number} of {path} is no record of a watched policy: {type(error).__name__}",
                code="watch.damaged",
                hint="take the file from its history; a new one forgets the months that it held",
            ) from None
        found.append(line)
    return found


def _refuse_overlap(path: Path, mine: Sequence[Mapping[str, Any]], seen: Seen) -> None:
    for line in mine:
        same = (line["from"], line["to"]) == (seen.window_from, seen.window_to)
        ends = (line["from"], line["to"], seen.window_from, seen.window_to)
        # Two windows may share the day on which one ends and the other begins.
        if same or (None not in ends and line["from"] < seen.window_to and seen.window_from < line["to"]):
            raise AuditError(
                f"run {seen.run_id} is about {seen.window_from} to {seen.window_to}, and run {line['run_id']} over "
                f"{line['from']} to {line['to']} is in {path} already: its pairs would count twice",
                code="watch.overlap",
                hint="give the log of days that are not in the record yet, or another record by --watch",
            )
