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


def _rule(
    name: str,
    fault: Fault,
    words: str = "",
    says: str | None = None,
    status: tuple[int, ...] = (),
    parameter: str | None = None,
) -> ErrorRule:
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
    _rule("azure-filter", Fault.FILTERED, "content_filter responsibleaipolicyviolation", r"content management policy"),
    _rule("openai-policy", Fault.FILTERED, "content_policy_violation moderation_blocked", r"our safety system"),
    _rule("openai-flagged-prompt", Fault.FILTERED, "invalid_prompt", r"flagged as potentially violating"),
    _rule("anthropic-output-filter", Fault.FILTERED, says=r"blocked by content filtering policy"),
    _rule("openrouter-moderation", Fault.FILTERED, "moderation_reasons", r"requires moderation"),
    _rule("gemini-blocked", Fault.FILTERED, "prohibited_content blocklist", r"prompt was blocked|blockreason"),
    _rule("bedrock-guardrail", Fault.FILTERED, "guardrail_intervened", r"guardrail (?:intervened|violation|blocked)"),
    _rule("deepseek-risk", Fault.FILTERED, says=r"content exists risk"),
    _rule(
        "dashscope-inspection", Fault.FILTERED, "data_inspection_failed datainspectionfailed", r"inappropriate content"
    ),
    _rule("litellm-filter", Fault.FILTERED, says=r"contentpolicyviolationerror"),
    _rule("xai-filter", Fault.FILTERED, says=r"content violates usage guidelines"),
    _rule("zhipu-filter", Fault.FILTERED, "1301", r"不安全或敏感|敏感内容"),
    _rule("portkey-guardrail", Fault.FILTERED, "hooks_failed", r"guardrail checks"),
    # The model wrote something that is no tool call, or no JSON.
    _rule("groq-generation", Fault.MALFORMED, "tool_use_failed json_validate_failed", r"see 'failed_generation'"),
    # One request above a minute's allowance: no wait would help.
    _rule("request-above-tpm", Fault.ABOVE_ALLOWANCE, says=r"request too large for .{0,120}(?:per min|tpm)"),
    # The token limit that was asked for, not the prompt.
    _rule(
        "openai-limit-value",
        Fault.VALUE,
        says=r"(?P<p>max_(?:completion_|output_)?tokens)[`'\"]?[^.]{0,60}is too large",
    ),
    _rule("anthropic-limit-value", Fault.VALUE, says=r"(?P<p>max_tokens): \d+ > \d+"),
    _rule(
        "groq-limit-value", Fault.VALUE, says=r"[`'](?P<p>max_(?:completion_)?tokens)[`'] must be less than or equal"
    ),
    _rule("bedrock-limit-value", Fault.VALUE, says=r"maximum tokens you requested exceeds", parameter="max_tokens"),
    _rule("gemini-limit-value", Fault.VALUE, says=r"it has an? (?P<p>\w{1,40}) value of .{0,40}supported range"),
    # Too long for the context.
    _rule("context-code", Fault.CONTEXT_TOO_LONG, "context_length_exceeded model_context_window_exceeded"),
    _rule(
        "llamacpp-context", Fault.CONTEXT_TOO_LONG, "exceed_context_size_error", r"exceeds the available context size"
    ),
    _rule("anthropic-request-size", Fault.CONTEXT_TOO_LONG, "request_too_large", status=(400, 413)),
    _rule("anthropic-context", Fault.CONTEXT_TOO_LONG, says=r"prompt is too long|exceed context limit"),
    _rule(
        "vllm-context",
        Fault.CONTEXT_TOO_LONG,
        says=r"maximum (?:context|model) length|maximum context limit|model's context length",
    ),
    _rule("tgi-context", Fault.CONTEXT_TOO_LONG, says=r"`inputs` (?:tokens \+|must have less than)"),
    _rule("gemini-context", Fault.CONTEXT_TOO_LONG, says=r"exceeds the maximum number of tokens allowed"),
    _rule("bedrock-context", Fault.CONTEXT_TOO_LONG, says=r"input is too long for (?:the )?requested model"),
    _rule("openai-string-length", Fault.CONTEXT_TOO_LONG, "string_above_max_length", r"string too long"),
    _rule("azure-input-limit", Fault.CONTEXT_TOO_LONG, says=r"input tokens exceed the configured limit"),
    _rule("litellm-context", Fault.CONTEXT_TOO_LONG, says=r"contextwindowexceedederror|range of input length"),
    _rule("groq-context", Fault.CONTEXT_TOO_LONG, says=r"reduce the length of the (?:messages|prompt|input)"),
    _rule("xai-context", Fault.CONTEXT_TOO_LONG, says=r"maximum prompt length is"),
    _rule("cohere-context", Fault.CONTEXT_TOO_LONG, says=r"^too many tokens: "),
    _rule("moonshot-context", Fault.CONTEXT_TOO_LONG, says=r"exceeded model token limit"),
    _rule("llamacpp-batch", Fault.CONTEXT_TOO_LONG, says=r"input is too large to process"),
    _rule("proxy-body-size", Fault.CONTEXT_TOO_LONG, says=r"entity too large|payload too large|body too large"),
    # Only streams.
    _rule("dashscope-stream", Fault.STREAM_ONLY, says=r"only supports? stream|non-streaming calls?"),
    _rule(
        "openai-stream", Fault.STREAM_ONLY, says=r"[`'\"]?stream[`'\"]? (?:must|needs to|has to) be (?:set to )?true"
    ),
    _rule("anthropic-stream", Fault.STREAM_ONLY, says=r"streaming is (?:strongly recommended|required)"),
    # Roles, media, tools, response formats.
    _rule("rust-role", Fault.ROLE, says=r"role: unknown variant"),
    _rule("openai-role", Fault.ROLE, says=r"is not one of \[[^\]]{0,120}\] - 'messages|role[`'\"]? does not support"),
    _rule("vllm-role", Fault.ROLE, says=r"unexpected (?:message )?role|invalid role|unknown role"),
    _rule("groq-role", Fault.ROLE, says=r"discriminator property 'role'|for 'role:developer'"),
    _rule("template-role", Fault.ROLE, says=r"system role not supported|roles must alternate"),
    _rule("openai-role-value", Fault.ROLE, says=r"invalid value: '(?:developer|system|tool|function)'"),
    _rule("pydantic-role", Fault.ROLE, says=r"input should be '(?:system|user|assistant|tool)'"),
    _rule("mistral-role-order", Fault.ROLE, "invalid_request_message_order", r"expected last role"),
    _rule("perplexity-role-order", Fault.ROLE, says=r"last message must have role"),
    _rule("gemini-role", Fault.ROLE, says=r"(?:developer|system) instruction is not enabled"),
    _rule("bedrock-role", Fault.ROLE, says=r"doesn.t support system messages"),
    _rule(
        "openai-media", Fault.MEDIA, says=r"image_url is only supported|does not support (?:image|audio|vision|file)"
    ),
    _rule("llamacpp-media", Fault.MEDIA, says=r"(?:image|audio) input is not supported"),
    _rule("vllm-media", Fault.MEDIA, says=r"not a multimodal model|at most 0 image"),
    _rule("deepseek-media", Fault.MEDIA, says=r"unknown variant `(?:image_url|input_audio|file)`"),
    _rule("groq-media", Fault.MEDIA, says=r"content must be a string|\.content' : value must be a string"),
    _rule(
        "openai-image",
        Fault.MEDIA,
        "invalid_image_format image_too_large",
        r"unsupported image|could not process image",
    ),
    _rule("anthropic-image", Fault.MEDIA, says=r"image (?:exceeds|dimensions exceed)"),
    _rule("gemini-media", Fault.MEDIA, says=r"(?:image|audio|video) input modality is not"),
    _rule("bedrock-media", Fault.MEDIA, says=r"doesn.t support the (?:image|document|video) content"),
    _rule("openrouter-media", Fault.MEDIA, says=r"no endpoints found that support (?:image|audio|file|video)"),
    _rule("vllm-tools", Fault.TOOLS, says=r"tool choice requires --enable-auto-tool-choice"),
    _rule("llamacpp-tools", Fault.TOOLS, says=r"requires? --jinja"),
    _rule("ollama-tools", Fault.TOOLS, says=r"does not support (?:tools|tool use|tool calling|function calling)"),
    _rule("openrouter-tools", Fault.TOOLS, says=r"no endpoints found that support tool"),
    _rule("groq-tools", Fault.TOOLS, says=r"[`'\"]?tool calling[`'\"]? is not supported"),
    _rule(
        "openai-tools", Fault.TOOLS, says=r"^(?:tools|functions?) (?:is|are) not supported (?:in|with|by) this model"
    ),
    _rule("gemini-tools", Fault.TOOLS, says=r"function calling is not enabled"),
    _rule("bedrock-tools", Fault.TOOLS, says=r"doesn.t support tool use"),
    _rule("gemini-format", Fault.RESPONSE_FORMAT, says=r"json mode is not enabled"),
    _rule("openai-format", Fault.RESPONSE_FORMAT, says=r"'response_format' of type|does not support response.format"),
    _rule("openai-schema", Fault.RESPONSE_FORMAT, says=r"invalid schema for (?:response_format|function)"),
    _rule("deepseek-format", Fault.RESPONSE_FORMAT, says=r"response_format type is unavailable"),
    _rule(
        "vllm-grammar", Fault.RESPONSE_FORMAT, says=r"failed to convert .{0,40}grammar|grammar error|response_schema"
    ),
    # No credit.
    _rule("gemini-day-quota", Fault.QUOTA, says=r"perday|per day per project|per day \([rt]pd\)", status=(429,)),
    _rule("openrouter-day-quota", Fault.QUOTA, says=r"free-models-per-day|key limit exceeded"),
    _rule("gemini-rate", Fault.RATE_LIMITED, "resource_exhausted", r"resource_exhausted|resource exhausted"),
    _rule("openai-quota", Fault.QUOTA, "insufficient_quota billing_hard_limit_reached billing_not_active"),
    _rule("openai-quota-wrapped", Fault.QUOTA, says=r"check your plan and billing details"),
    _rule("anthropic-credit", Fault.QUOTA, "billing_error", r"credit balance is too low"),
    _rule("anthropic-usage-limit", Fault.QUOTA, says=r"reached your specified api usage limits"),
    _rule("deepseek-balance", Fault.QUOTA, "insufficient_balance", r"insufficient (?:balance|credits|funds)"),
    _rule("litellm-budget", Fault.QUOTA, "budget_exceeded", r"budget has been exceeded|exceededbudget"),
    _rule("azure-volume", Fault.QUOTA, says=r"out of call volume quota"),
    # The key, and what it may do.
    _rule("openai-key", Fault.AUTH, "invalid_api_key authentication_error invalid_authentication"),
    _rule("gemini-key", Fault.AUTH, "api_key_invalid", r"api key (?:not valid|expired|not found)"),
    _rule("bedrock-key", Fault.AUTH, "unrecognizedclientexception invalidsignatureexception expiredtokenexception"),
    _rule(
        "litellm-key", Fault.AUTH, "token_not_found_in_db expired_key", r"invalid proxy server token|no api key passed"
    ),
    _rule("openai-region", Fault.FORBIDDEN, "unsupported_country_region_territory", r"user location is not supported"),
    _rule("litellm-model-access", Fault.FORBIDDEN, "key_model_access_denied team_model_access_denied"),
    _rule(
        "permission",
        Fault.FORBIDDEN,
        "permission_error permission_denied permissiondenied accessdeniedexception ip_not_authorized",
    ),
    _rule("anthropic-disabled", Fault.FORBIDDEN, says=r"this organization has been disabled"),
    _rule("openrouter-data-policy", Fault.FORBIDDEN, says=r"no endpoints found matching your data policy"),
    # An answer of the API about a thing of its own: the address is right.
    _rule("thing-not-found", Fault.BAD_REQUEST, "recording_not_found file_not_found resource_missing", status=(404,)),
    # The model. Before parameters: `invalid model name passed in model=` is none.
    _rule("openai-model", Fault.MODEL, "model_not_found model_not_available model_decommissioned invalid_model"),
    _rule("azure-deployment", Fault.MODEL, "deploymentnotfound unknown_model"),
    _rule("vllm-model", Fault.MODEL, says=r"model [`'\"]?\S{1,120} (?:does not exist|is not supported|was not found)"),
    _rule("openai-other-api", Fault.MODEL, says=r"this is not a chat model|only supported in v1/responses"),
    _rule("azure-operation", Fault.MODEL, "operationnotsupported", r"does not work with the specified model"),
    _rule("ollama-model", Fault.MODEL, says=r"model [`'\"]?\S{1,120} not found"),
    _rule("anthropic-model", Fault.MODEL, says=r"^model: \S", status=(404,)),
    _rule("gemini-model", Fault.MODEL, says=r"models/\S{1,120} is not found"),
    _rule("openrouter-model", Fault.MODEL, says=r"is not a valid model|no endpoints found for"),
    _rule("bedrock-model", Fault.MODEL, says=r"model identifier is invalid|support(?:ed)? on-demand throughput"),
    _rule("bedrock-on-demand", Fault.MODEL, says=r"with on-demand throughput isn.t supported"),
    _rule("litellm-model", Fault.MODEL, says=r"invalid model name passed|llm provider not provided"),
    _rule("mistral-model", Fault.MODEL, says=r"^invalid model:|model not exist"),
    # Parameters and their values.
    _rule("openai-value", Fault.VALUE, "unsupported_value", rf"unsupported value: {_P}"),
    _rule("anthropic-value", Fault.VALUE, says=r"`(?P<p>\w{1,40})` (?:may only be set to|and `\w+` cannot both)"),
    _rule("openai-parameter", Fault.PARAMETER, "unsupported_parameter", rf"unsupported param(?:eter)?: {_P}"),
    _rule("openai-unknown", Fault.PARAMETER, "unknown_parameter", rf"unknown parameter: {_P}"),
    _rule("azure-argument", Fault.PARAMETER, says=rf"unrecognized request arguments? supplied: {_P}"),
    _rule("litellm-parameter", Fault.PARAMETER, says=rf"does not support parameters?:? {_P}"),
    _rule("groq-parameter", Fault.PARAMETER, says=rf"property {_P}['`\"]? is unsupported"),
    _rule("xai-argument", Fault.PARAMETER, says=rf"argument not supported(?: on this model)?: {_P}"),
    _rule("fireworks-parameter", Fault.PARAMETER, says=rf"extra inputs are not permitted, field: {_P}"),
    _rule("anthropic-parameter", Fault.PARAMETER, says=r"(?P<p>[a-z_][\w.]{0,39}): extra inputs are not permitted"),
    _rule(
        "pydantic-parameter",
        Fault.PARAMETER,
        "extra_forbidden",
        r"extra_forbidden', 'loc': \('body', '(?P<p>\w{1,40})'\)",
    ),
    _rule("gemini-parameter", Fault.PARAMETER, says=r"unknown name \\?\"(?P<p>\w{1,40})\\?\""),
    _rule("bedrock-parameter", Fault.PARAMETER, says=r"extraneous key \[(?P<p>\w{1,40})\]"),
    _rule("ollama-thinking", Fault.PARAMETER, says=r"does not support thinking", parameter="reasoning_effort"),
    _rule("openrouter-parameter", Fault.PARAMETER, says=r"can handle the requested parameters"),
    _rule(
        "not-supported-with",
        Fault.PARAMETER,
        says=r"[`'\"](?P<p>[a-z_]\w{0,39})[`'\"] (?:is|are) not supported (?:with|by|for|on)",
    ),
    _rule("azure-extra", Fault.PARAMETER, says=r"extra parameters? \['(?P<p>\w{1,40})'"),
    _rule(
        "bare-parameter", Fault.PARAMETER, says=r"^(?P<p>[a-z]+(?:_[a-z]+)+) is not supported (?:with|by|for|in) this"
    ),
    _rule("openai-invalid", Fault.VALUE, says=r"invalid (?:type for |value for )?'(?P<p>[a-z_][a-z_0-9]{0,39})':"),
    _rule("openai-choice", Fault.VALUE, says=r"invalid value: .{0,60}supported values are"),
    _rule("anthropic-range", Fault.VALUE, says=rf"^(?!messages|tools|system){_P}: (?:range:|input should be)"),
    _rule(
        "pydantic-range",
        Fault.VALUE,
        "less_than_equal greater_than_equal less_than greater_than",
    ),
    _rule(
        "sampling-value",
        Fault.VALUE,
        says=r"(?:^|: )[`'\"]?(?P<p>temperature|(?:top|min)_[pk]|n|seed|stop|(?:top_)?logprobs|max_\w{1,20}"
        r"|\w{1,20}_penalty)[`'\"]? ?(?:: number )?(?:must|has to|should) be",
    ),
    # Busy, limited, slow.
    _rule("anthropic-overload", Fault.OVERLOADED, "overloaded_error engine_overloaded engine_overloaded_error"),
    _rule(
        "gemini-overload",
        Fault.OVERLOADED,
        says=r"model is (?:currently )?overloaded",
        status=(200, 429, 500, 503, 529),
    ),
    _rule("loading", Fault.OVERLOADED, "modelnotreadyexception", r"loading model|currently loading|model is not ready"),
    _rule("litellm-cooldown", Fault.OVERLOADED, says=r"no deployments available|no healthy upstream"),
    _rule(
        "openai-overload",
        Fault.OVERLOADED,
        "capacity_exceeded",
        r"(?:engine|server|service)s? (?:is|are) (?:currently )?(?:overloaded|at capacity)",
        status=(429, 498, 500, 503, 529),
    ),
    _rule("tgi-generation", Fault.SERVER, says=r"request failed during generation", status=(424,)),
    _rule("llamacpp-unserved", Fault.ADDRESS, "not_supported_error", status=(501,)),
    _rule("bedrock-throttle", Fault.RATE_LIMITED, "throttlingexception throttling toomanyrequestsexception"),
    _rule(
        "rate-code",
        Fault.RATE_LIMITED,
        "rate_limit_exceeded rate_limit_error ratelimiterror rate_limited",
        r"^(?:your )?rate.?limit (?:was |has been )?(?:reached|exceeded|hit)\b",
    ),
    _rule(
        "deadline",
        Fault.TIMEOUT,
        "deadline_exceeded",
        r"(?:request|upstream|gateway) (?:time-?out|timed out)",
        status=(500, 502, 503),
    ),
)

BY_STATUS: dict[int, Fault] = {
    **dict.fromkeys((301, 302, 303, 307, 308, 404, 405, 410, 421, 426), Fault.ADDRESS),
    **dict.fromkeys((400, 406, 411, 415, 422, 424), Fault.BAD_REQUEST),
    **dict.fromkeys((401, 407), Fault.AUTH),
    **dict.fromkeys((403, 451), Fault.FORBIDDEN),
    **dict.fromkeys((408, 499, 504, 524), Fault.TIMEOUT),
    **dict.fromkeys((409, 425), Fault.SERVER),
    402: Fault.QUOTA,
    413: Fault.CONTEXT_TOO_LONG,
    429: Fault.RATE_LIMITED,
    529: Fault.OVERLOADED,
    **{status: Fault.SERVER for status in range(500, 600) if status not in (504, 524, 529)},
}
"""What a status means where its body says nothing that is known."""
