"""Requests and answers come from anybody: none holds a signal or a check up, ends a run, or chooses what is fetched."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import numpy as np
import pytest

import audit.patterns
from audit.core.exchange import Completion, Request
from audit.signals import compute
from audit.signals.verifiers import VERIFIERS
from audit.signals.written import ConditionProblem, written_rule

ENDLESS = [r"(a+)+$", r"(\w+\s?)*!", r"(x+x+)+y", r"^(.*?,){30}x"]
"""Patterns on which a backtracking engine does not come back from the texts below."""

TEXTS = ["a" * 5000 + "b", "a " * 20000, "x" * 5000, "," * 3000]


def asking(text: str, schema: object = None) -> Request:
    """A request with one user turn, and the schema that it wants of its answer."""
    wanted = {"type": "json_schema", "json_schema": {"schema": schema}} if schema is not None else None
    return Request(request_fp="x", messages=[{"role": "user", "content": text}], response_format=wanted)


@pytest.mark.parametrize("pattern", ENDLESS)
def test_no_text_holds_a_written_rule_up(pattern: str) -> None:
    """A condition on the text is decided for every text, and its opposite says the opposite."""
    requests = [asking(text) for text in TEXTS]
    found, other = (compute(written_rule(f"last_user {op} '{pattern}'"), requests) for op in ("~", "!~"))
    assert np.array_equal(found, 1 - other)


def test_where_a_pattern_takes_too_long_no_condition_on_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be matched in linear time has a limit; a request beyond it stays with the incumbent, either way."""
    monkeypatch.setattr(audit.patterns, "TIME_LIMIT_S", 0.01)
    requests = [asking("a" * 400 + "b"), asking("b")]
    for op, plain in (("~", 0.0), ("!~", 1.0)):
        assert compute(written_rule(f"last_user {op} '^(?=(a|aa)+$)'"), requests).tolist() == [0.0, plain]


def test_a_pattern_that_is_none_is_pointed_at() -> None:
    """As before it is read: where it stands, and that it is no regular expression."""
    with pytest.raises(ConditionProblem, match="is not a regular expression"):
        written_rule("last_user ~ '('")


ANSWERS = ["[" * 200_000, '{"a":' * 200_000, "1" * 10_000, "\ud800", "a" * 5000 + "!", "", '{"a": 1e999}']


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("schema", {}),
        ("schema", {"schema": {"type": "string", "pattern": "^(a+)+$"}}),
        *(("regex", {"pattern": pattern}) for pattern in ENDLESS),
        *(("one-of", {"values": ["a"], "extract": pattern}) for pattern in ENDLESS),
        ("agreement", {}),
    ],
)
def test_no_answer_ends_a_check(name: str, params: dict[str, object], answer: str) -> None:
    """Whatever a cheap tier answers is accepted or sent up."""
    said = Completion(text=answer, tool_calls=())
    called = Completion(text=None, tool_calls=({"function": {"name": "f", "arguments": answer}},))
    for completion in (said, called):
        assert VERIFIERS[name](params, asking("q"), [completion, completion]) in (True, False)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that anything could be fetched from; nobody should come."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        one.settimeout(0)
        yield one


@pytest.mark.parametrize("where", ["request", "policy"])
def test_no_schema_is_fetched(where: str, listener: socket.socket) -> None:
    """A `$ref` to an address, in a logged request or in a policy: nothing connects, and no answer is accepted by it."""
    schema = {"$ref": f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"}
    request = asking("q", schema if where == "request" else None)
    params = {"schema": schema} if where == "policy" else {}
    assert VERIFIERS["schema"](params, request, [Completion(text="1")]) is False
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("schema", [{"$ref": "file:///etc/hostname"}, {"type": "nonsense"}, {"$ref": "#/nowhere"}])
def test_a_schema_that_is_none_accepts_nothing(schema: object) -> None:
    """What cannot be checked is sent up."""
    assert VERIFIERS["schema"]({}, asking("q", schema), [Completion(text="1")]) is False
