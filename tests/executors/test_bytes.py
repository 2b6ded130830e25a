"""A whole audit by every executor: the same bytes, also when workers and machines are lost on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from audit.certificate import certified
from audit.certificate import jobs as certifying
from audit.cli.main import run
from audit.ingest import run as reading
from audit.scoring import jobs as scoring
from tests.e2e.tiny import record, write_answered
from tests.executors.cluster import add_node, address_of, cluster
from tests.executors.dying import marked_jobs

pytestmark = pytest.mark.ray  # whole audits: they have a step of their own, with the cluster

REQUESTS = 400
ROUTES = 2
PIECE_BYTES = 1 << 15
CONFIG = """\
margin: 8pt
ingest: {route: metadata.route}
slice: {looks: 2}
tiers:
  - name: small
    model: acme-small-1
    provider: simulated
    price: {input: 0.1, output: 0.3}
    options: {answers: answers.jsonl, error_rates: {add: 0.03}}
  - name: medium
    model: acme-medium-1
    provider: simulated
    price: {input: 0.2, output: 0.6}
    options: {answers: answers.jsonl, error_rates: {add: 0.3}}
routes:
  - match: "*"
    candidates: [small, medium]
    assert: [{type: equals, value: "{{incumbent.text}}"}]
"""
RESULTS = ("findings.json", "report.html")


def audit(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> dict[str, bytes]:
    """A replay whose log, scores and routes are handed out however small they are; what it wrote."""
    monkeypatch.setattr("audit.ingest.files.source._BUFFER_BYTES", PIECE_BYTES)
    monkeypatch.setattr("audit.ingest.files.source.PIECE_BYTES", PIECE_BYTES)
    monkeypatch.setattr("audit.ingest.parts.PIECE_BYTES", PIECE_BYTES)
    monkeypatch.setattr(reading, "PARALLEL_BYTES", 0)
    monkeypatch.setattr(reading, "FEW_PARTS", 0)
    monkeypatch.setattr(scoring, "PARALLEL_FROM", 1)
    monkeypatch.setattr(scoring, "CONTEXTS_PER_JOB", 50)
    monkeypatch.setattr(certifying, "SHARED_FROM", 1)
    records = [
        record(number, trace_id=f"t-{number // 3}", metadata={"route": f"/add-{number // 3 % ROUTES}"})
        for number in range(REQUESTS)
    ]
    records += records[:7]  # lines that are there twice, in parts far from each other
    log = write_answered(folder, records)
    (folder / "audit.yaml").write_text(CONFIG, "utf-8")
    # As people name them: a worker has another working directory.
    monkeypatch.chdir(folder)
    out = ["--config", "audit.yaml", "--out", "run", "--yes", "--quiet"]
    assert run(["replay", log.name, *out, *options]) == 0
    return {name: (folder / "run" / name).read_bytes() for name in RESULTS}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one worker makes of it, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        return audit(tmp_path_factory.mktemp("alone"), patch, "--workers", "1")


def elsewhere(name: str, workers: int) -> list[str]:
    """The options that choose an executor."""
    address = address_of(name)
    return ["--workers", str(workers), *(["--ray-address", address] if address else ["--executor", name])]


LATER = [pytest.param("ray", workers, marks=pytest.mark.slow) for workers in (1, 2)]
"""One worker takes every job in its turn, as `test_executors.py` sees; two are as many as those below that die."""


@pytest.mark.parametrize(("name", "workers"), [("local", 2), *LATER, ("ray", 4)], ids=str)
def test_the_same_bytes(
    name: str, workers: int, alone: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker and many, here and on a cluster, write the same findings and the same report."""
    assert audit(tmp_path, monkeypatch, *elsewhere(name, workers)) == alone


@pytest.mark.parametrize("name", ["local", "ray"])
def test_the_same_bytes_with_workers_that_die(
    name: str, alone: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker is killed while it reads, after it has finished a part, while it scores, and while it tests a route."""
    for stage in ("read", "finish", "score", "certify"):
        (tmp_path / stage).write_text(str(os.getpid()), "utf-8")
    monkeypatch.setattr(reading, "READ", "tests.executors.dying:read_dying")
    monkeypatch.setattr(reading, "FINISH", "tests.executors.dying:finish_dying")
    monkeypatch.setattr(scoring, "WORK", "tests.executors.dying:score_dying")
    monkeypatch.setattr(certified, "CERTIFY", "tests.executors.dying:certify_dying")
    monkeypatch.setattr(certified, "certificate_jobs", partial(marked_jobs, tmp_path / "certify"))
    assert audit(tmp_path, monkeypatch, *elsewhere(name, 2)) == alone
    assert sorted(path.stem for path in tmp_path.glob("*.died")) == ["certify", "finish", "read", "score"]


def test_the_same_bytes_with_a_machine_that_goes(
    alone: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node of the cluster is taken away while it reads the log."""
    options = elsewhere("ray", 4)
    node = add_node(2)
    parts_of, gone = reading.parts_of, []

    def parts(*arguments: Any) -> Iterator[Any]:
        for number, part in enumerate(parts_of(*arguments)):
            if number == 6:
                cluster().remove_node(node, allow_graceful=False)
                gone.append(number)
            yield part

    monkeypatch.setattr(reading, "parts_of", parts)
    assert audit(tmp_path, monkeypatch, *options) == alone
    assert gone == [6]
