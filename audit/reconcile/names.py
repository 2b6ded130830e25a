"""Models of a bill and models of the log under one name, however each of them writes it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_DATE = re.compile(r"(?<!\d)20\d\d[-_ ]?[01]\d[-_ ]?[0-3]\d(?!\d)|(?<![\d.])(0[1-9]|1[0-2])([0-2]\d|3[01])(?![\d.])")
_VERSION = re.compile(r"[-@]v\d+(:\d+)?(?=$|[^\w])|:\d+$")
_UNITS = re.compile(r"(?<!\d)(?:1m|[148]k|128k)(?![a-z\d])")
"""How many tokens a price is of, and the length of prompts that is every model's: `GPT 5 Inpt Glbl 1M`, `gpt-4-8K`."""
_NAUGHT = re.compile(r"(?<=\d)\.0(?![\d.])")
"""`Nova2.0Lite` is `nova-2-lite`."""
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z][a-z]{2})")
_PARTS = re.compile(r"[a-z]+|\d+")
_MAKERS = frozenset(
    (
        "anthropic",
        "openai",
        "azure",
        "amazon",
        "aws",
        "bedrock",
        "google",
        "vertex",
        "vertexai",
        "meta",
        "mistralai",
        "cohere",
        "ai21",
        "us",
        "eu",
        "apac",
        "global",
        "jp",
        "au",
        "models",
        "model",
        "latest",
        "default",
        "edition",
        "service",
        "api",
        "ai",
        "the",
    )
)
_CLASSES = frozenset(
    (
        "input",
        "output",
        "inp",
        "inpt",
        "otpt",
        "outp",
        "outpt",
        "opt",
        "out",
        "in",
        "cached",
        "cache",
        "cchd",
        "cd",
        "cach",
        "caching",
        "cachd",
        "read",
        "write",
        "creation",
        "token",
        "tokens",
        "tokencount",
        "count",
        "batch",
        "usage",
        "prompt",
        "completion",
        "text",
        "standard",
        "flex",
        "priority",
        "cross",
        "region",
        "regional",
        "regnl",
        "glbl",
        "gl",
        "rgnl",
        "dz",
        "dzn",
        "pp",
        "l",
        "long",
        "short",
        "ga",
        "generate",
        "content",
        "generatecontent",
        "prediction",
        "predictions",
        "data",
        "zone",
        "dzone",
        "mantle",
        "units",
        "unit",
        "million",
        "on",
        "demand",
        "ondemand",
        "per",
        "for",
        "mp",
        "total",
        "subtotal",
    )
)
"""Words of a line that say what is billed of a model, not which."""


def words_of(name: str) -> tuple[str, ...]:
    """What tells a model from others, in any order: `gpt-4o-2024-08-06, cached input` is `4 gpt o`.

    Dates, versions, makers and classes of tokens are left out. Numbers count as often as they stand there, so that
    `llama-3.3` is not `llama-3`; empty for a text that names no model.
    """
    last = name if " " in name.strip() else _HUMPS.sub(" ", name.rsplit("/", 1)[-1])
    plain = _NAUGHT.sub("", _VERSION.sub(" ", _DATE.sub(" ", last.lower())))
    for written, meant in _SPELLINGS:
        plain = written.sub(meant, plain)
    parts = [part for part in _PARTS.findall(_UNITS.sub(" ", plain)) if part not in _MAKERS and part not in _CLASSES]
    parts = [part for part in parts if part not in next((own for maker, own in _OWN.items() if maker in parts), ())]
    return tuple(sorted([*{part for part in parts if part.isalpha()}, *(part for part in parts if part.isdigit())]))


_SPELLINGS = (
    (re.compile(r"deep seek"), "deepseek"),
    (re.compile(r"35(?=[- ]?turbo)"), "3 5"),
    (re.compile(r"\bmn\b"), "mini"),
)
"""One name in two ways."""
_OWN = {"gemini": {"thinking", "001", "002"}, "llama": {"instruct"}, "mistral": {"instruct"}, "mixtral": {"instruct"}}
"""Words that tell no model of a family from another, though they do elsewhere: `kimi-k2-thinking`, `turbo-instruct`."""


@dataclass(frozen=True, slots=True)
class CommonNames:
    """One name for what is one model.

    Attributes:
        of_item: The common name by what the bill writes; "" for a line that names no model.
        of_model: The common name by what the log writes.
    """

    of_item: Mapping[str, str]
    of_model: Mapping[str, str]


def common_names(items: Iterable[str], models: Sequence[str], told: Mapping[str, str]) -> CommonNames:
    """Match the models of a bill with those of the log.

    A name that both write is one model. Names that only one side writes are matched by their words, and those that
    share their words become one: the comparison is then as fine as the coarser side.

    Args:
        items: What the bill's lines are for, as written.
        models: Of the log.
        told: By what the bill writes, the log's name: `reconcile.models`.
    """
    written = {item: told.get(item) or told.get(_bare(item)) or _bare(item) for item in items}
    known, on_bill = set(models), set(written.values())
    apart = {name for name in known ^ on_bill if name}
    loose = {words_of(name) for name in apart} - {()}
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in sorted(known | on_bill):
        if words_of(name) in loose:
            groups[words_of(name)].append(name)
    said = {words: _said([name for name in names if name in known] or names) for words, names in groups.items()}
    common = {name: said.get(words_of(name), name) for name in known | on_bill}
    of_item = {item: common[name] if words_of(name) or name in known else "" for item, name in written.items()}
    return CommonNames(of_item, {model: common[model] for model in models})


def _said(names: Sequence[str]) -> str:
    """One name for several: what they begin with, where that tells the model, else all of them."""
    length = next((at for at, signs in enumerate(zip(*names, strict=False)) if len(set(signs)) > 1), None)
    begin = min(names, key=len) if length is None else names[0][:length].rstrip(" -_.,:")
    return begin if words_of(begin) == words_of(names[0]) else " + ".join(names)


def _bare(item: str) -> str:
    """The model in `gpt-4o-2024-08-06, cached input`; a text of several words stays as it is."""
    head, comma, rest = item.partition(",")
    return head.strip() if comma and not words_of(rest) else item.strip()
