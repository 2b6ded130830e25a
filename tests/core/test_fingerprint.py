"""Digests that name content."""

import hashlib
import json

from audit.core.fingerprint import prompt_hash, request_fp


def test_prompt_hash_is_what_the_documentation_says() -> None:
    """Anyone can compute the key of a references file: SHA-256 of the messages' roles and contents as compact JSON."""
    messages = [{"role": "system", "content": "Réponds."}, {"role": "user", "content": "2+2?"}]
    text = json.dumps(messages, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert prompt_hash(messages) == hashlib.sha256(text.encode()).hexdigest()


def test_parts_of_text_are_the_text() -> None:
    """A content given as parts has the hash of its joined text; an absent one that of an empty text."""
    parts = [{"role": "user", "content": [{"type": "text", "text": "2+"}, {"type": "text", "text": "2?"}]}]
    assert prompt_hash(parts) == prompt_hash([{"role": "user", "content": "2+2?"}])
    assert prompt_hash([{"role": "assistant", "content": None}]) == prompt_hash([{"role": "assistant", "content": ""}])


def test_what_can_change_the_answer_changes_the_fingerprint() -> None:
    """Tools, format and parameters enter the fingerprint; transport and bookkeeping do not."""
    messages = [{"role": "user", "content": "hello"}]
    base = request_fp(messages, params={"temperature": 0})
    assert base == request_fp(messages, tools=[], params={"temperature": 0, "stream": True, "user": "u1", "seed": None})
    others = [
        request_fp(messages, params={"temperature": 1}),
        request_fp(messages, params={"temperature": 0}, tools=[{"type": "function"}]),
        request_fp(messages, params={"temperature": 0}, response_format={"type": "json_object"}),
        request_fp([*messages, {"role": "assistant", "content": "hi"}], params={"temperature": 0}),
    ]
    assert len({base, *others}) == 5


def test_lone_surrogates_pass() -> None:
    """Logs hold text that is not valid Unicode, and it has a name all the same."""
    assert len(prompt_hash([{"role": "user", "content": "\ud83d"}])) == 64
