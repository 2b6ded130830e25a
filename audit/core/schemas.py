"""Every table that crosses a stage: column names and types, written once.

TRAFFIC and BODIES are the two halves of the ingested log (`row_id` joins them), so that metadata can be shared without
prompts. One row is one attempt at one model call; attempts of one logical request are grouped, never merged. Token
counts are inclusive: cached and cache-written tokens are part of the prompt, reasoning tokens of the completion.
Columns that hold JSON hold canonical JSON text (sorted keys), so that digests are stable.
"""

from __future__ import annotations

import pyarrow as pa

WORD = pa.dictionary(pa.int32(), pa.string())
"""A string from a small vocabulary."""
TIME = pa.timestamp("us", tz="UTC")


def _table(*columns: tuple[str, pa.DataType] | tuple[str, pa.DataType, bool]) -> pa.Schema:
    """A schema from (name, type) for nullable and (name, type, False) for obligatory columns."""
    return pa.schema([pa.field(c[0], c[1], nullable=c[2] if len(c) == 3 else True) for c in columns])


_FEEDBACK = pa.struct(
    [
        ("name", pa.string()),
        ("value", pa.float64()),
        ("label", pa.string()),
        ("source", pa.string()),
        ("comment", pa.string()),
    ]
)

TRAFFIC = _table(
    ("row_id", pa.string(), False),
    ("request_id", pa.string()),
    ("logical_request_id", pa.string(), False),
    ("attempt_index", pa.int16(), False),
    ("is_final_attempt", pa.bool_(), False),
    ("duplicate_of", pa.string()),
    ("trace_id", pa.string()),
    ("span_id", pa.string()),
    ("parent_span_id", pa.string()),
    ("session_id", pa.string()),
    ("started_at", TIME),
    ("ended_at", TIME),
    ("started_at_resolution", WORD, False),
    ("latency_ms", pa.float64()),
    ("ttft_ms", pa.float64()),
    ("route", pa.string()),
    ("route_source", WORD),
    ("tenant", pa.string()),
    ("tenant_source", WORD),
    ("end_user_hash", pa.string()),
    ("environment", pa.string()),
    ("region", pa.string()),
    ("served_region", pa.string()),
    ("release", pa.string()),
    ("provider", WORD),
    ("gateway", WORD),
    ("operation", WORD, False),
    ("model_requested", pa.string()),
    ("model_called", pa.string()),
    ("model_responded", pa.string()),
    ("model_key", pa.string()),
    ("params", pa.string()),
    ("params_defaulted", pa.list_(pa.string()), False),
    ("finish_reason", WORD),
    ("finish_reason_raw", WORD),
    ("streaming", pa.bool_()),
    ("prompt_tokens", pa.int64()),
    ("cached_tokens", pa.int64()),
    ("cache_write_tokens", pa.int64()),
    ("cache_write_1h_tokens", pa.int64()),
    ("completion_tokens", pa.int64()),
    ("reasoning_tokens", pa.int64()),
    ("audio_tokens", pa.int64()),
    ("completion_audio_tokens", pa.int64()),  # of audio_tokens, those in the answer
    ("image_tokens", pa.int64()),  # of the prompt
    ("completion_image_tokens", pa.int64()),
    ("usage_basis", WORD, False),
    ("usage_raw", pa.string()),
    ("cost_usd_logged", pa.float64()),
    ("cost_basis", WORD, False),
    ("cost_usd_recomputed", pa.float64()),
    ("price_table_version", pa.string()),
    ("unpriced_reason", WORD),  # a core.reason.Reason, for answered calls without dollars
    ("service_tier", pa.string()),
    ("batch", pa.bool_()),
    ("cache_hit", pa.bool_()),
    ("status", WORD, False),
    ("error_type", pa.string()),
    ("error_code", pa.string()),
    ("http_status", pa.int16()),
    ("error_message", pa.string()),
    ("retries", pa.int16()),
    ("fallbacks", pa.int16()),
    ("fallback_from", pa.string()),
    ("escalated", pa.bool_()),
    ("routing", pa.string()),
    ("feedback", pa.list_(_FEEDBACK), False),
    ("tags", pa.list_(pa.string()), False),
    ("metadata", pa.map_(pa.string(), pa.string())),
    ("prompt_hash", pa.string()),
    ("prefix_hash", pa.string()),
    ("system_hash", pa.string()),
    ("tools_hash", pa.string()),
    ("request_fp", pa.string()),
    ("has_images", pa.bool_(), False),
    ("has_audio", pa.bool_(), False),
    ("n_turns", pa.int16(), False),
    ("n_tools", pa.int16(), False),
    ("prompt_chars", pa.int64(), False),
    ("replayable", WORD, False),
    ("unreplayable_reasons", pa.list_(pa.string()), False),
    ("sampling_weight", pa.float64(), False),
    ("secrets_masked", pa.int32(), False),
    ("source_format", WORD, False),
    ("source_format_version", WORD),
    ("emitter", WORD),
    ("source_file", pa.string(), False),
    ("source_row", pa.int64(), False),
    ("source_sha256", pa.string()),
    ("ingest_warnings", pa.list_(pa.string()), False),
)

BODIES = _table(
    ("row_id", pa.string(), False),
    ("messages", pa.large_string()),
    ("system_text", pa.large_string()),
    ("tools", pa.large_string()),
    ("tool_choice", pa.string()),
    ("response_format", pa.large_string()),
    ("native_request", pa.large_string()),
    ("native_response", pa.large_string()),
    ("native_api", WORD),
    ("response_text", pa.large_string()),
    ("response_choices", pa.large_string()),
    ("tool_calls", pa.large_string()),
    ("refusal", pa.large_string()),
)

REJECTS = _table(
    ("source_file", pa.string(), False),
    ("source_row", pa.int64(), False),
    ("reason", pa.string(), False),
    ("bytes_sha256", pa.string(), False),  # of the first 200 bytes: enough to find the line, nothing to leak
)

SLICE = _table(
    ("exchange_id", pa.string(), False),  # the traffic's row_id
    ("route", pa.string(), False),
    ("purpose", WORD, False),  # quality | dollars
    ("stratum", pa.string(), False),
    ("inclusion_prob", pa.float64(), False),  # per draw
    ("weight", pa.float64(), False),  # times drawn
    ("draw_order", pa.int64(), False),
    ("split", WORD, False),  # tuning | certification | neither (its session or prompt is in the certification split)
    ("request_fp", pa.string(), False),  # equal requests are replayed once
    ("incumbent_model", pa.string(), False),
    ("cost_usd", pa.float64(), False),
)

REPLAYS = _table(
    ("request_fp", pa.string(), False),
    ("route", pa.string(), False),
    ("tier", pa.string(), False),
    ("arm", WORD, False),  # incumbent_replay | candidate | judge
    ("repeat", pa.int16(), False),
    # ok | refused | truncated | too_long | malformed | rate_limited | timeout | http_error | undecodable | other_model
    # | not_asked
    ("status", WORD, False),
    ("reason", WORD),  # of `not_asked`: a word of `core.reason`
    ("about", pa.string()),  # the parameter, role or type of part that the reason names
    ("text", pa.large_string()),
    ("tool_calls", pa.large_string()),
    ("finish_reason", WORD),
    ("model_reported", pa.string()),
    ("prompt_tokens", pa.int64()),
    ("completion_tokens", pa.int64()),
    ("cached_tokens", pa.int64()),
    ("cache_write_tokens", pa.int64()),
    ("reasoning_tokens", pa.int64()),
    ("usage_estimated", pa.bool_(), False),
    ("cost_usd", pa.float64()),
    ("latency_ms", pa.float64()),
    ("ttft_ms", pa.float64()),
    ("attempts", pa.int16(), False),
    ("lost_usd", pa.float64()),  # what attempts without an answer were billed, or may have been: at their worst case
    ("served_from", WORD, False),  # network | store | cassette | simulated | local
    ("error", pa.string()),
    ("notes", pa.list_(pa.string())),  # values of core.note.AnswerNote
)

SCORES = _table(
    ("exchange_id", pa.string(), False),
    ("route", pa.string(), False),
    ("arm", WORD, False),  # incumbent (the log's completion) | incumbent_replay | candidate
    ("tier", pa.string(), False),  # "" for the log's completion
    ("repeat", pa.int16(), False),
    ("criterion", pa.string(), False),  # its name in the report
    ("position", pa.int16(), False),  # in the route's list
    ("scorer", WORD, False),
    ("scorer_version", pa.int16(), False),
    ("options_fp", pa.string(), False),
    ("weight", pa.float64(), False),
    ("status", WORD, False),  # scored | not_applicable | errored
    ("value", pa.float64()),
    ("passed", pa.bool_()),
    ("reason", pa.string()),
    ("evidence_json", pa.large_string()),
)

ACCEPTED = _table(
    ("exchange_id", pa.string(), False),
    ("route", pa.string(), False),
    ("arm", WORD, False),
    ("tier", pa.string(), False),
    ("repeat", pa.int16(), False),
    ("accepted", pa.bool_()),  # null: could not be measured, or no criterion applies
    ("accepted_content", pa.bool_()),  # by the criteria that see what an answer says; null also where none applies
    # Why it is null: a replay status, `not_applicable` or `errored`. Of an accepted answer: `several_values`; of one
    # that a right answer rejects: `as_logged`.
    ("reason", pa.string()),
    # Where the verdict hangs on judges that compare: what became of their questions in another order.
    ("orders_asked", pa.int16()),
    ("orders_failed", pa.int16()),  # of these, without a reply that counts
    ("orders_left", pa.int16()),  # not asked, because the first reply settled it
)

DRAWN = _table(
    ("exchange_id", pa.string(), False),  # a certification draw of a route whose labels say that they are random
    ("route", pa.string(), False),
    ("tier", pa.string(), False),
    ("place", pa.int32()),  # of the pair in the random order in which people judge; null: no label is needed
    ("low", pa.int8()),  # candidate less log, -1 to 1, at its worst; null: the pair is not judged
    ("high", pa.int8()),  # the same at its best: above `low` where people disagree or could not tell
    ("declared", pa.int32(), False),  # pairs that were to be judged
)

AS_LOGGED = "as_logged"
"""Reason of an answer that a right answer rejects, and that says what the log's own says."""

MEASURED = ("ok", "refused", "truncated", "too_long", "malformed")
"""Replay statuses that say something of the candidate; all but the first count against it."""

FAILED_TO_MEASURE = ("rate_limited", "timeout", "http_error", "undecodable", "other_model")
"""Replay statuses that say nothing of it: excluded from the estimate, failures in the lower bound."""

NOT_ASKED = "not_asked"
"""Replay status of a request that the candidate never saw, or that its endpoint refused for its form: outside the
claim, counted with its dollars."""

NO_ANSWER = (*FAILED_TO_MEASURE, NOT_ASKED)
"""Replay statuses of calls that have no answer to judge."""
