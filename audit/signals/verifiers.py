"""Checks of a cheap answer that need neither the right answer nor the incumbent's: what a cascade escalates on.

Each is `(params, request, completions) -> bool`; `completions` holds the cheap tier's answer and then those of the
verifier's own tiers, in the order of `VerifierSpec.tiers`. True accepts the cheap answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from audit.core.errors import UnknownName
from audit.core.exchange import Completion, Request
from audit.core.fingerprint import canonical_json
from audit.jsonschemas import Validate, compile_schema
from audit.patterns import Found, TooSlow, kept_pattern

Verify = Callable[[Mapping[str, Any], Request, Sequence[Completion]], bool]

UNFINISHED = frozenset({"length", "content_filter", "refusal", "error", "aborted"})


def answered(params: Mapping[str, Any], request: Request, completions: Sequence[Completion]) -> bool:
    """There is an answer: a text or a tool call, neither refused nor cut off."""
    said = completions[0]
    if said.refusal or said.finish_reason in UNFINISHED:
        return False
    return bool(said.tool_calls) or bool(said.text and said.text.strip())


def schema(params: Mapping[str, Any], request: Request, completions: Sequence[Completion]) -> bool:
    """The text is JSON and follows `params["schema"]`, or else the schema that the request itself asks for.

    Special cases:
        Neither names a schema: being JSON is enough. A schema that is none, or that refers to an address, accepts
        nothing: requests come from anywhere, and no request may choose what this process fetches.
    """
    try:
        value = json.loads(completions[0].text or "")
        wanted = params.get("schema") or _asked_schema(request)
        return wanted is None or _validator(canonical_json(wanted))(value) is None
    except (ValueError, RecursionError):
        return False


@lru_cache(maxsize=256)
def _validator(schema: str) -> Validate:
    return compile_schema(json.loads(schema))


def regex(params: Mapping[str, Any], request: Request, completions: Sequence[Completion]) -> bool:
    """The text has a match of `params["pattern"]`."""
    return _found(params["pattern"], completions[0].text or "") is not None


def one_of(params: Mapping[str, Any], request: Request, completions: Sequence[Completion]) -> bool:
    """The text, or what the first group of `params["extract"]` finds in it, is one of `params["values"]`.

    White space, case and punctuation do not count.
    """
    text = completions[0].text or ""
    if pattern := params.get("extract"):
        found = _found(pattern, text)
        if found is None:
            return False
        text = found.whole if found.group is None else found.group
    return _words(text) in {_words(str(value)) for value in params["values"]}


def _found(source: str, text: str) -> Found | None:
    """The first match of a pattern; a text on which it takes too long has none, and is sent up."""
    try:
        return kept_pattern(source).search(text)
    except TooSlow:
        return None


def agreement(params: Mapping[str, Any], request: Request, completions: Sequence[Completion]) -> bool:
    """All tiers say the same: equal tool calls, or equal words, or equal values where the texts are JSON."""
    first, *others = [normalised(completion) for completion in completions]
    return bool(others) and first is not None and all(other == first for other in others)


def normalised(completion: Completion) -> str | None:
    """What an answer comes down to; None when it says nothing, which agrees with nobody."""
    if completion.tool_calls:
        return canonical_json([_call(call) for call in completion.tool_calls])
    text = (completion.text or "").strip()
    try:
        return canonical_json(json.loads(text))
    except (ValueError, RecursionError):
        return _words(text) or None


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _call(call: Mapping[str, Any]) -> list[Any]:
    """Name and arguments of a tool call, without its id."""
    function = call.get("function") or {}
    arguments = function.get("arguments")
    try:
        return [function.get("name"), json.loads(arguments or "null")]
    except (ValueError, RecursionError):
        return [function.get("name"), arguments]


def _asked_schema(request: Request) -> Mapping[str, Any] | None:
    asked = (request.response_format or {}).get("json_schema")
    found = asked.get("schema") if isinstance(asked, Mapping) else None
    return found if isinstance(found, Mapping) else None


class Verifiers(dict[str, Verify]):
    """Verifiers by name; an unknown one is an error that names the nearest."""

    def __missing__(self, name: str) -> Verify:
        raise UnknownName.among("verifier", name, self)


VERIFIERS = Verifiers(
    {"answered": answered, "schema": schema, "regex": regex, "one-of": one_of, "agreement": agreement}
)
