"""What a plan works out of a log is worked out once, and is what it would be without a store, whatever is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.fingerprint import prompt_hash
from audit.flow import criteria, planning
from audit.flow.keeping import frames
from audit.store.readings import FOLDER
from audit.store.results import Results
from audit.store.upkeep import contents, prune, verify
from tests.growth import PROMPTS, ROUTES, prompt_of, write_world

WORKED_OUT = ((frames, "route_frames"), (frames, "draw_sample"), (criteria, "check_criteria"))

CHANGES: dict[str, Callable[[str], str]] = {
    "nothing": str,
    "the margin": lambda text: text.replace("margin: 8pt", "margin: 5pt"),
    "the seed": lambda text: f"seed: 11\n{text}",
    "the sample": lambda text: text.replace("looks: 1", "looks: 3"),
    "a price": lambda text: text.replace("output: 0.3", "output: 0.4"),
    "a price by length": lambda text: text.replace(
        "{input: 0.1, output: 0.3}", "{input: 0.1, output: 0.3, steps: [{above: 150, input: 0.2, output: 0.4}]}"
    ),
    "a criterion": lambda text: text.replace("{type: equals", "{type: contains"),
    "what a file of a criterion says": lambda text: text.replace('"{{incumbent.text}}"', "file://wanted.txt"),
    "the controls": lambda text: f"controls: {{answers: 20}}\n{text}",
    "right answers": lambda text: f"references: {{path: right.jsonl}}\n{text}".replace("incumbent.text", "reference"),
    "a route's own entry": lambda text: text.replace(
        "routes:\n", 'routes:\n  - {match: /add, candidates: [small], assert: [{type: starts-with, value: "b"}]}\n'
    ),
}


class World:
    """A log of five routes, and plans of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = write_world(folder, 400)
        self.text = (folder / "audit.yaml").read_text("utf-8")
        self.right("")

    def right(self, more: str) -> None:
        """Write other files that criteria read."""
        pairs = [prompt_of(route, number) for route in range(len(ROUTES)) for number in range(0, PROMPTS, 5)]
        known = [
            json.dumps({"prompt_hash": prompt_hash([{"role": "user", "content": prompt}]), "reference": answer + more})
            for prompt, answer in pairs
        ]
        (self.folder / "right.jsonl").write_text("\n".join(known), "utf-8")
        (self.folder / "wanted.txt").write_text("ba" + more, "utf-8")

    def plan(self, name: str, change: Callable[[str], str] = str, *, keep: bool = True) -> tuple[bytes, bytes]:
        """The bytes of a plan and of its sample, in a new run folder."""
        (self.folder / "audit.yaml").write_text(change(self.text), "utf-8")
        store = {"keep": keep, "path": str(self.folder / "store")}
        run = RunFolder(self.folder / name)
        planning.plan([self.log], load_settings(self.folder / "audit.yaml", overrides={"store": store}), run)
        return run.plan.read_bytes(), run.slice.read_bytes()

    @property
    def kept(self) -> list[Path]:
        """Files of results in the store."""
        return sorted((self.folder / "store" / FOLDER).glob("*/worked_out/*"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for all tests: what they keep must not lead the others astray."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what is worked out, each time that it is."""
    done: list[str] = []
    for module, name in WORKED_OUT:
        work = getattr(module, name)

        def counted(*given: Any, name: str = name, work: Callable[..., Any] = work, **options: Any) -> Any:
            done.append(name)
            return work(*given, **options)

        monkeypatch.setattr(module, name, counted)
    return done


@pytest.mark.parametrize("what", CHANGES)
def test_kept_or_worked_out_a_plan_is_the_same(world: World, works: list[str], what: str) -> None:
    """A store full of other plans changes no byte, and the second time nothing is worked out."""
    name = what.replace(" ", "-").replace("'", "")
    alone = world.plan(f"{name}-alone", CHANGES[what], keep=False)
    assert works == ["route_frames", "check_criteria", "draw_sample"]
    first = world.plan(f"{name}-first", CHANGES[what])
    works.clear()
    assert (first, world.plan(f"{name}-again", CHANGES[what]), works) == (alone, alone, [])


def test_files_that_criteria_read_count_by_what_they_hold(world: World) -> None:
    """The same path with other right answers, or another wanted text, is another plan."""
    for what in ("right answers", "what a file of a criterion says"):
        name = what.replace(" ", "-")
        world.right("")
        before = world.plan(f"{name}-before", CHANGES[what])
        world.right(" and more")
        after = world.plan(f"{name}-after", CHANGES[what])
        assert before != after == world.plan(f"{name}-after-alone", CHANGES[what], keep=False)


def test_what_is_damaged_is_worked_out_again(world: World, works: list[str]) -> None:
    """A byte turned, the end lost, another result in its place: `audit store verify` names it, and no plan takes it."""
    whole, store = world.plan("whole"), world.folder / "store"
    for path in world.kept:
        written = path.read_bytes()
        path.write_bytes(written[:-1] + bytes([written[-1] ^ 1]))
    assert len(verify(store).damaged) == len(world.kept) > 3
    works.clear()
    assert (world.plan("turned"), len(works)) == (whole, 3)
    for path in world.kept:
        path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
    assert world.plan("cut") == whole
    one, *others = [path for path in world.kept if path.name.startswith("criteria") and path.stat().st_size > 100]
    one.write_bytes(others[0].read_bytes())
    assert len(verify(store).damaged) > 0
    assert world.plan("exchanged") == whole


def test_what_a_users_code_says_is_asked_again(world: World, works: list[str]) -> None:
    """A function may say something else tomorrow; so may a model."""
    (world.folder / "own.py").write_text("def check(output, context):\n    return len(output) > 3\n", "utf-8")
    own = '{type: equals, value: "{{incumbent.text}}"}, {type: python, value: file://own.py:check}'
    for name in ("own", "own-again"):
        works.clear()
        world.plan(name, lambda text: text.replace('{type: equals, value: "{{incumbent.text}}"}', own))
        assert "check_criteria" in works


def test_results_are_listed_and_go_with_their_reading(world: World) -> None:
    """They count in its size; a store that cannot be written to, or is gone, keeps nothing and stops nobody."""
    world.plan("listed")
    store = world.folder / "store"
    readings = contents(store).readings
    assert sum(one.results for one in readings) == len(world.kept) > 2
    assert sum(one.bytes for one in readings) > sum(path.stat().st_size for path in world.kept)
    assert {path.stat().st_mode & 0o777 for path in world.kept} == {0o600}
    prune(store, most_bytes=0)
    assert not world.kept
    gone = Results(RunFolder(store / FOLDER / readings[0].name))
    gone.keep("frames", {}, b"late")
    assert (gone.find("frames", {}), world.kept) == (None, [])
