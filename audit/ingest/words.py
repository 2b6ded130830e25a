"""Vendors' words for the same things, made one: finish reasons, errors, providers, operations."""

from __future__ import annotations

import functools
import re

from audit.protocols.finish import finish_of

PROVIDERS = {
    "azure_ai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "sagemaker": "aws.sagemaker",
    "vertex_ai": "gcp.vertex",
    "vertex_ai_beta": "gcp.vertex",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google_ai_studio": "gcp.gemini",
    "google_vertex_ai": "gcp.vertex",
    "vertex": "gcp.vertex",
    "gcp_vertex_gemini": "gcp.vertex",
    "gcp_vertex_anthropic": "gcp.vertex",
    "google_ai_studio_gemini": "gcp.gemini",
    "aws": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "xai": "x-ai",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "gcp.vertex_ai": "gcp.vertex",
    "gcp.gen_ai": "gcp.gemini",
    "google_generative_ai": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "google_vertex": "gcp.vertex",
    "vertexai": "gcp.vertex",
    "x_ai": "x-ai",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "deepseek_ai": "deepseek",
    **{name: name for name in ("openai", "anthropic", "azure", "cohere", "groq", "mistral", "deepseek")},
}
"""Providers under the names of gateways, SDKs and conventions, in small letters and underscores."""

_MAKERS = (
    (re.compile(r"(ft:)?(gpt-(?!oss)|o[134](-|$)|chatgpt|text-embedding-|davinci|babbage|dall-e|whisper|tts-|omni-mod)"),
     "openai"),
    (re.compile(r"claude"), "anthropic"),
    (re.compile(r"gemini|text-bison|chat-bison"), "gcp.gemini"),
    (re.compile(r"deepseek-(chat|reasoner|coder)$"), "deepseek"),
    (re.compile(r"(open-)?(mistral|ministral|magistral|codestral|pixtral|devstral)-.*(latest|\d{4})$"), "mistral"),
    (re.compile(r"grok-"), "x-ai"),
    (re.compile(r"command(-|$)"), "cohere"),
    (re.compile(r"sonar"), "perplexity"),
    (re.compile(r"(?:[a-z]{2,6}\.)?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek)\.[a-z]"), "aws.bedrock"),
)  # fmt: skip
"""Names that only the API of their maker gives to models. Open weights are served by many, and tell nothing."""
_HOSTS = (
    ("openai.azure.com", "azure"), ("services.ai.azure.com", "azure"), ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"), ("api.deepseek.com", "deepseek"), ("openrouter.ai", "openrouter"),
    ("bedrock", "aws.bedrock"), ("aiplatform.googleapis.com", "gcp.vertex"),
    ("generativelanguage.googleapis.com", "gcp.gemini"), ("api.mistral.ai", "mistral"), ("api.x.ai", "x-ai"),
    ("api.groq.com", "groq"), ("api.together", "together"), ("api.fireworks.ai", "fireworks"),
    ("api.cohere", "cohere"), ("api.perplexity.ai", "perplexity"), ("api.cerebras.ai", "cerebras"),
    ("localhost", "self_hosted"), ("127.0.0.1", "self_hosted"),
)  # fmt: skip
_ARN = re.compile(r"arn:aws[\w-]*:bedrock:[^/]*/")
_BEDROCK_PATH = re.compile(r"(bedrock/)?(converse/|invoke/)?([a-z]{2}(-[a-z]+)+-\d/)?")

_BY_STATUS = {
    400: "invalid_request",
    401: "auth",
    403: "auth",
    404: "invalid_request",
    408: "timeout",
    413: "context_length",
    422: "invalid_request",
    429: "rate_limit",
    499: "cancelled",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_BY_WORD = [
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        ("context.?(window|length)|maximum context|too many tokens|prompt is too long", "context_length"),
        ("content.?(policy|filter|management)|safety|moderation", "content_policy"),
        ("rate.?limit|too many requests|quota|throttl", "rate_limit"),
        ("overloaded|unavailable|capacity", "overloaded"),
        ("time.?d?.?out", "timeout"),
        ("authenticat|permission|unauthorized|forbidden|invalid.?api.?key", "auth"),
        ("disconnect|cancel|aborted|generatorexit", "cancelled"),
        ("not.?found|bad.?request|invalid.?request|unprocessable|unsupported", "invalid_request"),
        ("server.?error|internal|bad.?gateway|connection", "server_error"),
    )
]


def finish_reason(raw: object) -> str | None:
    """The normalised finish reason; `unknown` for a word that is not in the list, None for none."""
    if not isinstance(raw, str) or not raw:
        return None
    return finish_of(raw)


def provider(raw: object) -> str | None:
    """The normalised provider; a name that is not in the list stays as it is."""
    if not isinstance(raw, str) or not raw:
        return None
    return PROVIDERS.get(raw) or _provider(raw)


_OF_SDK = re.compile(r"\.(chat|responses|completions?|messages|embeddings?|image)$")


@functools.lru_cache(1024)
def _provider(raw: str) -> str:
    """A name in another spelling: `Azure OpenAI`, `amazon-bedrock`, or with the interface behind it, `openai.chat`."""
    name = raw.strip().lower().replace("-", "_").replace(" ", "_")
    plain = _OF_SDK.sub("", name)
    return PROVIDERS.get(name) or PROVIDERS.get(plain.replace(".", "_")) or PROVIDERS.get(plain) or raw


@functools.lru_cache(1024)
def error_type(status: int | None, words: str) -> str:
    """The class of an error, from its words first (a 400 may be a long context or a policy), then from its status."""
    for pattern, kind in _BY_WORD:
        if pattern.search(words):
            return kind
    return _BY_STATUS.get(status or 0, "server_error" if (status or 500) >= 500 else "invalid_request")


@functools.lru_cache(4096)
def model_key(name: str | None, gateway_provider: str | None = None) -> str | None:
    """The model's name as price tables have it: without the `provider/` that a gateway puts before it.

    Special case: of a Bedrock ARN, and of LiteLLM's paths to Bedrock, the model or the inference profile.
    """
    if not name:
        return None
    if name.startswith("arn:aws"):
        return _ARN.sub("", name) or name
    if (gateway_provider or "").startswith("bedrock"):
        return _BEDROCK_PATH.sub("", name, count=1) or name
    return name.removeprefix(f"{gateway_provider}/") or name


@functools.lru_cache(4096)
def maker(model: str | None) -> str | None:
    """The provider that a model's name alone tells; None for a name that several or none of them use."""
    name = (model or "").lower()
    return next((provider for pattern, provider in _MAKERS if pattern.match(name)), None)


_OPEN_WEIGHTS = re.compile(
    r"gpt-oss|(meta-)?llama|code-?llama|mi[sx]tral|qw[eq]n?|phi-?\d|gemma|deepseek|kimi|glm-|grok|nemotron|command-|jamba"
)
"""Families of models whose names several vendors use."""


@functools.lru_cache(4096)
def answered_another(asked: str | None, responded: str | None) -> bool:
    """Whether a call was answered by another model than the one asked for: what was asked for is then an alias or a
    deployment.

    False for a snapshot of what was asked for (`gpt-4o`, answered by `gpt-4o-2024-08-06`), for a fine-tuned model's
    base, and for a catalogue's long name (`anthropic.claude-...`, `openai/gpt-4o`), which has prices of its own.
    """
    if not asked or not responded or "/" in asked + responded or maker(asked) == "aws.bedrock":
        return False
    family = re.sub(r"[-@:]?(latest|preview|\d[\d.-]*)$", "", asked.lower().removeprefix("ft:").partition(":")[0])
    return family not in responded.lower()


@functools.lru_cache(4096)
def names_a_model(name: str | None) -> bool:
    """Whether a name is one that a vendor gives to a model, and a price list may hold; a team's own names are none."""
    return maker(name) is not None or _OPEN_WEIGHTS.match((name or "").lower()) is not None


@functools.lru_cache(4096)
def charged_as(
    called: str | None, responded: str | None, gateway_provider: str | None = None, alias: str | None = None
) -> str | None:
    """What a call's model is shown and priced as, where the log names what was called: that, as price tables have it.

    Special case: a deployment that has the name of another model than the one that answered: the latter. An alias by
    which the gateway's clients ask, and which it writes into answers, tells nothing of what answered.
    """
    name = model_key(called, gateway_provider)
    taken = names_a_model(name) and names_a_model(responded) and answered_another(name, responded)
    return responded if taken and responded != alias else name or responded


@functools.lru_cache(4096)
def provider_of_url(url: str | None) -> str | None:
    """The provider behind an API's address; None for one that is not in the list."""
    return next((provider for host, provider in _HOSTS if host in (url or "").lower()), None)


def free(model: str | None) -> bool:
    """Whether a model's name says that it costs nothing: OpenRouter's `...:free`."""
    return (model or "").endswith(":free")
