"""Digests that name content. Canonical JSON first, so that the same meaning has the same digest everywhere."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.core.exchange import LoggedMessage, content_text

REPLAY_PARAMS_IGNORED = frozenset({"stream", "stream_options", "user", "metadata", "store", "safety_identifier"})
"""Parameters that change the transport or the bookkeeping, not the answer."""


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces, UTF-8 kept; the text that digests are made of."""
    return _CANONICAL.encode(value)


def digest(text: str) -> str:
    """SHA-256 of a text, in hex. Lone surrogates, which logs do hold, pass."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@functools.lru_cache(4096)
def pseudonym(name: str) -> str:
    """Somebody's stand-in: the first 16 hex digits of a SHA-256, so that what is of one person stays together."""
    return digest(name)[:16]


def fingerprint(value: Any) -> str:
    """SHA-256 of a value's canonical JSON, in hex."""
    return digest(canonical_json(value))


def fingerprint_rows(rows: Iterable[Any]) -> str:
    """As `fingerprint` of a list of these rows, which is never held."""
    found, between = hashlib.sha256(b"["), b""
    for row in rows:
        found.update(between + canonical_json(row).encode("utf-8", "surrogatepass"))
        between = b","
    found.update(b"]")
    return found.hexdigest()


def prompt_hash(messages: Sequence[LoggedMessage]) -> str:
    """Name a prompt by its words: the list of {"role", "content"} of its messages, content as text.

    This is the key that `references:` joins on, so that a file of references can be made by anyone with ten lines of
    code. Tools, parameters, images and tool calls do not enter it; `request_fp` is the key that holds everything.
    """
    return fingerprint([{"role": m.get("role"), "content": content_text(m.get("content"))} for m in messages])


def request_fp(
    messages: Sequence[LoggedMessage],
    tools: Any = None,
    tool_choice: Any = None,
    response_format: Any = None,
    params: Mapping[str, Any] | None = None,
) -> str:
    """Name a request by everything that can change its answer; two requests with one name are replayed once."""
    sent = {k: v for k, v in (params or {}).items() if k not in REPLAY_PARAMS_IGNORED and v is not None}
    return fingerprint([messages, tools or None, tool_choice, response_format, sent])


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def combined(parts: Iterable[str]) -> str:
    """One digest for an ordered list of digests."""
    return digest("\n".join(parts))
