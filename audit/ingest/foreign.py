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
_MAPPED = "map it in audit.yaml, `ingest: {{map: {{{}}}}}`"
_SNOWFLAKE = "it has credits by hour or query and no requests: audit a log of the calls, from where they are made"
_AZURE = (
    "it has neither tokens nor bodies: switch on API Management's log of LLM calls (ApiManagementGatewayLlmLog) and "
    "audit that, or log where the calls are made"
)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A kind of file without a reader.

    Attributes:
        tool: Whose it is, as a sentence ends with it.
        fields: All of them stand at the top of each of its records.
        hint: What to do instead.
        envelope: Records of other kinds lie within its records too, and are looked for first.
    """

    tool: str
    fields: frozenset[str]
    hint: str
    envelope: bool = False


def _foreign(tool: str, fields: str, hint: str, *, envelope: bool = False) -> Foreign:
    return Foreign(tool, frozenset(fields.split()), hint, envelope)


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
    _foreign(
        "the output of Claude Code (`--output-format json`)", "type subtype total_cost_usd modelUsage",
        "it sums up a session: read the transcripts of the same sessions, `~/.claude/projects`",
    ),
    _foreign(
        "the output of Codex (`codex exec --json`)", "type thread_id",
        "it sums up a turn and names no model: read the transcripts of the same sessions, `~/.codex/sessions`",
        envelope=True,
    ),
    Foreign(
        "Cursor's export of usage", frozenset({"Date", "Model", "Cache Read", "Output Tokens"}),
        "it has a row for each request, and no prompt: " + _MAPPED.format(
            "model: Model, started_at: Date, prompt_tokens: Input (w/o Cache Write), cached_tokens: Cache Read, "
            "cache_write_tokens: Input (w/ Cache Write), completion_tokens: Output Tokens, counts: exclusive"
        ),
    ),
    _foreign("OpenAI's export of usage", "num_model_requests input_tokens output_tokens", _BILL),
    _foreign("Anthropic's export of usage", "usage_date_utc model_version usage_output_tokens", _BILL),
    _foreign("Pydantic Logfire's records", "otel_scope_name span_name attributes", "export them as OTLP: it is read"),
    _foreign(
        "OpenRouter's activity", "model_permaslug endpoint_id",
        "it has one row for each day and model: export the generations, `GET /api/v1/generation`",
    ),
    _foreign(
        "OpenTelemetry's metrics", "resourceMetrics",
        "they are sums, and no call stands in them: export logs and traces too (`OTEL_LOGS_EXPORTER=otlp` for Claude "
        "Code)",
    ),
    _foreign("Snowflake's usage of Cortex", "FUNCTION_NAME MODEL_NAME TOKEN_CREDITS", _SNOWFLAKE),
    _foreign("Snowflake's usage of Cortex", "FUNCTION_NAME MODEL_NAME METRICS CREDITS", _SNOWFLAKE),
    _foreign(
        "Snowflake's usage of Cortex by REST", "REQUEST_ID MODEL_NAME TOKENS TOKENS_GRANULAR",
        "it has a row for each request, and no prompt: " + _MAPPED.format(
            "model: MODEL_NAME, started_at: START_TIME, ended_at: END_TIME, request_id: REQUEST_ID, "
            "prompt_tokens: TOKENS_GRANULAR.input, completion_tokens: TOKENS_GRANULAR.output"
        ),
    ),
    _foreign(
        "Databricks' table of endpoint usage", "databricks_request_id input_token_count output_token_count",
        "it names an entity and no model: audit the endpoint's inference table, which has requests and answers",
    ),
    _foreign(
        "Envoy AI Gateway's access log", "genai_model_name genai_tokens_input",
        "it has counts and no bodies: " + _MAPPED.format(
            "model: genai_model_name, started_at: start_time, latency_ms: duration, prompt_tokens: genai_tokens_input, "
            "completion_tokens: genai_tokens_output, status: response_code"
        ),
    ),
    _foreign(
        "Kong's log of requests", "ai latencies started_at",
        "it has counts and no bodies, which the plugin's `logging.log_payloads` adds: " + _MAPPED.format(
            "model: ai.proxy.meta.response_model|ai.ai-proxy.meta.response_model, started_at: started_at, "
            "latency_ms: ai.proxy.meta.llm_latency|ai.ai-proxy.meta.llm_latency, "
            "prompt_tokens: ai.proxy.usage.prompt_tokens|ai.ai-proxy.usage.prompt_tokens, "
            "completion_tokens: ai.proxy.usage.completion_tokens|ai.ai-proxy.usage.completion_tokens, "
            "cost_usd: ai.proxy.usage.cost|ai.ai-proxy.usage.cost, status: response.status"
        ) + ", with `route: route.name` beside it",
        envelope=True,
    ),
    _foreign("Azure's resource log of requests", "category operationName resourceId properties", _AZURE, envelope=True),
    _foreign(
        "Azure's resource log of requests", "Category OperationName ResourceId properties_s", _AZURE, envelope=True
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
