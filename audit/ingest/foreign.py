"""Logs that are known and not read: told by their fields, so that a refusal names the tool and says what to do."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_MAP = "map its fields with `ingest.map` in audit.yaml, or export the traffic from the gateway in front of it"
_TRAFFIC = (
    "it holds graded cases, not traffic: audit the log of the calls that your application made, and name this file as "
    "its right answers, `references: {path: FILE}`"
)
_CHATS = (
    "it holds conversations of a chat page as people saw them: no request as it was sent, no tokens and no cost; audit "
    "the traffic of your application, from the gateway or the SDK that makes its calls"
)
_OWN_CHATS = (
    "it holds conversations as people saw them, without the request that was sent, its tokens and its cost: put a "
    "gateway that logs, such as LiteLLM, between it and its models, and audit that log"
)
_BILL = "it is a bill, not a log of calls: audit the log that the bill is for"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A kind of file without a reader.

    Attributes:
        tool: Whose it is, as a sentence ends with it.
        fields: All of them stand at the top of each of its records.
        hint: What to do instead.
    """

    tool: str
    fields: frozenset[str]
    hint: str


def _foreign(tool: str, fields: str, hint: str) -> Foreign:
    return Foreign(tool, frozenset(fields.split()), hint)


FOREIGN = (
    _foreign("promptfoo's results", "evalId results config", _TRAFFIC),
    _foreign("promptfoo's results", "gradingResult testCase provider prompt", _TRAFFIC),
    _foreign("a log of Inspect", "eval plan samples", _TRAFFIC),
    _foreign("ChatGPT's export of conversations", "mapping current_node", _CHATS),
    _foreign("Claude's export of conversations", "uuid chat_messages", _CHATS),
    _foreign("LibreChat's export of a conversation", "conversationId exportAt branches recursive", _OWN_CHATS),
    _foreign("Open WebUI's export of chats", "user_id title chat created_at", _OWN_CHATS),
    _foreign(
        "the output of Claude Code (`--output-format stream-json`)", "type subtype session_id permissionMode",
        "its answers are noted as they begin, before their tokens are known: read the transcripts of the same "
        "sessions, `~/.claude/projects`",
    ),
    _foreign("Pydantic Logfire's records", "otel_scope_name span_name attributes", "export them as OTLP: it is read"),
    _foreign(
        "OpenRouter's activity", "model_permaslug endpoint_id",
        "it has one row for each day and model: export the generations, `GET /api/v1/generation`",
    ),
    _foreign("an AWS Cost and Usage Report", "lineItem/UsageType lineItem/UnblendedCost", _BILL),
    _foreign("an AWS Cost and Usage Report", "line_item_usage_type line_item_unblended_cost", _BILL),
    _foreign("a FOCUS cost export", "BilledCost ChargePeriodStart", _BILL),
    _foreign("OpenAI's costs or usage", "object start_time end_time results", _BILL),
    _foreign("AWS CloudTrail", "eventSource eventName eventTime", "switch on Bedrock's model invocation logging"),
)  # fmt: skip


TEXTS = (
    (
        re.compile(rb"(?m)\b(?:Received request \S+: (?:prompt|params): |Generated response \S+ )"),
        Foreign(
            "vLLM's server log",
            frozenset(),
            "its prompts lie behind the chat template and may be cut, and it has no counts: audit the log of the "
            "client or of the gateway before it; its spans (`--otlp-traces-endpoint`) are read, and have counts alone",
        ),
    ),
)
"""Logs that are text, by what stands in them."""


def recognised_text(head: bytes) -> Foreign | None:
    """The kind of log that a text begins; None for one that nobody told us of."""
    return next((known for pattern, known in TEXTS if pattern.search(head)), None)


def recognised(fields: Collection[str]) -> Foreign | None:
    """The kind of file whose fields these are; None for one that nobody told us of."""
    return next((known for known in FOREIGN if known.fields <= set(fields)), None)
