"""Which text is the name of a model: provider prefixes and snapshot dates off, the price catalogue's names known.

A name that could be a word (`o1`, `command`, `ada`) is *ambiguous*: it counts only where the code says that a model is
meant. A *distinctive* one (`gpt-4o-mini`) counts wherever a value stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

FAMILIES = (
    "chatgpt|claude|codellama|codestral|deepseek|devstral|gemini|gemma|glm|gpt|grok|jamba|kimi|llama|magistral|minimax"
    "|ministral|mistral|mixtral|nemotron|olmo|pixtral|qwen|qwq|voxtral|wizardlm"
)
"""Words that stand for nothing but models in a program."""

PROVIDERS = frozenset(
    """
    ai21 amazon anthropic anyscale azure azure_ai bedrock cerebras cohere cohere_chat databricks deepinfra deepseek
    fireworks fireworks_ai gemini github github_copilot google google_genai groq huggingface hosted_vllm litellm_proxy
    llamacpp lm_studio meta meta-llama mistral mistralai moonshot novita nvidia_nim ollama ollama_chat openai
    openai-compatible openai_compatible openrouter perplexity qwen replicate sagemaker sambanova text-completion-openai
    together together_ai vercel_ai_gateway vertex vertex_ai vertexai vllm voyage watsonx xai x-ai zai
    """.split()  # noqa: SIM905 (a list of sixty quoted words is harder to read)
)
"""What stands before a slash where a gateway or a client library routes by prefix."""

_PLUMBING = frozenset("accounts converse invoke locations models projects publishers responses routers".split())  # noqa: SIM905
"""Parts of a resource's path, as in `publishers/google/models/gemini-pro` and `bedrock/converse/...`."""

_SHAPE = re.compile(r"[\w~@][\w.:@/ ~+-]{1,198}", re.ASCII)
_FAMILY = re.compile(rf"(?:{FAMILIES})")
_NUMBERED = re.compile(rf"(?=.*-)(?:{FAMILIES})-?(?:[a-z]+-)?v?\d[a-z0-9-]*")
_KEYED = re.compile(rf"(?:^|[./\[])(?:{FAMILIES})-[\w.-]*\d|(?:^|[./])[a-z0-9]+\.(?:{FAMILIES})-", re.IGNORECASE)
_SHORT_FORM = re.compile(r"o\d-(?:mini|pro|preview|deep-research)|command-r(?:-plus)?|text-embedding-.*")
_REGION = re.compile(r"(?:us|eu|apac|global|us-gov|jp|au|ca|sa)\.(?=[a-z0-9]+\.)")
_VENDOR = re.compile(r"(?:ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|openai|qwen)\.")
_FILE = re.compile(
    r"\.(?:py|[cm]?[jt]sx?|json[lc]?|ya?ml|toml|md|txt|csv|html?|png|svg|gguf|bin|pt|parquet|log|go|rs)$"
)
_ENDINGS = re.compile(
    r"(?::(?:free|beta|nitro|floor|online|thinking|exacto|extended|batch|latest)"
    r"|@(?:\d+|latest|default)|-(?:latest|preview|default|exp|beta)|-20\d\d-?\d\d-?\d\d|-\d\d-20\d\d|-\d\d-\d\d"
    r"|-\d{3,4}|-v\d+(?::\d+)?(?::\d+k)?|:\d+k?)$"
)
"""Ends of a name that pick a snapshot or a way of serving, not a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A literal read as a model.

    Attributes:
        model: The name without provider, region and snapshot.
        known: The catalogue or the log has it; else only its family is known.
        distinctive: It can mean nothing else; else it needs a context that says model.
    """

    model: str
    known: bool
    distinctive: bool


@lru_cache(maxsize=65536)
def key(name: str) -> str:
    """A name as it is compared: `claude-haiku-4.5` and `Claude-Haiku-4-5` are one."""
    return name.strip().casefold().replace(".", "-").replace(":", "-")


class ModelNames:
    """The names that count.

    Args:
        known: Names of the price catalogue and of logs; `vendor/name` too. Of spellings that are compared as equal,
            the first in alphabetical order is shown.
        logged: Those that a log has: they are models whatever they look like, an Azure deployment for example.
    """

    def __init__(self, known: Iterable[str], logged: Iterable[str] = ()) -> None:
        self.known = tuple(sorted(set(known)))
        self.logged = tuple(sorted({name for name in logged if name}))
        self._logged = {key(name): name for name in reversed(self.logged)}
        self._whole: dict[str, str] = {}
        self._tails: dict[str, str] = {}
        self._bare: set[str] = set()
        self._makers = {*PROVIDERS}
        for name in (*self.known, *self.logged):
            head, _, tail = name.rpartition("/")
            self._whole.setdefault(key(name), name)
            self._tails.setdefault(key(tail), tail)
            if head:
                self._makers.add(head.partition("/")[0].casefold())
            else:
                self._bare.add(key(name))
        self._cache: dict[str, Named | None] = {}

    def named(self, text: str) -> Named | None:
        """The model that a literal names, or None.

        Special cases:
            A text of several words, a file's name and a URL are none.
        """
        if text not in self._cache:
            self._cache[text] = self._named(text)
        return self._cache[text]

    def beginning(self, text: str) -> Named | None:
        """The model that the constant beginning of a composed name stands for: `gpt-4o-` of `f"gpt-4o-{date}"`."""
        whole = text.rstrip("-:@./_")
        if whole == text or not whole:
            return None
        found = self.named(whole)
        return found if found is not None and found.known and found.distinctive else None

    def _named(self, text: str) -> Named | None:
        if not _SHAPE.fullmatch(text) or "//" in text or " " in text or _FILE.search(text):
            return None
        if key(text) in self._logged:
            return self._of_the_log(text)
        body, prefixed = self._unprefixed(text)
        if body is None:
            return None
        for candidate in _shortened(body):
            found = self._tails.get(key(candidate))
            if found is not None:
                bare = key(candidate) in self._bare
                if not bare and not prefixed and not _FAMILY.search(key(candidate)):
                    break
                sure = prefixed or text.startswith("ft:") or (bare and is_distinctive(candidate, digits_suffice=True))
                # `GPT-4o` is how people write it; an endpoint is asked for `gpt-4o`.
                titled = not prefixed and found.islower() and not candidate.islower()
                return Named(model=found, known=True, distinctive=bool(sure) and prefixed is not None and not titled)
        if _NUMBERED.fullmatch(key(body)):
            return Named(model=body, known=False, distinctive=False)
        return None

    def _of_the_log(self, text: str) -> Named:
        body = text.rpartition("/")[2]
        shown = next((self._tails[key(c)] for c in _shortened(body) if key(c) in self._tails), text)
        return Named(model=shown, known=True, distinctive="/" in text or is_distinctive(text, digits_suffice=True))

    def _unprefixed(self, text: str) -> tuple[str | None, bool | None]:
        """The name after its provider, and whether there was one; None for that where the prefix is nobody's."""
        if text.startswith("ft:"):
            return text.split(":")[1], False
        body = re.sub(r"^arn:aws[\w-]*:bedrock:[^/]*/", "bedrock/", text).removeprefix("~")
        *heads, tail = body.split("/")
        if not tail:
            return None, None
        heads = [head.casefold() for head in heads]
        named = key(body) in self._whole and bool(heads)
        prefixed = bool(heads) and any(head in self._makers for head in heads)
        plain = _REGION.sub("", tail.casefold()) if _REGION.match(tail.casefold()) else tail
        if match := _VENDOR.match(plain.casefold()):
            whole = any(key(shorter) in self._tails for shorter in _shortened(plain))
            plain, prefixed = plain if whole else plain[match.end() :], True
        if not heads or named or (prefixed and heads[0] in self._makers | _PLUMBING | {"@cf"}):
            return plain, prefixed or named
        if heads == ["models"]:
            return plain, False
        return plain, None


def is_distinctive(name: str, *, digits_suffice: bool) -> bool:
    """Whether a name can mean nothing but a model.

    Args:
        digits_suffice: A long name with a digit and a hyphen counts too, whatever its words.
    """
    text = key(name)
    several, numbered = "-" in text, any(char.isdigit() for char in text)
    if _SHORT_FORM.fullmatch(text):
        return True
    if any(_FAMILY.match(part) for part in text.split("-")) and (several or numbered):
        return True
    return digits_suffice and several and numbered and len(text) >= 8 and sum(map(str.isalpha, text)) >= 4


def has_model_key(path: str) -> bool:
    """Whether a key path runs through a key that is itself a model's name, as in a table of aliases or of prices."""
    return _KEYED.search(path) is not None


def _shortened(name: str) -> Iterator[str]:
    """The name, then without one ending after the other."""
    while True:
        yield name
        match = _ENDINGS.search(name)
        if match is None or not match.start():
            return
        name = name[: match.start()]
