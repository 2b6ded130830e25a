"""Lines that a container's runtime cut into parts, put together again: prompts are longer than what it takes as one.

Docker and Kubernetes cut after 16 KB, journald after 48. Each runtime marks in its own way that a part goes on in the
next one of the same writer; between the two there may be lines of others. What is put together stands where its last
part stood, in the envelope of its first.

Sources: Docker `daemon/logger/copier.go` and `jsonfilelog` (a part has no line feed), the fluentd driver's
`partial_message`; Kubernetes CRI, `design-proposals/node/kubelet-cri-logging.md` (`P` and `F`); Fluent Bit's parser
`cri` (`logtag`); Docker's journald driver (`CONTAINER_PARTIAL_MESSAGE`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

_CRI = re.compile(rb"(\S+) (stdout|stderr) ([PF])\S* (.*)")
_LONGEST = 1 << 28
"""Bytes of a line at most; a writer whose parts never end is none."""
_DECODER = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Runtime:
    """How one runtime writes parts.

    Attributes:
        tells: What stands in a log whose lines it may have cut.
        text: The fields that may hold the line.
        writer: The fields that tell whose it is.
        goes_on: Whether a record is a part that the next one of the same writer goes on from.
    """

    tells: re.Pattern[bytes]
    text: tuple[str, ...]
    writer: tuple[str, ...]
    goes_on: Callable[[Mapping[str, Any]], bool]


def _without_end(record: Mapping[str, Any]) -> bool:
    return not str(record.get("log")).endswith("\n")


RUNTIMES = (
    # Some shippers take every line feed away: then none of them tells anything.
    Runtime(re.compile(rb'\\n", ?"stream": ?"std'), ("log",), ("stream",), _without_end),
    Runtime(
        re.compile(rb'"logtag": ?"[PF]'),
        ("log", "message"),
        ("stream", "kubernetes", "tag"),
        lambda record: str(record.get("logtag")).startswith("P"),
    ),
    Runtime(
        re.compile(rb'"partial_message": ?"?true'),
        ("log", "message"),
        ("partial_id", "container_id", "source"),
        lambda record: (
            record.get("partial_message") in (True, "true") and record.get("partial_last") in (False, "false")
        ),
    ),
    Runtime(
        re.compile(rb'"CONTAINER_PARTIAL_MESSAGE": ?"true'),
        ("MESSAGE",),
        ("CONTAINER_ID_FULL", "CONTAINER_ID", "_PID", "PRIORITY"),
        lambda record: record.get("CONTAINER_PARTIAL_MESSAGE") == "true",
    ),
)


def runtime_of(head: bytes) -> Runtime | None:
    """The runtime that may have cut the lines of a log that begins so; None for a log without parts."""
    if _CRI.match(head):
        return RUNTIMES[0]
    return next((runtime for runtime in RUNTIMES if runtime.tells.search(head)), None) if head[:1] == b"{" else None


@dataclass(slots=True)
class _Begun:
    """A line of which parts were read."""

    first: dict[str, Any]
    name: str
    texts: list[str] = field(default_factory=list)
    size: int = 0

    def whole(self) -> bytes:
        """The record of the line."""
        return msgspec.json.encode({**self.first, self.name: "".join(self.texts)})


def whole_lines(lines: Iterable[bytes], runtime: Runtime) -> Iterator[bytes]:
    """Records of whole lines; lines of Kubernetes in Docker's form. A line whose end is missing is yielded as it is."""
    begun: dict[str, _Begun] = {}
    for line in lines:
        if (record := _record(line)) is None:
            if line.strip():
                yield line.strip()
            continue
        name = next((name for name in runtime.text if isinstance(record.get(name), str)), None)
        if name is None:
            yield line.strip()
            continue
        writer = str([record.get(key) for key in runtime.writer])
        goes_on, held = runtime.goes_on(record), begun.get(writer)
        if held is None and not goes_on:
            yield line.strip() if line[:1] == b"{" else msgspec.json.encode(record)
            continue
        held = begun.setdefault(writer, _Begun(record, name))
        held.texts.append(record[name])
        held.size += len(record[name])
        if not goes_on or held.size > _LONGEST:
            yield begun.pop(writer).whole()
    for held in begun.values():
        yield held.whole()


def _record(line: bytes) -> dict[str, Any] | None:
    """A line as a record; None for one that is no JSON object."""
    if (cri := _CRI.match(line)) is not None:
        time, stream, tag, text = (part.decode("utf-8", "replace") for part in cri.groups())
        return {"log": text + ("\n" if tag == "F" else ""), "stream": stream, "time": time}
    try:
        return _DECODER.decode(line)
    except (ValueError, RecursionError):
        return None
