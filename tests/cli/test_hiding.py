"""The plan says what of the sample is personal data, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.cli.main import run
from tests.e2e.tiny import record, write_config

MAIL = "ada.lovelace@mail.example.org"


def planned(
    folder: Path, capsys: pytest.CaptureFixture[str], url: str, more: str = "", *, each: int = 3, n: int = 60
) -> tuple[str, dict[str, object]]:
    """What `audit plan` prints and writes for a log of which every third request holds an address."""
    asked = [f"What is {i} plus {i}?" + (f" Tell {MAIL}" if i % each == 0 else "") for i in range(n)]
    log = folder / "log.jsonl"
    lines = [record(i, messages=[{"role": "user", "content": text}]) for i, text in enumerate(asked)]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    config = write_config(folder / "audit.yaml", url, more)
    plan = folder / "plan.json"
    assert run(["plan", str(log), "--config", str(config), "-o", str(plan)]) == 0
    said = capsys.readouterr()
    return said.out + said.err, json.loads(plan.read_text("utf-8"))


@pytest.mark.parametrize(
    ("url", "more", "says", "silent"),
    [
        ("https://tier.example/v1", "", "not asked these", "goes as"),
        ("https://tier.example/v1", ", redact: personal", "goes as placeholders", "as it is"),
        ("https://tier.example/v1", ", redact: off", "goes as it is", "as placeholders"),
        ("http://127.0.0.1:9/v1", "", "Text leaves", "personal data"),
    ],
)
def test_the_plan_says_what_becomes_of_personal_data(
    url: str, more: str, says: str, silent: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By kind and by tier, never a value; nothing where all stays on this machine."""
    said, plan = planned(tmp_path, capsys, url, more)
    words = " ".join(said.split())
    assert says in words
    assert silent not in words
    assert MAIL not in said
    if "127" in url:
        assert "personal" not in plan
    else:
        found = plan["personal"]
        assert isinstance(found, dict)
        assert found["kinds"] == {"email": found["requests"]}
        assert 0 < found["requests"] < found["of"]


def test_what_is_not_asked_is_not_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A third of the requests may not leave: calls, tokens and dollars are those of the others, and of all where they
    are sent as they are."""
    plans = {}
    for name, more in (("kept", ""), ("sent", ", redact: off")):
        (tmp_path / name).mkdir()
        _, plans[name] = planned(tmp_path / name, capsys, "https://tier.example/v1", more)
    kept, sent = plans["kept"], plans["sent"]
    found = sent["personal"]
    assert isinstance(found, dict)
    share = 1 - found["requests"] / found["of"]
    for figure in ("calls", "tokens", "expected_usd", "at_most_usd"):
        assert 0 < kept[figure] == pytest.approx(sent[figure] * share, rel=0.1), figure


@pytest.mark.parametrize(("more", "decides"), [("", {"no"}), (", redact: off", {"yes", "maybe"})], ids=["kept", "sent"])
def test_what_a_route_can_decide_is_told_of_what_is_asked(
    more: str, decides: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sample that would be large enough decides nothing where its tier is kept from all of it."""
    _, plan = planned(tmp_path, capsys, "https://tier.example/v1", more, each=1, n=400)
    (design,) = plan["designs"]  # type: ignore[misc]
    assert design["can_decide"] in decides
    assert design["quality_n"] > 100
