"""What a run holds of its calls: a plan is named again in every round, and each call is one object."""

from __future__ import annotations

from dataclasses import replace

from audit.core.fingerprint import fingerprint, fingerprint_rows
from audit.replay.plan import Call, TokenCounts, shared


def calls(n: int) -> list[Call]:
    """Calls, each with texts of its own."""
    return [Call(call_id=f"id-{i}", request_fp=f"fp-{i}", route="/a", tier="small", arm="candidate") for i in range(n)]


def test_calls_that_are_named_again_are_the_same_objects() -> None:
    """In their own order; one that another route asks for first by then is another call."""
    whole, again = calls(6), calls(5)[::-1]
    again[1] = replace(again[1], route="/b")
    again.append(replace(again[0], call_id="id-new"))
    found = shared(again, whole)
    assert found == again
    assert [any(one is other for other in whole) for one in found] == [True, False, True, True, True, False]


def test_what_requests_share_is_held_once() -> None:
    """Requests that are sent whole have one empty table of what is sent less."""
    assert TokenCounts(prompt=1).trimmed is TokenCounts(prompt=2).trimmed


def test_rows_have_the_digest_of_their_list() -> None:
    """Also none, and texts with halves of pairs."""
    for rows in ([], [{}], [{"b": "\ud800", "a": None}, {"a": ["é", 1.5]}, 3]):
        assert fingerprint_rows(iter(rows)) == fingerprint(rows)
