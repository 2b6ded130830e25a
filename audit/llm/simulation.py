"""What simulated tiers and judges share: their options, their file of right and wrong answers, and their draws."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from audit.core.errors import ConfigError, InputError, UnknownName
from audit.core.exchange import Request, content_text
from audit.core.fingerprint import canonical_json
from audit.core.tier import Tier

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAnswer:
    """What can be answered to one prompt: `{text?, tool_calls?, finish_reason?, refusal?}` each."""

    task: str
    difficulty: str
    right: Sequence[Mapping[str, Any]]
    wrong: Sequence[Mapping[str, Any]]
    effort_tokens: int = 0


def refuse_unknown(tier: Tier, behaviour: type[Any], what: str) -> None:
    """Refuse an option that is no field of the class that holds them.

    Raises:
        UnknownName: There is one.
    """
    names = [option.name for option in fields(behaviour)]
    for name in tier.options:
        if name not in names:
            raise UnknownName.among(f"option of {what}", name, names)


def refuse_rates(tier: Tier, rates: Mapping[str, float]) -> None:
    """Refuse what is no share.

    Raises:
        ConfigError: A rate is not between 0 and 1.
    """
    if wrong := [name for name, rate in rates.items() if not 0 <= rate <= 1]:
        raise ConfigError(f"tier `{tier.name}`: the rate of `{wrong[0]}` is not between 0 and 1")


def drawn(name: str) -> float:
    """A number in [0, 1) that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


def tokens(text: str) -> int:
    """A plausible token count: one per four characters, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def prompt_tokens(request: Request) -> int:
    """A plausible count for a request: its words, its tools, and a few tokens of framing per message."""
    said = sum(tokens(content_text(m.get("content"))) + TOKENS_PER_MESSAGE for m in request.messages)
    return said + (tokens(canonical_json(request.tools)) if request.tools else 0)


def read_answers(path: Path) -> Mapping[str, SimulatedAnswer]:
    """Read a file of answers, once for each state of it: every tier and every round of a run opens the same one.

    Raises:
        InputError: It is absent, or not such a file.
    """
    return _read_answers(path, path.stat().st_mtime_ns if path.exists() else 0)


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """A whole line of such a file."""

    prompt_hash: str
    task: str
    difficulty: str
    right: list[dict[str, Any]]
    wrong: list[dict[str, Any]]
    effort_tokens: int = 0


class _Lines(Mapping[str, SimulatedAnswer]):
    """The answers as the lines that they are in: as objects they are five times that, and few are asked for again."""

    def __init__(self, lines: Mapping[str, bytes]) -> None:
        self._lines = lines

    def __getitem__(self, prompt_hash: str) -> SimulatedAnswer:
        return _answer(self._lines[prompt_hash])[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


_decode = msgspec.json.Decoder(_Line).decode


def _hash(line: bytes) -> str:
    try:
        return _decode(line).prompt_hash
    except msgspec.MsgspecError:  # damaged, or a lone surrogate, which an answer may hold
        return _answer(line)[0]


def _answer(line: bytes) -> tuple[str, SimulatedAnswer]:
    entry = json.loads(line)
    return entry.pop("prompt_hash"), SimulatedAnswer(**entry)


@functools.lru_cache(4)
def _read_answers(path: Path, _changed_ns: int) -> Mapping[str, SimulatedAnswer]:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return _Lines({_hash(line): line for line in data.split(b"\n") if line})
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: the answers of a simulated tier", code="file.missing") from None
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a file of answers: {type(error).__name__}", code="file.damaged") from None
