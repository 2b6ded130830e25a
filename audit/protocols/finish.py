"""Why an answer ended: vendors' words, made one."""

from __future__ import annotations

_WORDS = {
    "stop": ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed"),
    "length": (
        "length",
        "max_tokens",
        "max_output_tokens",
        "model_length",
        "model_context_window_exceeded",
        "incomplete",
    ),
    "tool_calls": ("tool_calls", "tool_use", "function_call"),
    "content_filter": (
        *("content_filter", "content_filtered", "guardrail_intervened", "safety", "recitation", "blocklist"),
        *("prohibited_content", "spii", "sensitive", "language", "model_armor", "image_safety"),
    ),
    "refusal": ("refusal",),
    "error": (
        *("error", "network_error", "insufficient_system_resource", "malformed", "malformed_model_output"),
        *("malformed_tool_use", "malformed_function_call", "malformed_response", "unexpected_tool_call"),
        "too_many_tool_calls",
    ),
    "aborted": ("abort", "aborted", "cancelled"),
}
_FINISH = {word: finish for finish, words in _WORDS.items() for word in words}


def finish_of(raw: object) -> str:
    """The normalised finish reason of a vendor's word, in either case; `unknown` for another word, and for none."""
    return _FINISH.get(raw.lower(), "unknown") if isinstance(raw, str) else "unknown"
