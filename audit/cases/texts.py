"""The texts of a case, read when somebody looks at it: the conversation, both answers, and what the criteria said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from audit.cases.index import CANDIDATE, INCUMBENT, plain
from audit.core.artifacts import RunFolder
from audit.core.exchange import content_text

_BODIES = ("row_id", "messages", "tools", "response_text", "tool_calls", "refusal")
GIST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageText:
    """One message of a conversation; parts that are no text are named in brackets."""

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerText:
    """What was answered: a text, and the calls of tools."""

    text: str
    calls: tuple[Mapping[str, Any], ...]
    status: str = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionSaid:
    """What one criterion said of one answer.

    Attributes:
        status: scored | not_applicable | errored.
        passed: None where it was not scored.
        reason, expected, extracted: Why, as texts; "" where the criterion says nothing of it.
    """

    criterion: str
    status: str
    passed: bool | None
    value: float | None
    reason: str
    expected: str
    extracted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTexts:
    """The texts of a case.

    Attributes:
        messages: The conversation up to the answer.
        tools: Names of the tools that were offered.
        today: The log's own answer.
        other: The candidate's; None where there is none.
        said_today, said_other: By criterion, in the order of the route's list.
    """

    messages: tuple[MessageText, ...]
    tools: tuple[str, ...]
    today: AnswerText
    other: AnswerText | None
    said_today: tuple[CriterionSaid, ...]
    said_other: tuple[CriterionSaid, ...]


def read_texts(folder: RunFolder, row: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> CaseTexts:
    """Read the texts of one case.

    Args:
        folder: Of the run.
        row: Of `CaseIndex.cases`.
        body: Its conversation and logged answer, from `read_bodies`, where these were read already.
    """
    if body is None:
        body = read_bodies(folder, [row["exchange_id"]]).get(row["exchange_id"], {})
    said = _said(folder.scores, row["exchange_id"], row["tier"])
    return CaseTexts(
        messages=tuple(message_texts(body.get("messages"))),
        tools=tuple(_tool_names(body.get("tools"))),
        today=AnswerText(
            text=body.get("response_text") or body.get("refusal") or "", calls=calls_of(body.get("tool_calls"))
        ),
        other=_replayed(folder.replay_table, row),
        said_today=said.get((INCUMBENT, ""), ()),
        said_other=said.get((CANDIDATE, row["tier"]), ()),
    )


def asked_last(messages: Iterable[MessageText]) -> str:
    """What the user said last; of a conversation without a user, its last message; "" of one without a text."""
    said = [one for one in messages if one.text.strip()]
    last = next((one for one in reversed(said) if one.role == "user"), said[-1] if said else None)
    return "" if last is None else last.text


def gist(messages: Iterable[MessageText]) -> str:
    """The first line of what was asked last."""
    line = next((line.strip() for line in asked_last(messages).splitlines() if line.strip()), "")
    return line if len(line) <= GIST else line[:GIST] + "…"


def holding(folder: RunFolder, text: str) -> list[str]:
    """Exchanges in whose conversation, logged answer or replayed answers a text occurs, whatever its case."""
    # Logs hold conversations as JSON, in which quotes, backslashes and controls are escaped.
    escaped = json.dumps(text, ensure_ascii=False)[1:-1].lower()
    body = pl.concat_str(
        "messages", "response_text", "tool_calls", ignore_nulls=True, separator="\n"
    ).str.to_lowercase()
    files = [str(path) for path in folder.body_files()]
    hit = body.str.contains(escaped, literal=True) | body.str.contains(text.lower(), literal=True)
    logged = pl.scan_parquet(files).filter(hit).select("row_id").collect()["row_id"]
    if not folder.replay_table.exists():
        return list(logged)
    answer = pl.concat_str("text", "tool_calls", ignore_nulls=True, separator="\n").str.to_lowercase()
    replayed = pl.scan_parquet(folder.replay_table).filter(answer.str.contains(text.lower(), literal=True))
    asked = plain(pl.read_parquet(folder.slice, columns=["exchange_id", "request_fp"]))
    fps = replayed.select("request_fp").collect()["request_fp"].unique()
    return list(pl.concat([logged, asked.filter(pl.col("request_fp").is_in(fps.implode()))["exchange_id"]]).unique())


def message_texts(messages: str | None) -> list[MessageText]:
    """The conversation; what is not a list of messages is one message as it was logged."""
    value = _json(messages)
    if not isinstance(value, list):
        return [MessageText(role="", text=messages)] if messages else []
    return [_message(message) for message in value if isinstance(message, Mapping)]


def _message(message: Mapping[str, Any]) -> MessageText:
    content = message.get("content")
    text = content_text(content)
    if isinstance(content, list):
        kinds = [str(part.get("type", "part")) for part in content if isinstance(part, Mapping)]
        text += "".join(f"\n[{kind}]" for kind in kinds if kind != "text")
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        text += f"\n{call_line(call)}"
    return MessageText(role=str(message.get("role", "")), text=text.strip("\n"))


def call_line(call: Any) -> str:
    """A call of a tool on one line."""
    function = call.get("function") if isinstance(call, Mapping) else None
    function = function if isinstance(function, Mapping) else {}
    return f"→ {function.get('name', '?')}({function.get('arguments', '')})"


def _tool_names(tools: str | None) -> list[str]:
    value = _json(tools)
    found = []
    for tool in value if isinstance(value, list) else []:
        function = tool.get("function", tool) if isinstance(tool, Mapping) else {}
        found.append(str(function.get("name", "?") if isinstance(function, Mapping) else "?"))
    return found


def calls_of(text: str | None) -> tuple[Mapping[str, Any], ...]:
    """Calls of tools from their JSON text; none where it holds none."""
    value = _json(text)
    return tuple(call for call in value if isinstance(call, Mapping)) if isinstance(value, list) else ()


def _replayed(table: Path, row: Mapping[str, Any]) -> AnswerText | None:
    if not row["tier"] or not table.exists():
        return None
    mine = (
        (pl.col("request_fp") == row["request_fp"])
        & (pl.col("route") == row["route"])
        & (pl.col("tier") == row["tier"])
        & (pl.col("arm") == CANDIDATE)
        & (pl.col("repeat") == 0)
    )
    found = plain(pl.scan_parquet(table).filter(mine).select("text", "tool_calls", "status").head(1).collect())
    if not found.height:
        return None
    one = found.row(0, named=True)
    return AnswerText(text=one["text"] or "", calls=calls_of(one["tool_calls"]), status=one["status"])


def _said(table: Path, exchange_id: str, tier: str) -> dict[tuple[str, str], tuple[CriterionSaid, ...]]:
    """What the criteria said of the log's own answer and of the candidate's, by (arm, tier)."""
    if not table.exists():
        return {}
    mine = (pl.col("exchange_id") == exchange_id) & (pl.col("repeat") == 0) & pl.col("tier").is_in(["", tier])
    columns = ("arm", "tier", "position", "criterion", "status", "passed", "value", "reason", "evidence_json")
    found: dict[tuple[str, str], list[CriterionSaid]] = {}
    for row in plain(pl.scan_parquet(table).filter(mine).select(columns).sort("position").collect()).iter_rows(
        named=True
    ):
        evidence = _json(row["evidence_json"])
        evidence = evidence if isinstance(evidence, Mapping) else {}
        found.setdefault((row["arm"], row["tier"]), []).append(
            CriterionSaid(
                criterion=row["criterion"],
                status=row["status"],
                passed=row["passed"],
                value=row["value"],
                reason=row["reason"] or "",
                expected=_as_text(evidence.get("expected")),
                extracted=_as_text(evidence.get("extracted")),
            )
        )
    return {key: tuple(said) for key, said in found.items()}


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def read_bodies(folder: RunFolder, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Conversations and logged answers of some exchanges, by exchange, in one pass over the files."""
    files = [str(path) for path in folder.body_files()]
    if not ids or not files:
        return {}
    wanted = pl.col("row_id").is_in(pl.Series(ids, dtype=pl.String).implode())
    rows = plain(pl.scan_parquet(files).select(_BODIES).filter(wanted).collect())
    return {row["row_id"]: row for row in rows.iter_rows(named=True)}


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None
