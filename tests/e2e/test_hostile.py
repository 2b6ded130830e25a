"""Whole audits of candidates that truly lose more than the margin, behind criteria that may not see it.

A verdict that moves such a route would be wrong, whatever it rests on: criteria with a weight or a threshold that let
the wrong ones pass, denials, choices, forms, right answers for the easy part, figures with another unit or sign.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.finding import Verdict
from audit.core.fingerprint import prompt_hash
from audit.flow import sequential
from tests.e2e.tiny import record

N = 900

CONFIG = """\
margin: 3pt
seed: 3
ingest: {{route: metadata.route, tenant: metadata.team, session: metadata.session}}
{references}tiers:
  - {{name: small, model: small-1, provider: simulated, price: {{input: 0.5, output: 1.5}}{tier},
     options: {{answers: answers.jsonl, error_rates: {rates}}}}}
routes:
  - {{match: "*", candidates: [small], assert: [{criteria}]{more}}}
"""


@dataclass(frozen=True)
class Asked:
    """One request of a world: how today's model and the candidate answer it, and what is right.

    Attributes:
        model: That answered it, where it is not the large one.
        session: It belongs to.
        prompt: Instead of one of its own.
        wrong: What the candidate answers where it errs by chance.
        hard: It errs as often as the world's rates say of hard requests.
    """

    total: int
    today: str
    then: str
    right: Any = None
    words: str = ""
    model: str | None = None
    session: str | None = None
    prompt: str | None = None
    wrong: str | None = None
    hard: bool = False


@dataclass(frozen=True)
class World:
    """A log, criteria, and whatever the user says of them.

    Attributes:
        ask: A request by its number and a source of chance.
        criteria: In YAML.
        more: Of the route.
        random_sample: What `references` says.
        has_reference: Whether a request has a right answer on file.
        references: The file of right answers as it is, from what it should be.
        tier: More of the candidate's entry.
        rates: Error rates of the candidate, and what else its options say.
    """

    ask: Callable[[int, random.Random], Asked]
    criteria: str
    more: str = ""
    random_sample: bool = False
    has_reference: Callable[[int, Asked], bool] = field(default=lambda n, asked: True)
    references: Callable[[list[dict[str, Any]], random.Random], list[dict[str, Any]]] = lambda rows, rng: rows
    tier: str = ""
    rates: str = "{add: 0.0}"


def losing(share: float, wrong: str = "Total: {other}") -> Callable[[int, random.Random], Asked]:
    """Requests of which the candidate gets a share wrong."""

    def ask(n: int, rng: random.Random) -> Asked:
        total = rng.randrange(10, 99_999)
        bad = rng.random() < share
        then = wrong.format(total=total, other=total + 5) if bad else f"Total: {total}"
        return Asked(total=total, today=f"Total: {total}", then=then, right=total)

    return ask


def late(n: int, rng: random.Random) -> Asked:
    """Right in the first weeks, and then wrong on every fifth."""
    return losing(0.0 if n < 0.4 * N else 0.2)(n, rng)


def hard(n: int, rng: random.Random) -> Asked:
    """Short prompts are easy; of the long ones every fourth is got wrong."""
    long = n % 5 < 2
    found = losing(0.25 if long else 0.0)(n, rng)
    return replace(found, words="and so on " * 9 * long)


def fields(n: int, rng: random.Random) -> Asked:
    """JSON of four fields, of which the candidate gets one wrong in three answers of ten."""
    values = {name: rng.randrange(1000) for name in "abcd"}
    then = values | ({"a": values["a"] + 7} if rng.random() < 0.3 else {})
    return Asked(total=values["a"], today=json.dumps(values), then=json.dumps(then), right=values)


def hedging(n: int, rng: random.Random) -> Asked:
    """Says the right figure, and then another without taking the first back."""
    found = losing(0.0)(n, rng)
    return replace(found, then=f"{found.then}\n\nTotal: {found.total + 5}") if rng.random() < 0.16 else found


def turning(n: int, rng: random.Random) -> Asked:
    """Better than today's for three quarters of the window, and then much worse: the mean is as good."""
    found = losing(0.0 if n < 0.75 * N else 0.15)(n, rng)
    return replace(found, today="Total: 1") if n < 0.75 * N and rng.random() < 0.05 else found


def nightly(n: int, rng: random.Random) -> Asked:
    """One long session in which everything is got wrong."""
    mine = 500 <= n < 560
    return replace(losing(1.0 if mine else 0.0)(n, rng), session="night" if mine else f"s{n // 3}")


def repeated(n: int, rng: random.Random) -> Asked:
    """One prompt is asked again and again, and always got wrong."""
    if n % 14:
        return losing(0.0)(n, rng)
    return Asked(total=77, today="Total: 77", then="Total: 78", right=77, prompt="What is the total of order 77?")


def migrated(n: int, rng: random.Random) -> Asked:
    """Four requests in five are the candidate's already; on the others it loses."""
    there = n % 5 > 0
    found = losing(0.0 if there else 0.16)(n, rng)
    return replace(found, model="small-1" if there else None)


def shaped(n: int, rng: random.Random) -> Asked:
    """JSON: one answer in eight breaks the schema, and one in eight of the valid ones has another figure."""
    total = rng.randrange(10, 99_999)
    bad, broken = rng.random() < 0.125, rng.random() < 0.125
    then = json.dumps({"total": total + 5 * bad})[: 7 if broken else None]
    return Asked(total=total, today=json.dumps({"total": total}), then=then, right=total)


SHAPE = "{type: is-json, value: {type: object, required: [total], properties: {total: {type: integer}}}}"
NUMERIC = '{type: numeric, value: "{{reference}}"}'
AGREES = '{type: numeric, value: "{{incumbent.text}}"}'
FORM = '{type: regex, value: "^Total: [0-9]+$"}'

WORLDS: dict[str, World] = {
    "right answers for the first requests": World(
        late, NUMERIC, random_sample=True, has_reference=lambda n, asked: n < 0.4 * N
    ),
    "right answers for the short prompts": World(
        hard, NUMERIC, random_sample=True, has_reference=lambda n, asked: not asked.words
    ),
    "right answers for a part, nothing said": World(hard, NUMERIC, has_reference=lambda n, asked: not asked.words),
    "a threshold that a form and a demand reach": World(
        losing(0.2), f'{NUMERIC}, {{type: contains, value: "Total"}}, {{type: not-is-refusal}}', ", threshold: 0.6"
    ),
    "a weight that a form outweighs": World(
        losing(0.2), f"{NUMERIC[:-1]}, weight: 0.2}}, {FORM[:-1]}, weight: 3}}", ", threshold: 0.9"
    ),
    "a criterion that decides nothing": World(losing(0.2), f"{NUMERIC[:-1]}, weight: 0}}, {FORM}"),
    "denials": World(losing(0.2), '{type: not-equals, value: "{{reference}}9"}, {type: not-contains, value: error}'),
    "one of several": World(losing(0.2, "unknown"), '{type: contains-any, value: ["{{incumbent.text}}", unknown]}'),
    "looked for anywhere": World(
        losing(0.2, "It is not Total: {total} but Total: {other}"),
        '{type: icontains-any, value: ["{{incumbent.text}}", "{{reference}}"]}',
    ),
    "a check of the form beside the content": World(losing(0.12), f"{FORM}, {AGREES}"),
    "most of the fields": World(fields, "{type: json-fields, fields: [a, b, c, d], threshold: 0.7}", ", graded: true"),
    "another sign": World(losing(0.2, "Total: a loss of {total}"), NUMERIC),
    "two answers in one": World(hedging, '{type: equals, extract: {regex: "Total: ([0-9]+)"}, value: "{{reference}}"}'),
    "the last quarter": World(turning, NUMERIC),
    "one session": World(nightly, NUMERIC),
    "one prompt": World(repeated, NUMERIC),
    "there in part": World(migrated, NUMERIC),
    "a check that a criterion implies": World(
        shaped, f'{SHAPE}, {{type: json-fields, fields: [total], value: {{total: "{{{{reference}}}}"}}}}'
    ),
    "another unit": World(losing(0.2, "Total: {total}%"), NUMERIC),
}


def verdict_of(world: World, folder: Path) -> tuple[Verdict, str]:
    """The verdict of a whole audit, and its reason."""
    rng = random.Random(11)
    asked = [world.ask(n, rng) for n in range(N)]
    log, answers, references = [], [], []
    for n, one in enumerate(asked):
        question = f"Request {n}: what is the total of the order {one.total}? {one.words}"
        messages = [{"role": "user", "content": one.prompt or question}]
        named = {"model": one.model} if one.model else {}
        meta = {"route": "/add", "team": "one", **({"session": one.session} if one.session else {})}
        log.append(record(n, messages=messages, metadata=meta, **named))
        log[-1]["response"].update(named)
        log[-1]["response"]["choices"][0]["message"]["content"] = one.today
        own = {"prompt_hash": prompt_hash(messages), "task": "add", "difficulty": "hard" if one.hard else "easy"}
        answers.append({**own, "right": [{"text": one.then}], "wrong": [{"text": one.wrong or one.then}]})
        if world.has_reference(n, one):
            references.append({"prompt_hash": own["prompt_hash"], "reference": one.right})
    references = world.references(references, rng)
    for name, rows in (("log", log), ("answers", answers), ("right", references)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    said = f"references: {{path: right.jsonl, random_sample: {str(world.random_sample).lower()}}}\n"
    written = CONFIG.format(
        references=said, criteria=world.criteria, more=world.more, tier=world.tier, rates=world.rates
    )
    (folder / "audit.yaml").write_text(written, "utf-8")
    settings = load_settings(folder / "audit.yaml")
    found = sequential.replay([folder / "log.jsonl"], settings, RunFolder(folder / "run"), consent=lambda plan: True)
    (route,) = found.routes
    return route.recommendation.verdict, route.recommendation.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_a_candidate_that_loses_is_not_moved_to(name: str, tmp_path: Path) -> None:
    """The loss is four times the margin and more."""
    verdict, reason = verdict_of(WORLDS[name], tmp_path)
    assert verdict in (Verdict.KEEP, Verdict.NOT_PROVEN), reason


@pytest.mark.slow
def test_a_candidate_that_loses_nothing_is_moved_to(tmp_path: Path) -> None:
    """The same log with a perfect candidate: the verdicts above are about its answers."""
    verdict, reason = verdict_of(World(losing(0.0), NUMERIC), tmp_path)
    assert verdict is Verdict.SWITCH, reason
