"""Pairs of an assertion and an answer that promptfoo and this project both judge, as data."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One question to both tools.

    Attributes:
        entry: The assertion as it stands in a list.
        text: The answer.
        calls: Its tool calls.
        tools: Of the request.
        finish: Why the model stopped.
    """

    entry: Mapping[str, Any]
    text: str = ""
    calls: Sequence[Mapping[str, Any]] = ()
    tools: Sequence[Mapping[str, Any]] = ()
    finish: str = "stop"


TEXTS = (
    "yes", "Yes.", "no", "YES", " yes ", "yes\n", "The answer is yes", "a,b", "a b c", "42", "42.0", "-42", "4.2e1",
    "café", "cafe\u0301", "Straße", "STRASSE", "İ", "ΟΔΟΣ", "1,234.50", "\u00a0", "", "👍", "今日は晴れ", "re-sign it",
    "the cat sat on the mat", "The cat sat on the mat.", "the mat sat on the cat", "a\nb", "b\na", "/x/",
)  # fmt: skip
VALUES = (
    "yes", "Yes", "no", "a", "42", "cafe\u0301", "café", "strasse", "the cat sat on the mat", "今日",
    "-", "re-sign", "é", "/x/",
)  # fmt: skip
JSON_TEXTS = (
    '{"a": 1}', '{"a": 1.0}', '{"a": "1"}', '{"a": true}', '{"a": null}', '{"a": 1, "a": 2}', '{"a": 1,}', "{'a': 1}",
    '{"a": NaN}', '{"a": 1e999}', "[1, 2]", "5", "true", "null", '"x"', "", " {\"a\": 1} ", '\ufeff{"a": 1}',
    '```json\n{"a": 1}\n```', 'Here: {"a": 1}.', '{"b": 2} and {"a": 1}', "no json", '{"a": "x@y.org"}',
    '{"a": "2024-02-30"}', '{"a": "2024-02-29"}', '{"a": "not"}', '{"a": 9007199254740993}', "[[1]", '{"a": [1, 2',
)  # fmt: skip
SCHEMAS: tuple[Any, ...] = (
    None,
    {"type": "object", "required": ["a"]},
    {"type": "object", "properties": {"a": {"type": "integer"}}},
    {"type": "object", "properties": {"a": {"type": "string", "format": "email"}}, "required": ["a"]},
    {"type": "object", "properties": {"a": {"type": "string", "format": "date"}}, "required": ["a"]},
    {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}},
    {"type": "object", "additionalProperties": False, "properties": {"a": {}}},
    {"type": "array", "items": {"type": "integer"}},
)
MARKUP = (
    "<a>1</a>", "<a><b/></a>", "<a>", "<a></b>", "text", "<p>hi</p>", "<br>", "<div><p>x</div>",
    "<!DOCTYPE html><html></html>",
    "<?xml version=\"1.0\"?><a/>", "```xml\n<a/>\n```", "pre <a>1</a>", "<a>1</a> post", "<a>1</a><b/>", "<a x=1/>",
    "<A></a>", "", "&amp;", "<a>&nope;</a>", "<svg/>", "<custom-tag></custom-tag>", "<ul><li>1<li>2</ul>",
)  # fmt: skip
REFUSALS = (
    "I'm sorry, but I can't help with that.", "I cannot assist with this request.",
    "As an AI language model, I can't do that.",
    "I'm unable to provide that.", "Sure! Here it is.", "I'm sorry to hear that; try again.", "I can't help but smile.",
    "Your order can't be shipped before Monday.", "", "Leider kann ich dabei nicht helfen.", "抱歉，我无法提供帮助。",
    "It is against my programming.", "I must decline.", "No puedo ayudar con eso.",
    "The guard said: I cannot let you in.",
    "That's not something I can help with.", "I will not comply.", "I refuse to answer.", "We are not able to help.",
)  # fmt: skip
PATTERNS = (
    "^yes$",
    "(?i)yes",
    "^b",
    "a.b",
    r"\d+",
    r"^\w+$",
    r"\bcat\b",
    "é",
    "^$",
    "(cat|mat).*\\1",
    "^(?!no)",
    r"\s",
    "^.$",
)
COUNTS: tuple[Any, ...] = (0, 1, 3, 6, {"min": 2}, {"max": 5}, {"min": 2, "max": 3})
TOOLS = (
    {
        "type": "function",
        "function": {
            "name": "f",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "number"}, "b": {"type": "string"}},
                "required": ["a"],
            },
        },
    },
)
ARGUMENTS = (
    '{"a": 1}',
    '{"a": "1"}',
    '{"b": "x"}',
    '{"a": 1, "b": "x"}',
    '{"a": 1, "c": 2}',
    "{bad",
    "",
    "[1]",
    '{"a": null}',
)


def call(name: str, arguments: str) -> dict[str, Any]:
    """A call in the OpenAI shape."""
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}


def pairs() -> Iterator[Pair]:
    """All of them, in an order that does not change."""
    for kind, value, text in itertools.product(("equals", "contains", "icontains", "starts-with"), VALUES, TEXTS):
        yield Pair(entry={"type": kind, "value": value}, text=text)
    lists = (["yes", "no"], ["a", "b"], ["cat", "mat"], ["é"], ["strasse", "42"])
    for kind, many, text in itertools.product(
        ("contains-all", "contains-any", "icontains-all", "icontains-any"), lists, TEXTS
    ):
        yield Pair(entry={"type": kind, "value": many}, text=text)
    for pattern, text in itertools.product(PATTERNS, TEXTS):
        yield Pair(entry={"type": "regex", "value": pattern}, text=text)
    for kind, schema, text in itertools.product(("is-json", "contains-json"), SCHEMAS, JSON_TEXTS):
        yield Pair(entry={"type": kind, **({} if schema is None else {"value": schema})}, text=text)
    for structure, text in itertools.product(({"a": 1}, {"a": True}, {"a": None}, [1, 2]), JSON_TEXTS):
        yield Pair(entry={"type": "equals", "value": structure}, text=text)
    for kind, text in itertools.product(("is-xml", "is-html"), MARKUP):
        yield Pair(entry={"type": kind}, text=text)
    for kind, value, text in itertools.product(("levenshtein", "rouge-n", "bleu"), VALUES[:9], TEXTS):
        yield Pair(entry={"type": kind, "value": value}, text=text)
    for text in REFUSALS:
        yield Pair(entry={"type": "is-refusal"}, text=text)
        yield Pair(entry={"type": "not-is-refusal"}, text=text)
    for count, text in itertools.product(COUNTS, TEXTS):
        yield Pair(entry={"type": "word-count", "value": count}, text=text)
    for reason, finish in itertools.product(("stop", "length"), ("stop", "length", "content_filter")):
        yield Pair(entry={"type": "finish-reason", "value": reason}, text="x", finish=finish)
    for arguments in ARGUMENTS:
        for name in ("f", "g"):
            yield Pair(entry={"type": "is-valid-openai-tools-call"}, calls=[call(name, arguments)], tools=TOOLS)
        yield Pair(entry={"type": "tool-call-f1", "value": ["f"]}, calls=[call("f", arguments)], tools=TOOLS)
        yield Pair(entry={"type": "tool-call-f1", "value": ["g"]}, calls=[call("f", arguments)], tools=TOOLS)


def shown(pair: Pair) -> str:
    """A pair on one line."""
    body = pair.calls[0]["function"] if pair.calls else None
    said = repr(pair.text) if body is None else f"{body['name']}({body['arguments']})"
    end = "" if pair.finish == "stop" else f" [{pair.finish}]"
    return f"{json.dumps(pair.entry, ensure_ascii=False)} <- {said}{end}"
