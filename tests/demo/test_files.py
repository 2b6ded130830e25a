"""The committed files of the demo: made by the script, small, and like what a proxy exports."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sample_logs.demo_truth import markdown_table
from sample_logs.make_demo import make
from tests.demo.material import DEMO, SAMPLES, answers, lines, raw_lines, references, replayable, truth

VENDORS = (
    *("openai", "anthropic", "claude", "gpt", "gemini", "google", "mistral", "llama", "qwen", "deepseek", "cohere"),
    *("bedrock", "amazon", "azure", "microsoft", "nvidia", "groq", "northwind", "contoso", "acme", "salesforce"),
    *("zendesk", "stripe", "paypal", "oracle"),
)


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script's output in a fresh folder."""
    folder = tmp_path_factory.mktemp("demo")
    make(folder)
    return folder


@pytest.mark.parametrize("name", ["references.jsonl", "truth.json"])
def test_the_script_makes_the_plain_files_byte_for_byte(remade: Path, name: str) -> None:
    """What is committed is what the script writes."""
    assert (remade / name).read_bytes() == (DEMO / name).read_bytes()


@pytest.mark.parametrize("name", ["log.jsonl.gz", "answers.jsonl.gz"])
def test_the_script_makes_the_compressed_files(remade: Path, name: str) -> None:
    """The text is equal to the byte; the compressed bytes depend on the build of zlib, but hold no time and no name."""
    made, committed = (remade / name).read_bytes(), (DEMO / name).read_bytes()
    assert gzip.decompress(made) == gzip.decompress(committed)
    for data in (made, committed):
        assert data[3] == 0, "the header has a name or another extra field"
        assert data[4:8] == bytes(4), "the header has a time"


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("log.jsonl.gz", 1_500_000),
        ("answers.jsonl.gz", 600_000),
        ("references.jsonl", 1_000_000),
        ("truth.json", 20_000),
    ],
)
def test_files_stay_small(name: str, limit: int) -> None:
    """The wheel carries these files."""
    assert (DEMO / name).stat().st_size < limit


def test_no_real_vendor_is_named() -> None:
    """Models, providers and companies are invented; only the log format's own name occurs."""
    texts = [
        "\n".join(raw_lines()),
        str(answers()),
        (DEMO / "audit.yaml").read_text("utf-8").replace("openai-comp", ""),
    ]
    found = set(re.findall(rf"\b({'|'.join(VENDORS)})", "\n".join(texts).lower()))
    assert not found


def test_readme_shows_the_truth() -> None:
    """The table in the README is the one that follows from `truth.json`."""
    assert markdown_table(truth()) in (SAMPLES / "README.md").read_text("utf-8")


def test_lines_are_what_the_truth_counts() -> None:
    """Torn, double, failed and cached lines are there in the numbers that the truth states."""
    told = truth()["lines"]
    assert len(raw_lines()) == told["all"]
    assert not raw_lines()[-1].endswith("}")
    assert len(raw_lines()) - 1 - len(lines()) == told["double"] >= 3
    assert sum(not line.answered for line in lines()) == told["failures"]
    assert sum(line.cached for line in lines()) == told["cache_hits"]
    assert len({line.record["id"] for line in lines()}) == len(lines())


def test_the_window_is_thirty_days_with_a_rhythm() -> None:
    """Traffic covers October 2026; weekends and nights are quiet."""
    times = [datetime.fromtimestamp(line.record["startTime"], UTC) for line in lines()]
    assert {at.date().isoformat() for at in times} == {f"2026-10-{day:02d}" for day in range(1, 31)}
    weekdays = Counter(at.weekday() for at in times)
    assert weekdays[5] + weekdays[6] < 0.15 * len(times)
    hours = Counter(at.hour for at in times)
    assert max(hours.values()) > 8 * min(hours.values())


def test_the_traffic_is_that_of_a_company() -> None:
    """Five routes, eight tenants, environments and regions, four languages, sessions, and prompts that repeat."""
    own = [line.record["metadata"]["requester_metadata"] for line in lines()]
    assert {entry["route"] for entry in own} == set(truth()["routes"])
    assert len({line.record["metadata"]["user_api_key_team_alias"] for line in lines()}) == 8
    assert {entry["environment"] for entry in own} == {"production", "staging"}
    assert len({entry["region"] for entry in own}) == 3
    chat = replayable("/support-chat")
    assert len({line.record["metadata"]["requester_metadata"]["session_id"] for line in chat}) < 0.7 * len(chat)
    for words in ("working days", "Werktage", "jours ouvrables", "días laborables"):
        assert any(words in line.said["text"] for line in chat)
    requests = [line for route in truth()["routes"] for line in replayable(route)]
    repeated = 1 - len({line.request.request_fp for line in requests}) / len(requests)
    assert 0.06 < repeated < 0.14


def test_failures_are_retried() -> None:
    """About two in a hundred requests fail once; most are answered by a second attempt of the same call."""
    failed = {line.record["litellm_call_id"] for line in lines() if not line.answered}
    recovered = failed & {line.record["litellm_call_id"] for line in lines() if line.answered}
    assert 0.01 < len(failed) / truth()["requests"] < 0.03
    assert 0.75 < len(recovered) / len(failed) < 1
    assert any(line.record["model_group"] != line.record["model"] for line in lines() if line.answered)


def test_the_large_model_grows() -> None:
    """A second model serves part of the traffic, and less of it in the last week than in the first."""

    def share(days: range) -> float:
        models = [
            line.record["model"]
            for line in lines()
            if line.answered and datetime.fromtimestamp(line.record["startTime"], UTC).day in days
        ]
        return models.count("atlas-large") / len(models)

    assert 0.7 < share(range(1, 8)) < share(range(24, 31)) - 0.1 < 0.9


def test_every_replayable_request_has_its_answers_and_its_reference() -> None:
    """Nothing that the audit replays is unknown to the simulated tiers, and right and wrong never coincide."""
    for route in truth()["routes"]:
        assert {line.key for line in replayable(route)} <= answers().keys() & references().keys()
    for entry in answers().values():
        assert entry["right"]
        assert entry["wrong"]
        assert not any(right in entry["wrong"] for right in entry["right"])
