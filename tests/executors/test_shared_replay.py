"""A whole audit over the network, with a judge: its calls are made by processes and by the machines of a cluster, with
the same bytes as result, also when workers and machines are lost on the way."""

from __future__ import annotations

import json
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from audit.cli.main import run
from audit.llm.providers.simulated_judge import sections_of
from audit.replay import shards
from audit.replay.results import SessionResults
from tests.executors.cluster import add_node, address_of, cluster
from tests.json_server import answering
from tests.judging.chat import right_text, write_chat, wrong_text
from tests.replay.test_shards import one_seed, told_of

pytestmark = pytest.mark.ray  # whole audits: they have a step of their own, with the cluster

RESULTS = ("findings.json", "report.html")
SMALL, JUDGE = "acme-small-1", "acme-judge-1"
IN_FLIGHT = 16
TIERS = """\
tiers:
  - {{name: small, model: acme-small-1, provider: openai-compatible, base_url: "{url}/v1", concurrency: 16,
     price: {{input: 0.1, output: 0.3}}}}
  - {{name: judge, model: acme-judge-1, provider: openai-compatible, base_url: "{url}/v1", concurrency: 16,
     price: {{input: 0.5, output: 1.5}}}}
"""


@dataclass
class Tiers:
    """Both tiers, one server for all audits: its address is in their results.

    Attributes:
        url: Where they are.
        asked: Requests as they came, by the tier's model.
        at: Told the model of every request.
    """

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    at: Callable[[str], None] = lambda model: None

    def __call__(self, path: str, headers: Any, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        model, said = body["model"], body["messages"][-1]["content"]
        self.asked.append((model, json.dumps(body["messages"])))
        self.at(model)
        number = int(re.findall(r"parcel (\d+)", said)[0])
        if model == JUDGE:
            right = sections_of(said)["response"] in {right_text(number, by) for by in ("large", "small")}
            text = json.dumps({"verdict": "pass" if right else "fail"})
        else:
            text = (wrong_text if number % 31 == 0 else right_text)(number, "small")
        usage = {"prompt_tokens": len(said) // 4, "completion_tokens": 9, "total_tokens": len(said) // 4 + 9}
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return 200, {"id": "x", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


@pytest.fixture(scope="module")
def tiers() -> Iterator[Tiers]:
    """The server."""
    made = Tiers()
    with answering(made) as made.url:
        yield made


def audit(folder: Path, tiers: Tiers, patch: pytest.MonkeyPatch, *options: str) -> dict[str, bytes]:
    """A replay whose calls are shared however few they are; what it wrote."""
    for name, value in (("SHARED_FROM", 1), ("IN_FLIGHT_EACH", 1), ("FEWEST_CALLS", 20)):
        patch.setattr(shards, name, value)
    booked = SessionResults.book

    def book(self: SessionResults, call: Any, row: Any, answer: Any) -> None:
        booked(self, call, {**row, "latency_ms": 100.0} if row.get("latency_ms") is not None else row, answer)

    patch.setattr(SessionResults, "book", book)  # the only thing in which two runs differ
    folder.mkdir(exist_ok=True)
    write_chat(folder, requests=300, labels=60)
    before, rest = (folder / "audit.yaml").read_text("utf-8").split("tiers:\n")
    after = rest.split("routes:\n")[1]
    (folder / "audit.yaml").write_text(f"{before}{TIERS.format(url=tiers.url)}routes:\n{after}", "utf-8")
    patch.chdir(folder)
    tiers.asked.clear()
    out = ["--config", "audit.yaml", "--out", "run", "--yes", "--quiet"]
    assert run(["replay", "log.jsonl", *out, *options]) == 0
    assert not (folder / "run" / "replays" / "shards").exists()
    return {name: (folder / "run" / name).read_bytes() for name in RESULTS}


@pytest.fixture(scope="module")
def alone(tiers: Tiers, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
    """What one process makes of it, and what it asks."""
    with pytest.MonkeyPatch.context() as patch:
        made = audit(tmp_path_factory.mktemp("alone"), tiers, patch, "--workers", "1")
    assert {model for model, _ in tiers.asked} == {SMALL, JUDGE}
    return made, sorted(tiers.asked)


Alone = tuple[dict[str, bytes], list[tuple[str, str]]]


def elsewhere(name: str, workers: int) -> list[str]:
    """The options that choose an executor."""
    address = address_of(name)
    return ["--workers", str(workers), *(["--ray-address", address] if address else ["--executor", name])]


def crossed(*quick: tuple[str, str]) -> list[Any]:
    """Every executor with every model; those that are not named wait for the slow tests."""
    pairs = [(name, model) for name in ("local", "ray") for model in (SMALL, JUDGE)]
    return [pair if pair in quick else pytest.param(*pair, marks=pytest.mark.slow) for pair in pairs]


LATER = [pytest.param("ray", workers, marks=pytest.mark.slow) for workers in (1, 4)]
"""One worker shares no calls; four lose a machine below."""


@pytest.mark.parametrize(("name", "workers"), [("local", 2), ("ray", 2), *LATER], ids=str)
def test_the_same_bytes(
    name: str, workers: int, alone: Alone, tiers: Tiers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker and many, here and on a cluster, ask the same and write the same findings and the same report."""
    assert audit(tmp_path, tiers, monkeypatch, *elsewhere(name, workers)) == alone[0]
    assert sorted(tiers.asked) == alone[1]


@pytest.mark.parametrize(("name", "model"), crossed(("local", SMALL), ("ray", JUDGE)))
def test_the_same_bytes_with_a_worker_that_dies_when_its_calls_are_made(
    name: str, model: str, alone: Alone, tiers: Tiers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not say so any more, and nothing is paid twice."""
    (tmp_path / "dying").write_text(str(os.getpid()), "utf-8")
    (tmp_path / "dying.model").write_text(model, "utf-8")
    monkeypatch.setattr(shards, "WORK", "tests.executors.dying:ask_dying")
    assert audit(tmp_path, tiers, monkeypatch, *elsewhere(name, 2)) == alone[0]
    assert (tmp_path / "dying.died").exists()
    assert sorted(tiers.asked) == alone[1]


@pytest.mark.parametrize(("name", "model"), crossed(("ray", SMALL), ("local", JUDGE)))
def test_a_worker_that_dies_at_its_calls(
    name: str, model: str, alone: Alone, tiers: Tiers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The findings differ in nothing but the money of what was on the wire, which nobody knows; only that is asked
    twice."""
    (tmp_path / "dying").write_text(str(os.getpid()), "utf-8")
    (tmp_path / "dying.model").write_text(model, "utf-8")
    monkeypatch.setattr(shards, "WORK", "tests.executors.dying:ask_dying_at_once")
    made = audit(tmp_path, tiers, monkeypatch, *elsewhere(name, 2))
    assert (tmp_path / "dying.died").exists()
    assert without_lost(made) == without_lost(alone[0])
    twice = Counter(tiers.asked) - Counter(alone[1])
    assert twice.total() <= IN_FLIGHT


def without_lost(made: dict[str, bytes]) -> Any:
    """The findings, but for money that may have been lost."""
    findings = json.loads(made["findings.json"])
    findings.pop("replay_cost_at_most_usd")
    return findings


def test_the_same_findings_with_a_machine_that_goes(
    alone: Alone, tiers: Tiers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node of the cluster is taken away while its workers make calls."""
    options, gone, lock = elsewhere("ray", 4), list[str](), threading.Lock()
    node = add_node(2)

    def at(model: str) -> None:
        with lock:
            if len(tiers.asked) > 150 and not gone:
                gone.append(model)
                cluster().remove_node(node, allow_graceful=False)

    monkeypatch.setattr(tiers, "at", at)
    made = audit(tmp_path, tiers, monkeypatch, *options)
    assert gone
    assert without_lost(made) == without_lost(alone[0])
    assert (Counter(tiers.asked) - Counter(alone[1])).total() <= IN_FLIGHT


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_the_cap_holds_on_a_cluster(seed: int, tmp_path: Path) -> None:
    """Four shards on a slow and faulty server, and a worker that is killed at its calls. Prints the figures."""
    print(told_of([one_seed(seed, tmp_path / "seed", "ray", 4, address_of("ray"))]))
