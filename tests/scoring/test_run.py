"""The stage: replays to scores and acceptance."""

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from audit.core import schemas
from audit.core.artifacts import RunFolder
from audit.core.progress import reporting
from audit.core.settings import ExecutorSettings
from audit.embeddings import open_embedder
from audit.scoring import jobs
from audit.scoring.run import score
from tests.scoring.folders import exchange, make_folder, make_large_folder, replay, settings

EQUALS = [{"type": "equals", "value": "{{reference}}"}]


def accepted(folder: RunFolder) -> dict[tuple[str, str, str], tuple[bool | None, str | None]]:
    """The table of acceptance by exchange, arm and tier."""
    rows = pl.read_parquet(folder.accepted).with_columns(pl.col("arm").cast(pl.String))
    return {row[:3]: row[3:] for row in rows.select("exchange_id", "arm", "tier", "accepted", "reason").iter_rows()}


def scores(folder: RunFolder) -> pl.DataFrame:
    """The table of scores, strings plain."""
    return pl.read_parquet(folder.scores).with_columns(pl.col(pl.Categorical).cast(pl.String))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Two exchanges with references, one without, one that the incumbent cut short; every replay status once."""
    right, wrong = exchange(1, "/qa", "A"), exchange(2, "/qa", "C")
    unknown, cut = exchange(3, "/qa", "A"), exchange(4, "/qa", "A", finish_reason="length")
    replays = [
        replay(right, "small", "A"),
        replay(right, "tiny", "B"),
        replay(right, "large", "A", arm="incumbent_replay"),
        replay(wrong, "small", "B", status="rate_limited", finish_reason=None),
        replay(wrong, "tiny", "B", status="refused", finish_reason="refusal"),
        replay(unknown, "small", "A"),
        replay(cut, "small", "A", status="truncated", finish_reason="length"),
        replay(cut, "tiny", None, status="too_long", finish_reason=None),
    ]
    references = [
        {"prompt_hash": e["prompt_hash"], "reference": r} for e, r in ((right, "A"), (wrong, "B"), (cut, "A"))
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(r) + "\n" for r in references))
    return make_folder(tmp_path / "run", [right, wrong, unknown, cut], replays)


def configured(folder: RunFolder, criteria=EQUALS, **route):
    """The configuration of the folder's one route."""
    references = {"path": "answers.jsonl"}
    return settings(folder.path.parent, [{"match": "/qa", "assert": criteria, **route}], references=references)


def test_acceptance_of_every_arm_and_status(folder: RunFolder) -> None:
    """Both arms by one list; refusals and truncations fail, unmeasured calls stay unknown, no reference is no claim."""
    report = score(folder, configured(folder))
    assert accepted(folder) == {
        ("x001", "incumbent", ""): (True, None),
        ("x001", "incumbent_replay", "large"): (True, None),
        ("x001", "candidate", "small"): (True, None),
        ("x001", "candidate", "tiny"): (False, None),
        ("x002", "incumbent", ""): (False, None),
        ("x002", "candidate", "small"): (None, "rate_limited"),
        ("x002", "candidate", "tiny"): (False, None),
        ("x003", "incumbent", ""): (None, "not_applicable"),
        ("x003", "candidate", "small"): (None, "not_applicable"),
        ("x004", "incumbent", ""): (False, None),
        ("x004", "candidate", "small"): (False, None),
        ("x004", "candidate", "tiny"): (False, None),
    }
    assert report.counts == {
        ("/qa", "answered", "errored"): 1,
        ("/qa", "answered", "scored"): 11,
        ("/qa", "equals", "errored"): 1,
        ("/qa", "equals", "not_applicable"): 2,
        ("/qa", "equals", "scored"): 9,
    }
    assert report.embedder is None


def test_an_answer_with_two_values_says_neither(tmp_path: Path) -> None:
    """It is accepted by its first value, and not by what it says as a whole; with `which` both are the same."""
    asked = exchange(1, "/qa", "Total: 5")
    said = ["Total: 5", "Total: 5\n\nTotal: 5", "Total: 5\n\nTotal: 6", "Total: 6\n\nTotal: 5"]
    replays = [replay(asked, f"t{n}", text) for n, text in enumerate(said)]
    (tmp_path / "answers.jsonl").write_text(json.dumps({"prompt_hash": asked["prompt_hash"], "reference": "5"}) + "\n")
    folder = make_folder(tmp_path / "run", [asked], replays)
    for which, wanted in (({}, [(True, True)] * 2 + [(True, False), (False, False)]), ({"which": "first"}, None)):
        extract = {"regex": "Total: ([0-9]+)", **which}
        score(folder, configured(folder, [{"type": "equals", "extract": extract, "value": "{{reference}}"}]))
        rows = {row["tier"]: row for row in pq.read_table(folder.accepted).to_pylist()}
        found = [(rows[f"t{n}"]["accepted"], rows[f"t{n}"]["accepted_content"]) for n in range(4)]
        assert found == (wanted or [(True, True)] * 3 + [(False, False)])


def test_tables_have_the_declared_columns(folder: RunFolder) -> None:
    """The two tables have exactly the declared schema, and every row says why it fails."""
    score(folder, configured(folder))
    assert pq.read_schema(folder.scores).equals(schemas.SCORES)
    assert pq.read_schema(folder.accepted).equals(schemas.ACCEPTED)
    table = scores(folder)
    failed = table.filter(~pl.col("passed").fill_null(True))
    assert failed["reason"].null_count() == 0
    unmeasured = table.filter(pl.col("status") == "errored")
    assert set(unmeasured["reason"]) == {"rate_limited"}
    assert unmeasured["value"].null_count() == unmeasured.height


def test_unchanged_scores_are_reused_and_the_bytes_stay(folder: RunFolder) -> None:
    """A second run computes nothing and writes the same bytes; another option rescored only its own criterion."""
    criteria = [*EQUALS, {"type": "word-count", "value": 1}]
    first = score(folder, configured(folder, criteria))
    before = [hashlib.sha256(path.read_bytes()).digest() for path in (folder.scores, folder.accepted)]
    second = score(folder, configured(folder, criteria))
    assert first.reused == 0
    assert (second.computed, second.reused) == (0, first.computed)
    assert before == [hashlib.sha256(path.read_bytes()).digest() for path in (folder.scores, folder.accepted)]
    changed = score(folder, configured(folder, [EQUALS[0], {"type": "word-count", "value": 2}]))
    assert 0 < changed.computed < first.computed
    assert changed.reused > 0


def test_changed_completions_are_scored_again(folder: RunFolder, tmp_path: Path) -> None:
    """A replay whose text changed is scored anew, though scorer and options are the same."""
    score(folder, configured(folder))
    table = pl.read_parquet(folder.replay_table)
    changed = pl.when(pl.col("tier").cast(pl.String) == "tiny").then(pl.lit("A")).otherwise(pl.col("text"))
    pq.write_table(table.with_columns(text=changed).to_arrow().cast(schemas.REPLAYS), folder.replay_table)
    score(folder, configured(folder))
    assert accepted(folder)["x001", "candidate", "tiny"] == (True, None)


def test_threshold_weighs_the_criteria(folder: RunFolder) -> None:
    """With a threshold the weighted share of the criteria decides; weight 0 measures without deciding."""
    criteria = [
        {"type": "equals", "value": "A", "weight": 3},
        {"type": "contains", "value": "Z"},
        {"type": "word-count", "value": 9, "weight": 0},
    ]
    score(folder, configured(folder, criteria, threshold=0.75))
    assert accepted(folder)["x001", "candidate", "small"] == (True, None)
    assert accepted(folder)["x004", "incumbent", ""] == (False, None)
    score(folder, configured(folder, criteria, threshold=0.8))
    assert accepted(folder)["x001", "candidate", "small"] == (False, None)


def test_unsupported_type_leaves_the_route_undecided(folder: RunFolder) -> None:
    """A route with a type that this version lacks is reported by name, and nothing on it is ever accepted."""
    report = score(folder, configured(folder, [*EQUALS, {"type": "answer-relevance", "threshold": 0.5}]))
    assert any("`answer-relevance` is not supported" in note for note in report.notes)
    assert not any(holds for holds, _ in accepted(folder).values())
    assert accepted(folder)["x001", "candidate", "small"] == (None, "errored")
    assert accepted(folder)["x001", "candidate", "tiny"] == (False, None)


def test_route_without_criteria_is_not_scored(folder: RunFolder) -> None:
    """Without criteria there are no rows, so nothing can be accepted by default."""
    report = score(folder, settings(folder.path.parent, []))
    assert accepted(folder) == {}
    assert report.notes == ("/qa: no criteria, so nothing is scored there",)


def test_embedder_is_named_and_opened_only_when_needed(folder: RunFolder) -> None:
    """`similar` reports its model, and a score made with one model is not reused for another."""
    criteria = [{"type": "similar", "threshold": 0.9}]
    opened = []

    def factory():
        opened.append(1)
        return open_embedder("wordllama")

    report = score(folder, configured(folder, criteria), embedder_factory=factory)
    assert report.embedder == "wordllama-l2-supercat-256"
    assert opened == [1]
    assert accepted(folder)["x001", "candidate", "tiny"] == (False, None)
    score(folder, configured(folder), embedder_factory=factory)
    assert opened == [1]


def test_workers_do_not_change_the_bytes(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process and two write the same tables."""
    criteria = [*EQUALS, {"type": "contains-any", "value": ["A", "B"], "extract": {"regex": "[AB]"}}]
    score(folder, configured(folder, criteria))
    alone = folder.scores.read_bytes()
    folder.scores.unlink()
    monkeypatch.setattr(jobs, "PARALLEL_FROM", 1)
    monkeypatch.setattr(jobs, "CONTEXTS_PER_JOB", 2)
    two = ExecutorSettings(workers=2)
    score(folder, configured(folder, criteria).model_copy(update={"executor": two}))
    assert folder.scores.read_bytes() == alone


@dataclass(slots=True)
class Step:
    """A step of progress: what it counts to, and how far it came in how many strides."""

    what: str
    total: float | None
    done: float = 0.0
    strides: int = 0


class Heard:
    """Keeps the steps that have ended."""

    def __init__(self) -> None:
        self.open: list[Step] = []
        self.ended: list[Step] = []

    def begin(self, what: str, total: float | None, unit: str) -> None:
        """As of `audit.core.progress.Reporter`."""
        self.open.append(Step(what, total))

    def advance(self, done: float) -> None:
        """As of `audit.core.progress.Reporter`."""
        self.open[-1].done += done
        self.open[-1].strides += 1

    def end(self) -> None:
        """As of `audit.core.progress.Reporter`."""
        self.ended.append(self.open.pop())


def test_progress_is_told_within_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few slow scores are heard of long before twenty thousand exchanges are done, and all are counted once."""
    monkeypatch.setattr(jobs, "CONTEXTS_PER_JOB", 10)
    many = [exchange(n, "/qa", f"answer {n}", prompt=f"prompt {n}") for n in range(40)]
    folder, heard = make_folder(tmp_path, many, [replay(one, "small", "other") for one in many]), Heard()
    with reporting(heard):
        score(folder, settings(tmp_path, [{"match": "*", "assert": [*EQUALS, {"type": "equals", "value": "other"}]}]))
    *batches, whole = heard.ended
    assert batches == [Step("Scoring a batch", 41, 41, strides=5)] * 2
    assert whole == Step("Scoring answers", 40, 40, strides=1)


def test_without_the_logs_tools_an_answer_without_a_call_tells_nothing(tmp_path: Path) -> None:
    """Nobody can call what was not offered: not asked. A call, and one that is written as text, are answers."""
    call = [{"type": "function", "function": {"name": "look_up", "arguments": "{}"}}]
    own = {"tool_calls": json.dumps(call), "unreplayable_reasons": ["tools_missing"], "finish_reason": "tool_calls"}
    one, offered = exchange(1, "/qa", None, **own), exchange(2, "/qa", None, **own | {"unreplayable_reasons": []})
    answers = {"words": "I cannot know that.", "as_text": "look_up({})", "calls": None}
    replays = [
        replay(of, tier, text, tool_calls=json.dumps(call) if text is None else None)
        for of in (one, offered)
        for tier, text in answers.items()
    ]
    folder = make_folder(tmp_path, [one, offered], replays)
    score(
        folder,
        settings(tmp_path, [{"match": "*", "assert": [{"type": "tool-call", "value": "{{incumbent.tool_calls}}"}]}]),
    )
    found = {(key[0], key[2]): value for key, value in accepted(folder).items() if key[1] == "candidate"}
    assert {tier: found["x001", tier][0] for tier in answers} == {"words": None, "as_text": False, "calls": True}
    assert found["x001", "words"][1] == "not_asked"
    assert {tier: found["x002", tier][0] for tier in answers} == {"words": False, "as_text": False, "calls": True}


def test_templates_see_request_incumbent_and_metadata(tmp_path: Path) -> None:
    """What templates use is read from the log; what they do not use is not."""
    one = exchange(1, "/qa", "the log's answer", prompt="say it", metadata=[("team", "blue")])
    folder = make_folder(tmp_path, [one], [replay(one, "small", "say it / the log's answer / blue")])
    template = "{{request.last_user}} / {{incumbent.text}} / {{metadata.team}}"
    score(folder, settings(tmp_path, [{"match": "*", "assert": [{"type": "equals", "value": template}]}]))
    assert accepted(folder)["x001", "candidate", "small"] == (True, None)
    assert accepted(folder)["x001", "incumbent", ""] == (False, None)


def test_equal_requests_and_answers_are_scored_once(tmp_path: Path) -> None:
    """A thousand exchanges with one answer cost one score."""
    many = [exchange(n, "/qa", "same", prompt="same") for n in range(1_000)]
    folder = make_folder(tmp_path, many, [replay(many[0], "small", "other")])
    report = score(folder, settings(tmp_path, [{"match": "*", "assert": [{"type": "equals", "value": "same"}]}]))
    assert report.computed == 2
    assert len(accepted(folder)) == 2_000


@pytest.mark.slow
def test_a_million_scores(tmp_path: Path) -> None:
    """A million scored pairs take about a minute of processor time in one process."""
    n = 250_000
    folder = make_large_folder(tmp_path, n)
    pattern = {"regex": r"(?i)answer\s*(?:is|:)\s*(\d)"}
    route = {"match": "*", "assert": [{"type": "numeric", "extract": pattern, "value": 3}]}
    start = time.process_time()
    report = score(folder, settings(tmp_path, [route]))
    took = time.process_time() - start
    assert report.counts["/qa", "numeric", "scored"] == 4 * n
    assert took < 180  # a busy machine doubles processor time
