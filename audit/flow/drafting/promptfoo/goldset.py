"""Promptfoo's tests as a gold set: right answers by prompt, and the criteria that compare with them.

What `defaultTest` asks, and a form that every test asks for, is a criterion of the route. What a test expects by a
value of its own is the gold set's: its prompt is filled as promptfoo would, and where the log has the same prompt, the
request is held against what the test says.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audit.core.display import plural
from audit.core.errors import AuditError
from audit.core.fingerprint import canonical_json, prompt_hash
from audit.flow.drafting.promptfoo.assertions import Assertions, NotTaken
from audit.flow.drafting.promptfoo.filling import depends, expected, messages, variants
from audit.flow.drafting.promptfoo.providers import provider_names
from audit.flow.drafting.promptfoo.reading import Promptfoo, PromptTemplate, refers

MOST_VARIANTS = 1_000
"""Combinations of the values of one test's variables that are filled in."""

LEAST_TESTS = 2
"""Tests from which a form that all of them ask for is taken for a rule of the route."""

_SCHEMAS = ("is-json", "contains-json")
_CONSTANT = {"const", "enum", "pattern"}
"""Keywords of a schema that name texts: such a one may be what a test expects, not a form."""
_FILTERS = ("prompts", "providers", "provider", "assertScoringFunction", "providerOutput")
"""Keys of `defaultTest` that a test has where it does not write its own."""
_CHANGING_OPTIONS = ("transform", "postprocess", "transformVars", "prefix", "suffix")
_CHANGING_KEYS = ("assertScoringFunction", "providerOutput", "provider")
"""What makes a test be about another prompt, another answer, or one provider, or lets code say what passes."""
_KNOWN_KEYS = ("vars", "assert", "options", "description", "threshold", "metadata", "path", *_FILTERS)
_KNOWN_OPTIONS = (
    *("provider", "disableVarExpansion", "disableDefaultAsserts", "disableConversationVar", "runSerially"),
    *_CHANGING_OPTIONS,
)


@dataclass(slots=True)
class GoldSet:
    """What tests expect.

    Attributes:
        criteria: Of the route, for `assert:`.
        rows: What each prompt expects by name, by the hash of the prompt.
        tests: Tests that are in it.
        threshold: Of the route; None where all criteria must hold.
        left: What is not taken over, as sentences.
        torn: Prompts with the names under which tests expect different things of them.
    """

    criteria: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    tests: int = 0
    threshold: float | None = None
    left: list[str] = field(default_factory=list)
    torn: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class _Test:
    """A test with the assertions that could be taken over, each beside the value as it is written.

    Attributes:
        name: For people.
        variables: Its own and those of all tests.
        criteria: Its own alone.
        prompts: Those that it is asked of.
        expand: Lists among its variables stand for several tests.
        defaults: What `defaultTest` asserts is asked of it too.
    """

    name: str
    variables: Mapping[str, Any]
    criteria: list[dict[str, Any]]
    prompts: Sequence[PromptTemplate]
    expand: bool
    defaults: bool


def gold_set(config: Promptfoo, assertions: Assertions) -> GoldSet:
    """The criteria and the gold set of a configuration."""
    gold = GoldSet()
    shared = _taken(gold, assertions, config.default, _options(config.default), "defaultTest")
    for criterion in shared:
        if not depends(criterion.get("value")):
            _add(gold, assertions, criterion, "defaultTest")
    moving = [criterion for criterion in shared if depends(criterion.get("value"))]
    limit = config.default.get("threshold")
    gold.threshold = float(limit) if isinstance(limit, int | float) and 0 < limit <= 1 else None
    if limit is not None and gold.threshold is None:
        gold.left.append("defaultTest: its `threshold`, which is not between 0 and 1")
    tests = list(_read(gold, config, assertions))
    for criterion in _of_all(tests, config):
        _add(gold, assertions, criterion, "tests")
        for test in tests:
            test.criteria.remove(criterion)
    slots: dict[str, str] = {}
    for test in tests:
        if test.defaults:
            test.criteria = [*moving, *test.criteria]
        elif len(moving) < len(shared):
            gold.left.append(
                f"{test.name}: its `options.disableDefaultAsserts`; what `defaultTest` asks of every answer is asked "
                "of this prompt's too"
            )
        _put(gold, config, test, slots, assertions)
    for key, slot in gold.torn:
        del gold.rows[key][slot]
    gold.rows = {key: row for key, row in gold.rows.items() if row}
    held = {name for row in gold.rows.values() for name in row}
    idle = [_from_gold(slot) for slot in slots.values() if slot not in held]
    gold.criteria = [one for one in gold.criteria if one.get("value") not in idle]
    return gold


def _from_gold(slot: str) -> str:
    return f"{{{{reference.{slot}}}}}"


def _options(test: Mapping[str, Any]) -> dict[str, Any]:
    options = test.get("options")
    return dict(options) if isinstance(options, Mapping) else {}


def _taken(
    gold: GoldSet, assertions: Assertions, test: Mapping[str, Any], options: Mapping[str, Any], where: str
) -> list[dict[str, Any]]:
    """The assertions of a test that can be taken over.

    Args:
        gold: Gets what is left out.
        assertions: Takes them over.
        test: As written.
        options: Its own and those that it has from `defaultTest`.
        where: For people.
    """
    if changing := _changes(test, options):
        gold.left.append(f"{where}: {', '.join(changing)}, so that nothing of it is taken over")
        return []
    known = ((_KNOWN_KEYS, test, ""), (_KNOWN_OPTIONS, _options(test), "options."))
    for names, written, prefix in known:
        odd = [f"`{prefix}{key}`" for key in written if key not in names]
        gold.left += [f"{where}: {name}: nothing here corresponds to it" for name in odd]
    found = []
    for entry in assertions.flat(test.get("assert"), where):
        try:
            found.append(assertions.criterion(entry, options.get("provider"), where))
        except NotTaken as why:
            gold.left.append(f"{where}: {why}")
    return found


def _changes(test: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Keys that make a test be about something else than the answer to its prompt."""
    changing = [f"`options.{key}`" for key in _CHANGING_OPTIONS if options.get(key)]
    return changing + [f"`{key}`" for key in _CHANGING_KEYS if test.get(key)]


def _read(gold: GoldSet, config: Promptfoo, assertions: Assertions) -> Iterator[_Test]:
    """Every test that can be joined to requests, with what all tests have."""
    common = config.default.get("vars")
    for number, test in enumerate(config.tests, 1):
        where = f"test {number}" + (f" ({test['description']})" if test.get("description") else "")
        own = test.get("vars")
        whole = {**{key: config.default[key] for key in _FILTERS if key in config.default}, **test}
        prompts = [one for one in config.prompts if _meant(whole.get("prompts"), one.names)]
        why = None
        if own is not None and not isinstance(own, Mapping):
            why = "variables in a file"
        elif test.get("threshold") not in (None, config.default.get("threshold")):
            why = "it has a `threshold` of its own, and a route has one"
        elif not prompts:
            why = "there is no prompt that it could fill"
        elif not all(_meant(whole.get("providers"), names) for names in map(provider_names, config.providers)):
            why = "its `providers`: what it expects is expected of some providers alone"
        if why is not None:
            gold.left.append(f"{where}: {why}")
            continue
        if _changes(config.default, _options(config.default)) and not _changes(test, _options(test)):
            gold.left.append("tests: what `defaultTest` changes of prompt or answer, so that nothing is taken over")
            continue
        options = {**_options(config.default), **_options(test)}
        yield _Test(
            name=where,
            variables={**(common if isinstance(common, Mapping) else {}), **(own or {})},
            criteria=_taken(gold, assertions, whole, options, where),
            prompts=prompts,
            expand=options.get("disableVarExpansion") is not True,
            defaults=_options(test).get("disableDefaultAsserts") is not True,
        )


def _meant(wanted: Any, names: Sequence[str]) -> bool:
    """Whether a filter lets one of these names through; what is no list is no filter."""
    return not isinstance(wanted, list | tuple) or any(refers(str(one), names) for one in wanted)


def _of_all(tests: Sequence[_Test], config: Promptfoo) -> list[dict[str, Any]]:
    """Criteria of form that all tests have, on all prompts.

    What a test expects by a value is never among them: that all expect the same says how the tests were picked.
    """
    everywhere = all(len(test.prompts) == len(config.prompts) for test in tests)
    if len(tests) < max(LEAST_TESTS, len(config.tests)) or not everywhere:
        return []
    return [
        one for one in tests[0].criteria if _is_form(one, config) and all(one in other.criteria for other in tests[1:])
    ]


def _add(
    gold: GoldSet, assertions: Assertions, criterion: dict[str, Any], where: str, *, of_gold: bool = False
) -> None:
    try:
        assertions.check(criterion, gold=of_gold)
    except NotTaken as why:
        gold.left.append(f"{where}: {why}")
    else:
        if criterion not in gold.criteria:
            gold.criteria.append(criterion)


def _put(gold: GoldSet, config: Promptfoo, test: _Test, slots: dict[str, str], assertions: Assertions) -> None:
    """Add what a test expects of each of its prompts."""
    named: list[tuple[str, str, Any]] = []
    taken: dict[str, int] = {}
    for criterion in test.criteria:
        if criterion.get("value") is None:
            gold.left.append(f"{test.name}: `{criterion['type']}` has no value, and not all tests ask it")
            continue
        rest = {key: value for key, value in criterion.items() if key != "value"}
        key = canonical_json(rest)
        taken[key] = number = taken.get(key, 0) + 1
        slot = slots.get(f"{key} {number}")
        if slot is None:
            slot = _slot(criterion["type"], list(slots.values()))
            made = {**rest, "value": _from_gold(slot)}
            before = len(gold.criteria)
            _add(gold, assertions, made, test.name, of_gold=True)
            if len(gold.criteria) == before:
                continue
            slots[f"{key} {number}"] = slot
        named.append((slot, criterion["type"], criterion["value"]))
    if named:
        _fill(gold, config, test, named)


def _fill(gold: GoldSet, config: Promptfoo, test: _Test, named: Sequence[tuple[str, str, Any]]) -> None:
    """Add the values that a test expects, by slot, type and value as written, under each of its prompts."""
    rows: list[tuple[str, dict[str, Any]]] = []
    try:
        every = variants(test.variables, config.directory, expand=test.expand)
        combinations = list(itertools.islice(every, MOST_VARIANTS))
        if next(every, None) is not None:
            gold.left.append(f"{test.name}: what follows its first {MOST_VARIANTS:,} combinations of variables")
        for prompt, variables in itertools.product(test.prompts, combinations):
            key = prompt_hash(messages(prompt.template, variables))
            rows.append(
                (key, {slot: expected(kind, value, variables, config.directory) for slot, kind, value in named})
            )
    except (AuditError, ValueError, TypeError) as error:
        why = error.what if isinstance(error, AuditError) else error if isinstance(error, ValueError) else "a type"
        gold.left.append(f"{test.name}: it cannot be filled ({why})")
        return
    for key, values in rows:
        row = gold.rows.setdefault(key, {})
        for slot, value in values.items():
            if row.setdefault(slot, value) != value:
                gold.left.append(f"{test.name}: another test of the same prompt expects something else; neither counts")
                gold.torn.add((key, slot))
    gold.tests += 1


def _slot(kind: str, known: Sequence[str]) -> str:
    """A name of its own for what is expected, that a template can write."""
    name = "".join(sign if sign.isalnum() else "_" for sign in kind)
    names = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(one for one in names if one not in known)


def _is_form(criterion: Mapping[str, Any], config: Promptfoo) -> bool:
    """Whether a criterion asks for a form alone: it has no value, or a schema that lets no one text through."""
    value = criterion.get("value")
    if value is None:
        return True
    if str(criterion["type"]).removeprefix("not-") not in _SCHEMAS or depends(value):
        return False
    try:
        if isinstance(value, str):
            value = expected(str(criterion["type"]), value, {}, config.directory)
        return not _names_values(json.loads(value) if isinstance(value, str) else value)
    except (AuditError, ValueError):
        return False


def _names_values(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return bool(_CONSTANT & schema.keys()) or any(map(_names_values, schema.values()))
    return isinstance(schema, list) and any(map(_names_values, schema))


def told(gold: GoldSet) -> str:
    """How large the gold set is, for people."""
    return f"{plural(gold.tests, 'test')} on {plural(len(gold.rows), 'prompt')}"
