"""The simulated provider: planted rates, no order, no invention."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import AuditError, ConfigError, InputError, TerminalError, UnknownName
from audit.core.exchange import Request
from audit.core.fingerprint import prompt_hash, request_fp
from audit.core.tier import Tier
from audit.llm.provider import Answerer, LocalProvider
from audit.llm.providers import PROVIDERS
from tests.demo import material

PROMPTS = 2000


def ask(text: str) -> Request:
    """A request of one message."""
    messages = [{"role": "user", "content": text}]
    return Request(request_fp=request_fp(messages), messages=messages)


def opened(folder: Path, *, model: str = "m", **options: Any) -> Answerer:
    """A simulated tier over `PROMPTS` prompts with one right and one wrong answer each."""
    file = folder / "answers.jsonl.gz"
    if not file.exists():
        entries = [
            {
                "prompt_hash": prompt_hash(ask(f"q{n}").messages),
                "task": "t",
                "difficulty": "hard" if n % 2 else "easy",
                "effort_tokens": 100,
                "right": [{"text": "yes"}],
                "wrong": [{"text": "no"}, {"text": None, "refusal": "I would rather not", "finish_reason": "refusal"}],
            }
            for n in range(PROMPTS)
        ]
        file.write_bytes(gzip.compress("".join(json.dumps(entry) + "\n" for entry in entries).encode()))
    tier = dataclasses.replace(
        material.tier("small"), model=model, options={"answers": file.name, "error_rates": {"t": 0.1}, **options}
    )
    return open_tier(tier, folder)


def open_tier(tier: Tier, folder: Path) -> Answerer:
    """The tier's answerer, through the catalogue."""
    provider = PROVIDERS.get("simulated")
    assert isinstance(provider, LocalProvider)
    return provider.open(tier, folder)


def wrong(answer: Answerer, numbers: range, repeat: int = 0) -> set[int]:
    """The prompts that a tier answers wrongly."""
    return {n for n in numbers if answer(ask(f"q{n}"), repeat).text != "yes"}


def test_equal_calls_have_equal_answers_in_any_order(tmp_path: Path) -> None:
    """A call depends on the seed, the model, the prompt and the repeat, not on what was asked before."""
    calls = [(n, repeat) for n in range(200) for repeat in (0, 1)]
    first, second = opened(tmp_path, run_to_run=0.5), opened(tmp_path, run_to_run=0.5)
    forwards = {call: first(ask(f"q{call[0]}"), call[1]) for call in calls}
    backwards = {call: second(ask(f"q{call[0]}"), call[1]) for call in reversed(calls)}
    assert forwards == backwards


def test_seed_and_model_change_the_draws(tmp_path: Path) -> None:
    """Two models, and two seeds, go wrong on different prompts."""
    numbers = range(400)
    base = wrong(opened(tmp_path), numbers)
    assert base != wrong(opened(tmp_path, model="other"), numbers)
    assert base != wrong(opened(tmp_path, seed=1), numbers)


def test_error_rates_hold_by_task_and_difficulty(tmp_path: Path) -> None:
    """The longer key wins; realised rates are within four standard errors of the planted ones."""
    answer = opened(tmp_path, error_rates={"t": 0.1, "t/hard": 0.5})
    found = wrong(answer, range(PROMPTS))
    easy, hard = (len([n for n in found if n % 2 == odd]) / (PROMPTS / 2) for odd in (0, 1))
    assert easy == pytest.approx(0.1, abs=4 * (0.09 / 1000) ** 0.5)
    assert hard == pytest.approx(0.5, abs=4 * (0.25 / 1000) ** 0.5)


def test_run_to_run_noise_moves_answers_and_not_the_rate(tmp_path: Path) -> None:
    """Without it a repeat answers the same; with it some answers change, and as many go wrong."""
    steady, noisy = opened(tmp_path), opened(tmp_path, run_to_run=0.5)
    numbers = range(PROMPTS)
    assert wrong(steady, numbers) == wrong(steady, numbers, repeat=7)
    first, second = wrong(noisy, numbers), wrong(noisy, numbers, repeat=7)
    assert first != second
    assert len(first & second) > 0.3 * len(first), "what is not redrawn stays as it was"
    for found in (first, second):
        assert len(found) / PROMPTS == pytest.approx(0.1, abs=4 * (0.09 / PROMPTS) ** 0.5)


def test_usage_cost_and_latency_are_plausible(tmp_path: Path) -> None:
    """Reasoning is part of the completion, the cost is the price's, and a wordier tier is slower and dearer."""
    terse, wordy = opened(tmp_path, verbosity=0.5), opened(tmp_path, verbosity=2.0)
    for n in range(50):
        short, long = terse(ask(f"q{n}"), 0), wordy(ask(f"q{n}"), 0)
        assert short.usage is not None
        assert long.usage is not None
        assert short.usage.reasoning_tokens < short.usage.completion_tokens < long.usage.completion_tokens
        assert short.usage.prompt_tokens == long.usage.prompt_tokens > 0
        assert short.cost_usd == pytest.approx(material.tier("small").price.cost_usd(short.usage))
        assert 0 < (short.latency_ms or 0) < (long.latency_ms or 0)
        assert short.ttft_ms is None, "nothing was streamed, so no first token was measured"


def test_refusals_and_finish_reasons_are_passed_on(tmp_path: Path) -> None:
    """A wrong answer may be a refusal; what stands in the file is what is returned."""
    answer = opened(tmp_path, error_rates={"t": 1.0})
    said = {(answer(ask(f"q{n}"), 0).refusal, answer(ask(f"q{n}"), 0).finish_reason) for n in range(40)}
    assert said == {(None, "stop"), ("I would rather not", "refusal")}


def test_an_unknown_prompt_is_an_error(tmp_path: Path) -> None:
    """Nothing is invented, and the message does not hold the prompt."""
    with pytest.raises(TerminalError) as caught:
        opened(tmp_path)(ask("never heard of"), 0)
    assert caught.value.status == 404
    assert "never heard of" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"error_rate": {}}, UnknownName),
        ({"error_rates": {"t": 1.5}}, ConfigError),
        ({"run_to_run": -0.1}, ConfigError),
        ({"answers": "absent.jsonl"}, InputError),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict[str, Any], error: type[AuditError]) -> None:
    """A name, a rate or a file that cannot be is an error before anything is asked."""
    with pytest.raises(error):
        opened(tmp_path, **options)


def test_a_task_without_a_rate_is_an_error(tmp_path: Path) -> None:
    """A rate that nobody planted is not taken to be 0."""
    with pytest.raises(ConfigError):
        opened(tmp_path, error_rates={"other": 0.1})(ask("q1"), 0)


@pytest.mark.parametrize("data", [b"not json\n", b'{"prompt_hash": "x"}\n', b"[1]\n", b"\x1f\x8b\x08 cut"])
def test_a_damaged_file_is_named_and_not_quoted(tmp_path: Path, data: bytes) -> None:
    """Whatever is wrong with the answers file is an input error with its path."""
    (tmp_path / "broken.jsonl.gz").write_bytes(data if data[:1] == b"\x1f" else gzip.compress(data))
    with pytest.raises(InputError, match=r"broken\.jsonl\.gz"):
        opened(tmp_path, answers="broken.jsonl.gz")


def test_simulated_answers_say_so() -> None:
    """The provider marks its answers, so that every output can."""
    provider = PROVIDERS.get("simulated")
    assert isinstance(provider, LocalProvider)
    assert provider.served_from == "simulated"
    assert "simulated" in provider.summary
