"""The table of error bodies: which words and sentences of which endpoint mean which fault. The first that fits wins.

Each rule has a fixture of its own in `tests/protocols/cases/errors.jsonl`. Sentences are matched in any case, in the
first characters of a message only, because some endpoints quote the prompt behind them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from audit.protocols.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """One line of the table.

    Attributes:
        name: Endpoint and meaning, unique.
        fault: What it means.
        words: Machine-readable codes and types, any of which is enough, in lower case.
        says: Pattern over the message, in any case, `^` being the start of a line; its group `p` is the name of a
            parameter.
        status: Only with one of these; empty for all.
        parameter: Name of the parameter where the message names none.
    """

    name: str
    fault: Fault
    words: frozenset[str] = frozenset()
    says: str | None = None
    status: frozenset[int] = frozenset()
    parameter: str | None = None

    def sentence(self, message: str) -> re.Match[str] | None:
        """Where a message says it."""
        return None if self.says is None else _pattern(self.says).search(message)


@cache
def _pattern(says: str) -> re.Pattern[str]:
    """Compiled when it is first looked for: most commands meet no error, and all patterns take 13 ms."""
    return re.compile(says, re.IGNORECASE | re.MULTILINE)


def rule(
    name: str,
    fault: Fault,
    words: str = "",
    says: str | None = None,
    status: tuple[int, ...] = (),
    parameter: str | None = None,
) -> ErrorRule:
    """A line of the table: words apart by spaces, and a pattern."""
    return ErrorRule(
        name=name,
        fault=fault,
        words=frozenset(words.split()),
        says=says,
        status=frozenset(status),
        parameter=parameter,
    )


_P = r"[`'\"\[(]{0,3}(?P<p>[a-z_][a-z_0-9.]{0,39})"

RULES: tuple[ErrorRule, ...] = (
    # Stopped by a filter.
    rule("azure-filter", Fault.FILTERED, "content_filter responsibleaipolicyviolation", r"content management policy"),
    rule("openai-policy", Fault.FILTERED, "content_policy_violation moderation_blocked", r"our safety system"),
    rule("openai-flagged-prompt", Fault.FILTERED, "invalid_prompt", r"flagged as potentially violating"),
    rule("anthropic-output-filter", Fault.FILTERED, says=r"blocked by content filtering policy"),
    rule("openrouter-moderation", Fault.FILTERED, "moderation_reasons", r"requires moderation"),
    rule("gemini-blocked", Fault.FILTERED, "prohibited_content blocklist", r"prompt was blocked|blockreason"),
    rule("bedrock-guardrail", Fault.FILTERED, "guardrail_intervened", r"guardrail (?:intervened|violation|blocked)"),
    rule("deepseek-risk", Fault.FILTERED, says=r"content exists risk"),
    rule(
        "dashscope-inspection", Fault.FILTERED, "data_inspection_failed datainspectionfailed", r"inappropriate content"
    ),
    rule("litellm-filter", Fault.FILTERED, says=r"contentpolicyviolationerror"),
    rule("xai-filter", Fault.FILTERED, says=r"content violates usage guidelines"),
    rule("zhipu-filter", Fault.FILTERED, "1301", r"不安全或敏感|敏感内容"),
    rule("portkey-guardrail", Fault.FILTERED, "hooks_failed", r"guardrail checks"),
    # The model wrote something that is no tool call, or no JSON.
    rule("groq-generation", Fault.MALFORMED, "tool_use_failed json_validate_failed", r"see 'failed_generation'"),
    # One request above a minute's allowance: no wait would help.
    rule("request-above-tpm", Fault.ABOVE_ALLOWANCE, says=r"request too large for .{0,120}(?:per min|tpm)"),
    # What vLLM makes of a prompt that leaves no room for an answer.
    rule("vllm-no-room", Fault.CONTEXT_TOO_LONG, says=r"max_tokens must be at least 1, got -"),
    # The token limit that was asked for, not the prompt.
    rule(
        "openai-limit-value",
        Fault.VALUE,
        says=r"(?P<p>max_(?:completion_|output_)?tokens)[`'\"]?[^.]{0,60}is too large",
    ),
    rule("anthropic-limit-value", Fault.VALUE, says=r"(?P<p>max_tokens): \d+ > \d+"),
    rule("groq-limit-value", Fault.VALUE, says=r"[`'](?P<p>max_(?:completion_)?tokens)[`'] must be less than or equal"),
    rule("bedrock-limit-value", Fault.VALUE, says=r"maximum tokens you requested exceeds", parameter="max_tokens"),
    rule("gemini-limit-value", Fault.VALUE, says=r"it has an? (?P<p>\w{1,40}) value of .{0,40}supported range"),
    # Too long for the context.
    rule("context-code", Fault.CONTEXT_TOO_LONG, "context_length_exceeded model_context_window_exceeded"),
    rule(
        "llamacpp-context", Fault.CONTEXT_TOO_LONG, "exceed_context_size_error", r"exceeds the available context size"
    ),
    rule("anthropic-request-size", Fault.CONTEXT_TOO_LONG, "request_too_large", status=(400, 413)),
    rule("anthropic-context", Fault.CONTEXT_TOO_LONG, says=r"prompt is too long|exceed context limit"),
    rule(
        "vllm-context",
        Fault.CONTEXT_TOO_LONG,
        says=r"maximum (?:context|model) length|maximum context limit|model's context length",
    ),
    rule("tgi-context", Fault.CONTEXT_TOO_LONG, says=r"`inputs` (?:tokens \+|must have less than)"),
    rule("gemini-context", Fault.CONTEXT_TOO_LONG, says=r"exceeds the maximum number of tokens allowed"),
    rule("bedrock-context", Fault.CONTEXT_TOO_LONG, says=r"input is too long for (?:the )?requested model"),
    rule("openai-string-length", Fault.CONTEXT_TOO_LONG, "string_above_max_length", r"string too long"),
    rule("azure-input-limit", Fault.CONTEXT_TOO_LONG, says=r"input tokens exceed the configured limit"),
    rule("litellm-context", Fault.CONTEXT_TOO_LONG, says=r"contextwindowexceedederror|range of input length"),
    rule("groq-context", Fault.CONTEXT_TOO_LONG, says=r"reduce the length of the (?:messages|prompt|input)"),
    rule("xai-context", Fault.CONTEXT_TOO_LONG, says=r"maximum prompt length is"),
    rule("cohere-context", Fault.CONTEXT_TOO_LONG, says=r"^too many tokens: "),
    rule("moonshot-context", Fault.CONTEXT_TOO_LONG, says=r"exceeded model token limit"),
    rule("llamacpp-batch", Fault.CONTEXT_TOO_LONG, says=r"input is too large to process"),
    rule("proxy-body-size", Fault.CONTEXT_TOO_LONG, says=r"entity too large|payload too large|body too large"),
    # Only streams.
    rule("dashscope-stream", Fault.STREAM_ONLY, says=r"only supports? stream|non-streaming calls?"),
    rule("openai-stream", Fault.STREAM_ONLY, says=r"[`'\"]?stream[`'\"]? (?:must|needs to|has to) be (?:set to )?true"),
    rule("anthropic-stream", Fault.STREAM_ONLY, says=r"streaming is (?:strongly recommended|required)"),
    # Roles, media, tools, response formats.
    rule("rust-role", Fault.ROLE, says=r"role: unknown variant"),
    rule("openai-role", Fault.ROLE, says=r"is not one of \[[^\]]{0,120}\] - 'messages|role[`'\"]? does not support"),
    rule("vllm-role", Fault.ROLE, says=r"unexpected (?:message )?role|invalid role|unknown role"),
    rule("groq-role", Fault.ROLE, says=r"discriminator property 'role'|for 'role:developer'"),
    rule("template-role", Fault.ROLE, says=r"system role not supported|roles must alternate"),
    rule("openai-role-value", Fault.ROLE, says=r"invalid value: '(?:developer|system|tool|function)'"),
    rule("pydantic-role", Fault.ROLE, says=r"input should be '(?:system|user|assistant|tool)'"),
    rule("mistral-role-order", Fault.ROLE, "invalid_request_message_order", r"expected last role"),
    rule("perplexity-role-order", Fault.ROLE, says=r"last message must have role"),
    rule("gemini-role", Fault.ROLE, says=r"(?:developer|system) instruction is not enabled"),
    rule("bedrock-role", Fault.ROLE, says=r"doesn.t support system messages"),
    rule("openai-media", Fault.MEDIA, says=r"image_url is only supported|does not support (?:image|audio|vision|file)"),
    rule("llamacpp-media", Fault.MEDIA, says=r"(?:image|audio) input is not supported"),
    rule("vllm-media", Fault.MEDIA, says=r"not a multimodal model|at most 0 image"),
    rule("deepseek-media", Fault.MEDIA, says=r"unknown variant `(?:image_url|input_audio|file)`"),
    rule("groq-media", Fault.MEDIA, says=r"content must be a string|\.content' : value must be a string"),
    rule(
        "openai-image",
        Fault.MEDIA,
        "invalid_image_format image_too_large",
        r"unsupported image|could not process image",
    ),
    rule("anthropic-image", Fault.MEDIA, says=r"image (?:exceeds|dimensions exceed)"),
    rule("gemini-media", Fault.MEDIA, says=r"(?:image|audio|video) input modality is not"),
    rule("bedrock-media", Fault.MEDIA, says=r"doesn.t support the (?:image|document|video) content"),
    rule("openrouter-media", Fault.MEDIA, says=r"no endpoints found that support (?:image|audio|file|video)"),
    rule("vllm-tools", Fault.TOOLS, says=r"tool choice requires --enable-auto-tool-choice"),
    rule("llamacpp-tools", Fault.TOOLS, says=r"requires? --jinja"),
    rule("ollama-tools", Fault.TOOLS, says=r"does not support (?:tools|tool use|tool calling|function calling)"),
    rule("openrouter-tools", Fault.TOOLS, says=r"no endpoints found that support tool"),
    rule("groq-tools", Fault.TOOLS, says=r"[`'\"]?tool calling[`'\"]? is not supported"),
    rule("openai-tools", Fault.TOOLS, says=r"^(?:tools|functions?) (?:is|are) not supported (?:in|with|by) this model"),
    rule("gemini-tools", Fault.TOOLS, says=r"function calling is not enabled"),
    rule("bedrock-tools", Fault.TOOLS, says=r"doesn.t support tool use"),
    rule("gemini-format", Fault.RESPONSE_FORMAT, says=r"json mode is not enabled"),
    rule("openai-format", Fault.RESPONSE_FORMAT, says=r"'response_format' of type|does not support response.format"),
    rule("openai-schema", Fault.RESPONSE_FORMAT, says=r"invalid schema for (?:response_format|function)"),
    rule("deepseek-format", Fault.RESPONSE_FORMAT, says=r"response_format type is unavailable"),
    rule("vllm-grammar", Fault.RESPONSE_FORMAT, says=r"failed to convert .{0,40}grammar|grammar error|response_schema"),
    # No credit.
    rule("gemini-day-quota", Fault.QUOTA, says=r"perday|per day per project|per day \([rt]pd\)", status=(429,)),
    rule("openrouter-day-quota", Fault.QUOTA, says=r"free-models-per-day|key limit exceeded"),
    rule("gemini-nothing-free", Fault.QUOTA, says=r"quota exceeded for metric: .{0,120}, limit: 0\b", status=(429,)),
    rule("gemini-rate", Fault.RATE_LIMITED, "resource_exhausted", r"resource_exhausted|resource exhausted"),
    rule("openai-quota", Fault.QUOTA, "insufficient_quota billing_hard_limit_reached billing_not_active"),
    rule("openai-quota-wrapped", Fault.QUOTA, says=r"check your plan and billing details"),
    rule("anthropic-credit", Fault.QUOTA, "billing_error", r"credit balance is too low"),
    rule("anthropic-usage-limit", Fault.QUOTA, says=r"reached your specified api usage limits"),
    rule("deepseek-balance", Fault.QUOTA, "insufficient_balance", r"insufficient (?:balance|credits|funds)"),
    rule("litellm-budget", Fault.QUOTA, "budget_exceeded", r"budget has been exceeded|exceededbudget"),
    rule("azure-volume", Fault.QUOTA, says=r"out of call volume quota"),
    # The key, and what it may do.
    rule("openai-key", Fault.AUTH, "invalid_api_key authentication_error invalid_authentication"),
    rule("gemini-key", Fault.AUTH, "api_key_invalid", r"api key (?:not valid|expired|not found)"),
    rule("bedrock-key", Fault.AUTH, "unrecognizedclientexception invalidsignatureexception expiredtokenexception"),
    rule(
        "litellm-key", Fault.AUTH, "token_not_found_in_db expired_key", r"invalid proxy server token|no api key passed"
    ),
    rule("openai-region", Fault.FORBIDDEN, "unsupported_country_region_territory", r"user location is not supported"),
    rule("litellm-model-access", Fault.FORBIDDEN, "key_model_access_denied team_model_access_denied"),
    rule(
        "permission",
        Fault.FORBIDDEN,
        "permission_error permission_denied permissiondenied accessdeniedexception ip_not_authorized",
    ),
    rule("anthropic-disabled", Fault.FORBIDDEN, says=r"this organization has been disabled"),
    rule("openrouter-data-policy", Fault.FORBIDDEN, says=r"no endpoints found matching your data policy"),
    # An answer of the API about a thing of its own: the address is right.
    rule("thing-not-found", Fault.BAD_REQUEST, "recording_not_found file_not_found resource_missing", status=(404,)),
    # The model. Before parameters: `invalid model name passed in model=` is none.
    rule("openai-model", Fault.MODEL, "model_not_found model_not_available model_decommissioned invalid_model"),
    rule("azure-deployment", Fault.MODEL, "deploymentnotfound unknown_model"),
    rule("vllm-model", Fault.MODEL, says=r"model [`'\"]?\S{1,120} (?:does not exist|is not supported|was not found)"),
    rule("openai-other-api", Fault.MODEL, says=r"this is not a chat model|only supported in v1/responses"),
    rule("azure-operation", Fault.MODEL, "operationnotsupported", r"does not work with the specified model"),
    rule("ollama-model", Fault.MODEL, says=r"model [`'\"]?\S{1,120} not found"),
    rule("anthropic-model", Fault.MODEL, says=r"^model: \S", status=(404,)),
    rule("gemini-model", Fault.MODEL, says=r"models/\S{1,120} is not found"),
    rule("openrouter-model", Fault.MODEL, says=r"is not a valid model|no endpoints found for"),
    rule("bedrock-model", Fault.MODEL, says=r"model identifier is invalid|support(?:ed)? on-demand throughput"),
    rule("bedrock-on-demand", Fault.MODEL, says=r"with on-demand throughput isn.t supported"),
    rule("litellm-model", Fault.MODEL, says=r"invalid model name passed|llm provider not provided"),
    rule("mistral-model", Fault.MODEL, says=r"^invalid model:|model not exist"),
    # Parameters and their values.
    rule("openai-value", Fault.VALUE, "unsupported_value", rf"unsupported value: {_P}"),
    rule("anthropic-value", Fault.VALUE, says=r"`?(?P<p>\w{1,40})`? (?:may only be set to|and `?\w+`? cannot both)"),
    rule("openai-parameter", Fault.PARAMETER, "unsupported_parameter", rf"unsupported param(?:eter)?: {_P}"),
    rule("openai-unknown", Fault.PARAMETER, "unknown_parameter", rf"unknown parameter: {_P}"),
    rule("azure-argument", Fault.PARAMETER, says=rf"unrecognized request arguments? supplied: {_P}"),
    rule("litellm-parameter", Fault.PARAMETER, says=rf"does not support parameters?:? {_P}"),
    rule("groq-parameter", Fault.PARAMETER, says=rf"property {_P}['`\"]? is unsupported"),
    rule("xai-argument", Fault.PARAMETER, says=rf"argument not supported(?: on this model)?: {_P}"),
    rule("fireworks-parameter", Fault.PARAMETER, says=rf"extra inputs are not permitted, field: {_P}"),
    rule("anthropic-parameter", Fault.PARAMETER, says=r"(?P<p>[a-z_][\w.]{0,39}): extra inputs are not permitted"),
    rule(
        "pydantic-parameter",
        Fault.PARAMETER,
        "extra_forbidden",
        r"extra_forbidden', 'loc': \('body', (?:'[A-Z]\w{1,40}', )?'(?P<p>\w{1,40})'\)",
    ),
    rule("gemini-parameter", Fault.PARAMETER, says=r"unknown name \\?\"(?P<p>\w{1,40})\\?\""),
    rule("bedrock-parameter", Fault.PARAMETER, says=r"extraneous key \[(?P<p>\w{1,40})\]"),
    rule("ollama-thinking", Fault.PARAMETER, says=r"does not support thinking", parameter="reasoning_effort"),
    rule("openrouter-parameter", Fault.PARAMETER, says=r"can handle the requested parameters"),
    rule(
        "not-supported-with",
        Fault.PARAMETER,
        says=r"[`'\"](?P<p>[a-z_]\w{0,39})[`'\"] (?:is|are) not supported (?:with|by|for|on)",
    ),
    rule("azure-extra", Fault.PARAMETER, says=r"extra parameters? \['(?P<p>\w{1,40})'"),
    rule(
        "bare-parameter",
        Fault.PARAMETER,
        says=r"^(?!json_|response_format)(?P<p>[a-z]+(?:_[a-z]+)+) is not supported (?:with|by|for|in) this",
    ),
    rule("openai-invalid", Fault.VALUE, says=r"invalid (?:type for |value for )?'(?P<p>[a-z_][a-z_0-9]{0,39})':"),
    rule("openai-choice", Fault.VALUE, says=r"invalid value: (?!'?json_).{0,60}supported values are"),
    rule("anthropic-range", Fault.VALUE, says=rf"^(?!messages|tools|system){_P}: (?:range:|input should be)"),
    rule(
        "pydantic-range",
        Fault.VALUE,
        "less_than_equal greater_than_equal less_than greater_than",
    ),
    rule(
        "sampling-value",
        Fault.VALUE,
        says=r"(?:^|: )[`'\"]?(?P<p>temperature|(?:top|min)_[pk]|n|seed|stop|(?:top_)?logprobs|max_\w{1,20}"
        r"|\w{1,20}_penalty)[`'\"]? ?(?:: number )?(?:must|has to|should) be",
    ),
    # Busy, limited, slow.
    rule("anthropic-overload", Fault.OVERLOADED, "overloaded_error engine_overloaded engine_overloaded_error"),
    rule(
        "gemini-overload",
        Fault.OVERLOADED,
        says=r"model is (?:currently )?overloaded",
        status=(200, 429, 500, 503, 529),
    ),
    rule("loading", Fault.OVERLOADED, "modelnotreadyexception", r"loading model|currently loading|model is not ready"),
    rule("litellm-cooldown", Fault.OVERLOADED, says=r"no deployments available|no healthy upstream"),
    rule(
        "openai-overload",
        Fault.OVERLOADED,
        "capacity_exceeded",
        r"(?:engine|server|service)s? (?:is|are) (?:currently )?(?:overloaded|at capacity)",
        status=(429, 498, 500, 503, 529),
    ),
    rule("tgi-generation", Fault.SERVER, says=r"request failed during generation", status=(424,)),
    rule("llamacpp-unserved", Fault.ADDRESS, "not_supported_error", status=(501,)),
    rule("bedrock-throttle", Fault.RATE_LIMITED, "throttlingexception throttling toomanyrequestsexception"),
    rule(
        "rate-code",
        Fault.RATE_LIMITED,
        "rate_limit_exceeded rate_limit_error ratelimiterror rate_limited",
        r"^(?:your )?rate.?limit (?:was |has been )?(?:reached|exceeded|hit)\b",
    ),
    rule(
        "deadline",
        Fault.TIMEOUT,
        "deadline_exceeded",
        r"(?:request|upstream|gateway) (?:time-?out|timed out)",
        status=(500, 502, 503),
    ),
)

BY_STATUS: dict[int, Fault] = {
    **dict.fromkeys((300, 301, 302, 303, 304, 305, 307, 308), Fault.MOVED),
    **dict.fromkeys((404, 405, 410, 421, 426), Fault.ADDRESS),
    **dict.fromkeys((400, 406, 411, 415, 422, 424), Fault.BAD_REQUEST),
    **dict.fromkeys((401, 407), Fault.AUTH),
    **dict.fromkeys((403, 451), Fault.FORBIDDEN),
    **dict.fromkeys((408, 460, 499, 504, 524, 598, 599), Fault.TIMEOUT),
    **dict.fromkeys((409, 423, 425, 449), Fault.SERVER),
    **dict.fromkeys((420, 430), Fault.RATE_LIMITED),
    402: Fault.QUOTA,
    413: Fault.CONTEXT_TOO_LONG,
    429: Fault.RATE_LIMITED,
    **dict.fromkeys((498, 529), Fault.OVERLOADED),
    **{status: Fault.SERVER for status in range(500, 600) if status not in (504, 524, 529, 598, 599)},
}
"""What a status means where its body says nothing that is known."""
