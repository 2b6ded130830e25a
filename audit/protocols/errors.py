"""Error bodies, read: which fault a reply stands for, whoever wrote it.

The shapes in use: `{"error": {...}}`, `{"error": "text"}`, `[{"error": {...}}]`, `{"object": "error", "message": ...}`,
`{"type": "error", "error": {...}}`, `{"detail": ...}`, `{"message": ..., "__type": ...}`, one of them as text inside
another's message (gateways), plain text and HTML. Nothing of a body is kept but a fault and the name of a parameter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.protocols.error_rules import BY_STATUS, RULES
from audit.protocols.error_words import WORDS
from audit.protocols.faults import Fault

DEPTH = 8
NODES = 400
MESSAGE_CHARS = 2_000
SECONDS_OF_A_DAY = 86_400
WORDED_CHARS = 400
"""Characters of a message whose words are looked at where no sentence of a vendor fits."""
BODY_BYTES = 1_000_000
"""An error body longer than this is read as if it said nothing."""

_WORD_KEYS = frozenset({"code", "type", "status", "error_type", "__type", "reason", "error_code", "blockreason"})
_TEXT_KEYS = frozenset({
    *("message", "msg", "detail", "error", "raw", "title", "faultstring", "error_message", "quotaid"),
    *("error_msg", "errmsg", "status_msg"),
})  # fmt: skip
_ERROR_LISTS = ("errors", "base_resp", "detail")
_HTML = re.compile(rb"^\s*(?:<!doctype html|<html|<head|<\?xml)", re.IGNORECASE)
_SECONDS = re.compile(r"^(\d{1,6}(?:\.\d{1,9})?)s$")
_SPAN = r"\d{1,6}(?:\.\d{1,9})? ?(?:ms|milliseconds?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:ours?)?)"
_WAIT = re.compile(rf"\b(?:try again|retry(?:ing)?) (?:in|after) ((?:{_SPAN}(?![a-z]) ?){{1,4}})", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?) ?(ms|mil|[smh])", re.IGNORECASE)
_UNITS = {"ms": 0.001, "mil": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.]{0,39}$")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What an error reply stands for.

    Attributes:
        fault: Why there is no answer.
        status: HTTP status, or the one that the body gives where HTTP said 200.
        rule: Name of the line of the table that decided; "status" where the status alone did.
        parameter: Name of the parameter that it is about, in the endpoint's spelling; None when it names none.
            A name's shape and nothing else of the body, but whoever prints it checks that it was sent.
        retry_after_s: Wait that the body asks for, in seconds: Google's RetryInfo, Hugging Face's `estimated_time`, or
            in words (`Please try again in 1.2s`).
    """

    fault: Fault
    status: int
    rule: str
    parameter: str | None = None
    retry_after_s: float | None = None

    @property
    def certain(self) -> bool:
        """Whether the reply says what it is about, where it might be about the request or about all of the tier: a
        status alone does not, nor does a permission that is missing for nobody knows what, nor a web page.
        """
        return self.rule not in ("status", "permission", "web-page")

    @property
    def what(self) -> str:
        """For an error message: the status and the fault's own words, nothing of the body."""
        named = f" (`{self.parameter}`)" if self.parameter else ""
        return f"HTTP {self.status}: the endpoint {self.fault.facts.words}{named}"


@dataclass(slots=True)
class _Found:
    """Parts of a body that rules look at; words in lower case."""

    words: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    parameter: str | None = None
    status: int | None = None
    retry_after_s: float | None = None
    nodes: int = 0


def diagnose(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Diagnosis:
    """The fault of a reply that is no answer.

    Args:
        status: HTTP status. An error under 2xx is judged by its own status where it has one, else as under 500.
        body: As received, of any kind.
        headers: Names in lower case; AWS names the error in one.
    """
    found = _Found()
    _read(_parsed(body), found, DEPTH)
    if kind := (headers or {}).get("x-amzn-errortype"):
        found.words.add(kind.split(":")[0].lower()[:80])
    return _judge(status, found, html=_HTML.match(body[:200]) is not None)


def diagnose_object(error: Any, status: int = 200) -> Diagnosis:
    """As `diagnose`, of an error that stands inside a reply: an object, a string, or anything else."""
    found = _Found()
    _read({"error": error}, found, DEPTH)
    return _judge(status, found, html=False)


def error_in(body: Mapping[str, Any]) -> Any:
    """The error that a body tells which holds no answer, wherever it does so; None where it tells none.

    OpenAI's has a name of its own; that of FastAPI, vLLM, Cloudflare, MiniMax and gateways is the body itself, with
    a message under one of many names, often under 200.
    """
    if error := body.get("error"):
        return error if not isinstance(error, Mapping) or any(error.values()) else None
    if body.get("object") == "error" or body.get("type") == "error":
        return dict(body)
    told = any(body.get(name) and isinstance(body[name], str) for name in _TEXT_KEYS)
    listed = any(body.get(name) and isinstance(body[name], list | Mapping) for name in _ERROR_LISTS)
    return dict(body) if told or listed else None


def is_web_page(body: bytes) -> bool:
    """Whether a body is HTML."""
    return _HTML.match(body[:200]) is not None


def _judge(status: int, found: _Found, *, html: bool) -> Diagnosis:
    said_status = status
    if 200 <= status < 300:
        if html:
            return Diagnosis(fault=Fault.NOT_AN_API, status=status, rule="web-page")
        said_status, status = found.status or status, found.status or 500
    message = "\n".join(found.texts)
    # Words may be anywhere in what an endpoint says; where it quotes the request, it does so at the end.
    said = "\n".join((*sorted(found.words), *(text[:WORDED_CHARS] for text in found.texts)))[:MESSAGE_CHARS]
    for rule, read in (*((rule, message) for rule in RULES), *((rule, said) for rule in WORDS)):
        if rule.status and status not in rule.status:
            continue
        match = rule.sentence(read)
        if match is None and not (rule.words & found.words):
            continue
        named = next(filter(None, match.groupdict().values()), "") if match is not None else ""
        parameter = _spelled(named) or found.parameter or rule.parameter
        return Diagnosis(
            fault=rule.fault,
            status=said_status,
            rule=rule.name,
            parameter=parameter if rule.fault in (Fault.PARAMETER, Fault.VALUE) else None,
            retry_after_s=found.retry_after_s,
        )
    fault = BY_STATUS.get(status, Fault.HTTP)
    return Diagnosis(fault=fault, status=said_status, rule="status", retry_after_s=found.retry_after_s)


def _parsed(body: bytes) -> Any:
    """A body as JSON, else as text; None when it is too long to be an error."""
    if len(body) > BODY_BYTES:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return {"error": body[: MESSAGE_CHARS * 4].decode("utf-8", "replace")}


def _read(node: Any, found: _Found, depth: int) -> None:
    """Collect words, texts and the parameter of a body. Bounded in depth and in nodes."""
    found.nodes += 1
    if depth <= 0 or found.nodes > NODES:
        return
    if isinstance(node, list):
        for child in node[:NODES]:
            _read(child, found, depth - 1)
        return
    if not isinstance(node, Mapping):
        return
    for key, value in list(node.items())[:NODES]:
        name = str(key).lower()
        if name in _WORD_KEYS:
            _read_word(name, value, found)
        if name == "param" and found.parameter is None:
            found.parameter = _name(value)
        elif name == "loc":
            _read_place(value, found)
        elif name == "retrydelay" and isinstance(value, str) and (match := _SECONDS.match(value)):
            found.retry_after_s = float(match[1])
        elif name == "estimated_time" and isinstance(value, int | float) and 0 < value < SECONDS_OF_A_DAY:
            found.retry_after_s = float(value)
        elif name == "reasons" and isinstance(value, list) and value:
            found.words.add("moderation_reasons")
        if name in _TEXT_KEYS and isinstance(value, str):
            _read_text(value, found, depth)
        elif isinstance(value, Mapping | list):
            _read(value, found, depth - 1)


def _read_word(name: str, value: Any, found: _Found) -> None:
    if isinstance(value, str):
        found.words.add(value.rsplit("#")[-1].lower()[:80])
        value = int(value) if len(value) == 3 and value.isascii() and value.isdigit() else None
    if name in ("code", "status") and isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600:
        found.status = found.status or value


def _read_place(value: Any, found: _Found) -> None:
    """`["body", "seed"]` of a validation error is the parameter `seed`, and so it is with the name of a class of
    requests between them; a place in the messages is none."""
    if not isinstance(value, list) or value[:1] != ["body"] or found.parameter is not None:
        return
    if len(value) == 2 or (len(value) == 3 and isinstance(value[1], str) and value[1][:1].isupper()):
        found.parameter = _name(value[-1])


def _read_text(value: str, found: _Found, depth: int) -> None:
    """A message, and the JSON in it: gateways put the endpoint's whole body into their own message."""
    start = value.find("{", 0, MESSAGE_CHARS)
    if start >= 0 and len(value) <= BODY_BYTES:
        try:
            inner, _ = json.JSONDecoder().raw_decode(value, start)
        except (ValueError, RecursionError):
            inner = None
        _read(inner, found, depth - 1)
    found.texts.append(value[:MESSAGE_CHARS])
    if found.retry_after_s is None and (match := _WAIT.search(value[:MESSAGE_CHARS])):
        found.retry_after_s = sum(float(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(match[1]))


def _spelled(name: str) -> str:
    """A parameter's name as OpenAI's protocol spells it: xAI, for one, says `presencePenalty`, others `Temperature`."""
    return _HUMP.sub("_", name.rstrip(".")).lower()


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and _NAME.match(value) else None
