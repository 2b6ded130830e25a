"""Every kind of secret is masked wherever it stands, and what people write about secrets is not."""

from __future__ import annotations

import base64
import json
import random
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audit.masking.kinds import SECRET_KINDS
from audit.masking.redact import Redactor
from audit.masking.secrets import SECRET_HINTS, KeysInUse, found_secrets, mask_secrets

CASES = [json.loads(line) for line in Path(__file__).with_name("kinds.jsonl").read_text("utf-8").splitlines()]
"""Made-up secrets of the public formats, each in two halves, so that no scanner takes them for real ones."""
AROUND = [
    ("", ""),
    ("see ", " now"),
    ('{"a": "', '"}'),
    ("(", ")"),
    ("wörtlich: ", " – né"),
    ("\n", "\n"),
    ("x\ud800 ", ""),
]


def whole(case: dict[str, str]) -> str:
    """The secret in one piece."""
    return case["secret"].replace("¦", "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']} {case['before'][:12]}")
def test_each_kind_is_masked_in_any_surroundings(case: dict[str, str]) -> None:
    """Whatever stands around it, the secret goes, the text around it stays, and the count is one."""
    secret = whole(case)
    for left, right in AROUND:
        text = f"{left}{case['before']}{secret}{case['after']}{right}"
        found: Counter[str] = Counter()
        expected = f"{left}{case['before']}<secret:{case['kind']}>{case['after']}{right}"
        assert mask_secrets(text, found) == expected
        assert found["secret"] == 1
        assert mask_secrets(expected) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']} {case['before'][:12]}")
def test_the_hint_of_columns_misses_none(case: dict[str, str]) -> None:
    """The cheap pattern that picks rows finds every text that the careful one would mask."""
    text = f"{case['before']}{whole(case)}{case['after']}"
    assert pc.match_substring_regex(pa.array([text, "plain"]), SECRET_HINTS).to_pylist() == [True, False]


def test_at_least_sixty_kinds_and_each_has_a_case() -> None:
    """No kind of the table goes untried."""
    named = {kind.name for kind in SECRET_KINDS}
    assert len(named) >= 60
    assert named - {case["kind"] for case in CASES} <= {"private-key", "teams-webhook"}


@pytest.mark.parametrize(
    "text",
    [
        "The access token expires after 3600 seconds; refresh it with the refresh token.",
        "max_tokens: 4096, tokens: 12345, total_tokens=98765432101234",
        "api_key: YOUR_API_KEY_GOES_HERE",
        "token: {{ secrets.DEPLOY_TOKEN }} and password: ${DB_PASSWORD}",
        "password=$(cat file)",
        "The password is required to be long.",
        "The secret is patience: 10000 hours of it.",
        "token: gpt-4o-2024-08-06",
        "key: value, key2: value2",
        "Mein Passwort ist geheim; le mot de passe est perdu.",
        "Secret Santa 2026: bring gifts",
        "https://example.com:8443/path?page=2&key=short",
        "commit 4f9a2c7d8e1b6a3f5d0c9b8a7e6f5d4c3b2a1908",
        "task-force-of-the-2026-program and risk-free-options",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA",
        "order AKIA-2026 and github_pattern_matching",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "bearer of good news, forbearers1234567890abcdefgh",
        "token: <secret:api-key>",
    ],
)
def test_talk_about_secrets_is_left_alone(text: str) -> None:
    """Words, names of variables, placeholders, counts, dates, digests and identifiers are no secrets."""
    assert mask_secrets(text) == text


def test_a_private_key_goes_whole() -> None:
    """From its first line to its last; cut off, to the end of the text."""
    begin, end = "-----BEGIN RSA PRIVATE " + "KEY-----", "-----END RSA PRIVATE " + "KEY-----"
    body = "\n".join(["MIIEow" + "aB3" * 20] * 5)
    assert mask_secrets(f"a {begin}\n{body}\n{end} b") == "a <secret:private-key> b"
    assert mask_secrets(f"a {begin}\n{body}") == "a <secret:private-key>"
    two = f"{begin}\n{body}\n{end} and {begin}\n{body}\n{end}"
    assert mask_secrets(two) == "<secret:private-key> and <secret:private-key>"


def test_many_secrets_in_one_text() -> None:
    """Neighbours do not hide each other, whatever single character parts them."""
    rng = random.Random(7)
    alone = [case for case in CASES if not case["before"]]
    for _ in range(100):
        drawn = rng.choices(alone, k=4)
        glue = rng.choice([" ", ",", "\n", '"', "(", "|"])
        expected = glue.join(f"<secret:{case['kind']}>" for case in drawn)
        assert mask_secrets(glue.join(map(whole, drawn))) == expected


def test_json_stays_json() -> None:
    """In a JSON text, and in one inside another, secrets go and the structure stays."""
    secret = whole(CASES[0])
    inner = json.dumps({"header": f"Bearer {secret}", "n": 1})
    masked = Redactor().text(json.dumps({"arguments": inner, secret: [secret]}))
    assert json.loads(json.loads(masked)["arguments"]) == {"header": "Bearer <secret:bearer>", "n": 1}
    assert secret not in masked


def test_a_key_in_use_is_masked_whatever_it_looks_like() -> None:
    """By its very value: as it is, in a URL, and in Base64."""
    key = "correct horse/battery"
    keys = KeysInUse([key, None, "", "EMPTY"])
    for form in (key, quote(key, safe=""), base64.b64encode(key.encode()).decode().rstrip("=")):
        assert keys.mask(f"got {form}!") == "got <secret:key-in-use>!"
    assert keys.mask("EMPTY is a word") == "EMPTY is a word"
    assert KeysInUse(["Bearer hunter22hunter"]).mask("hunter22hunter") == "<secret:key-in-use>"
    assert KeysInUse().mask("anything") == "anything"


def test_time_grows_with_the_length() -> None:
    """Whatever begins like a secret, and never becomes one, takes time in proportion to its length."""
    starts = (
        *("sk-", "eyJ", "token: ", "password is ", "://a:", "?key=", "-----BEGIN PRIVATE KEY-----", "hvs.", "1//0"),
        *("1/1203948576:", "MTIz.abc123.", "secret=secret=", "bearer " * 3, "hooks.slack.com/services/"),
    )

    def took(unit: str, length: int) -> float:
        text = (unit * length)[:length]
        times = []
        for _ in range(2):
            began = time.process_time()
            mask_secrets(text)
            times.append(time.process_time() - began)
        return min(times)

    for unit in starts:
        # A machine that is busy makes processor time dearer now and then; a square is one at every try.
        assert any(took(unit, 48_000) < 30 * max(took(unit, 6_000), 0.001) for _ in range(5)), unit


def test_only_shapes_are_looked_for_in_configurations() -> None:
    """A word such as `password` in a criterion is no reason to refuse a file; the form of a key is."""
    assert not list(found_secrets("password: hunter22", shapes=True))
    assert [name for _, _, name in found_secrets("AIza" + "x" * 35, shapes=True)] == ["google-key"]
