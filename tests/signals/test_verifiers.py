"""Checks of an answer that need no right answer."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UnknownName
from audit.core.exchange import Completion, Request
from audit.signals.verifiers import VERIFIERS

ASKED = Request(request_fp="", messages=[])
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
WANTS = Request(request_fp="", messages=[], response_format={"type": "json_schema", "json_schema": {"schema": NUMBER}})


def said(text: str | None = None, **rest: Any) -> Completion:
    """A completion."""
    return Completion(text=text, **rest)


def call(name: str, arguments: str) -> Completion:
    """A completion that is one tool call."""
    return said(tool_calls=[{"id": "1", "function": {"name": name, "arguments": arguments}}])


@pytest.mark.parametrize(
    ("name", "params", "request_", "completions", "accepted"),
    [
        ("answered", {}, ASKED, [said("yes", finish_reason="stop")], True),
        ("answered", {}, ASKED, [said("ye", finish_reason="length")], False),
        ("answered", {}, ASKED, [said(" ")], False),
        ("answered", {}, ASKED, [said(refusal="no")], False),
        ("answered", {}, ASKED, [call("f", "{}")], True),
        ("schema", {}, WANTS, [said('{"n": 1}')], True),
        ("schema", {}, WANTS, [said('{"n": "1"}')], False),
        ("schema", {"schema": NUMBER}, ASKED, [said('{"m": 1}')], False),
        ("schema", {}, ASKED, [said("[1]")], True),
        ("schema", {}, ASKED, [said("one")], False),
        ("schema", {}, ASKED, [said(None)], False),
        ("regex", {"pattern": "^A"}, ASKED, [said("Ab")], True),
        ("regex", {"pattern": "^A"}, ASKED, [said(None)], False),
        ("one-of", {"values": ["Yes", "No"]}, ASKED, [said(" yes.")], True),
        ("one-of", {"values": ["A"], "extract": r"Answer:\s*(\w+)"}, ASKED, [said("So. Answer: A")], True),
        ("one-of", {"values": ["A"], "extract": r"Answer:\s*(\w+)"}, ASKED, [said("A")], False),
        ("agreement", {}, ASKED, [said("The total is 5."), said("the total is 5")], True),
        ("agreement", {}, ASKED, [said("5"), said("6")], False),
        ("agreement", {}, ASKED, [said('{"a": 1, "b": 2}'), said('{"b":2,"a":1}')], True),
        ("agreement", {}, ASKED, [call("f", '{"a":1,"b":2}'), call("f", '{"b": 2, "a": 1}')], True),
        ("agreement", {}, ASKED, [call("f", "{}"), call("g", "{}")], False),
        ("agreement", {}, ASKED, [said(""), said("")], False),
        ("agreement", {}, ASKED, [said("5")], False),
    ],
)
def test_what_is_accepted(
    name: str, params: dict[str, Any], request_: Request, completions: list[Completion], accepted: bool
) -> None:
    """Each check by its own cases."""
    assert VERIFIERS[name](params, request_, completions) is accepted


def test_an_unknown_verifier_is_named() -> None:
    """With the nearest one that there is."""
    with pytest.raises(UnknownName, match="agrement"):
        VERIFIERS["agrement"]
