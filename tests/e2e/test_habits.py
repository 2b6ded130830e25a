"""One audit of many routes, each with a perfect candidate behind a server that does not take every request."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder, read_json
from audit.core.errors import Incomplete
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.flow import sequential
from audit.replay.meter import SilentMeter
from audit.report.terminal import plain, summary_lines
from tests.e2e.tiny import record
from tests.quirky import serving_habits

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
N = 170
"""Requests per route: enough for a Switch at six points."""


@dataclass(frozen=True, kw_only=True)
class Habit:
    """A route whose candidate has a habit.

    Attributes:
        model: Names the habit.
        params: Logged with every request.
        role: Of the first message.
        image: Every request has one.
        tier: More of the candidate's entry in `audit.yaml`.
        verdict: That must come out.
        says: Part of what the first screen must say of it; "" for nothing in particular.
    """

    model: str
    verdict: Verdict
    says: str = ""
    params: tuple[tuple[str, Any], ...] = (("temperature", 0), ("max_tokens", 16))
    role: str = "system"
    image: bool = False
    tier: str = ""


DROP = ", adapt: [rename, role, drop]"
SWITCH, OPEN = Verdict.SWITCH, Verdict.NOT_PROVEN
HABITS = {
    "/plain": Habit(model="takes everything", verdict=SWITCH),
    "/temperature": Habit(model="no temperature", verdict=OPEN, says="does not take `temperature`"),
    "/temperature-drop": Habit(model="no temperature", verdict=SWITCH, says="`temperature` is left out", tier=DROP),
    "/top-p": Habit(model="no top_p", verdict=OPEN, says="does not take `top_p`", params=(("top_p", 0.5),)),
    "/max-tokens": Habit(model="no max_tokens", verdict=SWITCH, says="sent as `max_completion_tokens`"),
    "/max-completion": Habit(
        model="no max_completion_tokens",
        verdict=SWITCH,
        says="sent as `max_tokens`",
        params=(("max_completion_tokens", 16),),
    ),
    "/developer": Habit(model="no developer", verdict=SWITCH, says="role `developer` are sent as", role="developer"),
    "/developer-kept": Habit(
        model="no developer", verdict=OPEN, says="role `developer`", role="developer", tier=", adapt: []"
    ),
    "/images-off": Habit(model="no images", verdict=OPEN, says="`supports.images`", image=True),
    "/images-refused": Habit(
        model="no images", verdict=OPEN, says="does not take images", image=True, tier=", supports: {images: true}"
    ),
    "/streams": Habit(model="streams only", verdict=SWITCH),
    "/streams-limit": Habit(model="streams only + no max_tokens", verdict=SWITCH, says="`max_completion_tokens`"),
    "/streams-temperature": Habit(
        model="streams only + no temperature", verdict=OPEN, says="does not take `temperature`"
    ),
    "/developer-temperature": Habit(
        model="no developer + no temperature",
        role="developer",
        verdict=SWITCH,
        says="`temperature` is left out",
        tier=DROP,
    ),
    "/developer-images": Habit(
        model="no developer + no images",
        role="developer",
        image=True,
        verdict=OPEN,
        says="does not take images",
        tier=", supports: {images: true}",
    ),
    "/four": Habit(
        model="no max_tokens + no temperature + no developer + no seed, in pydantic's words + streams only",
        role="developer",
        params=(("temperature", 0), ("max_tokens", 16), ("seed", 3)),
        verdict=SWITCH,
        says="`seed` is left out",
        tier=DROP,
    ),
    "/untold": Habit(model="no temperature, without saying so", verdict=OPEN, says="refuses the request"),
    "/warm-some": Habit(model="warm on some", verdict=OPEN, says="`temperature`"),
    "/warm-dropped": Habit(model="warm on some", verdict=SWITCH, says="`temperature` is left out", tier=DROP),
    "/forbidden-some": Habit(model="forbidden on some", verdict=OPEN),
    "/late-temperature": Habit(model="no temperature after 30", verdict=OPEN, says="does not take `temperature`"),
    "/late-streams": Habit(model="streams only after 30", verdict=SWITCH),
    "/late-quota": Habit(model="no quota after 30", verdict=OPEN, says="credit"),
    "/late-forbidden": Habit(model="forbidden after 30", verdict=OPEN, says="HTTP 403"),
    "/late-model": Habit(model="no such model after 30", verdict=OPEN, says="does not serve the model"),
    "/late-other": Habit(model="another model after 30", verdict=SWITCH, says="acme-other-7"),
    "/failing": Habit(model="fails on some", verdict=OPEN, says="could not be measured"),
    "/model": Habit(model="no such model", verdict=OPEN, says="model"),
    "/quota": Habit(model="no quota", verdict=OPEN, says="credit"),
    "/forbidden": Habit(model="forbidden", verdict=OPEN, says="HTTP 403"),
}


def log_of(path: Path) -> Path:
    """Every route's requests, answered right."""
    lines = []
    for place, (route, habit) in enumerate(HABITS.items()):
        for number in range(N):
            text = f"Double {number}."
            content: Any = [{"type": "text", "text": text}, IMAGE] if habit.image else text
            changed = record(place * N + number, metadata={"route": route, "team": "one"})
            changed["messages"] = [
                {"role": habit.role, "content": f"{route} doubles."},
                {"role": "user", "content": content},
            ]
            changed["response"]["choices"][0]["message"]["content"] = str(2 * number)
            changed["model_parameters"] = dict(habit.params)
            lines.append(json.dumps(changed))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def config_of(path: Path, url: str) -> Path:
    """A tier and a route for each habit."""
    tiers = [
        f'  - {{name: "t{route}", model: "{habit.model}", provider: openai-compatible, base_url: "{url}", '
        f"price: {{input: 0.1, output: 0.3}}{habit.tier}}}"
        for route, habit in HABITS.items()
    ]
    routes = [
        f'  - {{match: "{route}", candidates: ["t{route}"], '
        'assert: [{type: equals, value: "{{incumbent.text}}"}]}'
        for route in HABITS
    ]
    head = "margin: 6pt\nreplay: {attempts: 1}\nmax_spend: $1\ningest: {route: metadata.route}\n"
    path.write_text(head + "\n".join(["tiers:", *tiers, "routes:", *routes]) + "\n", "utf-8")
    return path


@dataclass(frozen=True)
class Audit:
    """What came out."""

    findings: Findings
    screen: str
    folder: RunFolder
    error: Incomplete

    def route(self, name: str) -> RouteFinding:
        """The finding of a route."""
        return next(route for route in self.findings.routes if route.route == name)


class Ends(SilentMeter):
    """Keeps what is concluded of a stopped replay."""

    def __init__(self) -> None:
        self.told: list[Findings] = []

    def incomplete(self, findings: Findings) -> None:
        """One replay, one conclusion."""
        self.told.append(findings)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The audit of all the habits."""
    home = tmp_path_factory.mktemp("habits")
    folder, meter = RunFolder(home / "run"), Ends()
    with serving_habits() as endpoint:
        settings = load_settings(config_of(home / "audit.yaml", endpoint.base_url))
        with pytest.raises(Incomplete) as stopped:
            sequential.replay([log_of(home / "log.jsonl")], settings, folder, consent=lambda plan: True, meter=meter)
    screen = " ".join(plain(summary_lines(meter.told[0])).split())
    return Audit(meter.told[0], screen, folder, stopped.value)


@pytest.mark.parametrize("name", HABITS)
def test_a_perfect_candidate_is_never_worse_than_not_proven(audit: Audit, name: str) -> None:
    """Switch where its requests can be adapted, Not proven with the reason on the first screen where they cannot."""
    habit, route = HABITS[name], audit.route(name)
    assert route.verdict is habit.verdict, route.reason
    assert habit.says in audit.screen
    (candidate,) = route.candidates
    assert candidate.counted_against == {}
    assert candidate.b == 0
    if habit.verdict is OPEN:
        assert habit.says in route.reason
        assert f"{name}: t{name}" in audit.screen


def test_every_dollar_is_in_a_bucket_and_only_answers_are_audited(audit: Audit) -> None:
    """The buckets are the spend; what no answer stands for is named."""
    ledger, spend = audit.findings.ledger, audit.findings.spend_usd
    assert ledger.audited_usd + ledger.extrapolated_usd + ledger.not_auditable_usd == pytest.approx(spend)
    rows = pq.read_table(audit.folder.replay_table, columns=["route", "status"]).to_pylist()
    answers = Counter(row["route"] for row in rows if row["status"] == "ok")
    each = spend / (N * len(HABITS))
    stands_for = sum(N if habit.verdict is SWITCH else answers[route] for route, habit in HABITS.items()) * each
    not_drawn = N * each / 2  # of the one route that was given up after some answers without being stopped
    assert ledger.audited_usd + ledger.extrapolated_usd == pytest.approx(stands_for, abs=not_drawn)
    assert any("`supports.images`" in reason for reason in ledger.reasons)


def test_tiers_that_cannot_work_stop_themselves_and_the_error_names_them(audit: Audit) -> None:
    """Exit code 4: every other route is decided; what stopped is in the error with its notes."""
    assert audit.error.exit_code == 4
    told = " ".join([audit.error.what, *audit.error.notes])
    assert "model" in told
    assert "credit" in told


def test_the_policy_names_what_must_be_changed(audit: Audit) -> None:
    """Whoever routes to a tier that was measured with changed requests is told to change them."""
    policy = read_json(audit.folder.policy)
    changes = {entry["route"]: entry["evidence"].get("adaptations", []) for entry in policy["routes"]}
    assert changes["/max-tokens"] == ["`max_tokens` is sent as `max_completion_tokens`"]
    assert changes["/plain"] == []
