"""Named fields of the completion's JSON equal those of the value, each with a comparison of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.outcome import READ, Outcome
from audit.scoring.comparisons.values import Same, comparison, ignored, leaves_open
from audit.scoring.context import Context
from audit.scoring.expected.templates import Absent, UnusableTemplate, reference_of
from audit.scoring.scorer import Check, Options, Scorer, Takes, graded, shown_json, verdict
from audit.scoring.texts.json_values import MISSING, at_path, json_values, parse_json, same_json, steps
from audit.scoring.texts.retraction import TWO_VALUES


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it is, and how two values of it are compared."""

    name: str
    path: list[str | int]
    same: Same


def build(options: Options) -> Check:
    """Compare `fields`: a list of paths, or a mapping of path to `exact`, `numeric`, `fuzzy`, `label`, `set`, or to a
    mapping of `compare`, `tolerance` and `threshold`. `value` is the reference by default, else the incumbent's JSON.
    Of the JSON values in the completion the first that has all of the fields counts, else the one that has most. Where
    a later one says something else in one of them, there is no answer, and the criterion is errored.

    A named field that the value does not have must be absent or null. `others` is how the fields at the top that no
    path leads to are compared, whatever they are called; by default they are not. With it a field that one side alone
    has is different.
    """
    fields = _read_fields(options)
    others = _read_others(options)
    expected = options.expected(_as_object, default=lambda context: _reference_or_incumbent(context, fields))
    options.reads.update(("reference", "incumbent") if options.value is None else ())
    limit = options.limit(1.0, high=1.0)

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        known = [field for field in fields if at_path(wanted, field.path) is not MISSING]
        if not known and others is None:
            raise Absent("the value has none of the fields")
        found, drafts = _with_most(_sought(known, wanted, others), context.text)
        if found is MISSING:
            return verdict(False, "holds no JSON")
        if others is not None and not (isinstance(wanted, dict) and isinstance(found, dict)):
            told = {"expected": shown_json(wanted), **drafts}
            return verdict(others(wanted, found), "differs from the expected value", **told)
        pairs = _pairs(fields, wanted, found) if others is None else _all_pairs(fields, others, wanted, found)
        wrong = [name for name, same, left, right in pairs if not _holds(same, left, right)]
        return graded(
            1 - len(wrong) / len(pairs) if pairs else 1.0,
            limit,
            f"share of equal fields (all but `{'`, `'.join(wrong[:5])}`{' and more' if wrong[5:] else ''})",
            expected={name: shown_json(left) for name, _, left, _ in pairs if left is not MISSING},
            differ=wrong,
            **drafts,
        )

    return check


Pair = tuple[str, Same, Any, Any]
"""A field's name, its comparison, the expected value and the one found."""


def _pairs(fields: Sequence[Field], wanted: Any, found: Any) -> list[Pair]:
    """The named fields that the value has, and those that the answer alone says something in: they are made up."""
    every = [(f.name, f.same, at_path(wanted, f.path), at_path(found, f.path)) for f in fields]
    return [pair for pair in every if pair[2] is not MISSING or not (pair[3] is MISSING or _empty(pair))]


def _empty(pair: Pair) -> bool:
    """Whether what the answer says in a field is nothing, or is not compared."""
    return pair[1] is ignored or pair[3] is None


def _all_pairs(fields: Sequence[Field], others: Same, wanted: dict[str, Any], found: dict[str, Any]) -> list[Pair]:
    """The named fields that either side has, and all others at the top of either."""
    heads = {str(field.path[0]) for field in fields if field.path}
    named = [(f.name, f.same, at_path(wanted, f.path), at_path(found, f.path)) for f in fields]
    rest = [name for name in {**wanted, **found} if name not in heads]
    return [
        *[pair for pair in named if pair[1] is not ignored and not (pair[2] is pair[3] is MISSING)],
        *[(name, others, wanted.get(name, MISSING), found.get(name, MISSING)) for name in rest],
    ]


Path = list[str | int]


def _sought(fields: Sequence[Field], wanted: Any, others: Same | None) -> list[Path]:
    """Where the value says something that is compared: that tells its JSON from other JSON in a text."""
    paths: list[Path] = [field.path for field in fields if field.same is not ignored]
    if others is not None and isinstance(wanted, dict):
        heads = {str(path[0]) for path in paths if path}
        paths += [[name] for name in wanted if name not in heads]
    return paths


def _with_most(paths: Sequence[Path], text: str) -> tuple[Any, dict[str, str]]:
    """The first JSON value that has something at all paths, else the first that has most of them, or `MISSING`; and for
    the evidence, whether an earlier value with fewer of them says something else at one.

    Raises:
        UnusableTemplate: A later value has something else at one of them.
    """
    every = list(json_values(text, comparing=True))
    if not every:
        return MISSING, {}
    held = [sum(at_path(value, path) is not MISSING for path in paths) for value in every]
    place = held.index(max(held))
    best = every[place]

    def differs(other: Any) -> bool:
        both = ((at_path(best, path), at_path(other, path)) for path in paths)
        return any(one is not MISSING and two is not MISSING and not same_json(one, two) for one, two in both)

    if any(map(differs, every[place + 1 :])):
        raise UnusableTemplate(TWO_VALUES)
    drafted = "the JSON value with most of the fields, where an earlier one says something else in one of them"
    return best, {READ: drafted} if any(map(differs, every[:place])) else {}


def _holds(same: Same, wanted: Any, found: Any) -> bool:
    return wanted is not MISSING and found is not MISSING and same(wanted, found)


def _reference_or_incumbent(context: Context, fields: Sequence[Field]) -> Any:
    if context.reference is not None:
        return reference_of(context)
    said = "" if context.incumbent is None else context.incumbent.text or ""
    found, _ = _with_most([field.path for field in fields if field.same is not ignored], said)
    if found is MISSING:
        raise Absent("there is neither a reference nor JSON from the incumbent")
    return found


def _as_object(value: Any) -> Any:
    value = parse_json(value, comparing=True) if isinstance(value, str) else value
    if not isinstance(value, dict | list):
        raise ValueError("must be a JSON object")
    return value


def _read_fields(options: Options) -> list[Field]:
    entry = options.extra.get("fields")
    if entry is None and "others" in options.extra:
        return []
    if isinstance(entry, list | tuple) and all(isinstance(name, str) for name in entry):
        entry = dict.fromkeys(entry, "exact")
    if not isinstance(entry, Mapping) or not entry:
        raise options.wrong("`fields` must be a list of paths, or a mapping of path to comparison")
    found = []
    for name, how in entry.items():
        try:
            path = steps(str(name))
        except ValueError as error:
            raise options.wrong(f"`fields` {error}") from None
        try:
            found.append(Field(str(name), path, comparison(how)))
        except ValueError as error:
            raise options.wrong(f"`fields.{name}` {error}") from None
        if (why := leaves_open(how)) is not None:
            options.leaves_open.append(f"`{name}` by {why}")
    return found


def _read_others(options: Options) -> Same | None:
    """How all other fields are compared; None where they are not."""
    how = options.extra.get("others", "ignore")
    if how == "ignore":
        options.leaves_open.append("fields that it does not name by ignore")
        return None
    try:
        same = comparison(how)
    except ValueError as error:
        raise options.wrong(f"`others` {error}") from None
    if (why := leaves_open(how)) is not None:
        options.leaves_open.append(f"fields that it does not name by {why}")
    return same


SCORER = Scorer(
    name="json-fields",
    version=20,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "fields", "others", "threshold"),
    takes=Takes.WHOLE,
)
