"""Named fields of the completion's JSON equal those of the value, each with a comparison of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.comparing import Same, comparison
from audit.scoring.context import Context
from audit.scoring.jsontext import MISSING, at_path, json_text, json_values, parse_json, steps
from audit.scoring.scorer import Check, Options, Scorer, graded, shown, verdict
from audit.scoring.templates import Absent, reference_of


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it is, and how two values of it are compared."""

    name: str
    path: list[str | int]
    same: Same


def build(options: Options) -> Check:
    """Compare `fields`: a list of paths, or a mapping of path to `exact`, `numeric`, `fuzzy`, `label`, `set`, or to a
    mapping of `compare`, `tolerance` and `threshold`. `value` is the reference by default, else the incumbent's JSON.
    Of the JSON values in the completion the first that has all of the fields counts, else the one that has most.
    """
    fields = _read_fields(options)
    expected = options.expected(_as_object, default=lambda context: _reference_or_incumbent(context, fields))
    options.reads.update(("reference", "incumbent") if options.value is None else ())
    limit = options.limit(1.0, high=1.0)

    def check(context: Context) -> Outcome:
        wanted = expected(context)
        asked = [field for field in fields if at_path(wanted, field.path) is not MISSING]
        if not asked:
            raise Absent("the value has none of the fields")
        found = _with_most(asked, context.text)
        if found is MISSING:
            return verdict(False, "holds no JSON")
        wrong = [f.name for f in asked if not _holds(f, at_path(wanted, f.path), at_path(found, f.path))]
        return graded(
            1 - len(wrong) / len(asked),
            limit,
            "share of equal fields",
            expected={f.name: shown(json_text(at_path(wanted, f.path))) for f in asked},
            differ=wrong,
        )

    return check


def _with_most(fields: Sequence[Field], text: str) -> Any:
    """The first JSON value that has all fields, else the first that has most of them, or `MISSING`."""
    best, most = MISSING, -1
    for value in json_values(text, comparing=True):
        held = sum(at_path(value, field.path) is not MISSING for field in fields)
        if held > most:
            best, most = value, held
        if most == len(fields):
            break
    return best


def _holds(field: Field, wanted: Any, found: Any) -> bool:
    return found is not MISSING and field.same(wanted, found)


def _reference_or_incumbent(context: Context, fields: Sequence[Field]) -> Any:
    if context.reference is not None:
        return reference_of(context)
    said = "" if context.incumbent is None else context.incumbent.text or ""
    found = _with_most(fields, said)
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
    return found


SCORER = Scorer(
    name="json-fields",
    version=3,
    summary=__doc__,
    needs_reference=True,
    calls_model=False,
    build=build,
    accepts=("value", "extract", "fields", "threshold"),
)
