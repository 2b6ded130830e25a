"""Error bodies of endpoints: one fixture a line, and every rule of the table has one."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from audit.protocols.error_rules import RULES
from audit.protocols.error_words import WORDS
from audit.protocols.errors import diagnose, diagnose_object
from audit.protocols.faults import FACTS, Fault

FILE = Path(__file__).parent / "cases" / "errors.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


def body_of(case: dict[str, Any]) -> bytes:
    """The reply's bytes."""
    return case["text"].encode() if "text" in case else json.dumps(case["body"]).encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['from']}: {case['rule']}")
def test_a_body_says_its_fault(case: dict[str, Any]) -> None:
    """Fault, the deciding rule, the parameter's name and the wait are read."""
    got = diagnose(case["status"], body_of(case), case.get("headers"))
    assert (got.fault.value, got.rule) == (case["fault"], case["rule"])
    assert got.parameter == case.get("parameter")
    assert got.retry_after_s == case.get("retry_after_s")


def test_every_rule_has_a_fixture_and_a_name_of_its_own() -> None:
    """No line of the table is there unseen."""
    names = [rule.name for rule in (*RULES, *WORDS)]
    assert len(names) == len(set(names))
    assert set(names) <= {case["rule"] for case in CASES}


def test_every_fault_has_its_facts() -> None:
    """A sentence, and a hint wherever the user can do something."""
    assert set(FACTS) == set(Fault)
    assert all(facts.words and not facts.words.endswith(".") for facts in FACTS.values())


def test_nothing_of_a_body_is_printed() -> None:
    """A message may quote the prompt; the diagnosis has the status and our own words."""
    for case in CASES:
        said = diagnose(case["status"], body_of(case), case.get("headers")).what
        assert "tokens" not in re.sub(r"(?:max|max_completion|max_output|budget)_tokens", "", said)
    quoting = {"error": {"message": "Unsupported parameter: 'my secret prompt'", "param": "my secret prompt"}}
    assert "secret" not in diagnose(400, json.dumps(quoting).encode()).what


def test_a_fault_inside_a_reply_reads_alike() -> None:
    """An error object, a string and nonsense, without HTTP's help."""
    assert diagnose_object({"code": 429, "message": "x"}).fault is Fault.RATE_LIMITED
    assert diagnose_object("upstream died").fault is Fault.SERVER
    assert diagnose_object([[1]]).fault is Fault.SERVER


def test_a_status_that_nobody_sent_is_not_told() -> None:
    """Under 200 an error has its own status or that one, however it is judged."""
    assert diagnose(200, b'{"error": "upstream died"}').what.startswith("HTTP 200: ")
    assert diagnose(200, b'{"error": {"code": 503, "message": "x"}}').what.startswith("HTTP 503: ")
    assert diagnose(200, b'{"base_resp": {"status_msg": "insufficient balance"}}').status == 200


def test_mutated_bodies_are_all_read() -> None:
    """Cut, doubled, shuffled and bit-flipped bodies have a diagnosis, whatever they are."""
    rng = random.Random(7)
    for _ in range(3000):
        case = rng.choice(CASES)
        body = bytearray(body_of(case))
        for _ in range(rng.randrange(1, 6)):
            if body:
                body[rng.randrange(len(body))] = rng.randrange(256)
        cut = bytes(body[: rng.randrange(len(body) + 1)]) * rng.randrange(1, 3)
        assert diagnose(rng.choice((200, 400, 429, 500, 999)), cut).fault in Fault


def test_depth_and_size_are_bounded() -> None:
    """A body that nests for ever, one that is huge, and a message of a pattern's own prefix cost nothing."""
    deep = b'{"error":' * 100_000
    assert diagnose(400, deep).fault is Fault.BAD_REQUEST
    assert diagnose(400, b'{"error":{"message":"' + b"model " * 500_000 + b'"}}').fault is Fault.BAD_REQUEST
    assert diagnose(400, json.dumps({"error": {"message": "the model " * 5_000}}).encode()).fault is Fault.BAD_REQUEST
