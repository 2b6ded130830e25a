"""Promptfoo's tests as a gold set: right answers by prompt, and the criteria that compare with them.

What every test must hold is a criterion of the route. What one test expects is the gold set's: its prompt is filled as
promptfoo would, and where the log has the same prompt, the request is held against what the test says.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.core.display import plural
from audit.core.errors import AuditError
from audit.core.fingerprint import canonical_json, prompt_hash
from audit.documents import named_text
from audit.flow.promptfoo.assertions import Assertions, NotTaken
from audit.flow.promptfoo.reading import Promptfoo
from audit.scoring.templates import filled_text

MOST_VARIANTS = 1_000
"""Combinations of the values of one test's variables that are filled in."""

LEAST_TESTS = 2
"""Tests from which what all of them hold is taken for a rule of the route, and not for what one prompt expects."""


@dataclass(slots=True)
class GoldSet:
    """What tests expect.

    Attributes:
        criteria: Of the route, for `assert:`.
        rows: What each prompt expects by name, by the hash of the prompt.
        tests: Tests that are in it.
        threshold: Of the route; None where all criteria must hold.
        left: What is not taken over, as sentences.
    """

    criteria: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    tests: int = 0
    threshold: float | None = None
    left: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Test:
    """A test with the assertions that could be taken over, each beside the value as it is written."""

    name: str
    variables: Mapping[str, Any]
    criteria: list[dict[str, Any]]


def gold_set(config: Promptfoo, assertions: Assertions) -> GoldSet:
    """The criteria and the gold set of a configuration."""
    gold = GoldSet()
    shared = _taken(gold, assertions, config.default, None, "defaultTest")
    for criterion in shared:
        if not _depends(criterion.get("value")):
            _add(gold, assertions, criterion, "defaultTest")
    moving = [criterion for criterion in shared if _depends(criterion.get("value"))]
    limit = config.default.get("threshold")
    gold.threshold = float(limit) if isinstance(limit, int | float) and 0 < limit <= 1 else None
    tests = list(_read(gold, config, assertions))
    for criterion in _of_all(tests):
        _add(gold, assertions, criterion, "tests")
        for test in tests:
            test.criteria.remove(criterion)
    slots: dict[str, str] = {}
    for test in tests:
        test.criteria = [*moving, *test.criteria]
        _put(gold, config, test, slots, assertions)
    return gold


def _taken(
    gold: GoldSet, assertions: Assertions, test: Mapping[str, Any], grader: Any, where: str
) -> list[dict[str, Any]]:
    """The assertions of a test that can be taken over."""
    options = test.get("options")
    options = options if isinstance(options, Mapping) else {}
    found = []
    for key in ("transform", "prefix", "suffix"):
        if key in options:
            gold.left.append(f"{where}: `options.{key}`, so that nothing of it is taken over")
            return []
    for entry in assertions.flat(test.get("assert"), where):
        try:
            found.append(assertions.criterion(entry, options.get("provider") or grader, where))
        except NotTaken as why:
            gold.left.append(f"{where}: {why}")
    return found


def _read(gold: GoldSet, config: Promptfoo, assertions: Assertions) -> Iterator[_Test]:
    """Every test, with the variables that all tests have."""
    common = config.default.get("vars")
    for number, test in enumerate(config.tests, 1):
        where = f"test {number}" + (f" ({test['description']})" if test.get("description") else "")
        own = test.get("vars")
        if "vars" in test and not isinstance(own, Mapping):
            gold.left.append(f"{where}: variables in a file")
            continue
        if test.get("threshold") not in (None, config.default.get("threshold")):
            gold.left.append(f"{where}: it has a `threshold` of its own, and a route has one")
            continue
        variables = {**(common if isinstance(common, Mapping) else {}), **(own or {})}
        yield _Test(name=where, variables=variables, criteria=_taken(gold, assertions, test, None, where))


def _of_all(tests: Sequence[_Test]) -> list[dict[str, Any]]:
    """Criteria that all tests have, with the same value."""
    if len(tests) < LEAST_TESTS:
        return []
    return [
        one
        for one in tests[0].criteria
        if not _depends(one.get("value")) and all(one in other.criteria for other in tests[1:])
    ]


def _add(gold: GoldSet, assertions: Assertions, criterion: dict[str, Any], where: str) -> None:
    try:
        assertions.check(criterion)
    except NotTaken as why:
        gold.left.append(f"{where}: {why}")
    else:
        if criterion not in gold.criteria:
            gold.criteria.append(criterion)


def _put(gold: GoldSet, config: Promptfoo, test: _Test, slots: dict[str, str], assertions: Assertions) -> None:
    """Add what a test expects of each of its prompts."""
    named: list[tuple[str, Any]] = []
    taken: dict[str, int] = {}
    for criterion in test.criteria:
        if "value" not in criterion:
            gold.left.append(f"{test.name}: `{criterion['type']}` has no value, and not all tests ask it")
            continue
        rest = {key: value for key, value in criterion.items() if key != "value"}
        key = canonical_json(rest)
        taken[key] = number = taken.get(key, 0) + 1
        slot = slots.get(f"{key} {number}")
        if slot is None:
            slot = _slot(criterion["type"], list(slots.values()))
            made = {**rest, "value": f"{{{{reference.{slot}}}}}"}
            before = len(gold.criteria)
            _add(gold, assertions, made, test.name)
            if len(gold.criteria) == before:
                continue
            slots[f"{key} {number}"] = slot
        named.append((slot, criterion["value"]))
    if not named:
        return
    variants = list(itertools.islice(_variants(config, test.variables), MOST_VARIANTS))
    used = 0
    for prompt, variables in itertools.product(config.prompts, variants):
        try:
            messages = _messages(prompt, variables)
            values = {slot: _filled(value, variables) for slot, value in named}
        except (AuditError, ValueError, TypeError) as error:
            gold.left.append(f"{test.name}: its template cannot be filled ({type(error).__name__})")
            return
        row = gold.rows.setdefault(prompt_hash(messages), {})
        other = [slot for slot, value in values.items() if row.get(slot, value) != value]
        if other:
            gold.left.append(f"{test.name}: another test of the same prompt expects something else")
        row |= {slot: value for slot, value in values.items() if slot not in other}
        used = 1
    gold.tests += used
    if not used:
        gold.left.append(f"{test.name}: there is no prompt that it could fill")


def _slot(kind: str, known: Sequence[str]) -> str:
    """A name of its own for what is expected, that a template can write."""
    name = "".join(sign if sign.isalnum() else "_" for sign in kind)
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(one for one in names if one not in known)


def _depends(value: Any) -> bool:
    """Whether a value has variables of tests in it."""
    if isinstance(value, Mapping):
        return any(map(_depends, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_depends, value))
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def _variants(config: Promptfoo, variables: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The variables of a test; a list stands for one test for each of its items, as in promptfoo."""
    choices = []
    for value in variables.values():
        items = value if isinstance(value, list) else [value]
        choices.append([_variable(config, item) for item in items])
    for values in itertools.product(*choices):
        yield dict(zip(variables, values, strict=True))


def _variable(config: Promptfoo, value: Any) -> Any:
    if isinstance(value, str) and value.startswith("file://"):
        if not value.endswith((".txt", ".md", ".json", ".yaml", ".yml", ".csv")):
            raise ValueError("a variable that is code")
        return named_text(value, config.directory).rstrip("\n")
    return value


def _filled(value: Any, variables: Mapping[str, Any]) -> Any:
    """A value with its templates filled; numbers and structures stay what they are."""
    if isinstance(value, Mapping):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, variables) for item in value]
    if not _depends(value):
        return value
    return filled_text(value, variables)


def _messages(prompt: Any, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages of a prompt. A text is what the user says, unless it is the JSON of a conversation."""
    if isinstance(prompt, str):
        with contextlib.suppress(ValueError):
            prompt = json.loads(prompt)
    filled: Any = _filled(prompt, variables)
    if isinstance(filled, str):
        try:
            parsed = json.loads(filled)
        except ValueError:
            parsed = None
        filled = parsed if _is_talk(parsed) else [{"role": "user", "content": filled}]
    if not _is_talk(filled):
        return [{"role": "user", "content": prompt if isinstance(prompt, str) else json.dumps(filled)}]
    return list(filled)


def _is_talk(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(m, dict) and "role" in m for m in value)


def told(gold: GoldSet) -> str:
    """How large the gold set is, for people."""
    return f"{plural(gold.tests, 'test')} on {plural(len(gold.rows), 'prompt')}"
