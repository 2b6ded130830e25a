"""Recordings: what is put is got, kills tear at most the last line, equal recordings are equal bytes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, InputError
from audit.core.exchange import Completion, Usage
from audit.llm.cassette import Cassette, CassetteLocked, missing, refuse_ambiguous
from tests.llm.world import tier

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{ "a":1}'}}
FULL = Completion(
    text="half \ud83d\nnext",
    tool_calls=(CALL,),
    finish_reason="tool_calls",
    usage=Usage(prompt_tokens=3, completion_tokens=4, cached_tokens=1),
    model_reported="m-1",
    latency_ms=12.5,
    cost_usd=0.25,
)


def test_what_is_put_is_got(tmp_path: Path) -> None:
    """Everything but the cost survives, in this process and in the next; model and repeat are part of the key."""
    with Cassette(tmp_path / "tape") as tape:
        tape.put("m", "fp", 0, FULL)
        assert tape.get("m", "fp", 1) is None
        assert tape.get("other", "fp") is None
        first = tape.get("m", "fp")
    with Cassette(tmp_path / "tape") as tape:
        again = tape.get("m", "fp")
    assert first == again == Completion(**{**{f: getattr(FULL, f) for f in FULL.__slots__}, "cost_usd": None})


def test_the_first_recording_stays(tmp_path: Path) -> None:
    """Putting again changes nothing."""
    with Cassette(tmp_path) as tape:
        tape.put("m", "fp", 0, Completion(text="first"))
        tape.put("m", "fp", 0, Completion(text="second"))
        assert (tape.get("m", "fp") or FULL).text == "first"
        assert len(tape) == 1


def test_order_does_not_reach_the_bytes(tmp_path: Path) -> None:
    """The same completions in any order, over any number of sessions, compact to the same file."""
    names = [f"fp{i}" for i in range(20)]
    for folder, seed in (("a", 1), ("b", 2)):
        shuffled = random.Random(seed).sample(names, 20)
        for part in (shuffled[: 5 * seed], shuffled[5 * seed :]):
            with Cassette(tmp_path / folder) as tape:
                for name in part:
                    tape.put("m", name, 0, Completion(text=name))
                tape.compact()
                assert all((tape.get("m", name) or FULL).text == name for name in part)
    files = [tmp_path / folder / "completions.jsonl" for folder in "ab"]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["completions.jsonl"]


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    """A kill while writing: the rest is read, the damage is a note, and recording goes on."""
    with Cassette(tmp_path) as tape:
        tape.put("m", "a", 0, Completion(text="a"))
        tape.put("m", "b", 0, Completion(text="b"))
    path = tmp_path / "completions.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    with Cassette(tmp_path) as tape:
        assert (tape.has("m", "a"), tape.has("m", "b"), len(tape.notes)) == (True, False, 1)
        tape.put("m", "b", 0, Completion(text="b"))
    with Cassette(tmp_path) as tape:
        assert (len(tape), tape.notes) == (2, [])


def _with(completion: str) -> str:
    return f'{{"completion":{completion},"model":"m","repeat":0,"request_fp":"b"}}\n'


@pytest.mark.parametrize(
    "line",
    [
        "{}\n",
        "[]\n",
        *map(_with, ("[]", "7", '"b"', "null", '{"text":5}', '{"text":"b","usage":7}', '{"text":"b","else":1}')),
        f"{'[' * 100_000}\n",
    ],
)
def test_a_damaged_line_elsewhere_is_an_error_with_its_place(tmp_path: Path, line: str) -> None:
    """Only a kill tears a last line; anything else is named."""
    with Cassette(tmp_path) as tape:
        for name in "abc":
            tape.put("m", name, 0, Completion(text=name))
    path = tmp_path / "completions.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + line + lines[2])
    with pytest.raises(InputError) as raised:
        Cassette(tmp_path)
    assert raised.value.place is not None
    assert raised.value.place.line == 2


def test_recordings_of_several_files_are_one_cassette(tmp_path: Path) -> None:
    """A folder of hand-made files is read whole, and compacted into one when something is added."""
    for name in "ab":
        with Cassette(tmp_path / name) as tape:
            tape.put("m", name, 0, Completion(text=name))
    (tmp_path / "a" / "more.jsonl").write_bytes((tmp_path / "b" / "completions.jsonl").read_bytes())
    with Cassette(tmp_path / "a") as tape:
        assert missing(tape, [("m", "a", 0), ("m", "b", 0), ("m", "c", 0)]) == 1
        tape.put("m", "c", 0, Completion(text="c"))
        tape.compact()
        assert len(tape) == 3
    assert len(list((tmp_path / "a").iterdir())) == 1
    assert all(json.loads(line)["key"] for line in (tmp_path / "a" / "completions.jsonl").read_text().splitlines())


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    """Looking into a cassette that is not there leaves nothing behind; a tier's must be there."""
    with Cassette(tmp_path / "none") as tape:
        assert len(tape) == 0
    assert not (tmp_path / "none").exists()
    with pytest.raises(InputError, match="no cassette"):
        Cassette(tmp_path / "none", must_exist=True)


def test_one_model_at_two_addresses_is_refused() -> None:
    """The key holds no address, so a run that needs one is refused rather than served the wrong answers."""
    with pytest.raises(ConfigError, match="`a` and `b`"):
        refuse_ambiguous([tier("a"), tier("b", base_url="http://other/v1")])
    refuse_ambiguous([tier("a"), tier("b"), tier("c", model="n", base_url="http://other/v1")])


def test_another_effort_is_another_recording(tmp_path: Path) -> None:
    """Settings, limits and protocol are part of the key; an address, a stream and a price are not."""
    high, low = tier(reasoning_effort="high"), tier(options={"body": {"reasoning_effort": "low"}})
    others = (tier(max_output_tokens=9), tier(provider="anthropic"), tier(options={"headers": {"x": "y"}}))
    assert len({one.answers_key for one in (tier(), high, low, *others)}) == 6
    assert tier(base_url="http://other.test", options={"stream": True}, timeout_s=1.0).answers_key == tier().answers_key
    with Cassette(tmp_path) as tape:
        tape.put(high.answers_key, "fp", 0, Completion(text="deep"))
        tape.put(low.answers_key, "fp", 0, Completion(text="quick"))
    with Cassette(tmp_path) as tape:
        got = [tape.get(one.answers_key, "fp") for one in (high, low, tier())]
        assert [one and one.text for one in got] == ["deep", "quick", None]
    refuse_ambiguous([high, tier(name="low", base_url="http://other.test", options=low.options)])


def test_recordings_without_settings_keep_their_bytes(tmp_path: Path) -> None:
    """What an earlier version wrote is read, and what is written for such a tier is the same."""
    with Cassette(tmp_path) as tape:
        tape.put(tier().answers_key, "fp", 0, Completion(text="x"))
    line = json.loads((tmp_path / "completions.jsonl").read_text())
    assert line["model"] == "m"
    assert set(line["completion"]) == {*Completion.__slots__} - {"cost_usd", "notes", "beside_bytes", "billed_usd"}


def test_one_process_records_at_a_time(tmp_path: Path) -> None:
    """A second recorder is told before anything is written; readers are not kept out, and what the first recorded is
    there for the second once it is done."""
    first, second = Cassette(tmp_path), Cassette(tmp_path)
    first.put("m", "a", 0, Completion(text="one"))
    with pytest.raises(CassetteLocked):
        second.put("m", "b", 0, Completion(text="two"))
    assert Cassette(tmp_path).has("m", "a")
    first.compact()
    with pytest.raises(CassetteLocked):
        second.claim()
    first.close()
    second.put("m", "b", 0, Completion(text="two"))
    second.compact()
    second.close()
    with Cassette(tmp_path) as read:
        told = [found.text for name in "ab" if (found := read.get("m", name)) is not None]
    assert told == ["one", "two"]
