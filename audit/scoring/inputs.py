"""What there is to score, read back from the run folder: the log's completions of the slice, and their replays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.exchange import Completion, Request, Usage
from audit.core.fingerprint import canonical_json
from audit.core.progress import step
from audit.core.reason import Reason, sentence_of
from audit.core.schemas import NOT_ASKED
from audit.scoring.context import Context
from audit.scoring.judges.check import JudgeReply

EXCHANGES_AT_ONCE = 20_000

INCUMBENT, CANDIDATE = "incumbent", "candidate"

_TRAFFIC = (
    *("row_id", "prompt_hash", "finish_reason", "latency_ms", "ttft_ms", "prompt_tokens", "completion_tokens"),
    "unreplayable_reasons",
)
_BODIES = ("row_id", "response_text", "tool_calls", "refusal")
_REQUEST = ("messages", "tools", "tool_choice", "response_format")
_REPLAYS = (
    *("request_fp", "route", "tier", "arm", "repeat", "status", "text", "tool_calls", "finish_reason"),
    *("prompt_tokens", "completion_tokens", "cost_usd", "latency_ms", "ttft_ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One completion to score.

    Attributes:
        arm: incumbent (the log's completion), incumbent_replay or candidate.
        tier: "" for the log's completion.
        status: Of the replay; `ok` for the log's completion.
        tools_missing: The log has the calls of its own answer, and not the tools that were offered.
    """

    exchange_id: str
    route: str
    arm: str
    tier: str
    repeat: int
    status: str
    context: Context
    tools_missing: bool = False

    def inputs(self, reads: Collection[str]) -> str:
        """Digest of everything that decides the score of a criterion that reads these parts of the context."""
        context = self.context
        parts: list[Any] = [_of_completion(context.completion)]
        if "request" in reads:
            parts.append(context.request.request_fp)
        if "reference" in reads:
            parts.append(json.dumps(context.reference, sort_keys=True, default=str))
        if "incumbent" in reads and context.incumbent is not None:
            parts.append(_of_completion(context.incumbent))
        if "call" in reads:
            parts.append(_of_call(context.completion))
        if "metadata" in reads:
            parts.append(canonical_json(context.metadata))
        text = "\x1f".join(parts)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _of_completion(completion: Completion) -> str:
    calls = canonical_json(completion.tool_calls) if completion.tool_calls else ""
    text = "\x00" if completion.text is None else completion.text
    return f"{completion.finish_reason}\x1e{completion.refusal or ''}\x1e{calls}\x1e{text}"


def _of_call(completion: Completion) -> str:
    usage = completion.usage
    tokens = None if usage is None else usage.completion_tokens
    return repr((completion.latency_ms, completion.cost_usd, tokens))


def read_items(
    folder: RunFolder, references: Mapping[str, Any], routes: Collection[str], needs: Collection[str]
) -> Iterator[list[Item]]:
    """Completions of these routes in batches, equal requests in one batch, in a fixed order.

    Args:
        references: Right answer by prompt hash.
        routes: Only these.
        needs: Parts of the context that some criterion reads; `request` and `metadata` are left empty otherwise.
    """
    slice_ = (
        _plain(pl.read_parquet(folder.slice, columns=["exchange_id", "route", "request_fp", "cost_usd"]))
        .filter(pl.col("route").is_in(list(routes)))
        .unique("exchange_id")
        .sort("route", "request_fp", "exchange_id")
    )
    # Whoever reads them scores them before asking for more, so this is how far scoring has come.
    with step("Scoring answers", total=slice_.height, unit="exchanges") as advance:
        for part in slice_.iter_slices(EXCHANGES_AT_ONCE):
            yield list(_items(folder, part, references, needs))
            advance(part.height)


def logged_items(
    folder: RunFolder, part: pl.DataFrame, references: Mapping[str, Any], needs: Collection[str]
) -> Iterator[Item]:
    """The log's own completions of some exchanges, in their order.

    Args:
        folder: With traffic and bodies; a slice is not needed.
        part: exchange_id, route, request_fp and cost_usd of the exchanges.
        references: Right answer by prompt hash.
        needs: Parts of the context that some criterion reads.
    """
    for row in _logged(folder, part, needs).iter_rows(named=True):
        incumbent = _completion(row, text=row["response_text"], refusal=row["refusal"])
        context = Context(
            request=_request(row) if "request" in needs else Request(request_fp=row["request_fp"], messages=()),
            completion=incumbent,
            reference=references.get(row["prompt_hash"]),
            incumbent=incumbent,
            metadata=dict(row["metadata"] or {}) if "metadata" in needs else {},
        )
        own = {"exchange_id": row["exchange_id"], "route": row["route"]}
        missing = Reason.TOOLS_MISSING in (row["unreplayable_reasons"] or ())
        yield Item(**own, arm=INCUMBENT, tier="", repeat=0, status="ok", context=context, tools_missing=missing)


def _items(
    folder: RunFolder, part: pl.DataFrame, references: Mapping[str, Any], needs: Collection[str]
) -> Iterator[Item]:
    """The log's own completions, each with the replays of its request."""
    replays: dict[str, list[dict[str, Any]]] = {}
    for row in _replays(folder, part).iter_rows(named=True):
        replays.setdefault(row["request_fp"], []).append(row)
    for item in logged_items(folder, part, references, needs):
        yield item
        context = item.context
        for replay in _of_route(replays.get(context.request.request_fp, []), item.route):
            answer = Context(
                request=context.request,
                completion=_completion(replay, text=replay["text"]),
                reference=context.reference,
                incumbent=context.incumbent,
                metadata=context.metadata,
            )
            arm = {key: replay[key] for key in ("arm", "tier", "repeat", "status")}
            if item.tools_missing and not _calls(answer):
                arm["status"] = NOT_ASKED
            yield Item(exchange_id=item.exchange_id, route=item.route, **arm, context=answer)


def _calls(context: Context) -> bool:
    """Whether an answer calls a tool, or writes in its text one that the log's answer calls.

    An answer to a request whose tools the log does not hold had nothing to call: that it does not tells nothing of the
    model, and is as if it had not been asked.
    """
    today = [] if context.incumbent is None else context.incumbent.tool_calls or []
    functions = [call.get("function") for call in today if isinstance(call, dict)]
    names = [function.get("name") for function in functions if isinstance(function, dict)]
    text = context.completion.text or ""
    return bool(context.completion.tool_calls) or any(isinstance(name, str) and name in text for name in names)


def _of_route(replays: list[dict[str, Any]], route: str) -> list[dict[str, Any]]:
    """The replays of a request, one per arm, tier and repeat; those made for the exchange's own route first."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for replay in sorted(replays, key=lambda replay: (replay["route"] != route, replay["route"])):
        found.setdefault((replay["arm"], replay["tier"], replay["repeat"]), replay)
    return [found[key] for key in sorted(found)]


def _logged(folder: RunFolder, part: pl.DataFrame, needs: Collection[str]) -> pl.DataFrame:
    """The slice's exchanges with what the log says of them."""
    ids = part["exchange_id"].implode()
    bodies = [*_BODIES, *(_REQUEST if "request" in needs else ())]
    traffic = [
        *_TRAFFIC,
        *(["params"] if "request" in needs else []),
        *(["metadata"] if "metadata" in needs else []),
    ]
    for files, columns in ((folder.traffic_files(), traffic), (folder.body_files(), bodies)):
        found = pl.scan_parquet(files).filter(pl.col("row_id").is_in(ids)).select(columns).collect()
        part = part.join(_plain(found), left_on="exchange_id", right_on="row_id", how="left", maintain_order="left")
    return part


def _replays(folder: RunFolder, part: pl.DataFrame) -> pl.DataFrame:
    if not folder.replay_table.exists():
        return pl.DataFrame(schema=dict.fromkeys(_REPLAYS, pl.String))
    wanted = pl.col("request_fp").is_in(part["request_fp"].unique().implode())
    return _plain(pl.scan_parquet(folder.replay_table).filter(wanted).select(_REPLAYS).collect())


def _plain(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _completion(row: Mapping[str, Any], *, text: str | None, refusal: str | None = None) -> Completion:
    tokens = row["completion_tokens"]
    return Completion(
        text=text,
        tool_calls=_list(row["tool_calls"]),
        finish_reason=row["finish_reason"] or "unknown",
        refusal=refusal,
        usage=None if tokens is None else Usage(prompt_tokens=row["prompt_tokens"] or 0, completion_tokens=tokens),
        latency_ms=row["latency_ms"],
        ttft_ms=row["ttft_ms"],
        cost_usd=row["cost_usd"],
    )


def _request(row: Mapping[str, Any]) -> Request:
    messages = _json(row["messages"])
    response_format = _json(row["response_format"])
    params = _json(row["params"])
    return Request(
        request_fp=row["request_fp"],
        messages=messages if isinstance(messages, list) else (),
        tools=_list(row["tools"]) or None,
        tool_choice=_json(row["tool_choice"]),
        response_format=response_format if isinstance(response_format, dict) else None,
        params=params if isinstance(params, dict) else {},
    )


def _list(text: str | None) -> list[Any]:
    value = _json(text) if text else None
    return value if isinstance(value, list) else []


@lru_cache(maxsize=4096)
def _json(text: str | None) -> Any:
    """JSON text as a value; a bare word, as some logs have for `tool_choice`, as itself."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def judge_replies(folder: RunFolder) -> dict[tuple[str, str], JudgeReply]:
    """What judges have replied so far; nothing where none was asked."""
    if not folder.judge_replies.exists():
        return {}
    columns = ["tier", "request_fp", "status", "reason", "text", "finish_reason"]
    table = pl.read_parquet(folder.judge_replies, columns=columns).with_columns(
        pl.col("status", "reason", "finish_reason").cast(pl.String)
    )
    return {(row["tier"], row["request_fp"]): _reply(row) for row in table.iter_rows(named=True)}


def _reply(row: Mapping[str, str | None]) -> JudgeReply:
    if row["status"] != "ok":
        return JudgeReply(failure=sentence_of(row["reason"] or row["status"] or ""))
    if row["finish_reason"] == "length":
        return JudgeReply(failure="its reply was cut at its token limit (`max_tokens` of the tier)")
    if row["text"] is None:
        return JudgeReply(failure="its reply has no text")
    return JudgeReply(text=row["text"])
