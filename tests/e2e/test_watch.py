"""`audit watch` on planted logs: from a chosen day a name answers worse, or its users do not like it any more."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.cli.main import run
from audit.core.fingerprint import prompt_hash

DAYS, PER_DAY, CHANGED = 30, 40, 18
CONFIG = """\
margin: 3pt
ingest:
  format: generic
  route: route
  session: session
  map: {prompt: ask, response: answer, model: model, request_id: id, started_at: at,
        model_responded: said, feedback: {liked: liked}}
references: {path: right.jsonl}
routes:
  - match: "/add"
    assert: [{type: equals, value: "{{reference}}"}]
"""


def planted(home: Path, *, worse_by: float = 0.0, disliked_by: float = 0.0, longer: bool = False) -> tuple[Path, Path]:
    """Sums of two numbers, 95 % right; from day `CHANGED` on so much less often, or so much less often liked."""
    rng = random.Random(7)
    lines, right = [], []
    for number in range(DAYS * PER_DAY):
        day = number // PER_DAY
        late = day >= CHANGED
        a, b = number, rng.randrange(900)
        ask = f"{a} + {b}" + (" " + "please " * 400 if late and longer else "")
        right.append({"prompt_hash": prompt_hash([{"role": "user", "content": ask}]), "reference": str(a + b)})
        good = rng.random() < 0.95 - (worse_by if late else 0.0)
        liked = rng.random() < 0.8 - (disliked_by if late else 0.0)
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day, seconds=600 * (number % PER_DAY))
        lines.append(
            {
                "id": f"r{number}", "route": "/add", "session": f"s{number}", "model": "atlas-large", "ask": ask,
                "answer": str(a + b if good else a + b + 1), "at": at.isoformat(),
                "said": "atlas-large-0401" if late else "atlas-large-0101",
                **({"liked": liked} if number % 2 else {}),
            }
        )  # fmt: skip
    log = home / "log.jsonl"
    log.write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    (home / "right.jsonl").write_text("\n".join(map(json.dumps, right)) + "\n", "utf-8")
    config = home / "audit.yaml"
    config.write_text(CONFIG, "utf-8")
    return log, config


def watched(log: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, object]]]:
    """Exit code, and what is said by each signal."""
    capsys.readouterr()
    code = run(["watch", str(log), "--config", str(config), "--json"])
    document = json.loads(capsys.readouterr().out)
    return code, {one["signal"]: one for one in document["watched"]}


def test_a_name_that_answers_worse_alarms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the criteria, within days of the day on which it began, with what the model calls itself; the other signals
    stay quiet."""
    log, config = planted(tmp_path, worse_by=0.25)
    code, found = watched(log, config, capsys)
    assert code == 1
    mine = found["criteria"]
    began, alarm = (datetime.fromisoformat(str(mine[name])) for name in ("began", "alarm"))
    change = datetime(2026, 3, 1) + timedelta(days=CHANGED)
    assert abs((began - change).days) <= 2
    assert timedelta() <= alarm - change <= timedelta(days=6)
    assert mine["responded"] == ["atlas-large-0101", "atlas-large-0401"]
    assert [found[name]["alarm"] for name in ("liked", "asked again")] == [None, None]
    run(["watch", str(log), "--config", str(config)])
    out = capsys.readouterr().out
    assert "✗ atlas-large on /add" in out
    assert "it called itself atlas-large-0101 before, and atlas-large-0401 since" in out
    assert "WATCH ALARM: 1 alarm in 3 series" in out


def test_what_users_say_is_a_signal_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Answers are as right as before, and liked less: the outcome alarms, and the criteria do not."""
    log, config = planted(tmp_path, disliked_by=0.4)
    code, found = watched(log, config, capsys)
    assert code == 1
    assert found["liked"]["alarm"] is not None
    assert found["criteria"]["alarm"] is None


def test_nothing_has_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet, exit 0; the criteria are held against the outcome on today's answers."""
    log, config = planted(tmp_path)
    capsys.readouterr()
    assert run(["watch", str(log), "--config", str(config)]) == 0
    out = capsys.readouterr().out
    assert "WATCH quiet: 0 alarms in 3 series" in out
    assert "/add, liked (50.0% of requests): bad rejected" in out
    assert "No candidate has any: they decide nothing." in " ".join(out.split())


def test_other_requests_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where prompts are others since the fall, that is said beside the alarm."""
    log, config = planted(tmp_path, worse_by=0.25, longer=True)
    assert run(["watch", str(log), "--config", str(config)]) == 1
    assert "its requests are others too" in capsys.readouterr().out
