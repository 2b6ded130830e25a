"""What a replay learns of endpoints: it adapts what it may, sends nothing in vain, and stops what cannot work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from audit.core.adaptation import KEEPS_MEANING, Adapt, Adaptation, TierNotes, adapted, remedy
from audit.core.artifacts import RunFolder, read_tier_notes
from audit.core.clock import ManualClock
from audit.core.errors import EndpointError
from audit.core.exchange import Request
from audit.core.fingerprint import request_fp
from audit.core.reason import Reason, because
from audit.core.settings import ReplaySettings
from audit.core.tier import Supports
from audit.llm.client import ClientOptions
from audit.replay.options import PartStopped, ReplayOptions
from audit.replay.run import run_replay
from audit.replay.table import money_spent
from tests.quirky import HABITS, Quirky
from tests.replay.world import World, tier, world_of

URL = "http://tier.test/v1"
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
ALL = tuple(Adapt)

RENAMES = {"no max_tokens": "max_completion_tokens", "no max_completion_tokens": "max_tokens"}
DROPS = {"no temperature": "temperature", "no top_p": "top_p"}
STOPS = ("no such model", "no quota", "forbidden")


def asked(n: int, role: str = "system", image: bool = False, **params: Any) -> list[Request]:
    """n requests to double a number."""
    found = []
    for number in range(n):
        text = f"Double {number}."
        content: Any = [{"type": "text", "text": text}, IMAGE] if image else text
        messages = [{"role": role, "content": "You double."}, {"role": "user", "content": content}]
        found.append(Request(request_fp=request_fp(messages, params=params), messages=messages, params=params))
    return found


def go(made: World, folder: Path, server: Quirky, **rest: Any) -> list[dict[str, Any]]:
    """Replay, and what the table holds."""
    settings = ReplaySettings.model_validate(rest.pop("settings", {}))
    options = ReplayOptions(cap_usd=10.0, client=ClientOptions(environ={}), transport=server, clock=ManualClock())
    run_replay(made.calls, made.requests, made.tiers, settings, RunFolder(folder), options)
    return list(pq.read_table(RunFolder(folder).replay_table).to_pylist())


def notes(folder: Path) -> TierNotes:
    """What the run folder holds of the one tier."""
    return read_tier_notes(RunFolder(folder).tiers).get("small", TierNotes())


@pytest.mark.parametrize("habit", RENAMES)
def test_the_token_limit_is_renamed_without_asking(tmp_path: Path, habit: str) -> None:
    """Every answer comes, one call is refused once, and the change is written down."""
    name = next(name for name in RENAMES.values() if name != RENAMES[habit])
    server = Quirky()
    rows = go(world_of(asked(40, **{name: 50}), tier(URL, model=habit)), tmp_path, server)
    assert {row["status"] for row in rows} == {"ok"}
    assert len(server.bodies[habit]) == 41
    assert all(RENAMES[habit] in body for body in server.bodies[habit][1:])
    assert notes(tmp_path).adaptations == (Adaptation(kind=Adapt.RENAME, name=name, to=RENAMES[habit]),)


def test_a_limit_that_the_request_does_not_name_is_renamed_too(tmp_path: Path) -> None:
    """The limit that the tier adds for the cap goes under the name that the endpoint takes."""
    server = Quirky()
    rows = go(world_of(asked(5), tier(URL, model="no max_tokens")), tmp_path, server)
    assert {row["status"] for row in rows} == {"ok"}
    assert all(body["max_completion_tokens"] == 100 for body in server.bodies["no max_tokens"][1:])


def test_the_role_is_mapped_without_asking(tmp_path: Path) -> None:
    """`developer` is the newer word for `system`."""
    server = Quirky()
    rows = go(world_of(asked(20, role="developer"), tier(URL, model="no developer")), tmp_path, server)
    assert {row["status"] for row in rows} == {"ok"}
    assert len(server.bodies["no developer"]) == 21


@pytest.mark.parametrize("habit", DROPS)
def test_a_sampling_parameter_is_left_out_only_where_that_is_allowed(tmp_path: Path, habit: str) -> None:
    """Allowed: all answers. Not allowed: one refusal, nothing else is sent, and the reason names the parameter."""
    params, many = {DROPS[habit]: 0.5}, 40
    rows = go(world_of(asked(many, **params), tier(URL, model=habit, adapt=ALL)), tmp_path / "may", Quirky())
    assert {row["status"] for row in rows} == {"ok"}
    server = Quirky()
    rows = go(world_of(asked(many, **params), tier(URL, model=habit)), tmp_path / "not", server)
    assert {(row["status"], row["reason"], row["about"]) for row in rows} == {
        ("not_asked", "parameter_refused", DROPS[habit])
    }
    assert len(server.bodies[habit]) == 1
    assert notes(tmp_path / "not").adaptations == ()


def test_another_value_of_a_refused_parameter_is_still_asked(tmp_path: Path) -> None:
    """That 0 is refused says nothing of 1."""
    mixed = [*asked(10, temperature=0), *asked(10, temperature=1)]
    rows = go(world_of(mixed, tier(URL, model="no temperature")), tmp_path, Quirky())
    assert sorted(row["status"] for row in rows) == ["not_asked"] * 10 + ["ok"] * 10


@pytest.mark.parametrize("images", [False, True])
def test_images_are_not_asked_whoever_does_not_take_them(tmp_path: Path, images: bool) -> None:
    """Switched off by default nothing is sent; switched on, the endpoint's refusal is heard once."""
    server = Quirky()
    small = tier(URL, model="no images", supports=Supports(images=images))
    rows = go(world_of([*asked(20, image=True), *asked(5)], small), tmp_path, server)
    reason = "media_refused" if images else "images_off"
    assert sorted((row["status"], row["reason"]) for row in rows if row["reason"]) == [("not_asked", reason)] * 20
    assert len(server.bodies["no images"]) == 5 + images


@pytest.mark.parametrize("habit", STOPS)
def test_what_cannot_work_stops_the_tier_and_not_the_others(tmp_path: Path, habit: str) -> None:
    """The other tier has all its answers; nothing stands against the stopped one, and the reason is written down."""
    server = Quirky()
    made = world_of(asked(60), tier(URL, model=habit), tier(URL, "other", model="takes everything"))
    with pytest.raises(PartStopped) as stopped:
        go(made, tmp_path, server)
    assert stopped.value.exit_code == 4
    rows = pq.read_table(RunFolder(tmp_path).replay_table).to_pylist()
    assert sum(row["tier"] == "other" and row["status"] == "ok" for row in rows) == 60
    assert len(server.bodies[habit]) <= 8
    why = notes(tmp_path).stopped
    assert why is not None
    assert why.reason is Reason.TIER_STOPPED


def test_a_single_tier_that_cannot_work_could_not_run(tmp_path: Path) -> None:
    """Nothing was measured at all: exit code 2, with the endpoint's reason, after one call."""
    server = Quirky()
    with pytest.raises(EndpointError, match="model") as stopped:
        go(world_of(asked(60), tier(URL, model="no such model")), tmp_path, server)
    assert stopped.value.exit_code == 2
    assert len(server.bodies["no such model"]) == 1


def test_what_was_learned_is_known_to_the_next_run_as_far_as_it_is_allowed(tmp_path: Path) -> None:
    """A second run of the folder sends the adapted form at once; where `adapt:` does not allow it any more, it asks."""
    first = world_of(asked(5, temperature=0), tier(URL, model="no temperature", adapt=ALL))
    go(first, tmp_path, Quirky())
    again, server = world_of(asked(12, temperature=0), tier(URL, model="no temperature", adapt=ALL)), Quirky()
    go(again, tmp_path, server)
    assert all("temperature" not in body for body in server.bodies["no temperature"])
    server = Quirky()
    less = world_of(asked(20, temperature=0), tier(URL, model="no temperature", adapt=KEEPS_MEANING))
    go(less, tmp_path, server)
    assert [body["temperature"] for body in server.bodies["no temperature"]] == [0]


def test_answers_without_a_parameter_are_not_taken_for_answers_with_it(tmp_path: Path) -> None:
    """Where leaving out is no longer allowed, what was answered without the parameter is no result any more."""
    allowed = world_of(asked(10, temperature=0), tier(URL, model="no temperature", adapt=ALL))
    assert {row["status"] for row in go(allowed, tmp_path, Quirky())} == {"ok"}
    less = world_of(asked(10, temperature=0), tier(URL, model="no temperature"))
    assert {row["status"] for row in go(less, tmp_path, Quirky())} == {"not_asked"}


def test_a_refused_first_attempt_costs_nothing(tmp_path: Path) -> None:
    """What the journal books is the answers alone, whatever was refused before they came."""
    go(world_of(asked(30), tier(URL, model="no max_tokens")), tmp_path, Quirky())
    spend = money_spent(RunFolder(tmp_path).journal)
    assert spend.lost_usd == 0
    assert spend.spent_usd == pytest.approx(30 * (20 * 1.0 + 2 * 2.0) / 1e6)


def test_every_habit_of_the_server_is_tried_here() -> None:
    """A habit that no test names would be one that nobody promises anything about."""
    named = {*RENAMES, *DROPS, *STOPS, "no developer", "no images", "takes everything", "streams only", "another model"}
    named |= {"fails on some"}
    # Tried by whole audits, in tests/e2e/test_habits.py.
    named |= {"warm on some", "forbidden on some", "no seed, in pydantic's words", "no temperature, without saying so"}
    assert named == set(HABITS)


@pytest.mark.parametrize("name", ["max_tokens", "stop", "functions"])
def test_what_bounds_the_cost_or_makes_the_request_is_never_left_out(name: str) -> None:
    """Whatever is allowed, no parameter goes without which the request is another one."""
    (request,) = asked(1, **{name: 5})
    change = remedy(because(Reason.PARAMETER_REFUSED, name=name), request, ALL)
    assert change is None or change.kind is Adapt.RENAME


def test_a_request_without_changes_is_the_same_object() -> None:
    """Nothing is copied where nothing changes."""
    (request,) = asked(1, temperature=0)
    assert adapted(request, (), 100) is request
