"""Where consecutive prompts part: how many bytes they share from the start, and what changes there.

A prompt is compared with the last ones of its stream (one model on one route) and of its session. A break is real when
something short changes and a long equal part follows it: a date, an id, a name, tools in another order. It is natural
when the prompts differ to the end, as two users' questions do, or one continues the other.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from audit.core.levers import Kind
from audit.levers.prompts import Prompt

REMEMBERED = 4
"""Prompts of a stream that the next one is compared with: several templates may take turns."""
SESSIONS = 2_000
"""Sessions whose last prompt is remembered."""
SHORT = 200
"""Bytes that may change in a break."""
LONG = 0.2
"""Share of a prompt that is equal again behind a break at least."""
_BEFORE = re.compile(rb"[0-9A-Za-z.:_+/-]{0,48}$")
_AFTER = re.compile(rb"^[0-9A-Za-z.:_+/-]{0,48}")
_DATE = re.compile(
    rb"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{1,2}:\d{2}|\b1[5-9]\d{8,11}\b|"
    rb"^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)(?:day)?$|^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*$"
)
_ID = re.compile(rb"\d{3}|[0-9a-fA-F]{8}|(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{8}")
_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


@dataclass(frozen=True, slots=True)
class Sent:
    """A prompt with when it was sent, in microseconds."""

    prompt: Prompt
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a prompt parts from an earlier one.

    Attributes:
        at: Its row in the bill.
        before: The row of the earlier one; None where no cache holds any.
        size: Its bytes.
        shared: Bytes that both begin with.
        mended: Bytes that they would share if what changes stood behind them; `shared` without a break.
        kind: What changes, for a real break.
        where: The place of the break, in our words.
        messages: Whole messages that both begin with, their tools being the same.
    """

    at: int
    before: int | None
    size: int
    shared: int
    mended: int
    kind: Kind | None = None
    where: str = ""
    messages: int = 0


class PromptStream:
    """The last prompts of one model on one route."""

    def __init__(self) -> None:
        self._last: list[Sent] = []
        self._sessions: OrderedDict[Any, Sent] = OrderedDict()

    def compare(self, sent: Sent, session: Any, life: int) -> Parting:
        """Compare a prompt with those that a cache of `life` microseconds may still hold, and remember it.

        Returns:
            The parting from the one that it shares most with, a break mended; from none where there is none.
        """
        own = self._sessions.get(session) if session is not None else None
        others = self._last if own is None else [own, *self._last]
        live = [other for other in others if other.end <= sent.start <= other.start + life]
        partings = [parted(other, sent) for other in live]
        alone = Parting(sent.prompt.at, None, sum(map(len, sent.prompt.pieces)), 0, 0)
        best = max(partings, key=lambda one: (one.mended, one.shared), default=alone)
        self._remember(sent, session, best.before if best.mended >= LONG * best.size else None)
        self._forget(sent.start - life)
        return best

    def _remember(self, sent: Sent, session: Any, like: int | None) -> None:
        """Keep a prompt in the place of the one that it is most like, else of the oldest."""
        kept = [other for other in self._last if other.prompt.at != like]
        self._last = [*kept, sent][-REMEMBERED:]
        if session is not None:
            self._sessions[session] = sent
            self._sessions.move_to_end(session)

    def _forget(self, before: int) -> None:
        """Let go of sessions whose prompt no cache holds any more, and of the oldest where there are too many."""
        while self._sessions:
            session, sent = next(iter(self._sessions.items()))
            if sent.start >= before and len(self._sessions) <= SESSIONS:
                break
            del self._sessions[session]


def parted(earlier: Sent, later: Sent) -> Parting:
    """Where two prompts part."""
    one, other = earlier.prompt.pieces, later.prompt.pieces
    size, equal = sum(map(len, other)), 0
    while equal < min(len(one), len(other)) and one[equal] == other[equal]:
        equal += 1
    shared = sum(map(len, other[:equal]))
    tools = len(later.prompt.tools)
    whole = max(equal - tools, 0) if tools == len(earlier.prompt.tools) else 0
    plain = Parting(later.prompt.at, earlier.prompt.at, size, shared, shared, messages=whole)
    if equal in (len(one), len(other)):
        return plain
    if equal < tools and _reordered(earlier.prompt.tools, later.prompt.tools):
        behind = sum(map(len, other[equal:tools])) + _equal_bytes(one[tools:], other[tools:])
        return _broken(plain, shared, behind, Kind.TOOLS_REORDERED, f"tool {equal + 1}")
    a, b = one[equal], other[equal]
    start = _common(a, b)
    most = min(len(a), len(b)) - start
    tail = _common(a[::-1][:most], b[::-1][:most])
    behind = tail + _equal_bytes(one[equal + 1 :], other[equal + 1 :])
    if max(len(a), len(b)) - start - tail > SHORT:
        return _broken(plain, shared + start, 0, None, "")
    at, word = _word(b, start, len(b) - tail)
    place = f"tool {equal + 1}, byte {at}" if equal < tools else _place(b, equal - tools, at)
    return _broken(plain, shared + start, behind, _kind(word), place)


def _broken(plain: Parting, shared: int, behind: int, kind: Kind | None, where: str) -> Parting:
    """A real break where enough is equal again behind it; else a natural one."""
    real = kind is not None and behind >= LONG * plain.size
    mended = shared + behind if real else shared
    told = (kind, where) if real else (None, "")
    return Parting(plain.at, plain.before, plain.size, shared, mended, *told, plain.messages)


def _reordered(one: Sequence[bytes], other: Sequence[bytes]) -> bool:
    return len(one) == len(other) and one != other and sorted(one) == sorted(other)


def _equal_bytes(one: Sequence[bytes], other: Sequence[bytes]) -> int:
    """Bytes of the pieces that are equal, place by place, up to the first that is not."""
    total = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        total += len(b)
    return total


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two texts begin with in common. Slices are compared by the machine, not byte by byte."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _word(text: bytes, start: int, end: int) -> tuple[int, bytes]:
    """The word around the bytes that differ, and where it begins."""
    before, after = _BEFORE.search(text[:start]), _AFTER.search(text[end:])
    ahead = before[0] if before else b""
    return start - len(ahead), ahead + text[start:end] + (after[0] if after else b"")


def _kind(word: bytes) -> Kind:
    """What changes."""
    if _DATE.search(word):
        return Kind.CHANGING_DATE
    return Kind.CHANGING_ID if _ID.search(word) else Kind.CHANGING_TEXT


def _place(message: bytes, index: int, byte: int) -> str:
    """A message of the prompt, and the byte of its text; of its JSON, where it is no plain text."""
    read = msgspec.json.decode(message)
    role = read.get("role") if read.get("role") in _ROLES else "other"
    if message.startswith(_CONTENT) and isinstance(read.get("content"), str):
        byte = len(_text_before(message, byte))
    return f"message {index + 1} ({role}), byte {byte}"


_CONTENT = b'{"content":"'
"""How a message of plain text begins as canonical JSON."""


def _text_before(message: bytes, byte: int) -> bytes:
    """The text before a byte of a message's JSON, as UTF-8. A byte within an escape counts as the escape's first."""
    for end in range(byte, max(byte - 6, len(_CONTENT)) - 1, -1):
        try:
            return str(msgspec.json.decode(b'"' + message[len(_CONTENT) : end] + b'"')).encode("utf-8", "surrogatepass")
        except ValueError:
            continue
    return b""
