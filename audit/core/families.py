"""Which family a model is of, by its name: models of one family write alike, and judges tend to favour their own."""

from __future__ import annotations

import re

_FAMILIES = {
    "openai": r"gpt|chatgpt|o[1-9]|davinci",
    "anthropic": r"claude",
    "google": r"gemini|gemma|palm|bison",
    "meta": r"(?:meta-)?llama",
    "mistral": r"mistral|mixtral|ministral|magistral|codestral|pixtral|open-mi",
    "qwen": r"qwen|qwq",
    "deepseek": r"deepseek",
    "cohere": r"command|aya",
    "amazon": r"nova|titan",
    "xai": r"grok",
    "microsoft": r"phi",
    "ai21": r"jamba|jurassic",
}
_KNOWN = {name: re.compile(rf"(?:^|[/.:_-])(?:{words})(?![a-z])") for name, words in _FAMILIES.items()}


def family_of(model: str) -> str:
    """The vendor whose models are called like this; of an unknown one its first word.

    A name may hold a vendor's prefix (`openai/gpt-4o`, `anthropic.claude-3`); the family that stands last decides, as
    in a model that was distilled from one into another.
    """
    lower = model.lower()
    found = [(match.start(), name) for name, pattern in _KNOWN.items() for match in pattern.finditer(lower)]
    return max(found)[1] if found else re.split(r"[^a-z]", lower.rpartition("/")[2])[0]
