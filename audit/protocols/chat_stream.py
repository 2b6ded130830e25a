"""A streamed chat completion put together: chunks in, the body that the same call would have without a stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit.protocols.errors import error_in
from audit.protocols.reply import usage_in
from audit.protocols.shared import Whole, obj

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
_WHOLE = ("id", "model", "object", "created", "service_tier", "system_fingerprint")
MOST_CALLS = 512
"""Tool calls of one answer at most; what names a higher index is left out."""


_Calls = dict[int, list[dict[str, Any]]]
"""Tool calls by their index, as they began: some endpoints number all of them 0, or none."""


def whole(payloads: Iterable[Any]) -> Whole:
    """One body from all chunks. Choice 0 alone is kept; of usage the last count counts, since some endpoints repeat it
    with every chunk, and no zero in place of a count.

    Special cases:
        A chunk that is an error, in whatever shape: the body has it too. A chunk with a whole `message` (some endpoints
        end so): it goes before the pieces. Usage without a choice after the pieces ends a stream as a reason does.
    """
    body: dict[str, Any] = {}
    message: dict[str, Any] = {"role": "assistant", "content": None}
    calls: _Calls = {}
    finish: Any = None
    begun = counted_up = False
    for chunk in payloads:
        if not isinstance(chunk, Mapping):
            continue
        body |= {name: chunk[name] for name in _WHOLE if chunk.get(name) is not None}
        if (error := error_in(chunk if "choices" not in chunk else {"error": chunk.get("error")})) is not None:
            body["error"] = error
        choice = first_choice(chunk)
        if counted := usage_of(chunk, choice):
            body["usage"] = _added(body.get("usage"), counted)
            counted_up = begun and choice is None
        if choice is None:
            continue
        begun = True
        finish = choice.get("finish_reason") or finish
        if choice.get("error"):
            body["choice_error"] = choice["error"]
        if isinstance(choice.get("message"), Mapping):
            message |= choice["message"]
        elif isinstance(choice.get("delta"), Mapping):
            _append(message, calls, choice["delta"])
        elif isinstance(choice.get("text"), str):
            message["content"] = (message["content"] or "") + choice["text"]
    if calls:
        message["tool_calls"] = [call for index in sorted(calls) for call in calls[index]]
    if begun:
        error = body.pop("choice_error", None)
        body["choices"] = [
            {"index": 0, "message": message, "finish_reason": finish, **({"error": error} if error else {})}
        ]
    elif body.get("usage") or body.get("error"):
        body["choices"] = []
    else:
        body = {}
    return Whole(body, ended=bool(finish) or counted_up)


def usage_of(body: Mapping[str, Any], choice: Mapping[str, Any] | None) -> Any:
    """The usage that a chunk or a body reports: of its own, in an extension (Groq), or in its choice (Moonshot)."""
    places = (body, obj(body.get("x_groq")), obj(body.get("metadata")), choice or {})
    return next((found for place in places if (found := usage_in(place))), None)


def _added(before: Any, counted: Any) -> Any:
    """Usage with what a later chunk reports of it: some report one side first and the other last, or end in zeros."""
    if not isinstance(before, Mapping) or not isinstance(counted, Mapping):
        return counted
    return {**before, **{name: count for name, count in counted.items() if count or not before.get(name)}}


def first_choice(chunk: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Choice 0, wherever it stands; None for none."""
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, Mapping) and choice.get("index") in (0, None):
            return choice
    return None


def _append(message: dict[str, Any], calls: _Calls, delta: Mapping[str, Any]) -> None:
    for name in _TEXTS:
        piece = delta.get(name)
        if isinstance(piece, str) and isinstance(before := message.get(name) or "", str):
            message[name] = before + piece
        elif isinstance(piece, list):
            before = message.get(name)
            message[name] = [*(before if isinstance(before, list) else []), *piece]
    pieces = delta.get("tool_calls")
    for place, piece in enumerate(pieces if isinstance(pieces, list) else ()):
        if isinstance(piece, Mapping):
            index = piece.get("index")
            _append_call(calls, index if isinstance(index, int) else place, piece)
    if isinstance(legacy := delta.get("function_call"), Mapping):
        before = message.setdefault("function_call", {"name": "", "arguments": ""})
        _append_function(before, legacy)


def _append_call(calls: _Calls, index: int, piece: Mapping[str, Any]) -> None:
    """Add a piece to the last call of its index. A name under another id begins a call, whatever its index: Gemini's
    endpoint for OpenAI's protocol, for one, numbers parallel calls alike.
    """
    if not 0 <= index < MOST_CALLS:
        return
    given = piece.get("function")
    function: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    begun = calls.setdefault(index, [])
    another = begun and function.get("name") and piece.get("id") and piece["id"] != begun[-1].get("id", piece["id"])
    if not begun or (another and len(begun) < MOST_CALLS):
        begun.append({"type": "function", "function": {"name": "", "arguments": ""}})
    if isinstance(piece.get("id"), str) and piece["id"]:
        begun[-1]["id"] = piece["id"]
    _append_function(begun[-1]["function"], function)


def _append_function(function: dict[str, Any], piece: Mapping[str, Any]) -> None:
    if isinstance(name := piece.get("name"), str) and name != function["name"]:
        # Most name a function once, some with every piece, and some piece by piece.
        function["name"] = name if name.startswith(function["name"]) else function["name"] + name
    arguments = piece.get("arguments")
    if isinstance(arguments, str) and isinstance(function["arguments"], str):
        function["arguments"] += arguments
    elif isinstance(arguments, Mapping):
        function["arguments"] = dict(arguments)
