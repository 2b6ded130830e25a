"""Secrets never reach the disk; personal data does not where asked."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest

from audit.core import fingerprint
from audit.core.personal import PERSONAL_KINDS
from audit.core.settings import IngestSettings
from audit.masking.redact import Redactor
from audit.masking.secrets import SECRET_HINTS
from tests.ingest.reading import payload, read, write_jsonl

CASES = [json.loads(line) for line in Path(__file__).with_name("secrets.jsonl").read_text("utf-8").splitlines()]
PERSONAL = [json.loads(line) for line in Path(__file__).with_name("personal.jsonl").read_text("utf-8").splitlines()]


def text_of(case: dict[str, str]) -> str:
    """Secrets are kept in two halves, so that no scanner takes the cases for real ones."""
    return case["text"].replace("~", "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"][:24])
def test_secrets(case: dict[str, str]) -> None:
    """Each kind of secret is masked, and what only looks like one is not."""
    redactor = Redactor()
    assert redactor.text(text_of(case)) == case["masked"]
    assert redactor.found["secret"] == case["masked"].count("<secret:")


@pytest.mark.parametrize("case", [c for c in CASES if "<secret:" in c["masked"]], ids=lambda case: case["text"][:24])
def test_the_fast_hint_finds_every_secret(case: dict[str, str]) -> None:
    """The pattern that picks the rows to look at misses no text that the careful patterns would mask."""
    assert pl.Series([text_of(case)]).str.contains(SECRET_HINTS).all()


@pytest.mark.parametrize("case", PERSONAL, ids=lambda case: case["text"][:24])
def test_personal_data(case: dict[str, str]) -> None:
    """Personal data becomes placeholders that are the same for the same value; look-alikes stay."""
    redactor = Redactor(("email", "phone", "card", "iban", "ip"))
    assert redactor.text(case["text"]) == case["masked"]


def test_personal_data_stays_unless_asked() -> None:
    """Without `ingest.redact` only secrets are touched."""
    assert Redactor().text("ada@example.com 192.0.2.7") == "ada@example.com 192.0.2.7"


def secret_record(key: str) -> dict[str, object]:
    """A payload with the key in every place that text is taken from."""
    arguments = json.dumps({"body": f"line\n{key}"})
    message = {
        "role": "assistant",
        "content": f"Yours is {key}",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}],
    }
    return payload(
        messages=[{"role": "system", "content": f"use\n{key}"}, {"role": "user", "content": f"{key}"}],
        response={"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "message": message}]},
        model_parameters={
            "stop": [key],
            "tools": [{"type": "function", "function": {"name": "f", "description": key}}],
        },
        metadata={"note": f"key {key}", "requester_metadata": {"route": "r"}},
        request_tags=[f"tag:{key}"],
        error_information={"error_code": "429", "error_class": "RateLimitError", "error_message": f"bad {key}"},
    )


def test_no_secret_is_written(tmp_path: Path) -> None:
    """A key in prompts, answers, tool arguments, parameters, metadata, tags or errors is in no byte that is written."""
    key = "sk-" + "proj-4f9A2c7D8e1B6a3F5d0C9b8A"
    log = write_jsonl(tmp_path / "log.jsonl", [secret_record(key), payload(id="2", litellm_call_id="2")])
    got = read(log, tmp_path / "run")
    everything = str(got.traffic.rows()) + str(got.bodies.rows()) + str(got.report)
    assert key not in everything
    assert key[8:20] not in everything
    row, clean = got.rows()
    assert json.loads(row["messages"])[0]["content"] == "use\n<secret:api-key>"
    assert json.loads(json.loads(row["tool_calls"])[0]["function"]["arguments"]) == {"body": "line\n<secret:api-key>"}
    assert row["secrets_masked"] == 9
    assert (row["replayable"], clean["replayable"]) == ("lossy", "equivalent")
    assert got.report.secrets_masked == 9
    assert subprocess.run(["grep", "-rc", key, str(tmp_path / "run")], capture_output=True).returncode == 1


def test_digests_are_of_the_text_before_masking(tmp_path: Path) -> None:
    """References made from the original prompts still join."""
    messages = [{"role": "user", "content": "password=hunter2secret"}]
    got = read(write_jsonl(tmp_path / "log.jsonl", [payload(messages=messages)]), tmp_path / "run")
    assert got.traffic["prompt_hash"].to_list() == [fingerprint.prompt_hash(messages)]
    assert "hunter2" not in got.bodies["messages"][0]


def test_redaction_is_counted(tmp_path: Path) -> None:
    """What was replaced is in the row's warnings, by kind."""
    record = payload(messages=[{"role": "user", "content": "ada@example.com or ADA@example.com, 192.0.2.7"}])
    settings = IngestSettings(redact=("email", "ip"))
    got = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run", settings)
    assert got.traffic["ingest_warnings"].to_list() == [["redacted_email:2", "redacted_ip:1"]]
    words = json.loads(got.bodies["messages"][0])[0]["content"].split()
    assert words[0] == words[2].rstrip(",")
    assert got.traffic["replayable"].to_list() == ["lossy"]


@pytest.mark.parametrize(
    "unit",
    [
        "sk-", "pwd:", "password=", "password = ", "api_key:", "api_key=", "secret ", "token_", "eyJ", "eyJ-", "eyJa.",
        "xoxb-", "ghp_", "hf_", "glpat-", "bearer ", "bearer/", "://", "a://b:", "-----BEGIN PRIVATE KEY-----", "AKIA",
        "a@", "a.", "@a.", "1 ", "1.", "1:", "DE00 ", "(1", "api_key" + " " * 50, "bearer" + " " * 50,
    ],
)  # fmt: skip
def test_time_grows_with_the_length_alone(unit: str) -> None:
    """No text takes more than its length: eight times as much takes far less than the square."""

    def took(length: int) -> float:
        text = (unit * length)[:length]
        times = []
        for _ in range(3):
            began = time.process_time()
            Redactor(PERSONAL_KINDS).text(text)
            times.append(time.process_time() - began)
        return min(times)

    # A machine that is busy makes processor time dearer now and then; a square is one at every try.
    assert any(took(80_000) < 30 * max(took(10_000), 0.002) for _ in range(5))


def test_a_secret_without_a_digit_is_none_and_hides_no_other() -> None:
    """Words that look like a key's beginning are left alone, and the key after them is found."""
    key = "sk-" + "Ab1" * 10
    assert Redactor().text(f"sk-learn-and-sk-learn-contrib {key}") == "sk-learn-and-sk-learn-contrib <secret:api-key>"
